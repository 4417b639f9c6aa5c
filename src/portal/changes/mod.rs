//! Changes of details and contacts that a patient, or somebody who acts for them, asks for.
//!
//! Nothing that is asked for is in the record until staff have taken it over, thing by thing; what they refuse has a
//! reason that the patient reads. The schema keeps the same rules (`kit.detail_change_guard`).

use std::collections::BTreeMap;

use crate::named::named;
use crate::patients::fields::{Field, Input, Reader, Typed, fill};
use crate::web::form::FormErrors;

pub(super) mod mine;
pub(super) mod queries;
pub(super) mod review;

named! {
    /// What is to change.
    Thing {
        /// The name the patient goes by.
        PreferredName = "PREFERRED_NAME", "Name we use";
        /// Telephone.
        Phone = "PHONE", "Phone";
        /// E-mail address.
        Email = "EMAIL", "E-mail";
        /// Street, town, county, postcode.
        Address = "ADDRESS", "Address";
        /// The language they speak best, and whether they need an interpreter.
        Language = "LANGUAGE", "Language";
        /// Another person to call.
        ContactAdd = "CONTACT_ADD", "New person to call";
        /// Another number or address of a person to call.
        ContactChange = "CONTACT_CHANGE", "Person to call";
        /// Somebody who is not to be called any more.
        ContactRemove = "CONTACT_REMOVE", "Person not to call any more";
    }
}

named! {
    /// Where a wish stands.
    Standing {
        /// Nobody has decided yet.
        Waiting = "WAITING", "Waiting";
        /// It is in the record.
        Accepted = "ACCEPTED", "Changed";
        /// It is not, and the reason says why.
        Refused = "REFUSED", "Not changed";
        /// It was taken back, or a newer wish took its place.
        Withdrawn = "WITHDRAWN", "Taken back";
    }
}

/// The fields of a person to call.
const OF_A_CONTACT: [&str; 6] = ["name", "relationship", "phone", "email", "address", "is_emergency"];

impl Thing {
    /// The things of the record itself, in the order of the form.
    fn of_the_record() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|thing| !thing.is_contact())
    }

    /// The fields that make it up.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::PreferredName => &["preferred_name"],
            Self::Phone => &["phone"],
            Self::Email => &["email"],
            Self::Address => &["address", "city", "state", "zip_code"],
            Self::Language => &["language", "interpreter"],
            Self::ContactAdd | Self::ContactChange | Self::ContactRemove => &OF_A_CONTACT,
        }
    }

    /// Whether it is about a person to call.
    const fn is_contact(self) -> bool {
        matches!(self, Self::ContactAdd | Self::ContactChange | Self::ContactRemove)
    }

    /// Only the fields of this thing.
    fn part_of(self, typed: &Typed) -> Typed {
        self.fields().iter().fold(Typed::default(), |part, name| part.put(name, typed.get(name).trim()))
    }

    /// What it is, or is to be, in words.
    fn words(self, typed: &Typed) -> String {
        let said = |name: &&&str| !typed.get(name).is_empty();
        let words = match self {
            Self::Language => {
                let interpreter = if typed.ticked("interpreter") { "with an interpreter" } else { "" };
                joined([typed.get("language"), interpreter])
            }
            _ if self.is_contact() => {
                let emergency = if typed.ticked("is_emergency") { "call in an emergency" } else { "" };
                let lines = ["name", "relationship", "phone", "email", "address"].map(|name| typed.get(name));
                joined(lines.into_iter().chain([emergency]))
            }
            _ => joined(self.fields().iter().filter(said).map(|name| typed.get(name))),
        };
        if words.is_empty() { "nothing".to_owned() } else { words }
    }
}

fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let parts = parts.into_iter().flat_map(str::lines).map(str::trim).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

/// The form of the record's things, in the patient's words, or in those of somebody who acts for them.
fn fields(own: bool) -> Vec<Field> {
    let say = |own_words, other| if own { own_words } else { other };
    vec![
        Field::new(
            "preferred_name",
            say("What should we call you?", "What should we call them?"),
            Input::Line("wide", ""),
        )
        .optional(),
        Field::new("phone", "Phone", Input::Line("wide", "tel")).optional(),
        Field::new("email", "E-mail", Input::Line("wide", "email")).optional(),
        Field::new("address", "House and street", Input::Text).optional(),
        Field::new("city", "Town", Input::Line("wide", "")).optional(),
        Field::new("state", "County", Input::Line("wide", "")).optional(),
        Field::new("zip_code", "Postcode", Input::Line("w8", "")).optional(),
        Field::new(
            "language",
            say("Which language do you speak best?", "Which language do they speak best?"),
            Input::Line("wide", ""),
        )
        .optional(),
        Field::new(
            "interpreter",
            say("I need somebody to interpret at visits", "They need somebody to interpret at visits"),
            Input::Tick,
        ),
    ]
}

/// The form of a person to call.
fn contact_fields(own: bool) -> Vec<Field> {
    let say = |own_words, other| if own { own_words } else { other };
    vec![
        Field::new("name", "Their name", Input::Line("wide", "")),
        Field::new(
            "relationship",
            say("Who are they to you?", "Who are they to the patient?"),
            Input::Line("wide", ""),
        )
        .hint("For example, daughter or neighbour"),
        Field::new("phone", "Their phone", Input::Line("wide", "tel")).optional(),
        Field::new("email", "Their e-mail", Input::Line("wide", "email")).optional(),
        Field::new("address", "Their address", Input::Text).optional(),
        Field::new("is_emergency", "Call them in an emergency", Input::Tick),
    ]
}

/// Reads the form of the record's things: what each is to be.
///
/// # Errors
/// What is wrong, field by field.
fn parse(typed: &Typed, today: chrono::NaiveDate) -> Result<Vec<(Thing, Typed)>, FormErrors> {
    let mut read = Reader::new(typed, today);
    let clean = Typed::default()
        .put_some("preferred_name", read.line("preferred_name").as_deref())
        .put_some("phone", read.phone("phone").as_deref())
        .put_some("email", read.email("email").as_deref())
        .put_some("address", read.text("address").as_deref())
        .put_some("city", read.line("city").as_deref())
        .put_some("state", read.line("state").as_deref())
        .put_some("zip_code", read.line("zip_code").as_deref())
        .put_some("language", read.line("language").as_deref())
        .put_tick("interpreter", read.ticked("interpreter"));
    read.finish(Thing::of_the_record().map(|thing| (thing, thing.part_of(&clean))).collect())
}

/// The fields with what they hold, for a page.
fn filled(fields: Vec<Field>, typed: &Typed, errors: &FormErrors) -> Vec<Field> {
    fill(fields, typed, errors)
}

/// What was asked for, as it is sealed.
fn to_text(typed: &Typed) -> String {
    let map: BTreeMap<&str, &str> = typed.iter().collect();
    serde_json::to_string(&map).unwrap_or_default()
}

/// What was asked for, as it was sealed.
///
/// # Errors
/// Where it is not what [`to_text`] writes.
fn from_text(text: &str) -> anyhow::Result<Typed> {
    Ok(serde_json::from_str(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> chrono::NaiveDate {
        chrono::NaiveDate::from_ymd_opt(2026, 11, 24).expect("a date")
    }

    #[test]
    fn a_form_falls_into_things_that_are_decided_one_by_one() {
        let typed = Typed::default()
            .put("phone", " 020 7946 0001 ")
            .put("address", "1 Mill Lane\r\nFlat 2")
            .put("city", "Leeds");
        let things = parse(&typed, today()).expect("a good form");
        assert_eq!(
            things.iter().map(|(thing, _)| *thing).collect::<Vec<_>>(),
            Thing::of_the_record().collect::<Vec<_>>()
        );
        let words: Vec<_> = things.iter().map(|(thing, typed)| thing.words(typed)).collect();
        assert_eq!(words, ["nothing", "020 7946 0001", "nothing", "1 Mill Lane, Flat 2, Leeds", "nothing"]);
    }

    #[test]
    fn each_mistake_is_named_beside_its_field() {
        for (name, value) in [("phone", "12"), ("email", "nobody"), ("city", "x\u{0}y"), ("language", &"x".repeat(256))]
        {
            let errors = parse(&Typed::default().put(name, value), today());
            let wrong = errors.map_or_else(|errors| errors.iter().map(|(field, _)| field).collect(), |_| Vec::new());
            assert_eq!(wrong, [name], "{name}");
        }
    }

    #[test]
    fn what_was_asked_comes_back_as_it_was() {
        let typed = Typed::default().put("name", "Zoë \"Z\" O’Brien\n").put_tick("is_emergency", true);
        assert_eq!(from_text(&to_text(&typed)).expect("ours"), typed);
        assert!(from_text("x").is_err());
        assert_eq!(Thing::ContactAdd.words(&typed), "Zoë \"Z\" O’Brien, call in an emergency");
    }
}
