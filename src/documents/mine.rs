//! What staff shared with a patient, in the portal.

use axum::http::{HeaderMap, StatusCode};
use serde_json::json;

use super::download;
use super::handlers::{PAGE, RawPage};
use super::pages::MyDocuments;
use super::preview;
use super::queries::{self, Document, Version};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::DocumentId;
use crate::web::form::{Id, Query};
use crate::web::nav::Area;
use crate::web::whom::{self, Scope, Whom};
use crate::web::{Ctx, Page};

/// `GET /my/documents`
pub async fn index(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawPage>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Documents).await?;
    let after = raw.after.parse().ok();
    let mut documents = queries::shared(&mut tx, ctx.actor.organization, own.patient, after, PAGE + 1).await?;
    let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let more = documents.len() > most;
    documents.truncate(most);
    let older = documents.last().filter(|_| more).map(|last| format!("/my/documents?after={}", last.id));
    let event = event(&own, Action::View, None, json!({ "page": "portal documents" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let shell = ctx.shell(&mut tx, "Documents", Area::MyHome).await?;
    tx.commit().await?;
    let later = !raw.after.is_empty();
    ctx.whole_page(StatusCode::OK, &MyDocuments { shell, own, documents, older, later, today: ctx.today() })
}

/// `GET /my/documents/{id}/file`: saves it.
pub async fn file(ctx: Ctx, mut tx: Tx, Id(id): Id<DocumentId>, headers: HeaderMap) -> Page {
    let (own, version) = newest(&ctx, &mut tx, id).await?;
    download::send(&ctx, tx, &version, |details| event(&own, Action::Export, Some(id), details), &headers).await
}

/// `GET /my/documents/{id}/preview`: shows it, where it can be shown.
pub async fn look(ctx: Ctx, mut tx: Tx, Id(id): Id<DocumentId>) -> Page {
    let (own, version) = newest(&ctx, &mut tx, id).await?;
    preview::show(&ctx, tx, version, |details| event(&own, Action::View, Some(id), details)).await
}

/// The newest version of a document that is shared with the patient whose pages these are.
async fn newest(ctx: &Ctx, tx: &mut Tx, id: DocumentId) -> Result<(Whom, Version)> {
    let own = whom::current_for(tx, &ctx.actor, Scope::Documents).await?;
    let document = queries::one(tx, ctx.actor.organization, id).await?.ok_or(Error::NotFound)?;
    if document.patient != Some(own.patient) || document.shared_at.is_none() || document.is_archived() {
        return Err(Error::NotFound);
    }
    let version = download::version_of(ctx, tx, id, document.version_id).await?;
    Ok((own, version))
}

fn event(own: &Whom, action: Action, document: Option<DocumentId>, details: serde_json::Value) -> Event {
    let event = Event::new(action, "document").about(Some(own.patient)).at(Some(own.facility_id)).with(details);
    match document {
        Some(id) => event.of(id),
        None => event,
    }
}

impl Document {
    /// The address at which the patient saves it.
    pub fn my_file(&self) -> String {
        format!("/my/documents/{}/file", self.id)
    }

    /// The address at which the patient looks at it; none where it can only be saved.
    pub fn my_look(&self) -> Option<String> {
        preview::look_at(&self.mime, self.size).map(|_| format!("/my/documents/{}/preview", self.id))
    }
}
