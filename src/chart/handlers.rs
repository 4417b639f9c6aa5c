//! What answers a request about a chart. Each page records one view, in the transaction that reads.

use askama::Template;

use super::pages::{Details, Newer, Print, Section, Summary};
use super::panels;
use crate::access::Permission;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::Action;
use crate::ids::PatientId;
use crate::patients::record::{self, Record};
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::form::{Id, Query};

/// Alerts on the section of the chart; the queue has the rest.
const SECTION_ALERTS: i64 = 50;

/// `GET /patients/{id}`
pub async fn summary(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "summary").await?;
    let panels = panels::all(&ctx, &mut tx, &record).await?;
    let shell = record.shell(&ctx, &mut tx, "summary").await?;
    tx.commit().await?;
    let page = Summary::new(&ctx, shell, &record, panels);
    ctx.whole_page(axum::http::StatusCode::OK, &page)
}

/// `GET /patients/{id}/alerts`
pub async fn alerts(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "alerts").await?;
    let open = panels::open_alerts(&mut tx, &ctx, id, SECTION_ALERTS).await?;
    let panel = super::pages::AlertsPanel::new(&ctx, &record, open).render()?;
    section(&ctx, tx, &record, "alerts", vec![panel]).await
}

/// `GET /patients/{id}/details`
pub async fn details(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "details").await?;
    let panel = facts(&ctx, &record)?;
    section(&ctx, tx, &record, "details", vec![panel]).await
}

/// `GET /patients/{id}/access-log`
pub async fn access_log(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "access-log").await?;
    let panel = super::access_log::panel(&ctx, &mut tx, &record).await?;
    section(&ctx, tx, &record, "access-log", vec![panel]).await
}

/// `GET /patients/{id}/print`
pub async fn print(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::Print, "print").await?;
    let mut panels = vec![facts(&ctx, &record)?];
    panels.extend(panels::all(&ctx, &mut tx, &record).await?.into_iter().map(|panel| panel.html));
    let shell = record.shell(&ctx, &mut tx, "print").await?;
    tx.commit().await?;
    let page = Print { shell, banner: record.banner(&ctx), back: record.href(""), panels };
    ctx.whole_page(axum::http::StatusCode::OK, &page)
}

/// The moment of the page that asks, in microseconds.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Since {
    since: i64,
}

/// `GET /patients/{id}/newer`: whether somebody else has changed the chart since the page that asks. It shows nothing of
/// the record, so there is no view to write down.
pub async fn newer(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Query(query): Query<Since>) -> Page {
    let since = crate::clock::moment(query.since).unwrap_or_default();
    let changed = panels::changed(&mut tx, &ctx, id, since).await?.ok_or(Error::NotFound)?;
    ctx.fragment(&Newer { changed, href: format!("/patients/{id}") })
}

fn facts(ctx: &Ctx, record: &Record) -> Result<String> {
    let may_edit = ctx.actor.may(Permission::EditPatients);
    let link = |section: &str| may_edit.then(|| record.href(section));
    let (edit, delete, status) = (link("edit"), link("deletion"), link("status"));
    Ok(Details { record, edit, delete, status, zone: ctx.actor.zone }.render()?)
}

async fn section(ctx: &Ctx, mut tx: Tx, record: &Record, name: &str, panels: Vec<String>) -> Page {
    let shell = record.shell(ctx, &mut tx, &name.replace('-', " ")).await?;
    tx.commit().await?;
    let page = Section { shell, banner: record.banner(ctx), sections: record.sections(ctx, name), panels };
    ctx.whole_page(axum::http::StatusCode::OK, &page)
}
