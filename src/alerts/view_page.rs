//! What the page prints that gives a filter a name.

use askama::Template;

use crate::saved_views::{RawView, SavedView};
use crate::web::form::FormErrors;
use crate::web::shell::Shell;

/// The page.
#[derive(Debug, Template)]
#[template(path = "alerts/views.html")]
pub struct ViewPage {
    /// The frame.
    pub shell: Shell,
    /// What was typed.
    pub form: RawView,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// The own view that the filter came from.
    pub known: Option<SavedView>,
    /// All own views.
    pub own: Vec<SavedView>,
}
