//! `/policies`: the policies and procedures of the organization and of its facilities. All staff read those that reach them;
//! owner and compliance add, review and archive them.

use askama::Template;
use axum::response::Response;
use chrono::Days;
use serde::Deserialize;

use super::form::UploadForm;
use super::handlers::{PAGE, owner};
use super::model::Subject;
use super::pages::{List, SOON};
use super::queries::{self, Policies};
use super::upload::Received;
use crate::access::Permission;
use crate::db::Tx;
use crate::error::Result;
use crate::facilities;
use crate::web::badges::capped;
use crate::web::form::{FormErrors, Query};
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
        "due" => (Policies { before: Some(soon), archived: false }, "Nothing to review within 30 days"),
        "archived" if may_add => (Policies { archived: true, before: None }, "Nothing is archived"),
        _ => (Policies::default(), "No policies yet"),
    };
    let view = match which {
        Policies { archived: true, .. } => "archived",
        Policies { before: Some(_), .. } => "due",
        Policies { .. } => "",
    };
    let found = queries::policies(&mut tx, organization, which, wanted.after.parse().ok(), PAGE + 1).await?;
    let list = List::of(ctx, found, &format!("/policies?view={view}&after="), (empty, "More policies"));
    let due = queries::due(&mut tx, organization, soon).await?;
    if may_add {
        form.choose_facility(&facilities::within_reach(&mut tx, &ctx.actor).await?);
    }
    let shell = ctx.shell(&mut tx, "Policies", Area::Policies).await?;
    tx.commit().await?;
    let tab = |name: &str, label: &str, count| Tab {
        href: if name.is_empty() { "/policies".to_owned() } else { format!("/policies?view={name}") },
        label: label.to_owned(),
        count,
        current: name == view,
    };
    let mut tabs = vec![tab("", "In force", None), tab("due", "Review due", capped(due))];
    if may_add {
        tabs.push(tab("archived", "Archived", None));
    }
    let status = form.status();
    ctx.whole_page(status, &Index { shell, tabs, list, form, may_add })
}

/// Whom the policies of a form are meant for: one of the facilities, or the whole organization.
pub(super) async fn meant(ctx: &Ctx, tx: &mut Tx, received: &Received, errors: &mut FormErrors) -> Result<Subject> {
    let typed = received.field("facility");
    if typed.is_empty() {
        return Ok(Subject::Policies(None));
    }
    let all = facilities::within_reach(tx, &ctx.actor).await?;
    let chosen = all.into_iter().map(|facility| facility.id).find(|id| id.to_string() == typed);
    if chosen.is_none() {
        errors.add("facility", "Choose the organization, or a facility from the list");
    }
    Ok(Subject::Policies(chosen))
}
