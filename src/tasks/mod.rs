//! Tasks: what one person has to do until a time, and what came of it. They belong to a case, to a patient or to nobody.
//! Other slices give them with [`give()`], or bring kinds of their own, with policies in the schema that say who sees them.

mod forms;
mod give;
mod handlers;
pub mod model;
mod pages;
mod panel;
pub mod portal;
mod queries;

pub use crate::cases::model::Priority;
pub use give::{Doer, NewTask, Source, give};
pub use pages::Line;
pub use panel::{Panel, first, panel};
pub use queries::one::open_count;

use crate::access::Permission::{GivePatientTasks, MoveCases, UsePortal, ViewPatients, WorkOnTasks};
use crate::web::Routes;
use handlers::{chart, edit, list, moves};

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/tasks", WorkOnTasks, list::index)
        .get("/my/tasks", UsePortal, portal::show)
        .post("/my/tasks/{id}/done", UsePortal, portal::finish)
        .post("/my/tasks/{id}/undo", UsePortal, portal::undo)
        .get("/tasks/badge", WorkOnTasks, list::badge)
        .get("/tasks/new", WorkOnTasks, edit::new_for_colleague)
        .post("/tasks/new", WorkOnTasks, edit::create_for_colleague)
        .get("/cases/{id}/tasks/new", MoveCases, edit::new)
        .post("/cases/{id}/tasks/new", MoveCases, edit::create)
        .get("/patients/{id}/tasks", ViewPatients, chart::show)
        .get("/patients/{id}/tasks/new", GivePatientTasks, edit::new_about_patient)
        .post("/patients/{id}/tasks/new", GivePatientTasks, edit::create_about_patient)
        .get("/tasks/{id}", WorkOnTasks, list::show)
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
