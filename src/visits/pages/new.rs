//! The forms with which staff make visits and requests.

use askama::Template;

use crate::facilities::Facility;
use crate::visits::handlers::new::RawNew;
use crate::visits::handlers::provider_choices;
use crate::visits::model::{Acuity, Category, Mode};
use crate::visits::queries::people::{About, Provider};
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::Choice;

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The visit of somebody who is here.
    WalkIn,
    /// A visit outside the slots.
    Overbooking,
    /// A request for somebody.
    Request,
}

impl What {
    /// The heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::WalkIn => "Somebody walked in",
            Self::Overbooking => "Overbook a time",
            Self::Request => "Ask for a visit",
        }
    }

    /// The address.
    #[must_use]
    pub const fn action(self) -> &'static str {
        match self {
            Self::WalkIn => "/visits/walk-in",
            Self::Overbooking => "/visits/overbooking",
            Self::Request => "/visit-requests/new",
        }
    }

    /// Its name in the audit.
    #[must_use]
    pub const fn page(self) -> &'static str {
        match self {
            Self::WalkIn => "walk-in",
            Self::Overbooking => "overbooking",
            Self::Request => "visit request",
        }
    }

    const fn submit(self) -> &'static str {
        match self {
            Self::WalkIn => "Give a waiting number",
            Self::Overbooking => "Book it anyway",
            Self::Request => "Put in the queue",
        }
    }

    const fn back(self) -> &'static str {
        match self {
            Self::WalkIn => "/arrivals",
            Self::Overbooking => "/schedule",
            Self::Request => "/visit-requests",
        }
    }
}

/// The form.
#[derive(Debug, Template)]
#[template(path = "visits/new.html")]
pub struct NewPage {
    /// The frame.
    pub shell: Shell,
    /// What is made.
    pub what: What,
    /// What was typed.
    pub form: RawNew,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// For whom, where the form was opened from a chart.
    pub about: Option<About>,
    /// Facilities within reach.
    pub facilities: Vec<Facility>,
    /// Who may see patients.
    pub providers: Vec<Provider>,
}

impl NewPage {
    /// Where the form was opened.
    fn back(&self) -> String {
        if self.form.alert.is_empty() { self.what.back().to_owned() } else { format!("/alerts/{}", self.form.alert) }
    }

    fn places(&self) -> Vec<Choice> {
        let choice =
            |one: &Facility| Choice::new(one.id.to_string(), &*one.name, self.form.facility == one.id.to_string());
        self.facilities.iter().map(choice).collect()
    }

    fn people(&self) -> Vec<Choice> {
        provider_choices(&self.providers, self.form.provider.parse().ok())
    }

    fn modes(&self) -> Vec<Choice> {
        let chosen = if self.form.mode.is_empty() { "IN_PERSON" } else { self.form.mode.as_str() };
        Mode::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), chosen == one.as_str())).collect()
    }

    fn acuities(&self) -> Vec<Choice> {
        let choice = |one: &Acuity| Choice {
            value: one.as_str().to_owned(),
            label: one.label().to_owned(),
            hint: one.hint().to_owned(),
            chosen: self.form.acuity == one.as_str(),
        };
        Acuity::ALL.iter().map(choice).collect()
    }

    fn categories(&self) -> Vec<Choice> {
        let chosen = self.form.category.as_str();
        Category::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), chosen == one.as_str())).collect()
    }
}
