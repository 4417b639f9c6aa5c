//! Search from anywhere: patients by name or number, and the portal's own pages.
//!
//! What is typed is posted and comes back sealed in the address: see [`crate::patients::find`].

use askama::Template;
use axum::http::StatusCode;
use serde::Deserialize;

use crate::access::Permission;
use crate::db::Tx;
use crate::patients::quick::{self, Hit};
use crate::web::ctx::Page;
use crate::web::form::{Form, Query};
use crate::web::nav::Area;
use crate::web::shell::{NavItem, Shell};
use crate::web::{Ctx, Routes};

/// Patients shown; the list of patients has the rest.
const PATIENTS: usize = 20;

/// The routes of the search.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/search", Permission::UseStaffPages, show).post("/search", Permission::UseStaffPages, ask)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    q: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sealed {
    find: String,
}

#[derive(Debug, Template)]
#[template(path = "search/index.html")]
struct Results {
    shell: Shell,
    typed: String,
    patients: Option<Vec<Hit>>,
    /// The whole list of patients for the same words.
    all: Option<String>,
    pages: Vec<NavItem>,
}

/// `POST /search`
async fn ask(ctx: Ctx, mut tx: Tx, Form(typed): Form<Typed>) -> Page {
    let token = quick::sealed(&ctx, &mut tx, &typed.q).await?;
    let location = token.map_or_else(|| "/search".to_owned(), |token| format!("/search?find={token}"));
    Ok(ctx.redirect(&location, None))
}

/// `GET /search`
async fn show(ctx: Ctx, mut tx: Tx, Query(sealed): Query<Sealed>) -> Page {
    let typed = quick::opened(&ctx, &mut tx, &sealed.find).await?.unwrap_or_default();
    let looks = !typed.is_empty() && ctx.actor.may(Permission::ListPatients);
    let patients = if looks { Some(quick::patients(&ctx, &mut tx, &typed, PATIENTS).await?) } else { None };
    let shell = ctx.shell(&mut tx, "Search", Area::Elsewhere).await?;
    tx.commit().await?;
    let full = patients.as_ref().is_some_and(|found| found.len() == PATIENTS);
    let wanted = typed.to_lowercase();
    let pages = shell.nav.iter().filter(|page| !typed.is_empty() && page.label.to_lowercase().starts_with(&wanted));
    let page = Results {
        pages: pages.cloned().collect(),
        all: full.then(|| format!("/patients?find={}", sealed.find)),
        shell,
        typed,
        patients,
    };
    ctx.whole_page(StatusCode::OK, &page)
}
