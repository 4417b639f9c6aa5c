//! The form of a case, and the form of a move: what they ask, and what is accepted.

use chrono::{NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use serde::Deserialize;

use super::item::Item;
use super::model::{Kind, Move, Priority};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::facilities::Facility;
use crate::ids::{CaseId, FacilityId, UserId};
use crate::patients::dates::Span;
use crate::patients::fields::{Field, Input, Reader, Typed};
use crate::web::form::FormErrors;

/// The value that stands for no facility.
const WHOLE: &str = "all";

/// The longest reason.
const REASON_CHARS: usize = 2_000;

/// How many cases one form may move: as many as a page shows.
pub const BULK_LIMIT: usize = 50;

/// What the form offers to choose from.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    /// Places within reach.
    pub facilities: Vec<Facility>,
    /// Whether a case may belong to the whole organization.
    pub whole: bool,
}

/// A case as it was typed and accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseInput {
    /// One line.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// How pressing it is.
    pub priority: Priority,
    /// Where it belongs; none for the whole organization.
    pub facility: Option<FacilityId>,
    /// When it should be completed.
    pub due_at: Option<Timestamp>,
    /// The record number of the person concerned.
    pub record_number: Option<String>,
    /// The number of the alert that it comes from.
    pub alert: Option<i64>,
}

/// The fields, in the order of the page.
#[must_use]
pub fn fields(offers: &Offers) -> Vec<Field> {
    let priorities = Priority::ALL.iter().map(|one| (one.as_str(), one.label()));
    let whole = offers.whole.then(|| (WHOLE.to_owned(), "The whole organization".to_owned()));
    let places = offers.facilities.iter().map(|place| (place.id.to_string(), place.name.clone())).chain(whole);
    vec![
        Field::new("title", "Title", Input::Line("wide", "")).hint("One line for lists. Leave out names and diagnoses"),
        Field::new("description", "What it is about", Input::Text).hint("Stored encrypted").optional(),
        Field::new("priority", "Priority", Input::Select("")).choices(priorities),
        Field::new("facility_id", "Place", Input::Select("Choose one"))
            .choices(places)
            .hint("Its chair reviews the case"),
        Field::new("due", "Due", Input::Date).hint("Until 17:00 on that day. For example, 27 11 2026").optional(),
        Field::new("record_number", "Record number of the person concerned", Input::Line("w16", ""))
            .hint("For example, 104 2331")
            .optional(),
        Field::new("alert", "Alert it comes from", Input::Line("w8", "")).hint("For example, A-2331").optional(),
    ]
}

/// What the fields of a new case hold before anybody has typed.
#[must_use]
pub fn blank(offers: &Offers) -> Typed {
    let only = match offers.facilities.as_slice() {
        [only] if !offers.whole => only.id.to_string(),
        _ => String::new(),
    };
    Typed::default().put("facility_id", only).put("priority", Priority::Medium.as_str())
}

/// A stored case, as the fields show it.
#[must_use]
pub fn typed(item: &Item, description: Option<&str>, zone: Tz) -> Typed {
    let row = &item.row;
    Typed::default()
        .put("title", &row.title)
        .put_some("description", description)
        .put("priority", row.priority.as_str())
        .put("facility_id", row.facility_id.map_or_else(|| WHOLE.to_owned(), |id| id.to_string()))
        .put_date("due", row.due_at.map(|due| due.with_timezone(&zone).date_naive()))
        .put_some("record_number", item.patient.as_ref().and_then(|patient| patient.mrn.as_deref()))
        .put("alert", item.alert.map(|number| format!("A-{number}")).unwrap_or_default())
        .put("row_version", row.row_version.to_string())
}

/// Reads the form. `new`: what is due before today makes no sense in a case that begins today.
///
/// # Errors
/// What is wrong, field by field.
pub fn parse(typed: &Typed, offers: &Offers, today: NaiveDate, zone: Tz, new: bool) -> Result<CaseInput, FormErrors> {
    let mut read = Reader::new(typed, today);
    let place = |id: &str| match id {
        WHOLE if offers.whole => Some(None),
        id => offers.facilities.iter().map(|place| place.id).find(|place| place.to_string() == id).map(Some),
    };
    let input = CaseInput {
        title: read.required("title", "Enter a title"),
        description: read.text("description"),
        priority: read.choice("priority", |name| name.parse().ok(), "Choose a priority").unwrap_or(Priority::Medium),
        facility: read.choice("facility_id", place, "Choose a place").flatten(),
        due_at: {
            let due = read.date("due", Span::Any);
            if new && due.is_some_and(|due| due < today) {
                read.errors.add("due", "Enter a date that is still to come, or today");
            }
            due.and_then(|day| close_of(day, zone))
        },
        record_number: read.line("record_number"),
        alert: alert(&mut read),
    };
    read.finish(input)
}

/// 17:00 of a day, where the reader is.
fn close_of(day: NaiveDate, zone: Tz) -> Option<Timestamp> {
    let evening = NaiveTime::from_hms_opt(17, 0, 0)?;
    Some(zone.from_local_datetime(&day.and_time(evening)).earliest()?.to_utc())
}

/// `A-2331` or `2331`.
fn alert(read: &mut Reader<'_>) -> Option<i64> {
    let text = read.line("alert")?;
    let digits = text.trim_start_matches(['A', 'a']).trim_start_matches('-').trim();
    let number = digits.parse().ok().filter(|number| *number > 0);
    if number.is_none() {
        read.errors.add("alert", "Enter the number of an alert, like A-2331");
    }
    number
}

/// The form of any move, for one case or for many.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawMove {
    /// The version that was looked at.
    pub row_version: String,
    /// The caseworker.
    pub person: String,
    /// Why.
    pub reason: String,
    /// What came of it.
    pub outcome: String,
    /// Where to go afterwards.
    pub back: String,
    /// Which, with the version that was looked at, in the form for many.
    pub id: Vec<String>,
    /// Whether the form has been filled in, in the form for many.
    pub asked: String,
}

/// Which move, in the address of the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    /// Its name.
    #[serde(rename = "move")]
    pub name: String,
}

impl Which {
    /// The move.
    ///
    /// # Errors
    /// Where there is none of this name.
    pub fn kind(&self) -> Result<Kind> {
        self.name.parse().map_err(|_| Error::NotFound)
    }
}

impl RawMove {
    /// The move that the form asks for.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn parse(&self, kind: Kind) -> Result<Move, FormErrors> {
        let mut errors = FormErrors::default();
        let person = if kind.asks_person() { self.chosen_person(&mut errors) } else { UserId::NIL };
        let reason = if kind.asks_reason() {
            let text = words(&mut errors, "reason", &self.reason);
            if text.is_empty() {
                errors.add("reason", "Say why: it is kept with the case");
            }
            text
        } else {
            String::new()
        };
        let outcome = if kind == Kind::Complete { words(&mut errors, "outcome", &self.outcome) } else { String::new() };
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(match kind {
            Kind::Submit => Move::Submit,
            Kind::Assign => Move::Assign(person),
            Kind::SendBack => Move::SendBack(reason),
            Kind::Start => Move::Start,
            Kind::Decline => Move::Decline(reason),
            Kind::Reassign => Move::Reassign(person, reason),
            Kind::Finish => Move::Finish,
            Kind::Complete => Move::Complete(Some(outcome).filter(|outcome| !outcome.is_empty())),
            Kind::Return => Move::Return(reason),
            Kind::Reopen => Move::Reopen(reason),
        })
    }

    /// The version that was looked at.
    ///
    /// # Errors
    /// Where the form does not say.
    pub fn version(&self) -> Result<i64> {
        self.row_version.parse().map_err(|_| {
            Error::BadRequest("The form does not say which version of the case you saw. Reload the page and try again.")
        })
    }

    /// The chosen cases, each once, with the version that was looked at.
    ///
    /// # Errors
    /// Where there are more than a page shows, or one cannot be read.
    pub fn chosen(&self) -> Result<Vec<(CaseId, i64)>> {
        const UNREADABLE: Error = Error::BadRequest("The selection cannot be read. Reload the page and try again.");
        if self.id.len() > BULK_LIMIT {
            return Err(Error::BadRequest("Select 50 cases or fewer."));
        }
        let mut chosen = self
            .id
            .iter()
            .map(|text| {
                let (id, version) = text.split_once('.').ok_or(UNREADABLE)?;
                Ok((id.parse().map_err(|_| UNREADABLE)?, version.parse().map_err(|_| UNREADABLE)?))
            })
            .collect::<Result<Vec<_>>>()?;
        chosen.sort_unstable();
        chosen.dedup_by_key(|(id, _)| *id);
        Ok(chosen)
    }

    fn chosen_person(&self, errors: &mut FormErrors) -> UserId {
        self.person.parse().unwrap_or_else(|_| {
            errors.add("person", "Choose a caseworker");
            UserId::NIL
        })
    }
}

fn words(errors: &mut FormErrors, field: &'static str, text: &str) -> String {
    let text = errors.text(field, text);
    if text.chars().count() > REASON_CHARS {
        errors.add(field, "Use 2,000 characters or fewer");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers() -> Offers {
        let place = Facility { id: FacilityId::NIL, name: "Northgate".into(), person_term: "Patient".into() };
        Offers { facilities: vec![place], whole: false }
    }

    fn read(change: &[(&str, &str)]) -> Result<CaseInput, FormErrors> {
        let typed =
            change.iter().fold(blank(&offers()).put("title", "Rail"), |typed, (name, value)| typed.put(name, *value));
        parse(&typed, &offers(), NaiveDate::from_ymd_opt(2026, 11, 21).expect("a date"), Tz::Europe__London, true)
    }

    #[test]
    fn a_title_is_enough() {
        let input = read(&[]).expect("accepted");
        assert_eq!((input.title.as_str(), input.priority, input.due_at), ("Rail", Priority::Medium, None));
    }

    #[test]
    fn each_mistake_is_named_beside_its_field() {
        for (name, value) in [
            ("title", "  "),
            ("priority", "NOW"),
            ("facility_id", "all"),
            ("due_day", "x"),
            ("alert", "A-x"),
            ("alert", "0"),
            ("record_number", "1\u{7}2"),
        ] {
            let wrong: Vec<_> = read(&[(name, value)]).expect_err(value).iter().map(|(field, _)| field).collect();
            assert_eq!(wrong, [name.trim_end_matches("_day")], "{name}={value}");
        }
        let past = read(&[("due_day", "20"), ("due_month", "11"), ("due_year", "2026")]);
        assert!(past.is_err_and(|errors| errors.get("due").is_some()));
    }

    #[test]
    fn a_case_is_due_at_the_end_of_the_working_day() {
        let input =
            read(&[("due_day", "1"), ("due_month", "7"), ("due_year", "2027"), ("alert", "a-2331")]).expect("accepted");
        assert_eq!(input.due_at.map(|due| due.to_rfc3339()), Some("2027-07-01T16:00:00+00:00".to_owned()));
        assert_eq!(input.alert, Some(2331));
    }

    #[test]
    fn a_move_says_what_it_lacks() {
        for kind in Kind::ALL {
            let wrong = RawMove::default().parse(*kind).err().unwrap_or_default();
            assert_eq!(wrong.get("reason").is_some(), kind.asks_reason(), "{kind:?}");
            assert_eq!(wrong.get("person").is_some(), kind.asks_person(), "{kind:?}");
        }
    }
}
