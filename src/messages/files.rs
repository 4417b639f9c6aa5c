//! Files that come with messages: taken in with the form, kept with the message, sent again to who reads it.

use axum::extract::Request;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::queries::one;
use super::queries::row::Row;
use super::show::Said;
use crate::db::Tx;
use crate::documents::attach::{self, Belongs};
use crate::documents::{Received, Subject};
use crate::error::{Error, Result};
use crate::ids::{DocumentId, FacilityId, MessageId, PatientId, ThreadId};
use crate::web::Ctx;
use crate::web::form::{self, FormErrors};

/// Files with one message.
const MOST: usize = 10;

/// The largest form: so many of the largest files, and the words.
pub(super) const REQUEST_BYTES: usize = MOST * 104_857_600 + 1024 * 1024;

/// Takes the form of a message in. Say before whether the person may write there at all.
///
/// # Errors
/// Where it does not arrive whole.
pub(super) async fn take(ctx: &Ctx, request: Request) -> Result<Received> {
    attach::receive(ctx, request, MOST).await
}

/// What was typed.
///
/// # Errors
/// Where it is no such form.
pub(super) fn typed<T: DeserializeOwned>(received: &Received) -> Result<T> {
    let mut encoded = url::form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(&received.fields);
    form::decode(encoded.finish().as_bytes())
}

/// A file that cannot be kept holds the message back: whoever wrote it decides what to do without it.
pub(super) fn judge(received: &Received, errors: &mut FormErrors) {
    if !received.refused.is_empty() {
        errors
            .add("file", format!("{}. The message was not sent. Choose your files again", received.refused.join(". ")));
    }
}

/// Says, on a page that comes back unsent, what happened to the files that were chosen: browsers do not choose them again.
pub(super) fn unsent(received: &Received, errors: &mut FormErrors) {
    judge(received, errors);
    if !received.arrived.is_empty() {
        errors.add("file", "The message was not sent. Choose your files again");
    }
}

/// To what the files of a message belong.
pub(super) fn belongs(message: MessageId, patient: Option<PatientId>, facility: FacilityId) -> Belongs {
    Belongs { subject: Subject::Message(message.uuid()), patient, facility: Some(facility) }
}

/// Adds the files to the message that was just written; false where one of them found no room any more: then nothing
/// may be committed. Before the commit comes `received.keep()`.
///
/// # Errors
/// Where the database refuses it.
pub(super) async fn add(ctx: &Ctx, tx: &mut Tx, to: &Belongs, received: &mut Received) -> Result<bool> {
    if !received.arrived.is_empty() {
        attach::attach(ctx, tx, to, received).await?;
    }
    Ok(received.refused.is_empty())
}

/// Puts the files beside what was said. One statement.
///
/// # Errors
/// Where the database does not answer.
pub(super) async fn beside(ctx: &Ctx, tx: &mut Tx, said: &mut [Said]) -> Result<()> {
    let messages: Vec<Uuid> = said.iter().map(|one| one.id.uuid()).collect();
    for file in attach::attached(ctx, tx, &messages).await? {
        if let Some(one) = said.iter_mut().find(|one| one.id.uuid() == file.message) {
            one.files.push(file);
        }
    }
    Ok(())
}

/// To what a file of this conversation belongs.
///
/// # Errors
/// `NotFound` where it is none, or the person does not see it.
pub(super) async fn find(ctx: &Ctx, tx: &mut Tx, thread: ThreadId, document: DocumentId) -> Result<Belongs> {
    let row: Row = one::find(tx, &ctx.actor, thread).await?.ok_or(Error::NotFound)?;
    let message = MessageId::from(attach::message_of(ctx, tx, document).await?.ok_or(Error::NotFound)?);
    one::message(tx, ctx.actor.organization, thread, message).await?.ok_or(Error::NotFound)?;
    Ok(belongs(message, row.patient_id, row.facility_id))
}
