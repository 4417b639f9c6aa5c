//! Making tasks, and changing what they say.

use serde_json::json;

use super::about::{About, Filled, page};
use super::{mover, reveal};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{CaseId, PatientId, TaskId};
use crate::tasks::Priority;
use crate::tasks::forms::RawTask;
use crate::tasks::give::{self, Source};
use crate::tasks::queries::row::Row;
use crate::tasks::queries::write::Words;
use crate::tasks::queries::{one, write};
use crate::web::flash::Flash;
use crate::web::form::{Form, Id};
use crate::web::{Ctx, Page};

/// `GET /cases/{id}/tasks/new`
pub async fn new(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>) -> Page {
    let about = About::case(&ctx, &mut tx, id).await?;
    let (who, priority) = match &about {
        About::Case(case) => (
            case.assignee.map_or_else(|| "CASEWORKER".to_owned(), |person| person.to_string()),
            case.priority.as_str().to_owned(),
        ),
        About::Patient(_) | About::Nobody(_) => (String::new(), String::new()),
    };
    let raw = RawTask { who, priority, idempotency_key: TaskId::new().to_string(), ..RawTask::default() };
    page(&ctx, tx, &about, None, Filled { raw, ..Filled::default() }).await
}

/// `POST /cases/{id}/tasks/new`
pub async fn create(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>, Form(raw): Form<RawTask>) -> Page {
    let about = About::case(&ctx, &mut tx, id).await?;
    add(ctx, tx, about, raw).await
}

/// `GET /patients/{id}/tasks/new`
pub async fn new_about_patient(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let about = About::patient(&ctx, &mut tx, id).await?;
    empty(ctx, tx, about).await
}

/// `POST /patients/{id}/tasks/new`
pub async fn create_about_patient(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Form(raw): Form<RawTask>) -> Page {
    let about = About::patient(&ctx, &mut tx, id).await?;
    add(ctx, tx, about, raw).await
}

/// `GET /tasks/new`: something between colleagues, about no patient.
pub async fn new_for_colleague(ctx: Ctx, tx: Tx) -> Page {
    let about = About::Nobody(ctx.actor.home_facility());
    empty(ctx, tx, about).await
}

/// `POST /tasks/new`
pub async fn create_for_colleague(ctx: Ctx, tx: Tx, Form(raw): Form<RawTask>) -> Page {
    let about = About::Nobody(ctx.actor.home_facility());
    add(ctx, tx, about, raw).await
}

async fn empty(ctx: Ctx, tx: Tx, about: About) -> Page {
    let priority = Priority::Medium.as_str().to_owned();
    let raw = RawTask { priority, idempotency_key: TaskId::new().to_string(), ..RawTask::default() };
    page(&ctx, tx, &about, None, Filled { raw, ..Filled::default() }).await
}

/// Sent twice, it is made once: the form brought the identifier.
async fn add(ctx: Ctx, mut tx: Tx, about: About, raw: RawTask) -> Page {
    let words = match raw.parse(ctx.actor.zone, about.subject()) {
        Ok(words) => words,
        Err(errors) => return page(&ctx, tx, &about, None, Filled::wrong(raw, errors)).await,
    };
    let task = raw.idempotency_key.parse().unwrap_or_else(|_| TaskId::new());
    give::keep(&ctx.app, &mut tx, &ctx.by(), (task, Source::Other), about.place(), &words).await?;
    tx.commit().await?;
    // What they gave to themselves is on their own list.
    let own = words.assignee == Some(ctx.actor.user) && matches!(about, About::Nobody(_));
    let home = if own { "/tasks".to_owned() } else { about.home() };
    Ok(ctx.redirect(&home, Some(&Flash::ok("Task added"))))
}

/// `GET /tasks/{id}/edit`
pub async fn edit(ctx: Ctx, mut tx: Tx, Id(id): Id<TaskId>) -> Page {
    let row = one::find(&mut tx, ctx.actor.organization, id).await?;
    if row.status.is_open() && !row.task().is_changed_by(mover(&ctx)) {
        return Err(Error::Forbidden);
    }
    let about = About::of(&ctx, &mut tx, &row).await?;
    let item = reveal(&ctx, &mut tx, row).await?;
    let raw = RawTask::of(&item.row, item.description.unwrap_or_default(), ctx.actor.zone);
    page(&ctx, tx, &about, Some(id), Filled { raw, ..Filled::default() }).await
}

/// `POST /tasks/{id}/edit`
pub async fn save(ctx: Ctx, mut tx: Tx, Id(id): Id<TaskId>, Form(raw): Form<RawTask>) -> Page {
    let organization = ctx.actor.organization;
    let row = one::lock(&mut tx, organization, id).await?;
    if row.status.is_open() && !row.task().is_changed_by(mover(&ctx)) {
        return Err(Error::Forbidden);
    }
    let about = About::of(&ctx, &mut tx, &row).await?;
    let words = match raw.parse(ctx.actor.zone, about.subject()) {
        Ok(words) => words,
        Err(errors) => return page(&ctx, tx, &about, Some(id), Filled::wrong(raw, errors)).await,
    };
    if raw.version()? != row.row_version || !row.status.is_open() {
        return page(&ctx, tx, &about, Some(id), Filled { raw, conflict: true, ..Filled::default() }).await;
    }
    let before = reveal(&ctx, &mut tx, row).await?;
    let changes = changes(&before.row, before.description.as_deref(), &words);
    if !changes.is_empty() {
        let sealed = seal(&ctx, &mut tx, id, &words).await?;
        let version = write::change(&mut tx, organization, id, &words, sealed.as_deref()).await?;
        let given = changes.contains_key("assignee_id") || changes.contains_key("assignee_role");
        let action = if given { Action::Assigned } else { Action::Update };
        let place = about.place();
        let event = Event::new(action, "task").of(id).about(place.patient).at(place.facility).changing(changes.into());
        let details = json!({ "case": before.row.case_id, "row_version": version });
        events::record(&mut tx, &ctx.by(), event.with(details)).await?;
    }
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/tasks/{id}"), Some(&Flash::ok("Task saved"))))
}

async fn seal(ctx: &Ctx, tx: &mut Tx, id: TaskId, words: &Words) -> Result<Option<Vec<u8>>> {
    let Some(text) = &words.description else { return Ok(None) };
    let organization = ctx.actor.organization;
    let keys = ctx.app.keys(tx, organization).await?;
    Ok(Some(keys.seal(organization, "task", "description", id.uuid(), text).map_err(anyhow::Error::from)?))
}

/// What differs, for the audit; of what is encrypted only that it does.
fn changes(row: &Row, description: Option<&str>, words: &Words) -> serde_json::Map<String, serde_json::Value> {
    let mut changes = serde_json::Map::new();
    let mut differ = |name: &str, before: serde_json::Value, after: serde_json::Value| {
        if before != after {
            changes.insert(name.to_owned(), json!({ "before": before, "after": after }));
        }
    };
    differ("title", json!(row.title), json!(words.title));
    differ("assignee_id", json!(row.assignee_id), json!(words.assignee));
    differ("assignee_role", json!(row.assignee_role), json!(words.role));
    differ("priority", json!(row.priority), json!(words.priority));
    differ("due_at", json!(row.due_at), json!(words.due_at));
    if description != words.description.as_deref() {
        changes.insert("description".to_owned(), json!("changed"));
    }
    changes
}
