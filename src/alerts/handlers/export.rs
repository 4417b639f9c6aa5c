//! `GET /alerts.csv` and `GET /alerts/print`: the same list as a file and on paper, with the same filter.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{criteria, time};
use crate::alerts::filter::{Filter, Position, RawFilter, Side};
use crate::alerts::item::{Item, Time};
use crate::alerts::print_page::PrintPage;
use crate::alerts::queries::list;
use crate::alerts::queries::row::Row;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::web::form::Query;
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// Rows fetched, written down and sent together.
const BATCH: u16 = 500;

/// Rows on paper: more is a job for the file.
const SHEET: u16 = 200;

/// Batches that may wait for a slow reader.
const AHEAD: usize = 2;

/// The file, sent while it is read: memory does not grow with the list.
pub async fn csv(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawFilter>) -> Page {
    let (filter, _) = raw.parse()?;
    let first = batch(&ctx, &mut tx, &filter, &Position::default()).await?;
    tx.commit().await?;
    let (send, receive) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        if let Err(error) = write(&ctx, &filter, first, &send).await {
            // The file ends early; the reader notices by the missing end of the transfer.
            tracing::warn!(%error, "A CSV export was cut short");
            let _ = send.send(Err(std::io::Error::other("export cut short"))).await;
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"alerts.csv\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(receive))).into_response())
}

/// The sheet.
pub async fn print(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawFilter>) -> Result<Response> {
    let (filter, _) = raw.parse()?;
    let criteria = criteria(&ctx, &mut tx, &filter).await?;
    let mut rows = list::page(&mut tx, &criteria, &filter, &Position::default(), i64::from(SHEET)).await?;
    let more = rows.len() > usize::from(SHEET);
    rows.truncate(usize::from(SHEET));
    let items = reveal(&ctx, &mut tx, rows, Action::Print).await?;
    let shell = ctx.shell(&mut tx, "Alerts", Area::Alerts).await?;
    tx.commit().await?;
    let page = PrintPage { back: filter.href(), view: filter.view.label(), time: time(&ctx), shell, items, more };
    ctx.page(&page, &page)
}

type Chunk = std::io::Result<Bytes>;

async fn write(ctx: &Ctx, filter: &Filter, first: Vec<Item>, send: &mpsc::Sender<Chunk>) -> Result<()> {
    let time = time(ctx);
    let mut items = first;
    let mut text = lines(&[HEAD.map(ToOwned::to_owned)])?;
    loop {
        text.extend(lines(&items.iter().map(|item| cells(item, &time)).collect::<Vec<_>>())?);
        if send.send(Ok(Bytes::from(std::mem::take(&mut text)))).await.is_err() {
            return Ok(());
        }
        let Some(last) = items.last().filter(|_| items.len() == usize::from(BATCH)) else { return Ok(()) };
        let position = Position { cursor: Some((Side::After, last.row.cursor())), ..Position::default() };
        let mut tx = ctx.app.db.begin(&ctx.actor).await?;
        items = batch(ctx, &mut tx, filter, &position).await?;
        tx.commit().await?;
    }
}

/// The next rows; that they leave is written down before they do.
async fn batch(ctx: &Ctx, tx: &mut Tx, filter: &Filter, position: &Position) -> Result<Vec<Item>> {
    let criteria = criteria(ctx, tx, filter).await?;
    let mut rows = list::page(tx, &criteria, filter, position, i64::from(BATCH)).await?;
    rows.truncate(usize::from(BATCH));
    reveal(ctx, tx, rows, Action::Export).await
}

async fn reveal(ctx: &Ctx, tx: &mut Tx, rows: Vec<Row>, action: Action) -> Result<Vec<Item>> {
    let organization = ctx.actor.organization;
    let event = Event::new(action, "alert").showing(rows.iter().filter_map(|row| row.patient_id));
    let proof = events::record(tx, &ctx.by(), event.with(serde_json::json!({ "rows": rows.len() }))).await?;
    let keys = ctx.app.keys(tx, organization).await?;
    rows.into_iter().map(|row| Item::reveal(row, keys, organization, &proof)).collect()
}

const HEAD: [&str; 13] = [
    "Alert", "Severity", "Status", "Type", "Title", "Why", "Raised", "Occurred", "Assigned to", "Patient", "MRN", "Born", "Reason",
];

fn cells(item: &Item, time: &Time) -> [String; 13] {
    let row = &item.row;
    let person = |first: &Option<String>, last: &Option<String>| {
        [first.as_deref(), last.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    [
        item.reference(),
        row.severity.label().to_owned(),
        item.state(time),
        item.kind(),
        row.title.clone(),
        row.body.clone(),
        row.raised_at.with_timezone(&time.zone).to_rfc3339(),
        row.seen_count.to_string(),
        person(&row.assignee_first, &row.assignee_last),
        item.patient().unwrap_or_default(),
        item.mrn.clone().unwrap_or_default(),
        row.patient_born.map(|born| born.to_string()).unwrap_or_default(),
        row.reason_code.map(|code| code.label().to_owned()).unwrap_or_default(),
    ]
}

fn lines<const N: usize>(rows: &[[String; N]]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| guarded(cell).into_owned())).map_err(anyhow::Error::from)?;
    }
    writer.into_inner().map_err(|error| anyhow::anyhow!("{error}").into())
}

/// A cell that a spreadsheet would calculate begins with an apostrophe, so that it does not.
fn guarded(cell: &str) -> std::borrow::Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}").into() } else { cell.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        for cell in ["=1+1", "+44", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(guarded(cell).starts_with('\''), "{cell}");
        }
        assert_eq!(guarded("Blood pressure = high"), "Blood pressure = high");
        let text = lines(&[["a,b".to_owned(), "say \"no\"".to_owned(), "=1".to_owned()]]).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "\"a,b\",\"say \"\"no\"\"\",'=1\n");
    }
}
