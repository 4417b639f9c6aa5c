//! Things to read: a library of education material, given to patients, who open it in the portal.
//!
//! Staff with the right to it keep the library ([`library`]) and give from the chart ([`chart`]); rules give with
//! [`give()`]. That a patient opened something, and which version of it, is recorded when they do.

mod chart;
mod give;
mod library;
mod model;
mod portal;
mod queries;

pub use give::give;

use uuid::Uuid;

use crate::access::Permission::{AssignContent, EditContent, UsePortal, ViewContent};
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrganizationId, PatientId};
use crate::web::{Ctx, Routes};

/// How many things wait to be read by a patient, for the first page of the portal. One statement.
///
/// # Errors
/// Where the database does not answer.
pub async fn unread(tx: &mut Tx, ctx: &Ctx, patient: PatientId) -> Result<i64> {
    queries::unread(tx, ctx.actor.organization, patient).await
}

/// An entry of the library that can be given.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which.
    pub id: Uuid,
    /// What it is called.
    pub title: String,
    /// The title with what helps to choose: `Swollen legs (English, 3 min)`.
    pub words: String,
}

/// What can be given, by title: at most 500.
///
/// # Errors
/// Where the database does not answer.
pub async fn published(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Entry>> {
    let items = queries::list(tx, organization, false, chart::CHOICES).await?;
    let entry = |item: queries::Item| {
        let words = format!("{} ({}, {} min)", item.title, model::language(&item.language), item.minutes);
        Entry { id: item.id, title: item.title, words }
    };
    Ok(items.into_iter().map(entry).collect())
}

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/content", ViewContent, library::list)
        .get("/content/new", EditContent, library::ask)
        .post("/content/new", EditContent, library::add)
        .get("/content/{id}", ViewContent, library::show)
        .get("/content/{id}/edit", EditContent, library::ask_change)
        .post("/content/{id}/edit", EditContent, library::change)
        .post("/content/{id}/status", EditContent, library::set_status)
        .get("/patients/{id}/reading", ViewContent, chart::show)
        .post("/patients/{id}/reading", AssignContent, chart::assign)
        .post("/patients/{id}/reading/{given}/withdrawal", AssignContent, chart::withdraw)
        .get("/my/reading", UsePortal, portal::list)
        .get("/my/reading/{id}", UsePortal, portal::open)
}
