//! Alerts: what asks for somebody's attention, who has taken it, and what came of it.

pub mod evidence;
pub mod filter;
mod handlers;
mod item;
mod menus;
pub mod model;
mod pages;
mod queries;

use crate::access::Permission::ViewAlerts;
use crate::web::Routes;

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/alerts", ViewAlerts, handlers::list::index)
        .get("/alerts/newer", ViewAlerts, handlers::list::newer)
}
