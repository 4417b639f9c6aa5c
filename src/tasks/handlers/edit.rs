//! Making tasks of a case, and changing what they say.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::reveal;
use crate::cases::{self, Head};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event, StatusChange};
use crate::ids::{CaseId, TaskId};
use crate::tasks::Priority;
use crate::tasks::forms::{ROLES, RawTask};
use crate::tasks::model::TaskStatus;
use crate::tasks::pages::FormPage;
use crate::tasks::queries::row::Row;
use crate::tasks::queries::write::Words;
use crate::tasks::queries::{one, people, write};
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::nav::Area;
use crate::web::ui::Choice;
use crate::web::{Ctx, Page};

/// What is filled in, and what is wrong with it.
struct Filled {
    raw: RawTask,
    errors: FormErrors,
    conflict: bool,
}

/// `GET /cases/{id}/tasks/new`
pub async fn new(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>) -> Page {
    let case = cases::head(&mut tx, ctx.actor.organization, id).await?;
    let who = case.assignee.map_or_else(|| "CASEWORKER".to_owned(), |person| person.to_string());
    let raw = RawTask {
        who,
        priority: case.priority.as_str().to_owned(),
        idempotency_key: TaskId::new().to_string(),
        ..RawTask::default()
    };
    page(&ctx, tx, &case, None, Filled { raw, errors: FormErrors::default(), conflict: false }).await
}

/// `POST /cases/{id}/tasks/new`. Sent twice, it is made once: the form brought the identifier.
pub async fn create(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>, Form(raw): Form<RawTask>) -> Page {
    let organization = ctx.actor.organization;
    let case = cases::head(&mut tx, organization, id).await?;
    let words = match raw.parse(ctx.actor.zone) {
        Ok(words) => words,
        Err(errors) => return page(&ctx, tx, &case, None, Filled { raw, errors, conflict: false }).await,
    };
    let task = raw.idempotency_key.parse().unwrap_or_else(|_| TaskId::new());
    let sealed = seal(&ctx, &mut tx, task, &words).await?;
    if write::add(&mut tx, organization, (task, case.id, ctx.actor.user), &words, sealed.as_deref()).await? {
        let event = Event::new(Action::Create, "task").of(task).about(case.patient).at(case.facility);
        events::record(&mut tx, &ctx.by(), event.with(json!({ "case": case.id }))).await?;
        let change = StatusChange {
            subject: "task",
            id: task.uuid(),
            from: None,
            to: TaskStatus::Ready.as_str(),
            reason: None,
            patient: case.patient,
            facility: case.facility,
        };
        events::status_change(&mut tx, &ctx.by(), &change).await?;
    }
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/cases/{}#tasks", case.id), Some(&Flash::ok("Task added"))))
}

/// `GET /tasks/{id}/edit`
pub async fn edit(ctx: Ctx, mut tx: Tx, Id(id): Id<TaskId>) -> Page {
    let row = one::find(&mut tx, ctx.actor.organization, id).await?;
    let case = case_of(&ctx, &mut tx, &row).await?;
    let item = reveal(&ctx, &mut tx, row).await?;
    let raw = RawTask::of(&item.row, item.description.unwrap_or_default(), ctx.actor.zone);
    page(&ctx, tx, &case, Some(id), Filled { raw, errors: FormErrors::default(), conflict: false }).await
}

/// `POST /tasks/{id}/edit`
pub async fn save(ctx: Ctx, mut tx: Tx, Id(id): Id<TaskId>, Form(raw): Form<RawTask>) -> Page {
    let organization = ctx.actor.organization;
    let row = one::lock(&mut tx, organization, id).await?;
    let case = case_of(&ctx, &mut tx, &row).await?;
    let words = match raw.parse(ctx.actor.zone) {
        Ok(words) => words,
        Err(errors) => return page(&ctx, tx, &case, Some(id), Filled { raw, errors, conflict: false }).await,
    };
    if raw.version()? != row.row_version || !row.status.is_open() {
        return page(&ctx, tx, &case, Some(id), Filled { raw, errors: FormErrors::default(), conflict: true }).await;
    }
    let before = reveal(&ctx, &mut tx, row).await?;
    let changes = changes(&before.row, before.description.as_deref(), &words);
    if !changes.is_empty() {
        let sealed = seal(&ctx, &mut tx, id, &words).await?;
        let version = write::change(&mut tx, organization, id, &words, sealed.as_deref()).await?;
        let given = changes.contains_key("assignee_id") || changes.contains_key("assignee_role");
        let action = if given { Action::Assigned } else { Action::Update };
        let event = Event::new(action, "task").of(id).about(case.patient).at(case.facility).changing(changes.into());
        events::record(&mut tx, &ctx.by(), event.with(json!({ "case": case.id, "row_version": version }))).await?;
    }
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/tasks/{id}"), Some(&Flash::ok("Task saved"))))
}

/// The case of a task. Other kinds of tasks will be changed where they are made.
async fn case_of(ctx: &Ctx, tx: &mut Tx, row: &Row) -> Result<Head> {
    cases::head(tx, ctx.actor.organization, row.case_id.ok_or(Error::NotFound)?).await
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

async fn page(ctx: &Ctx, mut tx: Tx, case: &Head, task: Option<TaskId>, filled: Filled) -> Result<Response> {
    let Filled { raw, errors, conflict } = filled;
    let people = people::of_case(&mut tx, ctx.actor.organization, case.id).await?;
    let event = Event::new(Action::View, "case").of(case.id).about(case.patient).at(case.facility);
    events::record(&mut tx, &ctx.by(), event).await?;
    let title = if task.is_some() { "Change task" } else { "New task" };
    let shell = ctx.shell(&mut tx, title, Area::Tasks).await?;
    tx.commit().await?;
    let someone = people.into_iter().map(|person| {
        let id = person.id.to_string();
        let chosen = raw.who == id;
        Choice::new(id, format!("{} {}, {}", person.first_name, person.last_name, person.part), chosen)
    });
    let anyone = ROLES.into_iter().map(|role| {
        let label = match role {
            crate::access::Role::Chair => "Any chair".to_owned(),
            other => format!("Whoever is the {} of the case", other.label().to_lowercase()),
        };
        Choice::new(role.as_str(), label, raw.who == role.as_str())
    });
    let priorities = Priority::ALL.iter().rev();
    let page = FormPage {
        people: someone.chain(anyone).collect(),
        priorities: priorities
            .map(|one| Choice::new(one.as_str(), one.label(), raw.priority == one.as_str()))
            .collect(),
        action: task.map_or_else(|| format!("/cases/{}/tasks/new", case.id), |id| format!("/tasks/{id}/edit")),
        cancel: task.map_or_else(|| format!("/cases/{}#tasks", case.id), |id| format!("/tasks/{id}")),
        reference: case.reference(),
        case_title: case.title.clone(),
        case_href: format!("/cases/{}", case.id),
        full: !matches!(case.status.as_str(), "NEW" | "PENDING_REVIEW" | "ASSIGNED" | "IN_PROGRESS"),
        title,
        form: raw,
        conflict,
        errors,
        shell,
    };
    let status = match (conflict, page.errors.is_empty()) {
        (true, _) => StatusCode::CONFLICT,
        (false, false) => StatusCode::UNPROCESSABLE_ENTITY,
        (false, true) => StatusCode::OK,
    };
    Ok(html(status, page.render()?))
}
