//! The pages of the portal.

use askama::Template;

use super::model::Access;
use super::visits::NextStep;
use crate::web::filters;
use crate::web::shell::Shell;
use crate::web::whom::{Scope, Whom};

#[derive(Template)]
#[template(path = "portal/home.html")]
pub(super) struct HomePage {
    pub shell: Shell,
    pub greeting: &'static str,
    pub own: Whom,
    /// What to do or know first about visits; nothing for a proxy without them.
    pub next: Option<NextStep>,
    /// How many things wait to be read.
    pub unread: i64,
    /// What they were asked to do, the first due first.
    pub task: Option<crate::tasks::portal::Next>,
    /// The latest accesses.
    pub accesses: Vec<Access>,
}

/// For somebody whose account is linked to no record.
#[derive(Template)]
#[template(path = "portal/nobody.html")]
pub(super) struct NobodyPage {
    pub shell: Shell,
}

#[derive(Template)]
#[template(path = "portal/access.html")]
pub(super) struct AccessPage {
    pub shell: Shell,
    pub own: Whom,
    /// Day by day, latest first.
    pub days: Vec<(String, Vec<Access>)>,
    /// Whether this is the first page.
    pub newest: bool,
    /// Where older entries are, if there are any.
    pub older: Option<String>,
}
