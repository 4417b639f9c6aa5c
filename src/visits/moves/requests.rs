//! What happens to requests.

use super::slots::{take, turn};
use super::{MY_VISITS, Moved, plan, write_down};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::By;
use crate::ids::{VisitId, VisitRequestId};
use crate::outbox::{self, Kind, Notice};
use crate::visits::derive::Offer;
use crate::visits::model::{Acuity, Category, RequestStatus, SlotStatus, VisitType};
use crate::visits::queries::changes::NewVisit;
use crate::visits::queries::requests::{self, NewRequest, RequestRow};
use crate::visits::queries::slots::{self, Becomes};
use crate::visits::refusal::{LAPSED, MOVED_ON, told};
use crate::web::whom::Scope;

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
        visit_type: VisitType::Scheduled,
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
