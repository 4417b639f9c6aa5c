//! The private PostgreSQL cluster, used when no `DATABASE_URL` is given.
//!
//! Everything lives in the data directory and is reached through a Unix socket only:
//!
//! ```text
//! <data>/lock               held by the one Almoner that uses this directory
//! <data>/postgres/          belongs to the account that runs PostgreSQL, mode 0700
//!                 data/     the cluster itself (PGDATA)
//!                 run/      the socket, unless the path is too long for one
//!                 log/      a week of PostgreSQL's logs, and the output of the last start
//!                 extra.conf   your own settings, read after Almoner's, if you make it
//! ```
//!
//! PostgreSQL runs as a child process: it never outlives Almoner, is restarted when it dies, and what a
//! `kill -9` of either leaves behind is cleared up at the next start. PostgreSQL refuses to run as root, so a
//! root Almoner runs it as an unprivileged account, and lets nobody but root in.

use std::path::Path;

use anyhow::Context as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

pub use self::binaries::Binaries;

mod account;
mod binaries;
mod initialise;
mod leftovers;
mod place;
mod settings;
mod supervisor;

use self::account::Account;
use self::place::{Lock, Place};
use self::supervisor::Supervisor;

/// The database inside the cluster that holds everything.
pub const DATABASE: &str = "almoner";

/// The port only names the socket file: nothing listens on TCP.
const PORT: u16 = 5432;

/// Exit code of a second Almoner on the same data directory (`EX_TEMPFAIL`: try again when the other is gone).
pub const EXIT_IN_USE: u8 = 75;

/// Why the cluster could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Another process holds the data directory; `main` exits with [`EXIT_IN_USE`].
    #[error("Another Almoner is already using {directory}{}", holder(*.pid))]
    InUse {
        /// The data directory in question.
        directory: String,
        /// The process that holds it, when it could be read.
        pid: Option<i32>,
    },
    /// Anything else, told in words.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

fn holder(pid: Option<i32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

/// Whom to be in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DbRole {
    /// Serves requests and jobs; has no rights of its own until it sets a role.
    Runtime,
    /// Applies migrations.
    Migrator,
    /// The cluster's superuser: makes roles, takes backups.
    Admin,
}

impl DbRole {
    /// Every role that this account may log in as.
    pub const ALL: [Self; 3] = [Self::Runtime, Self::Migrator, Self::Admin];

    /// The name of the role in PostgreSQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Runtime => "almoner_runtime",
            Self::Migrator => "almoner_migrator",
            Self::Admin => "almoner_admin",
        }
    }
}

/// A running private cluster. Dropping it stops PostgreSQL.
#[derive(Debug)]
pub struct Cluster {
    place: Place,
    /// `None` when attached to the cluster of another Almoner, which then looks after it.
    owned: Option<(Supervisor, Lock)>,
}

impl Cluster {
    /// Starts the cluster in `data_dir`, creating it on the first start, and waits until it answers.
    ///
    /// Blocks for as long as PostgreSQL takes: some 100 ms, a few seconds on the first start, longer only when a
    /// crash has to be recovered from.
    pub fn start(data_dir: &Path) -> Result<Self, ClusterError> {
        let root = place::prepare_root(data_dir)?;
        let lock = Lock::acquire(&root)?;
        let account = Account::choose(&root.join("postgres/data"))?;
        let place = Place::prepare(&root, &account)?;
        let binaries = Binaries::find(place.version()?.as_deref())?;
        if place.version()?.is_none() {
            tracing::info!(directory = %place.data.display(), "Creating the database cluster");
            initialise::create(&binaries, &account, &place)?;
        }
        settings::write(&place, &account, &place.data)?;
        let supervisor = Supervisor::start(binaries, account, place.clone())?;
        Ok(Self { place, owned: Some((supervisor, lock)) })
    }

    /// Reaches the cluster in `data_dir` whether or not an Almoner is serving from it, for commands such as
    /// `backup`: attaches to the one that runs, else starts one for as long as the command takes.
    pub fn open(data_dir: &Path) -> Result<Self, ClusterError> {
        match Self::start(data_dir) {
            Err(ClusterError::InUse { .. }) => {
                let place = Place::existing(data_dir)?;
                place.wait_until_ready().context("the running Almoner's database does not answer")?;
                Ok(Self { place, owned: None })
            }
            started => started,
        }
    }

    /// How to connect to the database `almoner` as `role`.
    pub fn options(&self, role: DbRole) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.place.socket)
            .port(PORT)
            .username(role.as_str())
            .database(DATABASE)
            .ssl_mode(PgSslMode::Disable)
            .application_name("almoner")
    }

    /// The same as an address, for tools such as `psql` and `pg_dump`.
    pub fn url(&self, role: DbRole) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("host", &self.place.socket.to_string_lossy());
        query.append_pair("user", role.as_str());
        format!("postgresql:///{DATABASE}?{}", query.finish())
    }

    /// The programs this cluster needs (`pg_dump` and the like are beside them).
    pub fn binaries(&self) -> anyhow::Result<Binaries> {
        Binaries::find(self.place.version()?.as_deref())
    }

    /// The process id of PostgreSQL, while it runs.
    pub fn pid(&self) -> Option<i32> {
        self.place.postmaster().map(|postmaster| postmaster.pid)
    }

    /// Stops PostgreSQL cleanly (fast shutdown) and gives the data directory free. Blocks until it is done.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some((mut supervisor, lock)) = self.owned.take() {
            supervisor.stop();
            drop(lock); // only now may another Almoner start here
        }
    }
}
