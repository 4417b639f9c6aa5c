//! The chart: one patient on one screen, put together from what the slices know.
//!
//! Composes only: each section is a link with an address of its own, each panel of the summary is one entry in
//! [`panels`]. A slice that has something to show on the summary adds its panel there.

mod access_log;
mod handlers;
mod pages;
mod panels;

use crate::access::Permission::{ViewAccessLog, ViewAlerts, ViewPatients};
use crate::web::Routes;

/// The routes of the chart.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/patients/{id}", ViewPatients, handlers::summary)
        .get("/patients/{id}/newer", ViewPatients, handlers::newer)
        .get("/patients/{id}/alerts", ViewAlerts, handlers::alerts)
        .get("/patients/{id}/details", ViewPatients, handlers::details)
        .get("/patients/{id}/access-log", ViewAccessLog, handlers::access_log)
        .get("/patients/{id}/print", ViewPatients, handlers::print)
}
