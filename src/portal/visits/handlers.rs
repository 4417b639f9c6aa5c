//! The list, one visit, and what a patient does about it.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::pages::{CancelPage, ListPage, ShowPage, before_them};
use super::story;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::VisitId;
use crate::visits::handlers::calendar::{entry, file};
use crate::visits::ics::calendar;
use crate::visits::model::{VisitStatus, before_cutoff};
use crate::visits::moves;
use crate::visits::queries::visits::{self, VisitRow};
use crate::visits::queries::{participants, requests};
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::nav::Area;
use crate::web::whom::{self, Scope, Whom};
use crate::web::{Ctx, Page};

/// Visits and requests shown; older ones are for the clinic to look up.
const SHOWN: i64 = 60;

/// What the forms send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawAnswer {
    /// Whom it is about.
    pub patient: String,
    /// Why, or what would be better.
    pub reason: String,
    /// Whether another time is wanted.
    pub again: String,
}

pub(super) async fn own(ctx: &Ctx, tx: &mut Tx) -> Result<Whom> {
    whom::current_for(tx, &ctx.actor, Scope::Visits).await
}

/// `GET /my/visits`
pub async fn list(ctx: Ctx, mut tx: Tx) -> Page {
    let own = own(&ctx, &mut tx).await?;
    let visits = visits::of_patient(&mut tx, &ctx.actor, own.patient, SHOWN).await?;
    let requests = requests::of_patient(&mut tx, &ctx.actor, own.patient, SHOWN).await?;
    let event = Event::new(Action::View, "visit").about(Some(own.patient)).at(Some(own.facility_id));
    events::record(&mut tx, &ctx.by(), event.with(serde_json::json!({ "page": "portal visits" }))).await?;
    let now = visits::now(&mut tx).await?;
    let shell = ctx.shell(&mut tx, "Visits", Area::MyVisits).await?;
    tx.commit().await?;
    ctx.whole_page(StatusCode::OK, &ListPage::new(shell, own, visits, requests, now, ctx.actor.zone))
}

/// A visit in which the patient takes part; any other is not found.
pub(super) async fn found(ctx: &Ctx, tx: &mut Tx, id: VisitId) -> Result<(Whom, VisitRow)> {
    let own = own(ctx, tx).await?;
    let row = visits::find(tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let takes_part =
        participants::participants(tx, &ctx.actor, id).await?.iter().any(|one| one.patient_id == own.patient);
    if !takes_part {
        return Err(Error::NotFound);
    }
    let event = Event::new(Action::View, "visit").of(id).about(Some(own.patient)).at(Some(row.facility_id));
    events::record(tx, &ctx.by(), event).await?;
    Ok((own, row))
}

/// `GET /my/visits/{id}`
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>) -> Page {
    let (own, row) = found(&ctx, &mut tx, id).await?;
    let now = visits::now(&mut tx).await?;
    let hours = visits::cutoff_hours(&mut tx, ctx.actor.organization).await?;
    let story = story::of_visit(&mut tx, &ctx.actor, &own, id).await?;
    let before = match row.waiting_number {
        Some(_) if row.status == VisitStatus::CheckedIn => {
            Some(before_them(visits::waiting_before(&mut tx, id).await?))
        }
        _ => None,
    };
    let shell = ctx.shell(&mut tx, "Visit", Area::MyVisits).await?;
    tx.commit().await?;
    ctx.whole_page(StatusCode::OK, &ShowPage { shell, own, row, story, before, now, hours, zone: ctx.actor.zone })
}

/// `GET /my/visits/{id}/invitation.ics`
pub async fn invitation(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>) -> Page {
    let (_, row) = found(&ctx, &mut tx, id).await?;
    tx.commit().await?;
    let summary = format!("{} with {}", row.mode.plain(), row.who());
    let entry = entry(&ctx.app, &row, summary, &format!("/my/visits/{id}"));
    let method = if entry.cancelled { "CANCEL" } else { "REQUEST" };
    Ok(file(calendar(method, &[entry], ctx.now())))
}

/// `GET /my/visits/{id}/cancellation`
pub async fn ask_cancel(ctx: Ctx, tx: Tx, Id(id): Id<VisitId>) -> Page {
    cancel_page(&ctx, tx, id, RawAnswer::default(), FormErrors::default()).await
}

async fn cancel_page(ctx: &Ctx, mut tx: Tx, id: VisitId, form: RawAnswer, errors: FormErrors) -> Result<Response> {
    let (own, row) = found(ctx, &mut tx, id).await?;
    let now = visits::now(&mut tx).await?;
    let hours = visits::cutoff_hours(&mut tx, ctx.actor.organization).await?;
    let shell = ctx.shell(&mut tx, "Cancel a visit", Area::MyVisits).await?;
    tx.commit().await?;
    let may = row.status == VisitStatus::Planned && !row.is_group && before_cutoff(row.start_time, now, hours);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    ctx.whole_page(
        status,
        &CancelPage { shell, own, row, form, errors, may, hours, today: ctx.today(), zone: ctx.actor.zone },
    )
}

/// `POST /my/visits/{id}/cancellation`
pub async fn cancel(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawAnswer>) -> Page {
    let (own, row) = found(&ctx, &mut tx, id).await?;
    own.agrees(&raw.patient)?;
    let mut errors = FormErrors::default();
    let reason = errors.required("reason", &raw.reason, "Tell us why, in a few words");
    if !errors.is_empty() {
        return cancel_page(&ctx, tx, id, raw, errors).await;
    }
    if row.status == VisitStatus::Cancelled {
        return Ok(ctx.redirect(&format!("/my/visits/{id}"), None));
    }
    match moves::advance(&mut tx, &ctx.by(), &row, VisitStatus::Cancelled, Some(&reason), None).await {
        Ok(()) => tx.commit().await?,
        Err(Error::Unprocessable(words) | Error::Conflict(words)) => {
            return Ok(ctx.redirect(&format!("/my/visits/{id}"), Some(&Flash::problem(words))));
        }
        Err(error) => return Err(error),
    }
    if raw.again.is_empty() {
        return Ok(ctx.redirect("/my/visits", Some(&Flash::ok("Your visit is cancelled"))));
    }
    let ask = format!("/my/visits/request?mode={}", row.mode.as_str());
    Ok(ctx.redirect(&ask, Some(&Flash::ok("Your visit is cancelled. Now ask for another time"))))
}
