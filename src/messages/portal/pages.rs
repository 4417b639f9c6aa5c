//! The pages of a patient.

use askama::Template;
use serde::Deserialize;

use crate::messages::forms::RawReply;
use crate::messages::inbox_page::Item;
use crate::messages::model::{Category, Status};
use crate::messages::queries::people::CareTeamMember;
use crate::messages::show::Said;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::Choice;
use crate::web::whom::Whom;

/// All conversations of the patient who is looked at.
#[derive(Template)]
#[template(path = "messages/my/index.html")]
pub(super) struct ListPage {
    pub shell: Shell,
    pub own: Whom,
    pub items: Vec<Item>,
}

impl ListPage {
    /// What a patient is told of where a conversation stands.
    fn standing(item: &Item) -> &'static str {
        match item.row.status {
            Status::Open => "Open",
            Status::AwaitingStaff => "We will answer",
            Status::AwaitingPatient => "Answered",
            Status::Closed => "Closed",
        }
    }
}

/// A message being written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawMine {
    /// For whom the form was opened.
    pub patient: String,
    /// The identifier of the conversation, made with the form.
    pub idempotency_key: String,
    /// The identifier of the message, made with the form.
    pub message_key: String,
    /// To whom: a person, or nobody in particular.
    pub to: String,
    /// What it is about.
    pub category: String,
    /// In a line.
    pub subject: String,
    /// The words.
    pub content: String,
}

/// A new message.
#[derive(Template)]
#[template(path = "messages/my/new.html")]
pub(super) struct NewPage {
    pub shell: Shell,
    pub own: Whom,
    pub team: Vec<CareTeamMember>,
    pub form: RawMine,
    pub errors: FormErrors,
}

impl NewPage {
    fn recipients(&self) -> Vec<Choice> {
        let everybody = Choice {
            value: String::new(),
            label: format!("The team at {}", self.own.facility),
            hint: "Whoever is there reads it. This is the quickest way.".to_owned(),
            chosen: self.form.to.is_empty(),
        };
        let member = |one: &CareTeamMember| Choice {
            value: one.user.to_string(),
            label: one.name.clone(),
            hint: one.role.clone(),
            chosen: self.form.to == one.user.to_string(),
        };
        std::iter::once(everybody).chain(self.team.iter().map(member)).collect()
    }

    fn categories(&self) -> Vec<Choice> {
        Category::ALL
            .iter()
            .map(|one| Choice::new(one.as_str(), one.label(), self.form.category == one.as_str()))
            .collect()
    }
}

/// One conversation.
#[derive(Template)]
#[template(path = "messages/my/show.html")]
pub(super) struct ShowPage {
    pub shell: Shell,
    pub item: Item,
    pub own: Whom,
    pub said: Vec<Said>,
    pub earlier: Option<String>,
    pub form: RawReply,
    pub errors: FormErrors,
    pub answerable: bool,
    pub new_key: String,
}

impl ShowPage {
    fn is_closed(&self) -> bool {
        self.item.row.status == Status::Closed
    }

    fn waits(&self) -> bool {
        self.item.row.status == Status::AwaitingStaff
    }

    /// Where the files are.
    fn base(&self) -> String {
        format!("/my/messages/{}/files", self.item.row.id)
    }

    /// Where the page asks whether there is more.
    fn newer(&self) -> String {
        format!("/my/messages/{}/newer?seen={}", self.item.row.id, self.item.row.message_count)
    }
}

/// A conversation about somebody else than who is looked at.
#[derive(Template)]
#[template(path = "messages/my/other.html")]
pub(super) struct OtherPage {
    pub shell: Shell,
    pub then: Whom,
}

/// Whether there is more.
#[derive(Template)]
#[template(path = "messages/my/_newer.html")]
pub(super) struct Newer {
    pub href: String,
}
