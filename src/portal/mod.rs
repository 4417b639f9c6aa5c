//! The patient's own pages: their details, and who looked at them.
//!
//! A person may act for themselves and for others (`portal_account`). Which patient a page is about comes from `of` in
//! the query; row-level security shows nobody who is not theirs.

use crate::access::Permission::UsePortal;
use crate::web::Routes;

mod handlers;
mod model;
mod pages;
mod queries;

/// The routes of the portal.
pub fn routes() -> Routes {
    Routes::new().get("/my", UsePortal, handlers::home).get("/my/access", UsePortal, handlers::access).get(
        "/my/details",
        UsePortal,
        handlers::details,
    )
}
