//! What answers the requests.

mod asking;
pub mod bulk;
pub mod edit;
pub mod export;
pub mod list;
pub mod moves;
pub mod review;
pub mod show;
pub mod views;

use super::item::{Item, Time};
use super::model::Mover;
use super::queries::people;
use super::queries::row::Row;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::web::Ctx;
use crate::web::ui::Choice;

/// The person of the request as the rules see them.
fn mover(ctx: &Ctx) -> Mover {
    Mover { user: ctx.actor.user, role: ctx.actor.role }
}

/// The moment and place of the request.
fn time(ctx: &Ctx) -> Time {
    Time { now: ctx.now(), zone: ctx.actor.zone }
}

/// Writes down who is shown on a list, then reveals them.
async fn reveal(ctx: &Ctx, tx: &mut Tx, rows: Vec<Row>, action: Action, page: &'static str) -> Result<Vec<Item>> {
    let organization = ctx.actor.organization;
    let headers =
        people::headers(tx, organization, ctx.actor.role, rows.iter().filter_map(|row| row.patient_id)).await?;
    let event = Event::new(action, "case")
        .showing(headers.keys().copied())
        .at(ctx.actor.home_facility())
        .with(serde_json::json!({ "page": page, "rows": rows.len() }));
    let proof = events::record(tx, &ctx.by(), event).await?;
    let keys = ctx.app.keys(tx, organization).await?;
    rows.into_iter().map(|row| Item::reveal(row, &headers, keys, organization, &proof)).collect()
}

/// Caseworkers to choose from.
fn choices(people: &[people::Caseworker], chosen: &str) -> Vec<Choice> {
    people
        .iter()
        .map(|person| Choice::new(person.id.to_string(), person.label(), person.id.to_string() == chosen))
        .collect()
}

/// Where to go after an action: a page of the cases, and no other site whatever a form says.
fn back(path: &str) -> &str {
    let own = path == "/cases" || path.starts_with("/cases?") || path.starts_with("/cases/");
    if own && path.bytes().all(|byte| byte.is_ascii_graphic()) { path } else { "/cases" }
}
