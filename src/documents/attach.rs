//! Files of other slices: what comes with a form of theirs, is attached to what they have written, and goes out again
//! by a route of theirs.
//!
//! A slice that wants attachments
//!
//! 1. opens its bucket in a migration: `CALL kit.document_bucket('MESSAGE_FILES', '…who sees…', '…who adds…')`,
//! 2. takes its form with [`receive`], in a route made with `Routes::upload(path, permission, REQUEST_BYTES, handler)`,
//!    before it begins its transaction: no transaction stays open while files come in,
//! 3. writes its own row, calls [`attach`], and [`Received::keep`] just before it commits. Where it does not get as far
//!    as that, the files are gone again,
//! 4. lists them with [`attached`], and sends one with [`send`], or shows a picture with [`show`], from GET routes of its
//!    own, which say who may.
//!
//! The template of its form is an ordinary one: `enctype="multipart/form-data"`, `{{ form::idempotency(key) }}`, and
//! `<input type="file" name="file" multiple>` with [`accept`] and `data-upload` for the progress bar (`js/upload.js`).

use axum::extract::Request;
use axum::http::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use super::add::{Facts, keep, key, multipart};
use super::download;
use super::model::{Category, Subject};
use super::preview::{self, Look};
use super::queries;
use super::upload::{self, Received};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{Action, Event};
use crate::ids::{CaseId, DocumentId, FacilityId, PatientId};
use crate::web::{Ctx, Page};

pub use super::kind::accept;
pub use queries::Attached;

/// What a file belongs to, and whose it is: goes into every audit event.
#[derive(Clone, Copy, Debug)]
pub struct Belongs {
    /// What it belongs to.
    pub subject: Subject,
    /// The patient concerned.
    pub patient: Option<PatientId>,
    /// Where.
    pub facility: Option<FacilityId>,
}

impl Belongs {
    /// `action` on a document that belongs here. The case is among the details, for its time line.
    pub(super) fn event(&self, action: Action, document: Option<DocumentId>, details: Value) -> Event {
        let mut all = json!({ "case_id": self.subject.case().map(CaseId::uuid) });
        if let (Some(all), Value::Object(details)) = (all.as_object_mut(), details) {
            all.extend(details);
            all.retain(|_, value| !value.is_null());
        }
        let event = Event::new(action, "document").about(self.patient).at(self.facility).with(all);
        match document {
            Some(id) => event.of(id),
            None => event,
        }
    }
}

/// Takes in a form with at most `most` files. Say before whether the person may send it at all.
///
/// # Errors
/// Where it is no such form, does not arrive whole, the session ends meanwhile, or the store fails.
pub async fn receive(ctx: &Ctx, request: Request, most: usize) -> Result<Received> {
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    let room = queries::room(&mut tx, ctx.actor.organization).await?;
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    drop(tx);
    upload::receive(ctx, keys, multipart(request).await?, room, most).await
}

/// Attaches the files that arrived, and gives their names. What is refused only now (there is no room any more) joins
/// `received.refused`. Two statements and an audit event a file.
///
/// # Errors
/// Where the policies of the bucket do not let the person add there, or the database does not answer.
pub async fn attach(ctx: &Ctx, tx: &mut Tx, to: &Belongs, received: &mut Received) -> Result<Vec<String>> {
    let facts = Facts { category: Category::Other, expires_on: None, key: key(received) };
    add_all(ctx, tx, to, &facts, received).await
}

/// Keeps each file as a document of its own.
pub(super) async fn add_all(
    ctx: &Ctx,
    tx: &mut Tx,
    to: &Belongs,
    facts: &Facts,
    received: &mut Received,
) -> Result<Vec<String>> {
    let mut added = Vec::new();
    for mut file in std::mem::take(&mut received.arrived) {
        if keep(ctx, tx, to, facts, &mut file, &mut received.refused).await? {
            added.push(file.name.clone());
            received.written.push(file);
        }
    }
    Ok(added)
}

/// The files of these messages, for a page that lists them. One statement.
///
/// # Errors
/// Where the database does not answer.
pub async fn attached(ctx: &Ctx, tx: &mut Tx, messages: &[Uuid]) -> Result<Vec<Attached>> {
    queries::attached(tx, ctx.actor.organization, messages).await
}

/// Sends a file that belongs to `to`, as an attachment and in parts where it is asked for so. The download goes into
/// the audit.
///
/// # Errors
/// `NotFound` where there is no such document there.
pub async fn send(ctx: &Ctx, mut tx: Tx, to: &Belongs, document: DocumentId, headers: &HeaderMap) -> Page {
    let found = queries::one_of(&mut tx, ctx.actor.organization, to.subject, document).await?;
    let version = download::version_of(ctx, &mut tx, document, found.ok_or(Error::NotFound)?).await?;
    download::send(ctx, tx, &version, |details| to.event(Action::Export, Some(document), details), headers).await
}

/// Shows a file that belongs to `to`, where it is one that can be looked at: pictures are drawn anew. The view goes into
/// the audit.
///
/// # Errors
/// `NotFound` where there is no such document there, or it can only be saved.
pub async fn show(ctx: &Ctx, mut tx: Tx, to: &Belongs, document: DocumentId) -> Page {
    let found = queries::one_of(&mut tx, ctx.actor.organization, to.subject, document).await?;
    let version = download::version_of(ctx, &mut tx, document, found.ok_or(Error::NotFound)?).await?;
    preview::show(ctx, tx, version, |details| to.event(Action::View, Some(document), details)).await
}

/// The message that a file came with; none where there is no such file, or the person does not see it.
///
/// # Errors
/// Where the database does not answer.
pub async fn message_of(ctx: &Ctx, tx: &mut Tx, document: DocumentId) -> Result<Option<Uuid>> {
    queries::message_of(tx, ctx.actor.organization, document).await
}

impl Attached {
    /// `PDF, 212 kB`
    #[must_use]
    pub fn what(&self) -> String {
        super::pages::what(&self.mime, self.size)
    }

    /// Whether it can be shown as a picture.
    #[must_use]
    pub fn is_picture(&self) -> bool {
        preview::look_at(&self.mime, self.size) == Some(Look::Picture)
    }

    /// The picture beside its name.
    #[must_use]
    pub fn icon(&self) -> &'static str {
        super::kind::by_mime(&self.mime).map_or("file-text", super::kind::Kind::icon)
    }
}
