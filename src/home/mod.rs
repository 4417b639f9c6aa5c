//! The first page, which differs by role, and the help.

use askama::Template;
use axum::response::Response;

use crate::access::Permission::{SignedIn, UseStaffPages};
use crate::access::Role;
use crate::db::Tx;
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::{Ctx, Page, Routes};

/// The routes of the first page and the help.
pub fn routes() -> Routes {
    Routes::new().get("/", SignedIn, home).get("/help", SignedIn, help).get("/help/keys", UseStaffPages, keys)
}

/// Where a role starts its day.
#[must_use]
pub const fn start(role: Role) -> &'static str {
    match role {
        Role::Clinician | Role::MedicalAssistant | Role::Manager | Role::Carer => "/alerts",
        Role::Clerk | Role::Chair | Role::Caseworker => "/work",
        Role::Owner | Role::Compliance => "/admin/audit",
        Role::Admin => "/admin/access",
        Role::Patient => "/my",
    }
}

async fn home(ctx: Ctx) -> Response {
    ctx.redirect(start(ctx.actor.role), None)
}

async fn help(ctx: Ctx, mut tx: Tx) -> Page {
    let page = HelpPage { shell: ctx.shell(&mut tx, "Help", Area::Elsewhere).await?, role: ctx.actor.role };
    ctx.page(&page, page.as_main())
}

async fn keys(ctx: Ctx, mut tx: Tx) -> Page {
    let page = KeysPage { shell: ctx.shell(&mut tx, "Keyboard shortcuts", Area::Elsewhere).await? };
    ctx.page(&page, page.as_main())
}

#[derive(Template)]
#[template(path = "home/help.html", blocks = ["main"])]
struct HelpPage {
    shell: Shell,
    role: Role,
}

#[derive(Template)]
#[template(path = "home/keys.html", blocks = ["main"])]
struct KeysPage {
    shell: Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Permission;

    #[test]
    fn everybody_starts_on_a_page_they_may_open() {
        for role in Role::ALL {
            let permission = match start(role) {
                "/alerts" => Permission::ViewAlerts,
                "/work" => Permission::MoveCases,
                "/admin/audit" => Permission::ViewAudit,
                "/admin/access" => Permission::ViewAccessMatrix,
                _ => Permission::UsePortal,
            };
            assert!(role.may(permission), "{role:?}");
        }
    }
}
