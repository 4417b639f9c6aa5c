//! A file on its way in.

use object_store::path::Path;
use object_store::{ObjectStoreExt as _, WriteMultipart};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::codec::{Header, Sealer};
use super::{Files, file_cipher, key_of};
use crate::error::{Error, Result};
use crate::phi::Keyring;

/// Parts under way at a time. Two keep the disk busy; more only fill the memory.
const PARTS_UNDER_WAY: usize = 2;

/// A file on its way in. Dropped before [`Incoming::finish`], it was never there.
pub struct Incoming {
    writer: Option<WriteMultipart>,
    sealer: Option<Sealer>,
    hash: Sha256,
    size: u64,
    key: String,
}

/// A file that has arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name in the store.
    pub key: String,
    /// Its length in bytes, before it was sealed.
    pub size: u64,
    /// SHA-256 of its bytes, before they were sealed.
    pub sha256: [u8; 32],
}

impl Incoming {
    pub(super) async fn begin(files: &Files, keys: &Keyring, organization: Uuid, version: Uuid) -> Result<Self> {
        let key_id = keys.newest_key(organization).map_err(anyhow::Error::from)?;
        let header = Header::new(key_id);
        let cipher = file_cipher(keys, organization, version, header)?;
        let key = key_of(organization, version);
        let upload = files.store()?.put_multipart(&Path::from(key.as_str())).await?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, files.part_size());
        writer.write(&header.to_bytes());
        Ok(Self { writer: Some(writer), sealer: Some(Sealer::new(cipher)), hash: Sha256::new(), size: 0, key })
    }

    /// How many bytes have come.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Takes bytes in, as fast as the store takes them.
    ///
    /// # Errors
    /// Where the store does not take them.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let (Some(writer), Some(sealer)) = (&mut self.writer, &mut self.sealer) else { return Err(over()) };
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        let mut sealed = Vec::new();
        sealer.push(bytes, |chunk| sealed.push(chunk)).map_err(anyhow::Error::from)?;
        for chunk in sealed {
            writer.wait_for_capacity(PARTS_UNDER_WAY).await?;
            writer.put(chunk.into());
        }
        Ok(())
    }

    /// The end of the file.
    ///
    /// # Errors
    /// Where the store does not keep it. Nothing is left then.
    pub async fn finish(mut self) -> Result<Stored> {
        let (Some(mut writer), Some(sealer)) = (self.writer.take(), self.sealer.take()) else { return Err(over()) };
        match sealer.finish() {
            Ok(chunk) => writer.put(chunk.into()),
            Err(error) => {
                writer.abort().await.ok();
                return Err(anyhow::Error::from(error).into());
            }
        }
        writer.finish().await?;
        let key = std::mem::take(&mut self.key);
        Ok(Stored { key, size: self.size, sha256: std::mem::take(&mut self.hash).finalize().into() })
    }

    /// Away with what has come.
    pub async fn abort(mut self) {
        if let Some(writer) = self.writer.take() {
            writer.abort().await.ok();
        }
    }
}

/// Whoever forgets to end a file, or is cut off, leaves nothing either.
impl Drop for Incoming {
    fn drop(&mut self) {
        let Some(writer) = self.writer.take() else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { writer.abort().await });
        }
    }
}

fn over() -> Error {
    Error::Internal(anyhow::anyhow!("the file has ended already"))
}
