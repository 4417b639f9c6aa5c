//! The people of the organization: who they are, what they may do where, and help when they cannot sign in.
//!
//! Everything here runs as the person who asks, so row-level security decides a second time. Links are shown once, to
//! whoever made them; nothing is mailed.

mod forms;
mod handlers;
mod invite;
mod model;
mod pages;
mod queries;

use crate::access::Permission::{InviteUsers, ManageUsers, ViewUsers};
use crate::web::Routes;

/// The routes of the pages about people.
pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/admin/users", ViewUsers, handlers::list)
        .post("/admin/users/search", ViewUsers, handlers::search)
        .get("/admin/users/new", InviteUsers, invite::ask)
        .post("/admin/users", InviteUsers, invite::create)
        .get("/admin/users/{id}", ViewUsers, handlers::show)
        .post("/admin/users/{id}/link", InviteUsers, invite::link)
        .post("/admin/users/{id}/suspension", ManageUsers, handlers::suspend)
        .post("/admin/users/{id}/reactivation", ManageUsers, handlers::reactivate)
        .post("/admin/users/{id}/sessions/end", ManageUsers, handlers::end_sessions)
        .post("/admin/users/{id}/second-factor/end", ManageUsers, handlers::reset_second_factor)
        .post("/admin/users/{id}/memberships", ManageUsers, handlers::add_membership)
        .post("/admin/users/{id}/memberships/{membership}/end", ManageUsers, handlers::end_membership)
}
