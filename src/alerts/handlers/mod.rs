//! What answers the requests.

mod answer;
mod asking;
pub mod bulk;
pub mod export;
pub mod list;
pub mod moves;
pub mod new;
pub mod show;
pub mod views;

use super::filter::{Filter, RawFilter};
use super::item::Time;
use super::model::Mover;
use super::queries::criteria::{Criteria, Words};
use crate::db::Tx;
use crate::error::Result;
use crate::patients::find;
use crate::web::Ctx;

/// The person of the request as the rules see them.
fn mover(ctx: &Ctx) -> Mover {
    Mover { user: ctx.actor.user, role: ctx.actor.role }
}

/// The moment and place of the request.
fn time(ctx: &Ctx) -> Time {
    Time { now: ctx.now(), zone: ctx.actor.zone }
}

/// The filter as statements take it.
async fn criteria(ctx: &Ctx, tx: &mut Tx, filter: &Filter) -> Result<Criteria> {
    let organization = ctx.actor.organization;
    let keys = ctx.app.keys(tx, organization).await?;
    let typed = filter.find.as_deref().map(|token| find::open(keys, &ctx.actor, token));
    let words = match typed {
        None => Words::default(),
        Some(Some(typed)) => Words::new(typed, |number| {
            Ok(keys
                .blind_index(organization, "patient", "medical_record_number", number)
                .map_err(anyhow::Error::from)?)
        })?,
        // A token of somebody else finds nothing, rather than everything.
        Some(None) => Words::nothing(String::new()),
    };
    Ok(Criteria::new(&ctx.actor, filter, words))
}

/// The list that the person came from.
fn list_of(home: &str) -> Filter {
    let query = home.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let raw = serde_html_form::from_str::<RawFilter>(query).unwrap_or_default();
    raw.parse().map(|(filter, _)| filter).unwrap_or_default()
}

/// Where to go after an action: a page of the alerts, and no other site whatever a form says.
fn back(path: &str) -> &str {
    let own = path == "/alerts" || path.starts_with("/alerts?") || path.starts_with("/alerts/");
    if own && path.bytes().all(|byte| byte.is_ascii_graphic()) { path } else { "/alerts" }
}
