//! The forms: whom to invite, and what a proxy may see for how long.

use chrono::NaiveDate;

use super::model::{Invite, Terms};
use crate::error::Result;
use crate::patients::dates::Span;
use crate::patients::fields::{Field, Input, Reader, Typed};
use crate::web::form::FormErrors;
use crate::web::whom::{Relationship, Scope};

/// The tick of a part of the record.
pub(super) const fn field_of(scope: Scope) -> &'static str {
    match scope {
        Scope::Visits => "scope_visits",
        Scope::Messages => "scope_messages",
        Scope::Readings => "scope_readings",
        Scope::Results => "scope_results",
        Scope::Documents => "scope_documents",
        Scope::Details => "scope_details",
    }
}

/// The fields of an invitation: for the patient it only asks for the address.
pub(in crate::portal) fn fields(own: bool) -> Vec<Field> {
    let email = Field::new("email", "E-mail address", Input::Line("w32", "email")).hint("They sign in with it");
    if own {
        return vec![email];
    }
    let relationships = Relationship::ALL.iter().filter(|one| **one != Relationship::Myself);
    let mut fields = vec![
        Field::line("first_name", "Given name"),
        Field::line("last_name", "Family name"),
        email,
        Field::new("relationship", "What they are to the patient", Input::Select("Choose one"))
            .choices(relationships.map(|one| (one.as_str(), one.label()))),
    ];
    fields.extend(terms_fields());
    fields
}

/// The fields of what a proxy may see and for how long.
pub(in crate::portal) fn terms_fields() -> Vec<Field> {
    let hint = |scope: Scope| match scope {
        Scope::Visits => "Ask for visits, change, cancel and join them",
        Scope::Messages => "Write to us and read our answers",
        Scope::Readings => "See readings and add new ones",
        Scope::Results => "Results, problems, allergies",
        Scope::Documents => "Documents shared with the patient",
        Scope::Details => "Address, contacts, cover, and who opened the record",
    };
    let mut fields: Vec<Field> = Scope::ALL
        .iter()
        .map(|scope| Field::new(field_of(*scope), scope.label(), Input::Tick).hint(hint(*scope)))
        .collect();
    fields.push(Field::new("starts_on", "First day", Input::Date).optional().hint("Empty means today"));
    fields.push(
        Field::new("ends_on", "Last day", Input::Date)
            .optional()
            .hint("For a child, the day before they may decide for themselves. Empty means until further notice"),
    );
    fields
}

/// Reads an invitation; `own` is one of the patient, whose names the record has.
pub(in crate::portal) fn parse(
    typed: &Typed,
    today: NaiveDate,
    own: Option<(&str, &str)>,
) -> Result<Invite, FormErrors> {
    let mut read = Reader::new(typed, today);
    let email = read.email("email").unwrap_or_default();
    if email.is_empty() {
        read.errors.add("email", "Enter the e-mail address");
    } else if !email.is_ascii() {
        read.errors.add("email", "Enter an e-mail address with plain letters and digits");
    }
    let email = crate::phi::normalise::email(&email);
    if let Some((first, last)) = own {
        let terms = Terms { scopes: Vec::new(), starts_on: today, ends_on: None };
        let invite = Invite {
            relationship: Relationship::Myself,
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            email,
            terms,
        };
        return read.finish(invite);
    }
    let known = |name: &str| name.parse().ok().filter(|one| *one != Relationship::Myself);
    let invite = Invite {
        first_name: read.required("first_name", "Enter the given name"),
        last_name: read.required("last_name", "Enter the family name"),
        email,
        relationship: read
            .choice("relationship", known, "Choose what they are to the patient")
            .unwrap_or(Relationship::Other),
        terms: terms(&mut read, typed, today),
    };
    read.finish(invite)
}

/// Reads what a proxy may see and for how long.
pub(in crate::portal) fn parse_terms(typed: &Typed, today: NaiveDate) -> Result<Terms, FormErrors> {
    let mut read = Reader::new(typed, today);
    let terms = terms(&mut read, typed, today);
    read.finish(terms)
}

fn terms(read: &mut Reader<'_>, typed: &Typed, today: NaiveDate) -> Terms {
    let held = Scope::ALL.iter().filter(|scope| typed.ticked(field_of(**scope)));
    let scopes: Vec<String> = held.map(|scope| scope.as_str().to_owned()).collect();
    if scopes.is_empty() {
        read.errors.add("scope_visits", "Tick at least one thing they may see");
    }
    let starts_on = read.date("starts_on", Span::Any).unwrap_or(today);
    let ends_on = read.end("ends_on", Some(starts_on));
    if ends_on.is_some_and(|end| end < today) {
        read.errors.add("ends_on", "Enter today’s date or a later one. To end the access now, revoke it");
    }
    Terms { scopes, starts_on, ends_on }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).expect("a date")
    }

    fn wrong(typed: &Typed) -> Vec<&'static str> {
        parse(typed, day(2026, 11, 24), None)
            .map_or_else(|errors| errors.iter().map(|(field, _)| field).collect(), |_| Vec::new())
    }

    fn father() -> Typed {
        Typed::default()
            .put("first_name", "Jonathan")
            .put("last_name", "Bell")
            .put("email", "Jonathan.Bell@Example.com")
            .put("relationship", "PARENT")
            .put_tick("scope_visits", true)
    }

    #[test]
    fn each_mistake_is_named_beside_its_field() {
        assert_eq!(wrong(&father()), Vec::<&str>::new());
        for (name, value) in [
            ("first_name", ""),
            ("last_name", " "),
            ("email", "nobody"),
            ("email", ""),
            ("relationship", "SELF"),
            ("relationship", "COUSIN"),
            ("scope_visits", ""),
        ] {
            assert_eq!(wrong(&father().put(name, value)), [name], "{name}={value}");
        }
        assert_eq!(wrong(&father().put_date("ends_on", Some(day(2026, 11, 23)))), ["ends_on"]);
        let reversed = father().put_date("starts_on", Some(day(2027, 2, 1))).put_date("ends_on", Some(day(2027, 1, 1)));
        assert_eq!(wrong(&reversed), ["ends_on"]);
    }

    #[test]
    fn the_terms_come_back_as_they_were_typed() {
        for bits in 1..64_u32 {
            let scopes = Scope::ALL.iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
            let typed =
                scopes.clone().fold(Typed::default(), |typed, (_, scope)| typed.put_tick(field_of(*scope), true));
            let read = parse_terms(&typed, day(2026, 11, 24)).expect("terms");
            assert_eq!(read.scopes, scopes.map(|(_, scope)| scope.as_str()).collect::<Vec<_>>());
        }
    }
}
