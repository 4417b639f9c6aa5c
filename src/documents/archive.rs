//! The end of a document: out of the way, for a reason, and still readable.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::edit::{STALE, version};
use super::handlers::{Owner, find_to_change};
use super::pages::ArchivePage;
use super::queries::{self, Document};
use super::shelf::Shelf;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, StatusChange};
use crate::ids::DocumentId;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::{Ctx, Page};

/// What the form of archiving brings.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RawArchive {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    row_version: String,
}

/// `GET /documents/{id}/archive`, `GET /policies/{id}/archive`: asks for the reason.
pub async fn ask(ctx: Ctx, mut tx: Tx, shelf: Shelf, Id(id): Id<DocumentId>) -> Page {
    let (document, owner) = find_to_change(&ctx, &mut tx, shelf, id).await?;
    let row_version = document.row_version.to_string();
    page(&ctx, tx, document, &owner, RawArchive { row_version, ..RawArchive::default() }, FormErrors::default()).await
}

/// `POST /documents/{id}/archive`: out of the way, for a reason, and still readable.
pub async fn archive(ctx: Ctx, mut tx: Tx, shelf: Shelf, Id(id): Id<DocumentId>, Form(raw): Form<RawArchive>) -> Page {
    let (document, owner) = find_to_change(&ctx, &mut tx, shelf, id).await?;
    let mut errors = FormErrors::default();
    let reason = errors.text("reason", &raw.reason);
    if reason.is_empty() {
        errors.add("reason", "Say why the document is archived");
    } else if reason.chars().count() > 2000 {
        errors.add("reason", "Use 2,000 characters or fewer");
    }
    if !errors.is_empty() {
        return page(&ctx, tx, document, &owner, raw, errors).await;
    }
    if !queries::archive(&mut tx, ctx.actor.organization, id, version(&raw.row_version)?, &reason).await? {
        return Err(Error::Conflict(STALE.to_owned()));
    }
    let change = StatusChange {
        subject: "document",
        id: id.uuid(),
        from: Some(&document.status),
        to: "ARCHIVED",
        reason: Some(&reason),
        patient: owner.patient,
        facility: owner.facility,
    };
    events::status_change(&mut tx, &ctx.by(), &change).await?;
    let details = json!({ "from": document.status, "to": "ARCHIVED" });
    events::record(&mut tx, &ctx.by(), owner.event(Action::StatusChanged, Some(id), details)).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&owner.subject.href(), Some(&Flash::ok("The document is archived."))))
}

async fn page(
    ctx: &Ctx,
    mut tx: Tx,
    document: Document,
    owner: &Owner,
    raw: RawArchive,
    errors: FormErrors,
) -> Result<Response> {
    let event = owner.event(Action::View, Some(document.id), json!({ "page": "archive" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let shell = ctx.shell(&mut tx, "Archive a document", owner.area()).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = ArchivePage {
        shell,
        document,
        back: owner.label.clone(),
        back_href: owner.subject.href(),
        reason: raw.reason,
        row_version: raw.row_version,
        errors,
    };
    ctx.whole_page(status, &page)
}
