//! An answer on its way in: the same for staff and for patients.

use axum::extract::Request;
use serde_json::json;

use super::files;
use super::forms::RawReply;
use super::model::Side;
use super::queries::row::Row;
use super::queries::{one, write};
use super::{drafts, tell};
use crate::db::Tx;
use crate::documents::Received;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{MessageId, ThreadId};
use crate::web::Ctx;
use crate::web::form::FormErrors;

/// An answer to a conversation that the person sees.
pub(super) struct Answer {
    /// What follows happens here.
    pub tx: Tx,
    /// The conversation.
    pub row: Row,
    /// What was typed.
    pub form: RawReply,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// The files.
    pub received: Received,
    /// The identifier of the message, which came with the form.
    key: MessageId,
    words: String,
}

impl Answer {
    /// Takes the form in, and reads it.
    ///
    /// # Errors
    /// `NotFound` where there is no such conversation for this person; or where the form does not arrive whole.
    pub async fn take(ctx: &Ctx, id: ThreadId, request: Request) -> Result<Self> {
        // No transaction stays open while files come in.
        let mut tx = ctx.app.db.begin(&ctx.actor).await?;
        one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
        drop(tx);
        let received = files::take(ctx, request).await?;
        let form: RawReply = files::typed(&received)?;
        let mut tx = ctx.app.db.begin(&ctx.actor).await?;
        let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
        let mut errors = FormErrors::default();
        let words = form.words(&mut errors);
        files::judge(&received, &mut errors);
        Ok(Self { tx, row, key: form.id(), form, errors, received, words })
    }

    /// Whether it is there already: the form was sent twice.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn is_known(&mut self, ctx: &Ctx) -> Result<bool> {
        Ok(one::message(&mut self.tx, ctx.actor.organization, self.row.id, self.key).await?.is_some())
    }

    /// Writes it down, once, and commits. Where a file finds no room any more nothing is sent, and the answer comes back
    /// with a transaction of its own.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn send(self, ctx: &Ctx, side: Side) -> Result<Option<Self>> {
        let Self { mut tx, row, form, errors, mut received, key, words } = self;
        let organization = ctx.actor.organization;
        let keys = ctx.app.keys(&mut tx, organization).await?;
        let sealed = keys.seal(organization, "message", "content", key.uuid(), &words).map_err(anyhow::Error::from)?;
        if write::say(&mut tx, &ctx.by(), row.id, key, side, &sealed).await? {
            let event = Event::new(Action::Create, "message").of(key).about(row.patient_id).at(Some(row.facility_id));
            events::record(&mut tx, &ctx.by(), event.with(json!({ "thread": row.id }))).await?;
            let belongs = files::belongs(key, row.patient_id, row.facility_id);
            if !files::add(ctx, &mut tx, &belongs, &mut received).await? {
                drop(tx);
                let tx = ctx.app.db.begin(&ctx.actor).await?;
                return Ok(Some(Self { tx, row, form, errors, received, key, words }));
            }
            drafts::discard(ctx, &mut tx, row.id).await?;
            tell::said(&mut tx, row.talk(), side, key).await?;
            received.keep();
        }
        tx.commit().await?;
        Ok(None)
    }
}
