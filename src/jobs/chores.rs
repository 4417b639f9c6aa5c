//! What the machinery does for itself.

use super::JobContext;
use crate::access::Role;
use crate::accounts;
use crate::app::App;
use crate::error::Result;

/// Rows that one statement deletes: no statement of a chore holds locks for long.
const BATCH: i64 = 5_000;

/// Deletes jobs that are done, after a day, and dead or discarded ones after ninety: by then somebody has seen them.
pub(super) async fn purge_jobs(app: App, _job: JobContext) -> Result<()> {
    loop {
        let mut tx = app.db.begin_system().await?;
        let deleted = sqlx::query!(
            "DELETE FROM job
              WHERE id IN (SELECT id FROM job
                            WHERE (state = 'DONE' AND finished_at < NOW() - INTERVAL '1 day')
                               OR (state IN ('DEAD', 'DISCARDED') AND finished_at < NOW() - INTERVAL '90 days')
                            LIMIT $1)",
            BATCH,
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        if deleted < BATCH.unsigned_abs() {
            return Ok(());
        }
    }
}

/// Deletes counters that count nothing any more. The longest window is a quarter of an hour.
pub(super) async fn purge_limits(app: App, _job: JobContext) -> Result<()> {
    sqlx::query!(
        "DELETE FROM rate_limit
          WHERE window_start < NOW() - INTERVAL '1 day' AND (blocked_until IS NULL OR blocked_until < NOW())"
    )
    .execute(app.db.auth())
    .await?;
    Ok(())
}

/// Closes the books on sessions that ended by themselves, and deletes what the store kept of them.
pub(super) async fn purge_sessions(app: App, _job: JobContext) -> Result<()> {
    let idle = |role| accounts::idle_limit(role).as_secs_f64();
    sqlx::query!(
        "UPDATE user_session
            SET ended_at = NOW(), end_reason = CASE WHEN expires_at <= NOW() THEN 'EXPIRED' ELSE 'IDLE' END
          WHERE ended_at IS NULL
            AND (expires_at <= NOW()
                 OR last_seen_at <= NOW() - MAKE_INTERVAL(secs => CASE role WHEN 'PATIENT' THEN $1::float8 ELSE $2::float8 END))",
        idle(Role::Patient),
        idle(Role::Clinician),
    )
    .execute(app.db.auth())
    .await?;
    let sessions = accounts::SessionRows::new(app.db.auth().clone());
    sessions.delete_expired().await.map_err(anyhow::Error::from)?;
    Ok(())
}
