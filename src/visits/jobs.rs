//! What the timers do: holds end, and requests that nobody answers are brought to mind.

use super::moves;
use super::queries::slots;
use super::video;
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

/// `visits.calls`: ends video sessions in which nobody is any more.
///
/// # Errors
/// Where the database does not answer.
pub async fn end_calls(app: App, job: JobContext) -> Result<()> {
    let mut tx = job.begin(&app).await?;
    video::moves::end_deserted(&mut tx, &job.by()?, BATCH).await?;
    job.commit(tx).await
}

/// `visits.reminders`: reminds patients of visits a day and two hours before, where that was not scheduled with the visit.
///
/// # Errors
/// Where the database does not answer.
pub async fn remind_patients(app: App, job: JobContext) -> Result<()> {
    let mut tx = job.begin(&app).await?;
    moves::remind_patients(&mut tx, &job.by()?, BATCH).await?;
    job.commit(tx).await
}
