//! What happens to imports in the background.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::queries::{self, File, Work};
use super::report::{self, Report, UNLIKELY};
use super::stream::{self, Reading};
use super::{Found, State, Unreadable};
use crate::app::App;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event};
use crate::ids::{OrganizationId, ReadingImportId};
use crate::jobs::JobContext;
use crate::readings::record;

/// The kind of the job that reads a file.
pub(super) const CHECK: &str = "readings.check_import";

/// The kind of the job that takes its readings.
pub(super) const TAKE: &str = "readings.take_import";

/// The kind of the job, and of the timer, that deletes files that nobody needs.
pub(super) const SWEEP: &str = "readings.sweep_imports";

/// How often a page can see that something moves.
const SIGN: Duration = Duration::from_secs(1);

/// How long a file waits for a yes.
const PATIENCE: TimeDelta = TimeDelta::hours(24);

const GONE: Unreadable = Unreadable::new("The file is not there any more. Send it again.");
const NOTHING: Unreadable = Unreadable::new("The file holds no reading that is kept here.");

/// `readings.check_import`: reads a file to its end, and keeps nothing of it but numbers.
///
/// # Errors
/// Where the database or the store does not answer.
pub async fn check(app: App, job: JobContext) -> Result<()> {
    let (organization, id) = (job.organization()?, queries::of_job(&job)?);
    let Some((work, file)) = begin(&app, organization, id, State::Checking).await? else { return Ok(()) };
    let outcome = match open(&app, organization, file.as_ref(), &work).await? {
        Ok(reading) => preview(&app, organization, id, &work, reading).await?,
        Err(why) => Err(why),
    };
    let mut tx = job.begin(&app).await?;
    match outcome {
        Ok(Some((kind, preview))) => {
            queries::ready(&mut tx, organization, id, kind, &preview).await?;
        }
        // Discarded meanwhile.
        Ok(None) => {}
        Err(why) => {
            queries::refuse(&mut tx, organization, id, &why.0).await?;
        }
    }
    job.commit(tx).await?;
    tidy(&app, organization, id).await
}

async fn preview(
    app: &App,
    organization: OrganizationId,
    id: ReadingImportId,
    work: &Work,
    mut reading: Reading,
) -> Result<Result<Option<(super::Kind, Report)>, Unreadable>> {
    let (mut preview, mut sign) = (Report::default(), Instant::now());
    let now = app.clock.now();
    while let Some(batch) = reading.next().await {
        for found in batch {
            if let Found::Born(born) = found {
                preview.born_otherwise |= work.born.is_some_and(|known| known != born);
            }
            if let Some((one, unlikely, _)) = report::judge(found, work.patient, now, &mut preview) {
                preview.count(one.metric(), one.at(), unlikely, false);
            }
        }
        if sign.elapsed() > SIGN {
            sign = Instant::now();
            let mut tx = app.db.begin_worker(organization).await?;
            let wanted = queries::progressed(&mut tx, organization, id, reading.progress()).await?;
            tx.commit().await?;
            if !wanted {
                return Ok(Ok(None));
            }
        }
    }
    let kind = reading.kind;
    Ok(match reading.finish().await? {
        Ok(()) if preview.readings() == 0 && preview.left.is_empty() => Err(NOTHING),
        Ok(()) => Ok(Some((kind, preview))),
        Err(why) => Err(why),
    })
}

/// `readings.take_import`: takes the readings of a confirmed file, in the name of who confirmed it. What a transaction took is noted in it:
/// cut off, it continues there.
///
/// # Errors
/// Where the database or the store does not answer.
pub async fn take(app: App, job: JobContext) -> Result<()> {
    let (organization, id) = (job.organization()?, queries::of_job(&job)?);
    let Some((work, file)) = begin(&app, organization, id, State::Importing).await? else { return Ok(()) };
    let mut reading = match open(&app, organization, file.as_ref(), &work).await? {
        Ok(reading) => reading,
        Err(why) => return give_up(&app, &job, id, &why).await,
    };
    let mut report = work.report.as_ref().map(|report| report.0.clone()).unwrap_or_default();
    let (mut at, mut skip) = (work.taken, usize::try_from(work.taken).unwrap_or(0));
    while let Some(mut batch) = reading.next().await {
        let old = skip.min(batch.len());
        batch.drain(..old);
        skip -= old;
        if batch.is_empty() {
            continue;
        }
        let to = at + i64::try_from(batch.len()).unwrap_or(0);
        let mut tx = job.begin(&app).await?;
        batch_in(&app, &mut tx, &work, organization, batch, &mut report).await?;
        if !queries::took(&mut tx, organization, id, (at, to), reading.progress(), &report).await? {
            return Err(Error::Conflict("Another worker takes this import".to_owned()));
        }
        tx.commit().await?;
        at = to;
    }
    if let Err(why) = reading.finish().await? {
        return give_up(&app, &job, id, &why).await;
    }
    let mut tx = job.begin(&app).await?;
    queries::done(&mut tx, organization, id, &report).await?;
    let numbers = serde_json::json!({ "to": "DONE", "readings": report.readings(), "known": report.known(), "left": report.left_count() });
    let event = Event::new(Action::StatusChanged, "reading_import").of(id).about(Some(work.patient)).with(numbers);
    events::record(&mut tx, &by(organization, &work), event).await?;
    job.commit(tx).await?;
    tidy(&app, organization, id).await
}

/// Some thousand readings, in one transaction.
async fn batch_in(
    app: &App,
    tx: &mut crate::db::Tx,
    work: &Work,
    organization: OrganizationId,
    batch: Vec<Found>,
    report: &mut Report,
) -> Result<()> {
    let now = app.clock.now();
    let (mut readings, mut places) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
    for found in batch {
        let Some((reading, unlikely, place)) = report::judge(found, work.patient, now, report) else { continue };
        if unlikely && !work.with_unlikely {
            report.leave(UNLIKELY, &place, 1);
            continue;
        }
        places.push((reading.metric(), reading.at(), unlikely, place));
        readings.push(reading);
    }
    let recorded = record(tx, &by(organization, work), readings).await?;
    let known: std::collections::HashSet<usize> = recorded.duplicates.into_iter().collect();
    let refused: std::collections::HashMap<usize, String> =
        recorded.refused.into_iter().map(|(place, refusal)| (place, refusal.message)).collect();
    for (number, (metric, at, unlikely, place)) in places.into_iter().enumerate() {
        match refused.get(&number) {
            Some(why) => report.leave(why.clone(), &place, 1),
            None => report.count(metric, at, unlikely, known.contains(&number)),
        }
    }
    Ok(())
}

/// Who the job acts for: the person who sent the file and said yes.
fn by(organization: OrganizationId, work: &Work) -> By {
    let role = crate::access::Role::ALL.iter().map(|role| role.as_str()).find(|role| *role == work.role);
    By { kind: "USER", id: Some(work.user), role, ..By::system(organization) }
}

/// The import, where it is in this state, and its file.
async fn begin(
    app: &App,
    organization: OrganizationId,
    id: ReadingImportId,
    state: State,
) -> Result<Option<(Work, Option<File>)>> {
    let mut tx = app.db.begin_worker(organization).await?;
    let Some(work) = queries::work(&mut tx, organization, id).await?.filter(|work| work.state == state) else {
        return Ok(None);
    };
    drop(tx);
    let Some(key) = work.key.clone() else { return Ok(Some((work, None))) };
    let there = app.files.stored_size(&key).await?.is_some();
    let file = there.then(|| File { id, key, size: u64::try_from(work.size).unwrap_or(0) });
    Ok(Some((work, file)))
}

async fn open(
    app: &App,
    organization: OrganizationId,
    file: Option<&File>,
    work: &Work,
) -> Result<Result<Reading, Unreadable>> {
    let Some(file) = file else { return Ok(Err(GONE)) };
    stream::open(app, organization, file, work.zone.parse().unwrap_or(Tz::UTC)).await
}

async fn give_up(app: &App, job: &JobContext, id: ReadingImportId, why: &Unreadable) -> Result<()> {
    let organization = job.organization()?;
    let mut tx = job.begin(app).await?;
    queries::refuse(&mut tx, organization, id, &why.0).await?;
    job.commit(tx).await?;
    tidy(app, organization, id).await
}

/// Deletes the file of an import that is finished. Where that fails, [`sweep`] does it.
async fn tidy(app: &App, organization: OrganizationId, id: ReadingImportId) -> Result<()> {
    let mut tx = app.db.begin_worker(organization).await?;
    let work = queries::work(&mut tx, organization, id).await?;
    drop(tx);
    match work {
        Some(Work { state: State::Done | State::Refused | State::Discarded, key: Some(key), .. }) => {
            remove(app, organization, id, &key).await
        }
        _ => Ok(()),
    }
}

async fn remove(app: &App, organization: OrganizationId, id: ReadingImportId, key: &str) -> Result<()> {
    app.files.remove(key).await?;
    let mut tx = app.db.begin_worker(organization).await?;
    queries::file_gone(&mut tx, organization, id).await?;
    tx.commit().await
}

/// `readings.sweep_imports`: files whose import is finished, or that nobody confirmed within a day.
///
/// # Errors
/// Where the database or the store does not answer.
pub async fn sweep(app: App, job: JobContext) -> Result<()> {
    let organization = job.organization()?;
    let mut tx = app.db.begin_worker(organization).await?;
    let leftovers = queries::leftovers(&mut tx, organization, app.clock.now() - PATIENCE).await?;
    tx.commit().await?;
    for (id, key) in leftovers {
        remove(&app, organization, id, &key).await?;
    }
    let tx = job.begin(&app).await?;
    job.commit(tx).await
}
