//! What visits, slots and requests may be and become. The same rules stand in `migrations/…visit_rules.up.sql`, where
//! nobody gets around them; these here decide what a page offers.

use crate::access::Role;
use crate::clock::Timestamp;
use crate::patients::choice::choices;
use crate::web::ui::Tone;

choices! {
    /// Where a patient is seen.
    Mode {
        /// In a room.
        InPerson = "IN_PERSON", "In person";
        /// By video.
        Virtual = "VIRTUAL", "Video";
    }
}

choices! {
    /// Whether the time was agreed before.
    VisitType {
        /// At an agreed time.
        Scheduled = "SCHEDULED", "Scheduled";
        /// Came, and waits for their turn.
        WalkIn = "WALK_IN", "Walk-in";
    }
}

choices! {
    /// How soon a person should be seen. The first is the most urgent.
    Acuity {
        /// Now.
        Red = "RED", "Red";
        /// Today.
        Orange = "ORANGE", "Orange";
        /// Within days.
        Yellow = "YELLOW", "Yellow";
        /// Can wait.
        Green = "GREEN", "Green";
    }
}

choices! {
    /// Where a request is.
    RequestStatus {
        /// Nobody has read it yet.
        New = "NEW", "New";
        /// Somebody has; it needs a time.
        Triaged = "TRIAGED", "Needs a time";
        /// A time is offered and held.
        Awaiting = "AWAITING_PATIENT_CONFIRMATION", "Waits for the patient";
        /// The patient said yes.
        Converted = "CONVERTED_TO_VISIT", "Became a visit";
        /// Withdrawn or turned down.
        Cancelled = "CANCELLED", "Cancelled";
    }
}

choices! {
    /// What has become of somebody's time.
    SlotStatus {
        /// To be had.
        Free = "FREE", "Free";
        /// Kept for somebody until a moment.
        Held = "HELD", "Held";
        /// Taken by a visit.
        Booked = "BOOKED", "Booked";
        /// Not to be had.
        Blocked = "BLOCKED", "Blocked";
    }
}

choices! {
    /// Where a visit is.
    VisitStatus {
        /// Agreed.
        Planned = "PLANNED", "Planned";
        /// The patient is here.
        CheckedIn = "CHECKED_IN", "Arrived";
        /// They are being seen.
        InProgress = "IN_PROGRESS", "In progress";
        /// They were seen.
        Completed = "COMPLETED", "Seen";
        /// It does not take place.
        Cancelled = "CANCELLED", "Cancelled";
        /// They did not come.
        NoShow = "NO_SHOW", "Did not attend";
    }
}

choices! {
    /// Whether somebody came.
    Attendance {
        /// Not known yet.
        Expected = "EXPECTED", "Expected";
        /// They came.
        Attended = "ATTENDED", "Came";
        /// They did not.
        Absent = "ABSENT", "Did not come";
        /// They said so before.
        Cancelled = "CANCELLED", "Cancelled";
    }
}

choices! {
    /// Whether an availability offers anything.
    AvailabilityStatus {
        /// It does.
        Active = "ACTIVE", "Active";
        /// Not for now.
        Paused = "PAUSED", "Paused";
    }
}

choices! {
    /// What a request is about, in one word.
    Category {
        /// Something new.
        NewProblem = "NEW_PROBLEM", "Something new";
        /// An illness that is known.
        FollowUp = "FOLLOW_UP", "Follow-up";
        /// Results of tests.
        Results = "RESULTS", "Results";
        /// Medicines.
        Medicines = "MEDICINES", "Medicines";
        /// Certificates and letters.
        Paperwork = "PAPERWORK", "Letters and certificates";
        /// Anything else.
        Other = "OTHER", "Something else";
    }
}

impl Mode {
    /// The icon of the place.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::InPerson => "map-pin",
            Self::Virtual => "video",
        }
    }

    /// The words that patients read.
    #[must_use]
    pub const fn plain(self) -> &'static str {
        match self {
            Self::InPerson => "Visit at the clinic",
            Self::Virtual => "Video visit",
        }
    }
}

impl Acuity {
    /// Its shape and colour.
    #[must_use]
    pub const fn tone(self) -> Tone {
        match self {
            Self::Red => Tone::Crit,
            Self::Orange => Tone::High,
            Self::Yellow => Tone::Warn,
            Self::Green => Tone::Ok,
        }
    }

    /// What it asks for.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Red => "See now",
            Self::Orange => "See today",
            Self::Yellow => "See within days",
            Self::Green => "Can wait",
        }
    }

    /// How long a request of this acuity may wait for an answer before somebody is reminded, in minutes.
    #[must_use]
    pub const fn answer_within_minutes(self) -> i32 {
        match self {
            Self::Red => 15,
            Self::Orange => 120,
            Self::Yellow => 8 * 60,
            Self::Green => 24 * 60,
        }
    }
}

impl RequestStatus {
    /// Whether somebody still has to do something.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::New | Self::Triaged | Self::Awaiting => true,
            Self::Converted | Self::Cancelled => false,
        }
    }

    /// Whether `role` may move a request from here to `to`. A walk-in becomes a visit at once.
    #[must_use]
    pub const fn may_become(self, to: Self, role: Role, walk_in: bool) -> bool {
        let staff = matches!(role, Role::Clinician | Role::MedicalAssistant);
        match (self, to) {
            (Self::New, Self::Triaged) | (Self::Triaged, Self::Awaiting) => staff,
            (Self::Awaiting, Self::Converted) => matches!(role, Role::Patient | Role::MedicalAssistant),
            (Self::Triaged, Self::Converted) => walk_in && matches!(role, Role::MedicalAssistant),
            (Self::Awaiting, Self::Triaged) | (Self::New | Self::Triaged | Self::Awaiting, Self::Cancelled) => {
                staff || matches!(role, Role::Patient)
            }
            (Self::New | Self::Triaged | Self::Awaiting | Self::Converted | Self::Cancelled, _) => false,
        }
    }

    /// The words that patients read.
    #[must_use]
    pub const fn plain(self) -> &'static str {
        match self {
            Self::New => "We have your request",
            Self::Triaged => "We are looking for a time",
            Self::Awaiting => "Please answer: can you make this time?",
            Self::Converted => "You have a visit",
            Self::Cancelled => "Cancelled",
        }
    }
}

impl SlotStatus {
    /// Whether `role` may move a slot from here to `to`. Clinicians block their `own` time only.
    #[must_use]
    pub const fn may_become(self, to: Self, role: Role, own: bool) -> bool {
        let booker = matches!(role, Role::Clinician | Role::MedicalAssistant);
        match (self, to) {
            (Self::Free, Self::Held | Self::Booked) => booker,
            (Self::Held, Self::Booked | Self::Free) | (Self::Booked, Self::Free) => {
                booker || matches!(role, Role::Patient)
            }
            (Self::Free, Self::Blocked) | (Self::Blocked, Self::Free) => match role {
                Role::MedicalAssistant | Role::Manager => true,
                Role::Clinician => own,
                _ => false,
            },
            (Self::Free | Self::Held | Self::Booked | Self::Blocked, _) => false,
        }
    }
}

impl VisitStatus {
    /// Whether it is still to happen or happening.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Planned | Self::CheckedIn | Self::InProgress => true,
            Self::Completed | Self::Cancelled | Self::NoShow => false,
        }
    }

    /// Whether somebody was or will be busy with it.
    #[must_use]
    pub const fn counts(self) -> bool {
        match self {
            Self::Planned | Self::CheckedIn | Self::InProgress | Self::Completed => true,
            Self::Cancelled | Self::NoShow => false,
        }
    }

    /// Whether `role` may move a visit from here to `to`.
    #[must_use]
    pub const fn may_become(self, to: Self, role: Role, mode: Mode) -> bool {
        let staff = matches!(role, Role::Clinician | Role::MedicalAssistant);
        match (self, to) {
            (Self::Planned, Self::CheckedIn) => {
                staff || (matches!(role, Role::Patient) && matches!(mode, Mode::Virtual))
            }
            (Self::Planned, Self::Cancelled) => staff || matches!(role, Role::Patient),
            (Self::Planned | Self::CheckedIn, Self::NoShow) | (Self::CheckedIn, Self::Cancelled) => staff,
            (Self::CheckedIn, Self::InProgress) | (Self::InProgress, Self::Completed | Self::Cancelled) => {
                matches!(role, Role::Clinician)
            }
            (
                Self::Planned | Self::CheckedIn | Self::InProgress | Self::Completed | Self::Cancelled | Self::NoShow,
                _,
            ) => false,
        }
    }

    /// Its colour.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Planned => "b",
            Self::CheckedIn => "info",
            Self::InProgress => "warn",
            Self::Completed => "ok",
            Self::Cancelled | Self::NoShow => "o",
        }
    }

    /// Its icon.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Planned => "calendar-check",
            Self::CheckedIn => "log-in",
            Self::InProgress => "stethoscope",
            Self::Completed => "check",
            Self::Cancelled => "ban",
            Self::NoShow => "user-x",
        }
    }
}

/// Whether somebody who is here now may be checked in by staff: twelve hours before a visit at the earliest.
#[must_use]
pub fn may_arrive(starts: Timestamp, now: Timestamp) -> bool {
    now >= starts - chrono::TimeDelta::hours(12)
}

/// Whether a patient may still cancel in the portal.
#[must_use]
pub fn before_cutoff(starts: Timestamp, now: Timestamp, cutoff_hours: i64) -> bool {
    now <= starts - chrono::TimeDelta::hours(cutoff_hours)
}

/// How grave a wait is: the colour of the arrival board.
#[must_use]
pub const fn wait_tone(minutes: i64) -> Tone {
    match minutes {
        ..=14 => Tone::Ok,
        15..=29 => Tone::Warn,
        30..=59 => Tone::High,
        _ => Tone::Crit,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_over_stays_over() {
        for role in Role::ALL {
            for to in VisitStatus::ALL {
                for from in [VisitStatus::Completed, VisitStatus::Cancelled, VisitStatus::NoShow] {
                    assert!(!from.may_become(*to, role, Mode::Virtual), "{role:?} {from} {to}");
                }
            }
            for to in RequestStatus::ALL {
                for from in [RequestStatus::Converted, RequestStatus::Cancelled] {
                    assert!(!from.may_become(*to, role, true), "{role:?} {from} {to}");
                }
            }
        }
    }

    #[test]
    fn nobody_is_seen_without_a_clinician() {
        for role in Role::ALL {
            let begins = VisitStatus::CheckedIn.may_become(VisitStatus::InProgress, role, Mode::InPerson);
            assert_eq!(begins, role == Role::Clinician, "{role:?}");
        }
    }

    #[test]
    fn a_patient_arrives_by_video_only() {
        let arrives = |mode| VisitStatus::Planned.may_become(VisitStatus::CheckedIn, Role::Patient, mode);
        assert!(arrives(Mode::Virtual) && !arrives(Mode::InPerson));
    }

    proptest! {
        #[test]
        fn waiting_longer_is_never_less_grave(first in 0..500i64, more in 0..500i64) {
            let rank = |tone: Tone| [Tone::Ok, Tone::Warn, Tone::High, Tone::Crit].iter().position(|one| *one == tone);
            prop_assert!(rank(wait_tone(first)) <= rank(wait_tone(first + more)));
        }
    }
}
