//! Sessions: tower-sessions over its PostgreSQL store, with what that store lacks.
//!
//! The store alone keeps session ids as they are, cannot end all sessions of a person, and its upsert can bring back
//! a session that has just been ended. So here
//! - the id in the cookie is hashed before it reaches the database;
//! - `user_session` decides whether a session lives: ended, idle, past its twelve hours, its account suspended or its
//!   membership over, it does not load, whatever `auth.session` holds;
//! - saving never creates a row.
//!
//! One query per request loads the session together with the [`Actor`] behind it.

use std::collections::HashMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{ExpiredDeletion as _, SessionStore};
use tower_sessions_sqlx_store::PostgresStore;

use super::queries;
use crate::access::Role;
use crate::ids::{OrganizationId, SessionId, UserId};
use crate::web::guard::ACTOR;

/// The key under which a handler leaves what a new session id is for.
pub(super) const PURPOSE: &str = "purpose";

/// Why a session gets a new id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// Somebody signed in.
    SignIn(Box<SignIn>),
    /// The same session goes on under another id, so that nobody who learned the old one gains by it.
    Renew(OrganizationId, SessionId),
}

/// Who signed in, from where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SignIn {
    pub session: SessionId,
    pub organization: OrganizationId,
    pub user: UserId,
    pub role: Role,
    pub ip: Option<String>,
    pub agent: Option<String>,
}

/// The store that the session layer uses.
#[derive(Clone, Debug)]
pub struct SessionRows {
    pool: PgPool,
    inner: PostgresStore,
}

impl SessionRows {
    /// Sessions in the database behind `pool`, whose connections have the role `almoner_auth`.
    ///
    /// # Panics
    /// Never: `auth` and `session` are identifiers.
    pub fn new(pool: PgPool) -> Self {
        let inner = PostgresStore::new(pool.clone())
            .with_schema_name("auth")
            .and_then(|store| store.with_table_name("session"));
        Self { pool, inner: inner.expect("identifiers") }
    }

    /// Deletes sessions that nobody can use any more.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn delete_expired(&self) -> Result<()> {
        self.inner.delete_expired().await
    }
}

#[async_trait]
impl SessionStore for SessionRows {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let purpose = record.data.remove(PURPOSE).ok_or_else(|| Error::Backend("nobody signs in here".into()))?;
        let purpose: Purpose = serde_json::from_value(purpose).map_err(|error| Error::Decode(error.to_string()))?;
        let mut stored = hashed(record);
        let id = stored.id;
        self.inner.create(&mut stored).await?;
        if stored.id != id {
            return Err(Error::Backend("two sessions have the same id".into()));
        }
        let token = token_hash(&id);
        let lives = match purpose {
            Purpose::SignIn(sign_in) => queries::begin_session(&self.pool, &sign_in, &token).await,
            Purpose::Renew(organization, session) => {
                queries::renew_session(&self.pool, organization, session, &token).await
            }
        };
        let lives = lives.map_err(backend)?
            && queries::limit_session(&self.pool, &token, &id.to_string()).await.map_err(backend)?;
        if lives { Ok(()) } else { Err(Error::Backend("the session has ended".into())) }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        // Nothing but the id is kept: who it is comes from `user_session`. What has ended stays ended.
        let id = hash(&record.id);
        let lives = queries::session_lives(&self.pool, &token_hash(&id), &id.to_string()).await.map_err(backend)?;
        if lives { Ok(()) } else { Err(Error::Backend("the session has ended".into())) }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let stored = hash(id);
        let found = queries::actor(&self.pool, &token_hash(&stored), &stored.to_string()).await.map_err(backend)?;
        let Some((actor, expiry_date)) = found else {
            return Ok(None);
        };
        let actor = serde_json::to_value(&actor).map_err(|error| Error::Encode(error.to_string()))?;
        Ok(Some(Record { id: *id, data: [(ACTOR.to_owned(), actor)].into(), expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.inner.delete(&hash(id)).await
    }
}

/// What is stored in place of the record: another id, and no data.
fn hashed(record: &Record) -> Record {
    Record { id: hash(&record.id), data: HashMap::new(), expiry_date: record.expiry_date }
}

/// The id under which a session is stored: 128 bits of a hash of the id in the cookie. The cookie's id is itself 128
/// random bits, so nothing is lost, and reading the table lets nobody in.
fn hash(id: &Id) -> Id {
    let digest = Sha256::new().chain_update(b"almoner/session").chain_update(id.0.to_le_bytes()).finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Id(i128::from_le_bytes(half))
}

/// The same for the column `user_session.token_hash`.
fn token_hash(stored: &Id) -> [u8; 16] {
    stored.0.to_le_bytes()
}

fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_id_tells_nothing_of_the_cookie() {
        let id = Id(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_ne!(hash(&id), id);
        assert_eq!(hash(&id), hash(&id));
        assert_ne!(hash(&id), hash(&Id(1)));
    }
}
