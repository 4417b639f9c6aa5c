//! What a person has been told, how they want to be told, and, for who runs the system, what could not be delivered.
//!
//! [`crate::outbox`] is what other slices call; here is what people see of it, and what sends it.

mod admin;
mod forms;
mod gateways;
mod handlers;
pub mod jobs;
mod pages;
mod queries;

use crate::access::Permission::{RunSystem, SignedIn};
use crate::web::Routes;

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/notifications", SignedIn, handlers::index)
        .get("/notifications/bell", SignedIn, handlers::bell)
        .post("/notifications/read", SignedIn, handlers::read_all)
        .get("/notifications/preferences", SignedIn, handlers::preferences)
        .post("/notifications/preferences", SignedIn, handlers::save)
        .get("/notifications/{id}", SignedIn, handlers::open)
        .get("/admin/notifications", RunSystem, admin::index)
        .get("/admin/notifications/words", RunSystem, admin::words)
        .get("/admin/notifications/gateways", RunSystem, gateways::index)
        .post("/admin/notifications/gateways", RunSystem, gateways::save)
        .post("/admin/notifications/{id}/retry", RunSystem, admin::retry)
        .post("/admin/notifications/{id}/discard", RunSystem, admin::discard)
}
