//! `GET /reports/cases.csv`: the same figures as a file, one number in a line.

use axum::http::{HeaderValue, header};
use axum::response::IntoResponse as _;
use serde_json::json;

use super::figures::{BANDS, Figures};
use super::{Period, RawPeriod, queries};
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::web::form::Query;
use crate::web::{Ctx, Page};

/// The file. That it left is written down.
pub async fn csv(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawPeriod>) -> Page {
    let period = Period::of(&raw, &ctx);
    let open = queries::open(&mut tx).await?;
    let stages = queries::stages(&mut tx, period.since, period.until).await?;
    let load = queries::load(&mut tx).await?;
    let weeks = queries::weeks(&mut tx, period.since, period.until, ctx.actor.zone.name()).await?;
    let mut lines = vec![line("Report", "Of", "Measure", "Value")];
    for stage in &stages {
        let status = label(&stage.stage);
        lines.push(line("Time in stage", &status, "Median, seconds", &format!("{:.0}", stage.median_seconds)));
        lines.push(line("Time in stage", &status, "90th percentile, seconds", &format!("{:.0}", stage.p90_seconds)));
        lines.push(line("Time in stage", &status, "Moves", &stage.moves.to_string()));
    }
    lines.extend(counts(&Figures::new(period, &open, stages, load, &weeks)));
    let event = Event::new(Action::Export, "case_report").with(json!({ "page": "csv", "rows": lines.len() - 1 }));
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"case-report.csv\"")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, written(&lines)?).into_response())
}

type Line = [String; 4];

fn line(report: &str, of: &str, measure: &str, value: &str) -> Line {
    [report, of, measure, value].map(ToOwned::to_owned)
}

fn label(status: &str) -> String {
    use crate::cases::model::CaseStatus;
    status.parse::<CaseStatus>().map_or_else(|_| status.to_owned(), |status| status.label().to_owned())
}

fn counts(figures: &Figures) -> Vec<Line> {
    let mut lines = Vec::new();
    for age in &figures.ages {
        for ((_, band), count) in BANDS.iter().zip(age.counts) {
            lines.push(line("Open cases", age.status.label(), band, &count.to_string()));
        }
    }
    for worker in &figures.workers {
        let load = &worker.load;
        let measures = [
            ("Assigned", load.assigned),
            ("In progress", load.in_progress),
            ("Waiting for completion", load.waiting),
            ("Overdue", load.overdue),
        ];
        lines.extend(measures.map(|(measure, count)| line("Load", &worker.name, measure, &count.to_string())));
    }
    for week in &figures.flow {
        lines.push(line("Week", &week.label, "Opened", &week.opened.to_string()));
        lines.push(line("Week", &week.label, "Completed", &week.completed.to_string()));
    }
    lines
}

fn written(lines: &[Line]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for cells in lines {
        writer.write_record(cells.iter().map(|cell| guarded(cell).into_owned())).map_err(anyhow::Error::from)?;
    }
    writer.into_inner().map_err(|error| anyhow::anyhow!("{error}").into())
}

/// A cell that a spreadsheet would calculate begins with an apostrophe, so that it does not.
fn guarded(cell: &str) -> std::borrow::Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}").into() } else { cell.into() }
}
