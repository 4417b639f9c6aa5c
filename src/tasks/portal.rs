//! `/my/tasks`: what a patient was asked to do, each done with one button.

use askama::Template;
use axum::http::StatusCode;
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::json;

use super::handlers::moves;
use super::model::{Kind, Mover, Refusal, TaskStatus};
use super::pages::Item;
use super::queries::{one, write};
use crate::access::Role;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{PatientId, TaskId};
use crate::web::flash::Flash;
use crate::web::form::{Form, Id};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::whom::{self, Scope, Whom};
use crate::web::{Ctx, Page, filters};

/// Tasks on the page: what is open, and what was done last.
const SHOWN: i64 = 40;

/// The page.
#[derive(Template)]
#[template(path = "tasks/my.html")]
struct MyTasks {
    shell: Shell,
    own: Whom,
    open: Vec<Item>,
    done: Vec<Item>,
    zone: Tz,
}

impl MyTasks {
    fn late(&self, due: &Timestamp) -> bool {
        *due < self.shell.now
    }
}

/// The patient for whom a form was opened.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawDone {
    patient: String,
}

/// What a patient is asked to do next, for the first page of the portal.
#[derive(Debug)]
pub struct Next {
    /// What is due first.
    pub title: String,
    /// When.
    pub due_at: Option<Timestamp>,
    /// How many there are.
    pub open: i64,
}

/// The open task of a patient that is due first. One statement.
///
/// # Errors
/// Where the database does not answer.
pub async fn next(tx: &mut Tx, ctx: &Ctx, patient: PatientId) -> Result<Option<Next>> {
    one::next_of_patient(tx, ctx.actor.organization, patient).await
}

/// `GET /my/tasks`
pub async fn show(ctx: Ctx, mut tx: Tx) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Results).await?;
    let organization = ctx.actor.organization;
    let rows = one::for_patient(&mut tx, organization, own.patient, SHOWN).await?;
    let event = Event::new(Action::View, "task").about(Some(own.patient)).at(Some(own.facility_id));
    let proof = events::record(&mut tx, &ctx.by(), event.with(json!({ "page": "portal tasks" }))).await?;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let items: Vec<Item> =
        rows.into_iter().map(|row| Item::reveal(row, keys, organization, &proof)).collect::<Result<_>>()?;
    let shell = ctx.shell(&mut tx, "Things to do", Area::MyHome).await?;
    tx.commit().await?;
    let (open, done) = items.into_iter().partition(|item| item.row.status.is_open());
    ctx.whole_page(StatusCode::OK, &MyTasks { shell, own, open, done, zone: ctx.actor.zone })
}

/// `POST /my/tasks/{id}/done`. Sent twice, it is done once.
pub async fn finish(ctx: Ctx, mut tx: Tx, Id(id): Id<TaskId>, Form(raw): Form<RawDone>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Results).await?;
    own.agrees(&raw.patient)?;
    let row = one::lock(&mut tx, ctx.actor.organization, id).await?;
    if row.patient_id != Some(own.patient) {
        return Err(Error::NotFound);
    }
    let mover = Mover { user: ctx.actor.user, role: Role::Patient };
    let flash = match row.task().through(Kind::Finish, mover) {
        Ok(steps) => {
            moves::apply(&ctx, &mut tx, &row, steps, None, None).await?;
            Flash::ok("Done. Thank you.").with_undo(format!("/my/tasks/{id}/undo"))
        }
        Err(Refusal::State(TaskStatus::Done)) => Flash::ok("This was done already."),
        Err(Refusal::State(_)) => Flash::problem("Your care team has taken this back. You do not need to do it."),
        Err(Refusal::Person(_)) => return Err(Error::NotFound),
    };
    tx.commit().await?;
    Ok(ctx.redirect("/my/tasks", Some(&flash)))
}

/// `POST /my/tasks/{id}/undo`
pub async fn undo(ctx: Ctx, mut tx: Tx, Id(id): Id<TaskId>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Results).await?;
    let row = one::lock(&mut tx, ctx.actor.organization, id).await?;
    if row.patient_id != Some(own.patient) {
        return Err(Error::NotFound);
    }
    let undone = write::undo(&mut tx, ctx.actor.organization, id, ctx.actor.user).await?;
    if undone {
        moves::record(&ctx, &mut tx, &row, (TaskStatus::Done, TaskStatus::Ready), None, true).await?;
    }
    tx.commit().await?;
    let flash = if undone {
        Flash::ok("Taken back. It is still to do.")
    } else {
        Flash::problem("It is too late to take this back. Tell your clinic if it is not done.")
    };
    Ok(ctx.redirect("/my/tasks", Some(&flash)))
}
