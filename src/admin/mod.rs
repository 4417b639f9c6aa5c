//! Who may do what, read from the code that decides it; and the people of the organization.

mod users;

use askama::Template;

use crate::access::Permission::{self, ViewAccessMatrix};
use crate::access::Role;
use crate::db::Tx;
use crate::web::nav::Area;
use crate::web::routes::RouteInfo;
use crate::web::shell::Shell;
use crate::web::{Ctx, Page, Routes};

/// The routes of the administrators' pages about access.
pub fn routes() -> Routes {
    Routes::new().get("/admin/access", ViewAccessMatrix, access).merge(users::routes())
}

async fn access(ctx: Ctx, mut tx: Tx) -> Page {
    let shell = ctx.shell(&mut tx, "Who may do what", Area::Access).await?;
    let routes = crate::routes::all().table().map(|route| (route, who(route.permission))).collect();
    let page = AccessPage { shell, roles: Role::ALL, permissions: Permission::ALL.to_vec(), routes };
    ctx.page(&page, page.as_main())
}

#[derive(Template)]
#[template(path = "admin/access.html", blocks = ["main"])]
struct AccessPage {
    shell: Shell,
    roles: [Role; 11],
    permissions: Vec<Permission>,
    routes: Vec<(RouteInfo, String)>,
}

/// The roles behind a permission, in words.
fn who(permission: Permission) -> String {
    match permission {
        Permission::Public => "Anybody, signed in or not".to_owned(),
        Permission::SignedIn => "Everybody signed in".to_owned(),
        _ => {
            Role::ALL.iter().filter(|role| role.may(permission)).map(|role| role.label()).collect::<Vec<_>>().join(", ")
        }
    }
}
