//! The demo data: two organizations, one account per role, patients and alerts told as stories, relative to today.

use sqlx::postgres::PgConnectOptions;

use crate::app::App;

/// Puts the demo data into an empty database. A database that holds anything is left as it is.
///
/// # Errors
/// Where the database refuses it.
pub async fn fill(_app: &App, _admin: &PgConnectOptions) -> anyhow::Result<()> {
    Ok(())
}
