//! The filter of the queue as its statements take it.

use uuid::Uuid;

use crate::access::{Actor, Facilities};
use crate::alerts::filter::{Filter, View};
use crate::alerts::model::{AlertStatus, AlertType, Severity};
use crate::error::Result;
use crate::ids::{FacilityId, UserId};
use crate::patients::names;

/// The filter as the statements take it.
#[derive(Debug)]
pub struct Criteria {
    pub(super) organization: Uuid,
    /// None for everywhere.
    pub(super) facilities: Option<Vec<Uuid>>,
    pub(super) severities: Option<Vec<String>>,
    pub(super) types: Option<Vec<String>>,
    pub(super) statuses: Option<Vec<String>>,
    pub(super) people: Option<Vec<Uuid>>,
    pub(super) nobody: bool,
    pub(super) homes: bool,
    pub(super) words: Words,
}

/// What the words in the filter may mean.
#[derive(Debug, Default)]
pub struct Words {
    /// As they were typed.
    typed: String,
    /// The beginning of a name: keys from here …
    pub(super) from: Option<String>,
    /// … up to here.
    pub(super) to: Option<String>,
    /// The blind index of a whole record number.
    pub(super) record_number: Option<Vec<u8>>,
    /// A part of the title, in lower case.
    pub(super) title: Option<String>,
}

impl Words {
    /// Reads the words; `index` is the blind index of a record number.
    pub fn new(typed: String, index: impl FnOnce(&str) -> Result<Vec<u8>>) -> Result<Self> {
        let Some(key) = names::search_key(&typed) else { return Ok(Self::nothing(typed)) };
        let (from, to) = names::prefix_range(&key);
        let record_number = Some(index(&crate::phi::normalise::record_number(&typed))?);
        Ok(Self { from: Some(from), to: Some(to), record_number, title: Some(typed.to_lowercase()), typed })
    }

    /// Words that no alert matches: no name lies in an empty range, and no title holds a control character.
    #[must_use]
    pub fn nothing(typed: String) -> Self {
        Self {
            typed,
            from: Some(String::new()),
            to: Some(String::new()),
            record_number: None,
            title: Some("\u{1}".to_owned()),
        }
    }
}

impl Criteria {
    /// The words that were typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.words.typed
    }

    /// The filter of `actor`.
    #[must_use]
    pub fn new(actor: &Actor, filter: &Filter, words: Words) -> Self {
        let names =
            |list: Vec<&'static str>| (!list.is_empty()).then(|| list.into_iter().map(ToOwned::to_owned).collect());
        let severities = if filter.view == View::Critical { vec![Severity::Critical.as_str()] } else { vec![] };
        let statuses = if filter.view == View::Snoozed { vec![AlertStatus::Snoozed.as_str()] } else { vec![] };
        let mine = filter.me || filter.view == View::Mine;
        let people: Vec<_> =
            filter.people.iter().copied().chain(mine.then_some(actor.user)).map(UserId::uuid).collect();
        let nobody = filter.nobody || filter.view == View::Unassigned;
        Self {
            organization: actor.organization.uuid(),
            facilities: facilities(actor, filter),
            severities: names(both(severities, filter.severities.iter().map(|severity| severity.as_str()))),
            types: names(filter.types.iter().copied().map(AlertType::as_str).collect()),
            statuses: names(both(statuses, filter.statuses.iter().map(|status| status.as_str()))),
            people: (!people.is_empty() || nobody).then_some(people),
            nobody,
            homes: filter.view == View::Homes,
            words,
        }
    }
}

/// What the tab asks for, narrowed by what the filter asks for: an impossible pair finds nothing rather than everything.
fn both(tab: Vec<&'static str>, chosen: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let chosen: Vec<_> = chosen.collect();
    match (tab.as_slice(), chosen.as_slice()) {
        ([], _) => chosen,
        (_, []) => tab,
        (_, _) => {
            let common: Vec<_> = tab.iter().copied().filter(|name| chosen.contains(name)).collect();
            if common.is_empty() { vec!["-"] } else { common }
        }
    }
}

/// The facilities to look in; none for everywhere.
fn facilities(actor: &Actor, filter: &Filter) -> Option<Vec<Uuid>> {
    let within = |facility: &FacilityId| actor.facilities.contains(*facility);
    if !filter.facilities.is_empty() {
        return Some(
            filter.facilities.iter().filter(|facility| within(facility)).map(|facility| facility.uuid()).collect(),
        );
    }
    match &actor.facilities {
        Facilities::All => None,
        Facilities::Only(list) => Some(list.iter().map(|facility| facility.uuid()).collect()),
    }
}
