//! Patients (clients, residents): finding them, keeping their records.

pub(crate) mod choice;
pub mod dates;
pub mod fields;
pub mod find;
pub(crate) mod form;
pub(crate) mod handlers;
mod lately;
mod list;
pub mod model;
pub mod names;
mod pages;
mod queries;
pub mod quick;
pub mod record;
pub(crate) mod small;

use crate::access::Permission::{EditPatients, ExportPatients, ListPatients};
use crate::web::Routes;

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/patients", ListPatients, handlers::list::list)
        .post("/patients/search", ListPatients, handlers::list::search)
        .get("/patients.csv", ExportPatients, handlers::export::csv)
        .get("/patients/new", EditPatients, handlers::create::ask)
        .post("/patients/new", EditPatients, handlers::create::create)
        .get("/patients/{id}/edit", EditPatients, handlers::edit::ask)
        .post("/patients/{id}/edit", EditPatients, handlers::edit::save)
        .get("/patients/{id}/status", EditPatients, handlers::standing::ask)
        .post("/patients/{id}/status", EditPatients, handlers::standing::change)
        .get("/patients/{id}/deletion", EditPatients, handlers::standing::ask_deletion)
        .post("/patients/{id}/deletion", EditPatients, handlers::standing::delete)
        .post("/patients/{id}/restoration", EditPatients, handlers::standing::restore)
        .merge(small::routes())
}
