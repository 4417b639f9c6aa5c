//! What answers people about their own notices.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::forms::{Own, RawPreference};
use super::gateways;
use super::pages::{Bell, Index, Item, Preferences};
use super::queries::{self, Preference};
use crate::access::Permission;
use crate::clock;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::NotificationId;
use crate::outbox::Channel;
use crate::web::badges::{self, capped};
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// Lines of a page.
const PAGE: i64 = 30;

/// The table of preferences, which also names its encrypted column.
const TABLE: &str = "notification_preference";

/// From where on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Where {
    /// Before this moment, in microseconds.
    pub before: String,
}

/// `GET /notifications`
pub async fn index(ctx: Ctx, mut tx: Tx, Query(at): Query<Where>) -> Page {
    let before = at.before.parse().ok().and_then(clock::moment);
    let mut rows = queries::list(&mut tx, &ctx.actor, before, PAGE).await?;
    let more = i64::try_from(rows.len()).is_ok_and(|found| found > PAGE);
    if more {
        rows.pop();
    }
    let older = rows.last().filter(|_| more);
    let older = older.map(|last| format!("/notifications?before={}", last.at.timestamp_micros()));
    let items = rows.into_iter().map(|row| Item { kind: row.kind.parse().ok(), row }).collect();
    let shell = ctx.shell(&mut tx, "Notifications", Area::Elsewhere).await?;
    let page = Index { shell, items, older, now: ctx.now(), zone: ctx.actor.zone };
    ctx.page(&page, page.as_list())
}

/// `GET /notifications/bell`: the bell alone, and the count of messages in the navigation, after something has changed.
pub async fn bell(ctx: Ctx, mut tx: Tx) -> Page {
    let waiting = badges::waiting(&mut tx, &ctx.actor).await?;
    let shows_messages = ctx.actor.may(Permission::UseMessages);
    ctx.fragment(&Bell { notices: capped(waiting.notices), messages: capped(waiting.messages), shows_messages })
}

/// `POST /notifications/read`: everything so far.
pub async fn read_all(ctx: Ctx, mut tx: Tx) -> Page {
    queries::read_all(&mut tx, &ctx.actor).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/notifications", Some(&Flash::ok("All marked as read"))))
}

/// `GET /notifications/{id}`: to the page that it is about; it is read then. The page itself decides who sees it.
pub async fn open(ctx: Ctx, mut tx: Tx, Id(id): Id<NotificationId>) -> Page {
    let path = queries::open(&mut tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    tx.commit().await?;
    Ok(ctx.redirect(&path, None))
}

/// `GET /notifications/preferences`
pub async fn preferences(ctx: Ctx, mut tx: Tx) -> Page {
    let kept = queries::preference(&mut tx, &ctx.actor).await?;
    let own = own(&ctx, &mut tx, kept.as_ref()).await?;
    let form = RawPreference::of(kept.as_ref(), ctx.actor.role, own);
    page(&ctx, tx, form, FormErrors::default()).await
}

/// `POST /notifications/preferences`
pub async fn save(ctx: Ctx, mut tx: Tx, Form(form): Form<RawPreference>) -> Page {
    let before = queries::preference(&mut tx, &ctx.actor).await?;
    let (mut wish, own) = match form.parse(ctx.actor.role, before) {
        Ok(wish) => wish,
        Err(errors) => return page(&ctx, tx, form, errors).await,
    };
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let seal = |column, text: &Option<String>| match text {
        Some(text) => keys.seal(ctx.actor.organization, TABLE, column, ctx.actor.user.uuid(), text).map(Some),
        None => Ok(None),
    };
    wish.phone_enc = seal("phone", &own.phone).map_err(anyhow::Error::from)?;
    wish.chat_enc = seal("chat", &own.chat).map_err(anyhow::Error::from)?;
    queries::prefer(&mut tx, &ctx.actor, &wish).await?;
    let event = Event::new(Action::Update, TABLE).of(ctx.actor.user).with(json!({ "channels": wish.channels }));
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/notifications/preferences", Some(&Flash::ok("Saved"))))
}

/// Their own addresses, in clear.
async fn own(ctx: &Ctx, tx: &mut Tx, kept: Option<&Preference>) -> Result<Own> {
    let sealed = kept.map(|kept| (kept.phone_enc.as_ref(), kept.chat_enc.as_ref()));
    let Some((phone, chat)) = sealed.filter(|(phone, chat)| phone.is_some() || chat.is_some()) else {
        return Ok(Own::default());
    };
    let event = Event::new(Action::View, TABLE).of(ctx.actor.user);
    let proof = events::record(tx, &ctx.by(), event).await?;
    let keys = ctx.app.keys(tx, ctx.actor.organization).await?;
    let open = |column, sealed: Option<&Vec<u8>>| -> Result<Option<String>> {
        let Some(sealed) = sealed else { return Ok(None) };
        let opened = keys.open(ctx.actor.organization, TABLE, column, ctx.actor.user.uuid(), sealed);
        Ok(Some(opened.map_err(anyhow::Error::from)?.reveal(&proof).clone()))
    };
    Ok(Own { phone: open("phone", phone)?, chat: open("chat", chat)? })
}

async fn page(ctx: &Ctx, mut tx: Tx, form: RawPreference, errors: FormErrors) -> Result<Response> {
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let title = if errors.is_empty() { "How I am told" } else { "Error: How I am told" };
    let email = queries::email(&mut tx, &ctx.actor).await?;
    let shell = ctx.shell(&mut tx, title, Area::Elsewhere).await?;
    // In the demo nothing leaves, but everything can be chosen.
    let channels = if ctx.app.demo { Channel::OUTSIDE.to_vec() } else { gateways::ways(ctx, &mut tx).await? };
    tx.commit().await?;
    let page = Preferences { shell, form, errors, role: ctx.actor.role, channels, email, zone: ctx.actor.zone };
    ctx.whole_page(status, &page)
}
