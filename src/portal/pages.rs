//! The pages of the portal.

use askama::Template;

use super::model::{Access, Helper};
use super::visits::NextStep;
use crate::patients::record::Record;
use crate::web::shell::Shell;
use crate::web::whom::{Scope, Whom};
use crate::web::{filters, format};

#[derive(Template)]
#[template(path = "portal/home.html")]
pub(super) struct HomePage {
    pub shell: Shell,
    pub greeting: &'static str,
    pub own: Whom,
    /// What to do or know first about visits; nothing for a proxy without them.
    pub next: Option<NextStep>,
    /// The latest accesses.
    pub accesses: Vec<Access>,
}

/// For somebody whose account is linked to no record.
#[derive(Template)]
#[template(path = "portal/nobody.html")]
pub(super) struct NobodyPage {
    pub shell: Shell,
}

#[derive(Template)]
#[template(path = "portal/access.html")]
pub(super) struct AccessPage {
    pub shell: Shell,
    pub own: Whom,
    pub accesses: Vec<Access>,
    /// Who may act for the patient.
    pub people: Vec<Helper>,
    pub today: chrono::NaiveDate,
    /// Where older entries are, if there are any.
    pub older: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/details.html")]
pub(super) struct DetailsPage {
    pub shell: Shell,
    pub own: Whom,
    pub record: Record,
}

/// Said of what the record does not hold.
const NOT_KNOWN: &str = "We do not have it";

impl DetailsPage {
    /// What the record says, or that it says nothing.
    fn known<'a>(&self, value: Option<&'a String>) -> &'a str {
        value.map_or(NOT_KNOWN, String::as_str)
    }

    fn born(&self) -> String {
        self.record.stored.date_of_birth.map_or_else(|| NOT_KNOWN.to_owned(), format::date)
    }

    fn address(&self) -> String {
        let opened = &self.record.opened;
        let parts = [&opened.address, &opened.city, &opened.state, &opened.zip_code];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        if parts.is_empty() { NOT_KNOWN.to_owned() } else { parts.join(", ") }
    }
}
