//! One conversation, as staff see it.

use askama::Template;
use chrono_tz::Tz;

use super::forms::RawReply;
use super::inbox_page::Item;
use super::model::{Category, Channel, Side, Status};
use super::queries::one::Message;
use crate::access::{Actor, Role};
use crate::clock::Timestamp;
use crate::documents::attach::Attached;
use crate::error::Result;
use crate::events::Audited;
use crate::ids::{MessageId, OrganizationId};
use crate::phi::Keyring;
use crate::web::form::FormErrors;
use crate::web::format;
use crate::web::shell::Shell;
use crate::web::ui::{Choice, Entry};

/// Something said, in clear.
#[derive(Debug)]
pub struct Said {
    /// Which.
    pub id: MessageId,
    /// From which side.
    pub side: Side,
    /// Who said it, for staff.
    pub who: String,
    /// As what.
    pub role: String,
    /// For the picture beside it.
    pub initials: String,
    /// The words.
    pub words: String,
    /// When.
    pub at: Timestamp,
    /// Why it was marked as an error.
    pub retracted: Option<String>,
    /// Whether this person wrote it, or noted it.
    pub own: bool,
    /// What came with it.
    pub files: Vec<Attached>,
}

impl Said {
    /// Opens it, for a view that is in the audit.
    ///
    /// # Errors
    /// Where it does not open.
    pub fn reveal(
        message: Message,
        actor: &Actor,
        other: &str,
        keys: &Keyring,
        organization: OrganizationId,
        proof: &Audited,
    ) -> Result<Self> {
        let words = keys.open(organization, "message", "content", message.id.uuid(), &message.content_enc);
        let words = words.map_err(anyhow::Error::from)?.reveal(proof).clone();
        let (who, role) = match message.side {
            Side::Patient => (message.name, relationship(&message.role)),
            Side::Staff => (message.name, message.role.parse::<Role>().map_or("", Role::label)),
            Side::Outside => (other.to_owned(), "noted by staff"),
        };
        let mut parts = who.split_whitespace().filter(|part| !part.ends_with('.') && *part != "Dr" && *part != "Ms");
        let initials = format::initials(parts.next().unwrap_or(""), parts.next_back().unwrap_or(""));
        Ok(Self {
            id: message.id,
            side: message.side,
            initials,
            role: role.to_owned(),
            who,
            words,
            at: message.at,
            retracted: message.retracted,
            own: message.created_by == Some(actor.user),
            files: Vec::new(),
        })
    }

    /// Whether it comes from the clinic, for templates.
    #[must_use]
    pub fn of_staff(&self) -> bool {
        self.side == Side::Staff
    }
}

/// What somebody is to the patient for whom they write; nothing for the patient.
fn relationship(name: &str) -> &'static str {
    match name {
        "PARENT" => "parent, for the patient",
        "GUARDIAN" => "guardian, for the patient",
        "CARER" => "carer, for the patient",
        "PARTNER" => "partner, for the patient",
        "OTHER" => "for the patient",
        _ => "",
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "messages/show.html", blocks = ["conversation"])]
pub struct Show {
    /// The frame.
    pub shell: Shell,
    /// The conversation.
    pub item: Item,
    /// What was said.
    pub said: Vec<Said>,
    /// Where earlier messages are, if there are any.
    pub earlier: Option<String>,
    /// How it moved.
    pub entries: Vec<Entry>,
    /// The answer being written.
    pub form: RawReply,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// Whether somebody has written since the form was made.
    pub newer: bool,
    /// Whether an answer can be added.
    pub answerable: bool,
    /// Whether nobody reads the portal for this patient.
    pub unread_portal: bool,
    /// Whether this person may take it.
    pub may_claim: bool,
    /// The moment.
    pub now: Timestamp,
    /// For moments.
    pub zone: Tz,
}

impl Show {
    /// Whether it goes on in the portal.
    fn in_portal(&self) -> bool {
        self.item.row.channel == Channel::Portal
    }

    fn hint(&self) -> &'static str {
        if self.in_portal() {
            "The patient reads it in the portal. The notice of it says nothing of what it holds."
        } else {
            "Nothing is sent from here: this is a note of what was said elsewhere."
        }
    }

    fn is_closed(&self) -> bool {
        self.item.row.status == Status::Closed
    }

    fn categories(&self) -> Vec<Choice> {
        let chosen = self.item.row.category;
        Category::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), *one == chosen)).collect()
    }

    fn sides(&self) -> Vec<Choice> {
        vec![
            Choice::new(Side::Staff.as_str(), "We said it to them", self.form.side != Side::Outside.as_str()),
            Choice::new(Side::Outside.as_str(), "They said it to us", self.form.side == Side::Outside.as_str()),
        ]
    }

    /// Where the files are.
    fn base(&self) -> String {
        format!("/threads/{}/files", self.item.row.id)
    }

    fn retraction(&self, said: &Said) -> String {
        format!("/threads/{}/messages/{}/retraction", self.item.row.id, said.id)
    }
}

/// The conversation on paper.
#[derive(Debug, Template)]
#[template(path = "messages/print.html")]
pub struct Print {
    /// The frame.
    pub shell: Shell,
    /// The conversation.
    pub item: Item,
    /// What was said.
    pub said: Vec<Said>,
    /// For moments.
    pub zone: Tz,
}
