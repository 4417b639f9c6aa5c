//! One stretch of somebody's time.

use askama::Template;
use chrono_tz::Tz;

use crate::visits::derive::Offer;
use crate::visits::handlers::slots::RawSlot;
use crate::visits::model::Mode;
use crate::visits::queries::people::About;
use crate::visits::queries::slots::SlotRow;
use crate::web::filters;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::Choice;

/// For how long time is held, in minutes, in words.
const HOLDS: [(&str, &str); 4] = [("30", "30 minutes"), ("120", "2 hours"), ("1440", "1 day"), ("4320", "3 days")];

/// Free time, and what can be done with it.
#[derive(Debug, Template)]
#[template(path = "visits/free.html")]
pub struct FreePage {
    /// The frame.
    pub shell: Shell,
    /// What was typed.
    pub form: RawSlot,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// The time.
    pub offer: Offer,
    /// Whose.
    pub staff: String,
    /// For whom, where that is known.
    pub about: Option<About>,
    /// Whether this person books.
    pub may_book: bool,
    /// Whether this person blocks it.
    pub may_block: bool,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl FreePage {
    fn group_hint(&self) -> &'static str {
        match self.offer.mode {
            Mode::InPerson => "The others are added afterwards.",
            Mode::Virtual => {
                "The others are added afterwards. A group meets at the external video service of the facility."
            }
        }
    }

    fn holds(&self) -> Vec<Choice> {
        HOLDS.iter().map(|(value, label)| Choice::new(*value, *label, self.form.minutes == *value)).collect()
    }

    fn when(&self) -> String {
        let start = self.offer.start.with_timezone(&self.zone);
        format!("{} with {}", start.format("%A %-d %B %Y, %H:%M"), self.staff)
    }

    fn back(&self) -> String {
        let day = self.offer.start.with_timezone(&self.zone).date_naive();
        format!("/schedule?date={day}&provider={}", self.offer.staff)
    }
}

/// Time that is held, booked or blocked.
#[derive(Debug, Template)]
#[template(path = "visits/slot.html", blocks = ["main"])]
pub struct TakenPage {
    /// The frame.
    pub shell: Shell,
    /// The slot.
    pub slot: SlotRow,
    /// Whose.
    pub staff: String,
    /// Whether this person ends the hold or the block.
    pub may_release: bool,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl TakenPage {
    fn when(&self) -> String {
        let start = self.slot.start_time.with_timezone(&self.zone);
        format!("{} with {}", start.format("%A %-d %B %Y, %H:%M"), self.staff)
    }

    fn back(&self) -> String {
        let day = self.slot.start_time.with_timezone(&self.zone).date_naive();
        format!("/schedule?date={day}&provider={}", self.slot.staff_id)
    }
}
