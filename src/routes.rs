//! The whole portal: one line per slice.

use crate::web::Routes;
use crate::{accounts, design, health, ingest, live};

/// Every route of the portal.
#[must_use]
pub fn all() -> Routes {
    Routes::new()
        .merge(health::routes())
        .merge(ingest::routes())
        .merge(live::routes())
        .merge(accounts::routes())
        .merge(design::routes())
}
