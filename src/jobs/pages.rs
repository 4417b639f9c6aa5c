//! The page of those who run the system.

use askama::Template;
use chrono_tz::Tz;

use super::schedule;
use crate::clock::Timestamp;
use crate::ids::JobId;
use crate::web::shell::Shell;

/// How many jobs of each state are shown: who has more than this dead has one cause, not a list to work through.
pub const SHOWN: i64 = 50;

/// A job as a line.
#[derive(Debug)]
pub struct Line {
    /// Its id.
    pub id: JobId,
    /// What is to be done.
    pub kind: String,
    /// Attempts so far.
    pub attempts: i32,
    /// Attempts at most.
    pub max_attempts: i32,
    /// Waiting: not before; running: since some moment before this; dead: since.
    pub at: Timestamp,
    /// What went wrong last.
    pub error: Option<String>,
}

impl Line {
    /// What is to be done, in words.
    #[must_use]
    pub fn label(&self) -> &str {
        schedule::label(&self.kind).unwrap_or(&self.kind)
    }
}

/// All of one state.
#[derive(Debug, Default)]
pub struct Lines {
    /// The first of them.
    pub lines: Vec<Line>,
    /// How many there are, capped.
    pub count: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "jobs/index.html", blocks = ["jobs"])]
pub struct Index {
    /// The frame.
    pub shell: Shell,
    /// Given up.
    pub dead: Lines,
    /// Under way.
    pub running: Lines,
    /// Waiting.
    pub queued: Lines,
    /// The time.
    pub now: Timestamp,
    /// The reader's zone.
    pub zone: Tz,
}
