//! Signing in and out.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use metrics::counter;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use tower_sessions::Session;

use super::{failed, new_id};
use crate::access::Role;
use crate::accounts::forms::{Next, SignInForm};
use crate::accounts::limits::{Counters, Kind};
use crate::accounts::model::{Account, next_path, sign_in_email};
use crate::accounts::pages::{CodePage, SignInPage};
use crate::accounts::password::{PasswordError, Passwords};
use crate::accounts::session_store::{Purpose, SignIn};
use crate::accounts::tokens::{self, Purpose as Link};
use crate::accounts::{cookie_name, queries};
use crate::app::App;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event};
use crate::ids::SessionId;
use crate::web::ctx::{Visitor, html, redirect};
use crate::web::form::{Form, Query};
use crate::web::{Ctx, Page};

/// Every refusal takes at least this long, so that its time does not tell whether the account exists.
const REFUSAL: Duration = Duration::from_millis(300);

/// One sentence for every refusal: unknown, wrong, suspended and without a role sound the same.
const REFUSED: &str = "The e-mail address or the password is wrong, or the account is not active. Check both and try again, or ask your administrator.";

pub async fn show(State(app): State<App>, ctx: Option<Ctx>, visitor: Visitor, Query(query): Query<Next>) -> Page {
    let next = next_path(query.next.as_deref());
    if ctx.is_some() {
        return Ok(redirect(&visitor.hx, next, None));
    }
    page(&app, StatusCode::OK, &visitor, "", next, None).await
}

pub async fn create(
    State(app): State<App>,
    ctx: Option<Ctx>,
    visitor: Visitor,
    session: Session,
    Form(form): Form<SignInForm>,
) -> Page {
    let deadline = Instant::now() + REFUSAL;
    let next = next_path(form.next.as_deref());
    let email = sign_in_email(&form.email);
    let counters = Counters::new(Kind::Password, visitor.ip, &email);
    if let Err(error) = counters.charge(app.db.auth()).await {
        let Error::TooMany { retry_after } = error else { return Err(error) };
        return too_many(&app, &visitor, &form.email, next, retry_after).await;
    }
    let account = queries::account(app.db.auth(), &email).await?;
    if account.is_none() {
        note_stranger(&app, &email);
    }
    let Some((account, role)) = admit(&app, account, form.password, &visitor).await? else {
        tokio::time::sleep_until(deadline).await;
        return page(&app, StatusCode::UNPROCESSABLE_ENTITY, &visitor, &form.email, next, Some(REFUSED)).await;
    };
    counters.refund(app.db.auth()).await?;
    if account.second_factor {
        let token = link(&app, &account, Link::SignIn).await?;
        return Ok(html(StatusCode::OK, askama::Template::render(&CodePage::new(&app, &token.text(), next, None))?));
    }
    if account.short_password {
        // Chosen beside a second factor that is gone: right, but not enough any more.
        let token = link(&app, &account, Link::PasswordReset).await?;
        return Ok(redirect(&visitor.hx, &format!("{}/{}", Link::PasswordReset.path(), token.text()), None));
    }
    enter(&app, ctx, &session, &visitor, &account, role, json!({})).await?;
    Ok(redirect(&visitor.hx, next, None))
}

/// A token for somebody whose password was right.
async fn link(app: &App, account: &Account, purpose: Link) -> Result<tokens::Token> {
    let mut tx = app.db.begin_auth(account.organization, Some(account.user)).await?;
    let token = tokens::issue(&mut tx, account.organization, account.user, None, purpose).await?;
    tx.commit().await?;
    Ok(token)
}

pub async fn destroy(State(app): State<App>, ctx: Option<Ctx>, visitor: Visitor, session: Session) -> Result<Response> {
    if let Some(ctx) = ctx {
        end(&ctx, "SIGNED_OUT").await?;
    }
    session.flush().await.map_err(failed)?;
    let mut response = redirect(&visitor.hx, "/sign-in", None);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cookies\", \"storage\""));
    // Browsers take the removal of a `__Host-` cookie only with its attributes, which the session layer leaves out.
    let secure = if app.secure_cookies() { "; Secure" } else { "" };
    let gone = format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{secure}", cookie_name(&app));
    headers.append(header::SET_COOKIE, HeaderValue::from_str(&gone).map_err(anyhow::Error::from)?);
    Ok(response)
}

/// Compares the password, with as much work for an account that does not exist, and says who comes in as what.
async fn admit(
    app: &App,
    account: Option<Account>,
    password: String,
    visitor: &Visitor,
) -> Result<Option<(Account, Role)>> {
    let password = SecretString::from(password);
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    let outdated = stored.as_deref().is_some_and(Passwords::is_outdated);
    let right = app.passwords.verify(password.clone(), stored).await.map_err(password_failed)?;
    let Some(account) = account else { return Ok(None) };
    let role = account.first_role().filter(|_| right && account.active);
    let Some(role) = role else {
        refused(app, &account, visitor, json!({})).await?;
        return Ok(None);
    };
    if outdated {
        let hash = app.passwords.hash(password).await.map_err(password_failed)?;
        queries::upgrade_hash(app.db.auth(), account.organization, account.user, &hash).await?;
    }
    Ok(Some((account, role)))
}

/// Begins the session, then writes down that it began. No cookie is sent before both are done.
pub(super) async fn enter(
    app: &App,
    before: Option<Ctx>,
    session: &Session,
    visitor: &Visitor,
    account: &Account,
    role: Role,
    details: Value,
) -> Result<()> {
    if let Some(before) = before {
        end(&before, "REPLACED").await?;
    }
    let sign_in = SignIn {
        session: SessionId::new(),
        organization: account.organization,
        user: account.user,
        role,
        ip: visitor.ip.map(|ip| ip.to_string()),
        agent: visitor.agent.as_deref().map(str::to_owned),
    };
    let id = sign_in.session;
    let by = By { session: Some(id), role: Some(role.as_str()), ..by(account, visitor) };
    new_id(session, Purpose::SignIn(Box::new(sign_in))).await?;
    let mut tx = app.db.begin_auth(account.organization, Some(account.user)).await?;
    queries::signed_in(&mut tx, account.organization, account.user).await?;
    let event = Event::new(Action::Login, "user_session").of(id);
    let event = if details.as_object().is_some_and(Map::is_empty) { event } else { event.with(details) };
    events::record(&mut tx, &by, event).await?;
    tx.commit().await
}

/// Ends the session of `ctx` and writes that down.
async fn end(ctx: &Ctx, reason: &'static str) -> Result<()> {
    let actor = &ctx.actor;
    let mut tx = ctx.app.db.begin_auth(actor.organization, Some(actor.user)).await?;
    if queries::end_session(&mut tx, actor, actor.session, reason).await? {
        let event = Event::new(Action::Logout, "user_session").of(actor.session).with(json!({ "reason": reason }));
        events::record(&mut tx, &ctx.by(), event).await?;
    }
    tx.commit().await
}

/// Writes down a refused sign-in to an account that exists.
pub(super) async fn refused(app: &App, account: &Account, visitor: &Visitor, details: Value) -> Result<()> {
    counter!("sign_in_refused_total", "account" => "known").increment(1);
    let mut tx = app.db.begin_auth(account.organization, None).await?;
    let by = By { kind: "ANONYMOUS", id: None, ..by(account, visitor) };
    let event = Event::new(Action::LoginFailed, "app_user").of(account.user);
    let event = if details.as_object().is_some_and(Map::is_empty) { event } else { event.with(details) };
    events::record(&mut tx, &by, event).await?;
    tx.commit().await
}

/// Notes an attempt with an address that nobody here has. It belongs to no organization's audit, so the log has it: as a
/// keyed hash, which shows the same address coming back and tells nobody whose it is.
fn note_stranger(app: &App, email: &str) {
    counter!("sign_in_refused_total", "account" => "unknown").increment(1);
    let mark = hex::encode(app.keyring().sign("sign-in address", email).get(..8).unwrap_or_default());
    tracing::warn!(address.mark = mark, "Refused a sign-in with an address that has no account");
}

pub(super) fn by(account: &Account, visitor: &Visitor) -> By {
    By {
        organization: account.organization,
        kind: "USER",
        id: Some(account.user.uuid()),
        role: None,
        session: None,
        request: Some(visitor.request),
        ip: visitor.ip,
        agent: visitor.agent.clone(),
    }
}

async fn page(
    app: &App,
    status: StatusCode,
    visitor: &Visitor,
    email: &str,
    next: &str,
    problem: Option<&str>,
) -> Page {
    let demo = if app.demo { queries::demo_accounts(app.db.auth()).await? } else { Vec::new() };
    let page = SignInPage::new(app, visitor.flash.clone(), email, next, problem, &demo);
    Ok(visitor.answer(status, askama::Template::render(&page)?))
}

/// How long to wait, in words.
pub(super) fn wait(retry_after: u64) -> String {
    let minutes = retry_after.div_ceil(60).max(1);
    format!("Try again in {minutes} minute{}.", if minutes == 1 { "" } else { "s" })
}

async fn too_many(app: &App, visitor: &Visitor, email: &str, next: &str, retry_after: u64) -> Page {
    let words = format!("Too many attempts to sign in to this account or from this network. {}", wait(retry_after));
    let mut response = page(app, StatusCode::TOO_MANY_REQUESTS, visitor, email, next, Some(&words)).await?;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    Ok(response)
}

pub(super) fn password_failed(error: PasswordError) -> Error {
    match error {
        PasswordError::Busy => Error::TooMany { retry_after: 10 },
        PasswordError::Failed(_) => Error::Internal(error.into()),
    }
}
