//! `GET /patients.csv`: the same list as a file, sent while it is read. Each batch is in the audit before it leaves.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::IntoResponse;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::list::{LookedFor, matching, wanted};
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::facilities;
use crate::ids::PatientId;
use crate::patients::list::{List, RawList, Step};
use crate::patients::pages::PatientRow;
use crate::patients::queries;
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::form::Query;

/// Patients read, written down and sent together.
const BATCH: usize = 500;

/// Batches that may wait for a slow reader.
const AHEAD: usize = 2;

const HEAD: [&str; 8] = ["Name", "Born", "Sex", "Record number", "Status", "Flags", "Clinician", "Place"];

/// `GET /patients.csv`
pub async fn csv(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawList>) -> Page {
    let list = List { trail: Vec::new(), ..List::parse(raw)? };
    let first = batch(&ctx, &mut tx, &list).await?;
    tx.commit().await?;
    let (send, receive) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        if let Err(error) = write(&ctx, list, first, &send).await {
            tracing::warn!(%error, "A CSV export was cut short");
            // An error ends the transfer without its end: the reader notices.
            let _ = send.send(Err(std::io::Error::other("export cut short"))).await;
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"patients.csv\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(receive))).into_response())
}

type Chunk = std::io::Result<Bytes>;

/// Rows, and where the next batch begins.
type Batch = (Vec<[String; 8]>, Option<Step>);

async fn write(ctx: &Ctx, mut list: List, first: Batch, send: &mpsc::Sender<Chunk>) -> Result<()> {
    let mut text = lines(&[HEAD.map(ToOwned::to_owned)])?;
    let (mut rows, mut next) = first;
    loop {
        text.extend(lines(&rows)?);
        if send.send(Ok(Bytes::from(std::mem::take(&mut text)))).await.is_err() {
            return Ok(());
        }
        let Some(step) = next else { return Ok(()) };
        list.trail = vec![step];
        let mut tx = ctx.app.db.begin(&ctx.actor).await?;
        (rows, next) = batch(ctx, &mut tx, &list).await?;
        tx.commit().await?;
    }
}

/// The next patients; that they leave is written down before they do.
async fn batch(ctx: &Ctx, tx: &mut Tx, list: &List) -> Result<Batch> {
    let keys = ctx.app.keys(tx, ctx.actor.organization).await?;
    let facilities = facilities::within_reach(tx, &ctx.actor).await?;
    let looked_for = LookedFor::read(ctx, keys, list)?;
    let found = matching(tx, &wanted(ctx, list, &facilities, BATCH), looked_for.search.as_ref(), list).await?;
    let next = found.get(BATCH - 1).map(|(id, given)| Step { after: id.uuid(), given: *given });
    let ids: Vec<PatientId> = found.into_iter().map(|(id, _)| id).collect();
    let rows = queries::list::rows(tx, ctx.actor.organization, &ids, false).await?;
    let event = Event::new(Action::Export, "patient").showing(ids).at(ctx.actor.home_facility());
    let event =
        event.with(serde_json::json!({ "page": "patients", "patients": rows.len(), "search": looked_for.kind() }));
    let audited = events::record(tx, &ctx.by(), event).await?;
    let cells = |row| Ok(cells(PatientRow::new(row, ctx, keys, ctx.today(), &audited)?));
    Ok((rows.into_iter().map(cells).collect::<Result<_>>()?, next))
}

fn cells(row: PatientRow) -> [String; 8] {
    let flags = row.flags.into_iter().map(|flag| flag.word).collect::<Vec<_>>().join("; ");
    [
        row.name,
        row.born.unwrap_or_default(),
        row.sex.to_owned(),
        row.mrn.unwrap_or_default(),
        row.status.label().to_owned(),
        flags,
        row.clinician.unwrap_or_default(),
        row.facility,
    ]
}

fn lines(rows: &[[String; 8]]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| guarded(cell))).map_err(anyhow::Error::from)?;
    }
    Ok(writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?)
}

/// Spreadsheets run what begins like a formula: an apostrophe makes it text.
fn guarded(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+44", "-1", "@cmd", "\tx"] {
            assert!(guarded(cell).starts_with('\''), "{cell}");
        }
        assert_eq!(guarded("OKAFOR, Adaeze"), "OKAFOR, Adaeze");
    }
}
