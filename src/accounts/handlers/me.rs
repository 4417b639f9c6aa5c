//! A person's own settings.

use axum::http::StatusCode;
use serde_json::json;

use super::auth;
use crate::accounts::forms::SettingsForm;
use crate::accounts::pages::SettingsPage;
use crate::accounts::queries;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

pub async fn show(ctx: Ctx, mut tx: Tx) -> Page {
    let preferences = &ctx.actor.preferences;
    let form = SettingsForm {
        theme: preferences.theme.clone(),
        density: preferences.density.clone(),
        zone: queries::own_zone(&mut tx, &ctx.actor).await?.unwrap_or_default(),
        locale: preferences.locale.clone(),
        shortcuts: preferences.shortcuts.then(String::new),
    };
    page(&ctx, &mut tx, StatusCode::OK, &form, FormErrors::default()).await
}

pub async fn update(ctx: Ctx, mut tx: Tx, Form(form): Form<SettingsForm>) -> Page {
    let settings = match form.parse() {
        Ok(settings) => settings,
        Err(errors) => return page(&ctx, &mut tx, StatusCode::UNPROCESSABLE_ENTITY, &form, errors).await,
    };
    queries::save_settings(&mut tx, &ctx.actor, &settings).await?;
    let event = Event::new(Action::Update, "app_user").of(ctx.actor.user).with(json!({ "settings": true }));
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/me", Some(&Flash::ok("Settings saved"))))
}

async fn page(
    ctx: &Ctx,
    tx: &mut Tx,
    status: StatusCode,
    form: &SettingsForm,
    errors: FormErrors,
) -> Result<axum::response::Response> {
    let title = if errors.is_empty() { "My settings" } else { "Error: My settings" };
    let shell = ctx.shell(tx, title, Area::Elsewhere).await?;
    let factor = queries::second_factor(&mut *auth(ctx).await?, ctx.actor.organization, ctx.actor.user).await?;
    let second_factor = factor.and_then(|factor| factor.confirmed_at);
    let body = askama::Template::render(&SettingsPage { shell, form, errors, second_factor })?;
    Ok(ctx.answer(status, body))
}
