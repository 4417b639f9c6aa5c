//! What happens to video sessions: each move with its history and audit, in the caller's transaction.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand::RngCore as _;
use serde_json::json;

use super::model::{EndReason, Party, SessionStatus};
use super::queries::{self, SessionRow};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event, StatusChange};
use crate::ids::VisitId;
use crate::visits::model::{Mode, VisitStatus};
use crate::visits::moves;
use crate::visits::queries::visits::{self, VisitRow};
use crate::visits::refusal::told;

/// What is said where there is no call any more.
const OVER: &str = "This call is over.";

/// What is said where a visit cannot be a call of two.
const NO_ROOM: &str = "This visit has no video room.";

/// Whether a visit has a room of its own: by video, of one patient, with somebody.
#[must_use]
pub fn has_room(visit: &VisitRow) -> bool {
    visit.mode == Mode::Virtual && !visit.is_group && visit.staff_id.is_some()
}

/// Writes a move into the history and the audit.
async fn write_down(
    tx: &mut Tx,
    by: &By,
    visit: &VisitRow,
    session: &SessionRow,
    to: SessionStatus,
    why: Option<EndReason>,
) -> Result<()> {
    let change = StatusChange {
        subject: "virtual_session",
        id: session.id.uuid(),
        from: Some(session.status.as_str()),
        to: to.as_str(),
        reason: why.map(EndReason::as_str),
        patient: Some(visit.patient_id),
        facility: Some(visit.facility_id),
    };
    events::status_change(tx, by, &change).await?;
    let event = Event::new(Action::StatusChanged, "virtual_session")
        .of(session.id)
        .about(Some(visit.patient_id))
        .at(Some(visit.facility_id))
        .changing(json!({ "status": { "before": session.status.as_str(), "after": to.as_str() } }));
    events::record(tx, by, event).await?;
    Ok(())
}

/// Brings the patient or the clinician into the waiting room. Said twice, it is once. Patients are checked in with it.
///
/// # Errors
/// Where it is too early, the visit is over or has no room, or the clinician does not hold it.
pub async fn join(tx: &mut Tx, by: &By, visit: &VisitRow, party: Party) -> Result<SessionRow> {
    if !has_room(visit) {
        return Err(Error::Unprocessable(NO_ROOM.to_owned()));
    }
    if party == Party::Patient && visit.status == VisitStatus::Planned {
        moves::advance(tx, by, visit, VisitStatus::CheckedIn, None, None).await?;
    }
    let organization = by.organization;
    if queries::lock(tx, organization, visit.id).await?.is_none() {
        let mut room = [0; 24];
        rand::rng().fill_bytes(&mut room);
        queries::begin(tx, by, visit, &BASE64_URL_SAFE_NO_PAD.encode(room)).await.map_err(told)?;
    }
    let session = queries::lock(tx, organization, visit.id).await?;
    let session = session.ok_or_else(|| Error::Unprocessable(NO_ROOM.to_owned()))?;
    let to = match session.status {
        SessionStatus::NotStarted => SessionStatus::Waiting,
        SessionStatus::Waiting | SessionStatus::Active => session.status,
        SessionStatus::Ended => return Err(Error::Conflict(OVER.to_owned())),
    };
    queries::come_in(tx, by, session.id, party, to).await.map_err(told)?;
    if session.joined_at(party).is_none() {
        if to == session.status {
            let event = Event::new(Action::Update, "virtual_session")
                .of(session.id)
                .about(Some(visit.patient_id))
                .at(Some(visit.facility_id))
                .changing(json!({ "joined": { "after": party.as_str() } }));
            events::record(tx, by, event).await?;
        } else {
            write_down(tx, by, visit, &session, to, None).await?;
        }
    }
    queries::find(tx, organization, visit.id).await?.ok_or(Error::NotFound)
}

/// The clinician lets the patient in; the visit begins with it.
///
/// # Errors
/// Where the patient is not there, or the visit is over.
pub async fn admit(tx: &mut Tx, by: &By, visit: &VisitRow) -> Result<()> {
    let session = join(tx, by, visit, Party::Provider).await?;
    if session.status == SessionStatus::Active {
        return Ok(());
    }
    if session.patient_joined_at.is_none() {
        return Err(Error::Conflict("The patient is not in the waiting room yet.".to_owned()));
    }
    let visit = visits::find_in(tx, by.organization, visit.id).await?.ok_or(Error::NotFound)?;
    if visit.status == VisitStatus::CheckedIn {
        moves::advance(tx, by, &visit, VisitStatus::InProgress, None, None).await?;
    }
    queries::set_status(tx, by, session.id, SessionStatus::Active, None).await.map_err(told)?;
    write_down(tx, by, &visit, &session, SessionStatus::Active, None).await
}

/// Ends a session that is open, for this reason; says whether there was one.
///
/// # Errors
/// Where the rules do not have it.
pub async fn end(tx: &mut Tx, by: &By, visit: &VisitRow, why: EndReason) -> Result<bool> {
    let Some(session) = queries::lock(tx, by.organization, visit.id).await?.filter(|row| row.status.is_open()) else {
        return Ok(false);
    };
    queries::set_status(tx, by, session.id, SessionStatus::Ended, Some(why)).await.map_err(told)?;
    write_down(tx, by, visit, &session, SessionStatus::Ended, Some(why)).await?;
    Ok(true)
}

/// A visit is over, however it ended: so is its call.
///
/// # Errors
/// Where the database does not answer.
pub async fn visit_over(tx: &mut Tx, by: &By, visit: &VisitRow) -> Result<()> {
    if has_room(visit) {
        end(tx, by, visit, EndReason::VisitOver).await?;
    }
    Ok(())
}

/// The timer: ends sessions in which nobody is any more; says how many.
///
/// # Errors
/// Where the database does not answer.
pub async fn end_deserted(tx: &mut Tx, by: &By, limit: i64) -> Result<usize> {
    let deserted = queries::deserted(tx, by.organization, limit).await?;
    for id in &deserted {
        let Some(visit) = visits::find_in(tx, by.organization, VisitId::from(*id)).await? else { continue };
        let why = if visit.status.is_open() { EndReason::Timeout } else { EndReason::VisitOver };
        end(tx, by, &visit, why).await?;
    }
    Ok(deserted.len())
}
