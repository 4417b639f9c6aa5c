//! A person's own second factor: setting it up, new recovery codes, switching it off.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::auth;
use super::sign_in::wait;
use crate::accounts::forms::CodeForm;
use crate::accounts::limits::{Counters, Kind};
use crate::accounts::pages::{CodesPage, SecondFactorPage, SetupPage};
use crate::accounts::second_factor::{self, CODES, Typed};
use crate::accounts::{queries, require_step_up};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::phi::Phi;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

const HERE: &str = "/me/second-factor";
const SETUP: &str = "/me/second-factor/setup";

pub async fn show(ctx: Ctx, mut tx: Tx) -> Page {
    let mut auth = auth(&ctx).await?;
    let factor = queries::second_factor(&mut auth, ctx.actor.organization, ctx.actor.user).await?;
    let shell = ctx.shell(&mut tx, "Second factor", Area::Elsewhere).await?;
    let page = SecondFactorPage {
        shell,
        since: factor.as_ref().and_then(|factor| factor.confirmed_at),
        codes_left: factor.map_or(0, |factor| factor.codes_left),
        codes: CODES,
    };
    let body = askama::Template::render(&page)?;
    Ok(ctx.answer(StatusCode::OK, body))
}

/// Makes a secret that the app has still to prove it knows.
pub async fn begin(ctx: Ctx) -> Result<Response> {
    require_step_up(&ctx.actor)?;
    let (organization, user) = (ctx.actor.organization, ctx.actor.user);
    let mut auth = auth(&ctx).await?;
    let keys = ctx.app.keys(&mut auth, organization).await?;
    let secret = second_factor::new_secret();
    let sealed = keys.seal(organization, "second_factor", "secret", user, &secret).map_err(anyhow::Error::from)?;
    if !queries::begin_second_factor(&mut auth, organization, user, &sealed).await? {
        return Err(Error::Conflict("Your second factor is on already.".to_owned()));
    }
    events::record(&mut auth, &ctx.by(), changed(&ctx, json!({ "second_factor": "begun" }))).await?;
    auth.commit().await?;
    Ok(ctx.redirect(SETUP, None))
}

pub async fn setup(ctx: Ctx, mut tx: Tx) -> Page {
    require_step_up(&ctx.actor)?;
    setup_page(&ctx, &mut tx, StatusCode::OK, None).await
}

pub async fn confirm(ctx: Ctx, mut tx: Tx, Form(form): Form<CodeForm>) -> Page {
    require_step_up(&ctx.actor)?;
    let (organization, user) = (ctx.actor.organization, ctx.actor.user);
    let counters = Counters::new(Kind::Code, ctx.ip, &user.to_string());
    if let Err(error) = counters.charge(ctx.app.db.auth()).await {
        let Error::TooMany { retry_after } = error else { return Err(error) };
        let words = format!("Too many codes were wrong. {}", wait(retry_after));
        return setup_page(&ctx, &mut tx, StatusCode::TOO_MANY_REQUESTS, Some(words)).await;
    }
    let mut auth = auth(&ctx).await?;
    let Some(secret) = pending(&ctx, &mut auth).await? else { return Ok(ctx.redirect(HERE, None)) };
    let step = match Typed::read(&form.code) {
        Typed::Code(code) => second_factor::step(&secret, &code, ctx.now())?,
        Typed::Recovery(_) => None,
    };
    let right = match step {
        Some(step) => queries::take_step(&mut auth, organization, user, step).await?,
        None => false,
    };
    if !right {
        let words =
            "That is not the code. Check that the clock of your phone is right, then type the code it shows now.";
        return setup_page(&ctx, &mut tx, StatusCode::UNPROCESSABLE_ENTITY, Some(words.to_owned())).await;
    }
    let codes = new_codes(&ctx, &mut auth).await?;
    events::record(&mut auth, &ctx.by(), changed(&ctx, json!({ "second_factor": "on" }))).await?;
    auth.commit().await?;
    counters.refund(ctx.app.db.auth()).await?;
    codes_page(&ctx, &mut tx, codes, true).await
}

pub async fn replace_codes(ctx: Ctx, mut tx: Tx) -> Page {
    require_step_up(&ctx.actor)?;
    let mut auth = auth(&ctx).await?;
    if !is_on(&ctx, &mut auth).await? {
        return Ok(ctx.redirect(HERE, None));
    }
    let codes = new_codes(&ctx, &mut auth).await?;
    events::record(&mut auth, &ctx.by(), changed(&ctx, json!({ "recovery_codes": "replaced" }))).await?;
    auth.commit().await?;
    codes_page(&ctx, &mut tx, codes, false).await
}

pub async fn end(ctx: Ctx) -> Result<Response> {
    require_step_up(&ctx.actor)?;
    let (organization, user) = (ctx.actor.organization, ctx.actor.user);
    let mut auth = auth(&ctx).await?;
    if !queries::end_second_factor(&mut auth, organization, user).await? {
        return Ok(ctx.redirect(HERE, None));
    }
    queries::replace_codes(&mut auth, organization, user, &[]).await?;
    events::record(&mut auth, &ctx.by(), changed(&ctx, json!({ "second_factor": "off" }))).await?;
    auth.commit().await?;
    Ok(ctx.redirect(HERE, Some(&Flash::ok("Your second factor is off"))))
}

fn changed(ctx: &Ctx, details: Value) -> Event {
    Event::new(Action::PermissionChange, "app_user").of(ctx.actor.user).with(details)
}

async fn is_on(ctx: &Ctx, auth: &mut Tx) -> Result<bool> {
    let factor = queries::second_factor(auth, ctx.actor.organization, ctx.actor.user).await?;
    Ok(factor.is_some_and(|factor| factor.confirmed_at.is_some()))
}

/// The secret that is waiting for its first code.
async fn pending(ctx: &Ctx, auth: &mut Tx) -> Result<Option<Phi<String>>> {
    let (organization, user) = (ctx.actor.organization, ctx.actor.user);
    let factor = queries::second_factor(auth, organization, user).await?;
    let sealed = factor.filter(|factor| factor.confirmed_at.is_none()).and_then(|factor| factor.secret_enc);
    let Some(sealed) = sealed else { return Ok(None) };
    let keys = ctx.app.keys(auth, organization).await?;
    Ok(Some(keys.open(organization, "second_factor", "secret", user, &sealed).map_err(anyhow::Error::from)?))
}

async fn new_codes(ctx: &Ctx, auth: &mut Tx) -> Result<Vec<String>> {
    let (organization, user) = (ctx.actor.organization, ctx.actor.user);
    let codes = second_factor::new_codes();
    let keys = ctx.app.keys(auth, organization).await?;
    let hashes: Vec<_> =
        codes.iter().map(|code| second_factor::code_hash(keys, organization, user, code)).collect::<Result<_>>()?;
    queries::replace_codes(auth, organization, user, &hashes).await?;
    Ok(codes.into())
}

/// The QR code and the key: shown to their owner only, and only until the app has them.
async fn setup_page(ctx: &Ctx, tx: &mut Tx, status: StatusCode, problem: Option<String>) -> Page {
    let mut auth = auth(ctx).await?;
    let Some(secret) = pending(ctx, &mut auth).await? else { return Ok(ctx.redirect(HERE, None)) };
    let [account, ..] = queries::about(&mut auth, ctx.actor.organization, ctx.actor.user).await?;
    let event = Event::new(Action::View, "second_factor").of(ctx.actor.user);
    let proof = events::record(&mut auth, &ctx.by(), event).await?;
    auth.commit().await?;
    let secret = secret.reveal(&proof);
    let title = if problem.is_some() { "Error: Set up your second factor" } else { "Set up your second factor" };
    let page = SetupPage {
        shell: ctx.shell(tx, title, Area::Elsewhere).await?,
        qr: second_factor::qr(&second_factor::address(secret, &account)?)?,
        key: in_fours(secret),
        account,
        problem,
    };
    ctx.whole_page(status, &page)
}

/// A key as people copy it: in groups of four.
fn in_fours(key: &str) -> String {
    key.as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

async fn codes_page(ctx: &Ctx, tx: &mut Tx, codes: Vec<String>, first: bool) -> Page {
    let shell = ctx.shell(tx, "Recovery codes", Area::Elsewhere).await?;
    ctx.whole_page(StatusCode::OK, &CodesPage { shell, codes, first })
}
