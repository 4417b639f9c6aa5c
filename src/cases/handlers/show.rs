//! `GET /cases/{id}`: one case, and the question whether it changed while somebody reads it.

use serde::Deserialize;

use super::{asking, choices, mover, time};
use crate::access::{Permission, Role};
use crate::cases::head::Head;
use crate::cases::item::{Item, actions};
use crate::cases::model::Kind;
use crate::cases::pages::{Changed, Show};
use crate::cases::panels;
use crate::cases::queries::row::Row;
use crate::cases::queries::{one, people};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::CaseId;
use crate::web::form::{Id, Query};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::{Ctx, Page};

/// The page.
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>) -> Page {
    let organization = ctx.actor.organization;
    let row = one::find(&mut tx, organization, &[id.uuid()]).await?.pop().ok_or(Error::NotFound)?;
    let head = head_of(&row);
    let event = Event::new(Action::View, "case").of(id).about(row.patient_id).at(row.facility_id);
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    let headers = people::headers(&mut tx, organization, ctx.actor.role, row.patient_id).await?;
    let sealed = one::description(&mut tx, organization, id).await?;
    let alert = match row.alert_id {
        Some(alert) => people::alert_number(&mut tx, alert).await?,
        None => None,
    };
    let case = row.case(panels::open_tasks(&mut tx, ctx.actor.organization, &head).await?);
    let caseworkers = if case.ask(Kind::Assign, mover(&ctx)).is_ok() {
        people::caseworkers(&mut tx, organization, row.facility_id).await?
    } else {
        Vec::new()
    };
    let panels = panels::of(&ctx, &mut tx, &head, &proof).await?;
    let shell = ctx.shell(&mut tx, format!("Case {}", head.reference()), Area::Cases).await?;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let item = Item { alert, ..Item::reveal(row, &headers, keys, organization, &proof)? };
    let description = match sealed {
        Some(sealed) => Some(
            keys.open(organization, "cases", "description", id.uuid(), &sealed)
                .map_err(anyhow::Error::from)?
                .reveal(&proof)
                .clone(),
        ),
        None => None,
    };
    tx.commit().await?;
    let time = time(&ctx);
    let patient = item.row.patient_id.filter(|_| ctx.actor.may(Permission::ViewPatients));
    let page = Show {
        mine: mine(&ctx, &shell),
        opened_it: item.opened_it(ctx.actor.user),
        works_on_it: item.works_on_it(ctx.actor.user),
        shell,
        time,
        description,
        hidden_patient: item.row.patient_id.is_some() && item.patient.is_none(),
        chart: patient.map(|patient| format!("/patients/{patient}")),
        sees_alert: ctx.actor.may(Permission::ViewAlerts),
        steps: item.steps(&time),
        actions: actions(&item.row, &case, mover(&ctx)),
        caseworkers: choices(&caseworkers, ""),
        may_edit: case.ask_to_edit(mover(&ctx)).is_ok(),
        role: ctx.actor.role.label(),
        reads_only: ctx.actor.role == Role::Compliance,
        panels,
        item,
    };
    ctx.page(&page, &page)
}

/// The way back to what waits for this person, with how much it is.
fn mine(ctx: &Ctx, shell: &Shell) -> Option<String> {
    if ctx.actor.role == Role::Compliance {
        return None;
    }
    let count = shell.nav.iter().find(|line| line.href == "/cases").and_then(|line| line.count.as_deref());
    Some(count.map_or_else(|| "My work".to_owned(), |count| format!("My work ({count})")))
}

/// Which version the page shows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Seen {
    version: i64,
}

/// `GET /cases/{id}/changed?version=8`: a note where the case is no longer as the page shows it.
pub async fn changed(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>, Query(seen): Query<Seen>) -> Page {
    let row = one::find(&mut tx, ctx.actor.organization, &[id.uuid()]).await?.pop();
    let words = match row {
        Some(row) if row.row_version == seen.version => None,
        Some(row) => Some(asking::what_happened(&ctx, &mut tx, &row).await?),
        None => Some("It is no longer yours to see.".to_owned()),
    };
    ctx.fragment(&Changed { href: format!("/cases/{id}"), words })
}

/// What other slices need to know of it.
pub fn head_of(row: &Row) -> Head {
    Head {
        id: row.id,
        number: row.number,
        title: row.title.clone(),
        status: row.status,
        priority: row.priority,
        facility: row.facility_id,
        patient: row.patient_id,
        creator: row.creator_id,
        assignee: row.assignee_id,
        row_version: row.row_version,
    }
}

/// The case, read to be moved: `NotFound` where it cannot be seen.
pub async fn read(ctx: &Ctx, tx: &mut Tx, id: CaseId) -> Result<Row> {
    one::find(tx, ctx.actor.organization, &[id.uuid()]).await?.pop().ok_or(Error::NotFound)
}
