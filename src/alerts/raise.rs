//! How alerts come, and come back: raised by people and rules, woken by timers.

use serde_json::{Value, json};

use super::model::{AlertStatus, Refusal, Severity};
use super::moves;
use super::queries::row::Row;
use super::queries::save::Columns;
use super::queries::{one, raise as queries};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, By, Event, StatusChange};
use crate::ids::{AlertId, FacilityId, PatientId, ThreadId};

/// An alert to be raised.
#[derive(Clone, Debug)]
pub struct NewAlert {
    /// Its identifier, made before it, so that a form sent twice raises one.
    pub id: AlertId,
    /// Where it belongs; taken from the patient where it is not given.
    pub facility: Option<FacilityId>,
    /// Whom it is about.
    pub patient: Option<PatientId>,
    /// The conversation that it is about.
    pub thread: Option<ThreadId>,
    /// What it is about, as in the catalogue.
    pub kind: String,
    /// How grave.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// Why, in one more line.
    pub body: String,
    /// The evidence.
    pub payload: Value,
    /// While an alert with this key is open, another occurrence counts it up.
    pub dedupe_key: Option<String>,
    /// When it should be dealt with.
    pub due_at: Option<Timestamp>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The alert: the new one, or the open one that says the same.
    pub id: AlertId,
    /// Whether it is new.
    pub new: bool,
}

/// Raises an alert, or counts up the open one that says the same, and writes it down.
///
/// # Errors
/// Where the patient or the facility is out of reach, or the database does not answer.
pub async fn raise(tx: &mut Tx, by: &By, new: &NewAlert) -> Result<Raised> {
    let inserted = queries::insert(tx, by, new).await?;
    let action = if inserted.new { Action::Create } else { Action::Update };
    let event = Event::new(action, "alert").of(inserted.id).about(new.patient).at(inserted.facility_id);
    events::record(tx, by, event.with(json!({ "severity": new.severity, "type": new.kind }))).await?;
    if inserted.new {
        let change = StatusChange {
            subject: "alert",
            id: inserted.id.uuid(),
            from: None,
            to: AlertStatus::Active.as_str(),
            reason: None,
            patient: new.patient,
            facility: inserted.facility_id,
        };
        events::status_change(tx, by, &change).await?;
    }
    Ok(Raised { id: inserted.id, new: inserted.new })
}

/// Returns snoozed alerts whose time has come to the queue, at most `limit`; says how many.
///
/// # Errors
/// Where the database does not answer.
pub async fn wake_due(tx: &mut Tx, by: &By, limit: i64) -> Result<usize> {
    let ids = queries::due(tx, by.organization, limit).await?;
    let rows = one::lock(tx, by.organization, &ids).await?;
    let now = one::now(tx).await?;
    for row in &rows {
        come_back(tx, by, row, row.alert().wake(now)).await?;
    }
    Ok(rows.len())
}

/// Returns alerts whose acknowledgement was not followed by anything for too long, at most `limit`; says how many.
///
/// # Errors
/// Where the database does not answer.
pub async fn return_unconfirmed(tx: &mut Tx, by: &By, limit: i64) -> Result<usize> {
    let ids = queries::unconfirmed(tx, by.organization, limit).await?;
    let rows = one::lock(tx, by.organization, &ids).await?;
    let now = one::now(tx).await?;
    for row in &rows {
        // The end was stored with the acknowledgement and has passed, whatever the rule would say of one made today.
        let ended = row
            .acknowledged_at
            .zip(row.severity.acknowledgement_holds())
            .map_or(now, |(at, holds)| now.max(at + holds));
        come_back(tx, by, row, row.alert().time_out(ended)).await?;
    }
    Ok(rows.len())
}

/// Keeps what the rules granted; what they refuse has moved on and is left alone.
async fn come_back(tx: &mut Tx, by: &By, row: &Row, moved: Result<super::model::Alert, Refusal>) -> Result<()> {
    if let Ok(moved) = moved {
        let before = Columns::of(row);
        let after = before.moved(&moved);
        moves::keep(tx, by, row, &before, &after, Action::StatusChanged, false).await?;
    }
    Ok(())
}
