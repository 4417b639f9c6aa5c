//! Which cases a page of the list shows, read from its address and written back into one.

mod tabs;

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::model::{CaseStatus, Priority};
use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::ids::{CaseId, FacilityId, SavedViewId, UserId};

pub use tabs::{Sort, View};

/// The sort key of one row: a place that stays the same while rows come and go around it. It holds no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The rank of its priority.
    pub rank: i16,
    /// When it was opened, or is due.
    pub at: Timestamp,
    /// Which it is.
    pub id: CaseId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.rank, self.at.timestamp_micros(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.splitn(3, '.');
        let mut next = || parts.next().ok_or(UNKNOWN);
        let rank = next()?.parse().map_err(|_| UNKNOWN)?;
        let micros = next()?.parse().map_err(|_| UNKNOWN)?;
        let id = next()?.parse().map_err(|_| UNKNOWN)?;
        let at = clock::moment(micros).ok_or(UNKNOWN)?;
        Ok(Self { rank, at, id })
    }
}

/// How many rows a page may have.
pub const PAGE_SIZES: [i64; 3] = [12, 25, 50];

/// How many pages back the address remembers.
const TRAIL: usize = 20;

/// The address of the list, as it arrives.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawFilter {
    view: String,
    saved: String,
    find: String,
    q: Option<String>,
    status: Vec<String>,
    priority: Vec<String>,
    who: Vec<String>,
    facility: Vec<String>,
    overdue: String,
    sort: String,
    rows: String,
    after: Vec<String>,
    since: String,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The tab.
    pub view: View,
    /// The saved view that these filters came from, to mark its tab.
    pub saved: Option<SavedViewId>,
    /// What to look for, sealed: words are not for addresses.
    pub find: Option<String>,
    /// Only these states; none means those of the tab.
    pub statuses: Vec<CaseStatus>,
    /// Only these priorities; none means all.
    pub priorities: Vec<Priority>,
    /// Only what nobody works on.
    pub nobody: bool,
    /// Only what these people work on.
    pub people: Vec<UserId>,
    /// Only these facilities; none means all within reach.
    pub facilities: Vec<FacilityId>,
    /// Only what is past its due date.
    pub overdue: bool,
    /// The order.
    pub sort: Sort,
    /// Rows of a page, where the reader chose.
    pub rows: Option<i64>,
    /// Where each page so far ended.
    pub trail: Vec<Cursor>,
}

impl RawFilter {
    /// What was typed to look for, where the form says so.
    #[must_use]
    pub fn typed(&self) -> Option<&str> {
        self.q.as_deref()
    }

    /// Since when the page is as it is, for what is newer.
    #[must_use]
    pub fn since(&self) -> Option<Timestamp> {
        clock::moment(self.since.parse().ok()?)
    }

    /// Reads an address.
    ///
    /// # Errors
    /// Where it names something that does not exist: a list that silently showed something else would be worse.
    pub fn parse(&self) -> Result<Filter> {
        Ok(Filter {
            view: one_of(&self.view, &View::ALL, View::as_str)?,
            saved: optional(&self.saved)?,
            find: Some(self.find.clone()).filter(|token| !token.is_empty() && token.len() <= 1_000),
            statuses: each(&self.status)?,
            priorities: each(&self.priority)?,
            nobody: self.who.iter().any(|who| who == "nobody"),
            people: each(self.who.iter().filter(|who| *who != "nobody"))?,
            facilities: each(&self.facility)?,
            overdue: self.overdue == "1",
            sort: one_of(&self.sort, &Sort::ALL, Sort::as_str)?,
            rows: page_size(&self.rows)?,
            trail: each(self.after.iter().take(TRAIL))?,
        })
    }
}

impl Filter {
    /// The address of this list.
    #[must_use]
    pub fn href(&self) -> String {
        self.at("/cases")
    }

    /// `path` with this filter.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        let query = self.query();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// This filter as a query, without what is as it would be anyway.
    #[must_use]
    pub fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if self.view != View::default() {
            query.append_pair("view", self.view.as_str());
        }
        if let Some(saved) = self.saved {
            query.append_pair("saved", &saved.to_string());
        }
        if let Some(find) = &self.find {
            query.append_pair("find", find);
        }
        query.extend_pairs(self.statuses.iter().map(|status| ("status", status.as_str())));
        query.extend_pairs(self.priorities.iter().map(|priority| ("priority", priority.as_str())));
        query.extend_pairs(self.nobody.then_some(("who", "nobody")));
        query.extend_pairs(self.people.iter().map(|person| ("who", person.to_string())));
        query.extend_pairs(self.facilities.iter().map(|facility| ("facility", facility.to_string())));
        query.extend_pairs(self.overdue.then_some(("overdue", "1")));
        if self.sort != Sort::default() {
            query.append_pair("sort", self.sort.as_str());
        }
        if let Some(rows) = self.rows {
            query.append_pair("rows", &rows.to_string());
        }
        query.extend_pairs(self.trail.iter().map(|cursor| ("after", cursor.to_string())));
        query.finish()
    }

    /// The order that the list has: what is completed has no priority any more.
    #[must_use]
    pub fn order(&self) -> Sort {
        let closed = self.view == View::Completed || self.statuses.contains(&CaseStatus::Completed);
        if closed { Sort::Newest } else { self.sort }
    }

    /// Whether anything narrows the tab.
    #[must_use]
    pub const fn narrows(&self) -> bool {
        self.find.is_some()
            || self.nobody
            || self.overdue
            || !(self.statuses.is_empty()
                && self.priorities.is_empty()
                && self.people.is_empty()
                && self.facilities.is_empty())
    }

    /// The same tab and order with nothing that narrows it.
    #[must_use]
    pub fn cleared(&self) -> Self {
        Self { view: self.view, sort: self.sort, rows: self.rows, ..Self::default() }
    }

    /// A change of this filter, from the first page on.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = Self { trail: Vec::new(), ..self.clone() };
        change(&mut changed);
        changed
    }

    /// The page after `last`.
    #[must_use]
    pub fn next(&self, last: Cursor) -> Self {
        let mut next = self.clone();
        if next.trail.len() == TRAIL {
            next.trail.remove(0);
        }
        next.trail.push(last);
        next
    }

    /// The page before, where there is one.
    #[must_use]
    pub fn previous(&self) -> Option<Self> {
        let mut previous = self.clone();
        previous.trail.pop().map(|_| previous)
    }
}

const UNKNOWN: Error = Error::BadRequest(
    "This address asks for something that does not exist. Open the list again and choose from there.",
);

fn one_of<T: Copy + Default>(text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T> {
    if text.is_empty() {
        return Ok(T::default());
    }
    all.iter().copied().find(|item| name(*item) == text).ok_or(UNKNOWN)
}

fn optional<T: FromStr>(text: &str) -> Result<Option<T>> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| UNKNOWN) }
}

fn each<'a, T: FromStr>(texts: impl IntoIterator<Item = &'a String>) -> Result<Vec<T>> {
    texts.into_iter().filter(|text| !text.is_empty()).map(|text| text.parse().map_err(|_| UNKNOWN)).collect()
}

fn page_size(text: &str) -> Result<Option<i64>> {
    if text.is_empty() {
        return Ok(None);
    }
    let rows = text.parse().map_err(|_| UNKNOWN)?;
    if PAGE_SIZES.contains(&rows) { Ok(Some(rows)) } else { Err(UNKNOWN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Filter> {
        serde_html_form::from_str::<RawFilter>(query).unwrap().parse()
    }

    #[test]
    fn an_address_is_written_as_it_is_read() {
        let id = CaseId::new();
        for query in [
            "",
            "view=mine",
            "view=review&priority=URGENT&priority=LOW&who=nobody&overdue=1&sort=due&rows=25",
            &format!("status=NEW&after=2.1700000000000000.{id}"),
        ] {
            assert_eq!(read(query).unwrap().query(), query);
        }
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        for query in ["view=gone", "status=OPEN", "who=somebody", "sort=x", "rows=13", "after=1"] {
            assert!(read(query).is_err(), "{query}");
        }
    }

    #[test]
    fn pages_lead_forward_and_back() {
        let first = read("view=new").unwrap();
        assert!(first.previous().is_none());
        let cursor = Cursor { rank: 1, at: Timestamp::UNIX_EPOCH, id: CaseId::NIL };
        let second = first.next(cursor);
        assert_eq!(second.previous(), Some(first));
    }
}
