//! Reading the audit, which is itself written to the audit.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::filter::{Asked, Filter};
use super::model::Row;
use super::pages::AuditPage;
use super::queries;
use crate::accounts;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::ids::PatientId;
use crate::web::form::Query;
use crate::web::nav::Area;
use crate::web::ui::Pager;
use crate::web::{Ctx, Page};

/// Events on one page.
const PER_PAGE: usize = 50;

/// Events in one file. More are several files, by date.
const PER_FILE: i64 = 50_000;

pub async fn list(ctx: Ctx, mut tx: Tx, Query(asked): Query<Asked>) -> Page {
    let filter = asked.read(ctx.today(), ctx.actor.zone);
    let organization = ctx.actor.organization;
    let mut rows = queries::page(&mut tx, organization, &filter, 51).await?;
    let more = rows.len() > PER_PAGE;
    rows.truncate(PER_PAGE);
    record(&ctx, &mut tx, Action::View, &filter, &rows).await?;
    let people = queries::people(&mut tx, organization).await?;
    let patient = match filter.patient {
        Some(patient) => queries::patient_name(&mut tx, organization, patient).await?,
        None => None,
    };
    let sealed = queries::last_segment(&mut tx, organization).await?;
    let shell = ctx.shell(&mut tx, "Audit", Area::Audit).await?;
    tx.commit().await?;
    let pager = Pager {
        range: if rows.is_empty() { "Nothing".to_owned() } else { format!("{} events", rows.len()) },
        previous: filter.before.map(|_| filter.at("/admin/audit", None)),
        next: rows.last().filter(|_| more).map(|row| filter.at("/admin/audit", Some(row.seq))),
    };
    let page = AuditPage { shell, filter, people, patient, rows, pager, sealed };
    ctx.page(&page, page.as_rows())
}

pub async fn csv(ctx: Ctx, mut tx: Tx, Query(asked): Query<Asked>) -> Result<Response> {
    accounts::require_step_up(&ctx.actor)?;
    let filter = asked.read(ctx.today(), ctx.actor.zone);
    let rows = queries::page(&mut tx, ctx.actor.organization, &filter, PER_FILE).await?;
    record(&ctx, &mut tx, Action::Export, &filter, &rows).await?;
    tx.commit().await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, file(&rows)?).into_response())
}

/// Names of patients are shown, so looking is written down with them.
async fn record(ctx: &Ctx, tx: &mut Tx, action: Action, filter: &Filter, rows: &[Row]) -> Result<()> {
    let shown = rows.iter().filter_map(|row| row.patient_id);
    let details = json!({ "page": "audit", "from": filter.from, "to": filter.to, "rows": rows.len() });
    events::record(tx, &ctx.by(), Event::new(action, "audit_event").showing(shown).with(details)).await?;
    Ok(())
}

fn file(rows: &[Row]) -> Result<Vec<u8>> {
    let mut file = csv::Writer::from_writer(Vec::new());
    let head = [
        "seq",
        "at",
        "who",
        "role",
        "action",
        "record",
        "record id",
        "patient",
        "patient id",
        "patients shown",
        "details",
        "address",
    ];
    file.write_record(head).map_err(anyhow::Error::from)?;
    for row in rows {
        let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        let line = [
            row.seq.to_string(),
            row.at.to_rfc3339(),
            row.who().to_owned(),
            row.role_label().to_owned(),
            row.action.clone(),
            row.resource_type.clone(),
            id(row.resource_id),
            row.patient.clone().unwrap_or_default(),
            id(row.patient_id.map(PatientId::uuid)),
            row.shown.map(|count| count.to_string()).unwrap_or_default(),
            row.more(),
            row.address.clone().unwrap_or_default(),
        ];
        file.write_record(line.iter().map(|cell| harmless(cell))).map_err(anyhow::Error::from)?;
    }
    Ok(file.into_inner().map_err(|error| anyhow::anyhow!(error.to_string()))?)
}

/// Spreadsheets run what begins like a formula.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
