//! The list of patients: what was asked for, read from the address, and written back into addresses.

use serde::Deserialize;
use uuid::Uuid;

use super::model::{FLAGS, PatientStatus};
use crate::error::{Error, Result};

/// Patients on one page.
pub const PAGE: usize = 50;

/// How many pages back the way is remembered.
const LONGEST_TRAIL: usize = 40;

/// Marks a step of the trail that goes on among given names.
const GIVEN: char = 'g';

/// The address of a list, as it arrives.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawList {
    /// The sealed token of a search.
    pub find: String,
    /// Statuses; all but discharged where empty.
    pub status: Vec<String>,
    /// A flag's code.
    pub flag: String,
    /// A facility.
    pub facility: String,
    /// A clinician.
    pub clinician: String,
    /// `name` or `-name`.
    pub sort: String,
    /// `1` for deleted records.
    pub deleted: String,
    /// The last patients of the pages before this one, with dots between.
    pub trail: String,
}

/// A filter form as it is posted: the same, and what was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawSearch {
    /// What was typed.
    pub q: String,
    /// Statuses.
    pub status: Vec<String>,
    /// A flag's code.
    pub flag: String,
    /// A facility.
    pub facility: String,
    /// A clinician.
    pub clinician: String,
    /// `name` or `-name`.
    pub sort: String,
    /// `1` for deleted records.
    pub deleted: String,
}

impl From<RawSearch> for RawList {
    fn from(raw: RawSearch) -> Self {
        let RawSearch { q: _, status, flag, facility, clinician, sort, deleted } = raw;
        Self { find: String::new(), status, flag, facility, clinician, sort, deleted, trail: String::new() }
    }
}

/// One page boundary: after which patient the next page begins, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The last patient of a page.
    pub after: Uuid,
    /// Whether that page ended among the given names.
    pub given: bool,
}

/// What a list was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The sealed token of a search.
    pub find: Option<String>,
    /// Statuses; all but discharged where empty.
    pub statuses: Vec<PatientStatus>,
    /// A flag's code.
    pub flag: Option<String>,
    /// A facility.
    pub facility: Option<Uuid>,
    /// A clinician.
    pub clinician: Option<Uuid>,
    /// From Z to A.
    pub backwards: bool,
    /// Deleted records.
    pub deleted: bool,
    /// The boundaries of the pages before this one.
    pub trail: Vec<Step>,
}

impl List {
    /// Reads an address.
    ///
    /// # Errors
    /// Where it names something that cannot be: the portal's own links never do.
    pub fn parse(raw: RawList) -> Result<Self> {
        let unreadable = || Error::BadRequest("The address of this list cannot be read. Go back and filter again.");
        let id = |text: &str| if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| unreadable()) };
        let named = |name: &String| PatientStatus::from_name(name).ok_or_else(unreadable);
        if raw.flag.len() > 64 || raw.find.len() > 1_000 {
            return Err(unreadable());
        }
        Ok(Self {
            find: Some(raw.find).filter(|token| !token.is_empty()),
            statuses: raw.status.iter().filter(|name| !name.is_empty()).map(named).collect::<Result<_>>()?,
            flag: Some(raw.flag).filter(|code| !code.is_empty()),
            facility: id(&raw.facility)?,
            clinician: id(&raw.clinician)?,
            backwards: raw.sort == "-name",
            deleted: raw.deleted == "1",
            trail: trail(&raw.trail).ok_or_else(unreadable)?,
        })
    }

    /// The statuses to look among.
    #[must_use]
    pub fn wanted_statuses(&self) -> Vec<&'static str> {
        let all =
            |status: &&PatientStatus| self.find.is_some() || self.deleted || **status != PatientStatus::Discharged;
        if self.statuses.is_empty() {
            return PatientStatus::ALL.iter().filter(all).map(|status| status.as_str()).collect();
        }
        self.statuses.iter().map(|status| status.as_str()).collect()
    }

    /// The address of this list at `path`.
    #[must_use]
    pub fn href(&self, path: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        };
        put("find", self.find.clone());
        for status in &self.statuses {
            put("status", Some(status.as_str().to_owned()));
        }
        put("flag", self.flag.clone());
        put("facility", self.facility.map(|id| id.to_string()));
        put("clinician", self.clinician.map(|id| id.to_string()));
        put("sort", self.backwards.then(|| "-name".to_owned()));
        put("deleted", self.deleted.then(|| "1".to_owned()));
        put("trail", (!self.trail.is_empty()).then(|| self.trail_text()));
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The same list with something changed, from its first page.
    #[must_use]
    pub fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut list = Self { trail: Vec::new(), ..self.clone() };
        change(&mut list);
        list
    }

    /// The page after this one, which ends with `step`.
    #[must_use]
    pub fn next(&self, step: Step) -> Self {
        let mut list = self.clone();
        list.trail.push(step);
        if list.trail.len() > LONGEST_TRAIL {
            list.trail.remove(0);
        }
        list
    }

    /// The page before this one; none for the first.
    #[must_use]
    pub fn previous(&self) -> Option<Self> {
        let mut list = self.clone();
        list.trail.pop().map(|_| list)
    }

    fn trail_text(&self) -> String {
        let step = |step: &Step| format!("{}{}", if step.given { "g" } else { "" }, step.after.simple());
        self.trail.iter().map(step).collect::<Vec<_>>().join(".")
    }
}

fn trail(text: &str) -> Option<Vec<Step>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let steps: Vec<&str> = text.split('.').collect();
    if steps.len() > LONGEST_TRAIL {
        return None;
    }
    steps
        .into_iter()
        .map(|step| {
            let given = step.starts_with(GIVEN);
            let after = Uuid::parse_str(step.trim_start_matches(GIVEN)).ok()?;
            Some(Step { after, given })
        })
        .collect()
}

/// The flags to filter by, with their words.
pub fn known_flags() -> impl Iterator<Item = (&'static str, &'static str)> {
    FLAGS.iter().map(|(code, _, _, word)| (*code, *word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_back_from_itself() {
        let list = List {
            find: Some("abc_-".into()),
            statuses: vec![PatientStatus::Active, PatientStatus::OnHold],
            flag: Some("HIGH_RISK".into()),
            facility: Some(Uuid::from_u128(7)),
            clinician: Some(Uuid::from_u128(8)),
            backwards: true,
            deleted: true,
            trail: vec![
                Step { after: Uuid::from_u128(9), given: false },
                Step { after: Uuid::from_u128(10), given: true },
            ],
        };
        let href = list.href("/patients");
        let query = href.split_once('?').map(|(_, query)| query).expect("a query");
        let raw: RawList = serde_html_form::from_str(query).expect("our own address");
        assert_eq!(List::parse(raw).expect("our own address"), list);
        assert_eq!(List::default().href("/patients"), "/patients");
    }

    #[test]
    fn what_no_link_of_ours_says_is_refused() {
        for query in ["status=active", "facility=1", "clinician=x", "trail=1", "trail=g", "flag=".to_owned().as_str()] {
            let raw: RawList = serde_html_form::from_str(query).expect("text");
            assert_eq!(List::parse(raw).is_err(), query != "flag=", "{query}");
        }
    }

    #[test]
    fn the_way_back_is_the_way_here() {
        let first = List::default();
        let step = Step { after: Uuid::from_u128(1), given: false };
        let second = first.next(step);
        assert_eq!(second.previous(), Some(first.clone()));
        assert_eq!(first.previous(), None);
        assert!(second.with(|list| list.backwards = true).trail.is_empty(), "another order begins at the beginning");
    }

    #[test]
    fn discharged_people_are_listed_when_asked_for_or_looked_for() {
        let list = List::default();
        assert!(!list.wanted_statuses().contains(&"DISCHARGED"));
        assert!(list.with(|list| list.find = Some("x".into())).wanted_statuses().contains(&"DISCHARGED"));
        assert_eq!(list.with(|list| list.statuses = vec![PatientStatus::Discharged]).wanted_statuses(), ["DISCHARGED"]);
    }
}
