//! What the timers do: alerts that were put aside or taken come back to the queue.

use super::raise::{return_unconfirmed, wake_due};
use crate::app::App;
use crate::error::Result;
use crate::jobs::JobContext;

/// Alerts moved in one transaction: nobody waits long for their locks.
const BATCH: u16 = 200;

/// `alerts.wake`: snoozes that have ended.
///
/// # Errors
/// Where the database does not answer.
pub async fn wake(app: App, job: JobContext) -> Result<()> {
    loop {
        let mut tx = job.begin(&app).await?;
        if wake_due(&mut tx, &job.by()?, i64::from(BATCH)).await? < usize::from(BATCH) {
            return job.commit(tx).await;
        }
        tx.commit().await?;
    }
}

/// `alerts.unconfirmed`: acknowledgements that nothing has followed for too long.
///
/// # Errors
/// Where the database does not answer.
pub async fn unconfirmed(app: App, job: JobContext) -> Result<()> {
    loop {
        let mut tx = job.begin(&app).await?;
        if return_unconfirmed(&mut tx, &job.by()?, i64::from(BATCH)).await? < usize::from(BATCH) {
            return job.commit(tx).await;
        }
        tx.commit().await?;
    }
}
