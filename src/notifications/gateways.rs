//! Gateways for text messages and chat that an organization has of its own, kept by its administrators.

use askama::Template;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{OrganizationId, new_uuid};
use crate::outbox::{Channel, Hook};
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::{Ctx, Page};

const PAGE: &str = "/admin/notifications/gateways";

/// What is said of a name that leads inside.
const ASTRAY: &str = "This name leads into a private network, where gateways must not be. Give the address of a host on the internet, or ask whoever runs the portal to let gateways be there";

/// The table, which also names its encrypted column.
pub(super) const TABLE: &str = "notification_gateway";

/// Ways that a gateway can carry.
const WAYS: [Channel; 2] = [Channel::Sms, Channel::Chat];

/// A gateway as administrators see it.
#[derive(Debug)]
struct Kept {
    id: Uuid,
    channel: String,
    url: String,
    is_enabled: bool,
}

/// The form of one way.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawGateway {
    /// Which way.
    channel: String,
    /// Where text messages go.
    sms_url: String,
    /// The secret; empty to keep the one there is.
    sms_secret: String,
    /// Where chat goes.
    chat_url: String,
    /// The secret; empty to keep the one there is.
    chat_secret: String,
    /// Whether it is turned off.
    off: String,
}

impl RawGateway {
    /// Address and secret of one way.
    fn of(&self, channel: Channel) -> (&str, &str) {
        match channel {
            Channel::Chat => (self.chat_url.trim(), self.chat_secret.trim()),
            _ => (self.sms_url.trim(), self.sms_secret.trim()),
        }
    }
}

/// The fields of one way: address and secret.
const fn names(channel: Channel) -> (&'static str, &'static str) {
    match channel {
        Channel::Chat => ("chat_url", "chat_secret"),
        _ => ("sms_url", "sms_secret"),
    }
}

/// One way on the page.
struct Way {
    channel: Channel,
    url: String,
    /// Whether there is one, in use or not.
    is_kept: bool,
    is_enabled: bool,
    /// Whether the operator's carries without one.
    fallback: bool,
    errors: FormErrors,
}

impl Way {
    fn standing(&self) -> (&'static str, &'static str) {
        match (self.is_enabled, self.fallback) {
            (true, _) => ("ok", "Your own gateway"),
            (false, true) => ("info", "The operator's gateway"),
            (false, false) => ("none", "Not set up"),
        }
    }

    fn names(&self) -> (&'static str, &'static str) {
        names(self.channel)
    }

    fn save_words(&self) -> &'static str {
        if self.channel == Channel::Sms { "Save the gateway for texts" } else { "Save the gateway for chat" }
    }

    fn secret_hint(&self) -> &'static str {
        if self.is_kept {
            "Leave it empty to keep the one there is. It is never shown."
        } else {
            "whsec_ and 24 or more bytes in base64, as your gateway has it: make one with echo whsec_$(openssl rand -base64 32)"
        }
    }
}

#[derive(Template)]
#[template(path = "notifications/gateways.html")]
struct GatewaysPage {
    shell: Shell,
    ways: Vec<Way>,
}

/// `GET /admin/notifications/gateways`
pub async fn index(ctx: Ctx, tx: Tx) -> Page {
    show(&ctx, tx, None).await
}

/// `POST /admin/notifications/gateways`: keeps one, or turns it off.
pub async fn save(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawGateway>) -> Page {
    let channel = raw.channel.parse().ok().filter(|channel| WAYS.contains(channel));
    let channel: Channel = channel.ok_or(Error::Unprocessable("There is no such way out.".to_owned()))?;
    let organization = ctx.actor.organization;
    let known = all(&mut tx, organization).await?.into_iter().find(|one| one.channel == channel.as_str());
    let id = known.as_ref().map_or_else(new_uuid, |one| one.id);
    if !raw.off.is_empty() {
        turn_off(&mut tx, organization, id).await?;
        return done(&ctx, tx, id, json!({ "channel": channel, "enabled": false }), "Turned off").await;
    }
    let mut errors = FormErrors::default();
    let (field, secret_field) = names(channel);
    let (text, secret) = raw.of(channel);
    if secret.is_empty() && known.is_none() {
        errors.add(secret_field, "Give the secret that your gateway checks");
    }
    let reach = &ctx.app.courier.reach;
    let url = reach.address(text);
    match &url {
        None => errors.add(field, "Give an address that begins with https:// and names a host on the internet"),
        Some(url) if reach.leads_astray(url).await => errors.add(field, ASTRAY),
        Some(_) => {}
    }
    if !secret.is_empty()
        && let Some(url) = &url
        && Hook::own(url.clone(), secret, reach).is_err()
    {
        errors.add(secret_field, "Write the secret as whsec_ and 24 or more bytes in base64");
    }
    let Some(url) = url.filter(|_| errors.is_empty()) else {
        return show(&ctx, tx, Some((channel, raw, errors))).await;
    };
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let sealed = match secret {
        "" => None,
        secret => Some(keys.seal(organization, TABLE, "secret", id, secret).map_err(anyhow::Error::from)?),
    };
    match (&known, &sealed) {
        (None, Some(secret)) => add(&mut tx, &ctx, id, channel, url.as_str(), secret).await?,
        (_, secret) => change(&mut tx, organization, id, url.as_str(), secret.as_deref()).await?,
    }
    let details =
        json!({ "channel": channel, "host": url.host_str(), "secret_changed": sealed.is_some(), "enabled": true });
    done(&ctx, tx, id, details, "Saved. Messages go there from now on").await
}

async fn done(ctx: &Ctx, mut tx: Tx, id: Uuid, details: serde_json::Value, words: &'static str) -> Page {
    events::record(&mut tx, &ctx.by(), Event::new(Action::Update, TABLE).of(id).with(details)).await?;
    tx.commit().await?;
    Ok(ctx.redirect(PAGE, Some(&Flash::ok(words))))
}

async fn show(ctx: &Ctx, mut tx: Tx, typed: Option<(Channel, RawGateway, FormErrors)>) -> Page {
    let kept = all(&mut tx, ctx.actor.organization).await?;
    let title = if typed.is_some() { "Error: Gateways" } else { "Gateways" };
    let shell = ctx.shell(&mut tx, title, Area::Outbox).await?;
    tx.commit().await?;
    let status = if typed.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let way = |channel: Channel| {
        let one = kept.iter().find(|one| one.channel == channel.as_str());
        let typed = typed.as_ref().filter(|(typed, ..)| *typed == channel);
        Way {
            channel,
            url: typed.map_or_else(
                || one.map_or_else(String::new, |one| one.url.clone()),
                |(_, raw, _)| raw.of(channel).0.to_owned(),
            ),
            is_kept: one.is_some(),
            is_enabled: one.is_some_and(|one| one.is_enabled),
            fallback: ctx.app.courier.carries(channel),
            errors: typed.map_or_else(FormErrors::default, |(_, _, errors)| errors.clone()),
        }
    };
    ctx.whole_page(status, &GatewaysPage { shell, ways: WAYS.into_iter().map(way).collect() })
}

async fn all(conn: &mut PgConnection, organization: OrganizationId) -> Result<Vec<Kept>> {
    Ok(sqlx::query_as!(
        Kept,
        "SELECT id, channel, url, is_enabled FROM notification_gateway WHERE organization_id = $1",
        organization.uuid()
    )
    .fetch_all(conn)
    .await?)
}

async fn turn_off(conn: &mut PgConnection, organization: OrganizationId, id: Uuid) -> Result<()> {
    sqlx::query!(
        "UPDATE notification_gateway SET is_enabled = false WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        id
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A new one.
async fn add(tx: &mut Tx, ctx: &Ctx, id: Uuid, channel: Channel, url: &str, secret: &[u8]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO notification_gateway (organization_id, id, channel, url, secret_enc, created_by_id) VALUES ($1, $2, $3, $4, $5, $6)",
        ctx.actor.organization.uuid(),
        id,
        channel.as_str(),
        url,
        secret,
        ctx.actor.user.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Changes it; without a secret the one there is stays, which this program may write and not read.
async fn change(tx: &mut Tx, organization: OrganizationId, id: Uuid, url: &str, secret: Option<&[u8]>) -> Result<()> {
    if let Some(secret) = secret {
        sqlx::query!(
            "UPDATE notification_gateway SET url = $3, secret_enc = $4, is_enabled = true WHERE organization_id = $1 AND id = $2",
            organization.uuid(),
            id,
            url,
            secret,
        )
        .execute(&mut **tx)
        .await?;
    } else {
        sqlx::query!(
            "UPDATE notification_gateway SET url = $3, is_enabled = true WHERE organization_id = $1 AND id = $2",
            organization.uuid(),
            id,
            url,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// A gateway as the worker uses it.
pub(super) struct Own {
    pub id: Uuid,
    pub channel: String,
    pub url: String,
    pub secret_enc: Vec<u8>,
}

/// The gateways of an organization that are in use, for the worker.
pub(super) async fn in_use(conn: &mut PgConnection, organization: OrganizationId) -> Result<Vec<Own>> {
    Ok(sqlx::query_as!(
        Own,
        "SELECT id, channel, url, secret_enc FROM notification_gateway WHERE organization_id = $1 AND is_enabled",
        organization.uuid()
    )
    .fetch_all(conn)
    .await?)
}

/// The ways out that this organization has, of its own or by the operator.
pub(super) async fn ways(ctx: &Ctx, conn: &mut PgConnection) -> Result<Vec<Channel>> {
    let own = sqlx::query_scalar!(r#"SELECT outbox.own_ways() AS "ways!""#).fetch_one(conn).await?;
    let has = |way: &Channel| ctx.app.courier.carries(*way) || own.iter().any(|name| name == way.as_str());
    Ok(Channel::OUTSIDE.into_iter().filter(has).collect())
}
