//! What the list on paper prints.

use askama::Template;

use super::item::{Item, Time};
use crate::web::shell::Shell;

/// The sheet.
#[derive(Debug, Template)]
#[template(path = "alerts/print.html")]
pub struct PrintPage {
    /// The frame.
    pub shell: Shell,
    /// The list on the screen.
    pub back: String,
    /// The name of the tab.
    pub view: &'static str,
    /// The moment.
    pub time: Time,
    /// The rows.
    pub items: Vec<Item>,
    /// Whether there are more than fit.
    pub more: bool,
}
