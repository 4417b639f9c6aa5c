//! `/policies`: the policies and procedures of the organization and of its facilities. All staff read those that reach them;
//! owner and compliance add, review, publish and archive them; managers write drafts for their homes.

use askama::Template;
use axum::response::Response;
use chrono::Days;
use serde::Deserialize;
use serde_json::json;

use super::form::UploadForm;
use super::handlers::{PAGE, find_to_change, owner};
use super::model::{DRAFT, Subject};
use super::pages::{List, SOON};
use super::queries::{self, Policies};
use super::shelf::Shelf;
use super::upload::Received;
use crate::access::Permission;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, StatusChange};
use crate::facilities;
use crate::ids::DocumentId;
use crate::web::badges::capped;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::ui::Tab;
use crate::web::{Ctx, Page};

/// Which part of the list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    view: String,
    after: String,
}

/// `GET /policies`
#[derive(Debug, Template)]
#[template(path = "documents/policies.html")]
struct Index {
    shell: Shell,
    tabs: Vec<Tab>,
    list: List,
    form: UploadForm,
    may_add: bool,
    /// Whether what this person adds waits for somebody to put it in force.
    drafts_only: bool,
}

/// `GET /policies`
pub async fn list(ctx: Ctx, mut tx: Tx, Query(wanted): Query<Wanted>) -> Page {
    let owner = owner(&ctx, &mut tx, Subject::Policies(None)).await?;
    let form = UploadForm::new(&ctx, &mut tx, &owner).await?;
    page(&ctx, tx, wanted, form).await
}

/// The list, with the form for who may add. Nothing in it is about a patient.
pub(super) async fn page(ctx: &Ctx, mut tx: Tx, wanted: Wanted, mut form: UploadForm) -> Result<Response> {
    let (organization, may_add) = (ctx.actor.organization, ctx.actor.may(Permission::EditPolicies));
    let soon = ctx.today() + Days::new(SOON.unsigned_abs());
    let (which, empty) = match wanted.view.as_str() {
        "due" => (Policies { status: "PUBLISHED", before: Some(soon) }, "Nothing to review within 30 days"),
        "drafts" if may_add => (Policies { status: DRAFT, before: None }, "No drafts"),
        "archived" if may_add => (Policies { status: "ARCHIVED", before: None }, "Nothing is archived"),
        _ => (Policies { status: "PUBLISHED", before: None }, "No policies yet"),
    };
    let view = match which {
        Policies { status: "ARCHIVED", .. } => "archived",
        Policies { status: DRAFT, .. } => "drafts",
        Policies { before: Some(_), .. } => "due",
        Policies { .. } => "",
    };
    let found = queries::policies(&mut tx, organization, which, wanted.after.parse().ok(), PAGE + 1).await?;
    let list = List::of(ctx, found, &format!("/policies?view={view}&after="), (empty, "More policies"));
    let waiting = queries::waiting(&mut tx, organization, soon).await?;
    if may_add {
        let whole = Subject::Policies(None).may_add(ctx.actor.role);
        form.choose_facility(&facilities::within_reach(&mut tx, &ctx.actor).await?, whole);
    }
    let shell = ctx.shell(&mut tx, "Policies", Area::Policies).await?;
    tx.commit().await?;
    let tab = |name: &str, label: &str, count| Tab {
        href: if name.is_empty() { "/policies".to_owned() } else { format!("/policies?view={name}") },
        label: label.to_owned(),
        count,
        current: name == view,
    };
    let mut tabs = vec![tab("", "In force", None), tab("due", "Review due", capped(waiting.due))];
    if may_add {
        tabs.push(tab("drafts", "Drafts", capped(waiting.drafts)));
        tabs.push(tab("archived", "Archived", None));
    }
    let status = form.status();
    let drafts_only = Subject::Policies(None).begins(ctx.actor.role) == DRAFT;
    ctx.whole_page(status, &Index { shell, tabs, list, form, may_add, drafts_only })
}

/// Whom the policies of a form are meant for: one of the facilities, or the whole organization.
pub(super) async fn meant(ctx: &Ctx, tx: &mut Tx, received: &Received, errors: &mut FormErrors) -> Result<Subject> {
    let typed = received.field("facility");
    if typed.is_empty() {
        if !Subject::Policies(None).may_add(ctx.actor.role) {
            errors.add(
                "facility",
                "Choose one of your facilities. Owner and compliance write for the whole organization",
            );
        }
        return Ok(Subject::Policies(None));
    }
    let all = facilities::within_reach(tx, &ctx.actor).await?;
    let chosen = all.into_iter().map(|facility| facility.id).find(|id| id.to_string() == typed);
    if chosen.is_none() {
        errors.add("facility", "Choose the organization, or a facility from the list");
    }
    Ok(Subject::Policies(chosen))
}

/// What the button beside a draft brings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawPublication {
    row_version: String,
}

/// `POST /policies/{id}/publication`: from now on it is in force, and the staff whom it is for read it.
pub async fn publish(ctx: Ctx, mut tx: Tx, Id(id): Id<DocumentId>, Form(raw): Form<RawPublication>) -> Page {
    let (document, owner) = find_to_change(&ctx, &mut tx, Shelf::Policies, id).await?;
    let version = raw.row_version.parse().map_err(|_| Error::BadRequest("The form is not whole. Reload the page."))?;
    if !queries::publish(&mut tx, ctx.actor.organization, id, version).await? {
        return Err(Error::Conflict("The draft changed while you were looking at it. Look again.".to_owned()));
    }
    let change = StatusChange {
        subject: "document",
        id: id.uuid(),
        from: Some(DRAFT),
        to: "PUBLISHED",
        reason: None,
        patient: None,
        facility: owner.facility,
    };
    events::status_change(&mut tx, &ctx.by(), &change).await?;
    let details = json!({ "from": DRAFT, "to": "PUBLISHED" });
    events::record(&mut tx, &ctx.by(), owner.event(Action::StatusChanged, Some(id), details)).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&document.href(), Some(&Flash::ok("The policy is in force."))))
}
