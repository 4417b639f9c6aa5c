//! Readings: everything measured of a patient, by whomever and with whatever.
//!
//! Each way in makes [`model::NewReading`]s, which only possible values become, and gives them to [`record()`]: the one
//! place through which every reading comes. There what follows from a reading is computed and marked as derived, what is
//! there already is recognised, and what was done is written down. The table refuses the impossible a second time.

pub mod cards;
pub mod derive;
mod devices;
mod export;
mod forms;
pub mod goals;
mod handlers;
pub mod imports;
pub mod jobs;
pub mod look;
pub mod metric;
pub mod model;
mod pages;
mod portal;
mod queries;
mod record;
pub mod units;

pub use handlers::panel;
pub use record::{Recorded, mark_error, record};

use crate::access::Permission::{CorrectReadings, ExportReadings, RecordReadings, UsePortal, ViewReadings};
use crate::web::Routes;

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/patients/{id}/vitals", ViewReadings, handlers::vitals)
        .get("/patients/{id}/vitals/print", ViewReadings, handlers::print)
        .get("/patients/{id}/vitals/new", RecordReadings, handlers::ask)
        .post("/patients/{id}/vitals/new", RecordReadings, handlers::save)
        .get("/patients/{id}/vitals.csv", ExportReadings, export::csv)
        .get("/patients/{id}/vitals/{metric}", ViewReadings, handlers::metric)
        .post("/patients/{id}/vitals/{metric}/goal", CorrectReadings, handlers::set_goal)
        .get("/patients/{id}/readings/{reading}/error", CorrectReadings, handlers::ask_error)
        .post("/patients/{id}/readings/{reading}/error", CorrectReadings, handlers::set_error)
        .get("/patients/{id}/devices", ViewReadings, devices::list)
        .post("/patients/{id}/devices", CorrectReadings, devices::link)
        .post("/patients/{id}/devices/{device}/revocation", CorrectReadings, devices::revoke)
        .get("/my/readings/devices", UsePortal, devices::mine)
        .post("/my/readings/devices/{device}/revocation", UsePortal, devices::revoke_mine)
        .get("/patients/{id}/imports", RecordReadings, imports::handlers::list)
        .upload("/patients/{id}/imports", RecordReadings, imports::REQUEST_BYTES, imports::handlers::send)
        .get("/patients/{id}/imports/{import}", RecordReadings, imports::handlers::show)
        .get("/patients/{id}/imports/{import}/progress", RecordReadings, imports::handlers::progress)
        .post("/patients/{id}/imports/{import}/confirmation", RecordReadings, imports::handlers::confirm)
        .post("/patients/{id}/imports/{import}/discard", RecordReadings, imports::handlers::discard)
        .get("/my/readings/imports", UsePortal, imports::portal::list)
        .upload("/my/readings/imports", UsePortal, imports::REQUEST_BYTES, imports::portal::send)
        .get("/my/readings/imports/{import}", UsePortal, imports::portal::show)
        .get("/my/readings/imports/{import}/progress", UsePortal, imports::portal::progress)
        .post("/my/readings/imports/{import}/confirmation", UsePortal, imports::portal::confirm)
        .post("/my/readings/imports/{import}/discard", UsePortal, imports::portal::discard)
        .get("/my/readings", UsePortal, portal::mine)
        .get("/my/readings/new", UsePortal, portal::ask)
        .post("/my/readings/new", UsePortal, portal::save)
        .get("/my/readings/{reading}/error", UsePortal, portal::ask_error)
        .post("/my/readings/{reading}/error", UsePortal, portal::set_error)
}
