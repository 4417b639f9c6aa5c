//! `GET /patients/{id}/vitals.csv`: readings as a file, sent while they are read. That they leave is in the audit before they do.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::look::{self, Period, Reading, Span};
use super::metric::Metric;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::Action;
use crate::ids::PatientId;
use crate::patients::record;
use crate::web::ctx::Page;
use crate::web::form::{Id, Query};
use crate::web::{Ctx, format};

/// Readings read and sent together.
const BATCH: i64 = 2_000;

/// Batches that may wait for a slow reader.
const AHEAD: usize = 2;

const HEAD: [&str; 11] = [
    "Metric",
    "Time (UTC)",
    "Local time",
    "Value",
    "Second value",
    "Unit",
    "Interpretation",
    "Source",
    "Device",
    "Derived by",
    "Entered in error",
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    metric: String,
    days: String,
}

/// `GET /patients/{id}/vitals.csv`
pub(super) async fn csv(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Query(wanted): Query<Wanted>) -> Page {
    record::open(&ctx, &mut tx, id, Action::Export, "vitals").await?;
    tx.commit().await?;
    let metrics = Metric::from_slug(&wanted.metric).map_or_else(|| Metric::ALL.to_vec(), |metric| vec![metric]);
    let span = Period::read(&wanted.days).until(ctx.now());
    let (send, receive) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        if let Err(error) = write(&ctx, id, &metrics, span, &send).await {
            tracing::warn!(%error, "A CSV export was cut short");
            // An error ends the transfer without its end: the reader notices.
            let _ = send.send(Err(std::io::Error::other("export cut short"))).await;
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"readings.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(receive))).into_response())
}

type Chunk = std::io::Result<Bytes>;

async fn write(
    ctx: &Ctx,
    patient: PatientId,
    metrics: &[Metric],
    span: Span,
    send: &mpsc::Sender<Chunk>,
) -> Result<()> {
    let mut text = lines(std::iter::once(HEAD.map(ToOwned::to_owned)))?;
    for metric in metrics {
        let mut before = None;
        loop {
            let mut tx = ctx.app.db.begin(&ctx.actor).await?;
            let rows = batch(ctx, &mut tx, patient, *metric, before).await?;
            drop(tx);
            let full = i64::try_from(rows.len()).is_ok_and(|count| count == BATCH);
            before = rows.last().map(|row| row.at);
            let past = before.is_none_or(|at| at < span.from);
            text.extend(lines(rows.iter().filter(|row| row.at >= span.from).map(|row| cells(row, ctx)))?);
            if send.send(Ok(Bytes::from(std::mem::take(&mut text)))).await.is_err() {
                return Ok(());
            }
            if past || !full {
                break;
            }
        }
    }
    Ok(())
}

async fn batch(
    ctx: &Ctx,
    tx: &mut Tx,
    patient: PatientId,
    metric: Metric,
    before: Option<Timestamp>,
) -> Result<Vec<Reading>> {
    look::focus(tx, patient).await?;
    look::readings(tx, ctx.actor.organization, patient, metric, before, BATCH).await
}

fn cells(row: &Reading, ctx: &Ctx) -> [String; 11] {
    [
        row.metric.label().to_owned(),
        format::machine(row.at),
        format::stamp(row.at, ctx.actor.zone),
        format::number(row.value, 4),
        row.second.map(|second| format::number(second, 4)).unwrap_or_default(),
        row.metric.unit().to_owned(),
        row.interpretation.map(|one| one.label().to_owned()).unwrap_or_default(),
        row.source.label().to_owned(),
        row.vendor.map(|one| one.label().to_owned()).unwrap_or_default(),
        row.derivation.clone().unwrap_or_default(),
        row.status_reason.as_deref().map(guarded).unwrap_or_default(),
    ]
}

fn lines(rows: impl Iterator<Item = [String; 11]>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row).map_err(anyhow::Error::from)?;
    }
    Ok(writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?)
}

/// Spreadsheets run what begins like a formula: an apostrophe makes it text. Only a reason is free text here.
fn guarded(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
