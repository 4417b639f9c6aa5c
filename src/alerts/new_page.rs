//! The form that raises an alert by hand.

use askama::Template;
use serde::Deserialize;
use serde_json::json;

use super::model::{AlertType, Severity};
use super::queries::around::Place;
use super::raise::NewAlert;
use crate::access::Actor;
use crate::ids::{AlertId, FacilityId, PatientId};
use crate::web::form::FormErrors;
use crate::web::format;
use crate::web::shell::Shell;
use crate::web::ui::Choice;

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawAlert {
    /// The identifier of the alert, made with the form.
    pub idempotency_key: String,
    /// The patient, where the form was opened from a chart.
    pub patient: String,
    /// A record number.
    pub mrn: String,
    /// The facility, where there is no patient.
    pub facility: String,
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: String,
    /// How grave.
    pub severity: String,
    /// One line.
    pub title: String,
    /// Why.
    pub body: String,
}

/// Whom an alert is to be about.
#[derive(Debug)]
pub struct About {
    /// Who.
    pub id: PatientId,
    /// Where they are in care.
    pub facility_id: FacilityId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
}

impl RawAlert {
    /// The alert that the form asks for; `errors` says what is wrong where there is none.
    pub fn parse(&self, actor: &Actor, about: Option<&About>, errors: &mut FormErrors) -> Option<NewAlert> {
        let title = errors.required("title", &self.title, "Say in one line what is the matter");
        let body = errors.text("body", &self.body);
        let kind = self.kind.parse::<AlertType>();
        if kind.is_err() {
            errors.add("type", "Choose what it is about");
        }
        let severity = self.severity.parse::<Severity>();
        if severity.is_err() {
            errors.add("severity", "Choose how urgent it is");
        }
        let facility = about.map(|about| about.facility_id).or_else(|| self.place(actor, errors));
        Some(NewAlert {
            id: self.idempotency_key.parse().unwrap_or_else(|_| AlertId::new()),
            facility,
            patient: about.map(|about| about.id),
            thread: None,
            kind: kind.ok()?.as_str().to_owned(),
            severity: severity.ok()?,
            title,
            body,
            payload: json!({}),
            dedupe_key: None,
            due_at: None,
        })
    }

    /// Where an alert without a patient belongs.
    fn place(&self, actor: &Actor, errors: &mut FormErrors) -> Option<FacilityId> {
        let chosen = self.facility.parse().ok().or_else(|| actor.home_facility());
        let within = chosen.filter(|facility| actor.facilities.contains(*facility));
        if within.is_none() {
            errors.add("facility", "Choose where it is, or give a record number");
        }
        within
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "alerts/new.html")]
pub struct NewPage {
    /// The frame.
    pub shell: Shell,
    /// What was typed.
    pub form: RawAlert,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// Whom it is about, where the form was opened from a chart.
    pub about: Option<About>,
    /// Facilities within reach.
    pub places: Vec<Place>,
}

impl NewPage {
    fn types(&self) -> Vec<Choice> {
        AlertType::ALL
            .iter()
            .map(|one| Choice::new(one.as_str(), one.label(), self.form.kind == one.as_str()))
            .collect()
    }

    fn severities(&self) -> Vec<Choice> {
        let hint = |one: Severity| match one {
            Severity::Critical => "Now",
            Severity::High => "Within the hour",
            Severity::Warning => "Today",
            Severity::Info => "When there is time",
        };
        let choice = |one: &Severity| Choice {
            value: one.as_str().to_owned(),
            label: one.label().to_owned(),
            hint: hint(*one).to_owned(),
            chosen: self.form.severity == one.as_str(),
        };
        Severity::ALL.iter().map(choice).collect()
    }

    fn facilities(&self) -> Vec<Choice> {
        self.places
            .iter()
            .map(|place| Choice::new(place.id.to_string(), &*place.name, self.form.facility == place.id.to_string()))
            .collect()
    }

    fn name(&self) -> Option<String> {
        self.about.as_ref().map(|about| format::person(&about.last_name, &about.first_name, None))
    }
}
