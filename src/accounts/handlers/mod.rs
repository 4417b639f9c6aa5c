//! Requests on accounts.

pub(super) mod code;
pub(super) mod links;
pub(super) mod me;
pub(super) mod own_password;
pub(super) mod second_factor;
pub(super) mod sessions;
pub(super) mod sign_in;

use tower_sessions::Session;
use tower_sessions::session::Error as SessionError;
use tower_sessions::session_store::Error as StoreError;

use super::session_store::{PURPOSE, Purpose};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::web::Ctx;

/// Gives the browser a new session id, for the reason that is left in the session for its store.
async fn new_id(session: &Session, purpose: Purpose) -> Result<()> {
    session.clear().await;
    session.insert(PURPOSE, purpose).await.map_err(failed)?;
    session.cycle_id().await.map_err(failed)?;
    session.save().await.map_err(failed)
}

/// A transaction on the account of the person who asks.
async fn auth(ctx: &Ctx) -> Result<Tx> {
    ctx.app.db.begin_auth(ctx.actor.organization, Some(ctx.actor.user)).await
}

/// The session's store speaks to the database: its failures are the database's.
fn failed(error: SessionError) -> Error {
    match error {
        SessionError::Store(StoreError::Backend(message)) => {
            Error::Unavailable(sqlx::Error::Io(std::io::Error::other(message)))
        }
        other => Error::Internal(other.into()),
    }
}
