//! One stretch of somebody's time: hold it, release it, block it, book it.

use axum::response::Response;
use serde::Deserialize;

use super::{offer, patient};
use crate::access::Permission;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::{SlotId, VisitId};
use crate::visits::derive::Offer;
use crate::visits::model::{SlotStatus, VisitType};
use crate::visits::moves;
use crate::visits::pages::slots::{FreePage, TakenPage};
use crate::visits::queries::changes::NewVisit;
use crate::visits::queries::slots::{self, Becomes, SlotRow};
use crate::visits::queries::{people, visits};
use crate::visits::refusal::TAKEN;
use crate::visits::video::groups;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};
use askama::Template as _;
use axum::http::StatusCode;

/// What the forms of a slot send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawSlot {
    /// Which: person and begin.
    pub at: String,
    /// Record number.
    pub mrn: String,
    /// The patient, where the form was opened from a chart or request.
    pub patient: String,
    /// What for.
    pub reason: String,
    /// Whether several are to be seen together.
    pub group: String,
    /// For how many minutes it is held.
    pub minutes: String,
    /// Why it is held or blocked.
    pub note: String,
    /// The identifier of the visit, made with the form.
    pub idempotency_key: String,
}

/// `GET /slots?at=`: what can be done with free time.
pub async fn free(ctx: Ctx, tx: Tx, Query(mut raw): Query<RawSlot>) -> Page {
    if raw.at.is_empty() {
        return Ok(ctx.redirect("/schedule", None));
    }
    raw.idempotency_key = VisitId::new().to_string();
    free_page(&ctx, tx, raw, FormErrors::default()).await
}

async fn free_page(ctx: &Ctx, mut tx: Tx, form: RawSlot, errors: FormErrors) -> Result<Response> {
    let Some(found) = offer(ctx, &mut tx, &form.at).await? else {
        return Err(Error::Conflict(TAKEN.to_owned()));
    };
    let about = match form.patient.parse() {
        Ok(id) => people::patient(&mut tx, ctx.actor.organization, Some(id), None).await?,
        Err(_) => None,
    };
    if let Some(about) = &about {
        super::saw(ctx, &mut tx, "patient", [about.id], "free time").await?;
    }
    let staff = staff_name(ctx, &mut tx, &found).await?;
    let own = people::me(&mut tx, &ctx.actor).await? == Some(found.staff);
    let shell = ctx.shell(&mut tx, "Free time", Area::Schedule).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let may_book = ctx.actor.may(Permission::BookVisits);
    let may_block = SlotStatus::Free.may_become(SlotStatus::Blocked, ctx.actor.role, own);
    let page = FreePage { shell, form, errors, offer: found, staff, about, may_book, may_block, zone: ctx.actor.zone };
    Ok(html(status, page.render()?))
}

async fn staff_name(ctx: &Ctx, tx: &mut Tx, offer: &Offer) -> Result<String> {
    let all = people::staff(tx, &ctx.actor, &[offer.facility.uuid()]).await?;
    Ok(all.into_iter().find(|one| one.id == offer.staff).map(|one| one.name).unwrap_or_default())
}

/// `GET /slots/{id}`: what has become of somebody's time.
pub async fn taken(ctx: Ctx, mut tx: Tx, Id(id): Id<SlotId>) -> Page {
    let slot = slots::find(&mut tx, ctx.actor.organization, id).await?.ok_or(Error::NotFound)?;
    let staff = people::staff(&mut tx, &ctx.actor, &[slot.facility_id.uuid()]).await?;
    let staff = staff.into_iter().find(|one| one.id == slot.staff_id).map(|one| one.name).unwrap_or_default();
    let own = people::me(&mut tx, &ctx.actor).await? == Some(slot.staff_id);
    let shell = ctx.shell(&mut tx, "Somebody's time", Area::Schedule).await?;
    tx.commit().await?;
    let may_release = match slot.status {
        SlotStatus::Held => slot.request_id.is_none() && ctx.actor.may(Permission::BookVisits),
        SlotStatus::Blocked => slot.status.may_become(SlotStatus::Free, ctx.actor.role, own),
        SlotStatus::Free | SlotStatus::Booked => false,
    };
    let page = TakenPage { shell, slot, staff, may_release, zone: ctx.actor.zone };
    ctx.page(&page, page.as_main())
}

/// The schedule of the week of a moment, to go back to.
fn week_of(ctx: &Ctx, offer: &Offer) -> String {
    format!("/schedule?date={}&provider={}", offer.start.with_timezone(&ctx.actor.zone).date_naive(), offer.staff)
}

async fn wanted(ctx: &Ctx, tx: &mut Tx, at: &str) -> Result<Offer> {
    offer(ctx, tx, at).await?.ok_or_else(|| Error::Conflict(TAKEN.to_owned()))
}

/// `POST /slots/hold`
pub async fn hold(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawSlot>) -> Page {
    let mut errors = FormErrors::default();
    let note = errors.line("note", &raw.note);
    let minutes = raw.minutes.parse::<i32>().ok().filter(|minutes| (5..=7 * 1440).contains(minutes));
    let (Some(minutes), true) = (minutes, errors.is_empty()) else {
        errors.add("minutes", "Choose for how long");
        return free_page(&ctx, tx, raw, errors).await;
    };
    let offer = wanted(&ctx, &mut tx, &raw.at).await?;
    let note = (!note.is_empty()).then_some(note);
    let becomes = Becomes { status: SlotStatus::Held, hold_minutes: Some(minutes), note: note.as_deref() };
    moves::take(&mut tx, &ctx.by(), &offer, becomes).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&week_of(&ctx, &offer), Some(&Flash::ok("The time is held"))))
}

/// `POST /slots/block`
pub async fn block(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawSlot>) -> Page {
    let mut errors = FormErrors::default();
    let note = errors.required("note", &raw.note, "Say what the time is needed for");
    if !errors.is_empty() {
        return free_page(&ctx, tx, raw, errors).await;
    }
    let offer = wanted(&ctx, &mut tx, &raw.at).await?;
    let becomes = Becomes { status: SlotStatus::Blocked, hold_minutes: None, note: Some(&note) };
    moves::take(&mut tx, &ctx.by(), &offer, becomes).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&week_of(&ctx, &offer), Some(&Flash::ok("The time is blocked"))))
}

/// `POST /slots/{id}/release`: ends a hold or a block.
pub async fn release(ctx: Ctx, mut tx: Tx, Id(id): Id<SlotId>) -> Page {
    let slot: SlotRow = match slots::lock(&mut tx, ctx.actor.organization, id).await? {
        Some(slot) => slot,
        None if slots::find(&mut tx, ctx.actor.organization, id).await?.is_some() => return Err(Error::Forbidden),
        None => return Err(Error::NotFound),
    };
    if slot.request_id.is_some() {
        return Err(Error::Conflict("This time is offered to a patient. Answer for them on the request.".to_owned()));
    }
    if !matches!(slot.status, SlotStatus::Held | SlotStatus::Blocked) {
        return Err(Error::Conflict("There is nothing to release: the time is free or booked.".to_owned()));
    }
    moves::turn(&mut tx, &ctx.by(), &slot, SlotStatus::Free).await?;
    tx.commit().await?;
    let day = slot.start_time.with_timezone(&ctx.actor.zone).date_naive();
    let week = format!("/schedule?date={day}&provider={}", slot.staff_id);
    Ok(ctx.redirect(&week, Some(&Flash::ok("The time is free again"))))
}

/// `POST /slots/booking`: books it for a patient at once. Sent twice, it books once.
pub async fn book(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawSlot>) -> Page {
    let id: VisitId = raw.idempotency_key.parse().unwrap_or_else(|_| VisitId::new());
    if visits::find(&mut tx, &ctx.actor, id).await?.is_some() {
        return Ok(ctx.redirect(&format!("/visits/{id}"), None));
    }
    let mut errors = FormErrors::default();
    let reason = errors.required("reason", &raw.reason, "Say what the visit is for");
    let about = match patient(&ctx, &mut tx, &raw.patient, &raw.mrn).await? {
        Ok(about) => Some(about),
        Err(words) => {
            errors.add("mrn", words);
            None
        }
    };
    let offer = wanted(&ctx, &mut tx, &raw.at).await?;
    let group = !raw.group.is_empty();
    if group && !groups::possible(&mut tx, ctx.actor.organization, offer.facility, offer.mode).await? {
        errors.add("group", groups::NO_SERVICE);
    }
    let Some(about) = about.filter(|_| errors.is_empty()) else { return free_page(&ctx, tx, raw, errors).await };
    let becomes = Becomes { status: SlotStatus::Booked, hold_minutes: None, note: None };
    let slot = moves::take(&mut tx, &ctx.by(), &offer, becomes).await?;
    let visit = NewVisit {
        id,
        facility: offer.facility,
        patient: about.id,
        staff: Some(offer.staff),
        slot: Some(slot),
        visit_type: VisitType::Scheduled,
        mode: offer.mode,
        location: offer.location.clone(),
        reason,
        start: offer.start,
        end: offer.end,
        overbook_reason: None,
        replaces: None,
        is_group: group,
        waiting: None,
    };
    moves::plan(&mut tx, &ctx.by(), &visit).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/visits/{id}"), Some(&Flash::ok("The visit is booked"))))
}
