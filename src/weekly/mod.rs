//! Weekly summaries: what the week of a patient was like, in numbers for staff and in plain words for the patient.
//!
//! [`model`] decides what a week says, [`jobs`] makes the summaries once a week is over.

mod handlers;
pub mod jobs;
pub mod model;
mod queries;
mod words;

use crate::access::Permission::{UsePortal, ViewWeeklySummaries};
use crate::web::Routes;

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new().get("/patients/{id}/weeks", ViewWeeklySummaries, handlers::chart).get(
        "/my/week",
        UsePortal,
        handlers::mine,
    )
}
