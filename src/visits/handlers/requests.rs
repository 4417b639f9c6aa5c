//! Requests for visits: read, triaged, answered with a time.

use askama::Template as _;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

use super::{chosen, day, free, offer, offer_name, places, saw};
use crate::access::Permission;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{StaffId, VisitRequestId};
use crate::visits::model::{Acuity, Category, Mode, RequestStatus};
use crate::visits::moves;
use crate::visits::pages::requests::{List, Show, Time};
use crate::visits::queries::people;
use crate::visits::queries::requests::{self, RequestRow};
use crate::visits::queries::visits as visit_queries;
use crate::visits::refusal::TAKEN;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page, badges};

/// Requests on a page: nobody reads more before the first is answered.
const SHOWN: i64 = 100;

/// Days within which times are offered.
const DAYS: u64 = 14;

/// Times shown at once.
const TIMES: usize = 24;

/// People of other facilities whose times are looked through where nobody can be seen at the one of the request.
const OTHERS: usize = 20;

/// Which requests.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawList {
    /// A state, or `closed`.
    pub status: String,
}

/// `GET /visit-requests`
pub async fn list(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawList>) -> Page {
    let facilities = places(&ctx, &mut tx).await?;
    let status = RequestStatus::from_name(&raw.status).filter(|status| status.is_open());
    let closed = raw.status == "closed";
    let rows = if closed {
        requests::closed(&mut tx, &ctx.actor, &facilities, SHOWN).await?
    } else {
        requests::open(&mut tx, &ctx.actor, &facilities, status, SHOWN).await?
    };
    let counts = requests::counts(&mut tx, &ctx.actor, &facilities).await?;
    saw(&ctx, &mut tx, "visit_request", rows.iter().map(|row| row.patient_id), "visit requests").await?;
    let shell = ctx.shell(&mut tx, "Visit requests", Area::VisitRequests).await?;
    tx.commit().await?;
    let asks = ctx.actor.may(Permission::RequestVisits);
    let page = List::new(shell, rows, &counts, status, closed, asks, ctx.actor.zone);
    ctx.page(&page, page.as_main())
}

/// What the forms of a request send, and which times are looked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawRequest {
    /// The version that was looked at.
    pub row_version: String,
    /// How soon.
    pub acuity: String,
    /// In one word.
    pub category: String,
    /// The time chosen.
    pub at: String,
    /// For how many hours it is kept.
    pub hours: String,
    /// Who said yes or no, or why not.
    pub note: String,
    /// Whose times are looked for.
    pub provider: String,
    /// From which day on.
    pub from: String,
    /// In a room or by video.
    pub mode: String,
}

/// `GET /visit-requests/{id}`
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitRequestId>, Query(raw): Query<RawRequest>) -> Page {
    let row = requests::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    page(&ctx, tx, row, raw, FormErrors::default()).await
}

async fn page(ctx: &Ctx, mut tx: Tx, row: RequestRow, form: RawRequest, errors: FormErrors) -> Result<Response> {
    let event =
        Event::new(Action::View, "visit_request").of(row.id).about(Some(row.patient_id)).at(Some(row.facility_id));
    events::record(&mut tx, &ctx.by(), event).await?;
    let history = visit_queries::history(&mut tx, &ctx.actor, row.id.uuid()).await?;
    let offers = ctx.actor.may(Permission::TriageVisitRequests) && row.status == RequestStatus::Triaged;
    let (mut providers, mut times, mut provider) = (Vec::new(), Vec::new(), None);
    let mut anybody = format!("Anybody at {}", row.facility);
    if offers {
        let facilities = places(ctx, &mut tx).await?;
        providers = people::staff(&mut tx, &ctx.actor, &facilities).await?;
        providers.retain(|one| one.offers);
        provider = if form.provider.is_empty() { None } else { chosen(ctx, &providers, &form.provider) };
        let staff: Vec<Uuid> = if let Some(one) = &provider {
            vec![one.id.uuid()]
        } else {
            let here = people::offering_at(&mut tx, ctx.actor.organization, row.facility_id).await?;
            if here.is_empty() {
                // However many facilities somebody sees, not everybody's time is looked through.
                anybody = format!("Anybody elsewhere (the first {OTHERS})");
                providers.iter().take(OTHERS).map(|one| one.id.uuid()).collect()
            } else {
                here.into_iter().map(StaffId::uuid).collect()
            }
        };
        times = find_times(ctx, &mut tx, &row, &form, &providers, &staff).await?;
    }
    let shell = ctx.shell(&mut tx, "Visit request", Area::VisitRequests).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Show {
        shell,
        row,
        form,
        errors,
        history,
        offers,
        times,
        providers,
        anybody,
        provider: provider.map(|one| one.id),
        role: ctx.actor.role,
        zone: ctx.actor.zone,
    };
    Ok(html(status, page.render()?))
}

/// Times that fit the request, those within its window first.
async fn find_times(
    ctx: &Ctx,
    tx: &mut Tx,
    row: &RequestRow,
    form: &RawRequest,
    providers: &[people::Provider],
    staff: &[Uuid],
) -> Result<Vec<Time>> {
    let wanted =
        row.requested_date.or_else(|| row.window_start.map(|at| at.with_timezone(&ctx.actor.zone).date_naive()));
    let first = match (form.from.is_empty(), wanted) {
        (true, Some(wanted)) => wanted.max(ctx.today()),
        _ => day(ctx, &form.from)?,
    };
    let mode = if form.mode == "any" { None } else { Some(Mode::from_name(&form.mode).unwrap_or(row.mode)) };
    let mut offers = free(ctx, tx, staff, first, DAYS).await?;
    offers.retain(|offer| mode.is_none_or(|mode| offer.mode == mode));
    let fits = |start| match (row.window_start, row.window_end) {
        (Some(from), Some(until)) => from <= start && start < until,
        _ => row
            .requested_date
            .is_none_or(|day| crate::clock::Timestamp::with_timezone(&start, &ctx.actor.zone).date_naive() == day),
    };
    offers.sort_by_key(|offer| (!fits(offer.start), offer.start, offer.staff));
    let name = |id| providers.iter().find(|one| one.id == id).map(|one| one.name.clone()).unwrap_or_default();
    let time = |offer: crate::visits::derive::Offer| Time {
        value: offer_name(&offer),
        staff: name(offer.staff),
        fits: fits(offer.start),
        offer,
    };
    Ok(offers.into_iter().take(TIMES).map(time).collect())
}

/// The request, kept, where it is still as it was looked at.
async fn locked(ctx: &Ctx, tx: &mut Tx, id: VisitRequestId, raw: &RawRequest) -> Result<RequestRow> {
    let row = moves::lock_request(tx, ctx, id).await?;
    let version: i64 = raw
        .row_version
        .parse()
        .map_err(|_| Error::BadRequest("The form is incomplete. Reload the page and try again."))?;
    if version == row.row_version { Ok(row) } else { Err(Error::Conflict(crate::visits::refusal::MOVED_ON.to_owned())) }
}

fn back(ctx: &Ctx, id: VisitRequestId, words: &str) -> Response {
    ctx.redirect(&format!("/visit-requests/{id}"), Some(&Flash::ok(words)))
}

/// `POST …/triage`
pub async fn triage(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitRequestId>, Form(raw): Form<RawRequest>) -> Page {
    let row = locked(&ctx, &mut tx, id, &raw).await?;
    let Some(acuity) = Acuity::from_name(&raw.acuity) else {
        return page(&ctx, tx, row, raw, FormErrors::one("acuity", "Choose how soon they should be seen")).await;
    };
    moves::triage(&mut tx, &ctx.by(), &row, acuity, Category::from_name(&raw.category)).await?;
    tx.commit().await?;
    Ok(back(&ctx, id, "Triage saved"))
}

/// `POST …/offer`
pub async fn make_offer(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitRequestId>, Form(raw): Form<RawRequest>) -> Page {
    let row = locked(&ctx, &mut tx, id, &raw).await?;
    if raw.at.is_empty() {
        return page(&ctx, tx, row, raw, FormErrors::one("at", "Choose a time to offer")).await;
    }
    let Some(hours) = raw.hours.parse::<i32>().ok().filter(|hours| (1..=168).contains(hours)) else {
        return page(&ctx, tx, row, raw, FormErrors::one("hours", "Choose how long it is kept")).await;
    };
    let Some(offer) = offer(&ctx, &mut tx, &raw.at).await? else {
        return page(&ctx, tx, row, RawRequest { at: String::new(), ..raw }, FormErrors::one("at", TAKEN)).await;
    };
    // Nothing is kept for longer than until it begins.
    let left = (offer.start - visit_queries::now(&mut tx).await?).num_minutes().max(1);
    let minutes = i64::from(hours * 60).min(left);
    moves::offer(&mut tx, &ctx.by(), &row, &offer, i32::try_from(minutes).unwrap_or(60)).await?;
    tx.commit().await?;
    Ok(back(&ctx, id, "The time is held and offered"))
}

/// `POST …/confirmation`: the patient said yes on the telephone.
pub async fn confirm(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitRequestId>, Form(raw): Form<RawRequest>) -> Page {
    let row = moves::lock_request(&mut tx, &ctx, id).await?;
    let mut errors = FormErrors::default();
    let note = errors.required("note", &raw.note, "Say who you spoke to");
    if !errors.is_empty() {
        return page(&ctx, tx, row, raw, errors).await;
    }
    let visit = moves::accept(&mut tx, &ctx.by(), &row, Some(&note)).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/visits/{visit}"), Some(&Flash::ok("The visit is booked"))))
}

/// `POST …/refusal`: the patient said no on the telephone.
pub async fn refuse(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitRequestId>, Form(raw): Form<RawRequest>) -> Page {
    let row = locked(&ctx, &mut tx, id, &raw).await?;
    let mut errors = FormErrors::default();
    let note = errors.required("note", &raw.note, "Say what they said");
    if !errors.is_empty() {
        return page(&ctx, tx, row, raw, errors).await;
    }
    moves::decline(&mut tx, &ctx.by(), &row, Some(&note)).await?;
    tx.commit().await?;
    Ok(back(&ctx, id, "The time is free again; the request needs another"))
}

/// `POST …/cancellation`
pub async fn cancel(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitRequestId>, Form(raw): Form<RawRequest>) -> Page {
    let row = locked(&ctx, &mut tx, id, &raw).await?;
    let mut errors = FormErrors::default();
    let note = errors.required("reason", &raw.note, "Say why it is cancelled; the patient reads it");
    if !errors.is_empty() {
        return page(&ctx, tx, row, raw, errors).await;
    }
    moves::withdraw(&mut tx, &ctx.by(), &row, Some(&note)).await?;
    tx.commit().await?;
    Ok(back(&ctx, id, "The request is cancelled"))
}

/// The state of a request as a tab names it, with its count.
pub(crate) fn tab_count(counts: &[(RequestStatus, i64)], status: Option<RequestStatus>) -> Option<String> {
    let wanted = counts.iter().filter(|(one, _)| status.is_none_or(|status| status == *one));
    badges::capped(wanted.map(|(_, count)| count).sum())
}
