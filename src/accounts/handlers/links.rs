//! Links that let somebody choose a password, and asking for one.
//!
//! The token stands in the path: the log and the metrics have the route's pattern only, and `Referrer-Policy` keeps
//! browsers from handing the address on.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use secrecy::SecretString;
use serde_json::json;
use tokio::time::Instant;

use super::sign_in::{by, password_failed, wait};
use crate::accounts::forms::{ForgotForm, PasswordForm};
use crate::accounts::limits::{Counters, Kind};
use crate::accounts::model::{Holder, sign_in_email};
use crate::accounts::pages::{ForgotPage, LinkPage};
use crate::accounts::tokens::{Purpose, Token};
use crate::accounts::{password, queries};
use crate::app::App;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event};
use crate::web::Page;
use crate::web::ctx::{Visitor, html, redirect};
use crate::web::flash::Flash;
use crate::web::form::Form;

/// The answer takes this long whether there is such an account or not.
const ANSWER: Duration = Duration::from_millis(300);

pub async fn show_activation(app: State<App>, Path(token): Path<String>) -> Page {
    show(&app, Purpose::Activation, &token).await
}

pub async fn show_reset(app: State<App>, Path(token): Path<String>) -> Page {
    show(&app, Purpose::PasswordReset, &token).await
}

pub async fn activate(
    app: State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    Form(form): Form<PasswordForm>,
) -> Page {
    choose(&app, &visitor, Purpose::Activation, &token, form).await
}

pub async fn reset(
    app: State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    Form(form): Form<PasswordForm>,
) -> Page {
    choose(&app, &visitor, Purpose::PasswordReset, &token, form).await
}

async fn show(app: &App, purpose: Purpose, text: &str) -> Page {
    let holder = holder(app, purpose, text).await?;
    page(app, purpose, text, holder.as_ref(), None)
}

async fn holder(app: &App, purpose: Purpose, text: &str) -> Result<Option<Holder>> {
    let Some(token) = Token::parse(text) else { return Ok(None) };
    Ok(queries::token(app.db.auth(), &token, purpose).await?)
}

/// Takes the new password, uses the link up, and ends every session: whoever forgot a password may have lost more.
async fn choose(app: &App, visitor: &Visitor, purpose: Purpose, text: &str, form: PasswordForm) -> Page {
    let (Some(token), Some(holder)) = (Token::parse(text), holder(app, purpose, text).await?) else {
        return page(app, purpose, "", None, None);
    };
    let new = SecretString::from(form.password);
    let about = [&*holder.email, &*holder.first_name, &*holder.last_name, &*holder.organization_name];
    if let Err(weakness) = password::check(&new, &about, holder.second_factor) {
        return page(app, purpose, text, Some(&holder), Some(weakness.to_string()));
    }
    let short = password::is_short(&new);
    let hash = app.passwords.hash(new).await.map_err(password_failed)?;
    let (organization, user) = (holder.organization, holder.user);
    let mut tx = app.db.begin_auth(organization, Some(user)).await?;
    if !queries::take_token(&mut tx, organization, &token).await? {
        return page(app, purpose, "", None, None);
    }
    queries::choose_password(&mut tx, organization, user, &hash, short).await?;
    queries::end_all_sessions(&mut tx, organization, user).await?;
    let what = if purpose == Purpose::Activation { "chosen" } else { "replaced" };
    let event =
        Event::new(Action::PermissionChange, "app_user").of(user).with(json!({ "password": what, "by": "link" }));
    events::record(&mut tx, &By { id: Some(user.uuid()), ..anonymous(organization, visitor, "USER") }, event).await?;
    tx.commit().await?;
    Ok(redirect(&visitor.hx, "/sign-in", Some(&Flash::ok("Your password is set. Sign in with it."))))
}

fn page(app: &App, purpose: Purpose, token: &str, holder: Option<&Holder>, problem: Option<String>) -> Page {
    let status = match (holder, &problem) {
        (None, _) => StatusCode::NOT_FOUND,
        (Some(_), Some(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        (Some(_), None) => StatusCode::OK,
    };
    let page = LinkPage::new(app, purpose, token, holder, problem);
    Ok(html(status, askama::Template::render(&page)?))
}

pub async fn ask_forgot(State(app): State<App>) -> Page {
    forgot_page(&app, StatusCode::OK, false, None)
}

/// Files a request with the administrator, where there is such an account. The answer is the same, and as late, where
/// there is none.
pub async fn forgot(State(app): State<App>, visitor: Visitor, Form(form): Form<ForgotForm>) -> Page {
    let deadline = Instant::now() + ANSWER;
    let email = sign_in_email(&form.email);
    if !email.contains('@') {
        let words = "Enter the e-mail address with which you sign in".to_owned();
        return forgot_page(&app, StatusCode::UNPROCESSABLE_ENTITY, false, Some(words));
    }
    let counters = Counters::new(Kind::Forgot, visitor.ip, &email);
    if let Err(error) = counters.charge(app.db.auth()).await {
        let Error::TooMany { retry_after } = error else { return Err(error) };
        let words = format!("You asked several times already. {}", wait(retry_after));
        return forgot_page(&app, StatusCode::TOO_MANY_REQUESTS, false, Some(words));
    }
    if let Some(account) = queries::account(app.db.auth(), &email).await? {
        let mut tx = app.db.begin_auth(account.organization, Some(account.user)).await?;
        queries::ask_reset(&mut tx, account.organization, account.user).await?;
        let event = Event::new(Action::Update, "app_user").of(account.user).with(json!({ "reset_asked": true }));
        events::record(&mut tx, &By { kind: "ANONYMOUS", id: None, ..by(&account, &visitor) }, event).await?;
        tx.commit().await?;
    }
    tokio::time::sleep_until(deadline).await;
    forgot_page(&app, StatusCode::OK, true, None)
}

fn forgot_page(app: &App, status: StatusCode, done: bool, problem: Option<String>) -> Result<Response> {
    Ok(html(status, askama::Template::render(&ForgotPage::new(app, done, problem))?))
}

fn anonymous(organization: crate::ids::OrganizationId, visitor: &Visitor, kind: &'static str) -> By {
    By {
        kind,
        request: Some(visitor.request),
        ip: visitor.ip,
        agent: visitor.agent.clone(),
        ..By::system(organization)
    }
}
