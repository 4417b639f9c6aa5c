//! The first lock: no handler runs before its route's permission has been checked.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use tower_sessions::Session;
use tracing::Instrument as _;

use super::ctx::{Ctx, Visitor};
use super::hx::Hx;
use crate::access::{Actor, Permission};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ids::RequestId;

/// The key under which a loaded session holds its [`Actor`] (see `accounts::session_store`).
pub const ACTOR: &str = "actor";

/// What is kept of a browser's description of itself.
const USER_AGENT_CHARS: usize = 255;

#[derive(Clone)]
struct Guard {
    app: App,
    permission: Permission,
}

/// Puts the guard for `permission` before a route's handler.
pub fn protect(handler: MethodRouter<App>, app: &App, permission: Permission) -> MethodRouter<App> {
    handler.route_layer(from_fn_with_state(Guard { app: app.clone(), permission }, check))
}

async fn check(State(guard): State<Guard>, session: Session, mut request: Request, next: Next) -> Response {
    let visitor = visitor(&request);
    match admit(&guard, &session, &visitor).await {
        Ok(actor) => {
            if let Some(actor) = actor {
                let ctx = Ctx::new(guard.app, actor, visitor.clone());
                request.extensions_mut().insert(ctx);
            }
            request.extensions_mut().insert(visitor);
        }
        Err(error) => return error.into_response(),
    }
    if request.method() == Method::GET {
        return next.run(request).await;
    }
    // What writes runs to its end, even when the browser has gone.
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Error::Internal(error.into()).into_response(),
    }
}

/// Who it is, where the route asks for somebody, and whether they may.
async fn admit(guard: &Guard, session: &Session, visitor: &Visitor) -> Result<Option<Actor>> {
    let actor = match session.get::<Actor>(ACTOR).await {
        Ok(actor) => actor,
        Err(error) => return session_failure(error),
    };
    if guard.permission == Permission::Public {
        return Ok(actor);
    }
    let actor = actor.ok_or(Error::SignedOut)?;
    if !actor.may(guard.permission) {
        return Err(Error::Forbidden);
    }
    if !visitor.hx.automatic {
        crate::accounts::touch(&guard.app, &actor).await?;
    }
    Ok(Some(actor))
}

/// A session that cannot be read because the database is away is a 503, not a sign-out.
fn session_failure(error: tower_sessions::session::Error) -> Result<Option<Actor>> {
    match error {
        tower_sessions::session::Error::Store(tower_sessions::session_store::Error::Backend(message)) => {
            Err(Error::Unavailable(sqlx::Error::Io(std::io::Error::other(message))))
        }
        other => Err(Error::Internal(other.into())),
    }
}

fn visitor(request: &Request) -> Visitor {
    let headers = request.headers();
    Visitor {
        request: request.extensions().get::<RequestId>().copied().unwrap_or_else(RequestId::new),
        ip: request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip()),
        agent: user_agent(headers),
        hx: Hx::from_headers(headers),
        path: Arc::from(request.uri().path()),
        flash: super::ctx::flash_cookie(headers),
    }
}

fn user_agent(headers: &HeaderMap) -> Option<Arc<str>> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(USER_AGENT_CHARS).collect::<String>().into())
}
