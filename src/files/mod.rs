//! Files at rest: a local directory or an S3-compatible store, encrypted before a byte reaches it.
//!
//! A file is written once, under a name nobody chose, and never changed. It streams through in constant memory: counted,
//! hashed and sealed on the way in ([`Incoming`]), opened chunk by chunk on the way out ([`Files::read`]). What is not
//! finished leaves nothing behind; what is finished and has no row in the database is taken away by a job.

mod clamav;
mod client;
pub mod codec;
mod held;
mod incoming;
mod place;
mod trial;

use std::ops::Range;
use std::path::{Path as FsPath, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::phi::Keyring;

pub use clamav::{Scan, Scanner, Verdict};
pub use held::Held;
pub use incoming::{Incoming, Stored};
pub use place::{Place, bucket};
pub use trial::{Refused, Step};

use self::codec::{FileCipher, HEADER, Header};

/// Chunks read together from a local disk: 1 MiB.
const LOCAL_WINDOW: u64 = 16;

/// Chunks read together over a network, where every request costs a round trip: 4 MiB.
const REMOTE_WINDOW: u64 = 64;

/// Bytes written together to a local disk.
const LOCAL_PART: usize = 1024 * 1024;

/// Bytes written together over a network: S3 takes no smaller parts than 5 MiB.
const REMOTE_PART: usize = 6 * 1024 * 1024;

/// Windows read ahead of who downloads.
const READ_AHEAD: usize = 2;

/// Where files are kept. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    inner: Arc<Inner>,
}

struct Inner {
    place: Place,
    store: OnceLock<Arc<dyn ObjectStore>>,
    scanner: Option<Scanner>,
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("place", &self.inner.place).finish_non_exhaustive()
    }
}

impl Files {
    /// Files in `place`, looked over by `scanner` on their way in. Nothing is opened or made before the first use.
    #[must_use]
    pub fn new(place: Place, scanner: Option<Scanner>) -> Self {
        Self { inner: Arc::new(Inner { place, store: OnceLock::new(), scanner }) }
    }

    /// Files in a directory.
    #[must_use]
    pub fn local(directory: PathBuf) -> Self {
        Self::new(Place::Local(directory), None)
    }

    /// Files in a store that is open already.
    #[must_use]
    pub fn in_store(store: Arc<dyn ObjectStore>, scanner: Option<Scanner>) -> Self {
        let files = Self::new(Place::Other, scanner);
        files.inner.store.get_or_init(|| store);
        files
    }

    /// Where the files are.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.inner.place
    }

    /// The virus scanner, where one is configured.
    #[must_use]
    pub fn scanner(&self) -> Option<&Scanner> {
        self.inner.scanner.as_ref()
    }

    /// Begins to take in the file of `version`.
    ///
    /// # Errors
    /// Where the store cannot be written to, or the organization's keys are not loaded.
    pub async fn begin(&self, keys: &Keyring, organization: Uuid, version: Uuid) -> Result<Incoming> {
        Incoming::begin(self, keys, organization, version).await
    }

    /// The bytes `range` of the file of `version`, which is `size` bytes long and stored as `key`.
    ///
    /// # Errors
    /// Where the file is not there, not as large as it should be, or its key is missing. What was changed in it fails
    /// the stream where it was changed.
    pub async fn read(
        &self,
        keys: &Keyring,
        organization: Uuid,
        version: Uuid,
        key: &str,
        size: u64,
        range: Range<u64>,
    ) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
        let (store, path) = (self.store()?, parse(key)?);
        let head = store.get_range(&path, 0..HEADER as u64).await?;
        let header = Header::parse(&head).ok_or_else(|| damaged(key))?;
        let cipher = Arc::new(file_cipher(keys, organization, version, header)?);
        let at_once = if self.is_local() { LOCAL_WINDOW } else { REMOTE_WINDOW };
        let windows = stream::iter(codec::windows(range.clone(), at_once));
        Ok(windows
            .map(move |window| {
                let (store, path, cipher, range) =
                    (Arc::clone(&store), path.clone(), Arc::clone(&cipher), range.clone());
                async move {
                    let sealed = store.get_range(&path, codec::stored_range(&window, size)).await?;
                    let plain = codec::open_window(&cipher, size, window, &sealed, &range);
                    plain.map(Bytes::from).map_err(|_| damaged(path.as_ref()))
                }
            })
            .buffered(READ_AHEAD))
    }

    /// The whole file at once, for what works on it in memory. `size` is known, so that nobody is surprised.
    ///
    /// # Errors
    /// As [`Files::read`].
    pub async fn read_all(
        &self,
        keys: &Keyring,
        organization: Uuid,
        version: Uuid,
        key: &str,
        size: u64,
    ) -> Result<Vec<u8>> {
        let pieces = self.read(keys, organization, version, key, size, 0..size).await?;
        let mut whole = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        let mut pieces = std::pin::pin!(pieces);
        while let Some(piece) = pieces.try_next().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    /// Takes a file away. One that is not there is no error.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn remove(&self, key: &str) -> Result<()> {
        match self.store()?.delete(&parse(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// How large the stored file is; none where there is none.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn stored_size(&self, key: &str) -> Result<Option<u64>> {
        match self.store()?.head(&parse(key)?).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// All files of an organization.
    ///
    /// # Errors
    /// Where the store cannot be opened.
    pub fn list(&self, organization: Uuid) -> Result<BoxStream<'static, object_store::Result<ObjectMeta>>> {
        Ok(self.store()?.list(Some(&Path::from(organization.to_string()))))
    }

    /// Takes away what uploads that were cut off (by a crash, say) have left of an organization's files since before
    /// `before`. A directory holds them beside the files; a bucket ends them itself, by a rule on multipart uploads.
    ///
    /// # Errors
    /// Where the directory cannot be read.
    pub async fn remove_unfinished(&self, organization: Uuid, before: Timestamp) -> Result<u64> {
        let Place::Local(directory) = &self.inner.place else { return Ok(0) };
        let folder = directory.join(organization.to_string());
        let swept = tokio::task::spawn_blocking(move || sweep(&folder, before)).await.map_err(anyhow::Error::from)?;
        swept.map_err(|error| storage(directory, error))
    }

    fn is_local(&self) -> bool {
        matches!(self.inner.place, Place::Local(_))
    }

    fn part_size(&self) -> usize {
        if self.is_local() { LOCAL_PART } else { REMOTE_PART }
    }

    fn store(&self) -> Result<Arc<dyn ObjectStore>> {
        if let Some(store) = self.inner.store.get() {
            return Ok(Arc::clone(store));
        }
        let store = self.inner.place.open()?;
        Ok(Arc::clone(self.inner.store.get_or_init(|| store)))
    }
}

/// A directory as a store. What is acknowledged is on the disk.
fn directory(path: &FsPath) -> Result<Arc<dyn ObjectStore>> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| storage(path, error))?;
    Ok(Arc::new(LocalFileSystem::new_with_prefix(path)?.with_fsync(true)))
}

/// Removes half-written files, which `object_store` names `name#1`, from the folders of `folder`.
fn sweep(folder: &FsPath, before: Timestamp) -> std::io::Result<u64> {
    let mut swept = 0;
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))?;
        if kind.is_dir() {
            swept += sweep(&path, before)?;
            continue;
        }
        let unfinished = path.file_name().is_some_and(|name| name.to_string_lossy().contains('#'));
        if unfinished && Timestamp::from(path.metadata()?.modified()?) < before {
            std::fs::remove_file(&path)?;
            swept += 1;
        }
    }
    Ok(swept)
}

fn storage(path: &FsPath, error: std::io::Error) -> Error {
    Error::Storage(object_store::Error::Generic {
        store: "LocalFileSystem",
        source: format!("{}: {error}", path.display()).into(),
    })
}

/// The name of a file: nothing of it comes from outside. The last two digits spread them over folders.
fn key_of(organization: Uuid, version: Uuid) -> String {
    let name = version.to_string();
    format!("{organization}/{}/{name}", &name[name.len() - 2..])
}

fn parse(key: &str) -> Result<Path> {
    Path::parse(key).map_err(|error| Error::Storage(error.into()))
}

fn file_cipher(keys: &Keyring, organization: Uuid, version: Uuid, header: Header) -> Result<FileCipher> {
    let (cipher, place) =
        keys.file_cipher(organization, version, header.key_id, &header.salt).map_err(anyhow::Error::from)?;
    Ok(FileCipher::new(cipher, header, &place))
}

fn damaged(key: &str) -> Error {
    Error::Internal(anyhow::anyhow!("the stored file {key} does not open: it was changed, moved or cut off"))
}
