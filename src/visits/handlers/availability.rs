//! When somebody offers visits, when they are away, and the address of their calendar.

use askama::Template as _;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{NaiveTime, TimeDelta};
use serde::Deserialize;
use serde_json::json;

use super::{chosen, places};
use crate::access::Permission;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::facilities;
use crate::ids::{AvailabilityId, FacilityId, LeaveId, StaffId};
use crate::patients::dates::{DateParts, Span};
use crate::visits::derive::day_begins;
use crate::visits::model::{AvailabilityStatus, Mode};
use crate::visits::pages::availability::Editor;
use crate::visits::queries::availability::{self as queries, NewAvailability, NewLeave};
use crate::visits::queries::{people, schedule, visits};
use crate::visits::refusal::told;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// How far ahead absences are shown, in days.
const AHEAD: i64 = 400;

/// What the forms send.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawAvailability {
    /// Whose.
    pub provider: String,
    /// The identifier, made with the form.
    pub idempotency_key: String,
    /// Where.
    pub facility: String,
    /// A day of the week, 0 is Sunday, or `once`.
    pub weekday: String,
    /// The day, for a single one.
    pub on_day: String,
    /// Its month.
    pub on_month: String,
    /// Its year.
    pub on_year: String,
    /// `09:00`
    pub start: String,
    /// `12:30`
    pub end: String,
    /// In a room or by video.
    pub mode: String,
    /// Room or place.
    pub location: String,
    /// Length of a slot.
    pub slot_minutes: String,
    /// Pause after each.
    pub buffer_minutes: String,
    /// The first day away.
    pub from_day: String,
    /// Its month.
    pub from_month: String,
    /// Its year.
    pub from_year: String,
    /// The last day away.
    pub until_day: String,
    /// Its month.
    pub until_month: String,
    /// Its year.
    pub until_year: String,
    /// What for.
    pub note: String,
    /// `ACTIVE` or `PAUSED`.
    pub status: String,
}

/// `GET /availability`
pub async fn show(ctx: Ctx, tx: Tx, Query(raw): Query<RawAvailability>) -> Page {
    let key = AvailabilityId::new().to_string();
    let form = RawAvailability { provider: raw.provider, idempotency_key: key, ..RawAvailability::default() };
    page(&ctx, tx, form, FormErrors::default(), None).await
}

/// The editor; `feed` is the address of a calendar that has just been made, shown this once.
pub(super) async fn page(
    ctx: &Ctx,
    mut tx: Tx,
    form: RawAvailability,
    errors: FormErrors,
    feed: Option<String>,
) -> Result<Response> {
    let reach = places(ctx, &mut tx).await?;
    let providers = people::staff(&mut tx, &ctx.actor, &reach).await?;
    let facilities = facilities::within_reach(&mut tx, &ctx.actor).await?;
    let provider = chosen(ctx, &providers, &form.provider);
    let (mut offers, mut leave) = (Vec::new(), Vec::new());
    if let Some(provider) = &provider {
        let now = visits::now(&mut tx).await?;
        offers = queries::of(&mut tx, &ctx.actor, provider.id).await?;
        let until = now + TimeDelta::days(AHEAD);
        leave = schedule::leave(&mut tx, ctx.actor.organization, &[provider.id.uuid()], now, until).await?;
    }
    let me = people::me(&mut tx, &ctx.actor).await?;
    let own = me.is_some() && provider.as_ref().map(|one| one.id) == me;
    let calendar = if own { queries::feed(&mut tx, &ctx.actor).await? } else { None };
    let shell = ctx.shell(&mut tx, "Availability", Area::Schedule).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Editor {
        shell,
        form,
        errors,
        providers,
        provider,
        facilities,
        offers,
        leave,
        own,
        calendar,
        feed,
        books: ctx.actor.may(Permission::BookVisits),
        blocks: ctx.actor.may(Permission::BlockTime),
        zone: ctx.actor.zone,
    };
    Ok(html(status, page.render()?))
}

/// The person whose time it is: one of those within reach.
async fn staff(ctx: &Ctx, tx: &mut Tx, raw: &RawAvailability) -> Result<StaffId> {
    let reach = places(ctx, tx).await?;
    let providers = people::staff(tx, &ctx.actor, &reach).await?;
    let id: StaffId = raw.provider.parse().map_err(|_| Error::NotFound)?;
    providers.iter().any(|one| one.id == id).then_some(id).ok_or(Error::NotFound)
}

fn place(ctx: &Ctx, raw: &RawAvailability, errors: &mut FormErrors) -> Option<FacilityId> {
    let chosen = raw.facility.parse().ok().or_else(|| ctx.actor.home_facility());
    let within = chosen.filter(|facility| ctx.actor.facilities.contains(*facility));
    if within.is_none() {
        errors.add("facility", "Choose where");
    }
    within
}

async fn changed(
    tx: &mut Tx,
    ctx: &Ctx,
    action: Action,
    what: &'static str,
    id: uuid::Uuid,
    at: FacilityId,
) -> Result<()> {
    events::record(tx, &ctx.by(), Event::new(action, what).of(id).at(Some(at))).await?;
    Ok(())
}

fn back(ctx: &Ctx, staff: StaffId, words: &str) -> Response {
    ctx.redirect(&format!("/availability?provider={staff}"), Some(&Flash::ok(words)))
}

/// `POST /availability`
pub async fn add(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawAvailability>) -> Page {
    let staff = staff(&ctx, &mut tx, &raw).await?;
    let mut errors = FormErrors::default();
    let Some(new) = parse(&ctx, &raw, staff, &mut errors).filter(|_| errors.is_empty()) else {
        return page(&ctx, tx, raw, errors, None).await;
    };
    if queries::insert(&mut tx, &ctx.by(), &new).await.map_err(told)? {
        changed(&mut tx, &ctx, Action::Create, "availability", new.id.uuid(), new.facility).await?;
    }
    tx.commit().await?;
    Ok(back(&ctx, staff, "Availability saved"))
}

fn parse(ctx: &Ctx, raw: &RawAvailability, staff: StaffId, errors: &mut FormErrors) -> Option<NewAvailability> {
    let facility = place(ctx, raw, errors);
    let once = raw.weekday == "once";
    let date = if once {
        let parts = DateParts::new(&raw.on_day, &raw.on_month, &raw.on_year);
        let date = parts.read(errors, "on", ctx.today(), Span::Any);
        if parts.is_blank() {
            errors.add("on", "Enter the day");
        } else if date.is_some_and(|date| date < ctx.today()) {
            errors.add("on", "That day has passed");
        }
        date
    } else {
        None
    };
    let day_of_week = raw.weekday.parse::<i16>().ok().filter(|day| (0..7).contains(day));
    if !once && day_of_week.is_none() {
        errors.add("weekday", "Choose a day");
    }
    let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
    let (start, end) = (time(&raw.start), time(&raw.end));
    if start.is_none() {
        errors.add("start", "Enter the time like 09:00");
    }
    if end.is_none() {
        errors.add("end", "Enter the time like 12:30");
    }
    if start.zip(end).is_some_and(|(start, end)| end <= start) {
        errors.add("end", "The end comes before the beginning");
    }
    let minutes = |text: &str, range: std::ops::RangeInclusive<i16>| {
        text.trim().parse::<i16>().ok().filter(|minutes| range.contains(minutes))
    };
    let slot_minutes = minutes(&raw.slot_minutes, 5..=480);
    if slot_minutes.is_none() {
        errors.add("slot_minutes", "Enter how many minutes a visit takes, from 5 to 480");
    }
    let buffer = if raw.buffer_minutes.trim().is_empty() { "0" } else { &raw.buffer_minutes };
    let buffer_minutes = minutes(buffer, 0..=120);
    if buffer_minutes.is_none() {
        errors.add("buffer_minutes", "Enter how many minutes lie between visits, up to 120");
    }
    let mode = Mode::from_name(&raw.mode);
    if mode.is_none() {
        errors.add("mode", "Choose how patients are seen");
    }
    let location = errors.line("location", &raw.location);
    Some(NewAvailability {
        id: raw.idempotency_key.parse().unwrap_or_else(|_| AvailabilityId::new()),
        facility: facility?,
        staff,
        date,
        day_of_week: if once { None } else { day_of_week },
        start: start?,
        end: end?,
        mode: mode?,
        location: (!location.is_empty()).then_some(location),
        slot_minutes: slot_minutes?,
        buffer_minutes: buffer_minutes?,
    })
}

/// `POST /availability/{id}/pause`
pub async fn pause(ctx: Ctx, mut tx: Tx, Id(id): Id<AvailabilityId>, Form(raw): Form<RawAvailability>) -> Page {
    let status = AvailabilityStatus::from_name(&raw.status).unwrap_or(AvailabilityStatus::Paused);
    let row = queries::pause(&mut tx, &ctx.by(), id, status).await?.ok_or(Error::NotFound)?;
    let event = Event::new(Action::StatusChanged, "availability").of(id).at(Some(row.facility_id));
    let event = event.changing(json!({ "status": { "after": status.as_str() } }));
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    Ok(back(&ctx, row.staff_id, "Saved. Visits that are booked stay as they are"))
}

/// `POST /availability/{id}/removal`
pub async fn remove(ctx: Ctx, mut tx: Tx, Id(id): Id<AvailabilityId>) -> Page {
    let row = queries::remove(&mut tx, &ctx.by(), id).await?.ok_or(Error::NotFound)?;
    changed(&mut tx, &ctx, Action::Delete, "availability", id.uuid(), row.facility_id).await?;
    tx.commit().await?;
    Ok(back(&ctx, row.staff_id, "Removed. Visits that are booked stay as they are"))
}

/// `POST /availability/leave`
pub async fn add_leave(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawAvailability>) -> Page {
    let staff = staff(&ctx, &mut tx, &raw).await?;
    let mut errors = FormErrors::default();
    let facility = place(&ctx, &raw, &mut errors);
    let from = DateParts::new(&raw.from_day, &raw.from_month, &raw.from_year);
    let until = DateParts::new(&raw.until_day, &raw.until_month, &raw.until_year);
    if from.is_blank() {
        errors.add("from", "Enter the first day");
    }
    let first = from.read(&mut errors, "from", ctx.today(), Span::Any);
    let last = if until.is_blank() { first } else { until.read(&mut errors, "until", ctx.today(), Span::Any) };
    if first.zip(last).is_some_and(|(first, last)| last < first) {
        errors.add("until", "The last day comes before the first");
    }
    let note = errors.line("note", &raw.note);
    let (Some(first), Some(last), Some(facility), true) = (first, last, facility, errors.is_empty()) else {
        return page(&ctx, tx, raw, errors, None).await;
    };
    let zone = people::zone(&mut tx, ctx.actor.organization, facility).await?;
    let leave = NewLeave {
        id: raw.idempotency_key.parse().unwrap_or_else(|_| LeaveId::new()),
        facility,
        staff,
        from: day_begins(zone, first),
        until: day_begins(zone, last + chrono::Days::new(1)),
        note: (!note.is_empty()).then_some(note),
    };
    if queries::insert_leave(&mut tx, &ctx.by(), &leave).await.map_err(told)? {
        changed(&mut tx, &ctx, Action::Create, "staff_leave", leave.id.uuid(), facility).await?;
    }
    let booked = visits::of_staff(&mut tx, ctx.actor.organization, &[staff.uuid()], leave.from, leave.until).await?;
    let booked = booked.iter().filter(|visit| visit.status.is_open()).count();
    tx.commit().await?;
    let words = match booked {
        0 => "Absence saved".to_owned(),
        count => format!("Absence saved. {count} visits are booked then: give them another time"),
    };
    Ok(back(&ctx, staff, &words))
}

/// `POST /availability/leave/{id}/removal`
pub async fn remove_leave(ctx: Ctx, mut tx: Tx, Id(id): Id<LeaveId>) -> Page {
    let row = queries::remove_leave(&mut tx, &ctx.by(), id).await?.ok_or(Error::NotFound)?;
    changed(&mut tx, &ctx, Action::Delete, "staff_leave", id.uuid(), row.facility_id).await?;
    tx.commit().await?;
    Ok(back(&ctx, row.staff_id, "Absence removed"))
}
