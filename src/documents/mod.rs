//! Documents: files about a case or a patient, and policies, in versions that nobody changes, with who may see them decided
//! by what they belong to.
//!
//! The file streams into the store of [`crate::files`], encrypted; what is known of it is in the database. Nothing is
//! ever deleted: a document is archived, with a reason, and stays readable.

mod add;
mod archive;
pub mod attach;
pub mod demo;
mod download;
mod edit;
mod form;
mod handlers;
pub mod jobs;
mod kind;
mod mine;
mod model;
mod name;
mod pages;
mod panel;
mod policies;
mod preview;
mod queries;
mod range;
mod shelf;
mod upload;

pub use model::{Category, FILE_BYTES, Subject};
pub use panel::panel;
pub use upload::{REQUEST_BYTES, Received};

use crate::access::Permission::{
    AddDocuments, EditPolicies, PublishPolicies, UsePortal, ViewChartDocuments, ViewDocuments, ViewPolicies,
};
use crate::web::Routes;

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
        .get("/documents/{id}/archive", AddDocuments, archive::ask)
        .post("/documents/{id}/archive", AddDocuments, archive::archive)
        .get("/documents/{id}/edit", AddDocuments, edit::ask)
        .post("/documents/{id}/edit", AddDocuments, edit::save)
        .post("/documents/{id}/share", AddDocuments, edit::share)
        .get("/policies", ViewPolicies, policies::list)
        .upload("/policies", EditPolicies, REQUEST_BYTES, add::to_policies)
        .get("/policies/{id}", ViewPolicies, handlers::show)
        .upload("/policies/{id}/versions", EditPolicies, REQUEST_BYTES, add::version)
        .get("/policies/{id}/versions/{version}/file", ViewPolicies, download::file)
        .get("/policies/{id}/versions/{version}/preview", ViewPolicies, preview::preview)
        .post("/policies/{id}/publication", PublishPolicies, policies::publish)
        .get("/policies/{id}/archive", EditPolicies, archive::ask)
        .post("/policies/{id}/archive", EditPolicies, archive::archive)
        .get("/policies/{id}/edit", EditPolicies, edit::ask)
        .post("/policies/{id}/edit", EditPolicies, edit::save)
        .get("/my/documents", UsePortal, mine::index)
        .get("/my/documents/{id}/file", UsePortal, mine::file)
        .get("/my/documents/{id}/preview", UsePortal, mine::look)
}
