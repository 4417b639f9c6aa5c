//! The SQL of the queue. The database's clock decides what is due and which leases have run out.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use super::JobContext;
use super::pages::Line;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{JobId, OrganizationId};

/// Takes up to `most` due jobs of these kinds under a lease. Kinds that this replica does not know are left to one that
/// does: while an upgrade is under way, not all replicas are equal.
pub(super) async fn claim(
    tx: &mut Tx,
    worker: &str,
    kinds: &[String],
    most: i64,
    lease: Duration,
) -> Result<Vec<JobContext>> {
    let rows = sqlx::query!(
        "WITH due AS (
             SELECT id FROM job
              WHERE state = 'QUEUED' AND run_at <= NOW() AND kind = ANY ($2)
              ORDER BY run_at
              LIMIT $3
                FOR UPDATE SKIP LOCKED
         )
         UPDATE job
            SET state = 'RUNNING', attempts = attempts + 1, fence = fence + 1, locked_by = $1,
                locked_until = NOW() + MAKE_INTERVAL(secs => $4)
           FROM due
          WHERE job.id = due.id
      RETURNING job.id, organization_id, kind, payload, attempts, fence",
        worker,
        kinds,
        most,
        lease.as_secs_f64(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| JobContext {
            id: JobId::from(row.id),
            kind: row.kind,
            attempt: row.attempts,
            organization: row.organization_id.map(OrganizationId::from),
            ids: serde_json::from_value::<HashMap<String, Uuid>>(row.payload).unwrap_or_default(),
            fence: row.fence,
        })
        .collect())
}

/// Holds on to a job that takes longer. False where the lease is lost.
pub(super) async fn renew(tx: &mut Tx, job: JobId, fence: i64, lease: Duration) -> Result<bool> {
    let rows = sqlx::query!(
        "UPDATE job SET locked_until = NOW() + MAKE_INTERVAL(secs => $3) WHERE id = $1 AND fence = $2 AND state = 'RUNNING'",
        job.uuid(),
        fence,
        lease.as_secs_f64(),
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(rows == 1)
}

/// The job is done. False where the lease is lost, or it was done already.
pub(super) async fn finish(tx: &mut Tx, job: JobId, fence: i64) -> Result<bool> {
    let rows = sqlx::query!(
        "UPDATE job
            SET state = 'DONE', finished_at = NOW(), locked_by = NULL, locked_until = NULL, last_error = NULL
          WHERE id = $1 AND fence = $2 AND state = 'RUNNING'",
        job.uuid(),
        fence,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(rows == 1)
}

/// What became of a job whose attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is tried again later.
    Again,
    /// It was the last attempt.
    Dead,
    /// Another worker has it.
    Lost,
}

/// The attempt failed: again after `pause`, or never.
///
/// Here and below, a job that goes back gives up its key where another one with that key waits by now: one of the two
/// must, and the work is idempotent.
pub(super) async fn fail(tx: &mut Tx, job: JobId, fence: i64, error: &str, pause: Duration) -> Result<Fate> {
    let dead = sqlx::query_scalar!(
        r#"UPDATE job
              SET state = CASE WHEN attempts >= max_attempts THEN 'DEAD' ELSE 'QUEUED' END,
                  finished_at = CASE WHEN attempts >= max_attempts THEN NOW() END,
                  run_at = NOW() + MAKE_INTERVAL(secs => $4),
                  last_error = $3, locked_by = NULL, locked_until = NULL,
                  dedupe_key = CASE WHEN NOT EXISTS (SELECT FROM job AS twin WHERE twin.dedupe_key = job.dedupe_key AND twin.state = 'QUEUED')
                                    THEN dedupe_key END
            WHERE id = $1 AND fence = $2 AND state = 'RUNNING'
        RETURNING state = 'DEAD' AS "dead!""#,
        job.uuid(),
        fence,
        error,
        pause.as_secs_f64(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(match dead {
        Some(true) => Fate::Dead,
        Some(false) => Fate::Again,
        None => Fate::Lost,
    })
}

/// Takes one job back from a worker that has died. False where there is none.
pub(super) async fn reclaim(tx: &mut Tx) -> Result<bool> {
    let rows = sqlx::query!(
        "UPDATE job
            SET state = CASE WHEN attempts >= max_attempts THEN 'DEAD' ELSE 'QUEUED' END,
                finished_at = CASE WHEN attempts >= max_attempts THEN NOW() END,
                last_error = 'the worker died, or was cut off from the database', locked_by = NULL, locked_until = NULL,
                dedupe_key = CASE WHEN NOT EXISTS (SELECT FROM job AS twin WHERE twin.dedupe_key = job.dedupe_key AND twin.state = 'QUEUED')
                                  THEN dedupe_key END
          WHERE id = (SELECT id FROM job WHERE state = 'RUNNING' AND locked_until < NOW() LIMIT 1 FOR UPDATE SKIP LOCKED)",
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(rows == 1)
}

/// Gives back what this worker holds, as if it had never been tried: the process ends.
pub(super) async fn release(tx: &mut Tx, worker: &str) -> Result<u64> {
    let rows = sqlx::query!(
        "UPDATE job
            SET state = 'QUEUED', attempts = attempts - 1, fence = fence + 1, run_at = NOW(), locked_by = NULL, locked_until = NULL,
                dedupe_key = CASE WHEN NOT EXISTS (SELECT FROM job AS twin WHERE twin.dedupe_key = job.dedupe_key AND twin.state = 'QUEUED')
                                  THEN dedupe_key END
          WHERE locked_by = $1 AND state = 'RUNNING'",
        worker,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(rows)
}

/// Jobs of a state for the page: the organization's, and the machinery's own, which belong to nobody.
pub(super) async fn lines(tx: &mut Tx, organization: Uuid, state: &str, most: i64) -> Result<Vec<Line>> {
    Ok(sqlx::query_as!(
        Line,
        r#"SELECT id AS "id: JobId", kind, attempts, max_attempts, last_error AS error,
                  COALESCE(finished_at, locked_until, run_at) AS "at!: Timestamp"
             FROM job
            WHERE (organization_id = $1 OR organization_id IS NULL) AND state = $2
            ORDER BY CASE WHEN state = 'QUEUED' THEN run_at END, finished_at DESC, id
            LIMIT $3"#,
        organization,
        state,
        most,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// A dead job begins anew. False where there is none such.
pub(super) async fn revive(tx: &mut Tx, job: JobId) -> sqlx::Result<bool> {
    let rows = sqlx::query!(
        "UPDATE job SET state = 'QUEUED', attempts = 0, run_at = NOW(), finished_at = NULL WHERE id = $1 AND state = 'DEAD'",
        job.uuid(),
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(rows == 1)
}

/// A dead job leaves the list. False where there is none such.
pub(super) async fn discard(tx: &mut Tx, job: JobId) -> sqlx::Result<bool> {
    let rows = sqlx::query!(
        "UPDATE job SET state = 'DISCARDED', finished_at = NOW() WHERE id = $1 AND state = 'DEAD'",
        job.uuid()
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(rows == 1)
}

/// Whether there is such a job within reach, in whatever state.
pub(super) async fn exists(tx: &mut Tx, job: JobId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM job WHERE id = $1) AS "exists!""#, job.uuid())
        .fetch_one(&mut **tx)
        .await
}
