//! What is said of a document, changed; and whether the patient may read it.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::form::{categories, day};
use super::handlers::{Owner, find_to_change};
use super::model::{Category, Subject};
use super::pages::EditPage;
use super::queries::{self, Document};
use super::shelf::Shelf;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action};
use crate::ids::DocumentId;
use crate::patients::dates::{DateParts, Span};
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::{Ctx, Page};

/// The longest title; the schema says the same.
const TITLE: usize = 255;

/// What to say to who comes second.
pub(super) const STALE: &str = "The document changed while you were looking at it. Look again.";

/// What the form of a document brings.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RawDocument {
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) expires_on_day: String,
    #[serde(default)]
    pub(super) expires_on_month: String,
    #[serde(default)]
    pub(super) expires_on_year: String,
    #[serde(default)]
    pub(super) row_version: String,
}

impl RawDocument {
    fn of(document: &Document) -> Self {
        let date = DateParts::of(document.expires_on);
        Self {
            title: document.title.clone(),
            category: document.category.clone(),
            expires_on_day: date.day,
            expires_on_month: date.month,
            expires_on_year: date.year,
            row_version: document.row_version.to_string(),
        }
    }
}

/// `GET /documents/{id}/edit`
pub async fn ask(ctx: Ctx, mut tx: Tx, shelf: Shelf, Id(id): Id<DocumentId>) -> Page {
    let (document, owner) = find_to_change(&ctx, &mut tx, shelf, id).await?;
    let raw = RawDocument::of(&document);
    page(&ctx, tx, document, &owner, raw, FormErrors::default()).await
}

/// `POST /documents/{id}/edit`: title, kind and last day. The files stay as they are.
pub async fn save(ctx: Ctx, mut tx: Tx, shelf: Shelf, Id(id): Id<DocumentId>, Form(raw): Form<RawDocument>) -> Page {
    let (document, owner) = find_to_change(&ctx, &mut tx, shelf, id).await?;
    let mut errors = FormErrors::default();
    let title = errors.line("title", &raw.title);
    if title.is_empty() {
        errors.add("title", "Say what the document is called");
    } else if title.chars().count() > TITLE {
        errors.add("title", "Use 255 characters or fewer");
    }
    let known = Category::of(owner.subject);
    let category = Category::from_name(&raw.category).filter(|category| known.contains(category));
    if category.is_none() {
        errors.add("category", "Choose a kind from the list");
    }
    let parts = DateParts::new(&raw.expires_on_day, &raw.expires_on_month, &raw.expires_on_year);
    let expires_on = parts.parse(ctx.today(), Span::Any).unwrap_or_else(|message| {
        errors.add("expires_on", message);
        None
    });
    let Some(category) = category.filter(|_| errors.is_empty()) else {
        return page(&ctx, tx, document, &owner, raw, errors).await;
    };
    let words = (title.as_str(), category.as_str(), expires_on);
    if !queries::describe(&mut tx, ctx.actor.organization, id, version(&raw.row_version)?, words).await? {
        return Err(Error::Conflict(STALE.to_owned()));
    }
    // A title may name people: which fields changed is enough.
    let changed: Vec<&str> = [
        ("title", document.title != title),
        ("category", document.category != category.as_str()),
        ("expires_on", document.expires_on != expires_on),
    ]
    .into_iter()
    .filter_map(|(field, changed)| changed.then_some(field))
    .collect();
    events::record(&mut tx, &ctx.by(), owner.event(Action::Update, Some(id), json!({ "fields": changed }))).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&document.href(), Some(&Flash::ok("The document is changed."))))
}

async fn page(
    ctx: &Ctx,
    mut tx: Tx,
    document: Document,
    owner: &Owner,
    raw: RawDocument,
    errors: FormErrors,
) -> Result<Response> {
    let event = owner.event(Action::View, Some(document.id), json!({ "page": "edit" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let shell = ctx.shell(&mut tx, "Change a document", owner.area()).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = EditPage {
        shell,
        back: document.href(),
        name: document.title,
        categories: categories(owner.subject, &raw.category),
        last_day: day(owner.subject),
        title: raw.title,
        expires: [raw.expires_on_day, raw.expires_on_month, raw.expires_on_year],
        row_version: raw.row_version,
        errors,
    };
    ctx.whole_page(status, &page)
}

/// What the buttons beside a document bring.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RawShare {
    #[serde(default)]
    shared: String,
    #[serde(default)]
    row_version: String,
}

/// `POST /documents/{id}/share`: with the patient, or no longer.
pub async fn share(ctx: Ctx, mut tx: Tx, Id(id): Id<DocumentId>, Form(raw): Form<RawShare>) -> Page {
    let (document, owner) = find_to_change(&ctx, &mut tx, Shelf::Records, id).await?;
    if !matches!(owner.subject, Subject::Patient(_)) {
        return Err(Error::NotFound);
    }
    let shared = match raw.shared.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Error::BadRequest("The form is not whole. Reload the page.")),
    };
    let said =
        if shared { "The patient can read it in the portal now." } else { "The patient cannot read it any more." };
    if document.shared_at.is_some() != shared {
        if !queries::share(&mut tx, ctx.actor.organization, id, version(&raw.row_version)?, shared).await? {
            return Err(Error::Conflict(STALE.to_owned()));
        }
        let event = owner.event(Action::Update, Some(id), json!({ "shared_with_patient": shared }));
        events::record(&mut tx, &ctx.by(), event).await?;
        tx.commit().await?;
    }
    Ok(ctx.redirect(&document.href(), Some(&Flash::ok(said))))
}

/// The version of a row, as a form brings it.
pub(super) fn version(text: &str) -> Result<i64> {
    text.parse().map_err(|_| Error::BadRequest("The form is not whole. Reload the page."))
}
