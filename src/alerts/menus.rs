//! Tabs, menus and chips of the queue: the ways from this list to the next.

use super::filter::{Filter, Sort, View};
use super::model::{AlertStatus, AlertType, Severity};
use super::queries::around::{Around, Place};
use crate::ids::UserId;
use crate::web::badges::capped;
use crate::web::ui::{Chip, Choice, Order, Tab};

/// The tabs: those that everybody has, then saved views.
#[must_use]
pub fn tabs(filter: &Filter, around: &Around) -> Vec<Tab> {
    let built_in =
        View::ALL.into_iter().filter(|view| *view != View::Homes || around.homes.is_some()).map(|view| Tab {
            href: format!("/alerts?view={}", view.as_str()),
            label: view.label().to_owned(),
            count: count(view, around).and_then(capped),
            current: filter.saved.is_none() && filter.view == view,
        });
    let saved = around.views.iter().map(|view| Tab {
        href: format!("/alerts?saved={}&{}", view.id, view.query),
        label: if view.shared && !view.own { format!("{} (shared)", view.name) } else { view.name.clone() },
        count: None,
        current: filter.saved == Some(view.id),
    });
    built_in.chain(saved).collect()
}

const fn count(view: View, around: &Around) -> Option<i64> {
    match view {
        View::Open => Some(around.open),
        View::Mine => Some(around.mine),
        View::Unassigned => Some(around.unassigned),
        View::Critical => Some(around.critical),
        View::Snoozed => Some(around.snoozed),
        View::Homes => around.homes,
        View::Resolved => None,
    }
}

/// How many rows the whole list has, where that is known: nothing narrows the tab.
#[must_use]
pub fn total(filter: &Filter, around: &Around) -> Option<i64> {
    if filter.narrows() { None } else { count(filter.view, around) }
}

/// What chooses all rows of the list and not only those of this page; none where nothing moves in it.
#[must_use]
pub fn all(filter: &Filter, around: &Around) -> Option<String> {
    let words = || match total(filter, around).and_then(capped) {
        Some(total) => format!("All {total} in this list"),
        None => "All that match".to_owned(),
    };
    (filter.view != View::Resolved).then(words)
}

/// The severities to choose from.
#[must_use]
pub fn severities(filter: &Filter) -> Vec<Choice> {
    Severity::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), filter.severities.contains(one))).collect()
}

/// The types to choose from.
#[must_use]
pub fn types(filter: &Filter) -> Vec<Choice> {
    AlertType::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), filter.types.contains(one))).collect()
}

/// The states to choose from: open ones, or closed ones in the list of what is done.
#[must_use]
pub fn statuses(filter: &Filter) -> Vec<Choice> {
    AlertStatus::ALL
        .iter()
        .filter(|one| one.is_open() != (filter.view == View::Resolved))
        .map(|one| Choice::new(one.as_str(), one.label(), filter.statuses.contains(one)))
        .collect()
}

/// Whose alerts to choose from.
#[must_use]
pub fn people(filter: &Filter) -> Vec<Choice> {
    vec![Choice::new("me", "Me", filter.me), Choice::new("nobody", "Nobody", filter.nobody)]
}

/// The facilities to choose from.
#[must_use]
pub fn places(filter: &Filter, places: &[Place]) -> Vec<Choice> {
    places
        .iter()
        .map(|place| Choice::new(place.id.to_string(), &*place.name, filter.facilities.contains(&place.id)))
        .collect()
}

/// The orders to choose from.
#[must_use]
pub fn sorts(filter: &Filter) -> Vec<Choice> {
    Sort::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), filter.sort == *one)).collect()
}

/// How a column is sorted now.
#[must_use]
pub fn order(filter: &Filter, column: Sort) -> Option<Order> {
    let sorted = filter.sort == column && filter.view != View::Resolved;
    sorted.then_some(if column == Sort::Patient { Order::Ascending } else { Order::Descending })
}

/// The filters in force, each with the list without it.
#[must_use]
pub fn chips(filter: &Filter, typed: &str, places: &[Place]) -> Vec<Chip> {
    let mut chips = Vec::new();
    let mut chip = |label: String, without: Filter| chips.push(Chip { label, href: without.href() });
    if filter.find.is_some() {
        chip(format!("Text: {typed}"), filter.with(|f| f.find = None));
    }
    for one in &filter.severities {
        chip(format!("Severity: {}", one.label()), filter.with(|f| f.severities.retain(|other| other != one)));
    }
    for one in &filter.types {
        chip(format!("Type: {}", one.label()), filter.with(|f| f.types.retain(|other| other != one)));
    }
    for one in &filter.statuses {
        chip(format!("Status: {}", one.label()), filter.with(|f| f.statuses.retain(|other| other != one)));
    }
    if filter.me {
        chip("Assigned to: me".to_owned(), filter.with(|f| f.me = false));
    }
    if filter.nobody {
        chip("Assigned to: nobody".to_owned(), filter.with(|f| f.nobody = false));
    }
    if !filter.people.is_empty() {
        chip("Assigned to: a colleague".to_owned(), filter.with(|f| f.people = Vec::<UserId>::new()));
    }
    for one in &filter.facilities {
        let name = places.iter().find(|place| place.id == *one).map_or("one facility", |place| &place.name);
        chip(format!("Facility: {name}"), filter.with(|f| f.facilities.retain(|other| other != one)));
    }
    chips
}
