//! Changing one's own password.

use axum::http::StatusCode;
use secrecy::SecretString;
use serde_json::json;

use super::auth;
use super::sign_in::password_failed;
use crate::accounts::forms::PasswordForm;
use crate::accounts::limits::{Counters, Kind};
use crate::accounts::pages::PasswordPage;
use crate::accounts::password::{self, MIN_CHARACTERS, MIN_CHARACTERS_BESIDE};
use crate::accounts::queries;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

pub async fn ask(ctx: Ctx, mut tx: Tx) -> Page {
    page(&ctx, &mut tx, StatusCode::OK, FormErrors::default()).await
}

pub async fn change(ctx: Ctx, mut tx: Tx, Form(form): Form<PasswordForm>) -> Page {
    let (organization, user) = (ctx.actor.organization, ctx.actor.user);
    let counters = Counters::new(Kind::Password, ctx.ip, &user.to_string());
    counters.charge(ctx.app.db.auth()).await?;
    let stored = queries::password_hash(ctx.app.db.auth(), &ctx.actor).await?;
    let right = ctx.app.passwords.verify(SecretString::from(form.current), stored).await.map_err(password_failed)?;
    let mut auth = auth(&ctx).await?;
    if !right {
        events::record(&mut auth, &ctx.by(), Event::new(Action::LoginFailed, "user_session").of(ctx.actor.session))
            .await?;
        auth.commit().await?;
        let errors = FormErrors::one("current", "That is not your password. Try again.");
        return page(&ctx, &mut tx, StatusCode::UNPROCESSABLE_ENTITY, errors).await;
    }
    let new = SecretString::from(form.password);
    let about = queries::about(&mut auth, organization, user).await?;
    let about: Vec<&str> = about.iter().map(String::as_str).collect();
    if let Err(weakness) = password::check(&new, &about, has_second_factor(&ctx, &mut auth).await?) {
        let errors = FormErrors::one("password", weakness.to_string());
        return page(&ctx, &mut tx, StatusCode::UNPROCESSABLE_ENTITY, errors).await;
    }
    let short = password::is_short(&new);
    let hash = ctx.app.passwords.hash(new).await.map_err(password_failed)?;
    queries::choose_password(&mut auth, organization, user, &hash, short).await?;
    let ended = queries::end_other_sessions(&mut auth, &ctx.actor).await?;
    let details = json!({ "password": "changed", "sessions": ended });
    events::record(&mut auth, &ctx.by(), Event::new(Action::PermissionChange, "app_user").of(user).with(details))
        .await?;
    auth.commit().await?;
    counters.refund(ctx.app.db.auth()).await?;
    Ok(ctx.redirect("/me", Some(&Flash::ok("Password changed. Other devices are signed out."))))
}

async fn has_second_factor(ctx: &Ctx, auth: &mut Tx) -> Result<bool> {
    let factor = queries::second_factor(auth, ctx.actor.organization, ctx.actor.user).await?;
    Ok(factor.is_some_and(|factor| factor.confirmed_at.is_some()))
}

async fn page(ctx: &Ctx, tx: &mut Tx, status: StatusCode, errors: FormErrors) -> Page {
    let mut auth = auth(ctx).await?;
    let beside = has_second_factor(ctx, &mut auth).await?;
    let title = if errors.is_empty() { "Change password" } else { "Error: Change password" };
    let shell = ctx.shell(tx, title, Area::Elsewhere).await?;
    let fewest = if beside { MIN_CHARACTERS_BESIDE } else { MIN_CHARACTERS };
    ctx.whole_page(status, &PasswordPage { shell, fewest, errors })
}
