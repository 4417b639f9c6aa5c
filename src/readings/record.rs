//! The one place through which every reading comes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::json;

use super::derive;
use super::metric::Metric;
use super::model::{NewReading, Refusal};
use super::queries;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::db::signals::Signal;
use crate::error::Result;
use crate::events::{self, Action, By, Event};
use crate::ids::{ObservationId, PatientId};

/// What became of the readings that were given.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Those that are new, with what was derived from them.
    pub kept: Vec<NewReading>,
    /// Those that were there already, by their place in what was given.
    pub duplicates: Vec<usize>,
    /// Those that cannot be this patient's, by their place in what was given, and why.
    pub refused: Vec<(usize, Refusal)>,
}

impl Recorded {
    /// Which metrics of which patients are new, and since when: what rules have to look at again.
    #[must_use]
    pub fn touched(&self) -> BTreeMap<(PatientId, Metric), Timestamp> {
        let mut touched = BTreeMap::new();
        for reading in &self.kept {
            let since = touched.entry((reading.patient(), reading.metric())).or_insert(reading.at());
            *since = (*since).min(reading.at());
        }
        touched
    }
}

/// Keeps `readings` in the caller's transaction, with what follows from them, and writes that down. A reading that is there
/// already (same patient, metric, moment and value) is not kept twice. Nothing outside this function inserts readings.
/// For a service account `tx` is one that may only call the ingest functions: these then do what the tables are closed to.
///
/// # Errors
/// Where the database does not answer or refuses: all or nothing.
pub async fn record(tx: &mut Tx, by: &By, readings: Vec<NewReading>) -> Result<Recorded> {
    let patients: BTreeSet<PatientId> = readings.iter().map(NewReading::patient).collect();
    let service = by.kind == "SERVICE";
    let bodies = if service {
        queries::bodies_for_service(tx, &patients).await?
    } else {
        queries::bodies(tx, by.organization, &patients).await?
    };
    let (given, refused) = with_their_bodies(readings, &bodies);
    let all = with_derived(given.iter().map(|(_, reading)| reading), &bodies);
    let new = if service {
        queries::insert_for_service(tx, &all, &bodies).await?
    } else {
        queries::insert(tx, by, &all, &bodies).await?
    };

    let duplicates =
        given.iter().filter(|(_, reading)| !new.contains(&reading.id())).map(|(place, _)| *place).collect();
    let kept: Vec<NewReading> = all.into_iter().filter(|reading| new.contains(&reading.id())).collect();
    for patient in patients {
        written_down(tx, by, patient, &kept).await?;
    }
    if !kept.is_empty() {
        // The database has added a job where something looks at such readings; nobody should wait for it.
        tx.signal(Signal::Job);
    }
    Ok(Recorded { kept, duplicates, refused })
}

type Placed<T> = Vec<(usize, T)>;

/// Sets aside what was measured before its patient was born, and what is of nobody.
fn with_their_bodies(readings: Vec<NewReading>, bodies: &queries::Bodies) -> (Placed<NewReading>, Placed<Refusal>) {
    let (mut given, mut refused) = (Vec::with_capacity(readings.len()), Vec::new());
    for (place, reading) in readings.into_iter().enumerate() {
        match bodies.get(&reading.patient()) {
            None => refused.push((place, Refusal::new("patient", "There is no such patient"))),
            // A day's grace: the zone in which somebody was born is not known.
            Some(body) if body.born.is_some_and(|born| reading.at().date_naive() + chrono::Days::new(1) < born) => {
                refused.push((place, Refusal::new("at", "The time of the reading lies before the date of birth")));
            }
            Some(_) => given.push((place, reading)),
        }
    }
    (given, refused)
}

/// The readings, and behind them what follows. Where a device gives SDNN and RMSSD, the measured one stands.
fn with_derived<'a>(
    readings: impl Iterator<Item = &'a NewReading> + Clone,
    bodies: &queries::Bodies,
) -> Vec<NewReading> {
    let measured: HashSet<_> = readings.clone().map(|one| (one.patient(), one.metric(), one.at())).collect();
    let derived = readings
        .clone()
        .filter_map(|one| derive::from_reading(one, bodies.get(&one.patient()).copied().unwrap_or_default()))
        .filter(|one| !measured.contains(&(one.patient(), one.metric(), one.at())));
    readings.cloned().chain(derived).collect()
}

/// One event for each patient: how many readings of which metrics. Values stay where they are.
async fn written_down(tx: &mut Tx, by: &By, patient: PatientId, kept: &[NewReading]) -> Result<()> {
    let theirs: Vec<_> = kept.iter().filter(|reading| reading.patient() == patient).collect();
    let Some(first) = theirs.first() else { return Ok(()) };
    let metrics: BTreeSet<_> = theirs.iter().map(|reading| reading.metric().as_str()).collect();
    let details = json!({ "readings": theirs.len(), "metrics": metrics, "source": first.source.as_str() });
    if by.kind == "SERVICE" {
        return queries::audit_for_service(tx, by, patient, first.id(), &details).await;
    }
    let event = Event::new(Action::Create, "observation").of(first.id()).about(Some(patient)).with(details);
    events::record(tx, by, event).await?;
    Ok(())
}

/// Marks a reading, and what was derived from it, as entered in error. It stays in the record. Says whether there was such
/// a reading that stood and that this person may mark.
///
/// # Errors
/// Where the database does not answer or refuses.
pub async fn mark_error(tx: &mut Tx, by: &By, patient: PatientId, id: ObservationId, reason: &str) -> Result<bool> {
    if !queries::mark_error(tx, by.organization, patient, id, reason).await? {
        return Ok(false);
    }
    let event = Event::new(Action::StatusChanged, "observation")
        .of(id)
        .about(Some(patient))
        .with(json!({ "to": "ENTERED_IN_ERROR" }));
    events::record(tx, by, event).await?;
    tx.signal(Signal::Job);
    Ok(true)
}
