//! Where files are: a directory, or a bucket.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use object_store::aws::AmazonS3Builder;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, RetryConfig};
use url::Url;

use super::client::Connector;
use crate::error::Result;

/// How often a request to a bucket is tried again. As `object_store` has it, ten times in three minutes, somebody waits
/// minutes for the answer that the bucket is gone; so it takes about three seconds.
const RETRIES: usize = 5;

/// After this, a request to a bucket is not tried again: a part of a file may be on its way as long as that.
const RETRIED_FOR: Duration = Duration::from_mins(1);

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
            Self::S3 { url } => bucket(url, environment()),
            Self::Other => Err(anyhow::anyhow!("the store was not given").into()),
        }
    }
}

/// What the environment says, as far as it can be read.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// The bucket, and the prefix in it, of `s3://bucket/prefix`. The settings are those that the environment has for it, by
/// their names: `AWS_REGION`, `AWS_ENDPOINT` and so on; others are passed over.
///
/// # Errors
/// Where something is missing, or cannot be understood.
pub fn bucket(url: &Url, settings: impl IntoIterator<Item = (String, String)>) -> Result<Arc<dyn ObjectStore>> {
    let mut builder = AmazonS3Builder::new();
    for (name, value) in settings.into_iter().filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty()) {
        let Ok(key) = name.to_ascii_lowercase().parse() else { continue };
        // object_store panics at the first request to what is none.
        if name.starts_with("AWS_ENDPOINT") && !is_address(&value) {
            return Err(anyhow::anyhow!("{name} is no address like https://store.example.org").into());
        }
        builder = builder.with_config(key, value);
    }
    let patience = RetryConfig { max_retries: RETRIES, retry_timeout: RETRIED_FOR, ..RetryConfig::default() };
    let bucket = builder.with_url(url.as_str()).with_retry(patience).with_http_connector(Connector).build()?;
    Ok(match url.path().trim_matches('/') {
        "" => Arc::new(bucket),
        prefix => Arc::new(PrefixStore::new(bucket, prefix)),
    })
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

    #[test]
    fn what_is_no_address_of_a_store_is_refused_before_anything_is_asked_of_it() {
        let url = Url::parse("s3://clinic/almoner").unwrap();
        let open = |endpoint: &str| bucket(&url, [("AWS_ENDPOINT".to_owned(), endpoint.to_owned())]);
        for endpoint in ["store.example.org", "not an address", "s3://clinic"] {
            assert!(open(endpoint).is_err(), "{endpoint}");
        }
        assert!(open("https://store.example.org").is_ok());
        assert!(open("").is_ok(), "as if it were not set");
    }
}
