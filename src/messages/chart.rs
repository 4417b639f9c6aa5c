//! The conversations of one patient, on their chart.

use askama::Template;
use axum::http::StatusCode;
use chrono_tz::Tz;

use super::inbox_page::Item;
use super::queries::list;
use crate::access::Permission;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::Action;
use crate::ids::PatientId;
use crate::patients::record::{self, Record};
use crate::web::form::Id;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Tab};
use crate::web::{Ctx, Page};

/// Conversations on the summary of the chart.
const FEW: i64 = 3;

/// Conversations on their own section.
const MANY: i64 = 100;

#[derive(Debug, Template)]
#[template(path = "messages/_panel.html")]
struct Panel {
    items: Vec<Item>,
    all: String,
    new: String,
    now: Timestamp,
    zone: Tz,
}

#[derive(Debug, Template)]
#[template(path = "chart/section.html")]
struct Section {
    shell: Shell,
    banner: Banner,
    sections: Vec<Tab>,
    panels: Vec<String>,
}

/// The latest conversations of a patient, for the summary of their chart; none for who may not read them.
///
/// # Errors
/// Where the database does not answer.
pub async fn panel(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Option<String>> {
    if !ctx.actor.may(Permission::UseMessages) {
        return Ok(None);
    }
    of_record(ctx, tx, record, FEW).await.map(Some)
}

/// `GET /patients/{id}/messages`
pub async fn section(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "messages").await?;
    let panels = vec![of_record(&ctx, &mut tx, &record, MANY).await?];
    let shell = record.shell(&ctx, &mut tx, "messages").await?;
    tx.commit().await?;
    let page = Section { shell, banner: record.banner(&ctx), sections: record.sections(&ctx, "messages"), panels };
    ctx.whole_page(StatusCode::OK, &page)
}

async fn of_record(ctx: &Ctx, tx: &mut Tx, record: &Record, limit: i64) -> Result<String> {
    let rows = list::of_patient(tx, &ctx.actor, record.id(), limit).await?;
    let keys = ctx.app.keys(tx, ctx.actor.organization).await?;
    let items = rows.into_iter().map(|row| Item::reveal(row, keys, ctx.actor.organization, &record.audited));
    let panel = Panel {
        items: items.collect::<Result<_>>()?,
        all: record.href("messages"),
        new: format!("/threads/new?patient={}", record.id()),
        now: ctx.now(),
        zone: ctx.actor.zone,
    };
    Ok(panel.render()?)
}
