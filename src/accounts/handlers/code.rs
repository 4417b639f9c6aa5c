//! The second step of signing in.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use tower_sessions::Session;

use super::sign_in::{enter, refused, wait};
use crate::accounts::forms::CodeForm;
use crate::accounts::limits::{Counters, Kind};
use crate::accounts::model::{Account, next_path, sign_in_email};
use crate::accounts::pages::CodePage;
use crate::accounts::queries;
use crate::accounts::second_factor::{self, Typed};
use crate::accounts::tokens::{Purpose, Token};
use crate::app::App;
use crate::error::{Error, Result};
use crate::web::ctx::{Visitor, html, redirect};
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::{Ctx, Page};

const WRONG: &str = "That code is not right, or it was used already. Wait for the next one and try again.";

/// How a code was right.
enum Proof {
    App,
    /// With so many recovery codes left.
    Recovery(i64),
}

pub async fn create(
    State(app): State<App>,
    ctx: Option<Ctx>,
    visitor: Visitor,
    session: Session,
    Form(form): Form<CodeForm>,
) -> Page {
    let next = next_path(form.next.as_deref());
    let Some((token, account)) = waiting(&app, &form.token).await? else {
        let flash = Flash::problem("That took longer than five minutes. Sign in again.");
        return Ok(redirect(&visitor.hx, "/sign-in", Some(&flash)));
    };
    let counters = Counters::new(Kind::Code, visitor.ip, &account.user.to_string());
    if let Err(error) = counters.charge(app.db.auth()).await {
        let Error::TooMany { retry_after } = error else { return Err(error) };
        let words = format!("Too many codes were wrong. {}", wait(retry_after));
        return again(&app, StatusCode::TOO_MANY_REQUESTS, &form.token, next, &words, Some(retry_after));
    }
    let role = account.first_role().filter(|_| account.active);
    let proof = match role {
        Some(role) => prove(&app, &account, &token, &form.code).await?.map(|proof| (role, proof)),
        None => None,
    };
    let Some((role, proof)) = proof else {
        refused(&app, &account, &visitor, json!({ "second_factor": true })).await?;
        return again(&app, StatusCode::UNPROCESSABLE_ENTITY, &form.token, next, WRONG, None);
    };
    counters.refund(app.db.auth()).await?;
    enter(&app, ctx, &session, &visitor, &account, role, details(&proof)).await?;
    Ok(redirect(&visitor.hx, next, flash(&proof).as_ref()))
}

/// Who gave the right password a moment ago and holds this token.
async fn waiting(app: &App, token: &str) -> Result<Option<(Token, Account)>> {
    let Some(token) = Token::parse(token) else { return Ok(None) };
    let Some(holder) = queries::token(app.db.auth(), &token, Purpose::SignIn).await? else { return Ok(None) };
    let account = queries::account(app.db.auth(), &sign_in_email(&holder.email)).await?;
    Ok(account.filter(|account| account.user == holder.user).map(|account| (token, account)))
}

/// Compares the code and uses it up, together with the token.
async fn prove(app: &App, account: &Account, token: &Token, typed: &str) -> Result<Option<Proof>> {
    let (organization, user) = (account.organization, account.user);
    let mut tx = app.db.begin_auth(organization, Some(user)).await?;
    let factor = queries::second_factor(&mut tx, organization, user).await?;
    let Some(sealed) = factor.filter(|factor| factor.confirmed_at.is_some()).and_then(|factor| factor.secret_enc)
    else {
        return Ok(None);
    };
    let keys = app.keys(&mut tx, organization).await?;
    let proof = match Typed::read(typed) {
        Typed::Code(code) => {
            let secret =
                keys.open(organization, "second_factor", "secret", user, &sealed).map_err(anyhow::Error::from)?;
            match second_factor::step(&secret, &code, app.clock.now())? {
                Some(step) if queries::take_step(&mut tx, organization, user, step).await? => Some(Proof::App),
                Some(_) | None => None,
            }
        }
        Typed::Recovery(code) => {
            let hash = second_factor::code_hash(keys, organization, user, &code)?;
            queries::take_code(&mut tx, organization, user, &hash).await?.map(Proof::Recovery)
        }
    };
    if proof.is_none() || !queries::take_token(&mut tx, organization, token).await? {
        return Ok(None);
    }
    tx.commit().await?;
    Ok(proof)
}

fn details(proof: &Proof) -> Value {
    match proof {
        Proof::App => json!({ "second_factor": "APP" }),
        Proof::Recovery(left) => json!({ "second_factor": "RECOVERY_CODE", "codes_left": left }),
    }
}

fn flash(proof: &Proof) -> Option<Flash> {
    match proof {
        Proof::App => None,
        Proof::Recovery(0) => {
            Some(Flash::problem("That was your last recovery code. Make new ones under My settings."))
        }
        Proof::Recovery(1) => Some(Flash::ok("1 recovery code is left. Make new ones under My settings.")),
        Proof::Recovery(left) => Some(Flash::ok(format!("{left} recovery codes are left."))),
    }
}

fn again(app: &App, status: StatusCode, token: &str, next: &str, problem: &str, retry_after: Option<u64>) -> Page {
    let page = CodePage::new(app, token, next, Some(problem));
    let mut response = html(status, askama::Template::render(&page)?);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}
