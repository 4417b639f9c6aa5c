//! Visits and requests that staff make: a walk-in, an overbooked visit, a request for somebody.

use askama::Template as _;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{NaiveTime, TimeDelta};
use serde::Deserialize;

use super::{patient, places};
use crate::access::Permission;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::facilities;
use crate::ids::{AlertId, FacilityId, StaffId, VisitId, VisitRequestId};
use crate::patients::dates::{DateParts, Span};
use crate::visits::derive::moment;
use crate::visits::model::{Acuity, Category, Mode, VisitStatus, VisitType};
use crate::visits::moves;
use crate::visits::pages::new::{NewPage, What};
use crate::visits::queries::changes::{self, NewVisit};
use crate::visits::queries::people::{self, About};
use crate::visits::queries::requests::{self, NewRequest};
use crate::visits::queries::visits;
use crate::visits::refusal::MOVED_ON;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// How long a walk-in is thought to take.
const WALK_IN_MINUTES: i64 = 15;

/// What the forms send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawNew {
    /// The identifier, made with the form.
    pub idempotency_key: String,
    /// The patient, where the form was opened from a chart.
    pub patient: String,
    /// The alert that suggests it, where the form was opened from one.
    pub alert: String,
    /// A record number.
    pub mrn: String,
    /// Where.
    pub facility: String,
    /// By whom.
    pub provider: String,
    /// In a room or by video.
    pub mode: String,
    /// What for.
    pub reason: String,
    /// Why it may overlap.
    pub overbook: String,
    /// The day.
    pub day_day: String,
    /// Its month.
    pub day_month: String,
    /// Its year.
    pub day_year: String,
    /// `14:30`
    pub time: String,
    /// For how long.
    pub minutes: String,
    /// How soon.
    pub acuity: String,
    /// In one word.
    pub category: String,
    /// Whether they are here already.
    pub walk_in: String,
}

async fn page(ctx: &Ctx, mut tx: Tx, what: What, form: RawNew, errors: FormErrors) -> Result<Response> {
    let about = match form.patient.parse() {
        Ok(id) => people::patient(&mut tx, ctx.actor.organization, Some(id), None).await?,
        Err(_) => None,
    };
    if let Some(about) = &about {
        super::saw(ctx, &mut tx, "patient", [about.id], what.page()).await?;
    }
    let facilities = facilities::within_reach(&mut tx, &ctx.actor).await?;
    let reach = places(ctx, &mut tx).await?;
    let providers = people::staff(&mut tx, &ctx.actor, &reach).await?;
    let area = if what == What::Request { Area::VisitRequests } else { Area::Schedule };
    let shell = ctx.shell(&mut tx, what.title(), area).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(html(status, NewPage { shell, what, form, errors, about, facilities, providers }.render()?))
}

/// The patient of the form; what is wrong stands in `errors`.
async fn about(ctx: &Ctx, tx: &mut Tx, raw: &RawNew, errors: &mut FormErrors) -> Result<Option<About>> {
    Ok(match patient(ctx, tx, &raw.patient, &raw.mrn).await? {
        Ok(about) => Some(about),
        Err(words) => {
            errors.add("mrn", words);
            None
        }
    })
}

/// Where it is to be: the facility chosen, else that of the patient.
fn place(ctx: &Ctx, raw: &RawNew, about: &About) -> FacilityId {
    let chosen = raw.facility.parse::<FacilityId>().ok().or_else(|| ctx.actor.home_facility());
    chosen.filter(|facility| ctx.actor.facilities.contains(*facility)).unwrap_or(about.facility_id)
}

/// `GET /visits/walk-in`
pub async fn ask_walk_in(ctx: Ctx, tx: Tx, Query(raw): Query<RawNew>) -> Page {
    let form = RawNew { idempotency_key: VisitId::new().to_string(), patient: raw.patient, ..RawNew::default() };
    page(&ctx, tx, What::WalkIn, form, FormErrors::default()).await
}

/// `POST /visits/walk-in`: they are here, and wait under a number.
pub async fn walk_in(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawNew>) -> Page {
    let id: VisitId = raw.idempotency_key.parse().unwrap_or_else(|_| VisitId::new());
    if visits::find(&mut tx, &ctx.actor, id).await?.is_some() {
        return Ok(ctx.redirect("/arrivals", None));
    }
    let mut errors = FormErrors::default();
    let reason = errors.required("reason", &raw.reason, "Say what they come for");
    let about = about(&ctx, &mut tx, &raw, &mut errors).await?;
    let Some(about) = about.filter(|_| errors.is_empty()) else {
        return page(&ctx, tx, What::WalkIn, raw, errors).await;
    };
    let facility = place(&ctx, &raw, &about);
    let number = wait(&ctx, &mut tx, id, &about, facility, reason).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/arrivals", Some(&Flash::ok(format!("Waiting under number {number}")))))
}

/// Makes the visit of somebody who is here, checked in, under the next number of the day.
async fn wait(ctx: &Ctx, tx: &mut Tx, id: VisitId, about: &About, facility: FacilityId, reason: String) -> Result<i32> {
    let by = ctx.by();
    let zone = people::zone(tx, ctx.actor.organization, facility).await?;
    let start = visits::now(tx).await?;
    let day = start.with_timezone(&zone).date_naive();
    let number = changes::next_waiting_number(tx, &by, facility, day).await?;
    let visit = NewVisit {
        id,
        facility,
        patient: about.id,
        staff: None,
        slot: None,
        visit_type: VisitType::WalkIn,
        mode: Mode::InPerson,
        location: None,
        reason,
        start,
        end: start + TimeDelta::minutes(WALK_IN_MINUTES),
        overbook_reason: Some("Walk-in".to_owned()),
        replaces: None,
        is_group: false,
        waiting: Some((day, number)),
    };
    moves::plan(tx, &by, &visit).await?;
    let row = visits::find(tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    moves::advance(tx, &by, &row, VisitStatus::CheckedIn, None, None).await?;
    Ok(number)
}

/// `POST /visit-requests/{id}/arrival`: who asked to walk in is here.
pub async fn arrive(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitRequestId>) -> Page {
    let request = moves::lock_request(&mut tx, &ctx, id).await?;
    if request.request_type != VisitType::WalkIn || request.visit_id.is_some() {
        return Err(Error::Conflict(MOVED_ON.to_owned()));
    }
    let about = people::patient(&mut tx, ctx.actor.organization, Some(request.patient_id), None).await?;
    let about = about.ok_or(Error::NotFound)?;
    let visit = VisitId::new();
    let number = wait(&ctx, &mut tx, visit, &about, request.facility_id, request.reason_text.clone()).await?;
    moves::arrive(&mut tx, &ctx.by(), &request, visit).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/arrivals", Some(&Flash::ok(format!("Waiting under number {number}")))))
}

/// `GET /visits/overbooking`
pub async fn ask_overbook(ctx: Ctx, tx: Tx, Query(raw): Query<RawNew>) -> Page {
    let form = RawNew {
        idempotency_key: VisitId::new().to_string(),
        patient: raw.patient,
        provider: raw.provider,
        minutes: "15".to_owned(),
        ..RawNew::default()
    };
    page(&ctx, tx, What::Overbooking, form, FormErrors::default()).await
}

/// `POST /visits/overbooking`: a visit outside the slots, with the reason in the audit.
pub async fn overbook(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawNew>) -> Page {
    let id: VisitId = raw.idempotency_key.parse().unwrap_or_else(|_| VisitId::new());
    if visits::find(&mut tx, &ctx.actor, id).await?.is_some() {
        return Ok(ctx.redirect(&format!("/visits/{id}"), None));
    }
    let mut errors = FormErrors::default();
    let reason = errors.required("reason", &raw.reason, "Say what the visit is for");
    let why = errors.required("overbook", &raw.overbook, "Say why it cannot wait for a free time");
    let about = about(&ctx, &mut tx, &raw, &mut errors).await?;
    let reach = places(&ctx, &mut tx).await?;
    let providers = people::staff(&mut tx, &ctx.actor, &reach).await?;
    let provider = raw.provider.parse::<StaffId>().ok().filter(|id| providers.iter().any(|one| one.id == *id));
    if provider.is_none() {
        errors.add("provider", "Choose who sees them");
    }
    let minutes = raw.minutes.trim().parse::<i64>().ok().filter(|minutes| (5..=480).contains(minutes));
    if minutes.is_none() {
        errors.add("minutes", "Enter how many minutes, from 5 to 480");
    }
    let Some(about) = about else { return page(&ctx, tx, What::Overbooking, raw, errors).await };
    let facility = place(&ctx, &raw, &about);
    let zone = people::zone(&mut tx, ctx.actor.organization, facility).await?;
    let start = start_of(&ctx, &raw, zone, &mut errors);
    if let Some(start) = start
        && start <= visits::now(&mut tx).await?
    {
        errors.add("day", "That time has passed. Choose a later one");
    }
    let (Some(provider), Some(minutes), Some(start), true) = (provider, minutes, start, errors.is_empty()) else {
        return page(&ctx, tx, What::Overbooking, raw, errors).await;
    };
    let visit = NewVisit {
        id,
        facility,
        patient: about.id,
        staff: Some(provider),
        slot: None,
        visit_type: VisitType::Scheduled,
        mode: Mode::from_name(&raw.mode).unwrap_or(Mode::InPerson),
        location: None,
        reason,
        start,
        end: start + TimeDelta::minutes(minutes),
        overbook_reason: Some(why),
        replaces: None,
        is_group: false,
        waiting: None,
    };
    moves::plan(&mut tx, &ctx.by(), &visit).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/visits/{id}"), Some(&Flash::ok("The visit is booked beside the others"))))
}

/// The moment that the day and the time of a form name, by the clock of the facility.
fn start_of(ctx: &Ctx, raw: &RawNew, zone: chrono_tz::Tz, errors: &mut FormErrors) -> Option<crate::clock::Timestamp> {
    let parts = DateParts::new(&raw.day_day, &raw.day_month, &raw.day_year);
    let day = if parts.is_blank() { Some(ctx.today()) } else { parts.read(errors, "day", ctx.today(), Span::Any) };
    let time = NaiveTime::parse_from_str(raw.time.trim(), "%H:%M").ok();
    if time.is_none() {
        errors.add("time", "Enter the time like 14:30");
    }
    let start = moment(zone, day?, time?);
    if start.is_none() {
        errors.add("time", "The clock is put forward over this time. Choose another");
    }
    start
}

/// `GET /visit-requests/new`
pub async fn ask_request(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawNew>) -> Page {
    let key = VisitRequestId::new().to_string();
    let mut form = RawNew { idempotency_key: key, patient: raw.patient, ..RawNew::default() };
    if let Ok(alert) = raw.alert.parse::<AlertId>() {
        let patient = requests::patient_of_alert(&mut tx, &ctx.actor, alert).await?.ok_or(Error::NotFound)?;
        (form.alert, form.patient) = (alert.to_string(), patient.to_string());
    }
    page(&ctx, tx, What::Request, form, FormErrors::default()).await
}

/// `POST /visit-requests/new`
pub async fn request(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawNew>) -> Page {
    let id: VisitRequestId = raw.idempotency_key.parse().unwrap_or_else(|_| VisitRequestId::new());
    let mut errors = FormErrors::default();
    let reason = errors.required("reason", &raw.reason, "Say why they should be seen");
    let about = about(&ctx, &mut tx, &raw, &mut errors).await?;
    let acuity = Acuity::from_name(&raw.acuity);
    if acuity.is_none() {
        errors.add("acuity", "Choose how soon they should be seen");
    }
    let (Some(about), Some(acuity), true) = (about, acuity, errors.is_empty()) else {
        return page(&ctx, tx, What::Request, raw, errors).await;
    };
    let alert = match raw.alert.parse::<AlertId>() {
        Ok(alert) => {
            // Of this patient and of nobody else: somebody may have typed another record number.
            let whose = requests::patient_of_alert(&mut tx, &ctx.actor, alert).await?;
            Some(alert).filter(|_| whose == Some(about.id))
        }
        Err(_) => None,
    };
    let new = NewRequest {
        id,
        facility: place(&ctx, &raw, &about),
        patient: about.id,
        request_type: if raw.walk_in.is_empty() { VisitType::Scheduled } else { VisitType::WalkIn },
        mode: Mode::from_name(&raw.mode).unwrap_or(Mode::InPerson),
        requested_date: None,
        window: None,
        reason,
        category: Category::from_name(&raw.category),
        acuity,
        alert,
    };
    if requests::find(&mut tx, &ctx.actor, id).await?.is_none() {
        moves::ask(&mut tx, &ctx.by(), &new).await?;
        tx.commit().await?;
    }
    let to = match alert {
        _ if ctx.actor.may(Permission::TriageVisitRequests) => format!("/visit-requests/{id}"),
        Some(alert) => format!("/alerts/{alert}"),
        None if ctx.actor.may(Permission::ViewVisitRequests) => format!("/visit-requests/{id}"),
        None => "/".to_owned(),
    };
    Ok(ctx.redirect(&to, Some(&Flash::ok("The request is in the queue"))))
}
