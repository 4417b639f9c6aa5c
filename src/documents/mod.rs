//! Documents: files about a case or a patient, in versions that nobody changes, with who may see them decided by what
//! they belong to.
//!
//! The file streams into the store of [`crate::files`], encrypted; what is known of it is in the database. Nothing is
//! ever deleted: a document is archived, with a reason, and stays readable.

mod add;
mod download;
mod handlers;
pub mod jobs;
mod kind;
mod model;
mod name;
mod pages;
mod panel;
mod preview;
mod queries;
mod range;
mod upload;

pub use model::{Category, FILE_BYTES, Subject};
pub use panel::panel;

use crate::access::Permission::{AddDocuments, ViewChartDocuments, ViewDocuments};
use crate::web::Routes;
use upload::REQUEST_BYTES;

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/cases/{id}/documents", ViewDocuments, handlers::of_case)
        .upload("/cases/{id}/documents", AddDocuments, REQUEST_BYTES, add::to_case)
        .get("/patients/{id}/documents", ViewChartDocuments, handlers::of_patient)
        .upload("/patients/{id}/documents", AddDocuments, REQUEST_BYTES, add::to_patient)
        .get("/documents/{id}", ViewDocuments, handlers::show)
        .upload("/documents/{id}/versions", AddDocuments, REQUEST_BYTES, add::version)
        .get("/documents/{id}/versions/{version}/file", ViewDocuments, download::file)
        .get("/documents/{id}/versions/{version}/preview", ViewDocuments, preview::preview)
        .get("/documents/{id}/archive", AddDocuments, handlers::ask_archive)
        .post("/documents/{id}/archive", AddDocuments, handlers::archive)
}
