//! What the pages of reports print.

use askama::Template;

use super::figures::Figures;
use crate::web::shell::Shell;

/// On a screen.
#[derive(Debug, Template)]
#[template(path = "casework/reports.html", blocks = ["report"])]
pub struct Screen {
    /// The frame.
    pub shell: Shell,
    /// The periods.
    pub tabs: Vec<crate::web::ui::Tab>,
    /// The file.
    pub file: String,
    /// The sheet.
    pub paper: String,
    /// Whether this person may open the list behind the numbers.
    pub opens: bool,
    /// The numbers.
    pub figures: Figures,
}

/// On paper.
#[derive(Debug, Template)]
#[template(path = "casework/reports_print.html")]
pub struct Paper {
    /// The frame.
    pub shell: Shell,
    /// The page.
    pub back: String,
    /// The numbers.
    pub figures: Figures,
}
