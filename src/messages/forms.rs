//! What the forms send.

use std::str::FromStr;

use serde::Deserialize;

use super::model::{Category, Channel, Side};
use super::queries::people::About;
use super::queries::write::NewThread;
use crate::access::Actor;
use crate::error::{Error, Result};
use crate::ids::{FacilityId, MessageId, ThreadId, UserId};
use crate::web::form::FormErrors;

/// The longest reason in words.
const REASON_CHARS: usize = 2_000;

/// An answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawReply {
    /// The words.
    pub content: String,
    /// The identifier of the message, made with the form.
    pub idempotency_key: String,
    /// How many messages there were when the form was made.
    pub seen: String,
    /// `OUTSIDE` where staff note what somebody else said.
    pub side: String,
}

impl RawReply {
    /// An empty form.
    #[must_use]
    pub fn empty() -> Self {
        Self { idempotency_key: MessageId::new().to_string(), ..Self::default() }
    }

    /// What is said.
    #[must_use]
    pub fn words(&self, errors: &mut FormErrors) -> String {
        let text = errors.text("content", &self.content);
        if text.is_empty() {
            errors.add("content", "Write your message first");
        }
        text
    }

    /// The identifier of the message.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.idempotency_key.parse().unwrap_or_else(|_| MessageId::new())
    }

    /// From which side staff say it came.
    #[must_use]
    pub fn side(&self, channel: Channel) -> Side {
        if channel != Channel::Portal && self.side == Side::Outside.as_str() { Side::Outside } else { Side::Staff }
    }
}

/// A move of a conversation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawMove {
    /// The version that was looked at.
    pub row_version: String,
    /// To whom: `me`, `team` or a person.
    pub who: String,
    /// Why, in words.
    pub text: String,
    /// The category to file it under.
    pub category: String,
}

impl RawMove {
    /// The version that was looked at.
    ///
    /// # Errors
    /// Where the form has none.
    pub fn version(&self) -> Result<i64> {
        self.row_version
            .parse()
            .map_err(|_| Error::BadRequest("The form is incomplete. Reload the page and try again."))
    }

    /// Why.
    #[must_use]
    pub fn reason(&self, errors: &mut FormErrors) -> String {
        let text = errors.text("text", &self.text);
        if text.chars().count() > REASON_CHARS {
            errors.add("text", "Use 2,000 characters or fewer");
        }
        text
    }

    /// To whom: a person, or the team.
    ///
    /// # Errors
    /// Where nobody was chosen; the form says so.
    pub fn to(&self, me: UserId, errors: &mut FormErrors) -> Result<Option<UserId>, <UserId as FromStr>::Err> {
        let to = match self.who.as_str() {
            "me" => Ok(Some(me)),
            "team" => Ok(None),
            other => other.parse().map(Some),
        };
        if to.is_err() {
            errors.add("who", "Choose who is to answer");
        }
        to
    }
}

/// A conversation to be begun by staff.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawThread {
    /// The identifier of the conversation, made with the form.
    pub idempotency_key: String,
    /// The identifier of its first message.
    pub message_key: String,
    /// The patient, where the form was opened from a chart.
    pub patient: String,
    /// A record number.
    pub mrn: String,
    /// Who it is, where that is no patient.
    pub contact: String,
    /// The facility, where there is no patient.
    pub facility: String,
    /// The way it came.
    pub channel: String,
    /// What it is about.
    pub category: String,
    /// What it is about, in a line.
    pub subject: String,
    /// `OUTSIDE` where staff note what somebody else said.
    pub side: String,
    /// The words.
    pub content: String,
}

/// What the form asks for.
#[derive(Debug)]
pub struct Begun {
    /// The conversation, without what is sealed.
    pub thread: NewThread,
    /// Who is at the other end, where that is no patient.
    pub contact: Option<String>,
    /// The first message.
    pub message: MessageId,
    /// Its words.
    pub content: String,
    /// From which side.
    pub side: Side,
}

impl RawThread {
    /// An empty form about a patient, or about nobody yet.
    #[must_use]
    pub fn empty(patient: String) -> Self {
        Self {
            idempotency_key: ThreadId::new().to_string(),
            message_key: MessageId::new().to_string(),
            channel: if patient.is_empty() { String::new() } else { Channel::Portal.as_str().to_owned() },
            category: Category::Other.as_str().to_owned(),
            side: Side::Staff.as_str().to_owned(),
            patient,
            ..Self::default()
        }
    }

    /// What the form asks for; `errors` says what is wrong where there is nothing.
    pub fn parse(&self, actor: &Actor, about: Option<&About>, errors: &mut FormErrors) -> Option<Begun> {
        let channel = self.channel.parse::<Channel>();
        if channel.is_err() {
            errors.add("channel", "Choose how you talk to each other");
        }
        let category = self.category.parse::<Category>();
        if category.is_err() {
            errors.add("category", "Choose what it is about");
        }
        let subject = errors.line("subject", &self.subject);
        let contact = errors.line("contact", &self.contact);
        let content = errors.text("content", &self.content);
        if content.is_empty() {
            errors.add("content", "Write the message first");
        }
        if about.is_none() {
            if channel == Ok(Channel::Portal) {
                errors.add("mrn", "The portal is for patients: give a record number, or choose another way");
            } else if contact.is_empty() {
                errors.add("contact", "Say who it is: a name, a number or an address");
            }
        }
        let facility = about.map(|about| about.facility_id).or_else(|| self.place(actor, errors));
        let channel = channel.ok()?;
        Some(Begun {
            thread: NewThread {
                id: self.idempotency_key.parse().unwrap_or_else(|_| ThreadId::new()),
                facility: facility?,
                patient: about.map(|about| about.id),
                subject: (!subject.is_empty()).then_some(subject),
                category: category.ok()?,
                channel,
                contact_enc: None,
                assignee: Some(actor.user),
            },
            contact: (about.is_none() && !contact.is_empty()).then_some(contact),
            message: self.message_key.parse().unwrap_or_else(|_| MessageId::new()),
            content,
            side: RawReply { side: self.side.clone(), ..RawReply::default() }.side(channel),
        })
    }

    /// Where a conversation without a patient belongs.
    fn place(&self, actor: &Actor, errors: &mut FormErrors) -> Option<FacilityId> {
        let chosen = self.facility.parse().ok().or_else(|| actor.home_facility());
        let within = chosen.filter(|facility| actor.facilities.contains(*facility));
        if within.is_none() {
            errors.add("facility", "Choose whose staff answer");
        }
        within
    }
}
