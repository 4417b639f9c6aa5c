//! Who is here.

use std::collections::HashMap;

use askama::Template;
use chrono_tz::Tz;

use crate::clock::Timestamp;
use crate::ids::{StaffId, VisitId};
use crate::visits::model::wait_tone;
use crate::visits::queries::visits::VisitRow;
use crate::visits::video::queries::SessionRow;
use crate::web::filters;
use crate::web::shell::Shell;
use crate::web::ui::Tone;

/// Everybody expected, waiting and being seen today.
#[derive(Debug, Template)]
#[template(path = "visits/arrivals.html", blocks = ["board"])]
pub struct Board {
    /// The frame.
    pub shell: Shell,
    /// Here, and waiting; the longest first.
    pub waiting: Vec<VisitRow>,
    /// Being seen.
    pub with_somebody: Vec<VisitRow>,
    /// Not here yet.
    pub expected: Vec<VisitRow>,
    /// The video sessions of those, by visit.
    pub rooms: HashMap<VisitId, SessionRow>,
    /// The member of staff who looks.
    pub me: Option<StaffId>,
    /// Whether this person checks in.
    pub books: bool,
    /// Whether this person begins visits.
    pub begins: bool,
    /// The moment of the request.
    pub now: Timestamp,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl Board {
    /// Where somebody who waits for a call is, in words.
    fn room(&self, row: &VisitRow) -> Option<&'static str> {
        let session = self.rooms.get(&row.id).filter(|session| session.patient_joined_at.is_some())?;
        Some(if session.patient_here { "In the waiting room" } else { "Page not open just now" })
    }

    /// Whether this person lets them in.
    fn admits(&self, row: &VisitRow) -> bool {
        self.begins && row.staff_id.is_some() && row.staff_id == self.me && self.room(row).is_some()
    }

    fn waited(&self, row: &VisitRow) -> i64 {
        row.checked_in_at.map_or(0, |since| (self.now - since).num_minutes().max(0))
    }

    fn tone(&self, row: &VisitRow) -> Tone {
        wait_tone(self.waited(row))
    }

    fn words(&self, row: &VisitRow) -> String {
        match self.waited(row) {
            minutes @ 0..60 => format!("{minutes} min"),
            minutes => format!("{} h {} min", minutes / 60, minutes % 60),
        }
    }

    fn late(&self, row: &VisitRow) -> bool {
        row.start_time < self.now
    }
}

/// The screen on the wall: waiting numbers, no names.
#[derive(Debug, Template)]
#[template(path = "visits/screen.html", blocks = ["numbers"])]
pub struct Screen {
    /// The frame.
    pub shell: Shell,
    /// Being seen.
    pub now: Vec<i32>,
    /// Waiting.
    pub next: Vec<i32>,
}
