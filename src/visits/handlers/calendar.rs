//! Visits in calendars: a file for one, a private address for all of one's own.

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::TimeDelta;

use super::availability::{RawAvailability, page};
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event};
use crate::ids::{AvailabilityId, FeedId, VisitId};
use crate::visits::ics::{Entry, calendar};
use crate::visits::model::VisitStatus;
use crate::visits::queries::visits::{self, VisitRow};
use crate::visits::queries::{availability as queries, people};
use crate::visits::refusal::told;
use crate::visits::secret_link::{hash, parse, secret};
use crate::web::flash::Flash;
use crate::web::form::{FormErrors, Id};
use crate::web::{Ctx, Page};

/// How far back and ahead a feed reaches, in days.
const REACH: (i64, i64) = (14, 90);

/// An iCalendar file.
pub(crate) fn file(text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"visit.ics\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::OK, headers, text).into_response()
}

/// What a calendar is told: no name, and nothing of the reason.
pub(crate) fn entry(app: &App, row: &VisitRow, summary: String, path: &str) -> Entry {
    let url = app.public_url.as_ref().and_then(|url| url.join(path).ok()).map(String::from);
    let place = row.location.as_ref().map(|room| format!(", {room}")).unwrap_or_default();
    Entry {
        id: row.id,
        sequence: row.sequence,
        start: row.start_time,
        end: row.end_time,
        cancelled: matches!(row.status, VisitStatus::Cancelled | VisitStatus::NoShow),
        summary,
        location: format!("{}{place}", row.facility),
        description: String::new(),
        url,
    }
}

/// `GET /visits/{id}/invitation.ics`
pub async fn invitation(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>) -> Page {
    let row = visits::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let event = Event::new(Action::Export, "visit").of(id).about(Some(row.patient_id)).at(Some(row.facility_id));
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    let entry = entry(&ctx.app, &row, format!("{}: {}", row.reference(), row.mode.label()), &format!("/visits/{id}"));
    let method = if entry.cancelled { "CANCEL" } else { "REQUEST" };
    Ok(file(calendar(method, &[entry], ctx.now())))
}

/// `POST /availability/calendar`: a new address; the one before ends.
pub async fn begin(ctx: Ctx, mut tx: Tx) -> Page {
    let staff = people::me(&mut tx, &ctx.actor).await?.ok_or(Error::NotFound)?;
    queries::end_feed(&mut tx, &ctx.actor).await?;
    let secret = secret();
    let id = FeedId::new();
    queries::begin_feed(&mut tx, &ctx.actor, id, staff, &hash(&secret)).await.map_err(told)?;
    events::record(&mut tx, &ctx.by(), Event::new(Action::Create, "calendar_feed").of(id)).await?;
    let path = format!("/calendar/{}.{id}.{secret}", ctx.actor.organization);
    let base = ctx.app.public_base().unwrap_or_default();
    let key = AvailabilityId::new().to_string();
    let form = RawAvailability { provider: staff.to_string(), idempotency_key: key, ..RawAvailability::default() };
    page(&ctx, tx, form, FormErrors::default(), Some(format!("{base}{path}"))).await
}

/// `POST /availability/calendar/removal`
pub async fn end(ctx: Ctx, mut tx: Tx) -> Page {
    if queries::end_feed(&mut tx, &ctx.actor).await? {
        events::record(&mut tx, &ctx.by(), Event::new(Action::Delete, "calendar_feed")).await?;
    }
    tx.commit().await?;
    Ok(ctx.redirect("/availability", Some(&Flash::ok("The calendar address works no more"))))
}

/// `GET /calendar/{token}`: for calendar programmes, which cannot sign in. The address is the secret.
pub async fn feed(State(app): State<App>, Path(token): Path<String>) -> Result<Response> {
    let (organization, id, secret) = parse(&token).ok_or(Error::NotFound)?;
    let id = FeedId::from(id);
    let mut tx = app.db.begin_worker(organization).await?;
    let staff = queries::open_feed(&mut tx, organization, id, &hash(secret)).await?.ok_or(Error::NotFound)?;
    let now = visits::now(&mut tx).await?;
    let (from, until) = (now - TimeDelta::days(REACH.0), now + TimeDelta::days(REACH.1));
    let rows = visits::of_staff(&mut tx, organization, &[staff.uuid()], from, until).await?;
    let event = Event::new(Action::Export, "calendar_feed").of(id).showing(rows.iter().map(|row| row.patient_id));
    events::record(&mut tx, &By::system(organization), event).await?;
    tx.commit().await?;
    let entry = |row: &VisitRow| {
        entry(&app, row, format!("{}: {}", row.reference(), row.mode.label()), &format!("/visits/{}", row.id))
    };
    let entries: Vec<Entry> = rows.iter().map(entry).collect();
    Ok(file(calendar("PUBLISH", &entries, now)))
}
