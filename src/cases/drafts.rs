//! Drafts: what somebody was typing in a long form, kept on the server until the form is sent or the draft discarded.
//! Never on the computer, which others may use.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::queries::drafts as store;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::CaseId;
use crate::patients::fields::Typed;
use crate::web::Ctx;

/// More than all fields of a form may hold together.
const MOST: usize = 40_000;

/// Whose draft it is besides its writer's: a new case, or a change of one.
#[derive(Clone, Copy, Debug)]
pub enum Subject {
    /// A case that is not there yet.
    New,
    /// A case.
    Edit(CaseId),
}

impl Subject {
    const fn form(self) -> &'static str {
        match self {
            Self::New => "cases.new",
            Self::Edit(_) => "cases.edit",
        }
    }

    fn id(self, ctx: &Ctx) -> Uuid {
        match self {
            Self::New => ctx.actor.organization.uuid(),
            Self::Edit(id) => id.uuid(),
        }
    }

    /// The address of the form.
    #[must_use]
    pub fn href(self) -> String {
        match self {
            Self::New => "/cases/new".to_owned(),
            Self::Edit(id) => format!("/cases/{id}/edit"),
        }
    }
}

/// What this person was typing, and when they last did.
///
/// # Errors
/// Where the database does not answer or the draft does not open.
pub async fn load(ctx: &Ctx, tx: &mut Tx, subject: Subject) -> Result<Option<(Typed, Timestamp)>> {
    let (organization, user) = (ctx.actor.organization, ctx.actor.user);
    let Some(stored) = store::find(tx, organization, user, subject.form(), subject.id(ctx)).await? else {
        return Ok(None);
    };
    let event = Event::new(Action::View, "form_draft").of(stored.id);
    let proof = events::record(tx, &ctx.by(), event).await?;
    let keys = ctx.app.keys(tx, organization).await?;
    let text =
        keys.open(organization, "form_draft", "payload", stored.id, &stored.payload).map_err(anyhow::Error::from)?;
    Ok(Some((serde_json::from_str(text.reveal(&proof))?, stored.updated_at)))
}

/// Keeps what was typed.
///
/// # Errors
/// Where it is more than a form may hold, or the database does not answer.
pub async fn save(ctx: &Ctx, tx: &mut Tx, subject: Subject, typed: &Typed) -> Result<()> {
    let (organization, user) = (ctx.actor.organization, ctx.actor.user);
    let text = serde_json::to_string(&typed.iter().collect::<BTreeMap<_, _>>())?;
    if text.len() > MOST {
        return Err(Error::TooLarge);
    }
    let keys = ctx.app.keys(tx, organization).await?;
    let id = store::row(tx, organization, user, subject.form(), subject.id(ctx)).await?;
    let sealed = keys.seal(organization, "form_draft", "payload", id, &text).map_err(anyhow::Error::from)?;
    store::put(tx, organization, id, Some(&sealed)).await
}

/// Forgets it.
///
/// # Errors
/// Where the database does not answer.
pub async fn discard(ctx: &Ctx, tx: &mut Tx, subject: Subject) -> Result<()> {
    store::discard(tx, ctx.actor.organization, ctx.actor.user, subject.form(), subject.id(ctx)).await
}
