//! `GET /cases`: the list.

use axum::http::Uri;
use axum::response::IntoResponse as _;

use super::views::PAGE;
use super::{reveal, time};
use crate::access::{Permission, Role};
use crate::cases::filter::{Cursor, Filter, PAGE_SIZES, RawFilter, Sort, View};
use crate::cases::item::Item;
use crate::cases::model::{CaseStatus, Priority};
use crate::cases::pages::{Index, Newer};
use crate::cases::queries::list::{self, Counts, Wanted};
use crate::cases::queries::people;
use crate::cases::queries::row::Row;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::Action;
use crate::facilities::{self, Facility};
use crate::ids::UserId;
use crate::patients::{find, names};
use crate::phi::Keyring;
use crate::saved_views::{self, SavedView};
use crate::web::badges::{self, capped};
use crate::web::form::{Form, Query};
use crate::web::nav::Area;
use crate::web::ui::{Chip, Choice, Order, Pager, Tab};
use crate::web::{Ctx, Page};

/// More changed cases than this are not counted: the answer is to look.
const NEWER: i64 = 20;

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// The case with this number.
    Number(i64),
    /// Titles that begin so, in lower case.
    Title(String),
    /// Nothing that there could be.
    Nothing,
}

impl Search {
    /// `CASE-2041`, `case 2041` and `2041` are the number of a case; anything else begins a title.
    #[must_use]
    pub fn read(typed: &str) -> Self {
        let text = typed.trim().to_lowercase();
        let digits = text.strip_prefix("case").unwrap_or(&text).trim_start_matches(['-', ' ', '#']);
        match digits.parse() {
            Ok(number) if !digits.is_empty() => Self::Number(number),
            _ if text.is_empty() => Self::Nothing,
            _ => Self::Title(text),
        }
    }
}

/// The page, or the part of it that a new filter replaces.
pub async fn index(ctx: Ctx, mut tx: Tx, uri: Uri, Query(raw): Query<RawFilter>) -> Page {
    let filter = raw.parse()?;
    let saved = saved_views::all(&mut tx, ctx.actor.organization, ctx.actor.user, PAGE).await?;
    if let (None, Some(view)) = (uri.query(), saved.iter().find(|view| view.own && view.is_default)) {
        return Ok(ctx.redirect(&format!("/cases?saved={}&{}", view.id, view.query), None).into_response());
    }
    let page = page(&ctx, tx, filter, saved).await?;
    if ctx.hx.partial {
        let mut response = ctx.fragment(&page.as_answer())?;
        if let Ok(here) = page.here.parse() {
            response.headers_mut().insert("hx-push-url", here);
        }
        return Ok(response);
    }
    ctx.page(&page, page.as_answer())
}

/// `POST /cases/search`: words are not for addresses; they come back sealed.
pub async fn search(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawFilter>) -> Page {
    let filter = raw.parse()?;
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let find = find::seal(keys, &ctx.actor, raw.typed().unwrap_or_default())?;
    let filter = filter.with(|filter| filter.find = find);
    if !ctx.hx.partial {
        return Ok(ctx.redirect(&filter.href(), None));
    }
    let saved = saved_views::all(&mut tx, ctx.actor.organization, ctx.actor.user, PAGE).await?;
    let page = page(&ctx, tx, filter, saved).await?;
    let mut response = ctx.fragment(&page.as_answer())?;
    if let Ok(here) = page.here.parse() {
        response.headers_mut().insert("hx-push-url", here);
    }
    Ok(response)
}

/// `GET /cases/newer?since=…`: how many cases changed since the page was made.
pub async fn newer(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawFilter>) -> Page {
    let filter = raw.parse()?;
    let newer = match raw.since() {
        Some(since) => list::newer(&mut tx, &ctx.actor, since, NEWER).await?,
        None => 0,
    };
    let noun = if newer == 1 { "changed case" } else { "changed cases" };
    ctx.fragment(&Newer { href: filter.with(|_| ()).href(), newer, noun })
}

async fn page(ctx: &Ctx, mut tx: Tx, filter: Filter, saved: Vec<SavedView>) -> Result<Index> {
    let badges = badges::of(&mut tx, &ctx.actor).await?;
    let counts = list::counts(&mut tx, &ctx.actor, badges.cases).await?;
    let size = page_size(ctx, &filter);
    let (typed, mut rows) = found(ctx, &mut tx, &filter, size + 1).await?;
    let more = filter.find.is_none() && i64::try_from(rows.len()).is_ok_and(|found| found > size);
    if more {
        rows.pop();
    }
    let last = rows.last().map(|row| cursor(row, &filter)).filter(|_| more);
    let places = facilities::within_reach(&mut tx, &ctx.actor).await?;
    let people = if ctx.actor.may(Permission::AssignCases) || ctx.actor.role == Role::Compliance {
        people::names(&mut tx, ctx.actor.organization).await?
    } else {
        Vec::new()
    };
    let items = reveal(ctx, &mut tx, rows, Action::View, "list").await?;
    let title = format!("Cases: {}", filter.view.label().to_lowercase());
    let shell = ctx.shell_with(title, Area::Cases, badges);
    tx.commit().await?;
    let who: Vec<Choice> = std::iter::once(Choice::new("nobody", "Nobody yet", filter.nobody))
        .chain(
            people.iter().map(|(person, name)| Choice::new(person.to_string(), name, filter.people.contains(person))),
        )
        .collect();
    Ok(Index {
        shell,
        time: time(ctx),
        meta: format!("{} open · {} overdue", shown(counts.open()), shown(counts.overdue)),
        tabs: tabs(ctx, &filter, &counts, &saved),
        priorities: Priority::ALL
            .iter()
            .map(|one| Choice::new(one.as_str(), one.label(), filter.priorities.contains(one)))
            .collect(),
        statuses: CaseStatus::ALL
            .iter()
            .map(|one| Choice::new(one.as_str(), one.label(), filter.statuses.contains(one)))
            .collect(),
        chips: chips(&filter, &typed, &who, &places),
        places: if matches!(ctx.actor.role, Role::Chair | Role::Compliance) {
            places
                .iter()
                .map(|place| Choice::new(place.id.to_string(), &place.name, filter.facilities.contains(&place.id)))
                .collect()
        } else {
            Vec::new()
        },
        people: if people.is_empty() { Vec::new() } else { who },
        sorts: Sort::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), filter.sort == *one)).collect(),
        clear: filter.cleared().href(),
        by_priority: sorted(&filter, Sort::Priority),
        by_due: sorted(&filter, Sort::Due),
        by_age: sorted(&filter, Sort::Newest),
        nothing: nothing(ctx, &filter),
        pager: pager(&filter, &items, size, last),
        here: filter.href(),
        newer: since(&filter, ctx),
        csv: filter.with(|_| ()).at("/cases.csv"),
        print: filter.with(|_| ()).at("/cases/print"),
        save: filter.with(|_| ()).at("/cases/views"),
        opens: ctx.actor.may(Permission::OpenCases),
        assigns: ctx.actor.may(Permission::AssignCases),
        items,
        typed,
        filter,
    })
}

/// What the filter finds, and what was typed to find it.
pub async fn found(ctx: &Ctx, tx: &mut Tx, filter: &Filter, limit: i64) -> Result<(String, Vec<Row>)> {
    let organization = ctx.actor.organization;
    let Some(token) = &filter.find else {
        let wanted = Wanted::new(&ctx.actor, filter);
        return Ok((String::new(), list::page(tx, &wanted, limit).await?));
    };
    let keys: &Keyring = ctx.app.keys(tx, organization).await?;
    // A token of somebody else finds nothing, rather than everything.
    let Some(typed) = find::open(keys, &ctx.actor, token) else { return Ok((String::new(), Vec::new())) };
    let rows = match Search::read(&typed) {
        Search::Number(number) => list::by_number(tx, organization, number).await?,
        Search::Title(text) => list::by_title(tx, organization, &names::prefix_range(&text)).await?,
        Search::Nothing => Vec::new(),
    };
    let now = ctx.now();
    Ok((typed, rows.into_iter().filter(|row| fits(row, filter, now)).collect()))
}

/// Whether what was found by its words has what the menus ask for. The tab does not count: who looks for a case wants it
/// wherever it stands.
fn fits(row: &Row, filter: &Filter, now: Timestamp) -> bool {
    let chosen = |person: UserId| filter.people.contains(&person);
    (filter.statuses.is_empty() || filter.statuses.contains(&row.status))
        && (filter.priorities.is_empty() || filter.priorities.contains(&row.priority))
        && (filter.facilities.is_empty() || row.facility_id.is_some_and(|place| filter.facilities.contains(&place)))
        && ((!filter.nobody && filter.people.is_empty()) || row.assignee_id.map_or(filter.nobody, chosen))
        && (!filter.overdue || row.status.is_open() && row.due_at.is_some_and(|due| due < now))
}

/// The place of a row in this list.
pub fn cursor(row: &Row, filter: &Filter) -> Cursor {
    if filter.order() == Sort::Due { row.due_cursor() } else { row.cursor() }
}

/// How many rows this person gets: as many as fit without scrolling, unless they chose.
fn page_size(ctx: &Ctx, filter: &Filter) -> i64 {
    filter.rows.unwrap_or(if ctx.actor.preferences.density == "dense" { PAGE_SIZES[1] } else { PAGE_SIZES[0] })
}

fn shown(count: i64) -> String {
    capped(count).unwrap_or_else(|| "0".to_owned())
}

fn tabs(ctx: &Ctx, filter: &Filter, counts: &Counts, saved: &[SavedView]) -> Vec<Tab> {
    let role = ctx.actor.role;
    let built_in =
        View::ALL.into_iter().filter(|view| *view != View::Mine || role != Role::Compliance).map(|view| Tab {
            href: format!("/cases?view={}", view.as_str()),
            label: view.label().to_owned(),
            count: match view {
                View::Mine => capped(counts.mine),
                View::Open => capped(counts.open()),
                View::Overdue => capped(counts.overdue),
                View::Completed => None,
                other => capped(counts.of(other.statuses(role))),
            },
            current: filter.saved.is_none() && filter.view == view,
        });
    let saved = saved.iter().map(|view| Tab {
        href: format!("/cases?saved={}&{}", view.id, view.query),
        label: if view.own { view.name.clone() } else { format!("{} (shared)", view.name) },
        count: None,
        current: filter.saved == Some(view.id),
    });
    built_in.chain(saved).collect()
}

fn chips(filter: &Filter, typed: &str, who: &[Choice], places: &[Facility]) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut chip = |label: String, without: Filter| chips.push(Chip { label, href: without.href() });
    if filter.find.is_some() {
        chip(format!("Looking for: {typed}, wherever it stands"), filter.with(|f| f.find = None));
    }
    for one in &filter.priorities {
        chip(format!("Priority: {}", one.label()), filter.with(|f| f.priorities.retain(|other| other != one)));
    }
    for one in &filter.statuses {
        chip(format!("Status: {}", one.label()), filter.with(|f| f.statuses.retain(|other| other != one)));
    }
    if filter.nobody {
        chip("Caseworker: nobody yet".to_owned(), filter.with(|f| f.nobody = false));
    }
    for one in &filter.people {
        let name =
            who.iter().find(|choice| choice.value == one.to_string()).map_or("a colleague", |choice| &choice.label);
        chip(format!("Caseworker: {name}"), filter.with(|f| f.people.retain(|other| other != one)));
    }
    for one in &filter.facilities {
        let name = places.iter().find(|place| place.id == *one).map_or("one place", |place| &place.name);
        chip(format!("Place: {name}"), filter.with(|f| f.facilities.retain(|other| other != one)));
    }
    if filter.overdue {
        chip("Overdue".to_owned(), filter.with(|f| f.overdue = false));
    }
    chips
}

/// This list in another order, and its order where it is this one.
fn sorted(filter: &Filter, sort: Sort) -> (String, Option<Order>) {
    let order = if sort == Sort::Newest { Order::Descending } else { Order::Ascending };
    let chosen = (filter.find.is_none() && filter.order() == sort).then_some(order);
    (filter.with(|filter| filter.sort = sort).href(), chosen)
}

fn nothing(ctx: &Ctx, filter: &Filter) -> &'static str {
    match (filter.narrows(), filter.view, ctx.actor.role) {
        (true, ..) => "No case matches",
        (false, View::Mine, Role::Clerk) => "Nothing waits for you: every case you opened is submitted",
        (false, View::Mine, Role::Chair) => "Nothing to review and nothing to complete",
        (false, View::Mine, Role::Caseworker) => "Nothing is assigned to you",
        (false, ..) => "No cases here",
    }
}

fn pager(filter: &Filter, items: &[Item], size: i64, last: Option<Cursor>) -> Pager {
    let before = filter.trail.len() * usize::try_from(size).unwrap_or_default();
    Pager {
        range: if items.is_empty() {
            "No cases".to_owned()
        } else {
            format!("{}–{}", before + 1, before + items.len())
        },
        previous: filter.previous().map(|filter| filter.href()),
        next: last.map(|last| filter.next(last).href()),
    }
}

/// Where to ask for what changed since this page was made.
fn since(filter: &Filter, ctx: &Ctx) -> String {
    let address = filter.with(|_| ()).at("/cases/newer");
    let joint = if address.contains('?') { '&' } else { '?' };
    format!("{address}{joint}since={}", ctx.now().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_titles_are_told_apart() {
        for text in ["CASE-2041", "case 2041", " 2041 ", "#2041", "Case-#2041"] {
            assert_eq!(Search::read(text), Search::Number(2041), "{text}");
        }
        assert_eq!(Search::read(" Home adaptation "), Search::Title("home adaptation".to_owned()));
        assert_eq!(Search::read("2nd rail"), Search::Title("2nd rail".to_owned()));
        assert_eq!(Search::read("  "), Search::Nothing);
    }
}
