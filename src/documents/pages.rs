//! The pages of documents.

use askama::Template;
use chrono::NaiveDate;

use super::form::UploadForm;
use super::handlers::{Owner, PAGE};
use super::kind;
use super::model::{Category, DRAFT};
use super::preview::{self, Look};
use super::queries::{self, Document, Version};
use crate::access::Permission;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::DocumentId;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Choice, Tab};
use crate::web::whom::Whom;
use crate::web::{Ctx, filters, format};

/// Days before its last one from which a document is marked.
pub(super) const SOON: i64 = 30;

/// Documents, the newest first.
#[derive(Debug)]
pub struct List {
    /// The documents.
    pub documents: Vec<Document>,
    /// Where older ones are.
    pub older: Option<String>,
    /// What to say where there is none, and what leads to more.
    pub words: (&'static str, &'static str),
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
        let documents = queries::list(tx, ctx.actor.organization, owner.subject, after, PAGE + 1).await?;
        let words = ("No documents yet", "Older documents");
        Ok(Self::of(ctx, documents, &format!("{}?after=", owner.subject.href()), words))
    }

    /// A page of documents, of which one more than it holds were asked for; `further` and the last id is where it goes on.
    pub(super) fn of(
        ctx: &Ctx,
        mut documents: Vec<Document>,
        further: &str,
        words: (&'static str, &'static str),
    ) -> Self {
        let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let more = documents.len() > most;
        documents.truncate(most);
        let older = documents.last().filter(|_| more).map(|last| format!("{further}{}", last.id));
        Self { documents, older, words, today: ctx.today(), now: ctx.now(), zone: ctx.actor.zone }
    }
}

impl Document {
    /// Whether it is a policy of the organization or of a facility.
    pub fn is_policy(&self) -> bool {
        self.bucket == "POLICY_FILES"
    }

    /// Whom a policy is for.
    pub fn reach(&self) -> &str {
        self.place.as_deref().unwrap_or("Whole organization")
    }

    /// What the day is called, until which it is good or by which it is looked at again.
    pub fn day_label(&self) -> &'static str {
        if self.is_policy() { "Review" } else { "Validity" }
    }

    /// The address of its page.
    pub fn href(&self) -> String {
        format!("/{}/{}", if self.is_policy() { "policies" } else { "documents" }, self.id)
    }

    /// The address of its newest file.
    pub fn file(&self) -> String {
        format!("{}/versions/{}/file", self.href(), self.version_id)
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

    /// Whether it is a policy that is not in force yet.
    pub fn is_draft(&self) -> bool {
        self.status == DRAFT
    }

    /// Whether it is archived.
    pub fn is_archived(&self) -> bool {
        self.status == "ARCHIVED"
    }

    /// Tone and words about its last day, or the day of its review: past, or within a month.
    pub fn expiry(&self, today: &NaiveDate) -> Option<(&'static str, String)> {
        let day = self.expires_on?;
        let words = format::date(day);
        let (past, ahead) = if self.is_policy() { ("Review was due", "Review by") } else { ("Expired", "Expires") };
        Some(match (day - *today).num_days() {
            ..0 => ("crit", format!("{past} {words}")),
            0..SOON => ("warn", format!("{ahead} {words}")),
            SOON.. => ("", format!("{ahead} {words}")),
        })
    }
}

impl Version {
    /// The address of the file.
    pub fn file(&self, document: &Document) -> String {
        format!("{}/versions/{}/file", document.href(), self.id)
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
    /// Whether this person may put it in force.
    pub may_publish: bool,
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
            Some(format!("{}/versions/{}/preview", document.href(), newest.id))
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
            may_add: owner.may_add(ctx)
                && !document.is_archived()
                && owner.subject.may_change(ctx.actor.role, &document.status),
            may_publish: document.is_draft() && ctx.actor.may(Permission::PublishPolicies),
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
    /// What the day is called, and what it is.
    pub last_day: (&'static str, &'static str),
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
