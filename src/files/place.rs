//! Where files are: a directory, or a bucket.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::prefix::PrefixStore;
use url::Url;

use super::bucket::Connector;
use crate::error::Result;

/// Where files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a directory of this machine, or one that all replicas share.
    Local(PathBuf),
    /// In a bucket that speaks S3. Who we are there comes from `AWS_ACCESS_KEY_ID` and the like.
    S3 {
        /// `s3://bucket/prefix`
        url: Url,
    },
    /// Somewhere that a test chose.
    Other,
}

impl Place {
    /// What `--files` says: a directory, or `s3://bucket/prefix`.
    ///
    /// # Errors
    /// Where it is an address of another kind.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        if !text.contains("://") {
            return Ok(Self::Local(PathBuf::from(text)));
        }
        let url = Url::parse(text).with_context(|| format!("{text} is not an address"))?;
        match url.scheme() {
            "s3" if url.host_str().is_some_and(|bucket| !bucket.is_empty()) => Ok(Self::S3 { url }),
            "s3" => bail!("{text} names no bucket: s3://bucket/prefix"),
            other => bail!("files cannot be kept at {other}://: give a directory, or s3://bucket/prefix"),
        }
    }

    /// In words, without anything secret.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Local(directory) => directory.display().to_string(),
            Self::S3 { url } => url.to_string(),
            Self::Other => "elsewhere".to_owned(),
        }
    }

    pub(super) fn open(&self) -> Result<Arc<dyn ObjectStore>> {
        match self {
            Self::Local(path) => super::directory(path),
            Self::S3 { url } => {
                let builder = AmazonS3Builder::from_env().with_url(url.as_str());
                let bucket = builder.with_http_connector(Connector).build()?;
                Ok(match url.path().trim_matches('/') {
                    "" => Arc::new(bucket),
                    prefix => Arc::new(PrefixStore::new(bucket, prefix)),
                })
            }
            Self::Other => Err(anyhow::anyhow!("the store was not given").into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_directory_or_a_bucket() {
        assert_eq!(Place::parse("/srv/files").unwrap(), Place::Local("/srv/files".into()));
        assert_eq!(Place::parse("s3://clinic/almoner").unwrap().label(), "s3://clinic/almoner");
        for text in ["s3://", "https://files.example.org", "ftp://x"] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }
}
