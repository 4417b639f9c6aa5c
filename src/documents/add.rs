//! Adding documents and versions: the form is checked, the files stream in, and what arrived is kept in one transaction.

use axum::extract::{FromRequest as _, Multipart, Request};
use axum::response::Response;
use chrono::NaiveDate;
use serde_json::json;

use super::attach::{Belongs, add_all, receive};
use super::form::UploadForm;
use super::handlers::{Owner, case_page, chart_page, document_page, find_to_change, owner};
use super::model::{Category, Subject};
use super::policies;
use super::queries::{self, Document, Kept, NewDocument, NewVersion};
use super::shelf::Shelf;
use super::upload::{Arrived, Received};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action};
use crate::ids::{CaseId, DocumentId, PatientId};
use crate::patients::dates::{DateParts, Span};
use crate::web::flash::Flash;
use crate::web::form::{FormErrors, Id};
use crate::web::{Ctx, Page};

/// What to say where a case is completed, or a record deleted.
pub(super) const CLOSED: &str = "Nothing can be added here any more: the case is completed, or the record deleted.";

/// Files in one form of new documents; a new version is one.
const MANY: usize = 20;

/// `POST /cases/{id}/documents`
pub async fn to_case(ctx: Ctx, Id(id): Id<CaseId>, request: Request) -> Page {
    add(ctx, Subject::Case(id), request).await
}

/// `POST /patients/{id}/documents`
pub async fn to_patient(ctx: Ctx, Id(id): Id<PatientId>, request: Request) -> Page {
    add(ctx, Subject::Patient(id), request).await
}

/// What the fields beside the files say.
pub(super) struct Facts {
    pub category: Category,
    pub expires_on: Option<NaiveDate>,
    pub key: Option<String>,
}

/// `POST /policies`
pub async fn to_policies(ctx: Ctx, request: Request) -> Page {
    add(ctx, Subject::Policies(None), request).await
}

async fn add(ctx: Ctx, subject: Subject, request: Request) -> Page {
    // No transaction stays open while files come in: that may take an hour.
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    // Whom policies are meant for is said by the form.
    if !subject.are_policies() {
        let found = owner(&ctx, &mut tx, subject).await?;
        allowed(&ctx, &found)?;
    }
    drop(tx);
    let mut received = receive(&ctx, request, MANY).await?;
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    let mut errors = FormErrors::default();
    let subject = match subject {
        Subject::Policies(_) => policies::meant(&ctx, &mut tx, &received, &mut errors).await?,
        Subject::Case(_) | Subject::Patient(_) | Subject::Message(_) => subject,
    };
    let found = owner(&ctx, &mut tx, subject).await?;
    if errors.is_empty() {
        allowed(&ctx, &found)?;
    }
    let facts = facts(&ctx, subject, &received, &mut errors);
    if received.arrived.is_empty() && received.refused.is_empty() {
        errors.add("file", "Choose at least one file");
    }
    let mut added = Vec::new();
    if errors.is_empty() {
        added = add_all(&ctx, &mut tx, &found.belongs(), &facts, &mut received).await?;
        received.keep();
        tx.commit().await?;
        tx = ctx.app.db.begin(&ctx.actor).await?;
    }
    if errors.is_empty() && received.refused.is_empty() {
        return Ok(ctx.redirect(&subject.href(), Some(&Flash::ok(done(added.len())))));
    }
    let form = UploadForm::again(&ctx, &mut tx, &found, &received, errors, added).await?;
    match subject {
        Subject::Message(_) => Err(Error::NotFound),
        Subject::Case(_) => case_page(&ctx, tx, &found, form, None).await,
        Subject::Patient(id) => chart_page(&ctx, tx, &found, id, form, None).await,
        Subject::Policies(_) => policies::page(&ctx, tx, policies::Wanted::default(), form).await,
    }
}

fn done(count: usize) -> String {
    if count == 1 { "The document is added.".to_owned() } else { format!("{count} documents are added.") }
}

fn allowed(ctx: &Ctx, owner: &Owner) -> Result<()> {
    if !owner.subject.may_add(ctx.actor.role) {
        return Err(Error::Forbidden);
    }
    if owner.open { Ok(()) } else { Err(Error::Conflict(CLOSED.to_owned())) }
}

pub(super) async fn multipart(request: Request) -> Result<Multipart> {
    Multipart::from_request(request, &())
        .await
        .map_err(|_| Error::BadRequest("This is not a form with files. Go back and choose a file."))
}

fn facts(ctx: &Ctx, subject: Subject, received: &Received, errors: &mut FormErrors) -> Facts {
    let category = match received.field("category") {
        "" => Some(Category::usual(subject)),
        name => Category::from_name(name).filter(|category| Category::of(subject).contains(category)),
    };
    if category.is_none() {
        errors.add("category", "Choose a kind from the list");
    }
    let parts = DateParts::new(
        received.field("expires_on_day"),
        received.field("expires_on_month"),
        received.field("expires_on_year"),
    );
    let expires_on = parts.parse(ctx.today(), Span::Any).unwrap_or_else(|message| {
        errors.add("expires_on", message);
        None
    });
    Facts { category: category.unwrap_or(Category::usual(subject)), expires_on, key: key(received) }
}

pub(super) fn key(received: &Received) -> Option<String> {
    let key = received.field("idempotency_key");
    key.parse::<uuid::Uuid>().ok().map(|key| key.to_string())
}

/// Keeps one file as a new document. Sent twice, it is there once.
pub(super) async fn keep(
    ctx: &Ctx,
    tx: &mut Tx,
    to: &Belongs,
    facts: &Facts,
    file: &mut Arrived,
    refused: &mut Vec<String>,
) -> Result<bool> {
    let id = DocumentId::new();
    let document = NewDocument {
        id,
        subject: to.subject,
        title: &file.name,
        status: to.subject.begins(ctx.actor.role),
        category: facts.category.as_str(),
        expires_on: facts.expires_on,
    };
    let upload_key = facts.key.as_ref().map(|key| format!("{key}/{}", file.place));
    let version = version_of(file, None, upload_key.as_deref());
    match queries::add(tx, ctx.actor.organization, ctx.actor.user, &document, &version).await? {
        Kept::New(number) => {
            let details = json!({ "version": number, "category": facts.category.as_str() });
            events::record(tx, &ctx.by(), to.event(Action::Create, Some(id), details)).await?;
            Ok(true)
        }
        Kept::Already => Ok(false),
        Kept::NoRoom => {
            refused.push(no_room(&file.name));
            Ok(false)
        }
    }
}

fn version_of<'a>(file: &'a Arrived, note: Option<&'a str>, upload_key: Option<&'a str>) -> NewVersion<'a> {
    NewVersion { id: file.version, filename: &file.name, mime: file.kind.mime, stored: file.stored(), note, upload_key }
}

fn no_room(name: &str) -> String {
    format!("{name}: there is not enough room left for your organization's files")
}

/// `POST /documents/{id}/versions`, `POST /policies/{id}/versions`
pub async fn version(ctx: Ctx, shelf: Shelf, Id(id): Id<DocumentId>, request: Request) -> Page {
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    find_to_change(&ctx, &mut tx, shelf, id).await?;
    drop(tx);
    let mut received = receive(&ctx, request, 1).await?;
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    let (document, found) = find_to_change(&ctx, &mut tx, shelf, id).await?;
    let mut errors = FormErrors::default();
    let note = errors.line("note", received.field("note"));
    let note = (!note.is_empty()).then_some(note);
    if received.arrived.is_empty() && received.refused.is_empty() {
        errors.add("file", "Choose a file");
    }
    if errors.is_empty()
        && received.refused.is_empty()
        && let Some(mut file) = received.arrived.pop()
    {
        let upload_key = key(&received).map(|key| format!("{key}/{}", file.place));
        let version = version_of(&file, note.as_deref(), upload_key.as_deref());
        let organization = ctx.actor.organization;
        match queries::add_version(&mut tx, organization, ctx.actor.user, id, &version).await? {
            Kept::New(number) => {
                let event = found.event(Action::Update, Some(id), json!({ "version": number }));
                events::record(&mut tx, &ctx.by(), event).await?;
                file.keep();
                tx.commit().await?;
                return Ok(to_document(&ctx, &document));
            }
            Kept::Already => return Ok(to_document(&ctx, &document)),
            Kept::NoRoom => received.refused.push(no_room(&file.name)),
        }
    }
    let form = UploadForm::again(&ctx, &mut tx, &found, &received, errors, Vec::new()).await?;
    document_page(&ctx, tx, document, &found, form).await
}

fn to_document(ctx: &Ctx, document: &Document) -> Response {
    ctx.redirect(&document.href(), Some(&Flash::ok("The new version is added.")))
}
