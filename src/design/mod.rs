//! Every component in every state, on one page: what to build a new page from, and where a change of a component is
//! looked at. Shown at `/design` in demo mode.

mod pages;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;

pub use pages::{DesignPage, page};

use crate::access::Permission::Public;
use crate::app::App;
use crate::error::Error;
use crate::web::badges::Badges;
use crate::web::ctx::{Visitor, html};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::{Ctx, Page, Routes};

/// The one route; it needs nobody signed in, for there is nobody real on the page.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/design", Public, show)
}

async fn show(State(app): State<App>, ctx: Option<Ctx>, visitor: Visitor) -> Page {
    if !app.demo {
        return Err(Error::NotFound);
    }
    let shell = match ctx {
        Some(ctx) => ctx.shell_with("Components", Area::Elsewhere, Badges::default()),
        None => Shell { demo: true, density: "compact", ..Shell::plain("Components", app.clock.now()) },
    };
    let page = page(shell);
    let body = if visitor.hx.partial { page.as_main().render() } else { page.render() };
    Ok(html(StatusCode::OK, body?))
}
