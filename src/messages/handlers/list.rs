//! `GET /threads`: the inbox.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::of_the_team;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::messages::inbox_page::{Index, Item};
use crate::messages::model::View;
use crate::messages::queries::list::{self, Counts, FOUND, PAGE};
use crate::messages::queries::row::{Cursor, Row};
use crate::patients::{find, names};
use crate::phi::normalise;
use crate::web::badges::capped;
use crate::web::form::{Form, Query};
use crate::web::nav::Area;
use crate::web::ui::{Pager, Tab};
use crate::web::{Ctx, Page};

/// Which list, and from where on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawList {
    /// The list.
    pub view: String,
    /// After this row.
    pub after: String,
    /// How many rows came before.
    pub from: String,
    /// What is looked for, sealed.
    pub q: String,
}

/// The page, or the list alone.
pub async fn index(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawList>) -> Page {
    let team = of_the_team(&ctx.actor);
    let first = if team { View::Waiting } else { View::Mine };
    let view = View::of(&raw.view).filter(|view| team || !view.is_of_the_team()).unwrap_or(first);
    let typed = (!raw.q.is_empty()).then(|| find::open(ctx.app.keyring(), &ctx.actor, &raw.q).unwrap_or_default());
    let places = list::places(&mut tx, &ctx.actor).await?;
    let counts = list::counts(&mut tx, &ctx.actor, &places).await?;
    let (mut rows, size) = if let Some(typed) = &typed {
        (looked_for(&ctx, &mut tx, &places, typed).await?, FOUND)
    } else {
        let after = if raw.after.is_empty() { None } else { Some(raw.after.parse::<Cursor>()?) };
        (list::page(&mut tx, &ctx.actor, &places, view, team, after).await?, PAGE)
    };
    let more = i64::try_from(rows.len()).is_ok_and(|found| found > size);
    rows.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let event = Event::new(Action::View, "thread")
        .showing(rows.iter().filter_map(|row| row.patient_id))
        .with(json!({ "page": "messages" }));
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let items = rows.into_iter().map(|row| Item::reveal(row, keys, ctx.actor.organization, &proof));
    let items = items.collect::<Result<Vec<_>>>()?;
    let shell = ctx.shell(&mut tx, format!("Messages: {}", view.label().to_lowercase()), Area::Messages).await?;
    tx.commit().await?;
    let page = Index {
        tabs: tabs(view, typed.is_some(), team, counts),
        nothing: if typed.is_some() { "Nothing begins like that" } else { nothing(view) },
        pager: pager(view, &raw, &items, more, typed.is_some()),
        here: format!("/threads?view={}&after={}&from={}&q={}", view.as_str(), raw.after, raw.from, raw.q),
        typed,
        waiting: view == View::Waiting,
        items,
        now: ctx.now(),
        zone: ctx.actor.zone,
        shell,
    };
    ctx.page(&page, page.as_threads())
}

/// What was typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    /// The beginning of a name or subject, or a record number.
    pub q: String,
}

/// `POST /threads/search`: names are not for addresses, so what was typed travels sealed.
pub async fn search(ctx: Ctx, mut tx: Tx, Form(typed): Form<Typed>) -> Page {
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let token = find::seal(keys, &ctx.actor, &typed.q)?;
    let location = token.map_or_else(|| "/threads".to_owned(), |token| format!("/threads?q={token}"));
    Ok(ctx.redirect(&location, None))
}

async fn looked_for(ctx: &Ctx, tx: &mut Tx, places: &[uuid::Uuid], typed: &str) -> Result<Vec<Row>> {
    let Some(key) = names::search_key(typed) else { return Ok(Vec::new()) };
    let number = normalise::record_number(typed);
    let keys = ctx.app.keys(tx, ctx.actor.organization).await?;
    let index = keys.blind_index(ctx.actor.organization, "patient", "medical_record_number", &number);
    let index = index.map_err(anyhow::Error::from)?;
    let number = typed.chars().any(|letter| letter.is_ascii_digit()).then_some(index);
    list::search(tx, &ctx.actor, places, &names::prefix_range(&key), number.as_deref()).await
}

fn tabs(shown: View, searching: bool, team: bool, counts: Counts) -> Vec<Tab> {
    let count = |view: View| match view {
        View::Waiting => capped(counts.waiting),
        View::Mine => capped(counts.mine),
        View::Unassigned => capped(counts.unassigned),
        View::Team => capped(counts.open),
        View::Closed => None,
    };
    View::ALL
        .into_iter()
        .filter(|view| team || !view.is_of_the_team())
        .map(|view| Tab {
            href: format!("/threads?view={}", view.as_str()),
            label: view.label().to_owned(),
            count: count(view),
            current: !searching && view == shown,
        })
        .collect()
}

const fn nothing(view: View) -> &'static str {
    match view {
        View::Waiting => "Nobody waits for an answer",
        View::Mine => "You have no conversation",
        View::Unassigned => "Somebody has each of them",
        View::Team => "No conversation is open",
        View::Closed => "No conversation has been closed",
    }
}

fn pager(view: View, raw: &RawList, items: &[Item], more: bool, searching: bool) -> Pager {
    let before: usize = raw.from.parse().unwrap_or(0);
    let range = match items.len() {
        0 => "No conversations".to_owned(),
        found if searching && more => format!("The latest {found}. Type more to narrow it."),
        found if searching => format!("{found} found"),
        found => format!("{}–{}", before + 1, before + found),
    };
    let next = items.last().filter(|_| more && !searching).map(|last| {
        let cursor = last.row.cursor(view == View::Waiting);
        format!("/threads?view={}&after={cursor}&from={}", view.as_str(), before + items.len())
    });
    let previous = (before > 0).then(|| format!("/threads?view={}", view.as_str()));
    Pager { range, previous, next }
}

/// The status of a page that shows a form again.
pub const REFUSED: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
