//! What the forms send, and what it means.

use serde::Deserialize;
use uuid::Uuid;

use super::model::{AlertReason, Reason, Snooze};
use super::moves::{Kind, Move};
use crate::error::{Error, Result};
use crate::ids::{AlertId, UserId};
use crate::web::form::FormErrors;

/// The longest reason in words.
const REASON_CHARS: usize = 2_000;

/// How many alerts one form may move: more than a page shows, and no more than a person can have looked through.
pub const BULK_LIMIT: u16 = 200;

/// The form of any move, for one alert or for many.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawMove {
    /// The version that was looked at.
    pub row_version: String,
    /// Where to go afterwards.
    pub back: String,
    /// Why, from a list.
    pub reason: String,
    /// Why, in words.
    pub text: String,
    /// To whom: `me`, `nobody` or a person.
    pub who: String,
    /// For how long.
    pub until: String,
    /// What to do, in the form for many.
    pub action: String,
    /// Which, with the version that was looked at, in the form for many.
    pub id: Vec<String>,
    /// `1` for the whole list that the page is a part of, in the form for many.
    pub all: String,
    /// Whether the form has been filled in, in the form for many.
    pub asked: String,
}

impl RawMove {
    /// The move that the form asks for.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn parse(&self, kind: Kind, me: UserId) -> Result<Move, FormErrors> {
        let mut errors = FormErrors::default();
        let parsed = match kind {
            Kind::Acknowledge => Some(Move::Acknowledge),
            Kind::HandBack => Some(Move::HandBack),
            Kind::Assign => self.assignment(me, &mut errors),
            Kind::Snooze => {
                let choice = self.until.parse::<Snooze>();
                if choice.is_err() {
                    errors.add("until", "Choose for how long");
                }
                choice.ok().map(Move::Snooze)
            }
            Kind::Resolve => self.coded(kind, &mut errors).map(Move::Resolve),
            Kind::Dismiss => self.coded(kind, &mut errors).map(Move::Dismiss),
            Kind::Reopen => {
                let text = self.words(&mut errors);
                if text.is_empty() {
                    errors.add("text", "Say why it is opened again");
                }
                Some(Move::Reopen(text))
            }
        };
        match parsed {
            Some(what) if errors.is_empty() => Ok(what),
            Some(_) | None => Err(errors),
        }
    }

    /// The version that was looked at.
    ///
    /// # Errors
    /// Where the form has none.
    pub fn version(&self) -> Result<i64> {
        self.row_version
            .parse()
            .map_err(|_| Error::BadRequest("The form is incomplete. Reload the page and try again."))
    }

    /// The alerts of the form for many, each with the version that was looked at.
    ///
    /// # Errors
    /// Where one of them is none, or there are more than a page holds.
    pub fn chosen(&self) -> Result<Vec<(AlertId, i64)>> {
        const WRONG: Error =
            Error::BadRequest("The form holds something that is no alert. Reload the list and choose again.");
        if self.id.len() > usize::from(BULK_LIMIT) {
            return Err(Error::BadRequest("That is too many alerts at once. Choose 200 or fewer."));
        }
        let one = |text: &String| {
            let (id, version) = text.split_once('.')?;
            Some((AlertId::from(Uuid::parse_str(id).ok()?), version.parse().ok()?))
        };
        self.id.iter().map(|text| one(text).ok_or(WRONG)).collect()
    }

    fn assignment(&self, me: UserId, errors: &mut FormErrors) -> Option<Move> {
        let to = match self.who.as_str() {
            "me" => Ok(Some(me)),
            "nobody" => Ok(None),
            other => other.parse().map(Some),
        };
        if to.is_err() {
            errors.add("who", "Choose who takes it");
        }
        to.ok().map(Move::Assign)
    }

    fn coded(&self, kind: Kind, errors: &mut FormErrors) -> Option<Reason> {
        let code = self.reason.parse::<AlertReason>().ok().filter(|code| kind.reasons().contains(code));
        let text = self.words(errors);
        match code {
            None => errors.add("reason", "Choose a reason"),
            Some(AlertReason::Other) if text.is_empty() => errors.add("text", "Say what the other reason is"),
            Some(_) => {}
        }
        Some(Reason { code: code?, text: (!text.is_empty()).then_some(text) })
    }

    fn words(&self, errors: &mut FormErrors) -> String {
        let text = errors.text("text", &self.text);
        if text.chars().count() > REASON_CHARS {
            errors.add("text", "Use 2,000 characters or fewer");
        }
        text
    }
}
