//! What a job knows of itself while it runs.

use std::collections::HashMap;

use futures::future::BoxFuture;
use uuid::Uuid;

use super::queue;
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::By;
use crate::ids::{JobId, OrganizationId};

/// Rows deleted in one transaction: none holds locks for long.
const PURGED: i32 = 5_000;

/// One attempt at a job.
#[derive(Clone, Debug)]
pub struct JobContext {
    /// The job.
    pub id: JobId,
    /// What is to be done.
    pub kind: String,
    /// Which attempt this is, from 1.
    pub attempt: i32,
    pub(super) organization: Option<OrganizationId>,
    pub(super) ids: HashMap<String, Uuid>,
    /// The number of the lease under which it runs.
    pub(super) fence: i64,
}

impl JobContext {
    /// The organization that the job enters.
    ///
    /// # Errors
    /// Where it was enqueued without one.
    pub fn organization(&self) -> Result<OrganizationId> {
        self.organization.ok_or_else(|| Error::Internal(anyhow::anyhow!("a job of this kind needs an organization")))
    }

    /// An id that the job carries.
    ///
    /// # Errors
    /// Where it was enqueued without one of this name.
    pub fn id_of<T: From<Uuid>>(&self, name: &'static str) -> Result<T> {
        let id = self.ids.get(name).copied();
        id.map(T::from).ok_or_else(|| Error::Internal(anyhow::anyhow!("a job of this kind needs the id {name:?}")))
    }

    /// Begins a transaction inside the job's organization.
    ///
    /// # Errors
    /// Where the database does not answer, or the job has no organization.
    pub async fn begin(&self, app: &App) -> Result<Tx> {
        app.db.begin_worker(self.organization()?).await
    }

    /// Who acts, for the audit: the program itself.
    ///
    /// # Errors
    /// Where the job has no organization.
    pub fn by(&self) -> Result<By> {
        Ok(By::system(self.organization()?))
    }

    /// Deletes what is too old, batch by batch, each in a transaction of its own: `purge` deletes so many at most, and says
    /// how many there were. The job ends with the first batch that is not full.
    ///
    /// # Errors
    /// As [`Self::begin`] and [`Self::commit`].
    pub async fn purge(
        &self,
        app: &App,
        purge: for<'t> fn(&'t mut Tx, i32) -> BoxFuture<'t, Result<i64>>,
    ) -> Result<()> {
        loop {
            let mut tx = self.begin(app).await?;
            if purge(&mut tx, PURGED).await? < i64::from(PURGED) {
                return self.commit(tx).await;
            }
            tx.commit().await?;
        }
    }

    /// Commits the work together with the end of the job: both or neither, and neither where another worker has taken
    /// the job over. Work that is one transaction should end like this; it then happens exactly once.
    ///
    /// # Errors
    /// Where the database does not answer, or the lease is lost.
    pub async fn commit(&self, mut tx: Tx) -> Result<()> {
        if !queue::finish(&mut tx, self.id, self.fence).await? {
            return Err(Error::Conflict("The lease of this job was lost".to_owned()));
        }
        tx.commit().await
    }
}
