//! The jobs on the audit: sealing what has been written, and making list views findable by patient.

use tracing::error;

use super::content::{Content, GENESIS, segment_hash};
use super::heads::{self, Head};
use super::queries;
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::OrganizationId;
use crate::jobs::JobContext;

/// Events in one segment: a few megabytes to hash at once.
const SEGMENT: i64 = 5_000;
/// Segments that one run seals; the rest waits a minute.
const SEGMENTS: usize = 20;
/// Rows of `audit_patient` after which a run stops: it shares the machine with the pages.
const INDEX_ROWS: u64 = 50_000;

/// The job that seals what has been written since the last run.
///
/// # Errors
/// Where the database does not answer, or the last segment is not as it was sealed.
pub async fn seal(app: App, job: JobContext) -> Result<()> {
    seal_organization(&app, job.organization()?).await
}

/// The job that makes the list views of sealed segments findable by patient.
///
/// # Errors
/// Where the database does not answer.
pub async fn index_patients(app: App, job: JobContext) -> Result<()> {
    index_organization(&app, job.organization()?).await
}

/// Seals what an organization has written since the last run. Each segment first checks the one before it.
///
/// # Errors
/// Where the database does not answer, or the last segment is not as it was sealed.
pub async fn seal_organization(app: &App, organization: OrganizationId) -> Result<()> {
    for _ in 0..SEGMENTS {
        let mut tx = app.db.begin_worker(organization).await?;
        queries::lock(&mut tx, organization).await?;
        let Some(events) = take(&mut tx, organization).await? else {
            return tx.commit().await;
        };
        let (number, previous) = continued(&mut tx, organization).await?;
        let hash = segment_hash(&previous, &events);
        let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
        queries::add_segment(&mut tx, organization, number, &seqs, &previous, &hash).await?;
        tx.commit().await?;
        heads::append(app, &Head { organization, number, events: seqs.len(), hash: hex::encode(hash) })?;
    }
    Ok(())
}

/// Makes the list views of an organization's sealed segments findable by patient, a few segments a run.
///
/// # Errors
/// Where the database does not answer.
pub async fn index_organization(app: &App, organization: OrganizationId) -> Result<()> {
    let mut rows = 0;
    while rows < INDEX_ROWS {
        let mut tx = app.db.begin_worker(organization).await?;
        let (_, indexed) = queries::progress(&mut tx, organization).await?;
        if queries::segment(&mut tx, organization, indexed + 1).await?.is_none() {
            break;
        }
        rows += queries::index_segment(&mut tx, organization, indexed + 1).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The next events to seal, in their order, if there are any; notes how far that comes.
async fn take(tx: &mut Tx, organization: OrganizationId) -> Result<Option<Vec<Content>>> {
    let (horizon, _) = queries::progress(tx, organization).await?;
    let running = queries::oldest_running(tx).await?;
    // A restored database counts its transactions anew: look at everything once.
    let horizon = if horizon > running { 0 } else { horizon };
    let mut events = queries::unsealed(tx, organization, horizon, SEGMENT).await?;
    let whole = i64::try_from(events.len()).is_ok_and(|count| count < SEGMENT);
    let reached = events.last().filter(|_| !whole).map_or(running, |last| last.xid.min(running));
    queries::set_horizon(tx, organization, reached).await?;
    events.sort_unstable_by_key(|event| event.seq);
    let events: Vec<_> = events.into_iter().map(|event| Content { seq: event.seq, text: event.text }).collect();
    Ok(Some(events).filter(|events| !events.is_empty()))
}

/// The number of the next segment and the hash that it continues, once the segment before it has been checked.
async fn continued(tx: &mut Tx, organization: OrganizationId) -> Result<(i64, Vec<u8>)> {
    let Some(last) = queries::last_segment(tx, organization).await? else { return Ok((1, GENESIS.to_vec())) };
    let stored = queries::sealed(tx, organization, last.number).await?;
    if segment_hash(&last.prev_hash, &stored)[..] != last.hash[..] {
        error!(organization.id = %organization, "Audit segment {} is not as it was sealed", last.number);
        return Err(Error::Internal(anyhow::anyhow!("audit segment {} does not verify", last.number)));
    }
    Ok((last.number + 1, last.hash))
}
