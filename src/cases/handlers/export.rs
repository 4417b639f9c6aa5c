//! `GET /cases.csv` and `GET /cases/print`: the same list as a file and on paper, with the same filter.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{list, reveal, time};
use crate::cases::filter::{Filter, RawFilter};
use crate::cases::item::{Item, Time};
use crate::cases::pages::{PrintPage, line};
use crate::db::Tx;
use crate::error::Result;
use crate::events::Action;
use crate::web::form::Query;
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// Rows fetched, written down and sent together.
const BATCH: i64 = 500;

/// Rows on paper: more is a job for the file.
const SHEET: i64 = 200;

/// Batches that may wait for a slow reader.
const AHEAD: usize = 2;

/// The file, sent while it is read: memory does not grow with the list.
pub async fn csv(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawFilter>) -> Page {
    let filter = raw.parse()?.with(|_| ());
    let first = batch(&ctx, &mut tx, &filter).await?;
    tx.commit().await?;
    let (send, receive) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        if let Err(error) = write(&ctx, filter, first, &send).await {
            // The file ends early; the reader notices by the missing end of the transfer.
            tracing::warn!(%error, "A CSV export was cut short");
            let _ = send.send(Err(std::io::Error::other("export cut short"))).await;
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"cases.csv\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(receive))).into_response())
}

/// The sheet.
pub async fn print(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawFilter>) -> Result<Response> {
    let filter = raw.parse()?.with(|_| ());
    let (_, mut rows) = list::found(&ctx, &mut tx, &filter, SHEET + 1).await?;
    let most = usize::try_from(SHEET).unwrap_or(usize::MAX);
    let more = rows.len() > most;
    rows.truncate(most);
    let items = reveal(&ctx, &mut tx, rows, Action::Print, "print").await?;
    let shell = ctx.shell(&mut tx, "Cases", Area::Cases).await?;
    tx.commit().await?;
    let page = PrintPage { back: filter.href(), view: filter.view.label(), time: time(&ctx), shell, items, more };
    ctx.page(&page, &page)
}

type Chunk = std::io::Result<Bytes>;

async fn write(ctx: &Ctx, mut filter: Filter, first: Vec<Item>, send: &mpsc::Sender<Chunk>) -> Result<()> {
    let time = time(ctx);
    let mut items = first;
    let mut text = lines(&[HEAD.map(ToOwned::to_owned)])?;
    loop {
        text.extend(lines(&items.iter().map(|item| cells(item, &time)).collect::<Vec<_>>())?);
        if send.send(Ok(Bytes::from(std::mem::take(&mut text)))).await.is_err() {
            return Ok(());
        }
        let full = i64::try_from(items.len()).is_ok_and(|rows| rows == BATCH) && filter.find.is_none();
        let Some(last) = items.last().filter(|_| full) else { return Ok(()) };
        filter.trail = vec![list::cursor(&last.row, &filter)];
        let mut tx = ctx.app.db.begin(&ctx.actor).await?;
        items = batch(ctx, &mut tx, &filter).await?;
        tx.commit().await?;
    }
}

/// The next rows; that they leave is written down before they do.
async fn batch(ctx: &Ctx, tx: &mut Tx, filter: &Filter) -> Result<Vec<Item>> {
    let (_, rows) = list::found(ctx, tx, filter, BATCH).await?;
    reveal(ctx, tx, rows, Action::Export, "csv").await
}

const HEAD: [&str; 11] = [
    "Case",
    "Title",
    "Status",
    "Priority",
    "Place",
    "Opened",
    "Opened by",
    "Due",
    "Caseworker",
    "Person concerned",
    "Completed",
];

fn cells(item: &Item, time: &Time) -> [String; 11] {
    let row = &item.row;
    let stamp = |at: crate::clock::Timestamp| at.with_timezone(&time.zone).to_rfc3339();
    [
        item.reference(),
        row.title.clone(),
        row.status.label().to_owned(),
        row.priority.label().to_owned(),
        item.place().to_owned(),
        stamp(row.created_at),
        item.creator(),
        row.due_at.map(stamp).unwrap_or_default(),
        item.caseworker().unwrap_or_default(),
        item.patient.as_ref().map(line).unwrap_or_default(),
        row.completed_at.map(stamp).unwrap_or_default(),
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
