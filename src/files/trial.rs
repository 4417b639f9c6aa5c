//! Whether a store can be used: everything that files need of it, tried with a small one.

use bytes::Bytes;
use futures::stream::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::Files;
use crate::error::Error;

/// The folder of trials: no organization's.
const FOLDER: &str = "trial";

/// What is written.
const WORDS: &[u8] = b"Almoner tries whether it can write here.";

/// What a store has to let us do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To open it at all.
    Open,
    /// To write a file, whole or in parts.
    Write,
    /// To take back the parts of a file that did not arrive whole.
    Abort,
    /// To read a part of a file.
    Read,
    /// To list files.
    List,
    /// To take a file away.
    Delete,
}

impl Step {
    /// What could not be done, and the right that it takes in a bucket.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "its settings make no sense",
            Self::Write => "it cannot be written to (s3:PutObject)",
            Self::Abort => "an upload cannot be called off (s3:AbortMultipartUpload)",
            Self::Read => "it cannot be read (s3:GetObject)",
            Self::List => "it cannot be listed (s3:ListBucket)",
            Self::Delete => "files cannot be deleted (s3:DeleteObject)",
        }
    }
}

/// What a store does not do.
#[derive(Debug)]
pub struct Refused {
    /// What it does not do.
    pub step: Step,
    /// What it said.
    pub error: Error,
}

impl Refused {
    /// What to look at, where it can be told.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        let Error::Storage(error) = &self.error else { return None };
        match error {
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                Some("look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and at what this key may do")
            }
            object_store::Error::NotFound { .. } => Some("there is no such bucket"),
            _ if self.step == Step::Open => None,
            _ => Some("look at AWS_ENDPOINT and AWS_REGION, and whether the store runs"),
        }
    }
}

impl Files {
    /// Does with a small file everything that files need of their store.
    ///
    /// # Errors
    /// What it does not do.
    pub async fn try_out(&self) -> Result<(), Refused> {
        let store = self.store().map_err(|error| Refused { step: Step::Open, error })?;
        let path = Path::from(FOLDER).join(crate::ids::new_uuid().to_string());
        let refused = |step| move |error: object_store::Error| Refused { step, error: error.into() };
        let mut parts = store.put_multipart(&path).await.map_err(refused(Step::Write))?;
        parts.abort().await.map_err(refused(Step::Abort))?;
        store.put(&path, Bytes::from_static(WORDS).into()).await.map_err(refused(Step::Write))?;
        let read = store.get_range(&path, 0..7).await.map(drop).map_err(refused(Step::Read));
        let folder = Path::from(FOLDER);
        let listed = store.list(Some(&folder)).try_next().await.map(drop).map_err(refused(Step::List));
        // Whatever failed, what was written goes.
        let deleted = store.delete(&path).await.map_err(refused(Step::Delete));
        read.and(listed).and(deleted)
    }
}
