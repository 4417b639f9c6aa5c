//! The application: what every request shares, and how it is put together.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use url::Url;

use crate::accounts::{self, password::Passwords};
use crate::clock::Clock;
use crate::db::{Db, Tx};
use crate::error::{Error, Result};
use crate::files::Files;
use crate::ids::OrganizationId;
use crate::live::Live;
use crate::outbox::Courier;
use crate::phi::{self, Keyring};
use crate::routes;
use crate::server::Readiness;
use crate::visits::video::ice::Ice;
use crate::web::{assets, error_page, forwarded, headers, limits};

/// What every request shares. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The keys of protected columns.
    keys: Arc<Keyring>,
    /// Hashes and compares passwords, a few at a time.
    pub passwords: Passwords,
    /// What tells open pages of changes.
    pub live: Live,
    /// Where files are kept.
    pub files: Files,
    /// Whether the data is made up, and the demo accounts are offered.
    pub demo: bool,
    /// The address people use, where it is not the one we listen on.
    pub public_url: Option<Arc<Url>>,
    /// The proxies that are believed when they say whose request they bring.
    pub trusted_proxies: Arc<[IpAddr]>,
    /// How messages leave the portal.
    pub courier: Arc<Courier>,
    /// What helps the browsers of a video call to find each other.
    pub ice: Arc<Ice>,
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
            passwords: Passwords::default(),
            live: Live::default(),
            files: Files::local(data_dir.join("files")),
            demo: false,
            public_url: None,
            trusted_proxies: Arc::default(),
            courier: Arc::default(),
            ice: Arc::default(),
            data_dir: Arc::new(data_dir),
            ready: Arc::default(),
        }
    }

    /// The address people use, without a slash at its end; none where nobody has said it.
    #[must_use]
    pub fn public_base(&self) -> Option<String> {
        self.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned())
    }

    /// Whether people reach the portal over TLS, so that cookies are sent over nothing else.
    #[must_use]
    pub fn secure_cookies(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
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
///
/// # Errors
/// Where the public address cannot be an origin.
pub fn router(app: &App) -> anyhow::Result<Router> {
    let table = routes::all();
    let uploads = table.uploads();
    let pages = table
        .into_router(app)
        .layer(accounts::session_layer(app))
        // Past the sessions: a page asks for several of these, and none needs to know who asks.
        .route("/static/{*path}", axum::routing::get(assets::serve))
        .fallback(async || Error::NotFound);
    let limited = limits::limit(pages, app.public_url.as_deref(), uploads)?
        .layer(from_fn_with_state(app.clone(), error_page::layer))
        .with_state(app.clone());
    let framed = headers::frame(limited, app.secure_cookies());
    Ok(framed.layer(from_fn_with_state(Arc::clone(&app.trusted_proxies), forwarded::layer)))
}
