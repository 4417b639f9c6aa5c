//! A person's sessions: which there are, ending them, the role they are in, and asking for the password again.

use axum::http::StatusCode;
use axum::response::Response;
use secrecy::SecretString;
use serde_json::json;
use tower_sessions::Session;

use super::sign_in::password_failed;
use super::{auth, new_id};
use crate::access::Role;
use crate::accounts::forms::{Next, PresenceForm, RoleForm, StepUpForm};
use crate::accounts::limits::{Counters, Kind};
use crate::accounts::model::next_path;
use crate::accounts::pages::{SessionsPage, StepUpPage};
use crate::accounts::queries;
use crate::accounts::session_store::Purpose;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::SessionId;
use crate::web::flash::Flash;
use crate::web::form::{Form, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// `POST /me/presence`: somebody is there, so the session goes on. A page that was left open says whose it is: it is not
/// given to somebody else who has signed in meanwhile.
pub async fn presence(ctx: Ctx, Form(form): Form<PresenceForm>) -> Result<StatusCode> {
    if form.person.is_empty() || form.person == ctx.actor.user.to_string() {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Error::Forbidden)
    }
}

pub async fn list(ctx: Ctx, mut tx: Tx) -> Page {
    let mut auth = auth(&ctx).await?;
    let sessions = queries::sessions(&mut auth, &ctx.actor).await?;
    let shell = ctx.shell(&mut tx, "My sessions", Area::Elsewhere).await?;
    ctx.whole_page(StatusCode::OK, &SessionsPage::new(shell, &ctx, &sessions))
}

pub async fn end(ctx: Ctx, Id(id): Id<SessionId>) -> Result<Response> {
    let mut tx = auth(&ctx).await?;
    if !queries::end_session(&mut tx, &ctx.actor, id, "REVOKED").await? {
        return Err(Error::NotFound);
    }
    let event = Event::new(Action::Logout, "user_session").of(id).with(json!({ "reason": "REVOKED" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/me/sessions", Some(&Flash::ok("Session ended"))))
}

pub async fn end_others(ctx: Ctx) -> Result<Response> {
    let mut tx = auth(&ctx).await?;
    let ended = queries::end_other_sessions(&mut tx, &ctx.actor).await?;
    let event = Event::new(Action::Logout, "user_session").with(json!({ "reason": "REVOKED", "sessions": ended }));
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    let words = match ended {
        0 => "There were no other sessions".to_owned(),
        1 => "1 other session ended".to_owned(),
        n => format!("{n} other sessions ended"),
    };
    Ok(ctx.redirect("/me/sessions", Some(&Flash::ok(words))))
}

pub async fn switch_role(ctx: Ctx, session: Session, Form(form): Form<RoleForm>) -> Result<Response> {
    let actor = &ctx.actor;
    let role = form.role.parse::<Role>().ok().filter(|role| actor.roles.contains(role)).ok_or(Error::Forbidden)?;
    let mut tx = auth(&ctx).await?;
    queries::switch_role(&mut tx, actor, role).await?;
    let change = json!({ "role": { "before": actor.role.as_str(), "after": role.as_str() } });
    let event = Event::new(Action::PermissionChange, "user_session").of(actor.session).changing(change);
    events::record(&mut tx, &ctx.by(), event).await?;
    tx.commit().await?;
    new_id(&session, Purpose::Renew(actor.organization, actor.session)).await?;
    Ok(ctx.redirect("/", Some(&Flash::ok(format!("You now work as {}", role.label().to_lowercase())))))
}

pub async fn ask_password(ctx: Ctx, mut tx: Tx, Query(query): Query<Next>) -> Page {
    step_up_page(&ctx, &mut tx, StatusCode::OK, query.next.as_deref(), None).await
}

pub async fn step_up(ctx: Ctx, mut tx: Tx, session: Session, Form(form): Form<StepUpForm>) -> Page {
    let actor = &ctx.actor;
    let counters = Counters::new(Kind::Password, ctx.ip, &actor.user.to_string());
    counters.charge(ctx.app.db.auth()).await?;
    let stored = queries::password_hash(ctx.app.db.auth(), actor).await?;
    let right = ctx.app.passwords.verify(SecretString::from(form.password), stored).await.map_err(password_failed)?;
    let mut auth = auth(&ctx).await?;
    if !right {
        events::record(&mut auth, &ctx.by(), Event::new(Action::LoginFailed, "user_session").of(actor.session)).await?;
        auth.commit().await?;
        let problem = Some("That is not your password. Try again.");
        return step_up_page(&ctx, &mut tx, StatusCode::UNPROCESSABLE_ENTITY, form.next.as_deref(), problem).await;
    }
    queries::step_up(&mut auth, actor).await?;
    let event = Event::new(Action::Login, "user_session").of(actor.session).with(json!({ "step_up": true }));
    events::record(&mut auth, &ctx.by(), event).await?;
    auth.commit().await?;
    counters.refund(ctx.app.db.auth()).await?;
    new_id(&session, Purpose::Renew(actor.organization, actor.session)).await?;
    Ok(ctx.redirect(next_path(form.next.as_deref()), None))
}

async fn step_up_page(
    ctx: &Ctx,
    tx: &mut Tx,
    status: StatusCode,
    next: Option<&str>,
    problem: Option<&'static str>,
) -> Page {
    let title = if problem.is_some() { "Error: Enter your password again" } else { "Enter your password again" };
    let shell = ctx.shell(tx, title, Area::Elsewhere).await?;
    ctx.whole_page(status, &StepUpPage { shell, next: next_path(next), problem })
}
