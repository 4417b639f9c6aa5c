//! What answers the requests of staff.

pub mod arrivals;
pub mod availability;
pub mod batch;
pub mod calendar;
pub mod new;
pub mod requests;
pub mod schedule;
pub mod slots;
pub mod visits;

use chrono::NaiveDate;
use uuid::Uuid;

use super::derive::{self, Offer};
use super::queries::people::{self, About, Provider};
use super::queries::{schedule as queries, visits as visit_queries};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::facilities;
use crate::ids::{PatientId, StaffId};
use crate::phi::normalise;
use crate::web::Ctx;
use crate::web::ui::Choice;

/// Nobody plans before or after these years.
const YEARS: std::ops::RangeInclusive<i32> = 2020..=2099;

/// The facilities within reach, as statements take them.
pub(crate) async fn places(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<Uuid>> {
    let facilities = facilities::within_reach(tx, &ctx.actor).await?;
    Ok(facilities.into_iter().map(|facility| facility.id.uuid()).collect())
}

/// A day in an address; today where there is none.
fn day(ctx: &Ctx, text: &str) -> Result<NaiveDate> {
    use chrono::Datelike as _;
    if text.is_empty() {
        return Ok(ctx.today());
    }
    let day: NaiveDate = text.parse().map_err(|_| Error::Unprocessable("There is no such day.".to_owned()))?;
    if YEARS.contains(&day.year()) {
        Ok(day)
    } else {
        Err(Error::Unprocessable("Nobody plans that far away. Choose a day of this century.".to_owned()))
    }
}

/// The person chosen: the one named, else oneself where one offers visits, else the first who does.
fn chosen(ctx: &Ctx, providers: &[Provider], text: &str) -> Option<Provider> {
    let named = text.parse::<StaffId>().ok().and_then(|id| providers.iter().find(|provider| provider.id == id));
    let me = providers.iter().find(|provider| provider.user_id == Some(ctx.actor.user) && provider.offers);
    named.or(me).or_else(|| providers.iter().find(|provider| provider.offers)).or_else(|| providers.first()).cloned()
}

/// The people as choices.
pub(super) fn provider_choices(providers: &[Provider], chosen: Option<StaffId>) -> Vec<Choice> {
    providers.iter().map(|one| Choice::new(one.id.to_string(), &*one.name, chosen == Some(one.id))).collect()
}

/// What some people can still be asked for, on the days from `first`.
pub(crate) async fn free(ctx: &Ctx, tx: &mut Tx, staff: &[Uuid], first: NaiveDate, days: u64) -> Result<Vec<Offer>> {
    let organization = ctx.actor.organization;
    let rules = queries::rules(tx, organization, staff).await?;
    let from = derive::day_begins(ctx.actor.zone, first) - chrono::TimeDelta::days(1);
    let until = from + chrono::TimeDelta::days(i64::try_from(days).unwrap_or(62) + 2);
    let busy = queries::busy(tx, organization, staff, from, until).await?;
    let now = visit_queries::now(tx).await?;
    let mut offers = derive::free(&rules, first, days, &busy);
    offers.retain(|offer| offer.start > now);
    Ok(offers)
}

/// The offer that a form names by person and begin; none where it is gone or never was.
pub(crate) async fn offer(ctx: &Ctx, tx: &mut Tx, name: &str) -> Result<Option<Offer>> {
    use chrono::Datelike as _;
    let Some((staff, start)) = name.split_once('@') else { return Ok(None) };
    let (Ok(staff), Ok(start)) = (staff.parse::<StaffId>(), start.parse::<crate::clock::Timestamp>()) else {
        return Ok(None);
    };
    if !YEARS.contains(&start.year()) {
        return Ok(None);
    }
    // The day where the person works may be another than the one in UTC.
    let first = start.date_naive() - chrono::Days::new(1);
    let offers = free(ctx, tx, &[staff.uuid()], first, 3).await?;
    Ok(offers.into_iter().find(|offer| offer.start == start))
}

/// How a form names an offer.
pub(crate) fn offer_name(offer: &Offer) -> String {
    format!("{}@{}", offer.staff, offer.start.format("%Y-%m-%dT%H:%M:%SZ"))
}

/// The patient that a form names, by id or by record number; what to say where there is none.
async fn patient(ctx: &Ctx, tx: &mut Tx, id: &str, number: &str) -> Result<Result<About, &'static str>> {
    const NONE: &str = "There is no patient with this record number, or you do not have access";
    let organization = ctx.actor.organization;
    let number = normalise::record_number(number);
    let found = match (id.parse::<PatientId>(), number.is_empty()) {
        (Ok(id), _) => people::patient(tx, organization, Some(id), None).await?,
        (Err(_), true) => return Ok(Err("Enter the record number of the patient")),
        (Err(_), false) => {
            let keys = ctx.app.keys(tx, organization).await?;
            let index = keys.blind_index(organization, "patient", "medical_record_number", &number);
            people::patient(tx, organization, None, Some(&index.map_err(anyhow::Error::from)?)).await?
        }
    };
    Ok(found.ok_or(NONE))
}

/// Writes down that these patients were shown on a page.
async fn saw(
    ctx: &Ctx,
    tx: &mut Tx,
    resource: &'static str,
    patients: impl IntoIterator<Item = PatientId>,
    page: &'static str,
) -> Result<()> {
    let event = Event::new(Action::View, resource).showing(patients).with(serde_json::json!({ "page": page }));
    events::record(tx, &ctx.by(), event).await?;
    Ok(())
}
