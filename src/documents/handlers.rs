//! Lists of documents, and one document.

use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::attach::Belongs;
use super::form::UploadForm;
use super::model::Subject;
use super::pages::{CaseDocuments, ChartDocuments, DocumentPage, List};
use super::queries::{self, Document};
use super::shelf::Shelf;
use crate::cases::{self, model::CaseStatus};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{CaseId, DocumentId, FacilityId, PatientId};
use crate::patients::record;
use crate::web::form::{Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// Documents on one page of a list.
pub(super) const PAGE: i64 = 50;

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct RawPage {
    #[serde(default)]
    pub(super) after: String,
}

/// What a document belongs to, as far as the person may see it.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub subject: Subject,
    /// The patient concerned: goes into every audit event.
    pub patient: Option<PatientId>,
    pub facility: Option<FacilityId>,
    /// `CASE-2041`, or "Chart".
    pub label: String,
    /// Where one goes back to.
    pub href: String,
    /// Whether anything can be added now, whoever asks.
    pub open: bool,
}

/// What a document of the case or patient belongs to. Not visible is not found.
pub(super) async fn owner(ctx: &Ctx, tx: &mut Tx, subject: Subject) -> Result<Owner> {
    match subject {
        Subject::Case(id) => {
            let head = cases::head(tx, ctx.actor.organization, id).await?;
            Ok(Owner {
                subject,
                patient: head.patient,
                facility: head.facility,
                label: head.reference(),
                href: format!("/cases/{id}"),
                open: head.status != CaseStatus::Completed,
            })
        }
        Subject::Patient(id) => {
            let (facility, open) = queries::chart(tx, ctx.actor.organization, id).await?.ok_or(Error::NotFound)?;
            Ok(Owner {
                subject,
                patient: Some(id),
                facility: Some(facility),
                label: "Chart".to_owned(),
                href: format!("/patients/{id}"),
                open,
            })
        }
        Subject::Policies(facility) => Ok(Owner {
            subject,
            patient: None,
            facility,
            label: "Policies".to_owned(),
            href: "/policies".to_owned(),
            open: true,
        }),
        // Conversations show theirs themselves.
        Subject::Message(_) => Err(Error::NotFound),
    }
}

impl Owner {
    /// Whether this person may add here now.
    pub fn may_add(&self, ctx: &Ctx) -> bool {
        self.open && self.subject.may_add(ctx.actor.role)
    }

    /// The part of the portal that it is in.
    pub(super) fn area(&self) -> Area {
        match self.subject {
            Subject::Case(_) => Area::Cases,
            Subject::Policies(_) => Area::Policies,
            Subject::Patient(_) | Subject::Message(_) => Area::Patients,
        }
    }

    /// The same as other slices say it.
    pub fn belongs(&self) -> Belongs {
        Belongs { subject: self.subject, patient: self.patient, facility: self.facility }
    }

    /// `action` on a document that belongs here.
    pub fn event(&self, action: Action, document: Option<DocumentId>, details: serde_json::Value) -> Event {
        self.belongs().event(action, document, details)
    }
}

/// The subject of a stored document.
pub(super) fn subject_of(document: &Document) -> Result<Subject> {
    match (document.case, document.patient) {
        (Some(case), _) => Ok(Subject::Case(case)),
        (None, Some(patient)) => Ok(Subject::Patient(patient)),
        (None, None) if document.is_policy() => Ok(Subject::Policies(document.facility)),
        // Buckets that have no pages yet.
        (None, None) => Err(Error::NotFound),
    }
}

/// `GET /cases/{id}/documents`
pub async fn of_case(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>, Query(raw): Query<RawPage>) -> Page {
    let owner = owner(&ctx, &mut tx, Subject::Case(id)).await?;
    let form = UploadForm::new(&ctx, &mut tx, &owner).await?;
    case_page(&ctx, tx, &owner, form, raw.after.parse().ok()).await
}

pub(super) async fn case_page(
    ctx: &Ctx,
    mut tx: Tx,
    owner: &Owner,
    form: UploadForm,
    after: Option<DocumentId>,
) -> Result<Response> {
    let list = List::load(ctx, &mut tx, owner, after).await?;
    events::record(&mut tx, &ctx.by(), owner.event(Action::View, None, json!({ "page": "documents" }))).await?;
    let shell = ctx.shell(&mut tx, format!("Documents – {}", owner.label), Area::Cases).await?;
    tx.commit().await?;
    let status = form.status();
    let may_add = owner.may_add(ctx);
    let page = CaseDocuments {
        shell,
        label: owner.label.clone(),
        back: owner.href.clone(),
        closed: !owner.open,
        list,
        form,
        may_add,
    };
    ctx.whole_page(status, &page)
}

/// `GET /patients/{id}/documents`
pub async fn of_patient(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Query(raw): Query<RawPage>) -> Page {
    let owner = owner(&ctx, &mut tx, Subject::Patient(id)).await?;
    let form = UploadForm::new(&ctx, &mut tx, &owner).await?;
    chart_page(&ctx, tx, &owner, id, form, raw.after.parse().ok()).await
}

pub(super) async fn chart_page(
    ctx: &Ctx,
    mut tx: Tx,
    owner: &Owner,
    id: PatientId,
    form: UploadForm,
    after: Option<DocumentId>,
) -> Result<Response> {
    let record = record::open(ctx, &mut tx, id, Action::View, "documents").await?;
    let list = List::load(ctx, &mut tx, owner, after).await?;
    let shell = record.shell(ctx, &mut tx, "documents").await?;
    tx.commit().await?;
    let status = form.status();
    let page = ChartDocuments {
        shell,
        banner: record.banner(ctx),
        sections: record.sections(ctx, "documents"),
        list,
        form,
        may_add: owner.may_add(ctx),
    };
    ctx.whole_page(status, &page)
}

/// The document and what it belongs to. Not visible is not found, and neither is what these pages are not for.
pub(super) async fn find(ctx: &Ctx, tx: &mut Tx, shelf: Shelf, id: DocumentId) -> Result<(Document, Owner)> {
    let document = queries::one(tx, ctx.actor.organization, id).await?.ok_or(Error::NotFound)?;
    let subject = subject_of(&document)?;
    if !shelf.holds(subject) {
        return Err(Error::NotFound);
    }
    let owner = owner(ctx, tx, subject).await?;
    Ok((document, owner))
}

/// The same for who may change it: `Forbidden` where they only may see it.
pub(super) async fn find_to_change(ctx: &Ctx, tx: &mut Tx, shelf: Shelf, id: DocumentId) -> Result<(Document, Owner)> {
    let (document, owner) = find(ctx, tx, shelf, id).await?;
    if !owner.subject.may_change(ctx.actor.role, &document.status) {
        return Err(Error::Forbidden);
    }
    if document.status == "ARCHIVED" {
        return Err(Error::Conflict("The document is archived, and stays as it is.".to_owned()));
    }
    if !owner.open {
        return Err(Error::Conflict(super::add::CLOSED.to_owned()));
    }
    Ok((document, owner))
}

/// `GET /documents/{id}`, `GET /policies/{id}`
pub async fn show(ctx: Ctx, mut tx: Tx, shelf: Shelf, Id(id): Id<DocumentId>) -> Page {
    let (document, owner) = find(&ctx, &mut tx, shelf, id).await?;
    let form = UploadForm::new(&ctx, &mut tx, &owner).await?;
    document_page(&ctx, tx, document, &owner, form).await
}

pub(super) async fn document_page(
    ctx: &Ctx,
    mut tx: Tx,
    document: Document,
    owner: &Owner,
    form: UploadForm,
) -> Result<Response> {
    let versions = queries::versions(&mut tx, ctx.actor.organization, document.id, None).await?;
    let event = owner.event(Action::View, Some(document.id), json!({ "page": "document" }));
    let audited = events::record(&mut tx, &ctx.by(), event).await?;
    let banner = match owner.subject {
        Subject::Patient(id) => Some(record::open_seen(ctx, &mut tx, id, audited).await?.banner(ctx)),
        Subject::Case(_) | Subject::Message(_) | Subject::Policies(_) => None,
    };
    let shell = ctx.shell(&mut tx, "Document", owner.area()).await?;
    tx.commit().await?;
    let status = form.status();
    let page = DocumentPage::new(ctx, (shell, banner), document, versions, owner, form);
    ctx.whole_page(status, &page)
}
