//! What happens to somebody's time.

use super::{Moved, write_down};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event};
use crate::ids::SlotId;
use crate::visits::derive::Offer;
use crate::visits::model::{RequestStatus, SlotStatus};
use crate::visits::queries::slots::{self, Becomes, SlotRow};
use crate::visits::refusal::{TAKEN, told};
use serde_json::json;

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

/// Frees the time that a visit took.
pub(super) async fn free(tx: &mut Tx, by: &By, slot: Option<SlotId>) -> Result<()> {
    let Some(id) = slot else { return Ok(()) };
    match slots::lock(tx, by.organization, id).await?.filter(|slot| slot.status == SlotStatus::Booked) {
        Some(slot) => turn(tx, by, &slot, SlotStatus::Free).await,
        None => Ok(()),
    }
}
