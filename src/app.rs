//! The application: what every request shares, and how it is put together and run.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::clock::Clock;
use crate::db::Db;
use crate::error::Error;
use crate::routes;
use crate::web::error_page;

/// What every request shares. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Whether the data is made up, and the demo accounts are offered.
    pub demo: bool,
    /// Whether cookies are sent over TLS only.
    pub secure_cookies: bool,
    /// Where keys and files live.
    pub data_dir: Arc<PathBuf>,
}

/// The whole portal as one service.
pub fn router(app: &App) -> Router {
    routes::all()
        .into_router(app)
        .fallback(async || Error::NotFound)
        .layer(from_fn_with_state(app.clone(), error_page::layer))
        .with_state(app.clone())
}
