//! What staff say to each other about an alert, a case and whatever else can be commented on: encrypted, kept for good,
//! read by whoever sees the record.

mod queries;

use serde::Deserialize;
use uuid::Uuid;

pub use queries::{Comment, of};

use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Audited, Event};
use crate::ids::{CommentId, FacilityId, OrganizationId, PatientId};
use crate::phi::Keyring;
use crate::web::form::FormErrors;
use crate::web::ui::Entry;
use crate::web::{Ctx, format};

/// The record that a comment is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// `alert` or `case`, as in the audit.
    pub kind: &'static str,
    /// Which.
    pub id: Uuid,
    /// Where it belongs.
    pub facility: Option<FacilityId>,
    /// Whom it concerns.
    pub patient: Option<PatientId>,
}

/// What was typed as a comment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Said {
    /// The words.
    pub comment: String,
    /// The identifier of the comment, made with the form.
    pub idempotency_key: String,
}

impl Said {
    /// The identifier and the text.
    ///
    /// # Errors
    /// What is wrong with it, beside the field.
    pub fn parse(&self) -> Result<(CommentId, String), FormErrors> {
        let mut errors = FormErrors::default();
        let text = errors.text("comment", &self.comment);
        if text.is_empty() {
            errors.add("comment", "Write something first");
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok((self.idempotency_key.parse().unwrap_or_else(|_| CommentId::new()), text))
    }

    /// The identifier that the form carries: the one it came with, or a new one.
    #[must_use]
    pub fn key(&self) -> String {
        if self.idempotency_key.is_empty() { CommentId::new().to_string() } else { self.idempotency_key.clone() }
    }
}

/// Keeps a comment and writes down that it was made; sent twice, it is kept once. `notify`: who asked to hear of it, as
/// the audit keeps it for whatever tells them.
///
/// # Errors
/// Where the database does not answer, or refuses.
pub async fn add(
    ctx: &Ctx,
    tx: &mut Tx,
    subject: &Subject,
    id: CommentId,
    text: &str,
    notify: &[Uuid],
) -> Result<bool> {
    let organization = ctx.actor.organization;
    let keys = ctx.app.keys(tx, organization).await?;
    let sealed = keys.seal(organization, "comment", "body", id.uuid(), text).map_err(anyhow::Error::from)?;
    if !queries::add(tx, organization, subject, id, ctx.actor.user, &sealed).await? {
        return Ok(false);
    }
    let mut event =
        Event::new(Action::Commented, subject.kind).of(subject.id).about(subject.patient).at(subject.facility);
    if !notify.is_empty() {
        event = event.with(serde_json::json!({ "comment": id, "notify": notify }));
    }
    events::record(tx, &ctx.by(), event).await?;
    Ok(true)
}

/// Comments as entries of a time line.
///
/// # Errors
/// Where one cannot be opened.
pub fn entries(
    comments: Vec<Comment>,
    keys: &Keyring,
    organization: OrganizationId,
    proof: &Audited,
) -> Result<Vec<Entry>> {
    let entry = |comment: Comment| {
        let text = keys
            .open(organization, "comment", "body", comment.id.uuid(), &comment.body_enc)
            .map_err(anyhow::Error::from)?;
        Ok(Entry {
            at: comment.at,
            who: format!("{} {}", comment.first_name, comment.last_name),
            initials: Some(format::initials(&comment.first_name, &comment.last_name)),
            icon: "message-circle",
            what: "wrote".to_owned(),
            said: Some(text.reveal(proof).clone()),
        })
    };
    comments.into_iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_says_something() {
        for comment in ["", "  ", "\r\n\t", "a\u{7}b"] {
            assert!(Said { comment: comment.to_owned(), ..Said::default() }.parse().is_err(), "{comment:?}");
        }
        let said = Said { comment: " one\r\ntwo ".to_owned(), idempotency_key: CommentId::MAX.to_string() };
        assert_eq!(said.parse().unwrap(), (CommentId::MAX, "one\ntwo".to_owned()));
        assert_eq!(said.key(), CommentId::MAX.to_string());
    }
}
