//! Patients (clients, residents): finding them, keeping their records.

mod choice;
pub mod dates;
pub mod find;
mod handlers;
mod list;
pub mod model;
pub mod names;
mod pages;
mod queries;
pub mod record;

use crate::access::Permission::ListPatients;
use crate::web::Routes;

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/patients", ListPatients, handlers::list::list).post(
        "/patients/search",
        ListPatients,
        handlers::list::search,
    )
}
