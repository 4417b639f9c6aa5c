//! What the page prints that asks for what a move needs.

use askama::Template;

use super::forms::RawMove;
use super::item::{Item, Time};
use super::moves::Kind;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::Choice;

/// The page.
#[derive(Debug, Template)]
#[template(path = "alerts/move.html")]
pub struct MovePage {
    /// The frame.
    pub shell: Shell,
    /// What is to be done.
    pub kind: Kind,
    /// To which alerts.
    pub items: Vec<Item>,
    /// Whether it is the form of one alert.
    pub single: bool,
    /// Where the form goes.
    pub action: String,
    /// What was typed.
    pub form: RawMove,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// What somebody else did meanwhile.
    pub conflict: Option<String>,
    /// What else there is to know before it is done.
    pub note: Option<String>,
    /// Whether the role may do this at all.
    pub allowed: bool,
    /// Reasons, people or times.
    pub choices: Vec<Choice>,
    /// The alert as it is now.
    pub now_href: String,
    /// Where to go afterwards.
    pub back: String,
    /// The moment.
    pub time: Time,
}

impl MovePage {
    /// "Resolve A-2331", "Snooze 3 alerts".
    fn title(&self) -> String {
        match self.items.as_slice() {
            [item] => format!("{} {}", self.kind.label(), item.reference()),
            items => format!("{} {} alerts", self.kind.label(), items.len()),
        }
    }

    /// Whether a reason in words is asked for.
    const fn asks_for_words(&self) -> bool {
        matches!(self.kind, Kind::Resolve | Kind::Dismiss | Kind::Reopen)
    }

    /// The field of the choices.
    const fn field(&self) -> &'static str {
        match self.kind {
            Kind::Assign => "who",
            Kind::Snooze => "until",
            Kind::Resolve | Kind::Dismiss | Kind::Acknowledge | Kind::HandBack | Kind::Reopen => "reason",
        }
    }

    /// The question of the choices.
    const fn question(&self) -> &'static str {
        match self.kind {
            Kind::Assign => "Who takes it?",
            Kind::Snooze => "For how long?",
            Kind::Resolve => "What was done?",
            Kind::Dismiss => "Why does it need nothing?",
            Kind::Acknowledge | Kind::HandBack | Kind::Reopen => "",
        }
    }

    /// What follows, below the question.
    const fn hint(&self) -> &'static str {
        match self.kind {
            Kind::Snooze => "It returns to the queue by itself. A critical alert is snoozed for one hour at most.",
            Kind::Assign | Kind::Resolve | Kind::Dismiss | Kind::Acknowledge | Kind::HandBack | Kind::Reopen => "",
        }
    }
}
