//! The database: pools, and transactions that carry their actor.
//!
//! Nothing outside this module begins a transaction. A transaction starts with one message that takes the database
//! role and names the actor, so that row-level security decides from the first statement on.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use anyhow::Context;
use sqlx::migrate::Migrate;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, PgPool, Postgres, Transaction};

use crate::access::Actor;
use crate::error::Result;
use crate::ids::{OrganizationId, UserId};

use self::lease::Lease;
use self::signals::{Pending, Signal, Signals};

pub mod cluster;
mod lease;
pub mod signals;
mod source;

pub use source::Source;

/// Connections for the pages. PostgreSQL does the work: more connections than a few per core only queue there.
const PAGE_CONNECTIONS: u32 = 16;

/// Connections for sessions and sign-in, which have a database role of their own.
const AUTH_CONNECTIONS: u32 = 8;

/// How long a request waits for a connection before it is told that the service is unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// The pools of this process.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    auth: PgPool,
    /// What commits wake in this process.
    pub signals: Signals,
}

impl Db {
    /// Opens the pools with the run-time login. Connects lazily: a database that is down shows at the first use.
    #[must_use]
    pub fn open(options: PgConnectOptions) -> Self {
        let options = options.application_name("almoner");
        let pool = PgPoolOptions::new()
            .max_connections(PAGE_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_connect(|conn, _| Box::pin(settle(conn)))
            .connect_lazy_with(options.clone());
        let auth = PgPoolOptions::new()
            .max_connections(AUTH_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .after_connect(|conn, _| {
                Box::pin(async move {
                    settle(conn).await?;
                    #[expect(clippy::disallowed_methods, reason = "SET ROLE cannot be prepared")]
                    conn.execute(sqlx::raw_sql("SET ROLE almoner_auth")).await?;
                    Ok(())
                })
            })
            .connect_lazy_with(options);
        Self { pool, auth, signals: Signals::default() }
    }

    /// Begins a transaction as `actor`.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn begin(&self, actor: &Actor) -> Result<Tx> {
        self.begin_as("almoner_app", &actor.database_context()).await
    }

    /// Begins a transaction of a background job inside one organization.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn begin_worker(&self, organization: OrganizationId) -> Result<Tx> {
        self.begin_as("almoner_worker", &format!("{organization}|{}|SERVICE|*", uuid::Uuid::nil())).await
    }

    /// Begins a transaction of the machinery itself: the job queue, live changes, the list of organizations.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn begin_system(&self) -> Result<Tx> {
        self.begin_as("almoner_worker", "").await
    }

    /// Begins a transaction that may only call the ingest functions, inside one organization.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn begin_ingest(&self, organization: OrganizationId, account: uuid::Uuid) -> Result<Tx> {
        self.begin_as("almoner_ingest", &format!("{organization}|{account}|SERVICE|")).await
    }

    /// Begins a transaction on accounts and sessions, inside one organization, for `user` where it is known.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn begin_auth(&self, organization: OrganizationId, user: Option<UserId>) -> Result<Tx> {
        let user = user.map_or_else(uuid::Uuid::nil, UserId::uuid);
        self.begin_as("almoner_auth", &format!("{organization}|{user}||")).await
    }

    /// The pool whose connections may touch accounts and sessions, and nothing else.
    #[must_use]
    pub const fn auth(&self) -> &PgPool {
        &self.auth
    }

    /// The pool of the pages without a transaction and so without rights, for the test that it stays so.
    #[must_use]
    pub const fn bare_pool(&self) -> &PgPool {
        &self.pool
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query_scalar!("SELECT 1").fetch_one(&self.auth).await?;
        Ok(())
    }

    /// Closes the pools.
    pub async fn close(&self) {
        self.pool.close().await;
        self.auth.close().await;
    }

    /// `role` and `context` are ours (UUIDs and enum names): nothing in them needs quoting.
    async fn begin_as(&self, role: &'static str, context: &str) -> Result<Tx> {
        debug_assert!(!context.contains('\''), "the context holds only identifiers");
        let statement = format!("BEGIN; SET LOCAL ROLE {role}; SET LOCAL app.ctx = '{context}'");
        Ok(Tx {
            inner: Lease::begin(&self.pool, statement).await?,
            signals: self.signals.clone(),
            pending: Pending::default(),
        })
    }
}

/// What a connection keeps for its life.
///
/// Plans are made once: left to itself PostgreSQL plans a page of the queue anew for every request, because a plan for
/// any number of facilities looks dearer than one for exactly these (0.8 ms of planning for 0.4 ms of work, measured).
/// Every statement is written so that one plan suits all its arguments.
async fn settle(conn: &mut PgConnection) -> sqlx::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "settings cannot be prepared")]
    conn.execute(sqlx::raw_sql("SET plan_cache_mode = force_generic_plan; SET jit = off")).await?;
    Ok(())
}

/// A transaction with its actor. Nothing is written until [`Tx::commit`]; dropped, it never happened.
#[derive(Debug)]
pub struct Tx {
    inner: Lease,
    signals: Signals,
    pending: Pending,
}

impl Tx {
    /// Makes everything in this transaction so.
    ///
    /// # Errors
    /// Where the database does not answer, or a deferred constraint says no.
    pub async fn commit(self) -> Result<()> {
        self.inner.commit().await?;
        self.pending.raise(&self.signals);
        Ok(())
    }

    /// Wakes who waits for `signal` in this process, once this is committed.
    pub fn signal(&mut self, signal: Signal) {
        self.pending.add(signal);
    }

    /// A point to come back to inside this transaction.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn savepoint(&mut self) -> Result<Transaction<'_, Postgres>> {
        Ok(Connection::begin(&mut *self.inner).await?)
    }

    /// Begins a part that can be undone without the rest, where what happens in it needs the whole of this transaction. It is ended by
    /// [`Tx::end_part`] or [`Tx::undo_part`]; parts do not lie in each other.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn begin_part(&mut self) -> Result<()> {
        sqlx::query!("SAVEPOINT part").execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Ends a part: it stays.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn end_part(&mut self) -> Result<()> {
        sqlx::query!("RELEASE SAVEPOINT part").execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Ends a part as if it had never been, also after an error in it. Nobody is woken for nothing but in vain.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn undo_part(&mut self) -> Result<()> {
        sqlx::query!("ROLLBACK TO SAVEPOINT part").execute(&mut *self.inner).await?;
        self.end_part().await
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

/// Brings the schema up to date, as a login that may do so.
///
/// # Errors
/// Where the database does not answer or a migration fails.
pub async fn migrate(admin: PgConnectOptions) -> anyhow::Result<()> {
    let mut conn = admin.connect().await.context("cannot connect to the database to migrate it")?;
    crate::MIGRATOR.run(&mut conn).await.context("cannot migrate the database")?;
    conn.close().await?;
    Ok(())
}

/// How many steps the schema is behind this program.
///
/// # Errors
/// Where the database does not answer.
pub async fn pending_migrations(admin: &PgConnectOptions) -> anyhow::Result<usize> {
    let mut conn = admin.connect().await.context("cannot connect to the database")?;
    conn.ensure_migrations_table().await?;
    let applied = conn.list_applied_migrations().await?.len();
    conn.close().await?;
    let known = crate::MIGRATOR.iter().filter(|step| step.migration_type.is_up_migration()).count();
    Ok(known.saturating_sub(applied))
}
