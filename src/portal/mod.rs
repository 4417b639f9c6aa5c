//! The patient's own pages, and what staff do about them.
//!
//! A person may act for themselves and for others (`portal_account`). The pages are about one patient at a time, the
//! one chosen in the session (`web::whom`); row-level security shows nobody who is not theirs, and a proxy only the
//! parts that were given.

use crate::access::Permission::{ManagePortalAccounts, Public, ReviewDetailChanges, UsePortal, ViewPortalAccounts};
use crate::web::Routes;
use changes::{mine, review};

mod accounts;
mod changes;
mod handlers;
mod health;
mod invitation;
mod letter;
mod model;
mod pages;
mod people;
mod queries;
mod staff;
mod switch;
mod visits;

/// The routes of the portal.
pub fn routes() -> Routes {
    Routes::new()
        .get("/my", UsePortal, handlers::home)
        .get("/my/access", UsePortal, handlers::access)
        .get("/my/details", UsePortal, mine::details)
        .get("/my/details/change", UsePortal, mine::ask)
        .post("/my/details/change", UsePortal, mine::propose)
        .get("/my/details/contacts/new", UsePortal, mine::ask_contact)
        .post("/my/details/contacts/new", UsePortal, mine::propose_contact)
        .get("/my/details/contacts/{id}", UsePortal, mine::ask_about_contact)
        .post("/my/details/contacts/{id}", UsePortal, mine::propose_about_contact)
        .post("/my/details/changes/{id}", UsePortal, mine::take_back)
        .get("/my/health", UsePortal, health::show)
        .get("/my/people", UsePortal, people::list)
        .get("/my/people/{id}", UsePortal, people::ask)
        .post("/my/people/{id}", UsePortal, people::end)
        .get("/my/switch", UsePortal, switch::ask)
        .post("/my/switch", UsePortal, switch::change)
        .merge(visits::routes())
        .get("/invitation/{token}", Public, invitation::show)
        .post("/invitation/{token}", Public, invitation::accept)
        .get("/detail-changes", ReviewDetailChanges, review::list)
        .get("/patients/{id}/detail-changes", ReviewDetailChanges, review::ask)
        .post("/patients/{id}/detail-changes", ReviewDetailChanges, review::decide)
        .get("/patients/{id}/portal", ViewPortalAccounts, staff::list)
        .get("/patients/{id}/portal/new", ManagePortalAccounts, staff::ask)
        .post("/patients/{id}/portal/new", ManagePortalAccounts, staff::invite)
        .get("/patients/{id}/portal/{account}", ManagePortalAccounts, staff::show)
        .post("/patients/{id}/portal/{account}", ManagePortalAccounts, staff::change)
        .post("/patients/{id}/portal/{account}/status", ManagePortalAccounts, staff::set_status)
        .post("/patients/{id}/portal/{account}/letter", ManagePortalAccounts, staff::renew)
}
