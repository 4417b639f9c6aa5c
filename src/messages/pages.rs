//! The forms of staff.

use askama::Template;

use super::forms::{RawMove, RawThread};
use super::model::{Category, Channel, Side};
use super::queries::people::{About, Person, Place};
use crate::access::Role;
use crate::web::form::FormErrors;
use crate::web::format;
use crate::web::shell::Shell;
use crate::web::ui::Choice;

/// A new conversation.
#[derive(Debug, Template)]
#[template(path = "messages/new.html")]
pub struct NewPage {
    /// The frame.
    pub shell: Shell,
    /// What was typed.
    pub form: RawThread,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// With whom, where the form was opened from a chart.
    pub about: Option<About>,
    /// Whether nobody reads the portal for this patient.
    pub unread_portal: bool,
    /// Facilities within reach.
    pub places: Vec<Place>,
}

impl NewPage {
    fn name(&self) -> Option<String> {
        self.about.as_ref().map(|about| format::person(&about.last_name, &about.first_name, None))
    }

    fn channels(&self) -> Vec<Choice> {
        let hint = |one: Channel| match one {
            Channel::Portal => "The patient reads it in the portal, and hears that there is something to read",
            Channel::Sms => "Note a text message that was sent or received elsewhere",
            Channel::Email => "Note a mail that was sent or received elsewhere",
            Channel::Phone => "Note a call",
        };
        let choice = |one: &Channel| Choice {
            value: one.as_str().to_owned(),
            label: one.label().to_owned(),
            hint: hint(*one).to_owned(),
            chosen: self.form.channel == one.as_str(),
        };
        Channel::ALL.iter().map(choice).collect()
    }

    fn categories(&self) -> Vec<Choice> {
        Category::ALL
            .iter()
            .map(|one| Choice::new(one.as_str(), one.label(), self.form.category == one.as_str()))
            .collect()
    }

    fn sides(&self) -> Vec<Choice> {
        let outside = self.form.side == Side::Outside.as_str();
        vec![
            Choice::new(Side::Staff.as_str(), "We said it to them", !outside),
            Choice::new(Side::Outside.as_str(), "They said it to us", outside),
        ]
    }

    fn facilities(&self) -> Vec<Choice> {
        self.places
            .iter()
            .map(|place| Choice::new(place.id.to_string(), &*place.name, self.form.facility == place.id.to_string()))
            .collect()
    }
}

/// What an answer says while somebody types.
#[derive(Debug, Template)]
#[template(path = "messages/_draft.html")]
pub struct DraftKept {
    /// The time, `14:02`.
    pub at: String,
}

/// Giving a conversation to somebody.
#[derive(Debug, Template)]
#[template(path = "messages/assignment.html")]
pub struct AssignmentPage {
    /// The frame.
    pub shell: Shell,
    /// Where the conversation is.
    pub href: String,
    /// "M-12".
    pub reference: String,
    /// What was typed.
    pub form: RawMove,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// Who can answer there.
    pub people: Vec<Person>,
}

impl AssignmentPage {
    fn choices(&self) -> Vec<Choice> {
        let team = Choice {
            value: "team".to_owned(),
            label: "The team".to_owned(),
            hint: "Whoever is there answers".to_owned(),
            chosen: self.form.who == "team",
        };
        let person = |one: &Person| Choice {
            value: one.id.to_string(),
            label: format!("{} {}", one.first_name, one.last_name),
            hint: one
                .roles
                .iter()
                .filter_map(|role| role.parse::<Role>().ok())
                .map(Role::label)
                .collect::<Vec<_>>()
                .join(", "),
            chosen: self.form.who == one.id.to_string(),
        };
        std::iter::once(team).chain(self.people.iter().map(person)).collect()
    }
}

/// Why: for reopening and for marking a message as an error.
#[derive(Debug, Template)]
#[template(path = "messages/reason.html")]
pub struct ReasonPage {
    /// The frame.
    pub shell: Shell,
    /// Where the conversation is.
    pub href: String,
    /// "M-12".
    pub reference: String,
    /// What is asked for.
    pub title: &'static str,
    /// What follows from it.
    pub note: &'static str,
    /// The words on the button.
    pub button: &'static str,
    /// Where the form goes.
    pub action: String,
    /// What was typed.
    pub form: RawMove,
    /// What is wrong with it.
    pub errors: FormErrors,
}
