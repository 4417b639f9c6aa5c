//! What answers the requests.

mod about;
pub mod chart;
pub mod edit;
pub mod list;
pub mod moves;

use super::model::Mover;
use super::pages::Item;
use super::queries::row::Row;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::web::Ctx;

/// The person of the request as the rules see them.
fn mover(ctx: &Ctx) -> Mover {
    Mover { user: ctx.actor.user, role: ctx.actor.role }
}

/// Writes down that a task was shown, then opens what it says.
async fn reveal(ctx: &Ctx, tx: &mut Tx, row: Row) -> Result<Item> {
    let event = Event::new(Action::View, "task").of(row.id).about(row.patient_id).at(row.facility_id);
    let proof = events::record(tx, &ctx.by(), event).await?;
    let keys = ctx.app.keys(tx, ctx.actor.organization).await?;
    Item::reveal(row, keys, ctx.actor.organization, &proof)
}
