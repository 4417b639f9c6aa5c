//! What a person sees after a move: the row, the pane and the counts as they are now, or the page they came from.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::{back, list_of, mover, time};
use crate::alerts::filter::{Filter, View};
use crate::alerts::forms::RawMove;
use crate::alerts::item::Item;
use crate::alerts::menus;
use crate::alerts::model::AlertStatus;
use crate::alerts::moves::Kind;
use crate::alerts::pages::{Conflict, Moved, Pane};
use crate::alerts::queries::around::around;
use crate::alerts::queries::row::Row;
use crate::alerts::queries::{one, people};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Audited, Event};
use crate::web::ctx::html;
use crate::web::flash::{Flash, FlashPartial};
use crate::web::{Ctx, format};

/// After a move of one alert.
pub async fn done(ctx: &Ctx, mut tx: Tx, kind: Kind, row: Row, raw: &RawMove, proof: &Audited) -> Result<Response> {
    let home = if raw.back.is_empty() { format!("/alerts/{}", row.id) } else { back(&raw.back).to_owned() };
    let flash = Flash::ok(format!("Alert {}", kind.past())).with_undo(undo_href(&row, &home));
    if !ctx.hx.partial {
        tx.commit().await?;
        return Ok(ctx.redirect(&home, Some(&flash)));
    }
    // Only a new assignee has a name to look up.
    let row = if kind == Kind::Assign {
        one::find(&mut tx, ctx.actor.organization, &[row.id.uuid()]).await?.pop().ok_or(Error::NotFound)?
    } else {
        row
    };
    let moved = moved(ctx, &mut tx, row, &home, proof).await?;
    tx.commit().await?;
    let message = FlashPartial { flash: &flash };
    Ok(html(StatusCode::OK, moved.render()? + &message.render()?))
}

/// Somebody was faster: the pane as it is now, with a note of what happened.
pub async fn conflict(ctx: &Ctx, mut tx: Tx, row: Row, raw: &RawMove, words: String) -> Result<Response> {
    let event = Event::new(Action::View, "alert").of(row.id).about(row.patient_id).at(row.facility_id);
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    let home = back(&raw.back).to_owned();
    let moved = moved(ctx, &mut tx, row, &home, &proof).await?;
    tx.commit().await?;
    Ok(html(StatusCode::CONFLICT, Conflict { moved, words }.render()?))
}

/// "Acknowledged by N. Abara 10 s ago."
pub async fn what_happened(ctx: &Ctx, tx: &mut Tx, row: &Row) -> Result<String> {
    let now = one::now(tx).await?;
    let Some(last) = people::last_event(tx, ctx.actor.organization, row.id).await? else {
        return Ok("The alert has changed since you opened it.".to_owned());
    };
    let ago = match (now - last.at).num_seconds().max(0) {
        seconds @ 0..60 => format!("{seconds} s"),
        _ => format::relative(last.at, now),
    };
    let what = last.to_status.parse::<AlertStatus>().map_or("Changed", |status| match status {
        AlertStatus::Active => "Returned to the queue",
        AlertStatus::Acknowledged | AlertStatus::Snoozed | AlertStatus::Resolved | AlertStatus::Dismissed => {
            status.label()
        }
    });
    let initial = last.first_name.as_deref().and_then(|name| name.chars().next());
    Ok(match (initial, last.last_name) {
        (Some(initial), Some(family)) => format!("{what} by {initial}. {family} {ago} ago."),
        (_, _) => format!("{what} by itself {ago} ago."),
    })
}

fn undo_href(row: &Row, home: &str) -> String {
    let back: String = url::form_urlencoded::byte_serialize(home.as_bytes()).collect();
    format!("/alerts/{}/undo?back={back}", row.id)
}

async fn moved(ctx: &Ctx, tx: &mut Tx, row: Row, home: &str, proof: &Audited) -> Result<Moved> {
    let filter = list_of(home);
    let organization = ctx.actor.organization;
    let mut around = around(tx, &ctx.actor, row.patient_id, Some(row.id)).await?;
    let keys = ctx.app.keys(tx, organization).await?;
    let item = Item::reveal(row.clone(), keys, organization, proof)?;
    let stays = stays(&filter, &row, ctx);
    let tabs = menus::tabs(&filter, &around);
    let time = time(ctx);
    let pane = Pane::new(Item::reveal(row, keys, organization, proof)?, &mut around, mover(ctx), time, home.to_owned());
    Ok(Moved {
        save: filter.at("/alerts/views"),
        saved: filter.saved.is_some(),
        handles: ctx.actor.may(Kind::Assign.permission()),
        pane,
        item,
        stays,
        tabs,
    })
}

/// Whether the alert still belongs to that list.
fn stays(filter: &Filter, row: &Row, ctx: &Ctx) -> bool {
    let mine = row.assignee_id == Some(ctx.actor.user);
    let in_tab = match filter.view {
        View::Open | View::Critical | View::Homes => row.status.is_open(),
        View::Mine => row.status.is_open() && mine,
        View::Unassigned => row.status.is_open() && row.assignee_id.is_none(),
        View::Snoozed => row.status == AlertStatus::Snoozed,
        View::Resolved => !row.status.is_open(),
    };
    let nobody = filter.nobody && row.assignee_id.is_none();
    let person = row.assignee_id.is_some_and(|person| filter.people.contains(&person));
    let asked_for_people = filter.me || filter.nobody || !filter.people.is_empty();
    in_tab
        && (filter.statuses.is_empty() || filter.statuses.contains(&row.status))
        && (!asked_for_people || (filter.me && mine) || nobody || person)
}
