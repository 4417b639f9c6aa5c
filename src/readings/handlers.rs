//! Requests of staff.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use uuid::Uuid;

use super::cards::{self, Frame, Goal};
use super::forms::{self, BY_STAFF, Entry, Unready};
use super::look::{self, Latest, Period};
use super::metric::Metric;
use super::model::{Source, Status};
use super::pages::{Drawn, EntryPage, ErrorPage, MetricPage, Panel, PrintPage, VitalsPage, before, periods};
use super::{derive, goals, mark_error, record as keep};
use crate::access::Permission;
use crate::charts::trend::Size;
use crate::clock::{self, Timestamp};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::Action;
use crate::ids::{ObservationId, PatientId, new_uuid};
use crate::patients::fields::Typed;
use crate::patients::record::{self, REFUSED, Record};
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Ids, Query};
use crate::web::ui::Choice;
use crate::web::{Ctx, format};

/// Readings on a page of one metric.
const PER_PAGE: i64 = 50;

/// The query of a page of readings.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    days: String,
    with: String,
    before: String,
}

/// A patient, and a metric as its address names it. What names neither is not found.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfPatient(PatientId, Metric);

impl<S: Send + Sync> FromRequestParts<S> for OfPatient {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let axum::extract::Path((patient, slug)) =
            axum::extract::Path::<(Uuid, String)>::from_request_parts(parts, state)
                .await
                .map_err(|_| Error::NotFound)?;
        Ok(Self(patient.into(), Metric::from_slug(&slug).ok_or(Error::NotFound)?))
    }
}

/// `GET /patients/{id}/vitals`
pub async fn vitals(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Query(wanted): Query<Wanted>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "vitals").await?;
    let period = Period::read(&wanted.days);
    let (cards, bmi) = all(&ctx, &mut tx, &record, period, "c-").await?;
    let glp1 = match bmi {
        Some(bmi) => Some(glp1(&mut tx, &ctx, id, bmi).await?),
        None => None,
    };
    let shell = record.shell(&ctx, &mut tx, "vitals").await?;
    tx.commit().await?;
    let here = record.href("vitals");
    let page = VitalsPage {
        shell,
        banner: record.banner(&ctx),
        sections: record.sections(&ctx, "vitals"),
        periods: periods(&here, "", period),
        here,
        period,
        cards,
        devices: record.href("devices"),
        imports: record.href("imports"),
        may_record: ctx.actor.may(Permission::RecordReadings) && record.stored.deleted_at.is_none(),
        may_export: ctx.actor.may(Permission::ExportReadings),
        glp1,
        zone: ctx.actor.zone,
    };
    ctx.whole_page(StatusCode::OK, &page)
}

/// `GET /patients/{id}/vitals/print`
pub async fn print(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Query(wanted): Query<Wanted>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::Print, "vitals").await?;
    let period = Period::read(&wanted.days);
    let (cards, _) = all(&ctx, &mut tx, &record, period, "c-").await?;
    let shell = record.shell(&ctx, &mut tx, "vitals").await?;
    tx.commit().await?;
    let page = PrintPage {
        shell,
        banner: record.banner(&ctx),
        here: record.href("vitals"),
        period,
        cards,
        zone: ctx.actor.zone,
    };
    ctx.whole_page(StatusCode::OK, &page)
}

/// The panel on the summary of the chart; none for those who may not see readings.
///
/// # Errors
/// Where the database does not answer.
pub async fn panel(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Option<Panel>> {
    if !ctx.actor.may(Permission::ViewReadings) {
        return Ok(None);
    }
    let (cards, _) = all(ctx, tx, record, Period::Fortnight, "v-").await?;
    let may_record = ctx.actor.may(Permission::RecordReadings) && record.stored.deleted_at.is_none();
    Ok(Some(Panel { here: record.href("vitals"), cards, may_record, zone: ctx.actor.zone }))
}

/// Cards of all metrics, and the latest body mass index. Four statements, however many readings there are.
async fn all(
    ctx: &Ctx,
    tx: &mut Tx,
    record: &Record,
    period: Period,
    prefix: &str,
) -> Result<(Vec<cards::Card>, Option<f64>)> {
    let (organization, patient) = (ctx.actor.organization, record.id());
    look::focus(tx, patient).await?;
    let latest = look::latest(tx, organization, patient).await?;
    let span = period.until(ctx.now());
    let metrics: Vec<Metric> = latest.iter().map(|one| one.metric).collect();
    let columns = look::columns(tx, organization, patient, &metrics, span, Size::Small).await?;
    let goals = goals::of(tx, organization, patient).await?;
    let bmi = latest.iter().find(|one| one.metric == Metric::Bmi).map(|one| one.value);
    let frame = Frame { span, zone: ctx.actor.zone, born: record.stored.date_of_birth, prefix };
    Ok((cards::cards(latest, &columns, &goals, frame), bmi))
}

async fn glp1(tx: &mut Tx, ctx: &Ctx, patient: PatientId, bmi: f64) -> Result<String> {
    let condition = look::weight_matters(tx, ctx.actor.organization, patient).await?;
    let met = if derive::glp1_eligible(bmi, condition) { "met" } else { "not met" };
    let with = if condition { "with" } else { "without" };
    Ok(format!("{met}: index {bmi:.1} {with} an active weight-related condition"))
}

/// `GET /patients/{id}/vitals/{metric}`
pub(super) async fn metric(ctx: Ctx, tx: Tx, of: OfPatient, Query(wanted): Query<Wanted>) -> Page {
    one_metric(&ctx, tx, of, &wanted, None).await
}

/// `POST /patients/{id}/vitals/{metric}/goal`
pub(super) async fn set_goal(ctx: Ctx, mut tx: Tx, of: OfPatient, Form(typed): Form<Typed>) -> Page {
    let OfPatient(patient, metric) = of;
    let goal = match goals::parse(metric, &typed) {
        Ok(goal) => goal,
        Err(errors) => return one_metric(&ctx, tx, of, &Wanted::default(), Some((typed, errors))).await,
    };
    let record = standing(&ctx, &mut tx, patient).await?;
    goals::set(&mut tx, &ctx.by(), patient, &goal).await?;
    tx.commit().await?;
    let words = if goal.line().is_some() { "The goal is set." } else { "The goal has ended." };
    Ok(ctx.redirect(&record.href(&format!("vitals/{}", metric.slug())), Some(&Flash::ok(words))))
}

async fn one_metric(
    ctx: &Ctx,
    mut tx: Tx,
    OfPatient(id, metric): OfPatient,
    wanted: &Wanted,
    refused: Option<(Typed, FormErrors)>,
) -> Page {
    let record = record::open(ctx, &mut tx, id, Action::View, "vitals").await?;
    let (organization, period, zone) = (ctx.actor.organization, Period::read(&wanted.days), ctx.actor.zone);
    look::focus(&mut tx, id).await?;
    let latest = look::latest(&mut tx, organization, id).await?;
    let with = Metric::from_slug(&wanted.with).filter(|other| *other != metric && has(&latest, *other));
    let span = period.until(ctx.now());
    let shown: Vec<Metric> = std::iter::once(metric).chain(with).collect();
    let columns = look::columns(&mut tx, organization, id, &shown, span, Size::Large).await?;
    let goals = goals::of(&mut tx, organization, id).await?;
    let begin = wanted.before.parse::<Timestamp>().ok().filter(|at| clock::is_near(*at));
    let mut rows = look::readings(&mut tx, organization, id, metric, begin, PER_PAGE + 1).await?;
    let shell = record.shell(ctx, &mut tx, "vitals").await?;
    tx.commit().await?;

    let (vitals, slug) = (record.href("vitals"), metric.slug());
    let here = format!("{vitals}/{slug}");
    let rest = with.map(|other| format!("&with={}", other.slug())).unwrap_or_default();
    let more = i64::try_from(rows.len()).is_ok_and(|count| count > PER_PAGE);
    rows.truncate(PER_PAGE.try_into().unwrap_or(usize::MAX));
    let older = rows
        .last()
        .filter(|_| more)
        .map(|row| format!("{here}?days={}{rest}&before={}", period.as_str(), before(row.at)));
    let frame = Frame { span, zone, born: record.stored.date_of_birth, prefix: "m-" };
    let charts = shown
        .iter()
        .filter_map(|one| {
            let latest = latest.iter().find(|latest| latest.metric == *one)?;
            let own: Vec<_> = columns.iter().filter(|column| column.metric == *one).collect();
            let count = own.iter().map(|column| column.count).sum();
            let chart = cards::chart(latest, &own, &goals, frame, Size::Large);
            Some(Drawn { label: one.label(), chart, count, note: frame.note(*one) })
        })
        .collect();
    let goal = goals.into_iter().find(|goal| goal.metric == metric);
    let (typed, errors) = match refused {
        Some((typed, errors)) => ((typed.get("low").to_owned(), typed.get("high").to_owned()), errors),
        None => (ends(goal.as_ref()), FormErrors::default()),
    };
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let page = MetricPage {
        shell,
        banner: record.banner(ctx),
        sections: record.sections(ctx, "vitals"),
        metric,
        csv: ctx
            .actor
            .may(Permission::ExportReadings)
            .then(|| format!("{vitals}.csv?metric={slug}&days={}", period.as_str())),
        vitals,
        periods: periods(&here, &rest, period),
        period,
        charts,
        others: latest
            .iter()
            .filter(|other| other.metric != metric)
            .map(|other| Choice::new(other.metric.slug(), other.metric.label(), Some(other.metric) == with))
            .collect(),
        rows,
        older,
        goal,
        typed,
        errors,
        may_correct: ctx.actor.may(Permission::CorrectReadings) && record.stored.deleted_at.is_none(),
        readings: record.href("readings"),
        here,
        zone,
    };
    ctx.whole_page(status, &page)
}

fn has(latest: &[Latest], metric: Metric) -> bool {
    latest.iter().any(|one| one.metric == metric)
}

fn ends(goal: Option<&Goal>) -> (String, String) {
    let write = |end: Option<f64>| end.map(|end| format::number(end, 2)).unwrap_or_default();
    goal.map(|goal| (write(goal.low), write(goal.high))).unwrap_or_default()
}

/// `GET /patients/{id}/vitals/new`
pub async fn ask(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = standing(&ctx, &mut tx, id).await?;
    let entry = Entry::fill(BY_STAFF, &now(&ctx), FormErrors::default(), Vec::new());
    entry_page(&ctx, tx, &record, entry).await
}

/// `POST /patients/{id}/vitals/new`
pub async fn save(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Form(typed): Form<Typed>) -> Page {
    let record = standing(&ctx, &mut tx, id).await?;
    let readings = match forms::parse(&typed, BY_STAFF, id, ctx.actor.zone, ctx.now()) {
        Ok(readings) => readings,
        Err(unready) => return entry_page(&ctx, tx, &record, unready_entry(BY_STAFF, &typed, unready)).await,
    };
    let group = Some(new_uuid());
    let readings = readings.into_iter().map(|one| one.from(Source::Clinician).grouped(group)).collect();
    let recorded = keep(&mut tx, &ctx.by(), readings).await?;
    if let Some((_, refusal)) = recorded.refused.into_iter().next() {
        drop(tx);
        let mut tx = ctx.app.db.begin(&ctx.actor).await?;
        let record = standing(&ctx, &mut tx, id).await?;
        let errors = FormErrors::one("on", refusal.message);
        return entry_page(&ctx, tx, &record, Entry::fill(BY_STAFF, &typed, errors, Vec::new())).await;
    }
    tx.commit().await?;
    let words = if recorded.kept.is_empty() { "These readings were there already." } else { "Recorded." };
    Ok(ctx.redirect(&record.href("vitals"), Some(&Flash::ok(words))))
}

/// The form with what is wrong or unlikely.
pub(super) fn unready_entry(metrics: &[Metric], typed: &Typed, unready: Unready) -> Entry {
    match unready {
        Unready::Wrong(errors) => Entry::fill(metrics, typed, errors, Vec::new()),
        Unready::Doubtful(doubts) => Entry::fill(metrics, typed, FormErrors::default(), doubts),
    }
}

/// A form for now.
pub(super) fn now(ctx: &Ctx) -> Typed {
    let local = ctx.now().with_timezone(&ctx.actor.zone);
    Typed::default().put("on", local.format("%Y-%m-%d").to_string()).put("at", local.format("%H:%M").to_string())
}

async fn entry_page(ctx: &Ctx, mut tx: Tx, record: &Record, entry: Entry) -> Page {
    let shell = record.shell(ctx, &mut tx, "record readings").await?;
    tx.commit().await?;
    let status = if entry.errors.is_empty() && entry.doubts.is_empty() { StatusCode::OK } else { REFUSED };
    let page = EntryPage { shell, banner: record.banner(ctx), vitals: record.href("vitals"), entry };
    ctx.whole_page(status, &page)
}

/// A record that is not deleted.
async fn standing(ctx: &Ctx, tx: &mut Tx, id: PatientId) -> Result<Record> {
    let record = record::open(ctx, tx, id, Action::View, "vitals").await?;
    match record.stored.deleted_at {
        None => Ok(record),
        Some(_) => Err(Error::Conflict("This record is deleted. Restore it before changing it.".to_owned())),
    }
}

/// `GET /patients/{id}/readings/{reading}/error`
pub async fn ask_error(ctx: Ctx, tx: Tx, Ids(id, reading): Ids<PatientId, ObservationId>) -> Page {
    error_page(&ctx, tx, id, reading, "", FormErrors::default()).await
}

/// `POST /patients/{id}/readings/{reading}/error`
pub async fn set_error(
    ctx: Ctx,
    mut tx: Tx,
    Ids(id, reading): Ids<PatientId, ObservationId>,
    Form(typed): Form<Typed>,
) -> Page {
    let mut errors = FormErrors::default();
    let reason = errors.required("reason", typed.get("reason"), "Say what is wrong with the reading");
    if !errors.is_empty() {
        return error_page(&ctx, tx, id, reading, typed.get("reason"), errors).await;
    }
    let found = look::one(&mut tx, ctx.actor.organization, id, reading).await?.ok_or(Error::NotFound)?;
    if !mark_error(&mut tx, &ctx.by(), id, reading, &reason).await? {
        return Err(Error::Conflict("This reading was marked as an error before.".to_owned()));
    }
    tx.commit().await?;
    let location = format!("/patients/{id}/vitals/{}", found.metric.slug());
    Ok(ctx.redirect(&location, Some(&Flash::ok("Marked as entered in error. It stays in the record."))))
}

async fn error_page(
    ctx: &Ctx,
    mut tx: Tx,
    id: PatientId,
    reading: ObservationId,
    reason: &str,
    errors: FormErrors,
) -> Page {
    let record = standing(ctx, &mut tx, id).await?;
    let reading = look::one(&mut tx, ctx.actor.organization, id, reading).await?.ok_or(Error::NotFound)?;
    if reading.status != Status::Final || reading.derivation.is_some() {
        return Err(Error::Conflict("Only a measured reading that stands can be marked as an error.".to_owned()));
    }
    let shell = record.shell(ctx, &mut tx, "entered in error").await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let page = ErrorPage {
        shell,
        banner: record.banner(ctx),
        action: format!("{}/{}/error", record.href("readings"), reading.id),
        back: record.href(&format!("vitals/{}", reading.metric.slug())),
        reading,
        reason: reason.to_owned(),
        errors,
        zone: ctx.actor.zone,
    };
    ctx.whole_page(status, &page)
}
