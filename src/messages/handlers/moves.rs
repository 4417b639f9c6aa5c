//! Taking, passing on, closing, reopening, filing, and marking messages as errors.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::list::REFUSED;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{MessageId, ThreadId};
use crate::messages::forms::RawMove;
use crate::messages::model::{Category, Refusal, Status};
use crate::messages::pages::{AssignmentPage, ReasonPage};
use crate::messages::queries::row::Row;
use crate::messages::queries::write::{self, Move};
use crate::messages::queries::{one, people};
use crate::messages::tell;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Ids};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// `POST /threads/{id}/claim`: takes what nobody has.
pub async fn claim(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>, Form(raw): Form<RawMove>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    if row.assignee_id == Some(ctx.actor.user) {
        return Ok(ctx.redirect(&href(id), Some(&Flash::ok("It is yours already"))));
    }
    row.standing().assign(ctx.actor.user, Some(ctx.actor.user), &raw.text).map_err(|refusal| match refusal {
        Refusal::NoReason => Error::Conflict("A colleague has taken this conversation meanwhile.".to_owned()),
        Refusal::NoSuchMove | Refusal::TooLate => Error::Conflict(refusal.to_string()),
    })?;
    let what = Move { id, version: raw.version()?, reason: "" };
    let moved = write::assign(&mut tx, ctx.actor.organization, what, Some(ctx.actor.user)).await?;
    done(&ctx, tx, &row, moved, Action::Assigned, "It is yours now").await
}

/// `GET /threads/{id}/assignment`
pub async fn ask_assignment(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let form = RawMove { row_version: row.row_version.to_string(), ..RawMove::default() };
    assignment(&ctx, tx, &row, form, FormErrors::default()).await
}

/// `POST /threads/{id}/assignment`: to somebody, or back to the team, for a reason.
pub async fn assign(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>, Form(raw): Form<RawMove>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let mut errors = FormErrors::default();
    let reason = raw.reason(&mut errors);
    let to = raw.to(ctx.actor.user, &mut errors).ok();
    let moved = to.map(|to| row.standing().assign(ctx.actor.user, to, &reason));
    match moved {
        Some(Err(Refusal::NoReason)) => errors.add("text", "Say why it goes to somebody else"),
        Some(Err(refusal)) => return Err(Error::Conflict(refusal.to_string())),
        Some(Ok(_)) | None => {}
    }
    let people = people::answering(&mut tx, ctx.actor.organization, row.facility_id).await?;
    if let Some(Some(person)) = to
        && people.iter().all(|one| one.id != person)
    {
        errors.add("who", "This person cannot answer here. Choose somebody else");
    }
    let Some(to) = to.filter(|_| errors.is_empty()) else {
        return assignment(&ctx, tx, &row, raw, errors).await;
    };
    let what = Move { id, version: raw.version()?, reason: &reason };
    let moved = write::assign(&mut tx, ctx.actor.organization, what, to).await?;
    if let Some(person) = to.filter(|_| moved) {
        tell::assigned(&mut tx, id, person).await?;
    }
    done(&ctx, tx, &row, moved, Action::Assigned, "Passed on").await
}

/// `POST /threads/{id}/closure`
pub async fn close(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>, Form(raw): Form<RawMove>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    row.standing().close(ctx.now()).map_err(|refusal| Error::Conflict(refusal.to_string()))?;
    let what = Move { id, version: raw.version()?, reason: "" };
    let moved = write::turn(&mut tx, ctx.actor.organization, what, Status::Closed).await?;
    done(&ctx, tx, &row, moved, Action::StatusChanged, "Conversation closed").await
}

/// `GET /threads/{id}/reopening`
pub async fn ask_reopening(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let form = RawMove { row_version: row.row_version.to_string(), ..RawMove::default() };
    reopening(&ctx, tx, &row, form, FormErrors::default()).await
}

/// `POST /threads/{id}/reopening`
pub async fn reopen(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>, Form(raw): Form<RawMove>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let mut errors = FormErrors::default();
    let reason = raw.reason(&mut errors);
    match row.standing().reopen(&reason) {
        Err(Refusal::NoReason) => errors.add("text", "Say why it is opened again"),
        Err(refusal) => return Err(Error::Conflict(refusal.to_string())),
        Ok(_) => {}
    }
    if !errors.is_empty() {
        return reopening(&ctx, tx, &row, raw, errors).await;
    }
    let what = Move { id, version: raw.version()?, reason: &reason };
    let moved = write::turn(&mut tx, ctx.actor.organization, what, Status::Open).await?;
    done(&ctx, tx, &row, moved, Action::StatusChanged, "Conversation opened again").await
}

/// `POST /threads/{id}/category`
pub async fn category(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>, Form(raw): Form<RawMove>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let category: Category =
        raw.category.parse().map_err(|_| Error::Unprocessable("Choose one of the categories.".to_owned()))?;
    let what = Move { id, version: raw.version()?, reason: "" };
    let moved = write::file(&mut tx, ctx.actor.organization, what, category).await?;
    done(&ctx, tx, &row, moved, Action::Update, "Filed").await
}

/// `GET /threads/{id}/messages/{message}/retraction`
pub async fn ask_retraction(ctx: Ctx, mut tx: Tx, Ids(id, message): Ids<ThreadId, MessageId>) -> Page {
    let row = own_message(&ctx, &mut tx, id, message).await?;
    retraction(&ctx, tx, &row, message, RawMove::default(), FormErrors::default()).await
}

/// `POST /threads/{id}/messages/{message}/retraction`: the message stays, marked as entered in error.
pub async fn retract(
    ctx: Ctx,
    mut tx: Tx,
    Ids(id, message): Ids<ThreadId, MessageId>,
    Form(raw): Form<RawMove>,
) -> Page {
    let row = own_message(&ctx, &mut tx, id, message).await?;
    let mut errors = FormErrors::default();
    let reason = raw.reason(&mut errors);
    if reason.is_empty() {
        errors.add("text", "Say what is wrong with it");
    }
    if !errors.is_empty() {
        return retraction(&ctx, tx, &row, message, raw, errors).await;
    }
    if write::retract(&mut tx, &ctx.by(), id, message, &reason).await? {
        let event = Event::new(Action::Update, "message").of(message).about(row.patient_id).at(Some(row.facility_id));
        events::record(&mut tx, &ctx.by(), event.with(json!({ "entered_in_error": true }))).await?;
    }
    tx.commit().await?;
    Ok(ctx.redirect(&href(id), Some(&Flash::ok("Marked as entered in error"))))
}

fn href(id: ThreadId) -> String {
    format!("/threads/{id}")
}

/// The conversation of a message that this person wrote.
async fn own_message(ctx: &Ctx, tx: &mut Tx, id: ThreadId, message: MessageId) -> Result<Row> {
    let row = one::find(tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let message = one::message(tx, ctx.actor.organization, id, message).await?.ok_or(Error::NotFound)?;
    if message.created_by == Some(ctx.actor.user) {
        return Ok(row);
    }
    Err(Error::Conflict("Only who wrote a message marks it as an error. Write a correction instead.".to_owned()))
}

async fn done(ctx: &Ctx, mut tx: Tx, row: &Row, moved: bool, action: Action, words: &'static str) -> Page {
    if !moved {
        return Err(Error::Conflict(
            "This conversation has changed since you opened it. Look at it again, then decide.".to_owned(),
        ));
    }
    let event = Event::new(action, "thread").of(row.id).about(row.patient_id).at(Some(row.facility_id));
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&href(row.id), Some(&Flash::ok(words))))
}

fn status(errors: &FormErrors) -> StatusCode {
    if errors.is_empty() { StatusCode::OK } else { REFUSED }
}

async fn assignment(ctx: &Ctx, mut tx: Tx, row: &Row, form: RawMove, errors: FormErrors) -> Result<Response> {
    let people = people::answering(&mut tx, ctx.actor.organization, row.facility_id).await?;
    let reference = format!("M-{}", row.number);
    let shell = ctx.shell(&mut tx, format!("Pass on {reference}"), Area::Messages).await?;
    let people = people.into_iter().filter(|one| Some(one.id) != row.assignee_id).collect();
    let code = status(&errors);
    Ok(html(code, AssignmentPage { shell, href: href(row.id), reference, form, errors, people }.render()?))
}

async fn reopening(ctx: &Ctx, mut tx: Tx, row: &Row, form: RawMove, errors: FormErrors) -> Result<Response> {
    let reference = format!("M-{}", row.number);
    let code = status(&errors);
    let page = ReasonPage {
        shell: ctx.shell(&mut tx, format!("Reopen {reference}"), Area::Messages).await?,
        action: format!("/threads/{}/reopening", row.id),
        href: href(row.id),
        reference,
        title: "Open this conversation again",
        note: "An answer within 14 days opens it by itself. After that, only this does.",
        button: "Reopen",
        form,
        errors,
    };
    Ok(html(code, page.render()?))
}

async fn retraction(
    ctx: &Ctx,
    mut tx: Tx,
    row: &Row,
    message: MessageId,
    form: RawMove,
    errors: FormErrors,
) -> Result<Response> {
    let reference = format!("M-{}", row.number);
    let code = status(&errors);
    let page = ReasonPage {
        shell: ctx.shell(&mut tx, format!("Entered in error: {reference}"), Area::Messages).await?,
        action: format!("/threads/{}/messages/{message}/retraction", row.id),
        href: href(row.id),
        reference,
        title: "Mark this message as entered in error",
        note: "The patient sees that the clinic has taken it back, and no longer what it said. Staff still see both. This cannot be undone.",
        button: "Mark as entered in error",
        form,
        errors,
    };
    Ok(html(code, page.render()?))
}
