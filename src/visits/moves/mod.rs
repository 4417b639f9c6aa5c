//! What happens to slots, requests and visits: each move with its history and audit, in the caller's transaction.

mod reminders;
mod requests;
mod slots;

use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

pub use self::reminders::{remind, remind_of_unmarked, remind_patients};
pub use self::requests::{accept, arrive, ask, decline, lock_request, offer, triage, withdraw};
pub use self::slots::{lapse, take, turn};
use super::model::{Attendance, VisitStatus};
use super::queries::changes::{self, NewVisit};
use super::queries::participants;
use super::queries::visits::{self, VisitRow};
use super::refusal::{MOVED_ON, told};
use super::video::moves as video;
use crate::access::Role;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event, StatusChange};
use crate::ids::{FacilityId, ParticipantId, PatientId, StaffId, VisitId};
use crate::outbox::{self, Kind, Notice};
use crate::web::whom::Scope;

/// From how many hours before a visit the patient is reminded, and until when that is still of use, with what makes the reminder one of its own.
const REMINDERS: [(i64, i64, &str); 2] = [(24, 2, ""), (2, 0, ":2h")];

/// Where patients see what is offered to them.
const MY_VISITS: &str = "/my/visits";

/// Where a patient sees a visit.
fn my_page(visit: VisitId) -> String {
    format!("{MY_VISITS}/{visit}")
}

/// A move to be written down.
struct Moved<'a> {
    subject: &'static str,
    id: Uuid,
    from: Option<&'a str>,
    to: &'a str,
    reason: Option<&'a str>,
    patient: Option<PatientId>,
    facility: FacilityId,
}

/// Writes a move into the history and the audit.
async fn write_down(tx: &mut Tx, by: &By, moved: &Moved<'_>) -> Result<()> {
    let change = StatusChange {
        subject: moved.subject,
        id: moved.id,
        from: moved.from,
        to: moved.to,
        reason: moved.reason,
        patient: moved.patient,
        facility: Some(moved.facility),
    };
    events::status_change(tx, by, &change).await?;
    let action = if moved.from.is_none() { Action::Create } else { Action::StatusChanged };
    let event = Event::new(action, moved.subject)
        .of(moved.id)
        .about(moved.patient)
        .at(Some(moved.facility))
        .changing(json!({ "status": { "before": moved.from, "after": moved.to } }));
    events::record(tx, by, event).await?;
    Ok(())
}

/// Makes a visit. Says whether it is new: a form sent twice makes one.
///
/// # Errors
/// Where the time is taken or past, or the role may not.
pub async fn plan(tx: &mut Tx, by: &By, new: &NewVisit) -> Result<()> {
    changes::insert(tx, by, new).await.map_err(told)?;
    let moved = Moved {
        subject: "visit",
        id: new.id.uuid(),
        from: None,
        to: VisitStatus::Planned.as_str(),
        reason: new.overbook_reason.as_deref(),
        patient: Some(new.patient),
        facility: new.facility,
    };
    write_down(tx, by, &moved).await?;
    tell_planned(tx, new).await
}

/// The patient hears of another time at once, and of every visit the day before.
async fn tell_planned(tx: &mut Tx, new: &NewVisit) -> Result<()> {
    let to_patient = |kind| Notice::new(kind, new.id, my_page(new.id)).tell_patient(new.patient, Scope::Visits);
    if let Some(before) = new.replaces {
        outbox::call_off(tx, Kind::VisitCancelled, before).await?;
        outbox::schedule(tx, to_patient(Kind::VisitChanged)).await?;
    }
    if new.visit_type == super::model::VisitType::Scheduled {
        let now = visits::now(tx).await?;
        for (hours, _, which) in REMINDERS {
            let moment = new.start - TimeDelta::hours(hours);
            // Whoever books for this afternoon needs no reminder of yesterday.
            if moment > now {
                let reminder = to_patient(Kind::VisitReminder).at(moment).once(format!("{}{which}", new.id));
                outbox::schedule(tx, reminder).await?;
            }
        }
    }
    Ok(())
}

/// Moves a visit, with what follows from it: a cancelled one frees its slot, a missed one raises an alert.
///
/// # Errors
/// Where the visit has changed since it was looked at, or the rules do not have this move.
pub async fn advance(
    tx: &mut Tx,
    by: &By,
    visit: &VisitRow,
    to: VisitStatus,
    reason: Option<&str>,
    staff: Option<StaffId>,
) -> Result<()> {
    if !changes::set_status(tx, by, visit, to, reason, staff).await.map_err(told)? {
        return Err(Error::Conflict(MOVED_ON.to_owned()));
    }
    let moved = Moved {
        subject: "visit",
        id: visit.id.uuid(),
        from: Some(visit.status.as_str()),
        to: to.as_str(),
        reason,
        patient: Some(visit.patient_id),
        facility: visit.facility_id,
    };
    write_down(tx, by, &moved).await?;
    outbox::call_off(tx, Kind::VisitReminder, visit.id).await?;
    if !to.is_open() {
        video::visit_over(tx, by, visit).await?;
    }
    match to {
        VisitStatus::Cancelled => {
            slots::free(tx, by, visit.slot_id).await?;
            let notice = Notice::new(Kind::VisitCancelled, visit.id, my_page(visit.id))
                .tell_patient(visit.patient_id, Scope::Visits);
            outbox::schedule(tx, notice).await.map(|_| ())
        }
        VisitStatus::Completed if !visit.is_group => attend(tx, by, visit, None, Attendance::Attended).await,
        VisitStatus::NoShow => {
            attend(tx, by, visit, None, Attendance::Absent).await?;
            reminders::raise_no_show(tx, by, visit).await
        }
        VisitStatus::Planned | VisitStatus::CheckedIn | VisitStatus::InProgress | VisitStatus::Completed => Ok(()),
    }
}

/// Writes down who came.
///
/// # Errors
/// Where the database does not answer.
pub async fn attend(
    tx: &mut Tx,
    by: &By,
    visit: &VisitRow,
    who: Option<ParticipantId>,
    attendance: Attendance,
) -> Result<()> {
    let changed = participants::attend(tx, by, visit.id, who, attendance).await.map_err(told)?;
    if who.is_some() && changed > 0 {
        let event = Event::new(Action::Update, "visit_participant")
            .of(who.map_or_else(Uuid::nil, ParticipantId::uuid))
            .at(Some(visit.facility_id))
            .changing(json!({ "attendance": { "after": attendance.as_str() } }));
        events::record(tx, by, event).await?;
    }
    Ok(())
}

/// Whether `role` may do anything to visits: a page that offers nothing says so.
#[must_use]
pub const fn acts(role: Role) -> bool {
    matches!(role, Role::Clinician | Role::MedicalAssistant)
}
