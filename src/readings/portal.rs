//! Requests of patients, and of who acts for them.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::cards::Frame;
use super::forms::{self, BY_PATIENT, Entry};
use super::handlers::{now, unready_entry};
use super::look::{self, Period};
use super::metric::Metric;
use super::model::{Source, Status};
use super::pages::{MyEntryPage, MyErrorPage, MyPage, periods};
use super::{cards, goals, mark_error, record as keep};
use crate::charts::trend::Size;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{ObservationId, new_uuid};
use crate::patients::fields::Typed;
use crate::patients::record::REFUSED;
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::whom::{self, Scope, Whom};

/// What the person typed lately, of each metric.
const TYPED: i64 = 3;

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    days: String,
}

/// `GET /my/readings`
pub(super) async fn mine(ctx: Ctx, mut tx: Tx, Query(wanted): Query<Wanted>) -> Page {
    let own = opened(&ctx, &mut tx, "portal readings").await?;
    let (organization, zone, period) = (ctx.actor.organization, ctx.actor.zone, Period::read(&wanted.days));
    let latest = look::latest(&mut tx, organization, own.patient).await?;
    let span = period.until(ctx.now());
    let metrics: Vec<Metric> = latest.iter().map(|one| one.metric).collect();
    let columns = look::columns(&mut tx, organization, own.patient, &metrics, span, Size::Small).await?;
    let goals = goals::of(&mut tx, organization, own.patient).await?;
    let mut typed = Vec::new();
    for metric in metrics.iter().filter(|metric| BY_PATIENT.contains(metric)) {
        typed.extend(look::readings(&mut tx, organization, own.patient, *metric, None, TYPED).await?);
    }
    typed.retain(|row| row.own);
    typed.sort_by_key(|row| std::cmp::Reverse(row.at));
    let shell = ctx.shell(&mut tx, "Readings", Area::MyReadings).await?;
    tx.commit().await?;
    let goal_of = |metric: Metric, value: f64| {
        let goal = goals.iter().find(|goal| goal.metric == metric)?;
        Some((goal.words(), goal.met(value)))
    };
    let values: Vec<(Metric, f64)> = latest.iter().map(|one| (one.metric, one.value)).collect();
    let frame = Frame { span, zone, born: own.date_of_birth, prefix: "r-" };
    let cards = cards::cards(latest, &columns, &goals, frame)
        .into_iter()
        .zip(values)
        .map(|(card, (metric, value))| (card, goal_of(metric, value)))
        .collect();
    let page = MyPage { shell, own, periods: periods("/my/readings", "", period), cards, typed, zone };
    ctx.whole_page(StatusCode::OK, &page)
}

/// `GET /my/readings/new`
pub(super) async fn ask(ctx: Ctx, mut tx: Tx) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    let entry = Entry::fill(BY_PATIENT, &now(&ctx), FormErrors::default(), Vec::new());
    entry_page(&ctx, tx, own, entry).await
}

/// `POST /my/readings/new`
pub(super) async fn save(ctx: Ctx, mut tx: Tx, Form(typed): Form<Typed>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    own.agrees(typed.get("patient"))?;
    let readings = match forms::parse(&typed, BY_PATIENT, own.patient, ctx.actor.zone, ctx.now()) {
        Ok(readings) => readings,
        Err(unready) => return entry_page(&ctx, tx, own, unready_entry(BY_PATIENT, &typed, unready)).await,
    };
    let group = Some(new_uuid());
    let readings = readings.into_iter().map(|one| one.from(Source::Manual).grouped(group)).collect();
    let recorded = keep(&mut tx, &ctx.by(), readings).await?;
    if let Some((_, refusal)) = recorded.refused.into_iter().next() {
        drop(tx);
        let tx = ctx.app.db.begin(&ctx.actor).await?;
        let errors = FormErrors::one("on", refusal.message);
        return entry_page(&ctx, tx, own, Entry::fill(BY_PATIENT, &typed, errors, Vec::new())).await;
    }
    tx.commit().await?;
    let words = if recorded.kept.is_empty() {
        "These readings were there already."
    } else {
        "Thank you. Your care team can see them now."
    };
    Ok(ctx.redirect("/my/readings", Some(&Flash::ok(words))))
}

async fn entry_page(ctx: &Ctx, mut tx: Tx, own: Whom, entry: Entry) -> Page {
    let shell = ctx.shell(&mut tx, "Add readings", Area::MyReadings).await?;
    tx.commit().await?;
    let status = if entry.errors.is_empty() && entry.doubts.is_empty() { StatusCode::OK } else { REFUSED };
    ctx.whole_page(status, &MyEntryPage { shell, own, entry })
}

/// `GET /my/readings/{reading}/error`
pub(super) async fn ask_error(ctx: Ctx, tx: Tx, Id(reading): Id<ObservationId>) -> Page {
    error_page(&ctx, tx, reading, "", FormErrors::default()).await
}

/// `POST /my/readings/{reading}/error`
pub(super) async fn set_error(ctx: Ctx, mut tx: Tx, Id(reading): Id<ObservationId>, Form(typed): Form<Typed>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    own.agrees(typed.get("patient"))?;
    let mut errors = FormErrors::default();
    let reason = errors.required("reason", typed.get("reason"), "Say what is wrong with it");
    if !errors.is_empty() {
        return error_page(&ctx, tx, reading, typed.get("reason"), errors).await;
    }
    if !mark_error(&mut tx, &ctx.by(), own.patient, reading, &reason).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(ctx.redirect("/my/readings", Some(&Flash::ok("Marked as a mistake. Your care team can see that."))))
}

async fn error_page(ctx: &Ctx, mut tx: Tx, reading: ObservationId, reason: &str, errors: FormErrors) -> Page {
    let own = opened(ctx, &mut tx, "portal readings").await?;
    let reading = look::one(&mut tx, ctx.actor.organization, own.patient, reading).await?;
    let reading = reading.filter(|one| one.own && one.status == Status::Final).ok_or(Error::NotFound)?;
    let shell = ctx.shell(&mut tx, "A mistake in a reading", Area::MyReadings).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let page = MyErrorPage { shell, own, reading, reason: reason.to_owned(), errors, zone: ctx.actor.zone };
    ctx.whole_page(status, &page)
}

/// Whose readings are shown, written down.
async fn opened(ctx: &Ctx, tx: &mut Tx, page: &str) -> Result<Whom> {
    let own = whom::current_for(tx, &ctx.actor, Scope::Readings).await?;
    let event = Event::new(Action::View, "observation")
        .about(Some(own.patient))
        .at(Some(own.facility_id))
        .with(json!({ "page": page }));
    events::record(tx, &ctx.by(), event).await?;
    Ok(own)
}
