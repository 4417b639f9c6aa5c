//! Which alerts a page of the queue shows, read from its address and written back into one.

mod cursor;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::str::FromStr;

use serde::Deserialize;

use super::model::{AlertStatus, AlertType, Severity};
use crate::error::{Error, Result};
use crate::ids::{AlertId, FacilityId, SavedViewId, UserId};

pub use cursor::{Cursor, Side};

/// The tabs that everybody has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Everything that is still to be done.
    #[default]
    Open,
    /// What I have.
    Mine,
    /// What nobody has.
    Unassigned,
    /// What cannot wait.
    Critical,
    /// What was put aside.
    Snoozed,
    /// What happens in care homes.
    Homes,
    /// What is done: resolved and dismissed.
    Resolved,
}

impl View {
    /// All of them, as the tabs stand.
    pub const ALL: [Self; 7] =
        [Self::Open, Self::Mine, Self::Unassigned, Self::Critical, Self::Snoozed, Self::Homes, Self::Resolved];

    /// The value in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Mine => "mine",
            Self::Unassigned => "unassigned",
            Self::Critical => "critical",
            Self::Snoozed => "snoozed",
            Self::Homes => "homes",
            Self::Resolved => "resolved",
        }
    }

    /// The words on the tab.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "All open",
            Self::Mine => "Mine",
            Self::Unassigned => "Unassigned",
            Self::Critical => "Critical",
            Self::Snoozed => "Snoozed",
            Self::Homes => "Care homes",
            Self::Resolved => "Resolved",
        }
    }
}

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The gravest first, among equals the newest.
    #[default]
    Severity,
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
    /// By the patient's name; alerts without a patient last.
    Patient,
}

impl Sort {
    /// All of them, as the menu lists them.
    pub const ALL: [Self; 4] = [Self::Severity, Self::Newest, Self::Oldest, Self::Patient];

    /// The value in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::Patient => "patient",
        }
    }

    /// The words in the menu.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Severity => "Severity, then newest",
            Self::Newest => "Newest first",
            Self::Oldest => "Oldest first",
            Self::Patient => "Patient",
        }
    }
}

/// How many rows a page may have.
pub const PAGE_SIZES: [i64; 3] = [12, 25, 50];

/// The address of the queue, as it arrives.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawFilter {
    view: String,
    saved: String,
    find: String,
    q: String,
    sev: Vec<String>,
    #[serde(rename = "type")]
    kind: Vec<String>,
    status: Vec<String>,
    who: Vec<String>,
    facility: Vec<String>,
    sort: String,
    rows: String,
    after: String,
    before: String,
    selected: String,
    since: String,
    from: String,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The tab.
    pub view: View,
    /// The saved view that these filters came from, to mark its tab.
    pub saved: Option<SavedViewId>,
    /// Words to look for (the beginning of a name, a whole record number, or a part of the title), sealed: an address
    /// is kept in histories and logs, and the words may be a name. See [`crate::patients::find`].
    pub find: Option<String>,
    /// Only these severities; none means all.
    pub severities: Vec<Severity>,
    /// Only these types; none means all.
    pub types: Vec<AlertType>,
    /// Only these states; none means those of the tab.
    pub statuses: Vec<AlertStatus>,
    /// Only what I have.
    pub me: bool,
    /// Only what nobody has.
    pub nobody: bool,
    /// Only what these people have.
    pub people: Vec<UserId>,
    /// Only these facilities; none means all within reach.
    pub facilities: Vec<FacilityId>,
    /// The order.
    pub sort: Sort,
    /// Rows of a page, where the reader chose.
    pub rows: Option<i64>,
}

/// Where in the list, and what is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Beside which row the page begins or ends; none for the first page.
    pub cursor: Option<(Side, Cursor)>,
    /// The alert in the preview.
    pub selected: Option<AlertId>,
    /// The newest alert the reader knows of, for the pill that counts newer ones.
    pub since: Option<Cursor>,
    /// How many rows lie before the page.
    pub from: usize,
}

impl RawFilter {
    /// What was typed into the form of the filter.
    #[must_use]
    pub fn take_words(&mut self) -> String {
        std::mem::take(&mut self.q)
    }

    /// Reads an address.
    ///
    /// # Errors
    /// Where it names something that does not exist: a list that silently showed something else would be worse. And where
    /// it holds words in clear.
    pub fn parse(&self) -> Result<(Filter, Position)> {
        if !self.q.is_empty() {
            return Err(Error::BadRequest(
                "Type what you look for into the list itself: addresses are kept in histories.",
            ));
        }
        let filter = Filter {
            view: one_of(&self.view, &View::ALL, View::as_str)?,
            saved: optional(&self.saved)?,
            find: sealed(&self.find)?,
            severities: each(&self.sev)?,
            types: each(&self.kind)?,
            statuses: each(&self.status)?,
            me: self.who.iter().any(|who| who == "me"),
            nobody: self.who.iter().any(|who| who == "nobody"),
            people: each(self.who.iter().filter(|who| !matches!(who.as_str(), "me" | "nobody")))?,
            facilities: each(&self.facility)?,
            sort: one_of(&self.sort, &Sort::ALL, Sort::as_str)?,
            rows: page_size(&self.rows)?,
        };
        let after = optional(&self.after)?.map(|cursor| (Side::After, cursor));
        let before = optional(&self.before)?.map(|cursor| (Side::Before, cursor));
        let position = Position {
            cursor: after.or(before),
            selected: optional(&self.selected)?,
            since: optional(&self.since)?,
            from: optional(&self.from)?.unwrap_or_default(),
        };
        Ok((filter, position))
    }
}

impl Filter {
    /// The address of this list, from its first page on.
    #[must_use]
    pub fn href(&self) -> String {
        self.at("/alerts")
    }

    /// `path` with this filter.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        let mut address = path.to_owned();
        let query = self.query();
        if !query.is_empty() {
            address.push('?');
            address.push_str(&query);
        }
        address
    }

    /// `path` with this filter and one thing more.
    #[must_use]
    pub fn at_with(&self, path: &str, name: &str, value: impl std::fmt::Display) -> String {
        let mut address = self.at(path);
        let joint = if address.contains('?') { '&' } else { '?' };
        // Writing to a String cannot fail.
        let _ = write!(address, "{joint}{name}={value}");
        address
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
        query.extend_pairs(self.severities.iter().map(|severity| ("sev", severity.as_str())));
        query.extend_pairs(self.types.iter().map(|kind| ("type", kind.as_str())));
        query.extend_pairs(self.statuses.iter().map(|status| ("status", status.as_str())));
        query.extend_pairs(self.me.then_some(("who", "me")));
        query.extend_pairs(self.nobody.then_some(("who", "nobody")));
        query.extend_pairs(self.people.iter().map(|person| ("who", person.to_string())));
        query.extend_pairs(self.facilities.iter().map(|facility| ("facility", facility.to_string())));
        if self.sort != Sort::default() {
            query.append_pair("sort", self.sort.as_str());
        }
        if let Some(rows) = self.rows {
            query.append_pair("rows", &rows.to_string());
        }
        query.finish()
    }

    /// Whether anything narrows the tab.
    #[must_use]
    pub const fn narrows(&self) -> bool {
        !(self.find.is_none()
            && self.severities.is_empty()
            && self.types.is_empty()
            && self.statuses.is_empty()
            && self.people.is_empty()
            && self.facilities.is_empty())
            || self.me
            || self.nobody
    }

    /// The same tab and order with nothing that narrows it.
    #[must_use]
    pub fn cleared(&self) -> Self {
        Self { view: self.view, sort: self.sort, rows: self.rows, ..Self::default() }
    }

    /// A change of this filter.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
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

/// A sealed text is at most some 600 characters: 100 of the longest, with nonce and tag.
fn sealed(text: &str) -> Result<Option<String>> {
    if text.len() > 1_000 { Err(UNKNOWN) } else { Ok(Some(text.to_owned()).filter(|text| !text.is_empty())) }
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
