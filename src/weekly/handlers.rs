//! The weeks on the chart, and "My week" in the portal.

use askama::Template;
use axum::http::StatusCode;
use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::json;

use super::queries::{self, Kept};
use super::words;
use crate::db::Tx;
use crate::error::Error;
use crate::events::{self, Action, Event};
use crate::ids::PatientId;
use crate::patients::record;
use crate::web::form::{Id, Query};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Tab};
use crate::web::whom::{self, Scope, Whom};
use crate::web::{Ctx, Page, filters};

/// Weeks on the chart.
const ON_CHART: i64 = 12;

/// Weeks that a patient can go back.
const IN_PORTAL: i64 = 53;

/// The section of the chart.
#[derive(Template)]
#[template(path = "weekly/chart.html")]
struct Section {
    shell: Shell,
    banner: Banner,
    sections: Vec<Tab>,
    weeks: Vec<Kept>,
    zone: Tz,
}

/// `GET /patients/{id}/weeks`
pub async fn chart(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "weeks").await?;
    let weeks = queries::of(&mut tx, ctx.actor.organization, id, ON_CHART).await?;
    let shell = record.shell(&ctx, &mut tx, "weeks").await?;
    tx.commit().await?;
    let (banner, sections) = (record.banner(&ctx), record.sections(&ctx, "weeks"));
    ctx.whole_page(StatusCode::OK, &Section { shell, banner, sections, weeks, zone: ctx.actor.zone })
}

/// Which week.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    week: String,
}

/// The page of a patient.
#[derive(Template)]
#[template(path = "weekly/my.html")]
struct MyWeek {
    shell: Shell,
    own: Whom,
    week: Option<Kept>,
    told: Vec<words::Told>,
    /// The weeks before and after, where there are any.
    earlier: Option<NaiveDate>,
    later: Option<NaiveDate>,
}

/// `GET /my/week`
pub async fn mine(ctx: Ctx, mut tx: Tx, Query(wanted): Query<Wanted>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    let mut weeks = queries::of(&mut tx, ctx.actor.organization, own.patient, IN_PORTAL).await?;
    let place = match wanted.week.as_str() {
        "" => 0,
        day => {
            let day: NaiveDate = day.parse().map_err(|_| Error::NotFound)?;
            weeks.iter().position(|week| week.week_start == day).ok_or(Error::NotFound)?
        }
    };
    let event = Event::new(Action::View, "weekly_summary").about(Some(own.patient)).at(Some(own.facility_id));
    events::record(&mut tx, &ctx.by(), event.with(json!({ "page": "portal week" }))).await?;
    let shell = ctx.shell(&mut tx, "My week", Area::MyReadings).await?;
    tx.commit().await?;
    let start = |at: Option<usize>| at.and_then(|at| weeks.get(at)).map(|week| week.week_start);
    let (earlier, later) = (start(Some(place + 1)), start(place.checked_sub(1)));
    let week = (place < weeks.len()).then(|| weeks.swap_remove(place));
    let told = week.as_ref().map(|week| words::told(&week.summary)).unwrap_or_default();
    ctx.whole_page(StatusCode::OK, &MyWeek { shell, own, week, told, earlier, later })
}
