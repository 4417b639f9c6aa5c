//! Alerts: what asks for somebody's attention, who has taken it, and what came of it.

mod batch;
pub mod evidence;
pub mod filter;
mod forms;
mod handlers;
mod item;
pub mod jobs;
mod menus;
pub mod model;
mod move_page;
mod moves;
mod new_page;
mod pages;
mod print_page;
mod queries;
mod raise;
mod show_page;
mod view_page;

pub use batch::{raise_many, recover};
pub use raise::{NewAlert, Raised, raise, return_unconfirmed, wake_due};

use crate::access::Permission::{
    AcknowledgeAlerts, CommentOnAlerts, DismissAlerts, ExportAlerts, HandleAlerts, RaiseAlerts, ReopenAlerts,
    ResolveAlerts, ViewAlerts,
};
use crate::web::Routes;
use handlers::{bulk, export, list, moves as act, new, show, views};

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/alerts", ViewAlerts, list::index)
        .post("/alerts/search", ViewAlerts, list::search)
        .get("/alerts/newer", ViewAlerts, list::newer)
        .get("/alerts.csv", ExportAlerts, export::csv)
        .get("/alerts/new", RaiseAlerts, new::ask)
        .post("/alerts/new", RaiseAlerts, new::create)
        .get("/alerts/print", ViewAlerts, export::print)
        .post("/alerts/bulk", AcknowledgeAlerts, bulk::post)
        .post("/alerts/bulk/{request}/undo", AcknowledgeAlerts, bulk::undo)
        .get("/alerts/views", ViewAlerts, views::ask)
        .post("/alerts/views", ViewAlerts, views::save)
        .post("/alerts/views/{id}/removal", ViewAlerts, views::remove)
        .get("/alerts/{id}", ViewAlerts, show::show)
        .post("/alerts/{id}/comments", CommentOnAlerts, show::comment)
        .post("/alerts/{id}/acknowledgement", AcknowledgeAlerts, act::acknowledge)
        .get("/alerts/{id}/assignment", HandleAlerts, act::ask)
        .post("/alerts/{id}/assignment", HandleAlerts, act::assign)
        .get("/alerts/{id}/snooze", HandleAlerts, act::ask)
        .post("/alerts/{id}/snooze", HandleAlerts, act::snooze)
        .post("/alerts/{id}/return", AcknowledgeAlerts, act::hand_back)
        .get("/alerts/{id}/resolution", ResolveAlerts, act::ask)
        .post("/alerts/{id}/resolution", ResolveAlerts, act::resolve)
        .get("/alerts/{id}/dismissal", DismissAlerts, act::ask)
        .post("/alerts/{id}/dismissal", DismissAlerts, act::dismiss)
        .get("/alerts/{id}/reopening", ReopenAlerts, act::ask)
        .post("/alerts/{id}/reopening", ReopenAlerts, act::reopen)
        .post("/alerts/{id}/undo", AcknowledgeAlerts, act::undo)
}
