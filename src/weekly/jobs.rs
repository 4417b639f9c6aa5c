//! The timer that sums up weeks.

use sqlx::PgConnection;

use super::model::{Summary, Week, months};
use super::queries;
use crate::app::App;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId};
use crate::jobs::JobContext;

/// Patients summed up in one transaction.
const BATCH: i64 = 200;

/// `weekly.summaries`: sums up the last whole week of every patient with readings in it, in the zone of their facility.
/// A week that is summed up stays as it is: the job may run as often as it likes.
///
/// # Errors
/// Where the database does not answer.
pub async fn summarise(app: App, job: JobContext) -> Result<()> {
    let mut tx = job.begin(&app).await?;
    let organization = job.by()?.organization;
    let now = app.clock.now();
    for (facility, zone) in queries::zones(&mut tx, organization).await? {
        let week = Week::last(now, zone);
        while batch(&mut tx, organization, facility, week).await? == BATCH {
            tx.commit().await?;
            tx = job.begin(&app).await?;
        }
    }
    job.commit(tx).await
}

/// Sums up the last `weeks` weeks of an organization, for the demo.
///
/// # Errors
/// Where the database does not answer.
pub async fn fill(conn: &mut PgConnection, organization: OrganizationId, now: Timestamp, weeks: u64) -> Result<()> {
    for (facility, zone) in queries::zones(conn, organization).await? {
        for back in 0..weeks {
            let week = Week::last(now, zone).before(back);
            while batch(conn, organization, facility, week).await? == BATCH {}
        }
    }
    Ok(())
}

async fn batch(conn: &mut PgConnection, organization: OrganizationId, facility: FacilityId, week: Week) -> Result<i64> {
    let sums = queries::sums(conn, organization, facility, week, BATCH).await?;
    let summaries: Vec<_> = sums
        .iter()
        .map(|(patient, (born, sums))| {
            let age = born.and_then(|born| months(born, week.end()));
            (*patient, Summary::of(sums, age))
        })
        .collect();
    if !summaries.is_empty() {
        queries::keep(conn, organization, facility, week, &summaries).await?;
    }
    Ok(i64::try_from(summaries.len()).unwrap_or(i64::MAX))
}
