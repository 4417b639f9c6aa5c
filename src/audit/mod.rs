//! The audit: reading it, sealing it, and proving that nobody changed it.
//!
//! Events are written by [`crate::events`]. Here a job seals them into a chain of segments per organization, each with the
//! hash of its events and of the segment before it; the heads of the chain, signed, go to a file outside the database.
//! `almoner audit verify` recomputes everything and names the first segment that is not as it was sealed.

use crate::access::Permission::ViewAudit;
use crate::web::Routes;

pub mod cli;
mod content;
mod filter;
mod handlers;
mod heads;
mod model;
mod pages;
mod queries;
mod seal;
mod verify;

pub use seal::{index_organization, index_patients, seal, seal_organization};

/// The routes of the audit.
pub fn routes() -> Routes {
    Routes::new().get("/admin/audit", ViewAudit, handlers::list).get("/admin/audit.csv", ViewAudit, handlers::csv)
}
