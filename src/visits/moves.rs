//! What happens to slots, requests and visits: each move with its history and audit, in the caller's transaction.

use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use super::derive::Offer;
use super::model::{Acuity, Attendance, Category, RequestStatus, SlotStatus, VisitStatus};
use super::queries::requests::{self, NewRequest, RequestRow};
use super::queries::slots::{self, Becomes, SlotRow};
use super::queries::visits::{self, NewVisit, VisitRow};
use super::refusal::{LAPSED, MOVED_ON, TAKEN, told};
use super::video::moves as video;
use crate::access::Role;
use crate::alerts::model::Severity;
use crate::alerts::{self, NewAlert};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event, StatusChange};
use crate::ids::{AlertId, FacilityId, ParticipantId, PatientId, SlotId, StaffId, VisitId, VisitRequestId};
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

/// The audit of a slot: nobody's record, so no history beside it.
async fn slot_moved(tx: &mut Tx, by: &By, slot: &SlotRow, to: SlotStatus) -> Result<()> {
    let event = Event::new(Action::StatusChanged, "slot")
        .of(slot.id)
        .at(Some(slot.facility_id))
        .changing(json!({ "status": { "before": slot.status.as_str(), "after": to.as_str() } }));
    events::record(tx, by, event).await?;
    Ok(())
}

/// Takes time that is offered: holds, books or blocks it. Whoever comes second is told so.
///
/// # Errors
/// Where it is taken or past, or the role may not.
pub async fn take(tx: &mut Tx, by: &By, offer: &Offer, to: Becomes<'_>) -> Result<SlotId> {
    for id in slots::lapsed(tx, by.organization, Some((offer.staff, offer.start, offer.end)), 20).await? {
        lapse(tx, by, SlotId::from(id)).await?;
    }
    let slot = slots::claim(tx, by, offer).await.map_err(told)?;
    if slot.status != SlotStatus::Free {
        return Err(Error::Conflict(TAKEN.to_owned()));
    }
    if (slot.mode, &slot.location) != (offer.mode, &offer.location) {
        slots::reshape(tx, by, slot.id, offer).await.map_err(told)?;
    }
    slots::set(tx, by, slot.id, to).await.map_err(told)?;
    slot_moved(tx, by, &slot, to.status).await?;
    Ok(slot.id)
}

/// Moves a slot that has a row already.
///
/// # Errors
/// Where the rules do not have this move.
pub async fn turn(tx: &mut Tx, by: &By, slot: &SlotRow, to: SlotStatus) -> Result<()> {
    let becomes = Becomes { status: to, hold_minutes: None, note: None };
    slots::set(tx, by, slot.id, becomes).await.map_err(told)?;
    slot_moved(tx, by, slot, to).await
}

/// Ends a hold whose time is over, and returns the request that waited for it.
///
/// # Errors
/// Where the database does not answer.
pub async fn lapse(tx: &mut Tx, by: &By, id: SlotId) -> Result<()> {
    let Some(slot) = slots::lock(tx, by.organization, id).await?.filter(|slot| slot.lapsed) else { return Ok(()) };
    turn(tx, by, &slot, SlotStatus::Free).await?;
    if let Some(fallen) = slots::fall_back(tx, by, id).await.map_err(told)? {
        let moved = Moved {
            subject: "visit_request",
            id: fallen.id.uuid(),
            from: Some(RequestStatus::Awaiting.as_str()),
            to: RequestStatus::Triaged.as_str(),
            reason: Some("The hold ended"),
            patient: Some(fallen.patient_id),
            facility: fallen.facility_id,
        };
        write_down(tx, by, &moved).await?;
    }
    Ok(())
}

/// Makes a visit. Says whether it is new: a form sent twice makes one.
///
/// # Errors
/// Where the time is taken or past, or the role may not.
pub async fn plan(tx: &mut Tx, by: &By, new: &NewVisit) -> Result<()> {
    visits::insert(tx, by, new).await.map_err(told)?;
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
    if !visits::set_status(tx, by, visit, to, reason, staff).await.map_err(told)? {
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
            free_slot(tx, by, visit.slot_id).await?;
            let notice = Notice::new(Kind::VisitCancelled, visit.id, my_page(visit.id))
                .tell_patient(visit.patient_id, Scope::Visits);
            outbox::schedule(tx, notice).await.map(|_| ())
        }
        VisitStatus::Completed if !visit.is_group => attend(tx, by, visit, None, Attendance::Attended).await,
        VisitStatus::NoShow => {
            attend(tx, by, visit, None, Attendance::Absent).await?;
            raise_no_show(tx, by, visit).await
        }
        VisitStatus::Planned | VisitStatus::CheckedIn | VisitStatus::InProgress | VisitStatus::Completed => Ok(()),
    }
}

async fn free_slot(tx: &mut Tx, by: &By, slot: Option<SlotId>) -> Result<()> {
    let Some(id) = slot else { return Ok(()) };
    match slots::lock(tx, by.organization, id).await?.filter(|slot| slot.status == SlotStatus::Booked) {
        Some(slot) => turn(tx, by, &slot, SlotStatus::Free).await,
        None => Ok(()),
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
    let changed = visits::attend(tx, by, visit.id, who, attendance).await.map_err(told)?;
    if who.is_some() && changed > 0 {
        let event = Event::new(Action::Update, "visit_participant")
            .of(who.map_or_else(Uuid::nil, ParticipantId::uuid))
            .at(Some(visit.facility_id))
            .changing(json!({ "attendance": { "after": attendance.as_str() } }));
        events::record(tx, by, event).await?;
    }
    Ok(())
}

async fn raise_no_show(tx: &mut Tx, by: &By, visit: &VisitRow) -> Result<()> {
    let reminder = Reminder {
        facility: visit.facility_id,
        patient: Some(visit.patient_id),
        kind: "APPOINTMENT_NO_SHOW",
        severity: Severity::Info,
        title: "Did not come to a visit",
        body: "Ask how they are, and offer another time.".to_owned(),
        key: format!("no-show:{}", visit.patient_id),
    };
    raise(tx, by, reminder).await
}

/// Writes a request down. A form sent twice makes one.
///
/// # Errors
/// Where the window is past or reversed, or the role may not.
pub async fn ask(tx: &mut Tx, by: &By, new: &NewRequest) -> Result<()> {
    if !requests::insert(tx, by, new).await.map_err(told)? {
        return Ok(());
    }
    let moved = Moved {
        subject: "visit_request",
        id: new.id.uuid(),
        from: None,
        to: RequestStatus::New.as_str(),
        reason: None,
        patient: Some(new.patient),
        facility: new.facility,
    };
    write_down(tx, by, &moved).await
}

async fn move_request(
    tx: &mut Tx,
    by: &By,
    request: &RequestRow,
    to: RequestStatus,
    becomes: requests::Becomes<'_>,
) -> Result<()> {
    if !requests::set_status(tx, by, request, to, becomes).await.map_err(told)? {
        return Err(Error::Conflict(MOVED_ON.to_owned()));
    }
    let moved = Moved {
        subject: "visit_request",
        id: request.id.uuid(),
        from: Some(request.status.as_str()),
        to: to.as_str(),
        reason: becomes.cancel_reason.or(becomes.decline_note).or(becomes.confirmation_note),
        patient: Some(request.patient_id),
        facility: request.facility_id,
    };
    if request.status == RequestStatus::Awaiting {
        outbox::call_off(tx, Kind::VisitOffered, request.id).await?;
    }
    write_down(tx, by, &moved).await
}

/// Says how soon they should be seen.
///
/// # Errors
/// Where the request has moved on.
pub async fn triage(
    tx: &mut Tx,
    by: &By,
    request: &RequestRow,
    acuity: Acuity,
    category: Option<Category>,
) -> Result<()> {
    let to = if request.status == RequestStatus::New { RequestStatus::Triaged } else { request.status };
    let becomes = requests::Becomes { acuity: Some(acuity), category, ..requests::Becomes::default() };
    move_request(tx, by, request, to, becomes).await
}

/// Holds a time for the patient and asks whether it suits.
///
/// # Errors
/// Where the time is taken, or the request has moved on.
pub async fn offer(tx: &mut Tx, by: &By, request: &RequestRow, offer: &Offer, hold_minutes: i32) -> Result<()> {
    let becomes = Becomes { status: SlotStatus::Held, hold_minutes: Some(hold_minutes), note: None };
    let slot = take(tx, by, offer, becomes).await?;
    let becomes = requests::Becomes { slot: Some(slot), ..requests::Becomes::default() };
    move_request(tx, by, request, RequestStatus::Awaiting, becomes).await?;
    let notice = Notice::new(Kind::VisitOffered, request.id, MY_VISITS).tell_patient(request.patient_id, Scope::Visits);
    outbox::schedule(tx, notice).await.map(|_| ())
}

/// The patient said yes, in the portal or, with a note of who said it, on the telephone. Asked again, it answers with
/// the visit that there is.
///
/// # Errors
/// Where the hold has ended, or the request has moved on.
pub async fn accept(tx: &mut Tx, by: &By, request: &RequestRow, note: Option<&str>) -> Result<VisitId> {
    if let Some(visit) = request.visit_id {
        return Ok(visit);
    }
    let held = match request.slot_id.filter(|_| request.status == RequestStatus::Awaiting) {
        Some(id) => slots::lock(tx, by.organization, id).await?,
        None => None,
    };
    let slot = held.ok_or_else(|| Error::Conflict(LAPSED.to_owned()))?;
    turn(tx, by, &slot, SlotStatus::Booked).await?;
    let visit = NewVisit {
        id: VisitId::new(),
        facility: slot.facility_id,
        patient: request.patient_id,
        staff: Some(slot.staff_id),
        slot: Some(slot.id),
        visit_type: super::model::VisitType::Scheduled,
        mode: slot.mode,
        location: slot.location.clone(),
        reason: request.reason_text.clone(),
        start: slot.start_time,
        end: slot.end_time,
        overbook_reason: None,
        replaces: None,
        is_group: false,
        waiting: None,
    };
    plan(tx, by, &visit).await?;
    let becomes = requests::Becomes { visit: Some(visit.id), confirmation_note: note, ..requests::Becomes::default() };
    move_request(tx, by, request, RequestStatus::Converted, becomes).await?;
    Ok(visit.id)
}

/// The patient cannot make the time that was offered.
///
/// # Errors
/// Where no offer stands.
pub async fn decline(tx: &mut Tx, by: &By, request: &RequestRow, note: Option<&str>) -> Result<()> {
    if request.status != RequestStatus::Awaiting {
        return Err(Error::Conflict(MOVED_ON.to_owned()));
    }
    release(tx, by, request).await?;
    let becomes = requests::Becomes { decline_note: note, ..requests::Becomes::default() };
    move_request(tx, by, request, RequestStatus::Triaged, becomes).await
}

/// Withdraws a request, or turns it down.
///
/// # Errors
/// Where it is closed already.
pub async fn withdraw(tx: &mut Tx, by: &By, request: &RequestRow, reason: Option<&str>) -> Result<()> {
    release(tx, by, request).await?;
    let becomes = requests::Becomes { cancel_reason: reason, ..requests::Becomes::default() };
    move_request(tx, by, request, RequestStatus::Cancelled, becomes).await
}

/// Frees the time that was held for a request.
async fn release(tx: &mut Tx, by: &By, request: &RequestRow) -> Result<()> {
    let Some(id) = request.slot_id.filter(|_| request.status == RequestStatus::Awaiting) else { return Ok(()) };
    match slots::lock(tx, by.organization, id).await?.filter(|slot| slot.status == SlotStatus::Held) {
        Some(slot) => turn(tx, by, &slot, SlotStatus::Free).await,
        None => Ok(()),
    }
}

/// A walk-in that was asked for becomes a visit at once.
///
/// # Errors
/// Where the request has moved on.
pub async fn arrive(tx: &mut Tx, by: &By, request: &RequestRow, visit: VisitId) -> Result<()> {
    let becomes = requests::Becomes { visit: Some(visit), ..requests::Becomes::default() };
    move_request(tx, by, request, RequestStatus::Converted, becomes).await
}

/// An alert that a timer raises for staff.
struct Reminder {
    facility: FacilityId,
    patient: Option<PatientId>,
    kind: &'static str,
    severity: Severity,
    title: &'static str,
    body: String,
    key: String,
}

async fn raise(tx: &mut Tx, by: &By, reminder: Reminder) -> Result<()> {
    let alert = NewAlert {
        id: AlertId::new(),
        facility: Some(reminder.facility),
        patient: reminder.patient,
        thread: None,
        kind: reminder.kind.to_owned(),
        severity: reminder.severity,
        title: reminder.title.to_owned(),
        body: reminder.body,
        payload: json!({}),
        dedupe_key: Some(reminder.key),
        due_at: None,
    };
    alerts::raise(tx, by, &alert).await?;
    Ok(())
}

/// Reminds of requests that nobody has answered in time, or for which no time was found before their day; says how many.
///
/// # Errors
/// Where the database does not answer.
pub async fn remind(tx: &mut Tx, by: &By, limit: i64) -> Result<usize> {
    let overdue = requests::overdue(tx, by.organization, limit).await?;
    for request in &overdue {
        let severity = match request.acuity {
            Acuity::Red => Severity::Critical,
            Acuity::Orange => Severity::High,
            Acuity::Yellow => Severity::Warning,
            Acuity::Green => Severity::Info,
        };
        let (title, body) = if request.passed {
            (
                "The day a patient asked for has passed",
                "No time was found for them. Ask whether they still want a visit.".to_owned(),
            )
        } else {
            ("A request for a visit waits for an answer", format!("{}. Nobody has read it yet.", request.acuity.hint()))
        };
        let kind = "VISIT_REQUEST_WAITING";
        let (facility, patient, key) = (request.facility_id, Some(request.patient_id), request.key());
        raise(tx, by, Reminder { facility, patient, kind, severity, title, body, key }).await?;
    }
    Ok(overdue.len())
}

/// Reminds patients of visits for which nothing was scheduled when they were planned, as of those that came from another system; says how many.
///
/// # Errors
/// Where the database does not answer.
pub async fn remind_patients(tx: &mut Tx, by: &By, limit: i64) -> Result<usize> {
    let mut reminded = 0;
    for (hours, until, which) in REMINDERS {
        let kind = Kind::VisitReminder.as_str();
        for visit in visits::without_reminder(tx, by.organization, (hours, until), kind, which, limit).await? {
            let notice = Notice::new(Kind::VisitReminder, visit.id, my_page(visit.id))
                .tell_patient(visit.patient_id, Scope::Visits)
                .once(format!("{}{which}", visit.id));
            outbox::schedule(tx, notice).await?;
            reminded += 1;
        }
    }
    Ok(reminded)
}

/// Reminds of visits that are over and of which nobody said who came; says for how many facilities. Nobody is marked as
/// missing by a timer: who was seen and not written down would be reproached with it.
///
/// # Errors
/// Where the database does not answer.
pub async fn remind_of_unmarked(tx: &mut Tx, by: &By) -> Result<usize> {
    let unmarked = visits::unmarked(tx, by.organization).await?;
    for place in &unmarked {
        let reminder = Reminder {
            facility: place.facility_id,
            patient: None,
            kind: "VISITS_UNMARKED",
            severity: Severity::Info,
            title: "Say who came to their visits",
            body: format!("{} visits of the last days are still planned. Mark them in the day list.", place.count),
            key: place.key.clone(),
        };
        raise(tx, by, reminder).await?;
    }
    Ok(unmarked.len())
}

/// Whether `role` may do anything to visits: a page that offers nothing says so.
#[must_use]
pub const fn acts(role: Role) -> bool {
    matches!(role, Role::Clinician | Role::MedicalAssistant)
}

/// The request, kept from everybody else; not found where it is not within reach.
///
/// # Errors
/// Where there is none to see, or the role sees it and may not change it.
pub async fn lock_request(tx: &mut Tx, ctx: &crate::web::Ctx, id: VisitRequestId) -> Result<RequestRow> {
    if let Some(row) = requests::lock(tx, &ctx.actor, id).await? {
        return Ok(row);
    }
    let seen = requests::find(tx, &ctx.actor, id).await?;
    Err(if seen.is_some() { Error::Forbidden } else { Error::NotFound })
}
