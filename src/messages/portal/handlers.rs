//! Requests of patients about their messages.

use askama::Template;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::pages::{ListPage, NewPage, Newer, OtherPage, RawMine, ShowPage};
use crate::clock::{self, Timestamp};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{MessageId, ThreadId, UserId};
use crate::messages::answer::Answer;
use crate::messages::forms::RawReply;
use crate::messages::handlers::show::keep_draft;
use crate::messages::inbox_page::Item;
use crate::messages::model::{Category, Channel, Side};
use crate::messages::queries::people;
use crate::messages::queries::row::Row;
use crate::messages::queries::write::{self, NewThread};
use crate::messages::queries::{list, one};
use crate::messages::show::Said;
use crate::messages::tell::{self, Talk};
use crate::messages::{drafts, files};
use crate::outbox;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::whom::{self, Scope, Whom};
use crate::web::{Ctx, Page};

/// Conversations on the page of a patient; who has more looks for few of them.
const SHOWN: i64 = 50;

/// `GET /my/messages`
pub async fn list(ctx: Ctx, mut tx: Tx) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Messages).await?;
    let event = Event::new(Action::View, "thread").about(Some(own.patient)).at(Some(own.facility_id));
    let proof = events::record(&mut tx, &ctx.by(), event.with(json!({ "page": "portal messages" }))).await?;
    let rows = list::of_patient(&mut tx, &ctx.actor, own.patient, SHOWN).await?;
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let items = rows.into_iter().map(|row| Item::reveal(row, keys, ctx.actor.organization, &proof));
    let items = items.collect::<Result<_>>()?;
    let shell = ctx.shell(&mut tx, "Messages", Area::MyMessages).await?;
    tx.commit().await?;
    ctx.whole_page(StatusCode::OK, &ListPage { shell, own, items })
}

/// `GET /my/messages/new`
pub async fn ask(ctx: Ctx, mut tx: Tx) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Messages).await?;
    let form = RawMine {
        patient: own.patient.to_string(),
        idempotency_key: ThreadId::new().to_string(),
        message_key: MessageId::new().to_string(),
        ..RawMine::default()
    };
    new_page(&ctx, tx, own, form, (FormErrors::default(), StatusCode::OK)).await
}

/// `POST /my/messages/new`. Sent twice, it is sent once. A form that was opened for somebody else comes back, with what
/// was typed, to be looked at again.
pub async fn create(ctx: Ctx, request: Request) -> Page {
    // No transaction stays open while files come in.
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    whom::current_for(&mut tx, &ctx.actor, Scope::Messages).await?;
    drop(tx);
    let mut received = files::take(&ctx, request).await?;
    let raw: RawMine = files::typed(&received)?;
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Messages).await?;
    if own.agrees(&raw.patient).is_err() {
        let words =
            format!("You opened this form for somebody else. Is the message about {}? Then send it again", own.name());
        let raw = RawMine { patient: own.patient.to_string(), to: String::new(), ..raw };
        let mut errors = FormErrors::one("content", words);
        files::unsent(&received, &mut errors);
        return new_page(&ctx, tx, own, raw, (errors, StatusCode::CONFLICT)).await;
    }
    let mut errors = FormErrors::default();
    let subject = errors.line("subject", &raw.subject);
    let content = errors.text("content", &raw.content);
    if content.is_empty() {
        errors.add("content", "Write your message first");
    }
    let category = raw.category.parse::<Category>();
    if category.is_err() {
        errors.add("category", "Choose what it is about");
    }
    let assignee = recipient(&ctx, &mut tx, &own, &raw.to, &mut errors).await?;
    files::judge(&received, &mut errors);
    let Some(category) = category.ok().filter(|_| errors.is_empty()) else {
        files::unsent(&received, &mut errors);
        return new_page(&ctx, tx, own, raw, (errors, StatusCode::UNPROCESSABLE_ENTITY)).await;
    };
    let (by, organization) = (ctx.by(), ctx.actor.organization);
    let thread = NewThread {
        id: raw.idempotency_key.parse().unwrap_or_else(|_| ThreadId::new()),
        facility: own.facility_id,
        patient: Some(own.patient),
        subject: (!subject.is_empty()).then_some(subject),
        category,
        channel: Channel::Portal,
        contact_enc: None,
        assignee,
    };
    let message = raw.message_key.parse().unwrap_or_else(|_| MessageId::new());
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let sealed = keys.seal(organization, "message", "content", message.uuid(), &content);
    if write::begin(&mut tx, &by, &thread).await? {
        write::say(&mut tx, &by, thread.id, message, Side::Patient, &sealed.map_err(anyhow::Error::from)?).await?;
        let event =
            Event::new(Action::Create, "thread").of(thread.id).about(Some(own.patient)).at(Some(own.facility_id));
        events::record(&mut tx, &by, event).await?;
        let belongs = files::belongs(message, thread.patient, own.facility_id);
        if !files::add(&ctx, &mut tx, &belongs, &mut received).await? {
            drop(tx);
            let tx = ctx.app.db.begin(&ctx.actor).await?;
            files::unsent(&received, &mut errors);
            return new_page(&ctx, tx, own, raw, (errors, StatusCode::UNPROCESSABLE_ENTITY)).await;
        }
        let talk = Talk { id: thread.id, patient: thread.patient, channel: thread.channel, assignee: thread.assignee };
        tell::said(&mut tx, talk, Side::Patient, message).await?;
        received.keep();
        tx.commit().await?;
    }
    Ok(ctx.redirect(&format!("/my/messages/{}", thread.id), Some(&Flash::ok("Your message is sent"))))
}

/// From where on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Where {
    /// Before this moment, in microseconds.
    pub before: String,
    /// How many messages the page shows.
    pub seen: String,
}

/// `GET /my/messages/{id}`
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>, Query(at): Query<Where>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let before = at.before.parse().ok().and_then(clock::moment);
    show_page(&ctx, tx, row, (RawReply::empty(), FormErrors::default(), before), StatusCode::OK).await
}

/// `POST /my/messages/{id}`: an answer. To a conversation that ended long ago it becomes a new one, with what was typed.
pub async fn reply(ctx: Ctx, Id(id): Id<ThreadId>, request: Request) -> Page {
    let mut answer = Answer::take(&ctx, id, request).await?;
    if !answer.errors.is_empty() {
        return unsent(&ctx, answer, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    if !answer.is_known(&ctx).await? && !answer.row.standing().takes_messages(ctx.now()) {
        return unsent(&ctx, answer, StatusCode::CONFLICT).await;
    }
    if let Some(answer) = answer.send(&ctx, Side::Patient).await? {
        return unsent(&ctx, answer, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    Ok(ctx.redirect(&format!("/my/messages/{id}#latest"), Some(&Flash::ok("Your message is sent"))))
}

/// The page again, with what was typed and what is wrong.
async fn unsent(ctx: &Ctx, answer: Answer, status: StatusCode) -> Page {
    let Answer { tx, row, form, mut errors, received, .. } = answer;
    files::unsent(&received, &mut errors);
    show_page(ctx, tx, row, (form, errors, None), status).await
}

/// `POST /my/messages/{id}/draft`: keeps what is being typed.
pub async fn draft(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>, Form(form): Form<RawReply>) -> Page {
    one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    keep_draft(&ctx, tx, id, &form, &format!("/my/messages/{id}#answer")).await
}

/// `GET /my/messages/{id}/newer?seen=…`: whether there is something new; what it is, only the page shows.
pub async fn newer(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>, Query(at): Query<Where>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    if at.seen.parse::<i32>().is_ok_and(|seen| seen < row.message_count) {
        // Another address than that of the page: a link to a place in the same page would load nothing.
        let href = format!("/my/messages/{id}?seen={}", row.message_count);
        return ctx.fragment(&Newer { href });
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// To whom. Somebody who has left since the form was opened is no dead end: the message goes back with the team chosen.
async fn recipient(ctx: &Ctx, tx: &mut Tx, own: &Whom, to: &str, errors: &mut FormErrors) -> Result<Option<UserId>> {
    if to.is_empty() {
        return Ok(None);
    }
    let team = people::care_team(tx, ctx.actor.organization, own.patient, own.facility_id).await?;
    let found = team.into_iter().find(|member| member.user.to_string() == to).map(|member| member.user);
    if found.is_none() {
        errors.add("to", "This person cannot be written to any more. Choose the team, or somebody else");
    }
    Ok(found)
}

async fn new_page(
    ctx: &Ctx,
    mut tx: Tx,
    own: Whom,
    form: RawMine,
    state: (FormErrors, StatusCode),
) -> Result<Response> {
    let (errors, status) = state;
    let team = people::care_team(&mut tx, ctx.actor.organization, own.patient, own.facility_id).await?;
    let event = Event::new(Action::View, "patient").of(own.patient).about(Some(own.patient)).at(Some(own.facility_id));
    events::record(&mut tx, &ctx.by(), event.with(json!({ "page": "portal message" }))).await?;
    let shell = ctx.shell(&mut tx, "Write a message", Area::MyMessages).await?;
    tx.commit().await?;
    let form = if team.iter().any(|member| member.user.to_string() == form.to) {
        form
    } else {
        RawMine { to: String::new(), ..form }
    };
    Ok(html(status, NewPage { shell, own, team, form, errors }.render()?))
}

type Typed = (RawReply, FormErrors, Option<Timestamp>);

async fn show_page(ctx: &Ctx, mut tx: Tx, row: Row, typed: Typed, status: StatusCode) -> Result<Response> {
    let (form, errors, before) = typed;
    let (organization, id) = (ctx.actor.organization, row.id);
    let all = whom::all(&mut tx, &ctx.actor).await?;
    let looked_at = all.first().map(|own| own.patient);
    let own = all.into_iter().find(|own| Some(own.patient) == row.patient_id).ok_or(Error::NotFound)?;
    if looked_at != row.patient_id {
        let shell = ctx.shell(&mut tx, "Conversation", Area::MyMessages).await?;
        return ctx.whole_page(StatusCode::CONFLICT, &OtherPage { shell, then: own });
    }
    let event = Event::new(Action::View, "thread").of(id).about(row.patient_id).at(Some(row.facility_id));
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    write::read(&mut tx, organization, id, ctx.actor.user).await?;
    outbox::seen(&mut tx, &ctx.actor, id).await?;
    let draft = if status == StatusCode::OK { drafts::load(ctx, &mut tx, id, &proof).await? } else { None };
    let form = RawReply { content: draft.unwrap_or(form.content), ..form };
    let mut messages = one::messages(&mut tx, organization, id, before, one::SHOWN + 1).await?;
    let more = i64::try_from(messages.len()).is_ok_and(|found| found > one::SHOWN);
    if more {
        messages.remove(0);
    }
    let earlier = messages.first().filter(|_| more);
    let earlier = earlier.map(|first| format!("/my/messages/{id}?before={}", first.at.timestamp_micros()));
    let shell = ctx.shell(&mut tx, "Conversation", Area::MyMessages).await?;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let item = Item::reveal(row, keys, organization, &proof)?;
    let reveal = |message| Said::reveal(message, &ctx.actor, "", keys, organization, &proof);
    let mut said = messages.into_iter().map(reveal).collect::<Result<Vec<_>>>()?;
    files::beside(ctx, &mut tx, &mut said).await?;
    tx.commit().await?;
    let page = ShowPage {
        answerable: item.row.standing().takes_messages(ctx.now()),
        new_key: ThreadId::new().to_string(),
        shell,
        item,
        own,
        said,
        earlier,
        form,
        errors,
    };
    ctx.whole_page(status, &page)
}
