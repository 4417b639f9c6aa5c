//! `GET /threads/{id}`, and answers.

use askama::Template;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use super::of_the_team;
use crate::access::Role;
use crate::clock::{self, Timestamp};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::ThreadId;
use crate::messages::answer::Answer;
use crate::messages::forms::RawReply;
use crate::messages::history::entries;
use crate::messages::inbox_page::Item;
use crate::messages::model::{Channel, Status};
use crate::messages::pages::DraftKept;
use crate::messages::queries::row::Row;
use crate::messages::queries::{one, people, story, write};
use crate::messages::show::{Print, Said, Show};
use crate::messages::{drafts, files};
use crate::outbox;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::format;
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// Pages of a conversation that one print holds.
const PRINTED: i64 = 1_000;

/// From where on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Earlier {
    /// Before this moment, in microseconds.
    pub before: String,
}

impl Earlier {
    fn moment(&self) -> Option<Timestamp> {
        self.before.parse().ok().and_then(clock::moment)
    }
}

/// What the page shows besides the conversation.
struct Extra {
    form: RawReply,
    errors: FormErrors,
    newer: bool,
    before: Option<Timestamp>,
    status: StatusCode,
}

/// The conversation.
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>, Query(earlier): Query<Earlier>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let extra = Extra {
        form: RawReply::empty(),
        errors: FormErrors::default(),
        newer: false,
        before: earlier.moment(),
        status: StatusCode::OK,
    };
    page(&ctx, tx, row, extra).await
}

/// `POST /threads/{id}/messages`: an answer. Where somebody has written meanwhile, that is shown first, with what was
/// typed still there.
pub async fn reply(ctx: Ctx, Id(id): Id<ThreadId>, request: Request) -> Page {
    let mut answer = Answer::take(&ctx, id, request).await?;
    if !answer.errors.is_empty() {
        return unsent(&ctx, answer, false, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let known = answer.is_known(&ctx).await?;
    let newer = !known && answer.form.seen.parse::<i32>().is_ok_and(|seen| seen < answer.row.message_count);
    if newer || !(known || answer.row.standing().takes_messages(ctx.now())) {
        return unsent(&ctx, answer, newer, StatusCode::CONFLICT).await;
    }
    let channel = answer.row.channel;
    let side = answer.form.side(channel);
    if let Some(answer) = answer.send(&ctx, side).await? {
        return unsent(&ctx, answer, false, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let done = if channel == Channel::Portal { "Message sent" } else { "Noted" };
    Ok(ctx.redirect(&format!("/threads/{id}#latest"), Some(&Flash::ok(done))))
}

/// The page again, with what was typed and what is wrong.
async fn unsent(ctx: &Ctx, answer: Answer, newer: bool, status: StatusCode) -> Page {
    let Answer { tx, row, form, mut errors, received, .. } = answer;
    files::unsent(&received, &mut errors);
    page(ctx, tx, row, Extra { form, errors, newer, before: None, status }).await
}

/// `POST /threads/{id}/draft`: keeps what is being typed.
pub async fn draft(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>, Form(form): Form<RawReply>) -> Page {
    one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    keep_draft(&ctx, tx, id, &form, &format!("/threads/{id}#answer")).await
}

/// Keeps what is being typed, and says so: beside the form, or on the page `back`. What was sent meanwhile is no draft.
pub(in crate::messages) async fn keep_draft(ctx: &Ctx, mut tx: Tx, id: ThreadId, form: &RawReply, back: &str) -> Page {
    if one::message(&mut tx, ctx.actor.organization, id, form.id()).await?.is_none() {
        drafts::keep(ctx, &mut tx, id, &form.content).await?;
        tx.commit().await?;
    }
    if ctx.hx.request {
        return ctx.fragment(&DraftKept { at: format::clock(ctx.now(), ctx.actor.zone) });
    }
    Ok(ctx.redirect(back, Some(&Flash::ok("Your draft is kept. Nobody else sees it."))))
}

/// `GET /threads/{id}/print`
pub async fn print(ctx: Ctx, mut tx: Tx, Id(id): Id<ThreadId>) -> Page {
    let row = one::find(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    let organization = ctx.actor.organization;
    let event = Event::new(Action::Print, "thread").of(id).about(row.patient_id).at(Some(row.facility_id));
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    let messages = one::messages(&mut tx, organization, id, None, PRINTED).await?;
    let shell = ctx.shell(&mut tx, format!("Conversation M-{}", row.number), Area::Messages).await?;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let item = Item::reveal(row, keys, organization, &proof)?;
    let reveal = |message| Said::reveal(message, &ctx.actor, &item.who, keys, organization, &proof);
    let mut said = messages.into_iter().map(reveal).collect::<Result<Vec<_>>>()?;
    files::beside(&ctx, &mut tx, &mut said).await?;
    tx.commit().await?;
    ctx.whole_page(StatusCode::OK, &Print { shell, item, said, zone: ctx.actor.zone })
}

async fn page(ctx: &Ctx, mut tx: Tx, row: Row, extra: Extra) -> Result<Response> {
    let organization = ctx.actor.organization;
    let id = row.id;
    let event = Event::new(Action::View, "thread").of(id).about(row.patient_id).at(Some(row.facility_id));
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    // Before the messages are read: what arrives later waits for this and stays unread.
    if !ctx.hx.automatic {
        write::read(&mut tx, organization, id, ctx.actor.user).await?;
        outbox::seen(&mut tx, &ctx.actor, id).await?;
    }
    let mut messages = one::messages(&mut tx, organization, id, extra.before, one::SHOWN + 1).await?;
    let more = i64::try_from(messages.len()).is_ok_and(|found| found > one::SHOWN);
    if more {
        messages.remove(0);
    }
    let earlier = messages.first().filter(|_| more);
    let earlier = earlier.map(|first| format!("/threads/{id}?before={}", first.at.timestamp_micros()));
    // An answer that comes back with the page stands; else what was being typed.
    let draft = if extra.status == StatusCode::OK && !ctx.hx.automatic {
        drafts::load(ctx, &mut tx, id, &proof).await?
    } else {
        None
    };
    let entries = entries(story::steps(&mut tx, organization, id).await?);
    let in_portal = row.channel == Channel::Portal && ctx.actor.role != Role::Carer;
    let reader = match row.patient_id.filter(|_| in_portal) {
        Some(patient) => people::patient(&mut tx, organization, Some(patient), None).await?,
        None => None,
    };
    let shell = ctx.shell(&mut tx, format!("Conversation M-{}", row.number), Area::Messages).await?;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let item = Item::reveal(row, keys, organization, &proof)?;
    let reveal = |message| Said::reveal(message, &ctx.actor, &item.who, keys, organization, &proof);
    let mut said = messages.into_iter().map(reveal).collect::<Result<Vec<_>>>()?;
    files::beside(ctx, &mut tx, &mut said).await?;
    tx.commit().await?;
    let row = &item.row;
    let form =
        RawReply { seen: row.message_count.to_string(), content: draft.unwrap_or(extra.form.content), ..extra.form };
    let page = Show {
        answerable: row.standing().takes_messages(ctx.now()),
        unread_portal: reader.is_some_and(|about| !about.has_portal),
        may_claim: of_the_team(&ctx.actor) && row.assignee_id.is_none() && row.status != Status::Closed,
        shell,
        said,
        earlier,
        entries,
        form,
        errors: extra.errors,
        newer: extra.newer,
        now: ctx.now(),
        zone: ctx.actor.zone,
        item,
    };
    if extra.status == StatusCode::OK {
        return ctx.page(&page, page.as_conversation());
    }
    Ok(html(extra.status, page.render()?))
}
