//! The whole portal: one line per slice.

use crate::{health, live};
use crate::web::Routes;

/// Every route of the portal.
#[must_use]
pub fn all() -> Routes {
    Routes::new()
        .merge(health::routes())
        .merge(live::routes())
}
