//! Work for later: enqueued in the transaction that makes it necessary, done once, tried again when it fails.
//!
//! - [`enqueue`] puts a job into the caller's transaction: no commit, no job; no job, no commit.
//! - [`worker`] claims jobs with `FOR UPDATE SKIP LOCKED` under a lease. Each lease has a fence: a worker that lost its
//!   lease can neither finish the job nor, through [`JobContext::commit`], write anything of it.
//! - What fails is tried again with growing pauses, and ends as DEAD on `/admin/jobs`, where a person decides.
//! - [`schedule`] holds every timer of the application; [`work`] names the function behind every kind of job.
//!
//! A job carries ids and nothing else. It enters one organization, as `almoner_worker`, behind the same wall as a
//! request; jobs of the machinery itself (purging, sealing) enter none.
//!
//! Why not `underway` 0.2, which fits sqlx 0.8: its workers begin transactions of their own on a plain pool, so they
//! would have no role and no organization; it wakes its workers by a `NOTIFY` trigger in the writing transaction, which
//! was measured at 3.7 times the cost of the write; and its tables come with migrations of their own, outside row-level
//! security. What remained to be written is the few hundred lines here.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use crate::access::Permission::RunSystem;
use crate::db::Tx;
use crate::db::signals::Signal;
use crate::error::Result;
use crate::ids::{JobId, OrganizationId};
use crate::web::Routes;

mod chores;
mod context;
mod failure;
mod handlers;
mod pages;
mod queue;
pub mod schedule;
pub mod work;
pub mod worker;

pub use context::JobContext;
pub use work::Handlers;
pub use worker::{Pace, Worker};

/// How often a job is tried unless it says otherwise. With the pauses of [`worker`], the last attempt comes some nine
/// hours after the first: long enough for somebody to notice and mend what is broken.
const ATTEMPTS: i32 = 12;

/// The page of those who run the system.
pub fn routes() -> Routes {
    Routes::new()
        .get("/admin/jobs", RunSystem, handlers::list)
        .post("/admin/jobs/{id}/retry", RunSystem, handlers::retry)
        .post("/admin/jobs/{id}/discard", RunSystem, handlers::discard)
}

/// A job to be enqueued.
#[derive(Clone, Debug)]
pub struct NewJob {
    kind: &'static str,
    organization: Option<OrganizationId>,
    ids: BTreeMap<&'static str, Uuid>,
    after: Duration,
    attempts: i32,
    dedupe_key: Option<String>,
}

impl NewJob {
    /// A job of this kind inside one organization. Kinds are lower case with dots: `alerts.wake`.
    #[must_use]
    pub const fn within(organization: OrganizationId, kind: &'static str) -> Self {
        Self {
            kind,
            organization: Some(organization),
            ids: BTreeMap::new(),
            after: Duration::ZERO,
            attempts: ATTEMPTS,
            dedupe_key: None,
        }
    }

    /// An id that the job needs. Ids are all that a job carries: what they stand for is read when it runs.
    #[must_use]
    pub fn with(mut self, name: &'static str, id: impl Into<Uuid>) -> Self {
        self.ids.insert(name, id.into());
        self
    }

    /// Not before this much time has passed.
    #[must_use]
    pub const fn after(mut self, pause: Duration) -> Self {
        self.after = pause;
        self
    }

    /// How often it is tried at most.
    #[must_use]
    pub const fn attempts(mut self, attempts: i32) -> Self {
        self.attempts = attempts;
        self
    }

    /// While a job with this key waits, no second one is added.
    #[must_use]
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.dedupe_key = Some(key.into());
        self
    }
}

/// Adds `job` to the caller's transaction. Says whether it was added, rather than waiting there already.
///
/// # Errors
/// Where the database does not answer.
pub async fn enqueue(tx: &mut Tx, job: NewJob) -> Result<bool> {
    let payload = serde_json::to_value(&job.ids)?;
    // No conflict target: naming one would ask for the right to read jobs, which only administrators have.
    let added = sqlx::query!(
        "INSERT INTO job (id, organization_id, kind, payload, run_at, max_attempts, dedupe_key)
         VALUES ($1, $2, $3, $4, NOW() + MAKE_INTERVAL(secs => $5), $6, $7)
             ON CONFLICT DO NOTHING",
        JobId::new().uuid(),
        job.organization.map(OrganizationId::uuid),
        job.kind,
        payload,
        job.after.as_secs_f64(),
        job.attempts,
        job.dedupe_key,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    tx.signal(Signal::Job);
    Ok(added == 1)
}
