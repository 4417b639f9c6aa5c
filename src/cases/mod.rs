//! Cases: a piece of work on its way from a clerk by the chair to a caseworker and back, until it is completed.
//!
//! The page of a case is put together here; what is done and kept about a case (comments, tasks, files) belongs to other
//! slices, which know a case by [`head()`] and join the page in [`panels`].

mod drafts;
mod filter;
mod forms;
mod handlers;
mod head;
mod item;
pub mod model;
mod moves;
mod pages;
pub mod panels;
mod queries;

pub use head::{About, Head, about, head, lock_head, reference};

use crate::access::Permission::{AssignCases, ExportCases, MoveCases, OpenCases, ViewCases};
use crate::web::Routes;
use handlers::{bulk, edit, export, list, moves as act, review, show, views};

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/cases", ViewCases, list::index)
        .post("/cases/search", ViewCases, list::search)
        .get("/cases/newer", ViewCases, list::newer)
        .get("/cases.csv", ExportCases, export::csv)
        .get("/cases/print", ViewCases, export::print)
        .get("/cases/review", AssignCases, review::show)
        .post("/cases/bulk", AssignCases, bulk::assign)
        .get("/cases/views", ViewCases, views::ask)
        .post("/cases/views", ViewCases, views::save)
        .post("/cases/views/{id}/removal", ViewCases, views::remove)
        .get("/cases/new", OpenCases, edit::ask)
        .post("/cases/new", OpenCases, edit::create)
        .post("/cases/new/draft", OpenCases, edit::draft)
        .get("/cases/{id}", ViewCases, show::show)
        .get("/cases/{id}/changed", ViewCases, show::changed)
        .get("/cases/{id}/edit", OpenCases, edit::ask_edit)
        .post("/cases/{id}/edit", OpenCases, edit::save)
        .post("/cases/{id}/edit/draft", OpenCases, edit::draft_edit)
        .get("/cases/{id}/transition", MoveCases, act::ask)
        .post("/cases/{id}/transition", MoveCases, act::act)
}
