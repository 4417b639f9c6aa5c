//! When rules are looked at.

use super::evaluate::{Cause, evaluate as look};
use super::queries::{self, Touched};
use crate::app::App;
use crate::error::Result;
use crate::ids::PatientId;
use crate::jobs::JobContext;

/// Patients and metrics of one transaction.
const BATCH: u16 = 1_000;

/// `rules.purge`: deletes looks that came to nothing longer ago than the organization keeps them.
///
/// # Errors
/// Where the database does not answer.
pub async fn purge(app: App, job: JobContext) -> Result<()> {
    job.purge(&app, |tx, batch| Box::pin(queries::purge(tx, batch))).await
}

/// `rules.evaluate`: for whatever readings have arrived. The database adds this job with the readings.
///
/// # Errors
/// Where the database does not answer.
pub async fn evaluate(app: App, job: JobContext) -> Result<()> {
    loop {
        let mut tx = job.begin(&app).await?;
        let (touched, more) = queries::take(&mut tx, job.organization()?, i64::from(BATCH)).await?;
        look(&app, &mut tx, &job.by()?, Cause::Reading, &touched).await?;
        if !more {
            return job.commit(tx).await;
        }
        tx.commit().await?;
    }
}

/// `rules.missing`: for readings that have not arrived; and for what was held back, what failed, or whose job was lost.
///
/// # Errors
/// Where the database does not answer.
pub async fn missing(app: App, job: JobContext) -> Result<()> {
    let organization = job.organization()?;
    let mut tx = job.begin(&app).await?;
    let metrics = queries::missed(&mut tx, organization).await?;
    queries::remember(&mut tx, organization).await?;
    tx.commit().await?;
    loop {
        let mut tx = job.begin(&app).await?;
        let (touched, more) = queries::take(&mut tx, organization, i64::from(BATCH)).await?;
        look(&app, &mut tx, &job.by()?, Cause::Reading, &touched).await?;
        tx.commit().await?;
        if !more {
            break;
        }
    }
    let mut after = PatientId::NIL;
    loop {
        let mut tx = job.begin(&app).await?;
        let patients = queries::patients(&mut tx, organization, after, i64::from(BATCH)).await?;
        let since = app.clock.now();
        let touched: Vec<Touched> = patients
            .iter()
            .flat_map(|patient| metrics.iter().map(move |metric| Touched { patient: *patient, metric: *metric, since }))
            .collect();
        look(&app, &mut tx, &job.by()?, Cause::Schedule, &touched).await?;
        match patients.last() {
            Some(last) if !metrics.is_empty() => after = *last,
            _ => return job.commit(tx).await,
        }
        tx.commit().await?;
    }
}
