//! `POST /tasks/{id}/…`: what is done to a task, and the pages that ask for a reason or an outcome before.

use askama::Template;
use axum::extract::OriginalUri;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::{mover, reveal};
use crate::access::Role;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event, StatusChange};
use crate::ids::TaskId;
use crate::tasks::forms::{RawMove, back};
use crate::tasks::model::{Kind, Refusal, TaskStatus};
use crate::tasks::pages::MovePage;
use crate::tasks::queries::row::Row;
use crate::tasks::queries::{one, write};
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// `POST …/start`
pub async fn start(ctx: Ctx, tx: Tx, Id(id): Id<TaskId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Start, raw).await
}

/// `POST …/done`
pub async fn finish(ctx: Ctx, tx: Tx, Id(id): Id<TaskId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Finish, raw).await
}

/// `POST …/decline`
pub async fn decline(ctx: Ctx, tx: Tx, Id(id): Id<TaskId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Decline, raw).await
}

/// `POST …/cancel`
pub async fn cancel(ctx: Ctx, tx: Tx, Id(id): Id<TaskId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Cancel, raw).await
}

/// `POST …/reopen`
pub async fn reopen(ctx: Ctx, tx: Tx, Id(id): Id<TaskId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Reopen, raw).await
}

/// `GET …/{done,decline,cancel,reopen}`: asks for the outcome or the reason.
pub async fn ask(
    ctx: Ctx,
    mut tx: Tx,
    OriginalUri(uri): OriginalUri,
    Id(id): Id<TaskId>,
    Query(mut raw): Query<RawMove>,
) -> Page {
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    let kind = last.parse::<Kind>().map_err(|_| Error::NotFound)?;
    let row = one::find(&mut tx, ctx.actor.organization, id).await?;
    raw.row_version = row.row_version.to_string();
    page(&ctx, tx, kind, row, &raw, (StatusCode::OK, FormErrors::default())).await
}

/// `POST …/undo`: takes back what this person said to be done within the last ten seconds.
pub async fn undo(ctx: Ctx, mut tx: Tx, Id(id): Id<TaskId>, Query(raw): Query<RawMove>) -> Page {
    let row = one::lock(&mut tx, ctx.actor.organization, id).await?;
    let undone = write::undo(&mut tx, ctx.actor.organization, id, ctx.actor.user).await?;
    if undone {
        record(&ctx, &mut tx, &row, (TaskStatus::Done, TaskStatus::Ready), None, true).await?;
    }
    tx.commit().await?;
    let flash = if undone {
        Flash::ok("Undone: the task is to be done again")
    } else {
        Flash::problem("Too late to undo: ten seconds have passed, or the task has changed since")
    };
    Ok(ctx.redirect(&home(&row, &raw), Some(&flash)))
}

/// Load, decide, store, record, commit, answer.
async fn act(ctx: Ctx, mut tx: Tx, id: TaskId, kind: Kind, raw: RawMove) -> Page {
    let row = one::lock(&mut tx, ctx.actor.organization, id).await?;
    let text = match raw.parse(kind) {
        Ok(text) => text,
        Err(errors) => return page(&ctx, tx, kind, row, &raw, (StatusCode::UNPROCESSABLE_ENTITY, errors)).await,
    };
    let steps = match row.task().through(kind, mover(&ctx)) {
        Ok(steps) if raw.version()? == row.row_version => steps,
        Ok(_) | Err(Refusal::State(_)) => {
            return page(&ctx, tx, kind, row, &raw, (StatusCode::CONFLICT, FormErrors::default())).await;
        }
        Err(Refusal::Person(_)) => return Err(Error::Forbidden),
    };
    let reason = text.as_deref().filter(|_| kind.asks_reason());
    let outcome = match text.as_deref().filter(|_| kind == Kind::Finish) {
        Some(words) => Some(seal(&ctx, &mut tx, id, words).await?),
        None => None,
    };
    apply(&ctx, &mut tx, &row, steps, reason, outcome.as_deref()).await?;
    tx.commit().await?;
    let home = home(&row, &raw);
    let flash = Flash::ok(format!("Task {}", kind.past()));
    let flash = if kind == Kind::Finish {
        let back: String = url::form_urlencoded::byte_serialize(home.as_bytes()).collect();
        flash.with_undo(format!("/tasks/{id}/undo?back={back}"))
    } else {
        flash
    };
    Ok(ctx.redirect(&home, Some(&flash)))
}

/// Stores the steps of a granted move, each with its history and audit.
pub async fn apply(
    ctx: &Ctx,
    tx: &mut Tx,
    row: &Row,
    steps: &[TaskStatus],
    reason: Option<&str>,
    outcome: Option<&[u8]>,
) -> Result<()> {
    let ours = row.assignee_id.is_none() && row.case_id.is_none() && row.assignee_role == Some(ctx.actor.role);
    let taken = steps.contains(&TaskStatus::InProgress) && ctx.actor.role != Role::Patient;
    let taker = Some(ctx.actor.user).filter(|_| ours && taken);
    let mut from = row.status;
    for to in steps {
        let outcome = outcome.filter(|_| *to == TaskStatus::Done);
        write::step(tx, ctx.actor.organization, row, *to, (reason, taker), outcome).await?;
        record(ctx, tx, row, (from, *to), reason, false).await?;
        from = *to;
    }
    Ok(())
}

fn home(row: &Row, raw: &RawMove) -> String {
    back(&raw.back).map_or_else(|| format!("/tasks/{}", row.id), ToOwned::to_owned)
}

async fn seal(ctx: &Ctx, tx: &mut Tx, id: TaskId, text: &str) -> Result<Vec<u8>> {
    let organization = ctx.actor.organization;
    let keys = ctx.app.keys(tx, organization).await?;
    Ok(keys.seal(organization, "task", "outcome", id.uuid(), text).map_err(anyhow::Error::from)?)
}

/// Writes one step into the audit and the history.
pub async fn record(
    ctx: &Ctx,
    tx: &mut Tx,
    row: &Row,
    (from, to): (TaskStatus, TaskStatus),
    reason: Option<&str>,
    undo: bool,
) -> Result<()> {
    let by = ctx.by();
    let event = Event::new(Action::StatusChanged, "task")
        .of(row.id)
        .about(row.patient_id)
        .at(row.facility_id)
        .changing(json!({ "status": { "before": from, "after": to } }))
        .with(if undo { json!({ "case": row.case_id, "undo": true }) } else { json!({ "case": row.case_id }) });
    events::record(tx, &by, event).await?;
    let change = StatusChange {
        subject: "task",
        id: row.id.uuid(),
        from: Some(from.as_str()),
        to: to.as_str(),
        reason,
        patient: row.patient_id,
        facility: row.facility_id,
    };
    events::status_change(tx, &by, &change).await
}

async fn page(
    ctx: &Ctx,
    mut tx: Tx,
    kind: Kind,
    row: Row,
    raw: &RawMove,
    (status, errors): (StatusCode, FormErrors),
) -> Result<Response> {
    let refusal = row.task().through(kind, mover(ctx)).err();
    let item = reveal(ctx, &mut tx, row).await?;
    let shell = ctx.shell(&mut tx, format!("{}: task", kind.label()), Area::Tasks).await?;
    tx.commit().await?;
    let page = MovePage {
        home: home(&item.row, raw),
        why_not: match refusal {
            Some(Refusal::Person(words)) => Some(words),
            Some(Refusal::State(_)) => Some("Not as the task stands now."),
            None => None,
        },
        conflict: status == StatusCode::CONFLICT,
        // A page that says that somebody was faster carries the version as it is now: sent again, it is meant.
        version: if status == StatusCode::CONFLICT {
            item.row.row_version.to_string()
        } else {
            raw.row_version.clone()
        },
        text: raw.text.clone(),
        now: ctx.now(),
        zone: ctx.actor.zone,
        errors,
        kind,
        item,
        shell,
    };
    Ok(html(status, page.render()?))
}
