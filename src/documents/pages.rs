//! The pages of documents.

use askama::Template;
use axum::http::StatusCode;
use chrono::NaiveDate;

use super::handlers::{Owner, PAGE};
use super::kind::{self, accept};
use super::model::{Category, FILE_BYTES};
use super::preview::{self, Look};
use super::queries::{self, Document, Version};
use super::upload::Received;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::DocumentId;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Choice, Tab};
use crate::web::whom::Whom;
use crate::web::{Ctx, filters, format};

/// The form that brings files, and what became of it when it comes back.
#[derive(Debug)]
pub struct UploadForm {
    /// So that a double click acts once.
    pub key: String,
    /// The kinds to choose from.
    pub categories: Vec<Choice>,
    /// Day, month and year, as typed.
    pub expires: [String; 3],
    /// What is new, as typed.
    pub note: String,
    /// What is wrong.
    pub errors: FormErrors,
    /// Files that were refused, with the reasons.
    pub refused: Vec<String>,
    /// Files that were added all the same.
    pub added: Vec<String>,
    /// The endings that are taken.
    pub accept: String,
    /// The largest file, in bytes, for the script.
    pub most: u64,
    /// What the field says about sizes.
    pub hint: String,
}

impl UploadForm {
    /// The empty form.
    pub(super) async fn new(ctx: &Ctx, tx: &mut Tx, _: &Owner) -> Result<Self> {
        let room = queries::room(tx, ctx.actor.organization).await?;
        Ok(Self {
            key: crate::ids::new_uuid().to_string(),
            categories: categories(""),
            expires: Default::default(),
            note: String::new(),
            errors: FormErrors::default(),
            refused: Vec::new(),
            added: Vec::new(),
            accept: accept(),
            most: FILE_BYTES,
            hint: hint(room),
        })
    }

    /// The form as it came, with what is wrong.
    pub(super) async fn again(
        ctx: &Ctx,
        tx: &mut Tx,
        owner: &Owner,
        received: &Received,
        errors: FormErrors,
        added: Vec<String>,
    ) -> Result<Self> {
        let field = |name| received.field(name).to_owned();
        Ok(Self {
            categories: categories(received.field("category")),
            expires: [field("expires_on_day"), field("expires_on_month"), field("expires_on_year")],
            note: field("note"),
            errors,
            refused: received.refused.clone(),
            added,
            ..Self::new(ctx, tx, owner).await?
        })
    }

    /// Whether anything is wrong.
    pub fn is_wrong(&self) -> bool {
        !self.errors.is_empty() || !self.refused.is_empty()
    }

    /// The status of a page with this form.
    pub fn status(&self) -> StatusCode {
        if self.is_wrong() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
    }

    /// Field and message, for the summary.
    pub fn problems(&self) -> Vec<(&str, &str)> {
        let files = self.refused.iter().map(|why| ("file", why.as_str()));
        self.errors.iter().chain(files).collect()
    }

    /// What is wrong with the files, beside their field.
    pub fn file_error(&self) -> Option<String> {
        let lines = self.errors.get("file").into_iter().chain(self.refused.iter().map(String::as_str));
        let all = lines.collect::<Vec<_>>().join(". ");
        (!all.is_empty()).then_some(all)
    }
}

pub(super) fn categories(chosen: &str) -> Vec<Choice> {
    let chosen = if chosen.is_empty() { Category::Other.as_str() } else { chosen };
    let choice = |category: Category| Choice::new(category.as_str(), category.label(), category.as_str() == chosen);
    Category::ALL.into_iter().map(choice).collect()
}

/// Says how little room there is only where there is little.
fn hint(room: u64) -> String {
    const LITTLE: u64 = 20 * FILE_BYTES;
    let each = "PDF, pictures, office documents, text, CSV, sound or video. Up to 100 MB each.";
    if room < LITTLE {
        format!("{each} Your organization has room for {} more.", format::file_size(room))
    } else {
        each.to_owned()
    }
}

/// Documents, the newest first.
#[derive(Debug)]
pub struct List {
    /// The documents.
    pub documents: Vec<Document>,
    /// Where older ones are.
    pub older: Option<String>,
    /// Today, where the person is.
    pub today: NaiveDate,
    /// The present moment.
    pub now: Timestamp,
    /// For moments.
    pub zone: chrono_tz::Tz,
}

impl List {
    /// One page of the documents of a case or patient.
    pub(super) async fn load(ctx: &Ctx, tx: &mut Tx, owner: &Owner, after: Option<DocumentId>) -> Result<Self> {
        let mut documents = queries::list(tx, ctx.actor.organization, owner.subject, after, PAGE + 1).await?;
        let more = documents.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
        documents.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
        let older = documents.last().filter(|_| more).map(|last| format!("{}?after={}", owner.subject.href(), last.id));
        Ok(Self { documents, older, today: ctx.today(), now: ctx.now(), zone: ctx.actor.zone })
    }
}

impl Document {
    /// The address of its page.
    pub fn href(&self) -> String {
        format!("/documents/{}", self.id)
    }

    /// The address of its newest file.
    pub fn file(&self) -> String {
        format!("/documents/{}/versions/{}/file", self.id, self.version_id)
    }

    /// The picture beside its name.
    pub fn icon(&self) -> &'static str {
        kind::by_mime(&self.mime).map_or("file-text", kind::Kind::icon)
    }

    /// `PDF, 212 kB`
    pub fn what(&self) -> String {
        what(&self.mime, self.size)
    }

    /// What kind of document it is.
    pub fn category_label(&self) -> &'static str {
        Category::from_name(&self.category).map_or("Other", Category::label)
    }

    /// Whether it is archived.
    pub fn is_archived(&self) -> bool {
        self.status == "ARCHIVED"
    }

    /// Tone and words about its last day: past, or within a month.
    pub fn expiry(&self, today: &NaiveDate) -> Option<(&'static str, String)> {
        let day = self.expires_on?;
        let words = format::date(day);
        Some(match (day - *today).num_days() {
            ..0 => ("crit", format!("Expired {words}")),
            0..30 => ("warn", format!("Expires {words}")),
            30.. => ("", format!("Expires {words}")),
        })
    }
}

impl Version {
    /// The address of the file.
    pub fn file(&self, document: &DocumentId) -> String {
        format!("/documents/{document}/versions/{}/file", self.id)
    }

    /// `PDF, 212 kB`
    pub fn what(&self) -> String {
        what(&self.mime, self.size)
    }
}

pub(super) fn what(mime: &str, size: i64) -> String {
    let label = kind::by_mime(mime).map_or("File", |kind| kind.label);
    format!("{label}, {}", format::file_size(u64::try_from(size).unwrap_or(0)))
}

/// `GET /cases/{id}/documents`
#[derive(Debug, Template)]
#[template(path = "documents/case.html")]
pub struct CaseDocuments {
    /// The frame.
    pub shell: Shell,
    /// `CASE-2041`
    pub label: String,
    /// The case.
    pub back: String,
    /// Whether nothing can be added any more.
    pub closed: bool,
    /// The documents.
    pub list: List,
    /// The form.
    pub form: UploadForm,
    /// Whether the form is offered.
    pub may_add: bool,
}

/// `GET /patients/{id}/documents`
#[derive(Debug, Template)]
#[template(path = "documents/chart.html")]
pub struct ChartDocuments {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// The sections of the chart.
    pub sections: Vec<Tab>,
    /// The documents.
    pub list: List,
    /// The form.
    pub form: UploadForm,
    /// Whether the form is offered.
    pub may_add: bool,
}

/// `GET /documents/{id}`
#[derive(Debug, Template)]
#[template(path = "documents/show.html")]
pub struct DocumentPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about, where it is one of a chart.
    pub banner: Option<Banner>,
    /// The document.
    pub document: Document,
    /// Its versions, the newest first.
    pub versions: Vec<Version>,
    /// `CASE-2041`
    pub label: String,
    /// What it belongs to.
    pub owner: String,
    /// The list it is in.
    pub list: String,
    /// The address of a picture of the newest version, where there is one.
    pub picture: Option<String>,
    /// The address at which a browser's reader shows it.
    pub reader: Option<String>,
    /// The form for a new version.
    pub form: UploadForm,
    /// Whether it may be changed by this person, now.
    pub may_add: bool,
    /// Today.
    pub today: NaiveDate,
    /// Whether it is one of a chart, which can be shared with the patient.
    pub of_chart: bool,
}

impl DocumentPage {
    /// The page.
    pub(super) fn new(
        ctx: &Ctx,
        (shell, banner): (Shell, Option<Banner>),
        document: Document,
        versions: Vec<Version>,
        owner: &Owner,
        form: UploadForm,
    ) -> Self {
        let look = versions.first().and_then(preview::look);
        let shown = |wanted| {
            let newest = versions.first().filter(|_| look == Some(wanted))?;
            Some(format!("/documents/{}/versions/{}/preview", document.id, newest.id))
        };
        Self {
            shell,
            banner,
            label: owner.label.clone(),
            owner: owner.href.clone(),
            list: owner.subject.href(),
            picture: shown(Look::Picture),
            reader: shown(Look::Reader),
            form,
            may_add: owner.may_add(ctx) && !document.is_archived(),
            today: ctx.today(),
            of_chart: document.patient.is_some(),
            document,
            versions,
        }
    }
}

/// `GET /documents/{id}/edit`
#[derive(Debug, Template)]
#[template(path = "documents/edit.html")]
pub struct EditPage {
    /// The frame.
    pub shell: Shell,
    /// The document.
    pub back: String,
    /// What it is called now.
    pub name: String,
    /// What it shall be called, as typed.
    pub title: String,
    /// The kinds to choose from.
    pub categories: Vec<Choice>,
    /// Day, month and year, as typed.
    pub expires: [String; 3],
    /// The version the form was filled from.
    pub row_version: String,
    /// What is wrong.
    pub errors: FormErrors,
}

/// `GET /my/documents`
#[derive(Debug, Template)]
#[template(path = "documents/my/index.html")]
pub struct MyDocuments {
    /// The frame.
    pub shell: Shell,
    /// Whose documents they are.
    pub own: Whom,
    /// The documents.
    pub documents: Vec<Document>,
    /// Where older ones are.
    pub older: Option<String>,
    /// Whether this is not the first page.
    pub later: bool,
    /// Today.
    pub today: NaiveDate,
}

/// `GET /documents/{id}/archive`
#[derive(Debug, Template)]
#[template(path = "documents/archive.html")]
pub struct ArchivePage {
    /// The frame.
    pub shell: Shell,
    /// The document.
    pub document: Document,
    /// `CASE-2041`
    pub back: String,
    /// The list it is in.
    pub back_href: String,
    /// The reason, as typed.
    pub reason: String,
    /// The version the form was filled from.
    pub row_version: String,
    /// What is wrong.
    pub errors: FormErrors,
}
