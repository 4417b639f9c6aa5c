//! The application: what every request shares, and how it is put together.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::clock::Clock;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::ids::OrganizationId;
use crate::live::Live;
use crate::phi::{self, Keyring};
use crate::routes;
use crate::server::Readiness;
use crate::web::{assets, error_page};

/// What every request shares. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The keys of protected columns.
    keys: Arc<Keyring>,
    /// What tells open pages of changes.
    pub live: Live,
    /// Whether the data is made up, and the demo accounts are offered.
    pub demo: bool,
    /// Whether cookies are sent over TLS only.
    pub secure_cookies: bool,
    /// Where keys and files live.
    pub data_dir: Arc<PathBuf>,
    /// Whether this process wants requests.
    pub ready: Arc<Readiness>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("demo", &self.demo).finish_non_exhaustive()
    }
}

impl App {
    /// An application on a database.
    #[must_use]
    pub fn new(db: Db, keys: Keyring, data_dir: PathBuf) -> Self {
        Self {
            db,
            clock: Clock::System,
            keys: Arc::new(keys),
            live: Live::default(),
            demo: false,
            secure_cookies: false,
            data_dir: Arc::new(data_dir),
            ready: Arc::default(),
        }
    }

    /// The keyring, knowing `organization`: one query the first time, none afterwards.
    ///
    /// # Errors
    /// Where the keys cannot be loaded or opened.
    pub async fn keys(&self, tx: &mut Tx, organization: OrganizationId) -> Result<&Keyring> {
        phi::store::load(tx, &self.keys, organization).await?;
        Ok(&self.keys)
    }

    /// The keyring as it is, for set-up work that admits organizations itself.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keys
    }
}

/// The whole portal as one service.
pub fn router(app: &App) -> Router {
    routes::all()
        .into_router(app)
        // Past the sessions: a page asks for several of these, and none needs to know who asks.
        .route("/static/{*path}", axum::routing::get(assets::serve))
        .fallback(async || Error::NotFound)
        .layer(from_fn_with_state(app.clone(), error_page::layer))
        .with_state(app.clone())
}
