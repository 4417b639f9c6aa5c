//! One visit: how far it is, who takes part, what may be done.

use askama::Template as _;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::{chosen, free, offer, offer_name, patient, places};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{ParticipantId, VisitId};
use crate::visits::model::{Attendance, SlotStatus, VisitStatus, VisitType};
use crate::visits::moves;
use crate::visits::pages::visits::{CancelPage, ReschedulePage, Show};
use crate::visits::queries::changes::NewVisit;
use crate::visits::queries::slots::Becomes;
use crate::visits::queries::visits::{self, VisitRow};
use crate::visits::queries::{participants, people};
use crate::visits::refusal::{MOVED_ON, TAKEN, told};
use crate::visits::video::groups;
use crate::visits::video::guests::{self, RawGuest};
use crate::visits::video::moves::has_room;
use crate::visits::video::queries as video;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// Days within which another time is looked for.
const DAYS: u64 = 21;

/// Times shown at once.
const TIMES: usize = 30;

/// What the forms of a visit send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawVisit {
    /// The version that was looked at.
    pub row_version: String,
    /// Why.
    pub reason: String,
    /// The time chosen.
    pub at: String,
    /// Whose times are looked for.
    pub provider: String,
    /// From which day on.
    pub from: String,
    /// Record number of somebody who joins.
    pub mrn: String,
    /// Whose part it is.
    pub participant: String,
    /// Whether they came.
    pub attendance: String,
    /// Which, with the version that was looked at, in the form for many.
    pub id: Vec<String>,
    /// What they become, in the form for many.
    pub to: String,
    /// The day to go back to, in the form for many.
    pub date: String,
}

/// `GET /visits/{id}`
pub async fn show(ctx: Ctx, tx: Tx, Id(id): Id<VisitId>) -> Page {
    show_page(&ctx, tx, id, RawGuest::default(), FormErrors::default()).await
}

/// The page of a visit, with what was typed into its form for guests.
pub(in crate::visits) async fn show_page(
    ctx: &Ctx,
    mut tx: Tx,
    id: VisitId,
    guest: RawGuest,
    errors: FormErrors,
) -> Result<Response> {
    let row = visits::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let event = Event::new(Action::View, "visit").of(id).about(Some(row.patient_id)).at(Some(row.facility_id));
    let participants = participants::participants(&mut tx, &ctx.actor, id).await?;
    let others = participants.iter().map(|one| one.patient_id);
    let proof = events::record(&mut tx, &ctx.by(), event.showing(others)).await?;
    let history = visits::history(&mut tx, &ctx.actor, id.uuid()).await?;
    let (mut session, mut guests) = (None, Vec::new());
    if has_room(&row) {
        session = video::find(&mut tx, ctx.actor.organization, id).await?;
        guests = guests::of_visit(ctx, &mut tx, &proof, id).await?;
    }
    let outside = groups::address(&ctx.app, &mut tx, ctx.actor.organization, &row).await?;
    let shell = ctx.shell(&mut tx, "Visit", Area::Schedule).await?;
    let now = visits::now(&mut tx).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let (role, zone) = (ctx.actor.role, ctx.actor.zone);
    let page = Show { shell, row, participants, history, session, outside, guests, guest, errors, role, now, zone };
    Ok(html(status, page.render()?))
}

/// The visit, where it is still as it was looked at.
pub(super) async fn looked_at(ctx: &Ctx, tx: &mut Tx, id: VisitId, raw: &RawVisit) -> Result<VisitRow> {
    let row = visits::find(tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let version: i64 = raw
        .row_version
        .parse()
        .map_err(|_| Error::BadRequest("The form is incomplete. Reload the page and try again."))?;
    if version == row.row_version { Ok(row) } else { Err(Error::Conflict(MOVED_ON.to_owned())) }
}

async fn advance(ctx: Ctx, mut tx: Tx, id: VisitId, raw: RawVisit, to: VisitStatus, words: &str) -> Page {
    let row = looked_at(&ctx, &mut tx, id, &raw).await?;
    // Whoever begins with a walk-in sees them.
    let staff = match (to, row.staff_id) {
        (VisitStatus::InProgress, None) => people::me(&mut tx, &ctx.actor).await?,
        _ => None,
    };
    moves::advance(&mut tx, &ctx.by(), &row, to, None, staff).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/visits/{id}"), Some(&Flash::ok(words))))
}

/// `POST …/check-in`
pub async fn check_in(ctx: Ctx, tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawVisit>) -> Page {
    advance(ctx, tx, id, raw, VisitStatus::CheckedIn, "Checked in").await
}

/// `POST …/start`
pub async fn start(ctx: Ctx, tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawVisit>) -> Page {
    advance(ctx, tx, id, raw, VisitStatus::InProgress, "The visit has begun").await
}

/// `POST …/completion`
pub async fn complete(ctx: Ctx, tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawVisit>) -> Page {
    advance(ctx, tx, id, raw, VisitStatus::Completed, "The visit is over").await
}

/// `POST …/no-show`
pub async fn no_show(ctx: Ctx, tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawVisit>) -> Page {
    advance(ctx, tx, id, raw, VisitStatus::NoShow, "Written down: they did not come").await
}

/// `GET …/cancellation`
pub async fn ask_cancel(ctx: Ctx, tx: Tx, Id(id): Id<VisitId>) -> Page {
    cancel_page(&ctx, tx, id, RawVisit::default(), FormErrors::default()).await
}

async fn cancel_page(ctx: &Ctx, mut tx: Tx, id: VisitId, form: RawVisit, errors: FormErrors) -> Result<Response> {
    let row = visits::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let event = Event::new(Action::View, "visit").of(id).about(Some(row.patient_id)).at(Some(row.facility_id));
    events::record(&mut tx, &ctx.by(), event).await?;
    let shell = ctx.shell(&mut tx, "Cancel a visit", Area::Schedule).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let may = row.status.may_become(VisitStatus::Cancelled, ctx.actor.role, row.mode);
    Ok(html(status, CancelPage { shell, row, form, errors, may, zone: ctx.actor.zone }.render()?))
}

/// `POST …/cancellation`
pub async fn cancel(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawVisit>) -> Page {
    let mut errors = FormErrors::default();
    let reason = errors.required("reason", &raw.reason, "Say why; the patient reads it");
    if !errors.is_empty() {
        return cancel_page(&ctx, tx, id, raw, errors).await;
    }
    let row = looked_at(&ctx, &mut tx, id, &raw).await?;
    moves::advance(&mut tx, &ctx.by(), &row, VisitStatus::Cancelled, Some(&reason), None).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/visits/{id}"), Some(&Flash::ok("The visit is cancelled; its time is free again"))))
}

/// `GET …/rescheduling`: other times for the same visit.
pub async fn ask_reschedule(ctx: Ctx, tx: Tx, Id(id): Id<VisitId>, Query(raw): Query<RawVisit>) -> Page {
    reschedule_page(&ctx, tx, id, raw, FormErrors::default()).await
}

async fn reschedule_page(ctx: &Ctx, mut tx: Tx, id: VisitId, form: RawVisit, errors: FormErrors) -> Result<Response> {
    let row = visits::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let event = Event::new(Action::View, "visit").of(id).about(Some(row.patient_id)).at(Some(row.facility_id));
    events::record(&mut tx, &ctx.by(), event).await?;
    let facilities = places(ctx, &mut tx).await?;
    let mut providers = people::staff(&mut tx, &ctx.actor, &facilities).await?;
    providers.retain(|one| one.offers);
    let wanted = if form.provider.is_empty() {
        row.staff_id.map(|id| id.to_string()).unwrap_or_default()
    } else {
        form.provider.clone()
    };
    let provider = chosen(ctx, &providers, &wanted);
    let staff: Vec<uuid::Uuid> = provider.iter().map(|one| one.id.uuid()).collect();
    let first = super::day(ctx, &form.from)?;
    let mut times = free(ctx, &mut tx, &staff, first, DAYS).await?;
    times.retain(|time| time.mode == row.mode);
    times.truncate(TIMES);
    let shell = ctx.shell(&mut tx, "Another time", Area::Schedule).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let times = times.into_iter().map(|time| (offer_name(&time), time)).collect();
    let may = row.status == VisitStatus::Planned && moves::acts(ctx.actor.role);
    let provider = provider.map(|one| one.id);
    let page = ReschedulePage { shell, row, form, errors, times, providers, provider, may, zone: ctx.actor.zone };
    Ok(html(status, page.render()?))
}

/// `POST …/rescheduling`: cancels the visit and books the other time, together, with a link between them.
pub async fn reschedule(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawVisit>) -> Page {
    let mut errors = FormErrors::default();
    let reason = errors.required("reason", &raw.reason, "Say why; the patient reads it");
    if raw.at.is_empty() {
        errors.add("at", "Choose another time");
    }
    if !errors.is_empty() {
        return reschedule_page(&ctx, tx, id, raw, errors).await;
    }
    let row = looked_at(&ctx, &mut tx, id, &raw).await?;
    let Some(offer) = offer(&ctx, &mut tx, &raw.at).await? else {
        return reschedule_page(&ctx, tx, id, RawVisit { at: String::new(), ..raw }, FormErrors::one("at", TAKEN))
            .await;
    };
    if row.status != VisitStatus::Planned {
        return Err(Error::Conflict(MOVED_ON.to_owned()));
    }
    if row.is_group && !groups::possible(&mut tx, ctx.actor.organization, offer.facility, offer.mode).await? {
        return reschedule_page(&ctx, tx, id, raw, FormErrors::one("at", groups::NO_SERVICE)).await;
    }
    moves::advance(&mut tx, &ctx.by(), &row, VisitStatus::Cancelled, Some(&format!("Moved: {reason}")), None).await?;
    let becomes = Becomes { status: SlotStatus::Booked, hold_minutes: None, note: None };
    let slot = moves::take(&mut tx, &ctx.by(), &offer, becomes).await?;
    let visit = NewVisit {
        id: VisitId::new(),
        facility: offer.facility,
        patient: row.patient_id,
        staff: Some(offer.staff),
        slot: Some(slot),
        visit_type: VisitType::Scheduled,
        mode: offer.mode,
        location: offer.location.clone(),
        reason: row.reason_text.clone(),
        start: offer.start,
        end: offer.end,
        overbook_reason: None,
        replaces: Some(row.id),
        is_group: row.is_group,
        waiting: None,
    };
    moves::plan(&mut tx, &ctx.by(), &visit).await?;
    for other in participants::participants(&mut tx, &ctx.actor, row.id).await? {
        if other.patient_id != row.patient_id {
            participants::join(&mut tx, &ctx.by(), visit.id, other.patient_id).await.map_err(told)?;
        }
    }
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/visits/{}", visit.id), Some(&Flash::ok("The visit has another time"))))
}

/// `POST …/participants`: somebody else joins the group.
pub async fn join(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawVisit>) -> Page {
    let row = visits::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    if !row.is_group || !row.status.is_open() {
        return Err(Error::Conflict("Only a group visit that is not over can be joined.".to_owned()));
    }
    let about = match patient(&ctx, &mut tx, "", &raw.mrn).await? {
        Ok(about) => about,
        Err(words) => return show_page(&ctx, tx, id, RawGuest::default(), FormErrors::one("mrn", words)).await,
    };
    participants::join(&mut tx, &ctx.by(), id, about.id).await.map_err(told)?;
    let event = Event::new(Action::Create, "visit_participant").of(id).about(Some(about.id)).at(Some(row.facility_id));
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/visits/{id}"), Some(&Flash::ok("Added to the group"))))
}

/// `POST …/attendance`: whether somebody came.
pub async fn attend(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawVisit>) -> Page {
    let row = visits::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let participant: ParticipantId = raw.participant.parse().map_err(|_| Error::NotFound)?;
    let attendance = Attendance::from_name(&raw.attendance).ok_or(Error::BadRequest("Choose whether they came."))?;
    moves::attend(&mut tx, &ctx.by(), &row, Some(participant), attendance).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/visits/{id}"), Some(&Flash::ok("Attendance saved"))))
}
