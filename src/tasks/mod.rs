//! Tasks: what one person has to do until a time, and what came of it. Of cases for now; other slices bring kinds of
//! their own, with policies in the schema that say who sees them.

mod forms;
mod handlers;
pub mod model;
mod pages;
mod panel;
mod queries;

pub use crate::cases::model::Priority;
pub use pages::Line;
pub use panel::{Panel, first, panel};
pub use queries::one::open_count;

use crate::access::Permission::{ViewTasks, WorkOnTasks};
use crate::web::Routes;
use handlers::{edit, list, moves};

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/tasks", WorkOnTasks, list::index)
        .get("/cases/{id}/tasks/new", WorkOnTasks, edit::new)
        .post("/cases/{id}/tasks/new", WorkOnTasks, edit::create)
        .get("/tasks/{id}", ViewTasks, list::show)
        .get("/tasks/{id}/edit", WorkOnTasks, edit::edit)
        .post("/tasks/{id}/edit", WorkOnTasks, edit::save)
        .post("/tasks/{id}/start", WorkOnTasks, moves::start)
        .get("/tasks/{id}/done", WorkOnTasks, moves::ask)
        .post("/tasks/{id}/done", WorkOnTasks, moves::finish)
        .get("/tasks/{id}/decline", WorkOnTasks, moves::ask)
        .post("/tasks/{id}/decline", WorkOnTasks, moves::decline)
        .get("/tasks/{id}/cancel", WorkOnTasks, moves::ask)
        .post("/tasks/{id}/cancel", WorkOnTasks, moves::cancel)
        .get("/tasks/{id}/reopen", WorkOnTasks, moves::ask)
        .post("/tasks/{id}/reopen", WorkOnTasks, moves::reopen)
        .post("/tasks/{id}/undo", WorkOnTasks, moves::undo)
}
