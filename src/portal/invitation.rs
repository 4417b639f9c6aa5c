//! Accepting an invitation, before anybody is signed in.
//!
//! The link alone opens nothing: it takes the patient's date of birth too, and the password of whoever has one already.
//! Five wrong answers make the link useless; the schema counts them (`portal.attempt`).

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::NaiveDate;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::accounts::password::{self, PasswordError};
use crate::accounts::tokens::Token;
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event};
use crate::ids::{OrganizationId, RequestId, UserId};
use crate::patients::dates::{DateParts, Span};
use crate::web::Page;
use crate::web::ctx::{Visitor, html};
use crate::web::form::{Form, FormErrors};
use crate::web::shell::Shell;

#[derive(Template)]
#[template(path = "portal/invitation.html")]
struct InvitationPage {
    shell: Shell,
    /// None where the link does not work.
    offer: Option<Offer>,
    here: String,
    born: DateParts,
    errors: FormErrors,
    done: bool,
}

/// What a link offers.
struct Offer {
    id: Uuid,
    organization: OrganizationId,
    user: UserId,
    email: String,
    first_name: String,
    last_name: String,
    password_hash: Option<String>,
    facility: String,
    own: bool,
}

/// The form. No `Debug`: it holds a password.
#[derive(Default, Deserialize)]
pub(super) struct Acceptance {
    #[serde(default)]
    date_of_birth_day: String,
    #[serde(default)]
    date_of_birth_month: String,
    #[serde(default)]
    date_of_birth_year: String,
    #[serde(default)]
    password: String,
}

/// `GET /invitation/{token}`
pub async fn show(State(app): State<App>, Path(token): Path<String>) -> Page {
    let offer = find(&app, &token).await?;
    page(&app, &token, offer, DateParts::default(), FormErrors::default(), false)
}

/// `POST /invitation/{token}`
pub async fn accept(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    Form(form): Form<Acceptance>,
) -> Page {
    let born = DateParts::new(&form.date_of_birth_day, &form.date_of_birth_month, &form.date_of_birth_year);
    let Some(offer) = find(&app, &token).await? else {
        return page(&app, &token, None, born, FormErrors::default(), false);
    };
    let mut errors = FormErrors::default();
    let day = born.read(&mut errors, "date_of_birth", app.clock.now().date_naive(), Span::Past);
    if day.is_none() {
        errors.add("date_of_birth", "Enter the date of birth");
    }
    let password = SecretString::from(form.password);
    let known = offer.password_hash.is_some();
    if !known
        && let Err(weakness) =
            password::check(&password, &[&offer.email, &offer.first_name, &offer.last_name, &offer.facility], false)
    {
        errors.add("password", weakness.to_string());
    }
    let Some(day) = day.filter(|_| errors.is_empty()) else {
        return page(&app, &token, Some(offer), born, errors, false);
    };
    let accepted = if known {
        let right = app.passwords.verify(password, offer.password_hash.clone()).await.map_err(failed)?;
        take(&app, &visitor, &offer, day, right, None).await?
    } else {
        let hash = app.passwords.hash(password).await.map_err(failed)?;
        take(&app, &visitor, &offer, day, true, Some(&hash)).await?
    };
    if accepted {
        return page(&app, &token, Some(offer), born, errors, true);
    }
    let words = if known {
        "The date of birth or the password is not right. Check both"
    } else {
        "This is not the date of birth that we have. Check the day, the month and the year"
    };
    errors.add("date_of_birth", words);
    let offer = find(&app, &token).await?;
    page(&app, &token, offer, born, errors, false)
}

/// What the link offers now; nothing for one that is wrong, used, withdrawn, too old, or was tried too often.
async fn find(app: &App, text: &str) -> Result<Option<Offer>> {
    let Some(token) = Token::parse(text) else { return Ok(None) };
    let row = sqlx::query!(
        r#"SELECT i.id, i.organization_id AS "organization: OrganizationId", i.user_id AS "user: UserId", i.account_id,
                  u.email, u.first_name, u.last_name, u.password_hash
             FROM portal_invitation AS i
             JOIN app_user AS u ON u.organization_id = i.organization_id AND u.id = i.user_id
            WHERE i.token_hash = $1 AND i.used_at IS NULL AND i.withdrawn_at IS NULL AND i.expires_at > now() AND i.failed_attempts < 5
              AND u.deleted_at IS NULL AND u.status <> 'SUSPENDED'"#,
        token.hash(),
    )
    .fetch_optional(app.db.auth())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut tx = app.db.begin_auth(row.organization, Some(row.user)).await?;
    let place = sqlx::query!(
        r#"SELECT facility AS "facility!", relationship AS "relationship!" FROM portal.place($1)"#,
        row.account_id
    )
    .fetch_optional(&mut *tx)
    .await?;
    Ok(place.map(|place| Offer {
        id: row.id,
        organization: row.organization,
        user: row.user,
        email: row.email,
        first_name: row.first_name,
        last_name: row.last_name,
        password_hash: row.password_hash,
        facility: place.facility,
        own: place.relationship == "SELF",
    }))
}

/// Takes the offer, or counts a wrong answer. The first password becomes that of the account in the same transaction.
async fn take(
    app: &App,
    visitor: &Visitor,
    offer: &Offer,
    born: NaiveDate,
    right: bool,
    first_password: Option<&str>,
) -> Result<bool> {
    let mut tx = app.db.begin_auth(offer.organization, Some(offer.user)).await?;
    if !right {
        attempt(&mut tx, offer, born).await?;
        tx.commit().await?;
        return Ok(false);
    }
    let accepted = sqlx::query_scalar!(
        r#"SELECT portal.accept($1, $2::date, $3, $4::text::inet, $5) AS "accepted!""#,
        offer.id,
        born as NaiveDate,
        visitor.request.uuid(),
        visitor.ip.map(|ip| ip.to_string()),
        visitor.agent.as_deref(),
    )
    .fetch_one(&mut *tx)
    .await?;
    if accepted && let Some(hash) = first_password {
        let done = sqlx::query!(
            "UPDATE app_user SET password_hash = $3, status = 'ACTIVE' WHERE organization_id = $1 AND id = $2 AND password_hash IS NULL",
            offer.organization.uuid(),
            offer.user.uuid(),
            hash,
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::Conflict(
                "You chose a password a moment ago. Open the letter’s address again.".to_owned(),
            ));
        }
        let event = Event::new(Action::PermissionChange, "app_user")
            .of(offer.user)
            .with(json!({ "password": "chosen", "by": "invitation" }));
        events::record(&mut tx, &by(offer, visitor), event).await?;
    }
    tx.commit().await?;
    Ok(accepted)
}

async fn attempt(tx: &mut Tx, offer: &Offer, born: NaiveDate) -> Result<()> {
    sqlx::query_scalar!("SELECT portal.attempt($1, $2::date, false)", offer.id, born as NaiveDate)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}

fn by(offer: &Offer, visitor: &Visitor) -> By {
    let request: RequestId = visitor.request;
    By {
        organization: offer.organization,
        kind: "USER",
        id: Some(offer.user.uuid()),
        role: None,
        session: None,
        request: Some(request),
        ip: visitor.ip,
        agent: visitor.agent.clone(),
    }
}

fn failed(error: PasswordError) -> Error {
    match error {
        PasswordError::Busy => Error::TooMany { retry_after: 10 },
        PasswordError::Failed(_) => Error::Internal(error.into()),
    }
}

fn page(app: &App, token: &str, offer: Option<Offer>, born: DateParts, errors: FormErrors, done: bool) -> Page {
    let status = match (&offer, errors.is_empty()) {
        (None, _) => StatusCode::NOT_FOUND,
        (Some(_), true) => StatusCode::OK,
        (Some(_), false) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut shell = Shell::plain("Invitation", app.clock.now());
    shell.demo = app.demo;
    let here = offer.as_ref().map(|_| format!("/invitation/{token}")).unwrap_or_default();
    let page = InvitationPage { shell, offer, here, born, errors, done };
    Ok(html(status, page.render()?))
}
