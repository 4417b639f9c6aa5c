//! The availability of one person.

use askama::Template;
use chrono_tz::Tz;

use crate::facilities::Facility;
use crate::visits::handlers::availability::RawAvailability;
use crate::visits::handlers::provider_choices;
use crate::visits::model::{AvailabilityStatus, Mode};
use crate::visits::queries::availability::{AvailabilityRow, Feed};
use crate::visits::queries::people::Provider;
use crate::visits::queries::schedule::LeaveRow;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::Choice;
use crate::web::{filters, format};

/// The days of the week, from Monday, with their numbers: 0 is Sunday.
const WEEK: [(i16, &str); 7] = [
    (1, "Every Monday"),
    (2, "Every Tuesday"),
    (3, "Every Wednesday"),
    (4, "Every Thursday"),
    (5, "Every Friday"),
    (6, "Every Saturday"),
    (0, "Every Sunday"),
];

/// What somebody offers, and the forms to change it.
#[derive(Debug, Template)]
#[template(path = "visits/availability.html")]
pub struct Editor {
    /// The frame.
    pub shell: Shell,
    /// What was typed.
    pub form: RawAvailability,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// Everybody there is.
    pub providers: Vec<Provider>,
    /// Whose it is.
    pub provider: Option<Provider>,
    /// Facilities within reach.
    pub facilities: Vec<Facility>,
    /// What they offer.
    pub offers: Vec<AvailabilityRow>,
    /// When they are away.
    pub leave: Vec<LeaveRow>,
    /// Whether it is one's own.
    pub own: bool,
    /// Their calendar feed, where there is one.
    pub calendar: Option<Feed>,
    /// The address of a feed that has just been made.
    pub feed: Option<String>,
    /// Whether this person changes availability.
    pub books: bool,
    /// Whether this person writes down absences.
    pub blocks: bool,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl Editor {
    fn people(&self) -> Vec<Choice> {
        provider_choices(&self.providers, self.provider.as_ref().map(|one| one.id))
    }

    fn places(&self) -> Vec<Choice> {
        let choice =
            |one: &Facility| Choice::new(one.id.to_string(), &*one.name, self.form.facility == one.id.to_string());
        self.facilities.iter().map(choice).collect()
    }

    fn weekdays(&self) -> Vec<Choice> {
        let choice = |(number, label): &(i16, &str)| {
            Choice::new(number.to_string(), *label, self.form.weekday == number.to_string())
        };
        let once = Choice::new("once", "On one day only", self.form.weekday == "once");
        WEEK.iter().map(choice).chain(std::iter::once(once)).collect()
    }

    fn modes(&self) -> Vec<Choice> {
        let chosen = if self.form.mode.is_empty() { "IN_PERSON" } else { self.form.mode.as_str() };
        Mode::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), chosen == one.as_str())).collect()
    }

    fn minutes(&self) -> &str {
        if self.form.slot_minutes.is_empty() { "30" } else { &self.form.slot_minutes }
    }
}

impl AvailabilityRow {
    fn day(&self) -> String {
        match (self.date, self.day_of_week) {
            (Some(date), _) => format::date(date),
            (None, Some(day)) => {
                WEEK.iter().find(|(number, _)| *number == day).map(|(_, label)| (*label).to_owned()).unwrap_or_default()
            }
            (None, None) => String::new(),
        }
    }

    fn paused(&self) -> bool {
        self.status == AvailabilityStatus::Paused
    }
}
