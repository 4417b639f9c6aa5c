//! Where the database is: the private cluster in the data directory, or the one that `DATABASE_URL` names.

use std::str::FromStr;

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;

use super::cluster::{Cluster, DbRole};
use crate::config::Common;

/// How to reach the database, with the private cluster where there is one: it stops when this is dropped.
#[derive(Debug)]
pub struct Source {
    /// For requests and jobs.
    pub runtime: PgConnectOptions,
    /// For changes of the schema and for whole-database work.
    pub admin: PgConnectOptions,
    /// The private cluster.
    pub cluster: Option<Cluster>,
}

impl Source {
    /// Starts the private cluster, for the process that serves.
    ///
    /// # Errors
    /// Where it cannot be started, or the address cannot be read.
    pub fn serve(common: &Common) -> anyhow::Result<Self> {
        Self::from(common, || Ok(Cluster::start(&common.data_dir)?))
    }

    /// Reaches the database for the length of a command, beside a running instance where there is one.
    ///
    /// # Errors
    /// Where it cannot be reached, or the address cannot be read.
    pub fn command(common: &Common) -> anyhow::Result<Self> {
        Self::from(common, || Ok(Cluster::open(&common.data_dir)?))
    }

    /// Whether the database is our own, so that we may change its schema without being asked.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        self.cluster.is_some()
    }

    fn from(common: &Common, cluster: impl FnOnce() -> anyhow::Result<Cluster>) -> anyhow::Result<Self> {
        let Some(url) = &common.database_url else {
            let cluster = cluster()?;
            return Ok(Self {
                runtime: cluster.options(DbRole::Runtime),
                admin: cluster.options(DbRole::Admin),
                cluster: Some(cluster),
            });
        };
        // The causes are left out: they quote the address, and with it the password.
        let parse = |text: &str, name: &'static str| {
            PgConnectOptions::from_str(text).ok().with_context(|| format!("{name} is not a PostgreSQL address"))
        };
        let runtime = parse(url.expose_secret(), "DATABASE_URL")?;
        let admin = match &common.migrate_url {
            Some(url) => parse(url.expose_secret(), "ALMONER_MIGRATE_URL")?,
            None => runtime.clone(),
        };
        Ok(Self { runtime, admin, cluster: None })
    }
}
