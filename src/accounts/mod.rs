//! Accounts: signing in and out, sessions, roles, and each person's own settings.
//!
//! Everything here reaches the database as `almoner_auth`, which may touch accounts and sessions and nothing else.

use std::time::Duration;

use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

use crate::access::Permission::{Public, SignedIn};
use crate::access::{Actor, Role};
use crate::app::App;
use crate::error::{Error, Result};
use crate::web::Routes;

pub mod cli;
mod forms;
mod handlers;
mod limits;
mod model;
mod pages;
pub mod password;
mod queries;
mod second_factor;
mod session_store;
pub mod tokens;

pub use session_store::SessionRows;

/// A member of staff who does nothing for this long is signed out.
const STAFF_IDLE: Duration = Duration::from_mins(15);

/// Patients read slowly, on their own devices.
const PATIENT_IDLE: Duration = Duration::from_mins(30);

/// For how long a password counts as just given, for what asks for it again.
const STEP_UP: Duration = Duration::from_mins(5);

/// The routes of signing in and of a person's own account.
pub fn routes() -> Routes {
    Routes::new()
        .get("/sign-in", Public, handlers::sign_in::show)
        .post("/sign-in", Public, handlers::sign_in::create)
        .post("/sign-in/code", Public, handlers::code::create)
        .get("/forgotten-password", Public, handlers::links::ask_forgot)
        .post("/forgotten-password", Public, handlers::links::forgot)
        .get("/activate/{token}", Public, handlers::links::show_activation)
        .post("/activate/{token}", Public, handlers::links::activate)
        .get("/reset/{token}", Public, handlers::links::show_reset)
        .post("/reset/{token}", Public, handlers::links::reset)
        .post("/sign-out", Public, handlers::sign_in::destroy)
        .get("/me", SignedIn, handlers::me::show)
        .post("/me", SignedIn, handlers::me::update)
        .get("/me/password", SignedIn, handlers::own_password::ask)
        .post("/me/password", SignedIn, handlers::own_password::change)
        .get("/me/second-factor", SignedIn, handlers::second_factor::show)
        .post("/me/second-factor", SignedIn, handlers::second_factor::begin)
        .get("/me/second-factor/setup", SignedIn, handlers::second_factor::setup)
        .post("/me/second-factor/setup", SignedIn, handlers::second_factor::confirm)
        .post("/me/second-factor/codes", SignedIn, handlers::second_factor::replace_codes)
        .post("/me/second-factor/end", SignedIn, handlers::second_factor::end)
        .get("/me/sessions", SignedIn, handlers::sessions::list)
        .post("/me/sessions/{id}/end", SignedIn, handlers::sessions::end)
        .post("/me/sessions/end-others", SignedIn, handlers::sessions::end_others)
        .post("/me/role", SignedIn, handlers::sessions::switch_role)
        .post("/me/presence", SignedIn, handlers::sessions::presence)
        .get("/me/step-up", SignedIn, handlers::sessions::ask_password)
        .post("/me/step-up", SignedIn, handlers::sessions::step_up)
}

/// The layer that reads the session cookie; one query, and only where a route asks who it is.
pub fn session_layer(app: &App) -> SessionManagerLayer<SessionRows> {
    SessionManagerLayer::new(SessionRows::new(app.db.auth().clone()))
        .with_name(cookie_name(app))
        .with_secure(app.secure_cookies())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        // The cookie goes when the browser closes: computers are shared. The session's own end is in the database.
        .with_expiry(Expiry::OnSessionEnd)
}

/// `__Host-` makes browsers refuse the cookie from anybody but this very host over TLS.
fn cookie_name(app: &App) -> &'static str {
    if app.secure_cookies() { "__Host-almoner" } else { "almoner" }
}

/// After how long without use a session of this role ends.
#[must_use]
pub const fn idle_limit(role: Role) -> Duration {
    match role {
        Role::Patient => PATIENT_IDLE,
        Role::Clinician
        | Role::MedicalAssistant
        | Role::Clerk
        | Role::Chair
        | Role::Caseworker
        | Role::Carer
        | Role::Manager
        | Role::Owner
        | Role::Compliance
        | Role::Admin => STAFF_IDLE,
    }
}

/// Notes that the session is in use, at most every half minute.
///
/// # Errors
/// Where the database does not answer.
pub async fn touch(app: &App, actor: &Actor) -> Result<()> {
    // The database decides; this only saves asking it on every page. A clock that disagrees asks too often, never too seldom.
    let age = app.clock.now().signed_duration_since(actor.last_seen_at).to_std();
    if age.map_or(true, |age| age.as_secs_f64() >= queries::TOUCH_SECONDS) {
        queries::touch(app.db.auth(), actor).await?;
    }
    Ok(())
}

/// Notes that the session is in use, for a request that takes long, and says whether it still lives.
///
/// # Errors
/// Where the database does not answer.
pub async fn keep(app: &App, actor: &Actor) -> Result<bool> {
    queries::touch(app.db.auth(), actor).await?;
    Ok(queries::lives(app.db.auth(), actor).await?)
}

/// Lets pass only who gave the password in the last five minutes, for what cannot be taken back.
///
/// # Errors
/// [`Error::StepUp`], which leads to the page that asks for it.
pub const fn require_step_up(actor: &Actor) -> Result<()> {
    // The query that loads the session leaves out what is older.
    if actor.stepped_up_at.is_some() { Ok(()) } else { Err(Error::StepUp) }
}
