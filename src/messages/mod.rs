//! Messages: conversations between patients and the people who look after them, and those that came another way.
//!
//! What a message does to its conversation (who is to answer, who has not read it, what happens when somebody has left)
//! is decided by the triggers in `migrations/`; [`model`] says the same in Rust, for the buttons and the tests.

mod answer;
mod chart;
mod drafts;
mod files;
mod forms;
mod handlers;
mod history;
mod inbox_page;
pub mod jobs;
pub mod model;
mod pages;
mod portal;
mod queries;
mod show;
mod tell;

pub use chart::panel;

use crate::access::Permission::{AnswerForTeam, UseMessages, UsePortal};
use crate::web::Routes;
use files::REQUEST_BYTES;
use handlers::{files as file, list, moves, new, show as one};

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/threads", UseMessages, list::index)
        .post("/threads/search", UseMessages, list::search)
        .get("/threads/new", UseMessages, new::ask)
        .upload("/threads/new", UseMessages, REQUEST_BYTES, new::create)
        .get("/threads/{id}", UseMessages, one::show)
        .get("/threads/{id}/print", UseMessages, one::print)
        .upload("/threads/{id}/messages", UseMessages, REQUEST_BYTES, one::reply)
        .post("/threads/{id}/draft", UseMessages, one::draft)
        .get("/threads/{id}/files/{document}", UseMessages, file::save)
        .get("/threads/{id}/files/{document}/preview", UseMessages, file::look)
        .post("/threads/{id}/claim", AnswerForTeam, moves::claim)
        .get("/threads/{id}/assignment", UseMessages, moves::ask_assignment)
        .post("/threads/{id}/assignment", UseMessages, moves::assign)
        .post("/threads/{id}/closure", UseMessages, moves::close)
        .get("/threads/{id}/reopening", UseMessages, moves::ask_reopening)
        .post("/threads/{id}/reopening", UseMessages, moves::reopen)
        .post("/threads/{id}/category", UseMessages, moves::category)
        .get("/threads/{id}/messages/{message}/retraction", UseMessages, moves::ask_retraction)
        .post("/threads/{id}/messages/{message}/retraction", UseMessages, moves::retract)
        .get("/patients/{id}/messages", UseMessages, chart::section)
        .get("/my/messages", UsePortal, portal::handlers::list)
        .get("/my/messages/new", UsePortal, portal::handlers::ask)
        .upload("/my/messages/new", UsePortal, REQUEST_BYTES, portal::handlers::create)
        .get("/my/messages/{id}", UsePortal, portal::handlers::show)
        .upload("/my/messages/{id}", UsePortal, REQUEST_BYTES, portal::handlers::reply)
        .post("/my/messages/{id}/draft", UsePortal, portal::handlers::draft)
        .get("/my/messages/{id}/files/{document}", UsePortal, file::save)
        .get("/my/messages/{id}/files/{document}/preview", UsePortal, file::look)
        .get("/my/messages/{id}/newer", UsePortal, portal::handlers::newer)
}
