//! The patient's own pages, and what staff do about them.
//!
//! A person may act for themselves and for others (`portal_account`). The pages are about one patient at a time, the
//! one chosen in the session (`web::whom`); row-level security shows nobody who is not theirs, and a proxy only the
//! parts that were given.

use crate::access::Permission::UsePortal;
use crate::web::Routes;

mod handlers;
mod model;
mod pages;
mod queries;
mod switch;

/// The routes of the portal.
pub fn routes() -> Routes {
    Routes::new()
        .get("/my", UsePortal, handlers::home)
        .get("/my/access", UsePortal, handlers::access)
        .get("/my/details", UsePortal, handlers::details)
        .get("/my/switch", UsePortal, switch::ask)
        .post("/my/switch", UsePortal, switch::change)
}
