//! The inbox.

use askama::Template;
use chrono_tz::Tz;

use super::queries::row::Row;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::Audited;
use crate::ids::OrganizationId;
use crate::phi::Keyring;
use crate::web::format;
use crate::web::shell::Shell;
use crate::web::ui::{Pager, Tab};

/// A conversation that may be shown.
#[derive(Debug)]
pub struct Item {
    /// The conversation.
    pub row: Row,
    /// Who is at the other end.
    pub who: String,
}

impl Item {
    /// Opens what is sealed, for a view that is in the audit.
    ///
    /// # Errors
    /// Where it does not open.
    pub fn reveal(row: Row, keys: &Keyring, organization: OrganizationId, proof: &Audited) -> Result<Self> {
        let who = match (&row.patient_last, &row.patient_first, &row.contact_enc) {
            (Some(last), Some(first), _) => format::person(last, first, None),
            (_, _, Some(sealed)) => {
                let value = keys.open(organization, "thread", "contact", row.id.uuid(), sealed);
                value.map_err(anyhow::Error::from)?.reveal(proof).clone()
            }
            _ => "Somebody without a record".to_owned(),
        };
        Ok(Self { row, who })
    }

    /// The subject, or what it is about where it has none.
    #[must_use]
    pub fn title(&self) -> &str {
        self.row.subject.as_deref().unwrap_or_else(|| self.row.category.label())
    }

    /// "M-12".
    #[must_use]
    pub fn reference(&self) -> String {
        format!("M-{}", self.row.number)
    }

    /// Who has it.
    #[must_use]
    pub fn holder(&self) -> Option<String> {
        let (first, last) = (self.row.assignee_first.as_ref()?, self.row.assignee_last.as_ref()?);
        Some(format!("{first} {last}"))
    }

    /// Their initials.
    #[must_use]
    pub fn holder_initials(&self) -> String {
        match (&self.row.assignee_first, &self.row.assignee_last) {
            (Some(first), Some(last)) => format::initials(first, last),
            _ => String::new(),
        }
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "messages/index.html", blocks = ["threads"])]
pub struct Index {
    /// The frame.
    pub shell: Shell,
    /// The lists.
    pub tabs: Vec<Tab>,
    /// What was looked for.
    pub typed: Option<String>,
    /// This list.
    pub here: String,
    /// What it holds.
    pub items: Vec<Item>,
    /// More of it.
    pub pager: Pager,
    /// Said where it holds nothing.
    pub nothing: &'static str,
    /// Whether the list shows how long somebody waits.
    pub waiting: bool,
    /// The moment.
    pub now: Timestamp,
    /// For moments.
    pub zone: Tz,
}
