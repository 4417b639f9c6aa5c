//! `GET /alerts`: the queue.

use axum::http::Uri;
use axum::response::IntoResponse;

use super::{criteria, mover, time};
use crate::alerts::filter::{Filter, PAGE_SIZES, Position, RawFilter, Side, Sort, View};
use crate::alerts::item::Item;
use crate::alerts::menus;
use crate::alerts::pages::{Answer, Index, May, Newer, Pane, Queue, meta};
use crate::alerts::queries::around::{Around, around};
use crate::alerts::queries::row::Row;
use crate::alerts::queries::{list, one};
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::patients::find;
use crate::web::badges::{self, Badges, capped};
use crate::web::form::{Form, Query};
use crate::web::nav::Area;
use crate::web::ui::Pager;
use crate::web::{Ctx, Page};

/// More newer alerts than this are not counted: the answer is to look.
const NEWER: i64 = 20;

/// The page, or the parts of it that a new filter replaces.
pub async fn index(ctx: Ctx, tx: Tx, uri: Uri, Query(raw): Query<RawFilter>) -> Page {
    let (filter, position) = raw.parse()?;
    show(&ctx, tx, filter, position, uri.query().is_none()).await
}

/// `POST /alerts/search`: words are not for addresses; they come back sealed.
pub async fn search(ctx: Ctx, mut tx: Tx, Form(mut raw): Form<RawFilter>) -> Page {
    let typed = raw.take_words();
    let (filter, _) = raw.parse()?;
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let find = find::seal(keys, &ctx.actor, &typed)?;
    let filter = filter.with(|f| f.find = find);
    let here = filter.href();
    if !ctx.hx.partial {
        return Ok(ctx.redirect(&here, None));
    }
    let mut response = show(&ctx, tx, filter, Position::default(), false).await?;
    if let Ok(here) = here.parse() {
        response.headers_mut().insert("hx-push-url", here);
    }
    Ok(response)
}

/// `plain`: nothing in particular was asked for, so a default view opens, where there is one.
async fn show(ctx: &Ctx, mut tx: Tx, filter: Filter, position: Position, plain: bool) -> Page {
    let criteria = criteria(ctx, &mut tx, &filter).await?;
    let size = page_size(ctx, &filter);
    let mut rows = list::page(&mut tx, &criteria, &filter, &position, size).await?;
    let beyond = trim(&mut rows, size, &position);
    let shown = selected(ctx, &mut tx, &rows, &position).await?;
    let looked_at = shown.as_ref().or_else(|| rows.first());
    let around =
        around(&mut tx, &ctx.actor, looked_at.and_then(|row| row.patient_id), looked_at.map(|row| row.id)).await?;
    if let (true, Some(view)) = (plain, around.views.iter().find(|view| view.own && view.is_default)) {
        return Ok(ctx.redirect(&format!("/alerts?saved={}&{}", view.id, view.query), None).into_response());
    }
    let mut badges =
        Badges { alerts: around.open, critical: around.critical > 0, requests: around.requests, ..Badges::default() };
    if !ctx.hx.partial {
        let waiting = badges::waiting(&mut tx, &ctx.actor).await?;
        (badges.messages, badges.tasks, badges.notices) = (waiting.messages, waiting.tasks, waiting.notices);
    }
    let typed = criteria.typed().to_owned();
    let queue = reveal(ctx, &mut tx, Found { filter, typed, position, rows, beyond, shown, around }).await?;
    tx.commit().await?;
    if ctx.hx.partial {
        return ctx.fragment(&Answer { queue: &queue });
    }
    let shell = ctx.shell_with(format!("Alerts: {}", queue.filter.view.label().to_lowercase()), Area::Alerts, badges);
    let page = Index { shell, queue };
    ctx.page(&page, &page)
}

/// How many alerts of this list are newer than the page that asks.
pub async fn newer(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawFilter>) -> Page {
    let (filter, position) = raw.parse()?;
    let Some(since) = position.since else {
        return ctx.fragment(&Newer { href: filter.href(), newer: 0, noun: "alerts" });
    };
    let criteria = criteria(&ctx, &mut tx, &filter).await?;
    let newer = if filter.view == View::Resolved { 0 } else { list::newer(&mut tx, &criteria, since, NEWER).await? };
    ctx.fragment(&Newer { href: filter.href(), newer, noun: if newer == 1 { "alert" } else { "alerts" } })
}

/// What the statements found.
struct Found {
    filter: Filter,
    typed: String,
    position: Position,
    rows: Vec<Row>,
    /// Whether there is more before the page, and after it.
    beyond: (bool, bool),
    /// The alert looked at, where it is not on the page.
    shown: Option<Row>,
    around: Around,
}

/// How many rows this person gets: as many as fit without scrolling, unless they chose.
fn page_size(ctx: &Ctx, filter: &Filter) -> i64 {
    filter.rows.unwrap_or(if ctx.actor.preferences.density == "dense" { PAGE_SIZES[1] } else { PAGE_SIZES[0] })
}

/// Takes off the row that only says that there is more.
fn trim(rows: &mut Vec<Row>, size: i64, position: &Position) -> (bool, bool) {
    let more = i64::try_from(rows.len()).is_ok_and(|found| found > size);
    match position.cursor.map(|(side, _)| side) {
        Some(Side::Before) => {
            if more {
                rows.remove(0);
            }
            (more, true)
        }
        side => {
            if more {
                rows.pop();
            }
            (side.is_some(), more)
        }
    }
}

/// The alert that the address names, unless the page has it anyway.
async fn selected(ctx: &Ctx, tx: &mut Tx, rows: &[Row], position: &Position) -> Result<Option<Row>> {
    match position.selected {
        Some(id) if rows.iter().all(|row| row.id != id) => {
            Ok(one::find(tx, ctx.actor.organization, &[id.uuid()]).await?.pop())
        }
        Some(id) => Ok(rows.iter().find(|row| row.id == id).cloned()),
        None => Ok(None),
    }
}

/// Writes down who is shown, then reveals them.
async fn reveal(ctx: &Ctx, tx: &mut Tx, mut found: Found) -> Result<Queue> {
    let organization = ctx.actor.organization;
    let looked_at = found.shown.take().or_else(|| found.rows.first().cloned());
    let patients = found.rows.iter().chain(&looked_at).filter_map(|row| row.patient_id);
    let event = Event::new(Action::View, "alert").showing(patients);
    let proof = events::record(tx, &ctx.by(), event).await?;
    let keys = ctx.app.keys(tx, organization).await?;
    let item = |row| Item::reveal(row, keys, organization, &proof);
    let pane = looked_at.map(&item).transpose()?;
    let items = std::mem::take(&mut found.rows).into_iter().map(&item).collect::<Result<_>>()?;
    Ok(queue(ctx, found, items, pane))
}

fn queue(ctx: &Ctx, found: Found, items: Vec<Item>, pane: Option<Item>) -> Queue {
    let Found { filter, typed, position, beyond, mut around, .. } = found;
    let time = time(ctx);
    let cursor = |item: Option<&Item>| item.map(|item| item.row.cursor());
    let here = position.cursor.map_or_else(
        || filter.href(),
        |(side, cursor)| {
            let name = if side == Side::After { "after" } else { "before" };
            format!("{}&from={}", filter.at_with("/alerts", name, cursor), position.from)
        },
    );
    let since = crate::alerts::filter::Cursor { rank: 0, at: around.now, id: crate::ids::AlertId::MAX };
    let size = usize::try_from(page_size(ctx, &filter)).unwrap_or_default();
    let pager = Pager {
        range: range(position.from, items.len(), menus::total(&filter, &around)),
        previous: cursor(items.first()).filter(|_| beyond.0).map(|cursor| {
            format!("{}&from={}", filter.at_with("/alerts", "before", cursor), position.from.saturating_sub(size))
        }),
        next: cursor(items.last()).filter(|_| beyond.1).map(|cursor| {
            format!("{}&from={}", filter.at_with("/alerts", "after", cursor), position.from + items.len())
        }),
    };
    let selected = pane.as_ref().map(|item| item.row.id);
    Queue {
        meta: meta(&around, &time),
        tabs: menus::tabs(&filter, &around),
        chips: menus::chips(&filter, &typed, &around.facilities),
        all: (pager.next.is_some() || pager.previous.is_some()).then(|| menus::all(&filter, &around)).flatten(),
        typed,
        clear: filter.cleared().href(),
        severities: menus::severities(&filter),
        types: menus::types(&filter),
        statuses: menus::statuses(&filter),
        people: menus::people(&filter),
        places: menus::places(&filter, &around.facilities),
        sorts: menus::sorts(&filter),
        by_severity: filter.with(|f| f.sort = Sort::Severity).href(),
        severity_order: menus::order(&filter, Sort::Severity),
        by_patient: filter.with(|f| f.sort = Sort::Patient).href(),
        patient_order: menus::order(&filter, Sort::Patient),
        nothing: if filter.narrows() { "No alert matches this filter" } else { "Nothing to do here" },
        newer: filter.at_with("/alerts/newer", "since", since),
        csv: filter.at("/alerts.csv"),
        print: filter.at("/alerts/print"),
        save: filter.at("/alerts/views"),
        here: filter.href(),
        may: May::of(&ctx.actor),
        pane: pane.map(|item| Pane::new(item, &mut around, mover(ctx), time, here.clone())),
        back: here,
        time,
        items,
        pager,
        selected,
        filter,
    }
}

/// `1–12 of 31`; without the total where the filter narrows the tab.
fn range(before: usize, rows: usize, total: Option<i64>) -> String {
    if rows == 0 {
        return "No alerts".to_owned();
    }
    let page = format!("{}–{}", before + 1, before + rows);
    match total.and_then(capped) {
        Some(total) => format!("{page} of {total}"),
        None => page,
    }
}
