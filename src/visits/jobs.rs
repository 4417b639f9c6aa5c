//! What the timers do: holds end, and requests that nobody answers are brought to mind.

use super::moves;
use super::queries::slots;
use crate::app::App;
use crate::error::Result;
use crate::ids::SlotId;
use crate::jobs::JobContext;

/// Rows moved in one transaction: nobody waits long for their locks.
const BATCH: i64 = 200;

/// `visits.holds`: ends holds whose time is over. A hold that has ended books nothing even before this has run.
///
/// # Errors
/// Where the database does not answer.
pub async fn end_holds(app: App, job: JobContext) -> Result<()> {
    loop {
        let mut tx = job.begin(&app).await?;
        let ended = slots::lapsed(&mut tx, job.organization()?, None, BATCH).await?;
        for id in &ended {
            moves::lapse(&mut tx, &job.by()?, SlotId::from(*id)).await?;
        }
        if i64::try_from(ended.len()).is_ok_and(|count| count < BATCH) {
            return job.commit(tx).await;
        }
        tx.commit().await?;
    }
}

/// `visits.remind`: raises an alert for each request that has waited too long for its first answer.
///
/// # Errors
/// Where the database does not answer.
pub async fn remind(app: App, job: JobContext) -> Result<()> {
    let mut tx = job.begin(&app).await?;
    moves::remind(&mut tx, &job.by()?, BATCH).await?;
    job.commit(tx).await
}

/// `visits.unmarked`: raises an alert where visits are over and nobody said who came.
///
/// # Errors
/// Where the database does not answer.
pub async fn unmarked(app: App, job: JobContext) -> Result<()> {
    let mut tx = job.begin(&app).await?;
    moves::remind_of_unmarked(&mut tx, &job.by()?).await?;
    job.commit(tx).await
}
