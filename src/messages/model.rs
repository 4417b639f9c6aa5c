//! What a conversation is, and how it moves.

use chrono::TimeDelta;

use crate::clock::Timestamp;
use crate::ids::UserId;
use crate::named::named;
use crate::web::ui::Tone;

#[cfg(test)]
mod tests;

named! {
    /// Whose turn it is.
    Status {
        /// Nobody waits.
        Open = "OPEN", "Open";
        /// Somebody waits for an answer of staff.
        AwaitingStaff = "AWAITING_STAFF", "Waits for us";
        /// The patient has an answer.
        AwaitingPatient = "AWAITING_PATIENT", "Answered";
        /// Done.
        Closed = "CLOSED", "Closed";
    }
}

impl Status {
    /// Its colour and shape.
    #[must_use]
    pub const fn tone(self) -> Tone {
        match self {
            Self::Open => Tone::Info,
            Self::AwaitingStaff => Tone::Warn,
            Self::AwaitingPatient => Tone::Ok,
            Self::Closed => Tone::None,
        }
    }
}

named! {
    /// What a conversation is about.
    Category {
        /// How somebody feels.
        Health = "HEALTH", "A health question";
        /// Medicines and repeat prescriptions.
        Medicine = "MEDICINE", "Medicines";
        /// Results.
        Result = "RESULT", "A test or result";
        /// Visits.
        Visit = "VISIT", "A visit";
        /// Letters, forms, notes for work.
        Paperwork = "PAPERWORK", "A letter or form";
        /// Anything else.
        Other = "OTHER", "Something else";
    }
}

named! {
    /// The way it came.
    Channel {
        /// The patient portal.
        Portal = "PORTAL", "Portal";
        /// Text messages.
        Sms = "SMS", "Text message";
        /// Mail.
        Email = "EMAIL", "E-mail";
        /// Calls.
        Phone = "PHONE", "Telephone";
    }
}

named! {
    /// Who said something.
    Side {
        /// The patient, or somebody for them.
        Patient = "PATIENT", "Patient";
        /// The clinic.
        Staff = "STAFF", "Staff";
        /// Somebody elsewhere, noted by staff.
        Outside = "OUTSIDE", "They";
    }
}

/// For how long after its end a conversation is opened again by an answer: `kit.thread_window()` in the schema.
pub const WINDOW: TimeDelta = TimeDelta::days(14);

/// For how long somebody may wait before an alert says so: a health question a working morning, the rest a day.
#[must_use]
pub const fn patience(category: Category) -> TimeDelta {
    match category {
        Category::Health => TimeDelta::hours(4),
        Category::Medicine | Category::Result | Category::Visit | Category::Paperwork | Category::Other => {
            TimeDelta::hours(24)
        }
    }
}

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose turn it is.
    pub status: Status,
    /// Who has taken it; none: the team's.
    pub assignee: Option<UserId>,
    /// Since when somebody waits for staff.
    pub waiting_since: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

/// Why a move is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is closed already, or not closed.
    #[error("This conversation has moved on: it is not in that state any more.")]
    NoSuchMove,
    /// It was closed too long ago.
    #[error("This conversation was closed more than 14 days ago. Begin a new one.")]
    TooLate,
    /// A reason is asked for.
    #[error("Give a reason.")]
    NoReason,
}

impl Standing {
    /// Whether a message can still be added.
    #[must_use]
    pub fn takes_messages(&self, now: Timestamp) -> bool {
        self.closed_at.is_none_or(|at| at + WINDOW >= now)
    }

    /// A message arrives from `side`, written by `writer`. `stays` says whether the assignee can still answer.
    ///
    /// # Errors
    /// Where the conversation was closed too long ago.
    pub fn arrives(self, side: Side, writer: UserId, now: Timestamp, stays: bool) -> Result<Self, Refusal> {
        if !self.takes_messages(now) {
            return Err(Refusal::TooLate);
        }
        Ok(match side {
            Side::Staff => Self {
                status: Status::AwaitingPatient,
                assignee: Some(self.assignee.unwrap_or(writer)),
                waiting_since: None,
                closed_at: None,
            },
            Side::Patient | Side::Outside => Self {
                status: Status::AwaitingStaff,
                assignee: self.assignee.filter(|_| stays),
                waiting_since: Some(self.waiting_since.unwrap_or(now)),
                closed_at: None,
            },
        })
    }

    /// Staff close it.
    ///
    /// # Errors
    /// Where it is closed.
    pub fn close(self, now: Timestamp) -> Result<Self, Refusal> {
        match self.status {
            Status::Open | Status::AwaitingStaff | Status::AwaitingPatient => {
                Ok(Self { status: Status::Closed, closed_at: Some(now), waiting_since: None, ..self })
            }
            Status::Closed => Err(Refusal::NoSuchMove),
        }
    }

    /// Staff open it again, whenever it was closed.
    ///
    /// # Errors
    /// Where it is open, or no reason is given.
    pub fn reopen(self, reason: &str) -> Result<Self, Refusal> {
        match self.status {
            Status::Closed if reason.trim().is_empty() => Err(Refusal::NoReason),
            Status::Closed => Ok(Self { status: Status::Open, closed_at: None, ..self }),
            Status::Open | Status::AwaitingStaff | Status::AwaitingPatient => Err(Refusal::NoSuchMove),
        }
    }

    /// `mover` gives it to somebody, or back to the team.
    ///
    /// # Errors
    /// Where it is closed, or a reason is missing: only taking what nobody has needs none.
    pub fn assign(self, mover: UserId, to: Option<UserId>, reason: &str) -> Result<Self, Refusal> {
        if self.status == Status::Closed {
            return Err(Refusal::NoSuchMove);
        }
        let takes = self.assignee.is_none() && to == Some(mover);
        if to != self.assignee && !takes && reason.trim().is_empty() {
            return Err(Refusal::NoReason);
        }
        Ok(Self { assignee: to, ..self })
    }
}

/// The lists of the inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Somebody waits, the longest first.
    #[default]
    Waiting,
    /// What I have, or take part in.
    Mine,
    /// What nobody has.
    Unassigned,
    /// Everything of the team that is not closed.
    Team,
    /// What is done.
    Closed,
}

impl View {
    /// All of them, as the tabs stand.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Mine, Self::Unassigned, Self::Team, Self::Closed];

    /// The value in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "awaiting",
            Self::Mine => "mine",
            Self::Unassigned => "unassigned",
            Self::Team => "pool",
            Self::Closed => "closed",
        }
    }

    /// The words on the tab.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting for us",
            Self::Mine => "Mine",
            Self::Unassigned => "Nobody has",
            Self::Team => "All open",
            Self::Closed => "Closed",
        }
    }

    /// Whether only those who answer for the team have this list.
    #[must_use]
    pub const fn is_of_the_team(self) -> bool {
        match self {
            Self::Waiting | Self::Unassigned | Self::Team => true,
            Self::Mine | Self::Closed => false,
        }
    }

    /// The list of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.as_str() == name)
    }
}
