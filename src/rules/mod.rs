//! Clinical rules: what is watched in readings, and what follows.
//!
//! Readings come in, whichever way; the database notes in the same transaction whose, and adds a job. The job looks at every rule that
//! holds for them, in one statement for the whole batch, and raises, counts up or closes alerts. Nothing that writes readings knows of
//! rules, and a rule that fails keeps out no reading and no other rule.

mod dry_run;
mod editor;
mod evaluate;
mod evidence;
mod exceptions;
mod failures;
mod forms;
mod gives;
mod handlers;
mod history;
pub mod jobs;
pub mod model;
mod pages;
mod past;
mod queries;
mod store;
pub mod trend;

pub use evaluate::{Cause, MOST_AN_HOUR, Tally, evaluate};
pub use queries::Touched;

use crate::access::Permission::{EditRules, ViewRules};
use crate::web::Routes;

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/rules", ViewRules, handlers::index)
        .get("/rules/new", EditRules, editor::ask_new)
        .post("/rules/new", EditRules, editor::create)
        .get("/rules/{id}", ViewRules, handlers::show)
        .get("/rules/{id}/edit", EditRules, editor::ask_edit)
        .post("/rules/{id}/edit", EditRules, editor::save)
        .get("/rules/{id}/dry-run", ViewRules, handlers::ask_on)
        .post("/rules/{id}/on", EditRules, handlers::switch_on)
        .post("/rules/{id}/off", EditRules, handlers::switch_off)
        .get("/rules/{id}/facilities/{facility}", EditRules, exceptions::ask_facility)
        .post("/rules/{id}/facilities/{facility}", EditRules, exceptions::save_facility)
        .post("/rules/{id}/facilities/{facility}/end", EditRules, exceptions::end_facility)
        .get("/patients/{id}/rules", ViewRules, exceptions::of_patient)
        .get("/patients/{id}/rules/{rule}", EditRules, exceptions::ask_patient)
        .post("/patients/{id}/rules/{rule}", EditRules, exceptions::save_patient)
        .post("/patients/{id}/rules/{rule}/end", EditRules, exceptions::end_patient)
}
