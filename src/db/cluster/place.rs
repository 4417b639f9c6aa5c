//! Where the cluster's files are: the data directory, its lock, the socket.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest as _, Sha256};

use super::account::Account;
use super::{ClusterError, PORT};

/// Longest path of a Unix socket that Linux takes (108 bytes with the closing NUL).
const SOCKET_PATH_MAX: usize = 107;

/// How often a starting PostgreSQL is asked whether it is ready.
pub(super) const READY_POLL: Duration = Duration::from_millis(2);

/// How long a command waits for the database of the Almoner that is serving.
const ATTACH_PATIENCE: Duration = Duration::from_secs(10);

/// Makes the data directory if need be, and answers its real path.
pub(super) fn prepare_root(data_dir: &Path) -> Result<PathBuf> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o711) // PostgreSQL's account must pass through, but not look around
        .create(data_dir)
        .with_context(|| format!("cannot create the data directory {}", data_dir.display()))?;
    data_dir.canonicalize().with_context(|| format!("cannot open the data directory {}", data_dir.display()))
}

/// The exclusive hold on a data directory, for as long as this lives.
#[derive(Debug)]
pub(super) struct Lock {
    _held: Flock<File>,
}

impl Lock {
    pub fn acquire(root: &Path) -> Result<Self, ClusterError> {
        let path = root.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        let mut holder = String::new();
        file.read_to_string(&mut holder).ok();
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut held) => {
                held.set_len(0).and_then(|()| held.rewind()).context("cannot write the lock file")?;
                writeln!(held, "{}", std::process::id()).context("cannot write the lock file")?;
                Ok(Self { _held: held })
            }
            Err((_, Errno::EWOULDBLOCK)) => {
                Err(ClusterError::InUse { directory: root.display().to_string(), pid: holder.trim().parse().ok() })
            }
            Err((_, errno)) => {
                Err(anyhow::Error::from(errno).context(format!("cannot lock {}", path.display())).into())
            }
        }
    }
}

/// What `postmaster.pid` tells of the server.
#[derive(Debug)]
pub(super) struct Postmaster {
    pub pid: i32,
    pub ready: bool,
}

/// The folders of one cluster.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Holds everything below; `<data>/postgres`.
    pub home: PathBuf,
    /// PGDATA.
    pub data: PathBuf,
    pub log: PathBuf,
    /// The folder of the socket.
    pub socket: PathBuf,
}

impl Place {
    /// Makes the folders that are missing and gives them to `account`.
    pub fn prepare(root: &Path, account: &Account) -> Result<Self> {
        let link = root.join("postgres");
        if !link.exists() {
            if !account.can_enter(root) {
                let mode = root.metadata()?.permissions().mode() | 0o011;
                fs::set_permissions(root, Permissions::from_mode(mode))?; // our own directory: passing through is enough
            }
            if account.can_enter(root) {
                private_directory(&link, account)?;
            } else {
                let elsewhere = elsewhere(root, account)?;
                tracing::warn!(
                    "{} cannot enter {}, so the database is kept in {}",
                    account.name,
                    root.display(),
                    elsewhere.display()
                );
                std::os::unix::fs::symlink(&elsewhere, &link)?;
            }
        }
        let place = Self::of(&link.canonicalize()?, root, account.uid());
        private_directory(&place.log, account)?;
        private_directory(&place.socket, account)?;
        Ok(place)
    }

    /// The folders of a cluster that another process has prepared.
    pub fn existing(data_dir: &Path) -> Result<Self> {
        let root = data_dir.canonicalize()?;
        let home = root.join("postgres").canonicalize().context("there is no database in the data directory yet")?;
        let owner = home.metadata()?.uid();
        Ok(Self::of(&home, &root, owner))
    }

    fn of(home: &Path, root: &Path, uid: u32) -> Self {
        let socket = [home.join("run"), short(Path::new("/run"), root, uid), short(Path::new("/tmp"), root, uid)]
            .into_iter()
            .find(|folder| socket_fits(folder) && (folder.starts_with(home) || writable(folder)))
            .unwrap_or_else(|| short(Path::new("/tmp"), root, uid));
        Self { home: home.to_path_buf(), data: home.join("data"), log: home.join("log"), socket }
    }

    /// The major version that made the cluster, `None` when there is none yet.
    pub fn version(&self) -> Result<Option<String>> {
        match fs::read_to_string(self.data.join("PG_VERSION")) {
            Ok(version) => Ok(Some(version)),
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.data.display())),
        }
    }

    /// The server that says it is running here, alive or not.
    pub fn postmaster(&self) -> Option<Postmaster> {
        let text = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        let lines: Vec<&str> = text.lines().collect();
        Some(Postmaster {
            pid: lines.first()?.trim().parse().ok()?,
            ready: lines.get(7).is_some_and(|status| status.trim() == "ready"),
        })
    }

    /// Waits for a server that another process has started.
    pub fn wait_until_ready(&self) -> Result<()> {
        let begun = Instant::now();
        while !self.postmaster().is_some_and(|postmaster| postmaster.ready) {
            ensure!(begun.elapsed() < ATTACH_PATIENCE, "not ready after {} s", ATTACH_PATIENCE.as_secs());
            std::thread::sleep(READY_POLL);
        }
        Ok(())
    }
}

fn socket_fits(folder: &Path) -> bool {
    folder.as_os_str().as_bytes().len() + format!("/.s.PGSQL.{PORT}").len() <= SOCKET_PATH_MAX
}

/// A short folder that is the same for the same data directory, every time.
fn short(parent: &Path, root: &Path, uid: u32) -> PathBuf {
    parent.join(format!("almoner-{uid}-{}", digest(root)))
}

fn digest(root: &Path) -> String {
    hex::encode(&Sha256::digest(root.as_os_str().as_bytes())[..6])
}

/// Whether this process may make `folder`: /run is root's, /tmp everybody's.
fn writable(folder: &Path) -> bool {
    folder.exists()
        || folder.parent().is_some_and(|parent| nix::unistd::access(parent, nix::unistd::AccessFlags::W_OK).is_ok())
}

/// A folder that only `account` can enter. One that somebody else has put there (in /tmp) is refused.
fn private_directory(path: &Path, account: &Account) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => account.own(path),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let found = path.symlink_metadata()?;
            if !found.is_dir() || !account.owns(path) {
                bail!("{} exists but is not a directory of {}: remove it", path.display(), account.name);
            }
            fs::set_permissions(path, Permissions::from_mode(0o700)).context("cannot close the directory to others")
        }
        Err(error) => Err(error).with_context(|| format!("cannot create {}", path.display())),
    }
}

/// A place for the cluster of a root Almoner whose data directory (in /root, say) PostgreSQL cannot reach.
fn elsewhere(root: &Path, account: &Account) -> Result<PathBuf> {
    let parent = Path::new("/var/lib/almoner");
    DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    let name = digest(root);
    // a folder that is there already belonged to a data directory that was removed: never reuse its data
    let path = (1..1000)
        .map(|number| parent.join(format!("{name}-{number}")))
        .find(|path| !path.exists())
        .context("no free name in /var/lib/almoner")?;
    private_directory(&path, account)?;
    Ok(path)
}
