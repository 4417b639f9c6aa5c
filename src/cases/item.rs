//! A case as it is shown: the row, the person concerned revealed, and what this person may do.

use std::collections::HashMap;

use chrono_tz::Tz;

use super::head::reference;
use super::model::{Case, CaseStatus, Kind, Mover, Refusal};
use super::queries::people::Header;
use super::queries::row::Row;
use crate::access::Role;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::Audited;
use crate::ids::{OrganizationId, PatientId, UserId};
use crate::phi::Keyring;
use crate::web::format;
use crate::web::ui::{Action, ActionKind, Step, StepState};

/// The moment and the place of a page.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// The moment of the request.
    pub now: Timestamp,
    /// The zone in which times are shown.
    pub zone: Tz,
}

/// The person concerned, as much as work on cases needs.
#[derive(Clone, Debug)]
pub struct Patient {
    /// `OKAFOR, Adaeze`.
    pub name: String,
    /// Record number, grouped for reading.
    pub mrn: Option<String>,
}

/// A case ready to be shown.
#[derive(Clone, Debug)]
pub struct Item {
    /// The case.
    pub row: Row,
    /// The person concerned, where this role may know.
    pub patient: Option<Patient>,
    /// The number of the alert it comes from; on the page of the case only.
    pub alert: Option<i64>,
}

impl Item {
    /// Reveals the record number; the view has been written down, `proof` says so.
    ///
    /// # Errors
    /// Where the record number does not open.
    pub fn reveal(
        row: Row,
        headers: &HashMap<PatientId, Header>,
        keys: &Keyring,
        organization: OrganizationId,
        proof: &Audited,
    ) -> Result<Self> {
        let header = row.patient_id.and_then(|id| headers.get(&id));
        let patient = match header {
            None => None,
            Some(header) => {
                let mrn = match &header.mrn {
                    None => None,
                    Some(sealed) => {
                        let number = keys
                            .open(organization, "patient", "medical_record_number", header.id.uuid(), sealed)
                            .map_err(anyhow::Error::from)?;
                        Some(format::grouped(number.reveal(proof)))
                    }
                };
                let name = format::person(&header.last_name, &header.first_name, None);
                Some(Patient { name, mrn })
            }
        };
        Ok(Self { row, patient, alert: None })
    }

    /// `CASE-2041`.
    #[must_use]
    pub fn reference(&self) -> String {
        reference(self.row.number)
    }

    /// "High priority".
    #[must_use]
    pub fn priority_in_words(&self) -> String {
        format!("{} priority", self.row.priority.label())
    }

    /// Whether it is past its due date.
    #[must_use]
    pub fn is_overdue(&self, time: &Time) -> bool {
        self.row.status.is_open() && self.row.due_at.is_some_and(|due| due < time.now)
    }

    /// `27-Nov-2026 17:00 (in 3 d)`, `20-Nov-2026 17:00 (2 d ago)`.
    #[must_use]
    pub fn due(&self, time: &Time) -> Option<String> {
        let due = self.row.due_at?;
        let relative = format::relative(due, time.now);
        let ago = if due < time.now { " ago" } else { "" };
        Some(format!("{} ({relative}{ago})", format::stamp(due, time.zone)))
    }

    /// `27-Nov`, for lists.
    #[must_use]
    pub fn due_short(&self, time: &Time) -> Option<String> {
        Some(format::day_month(self.row.due_at?.with_timezone(&time.zone).date_naive()))
    }

    /// "since 20-Nov": how long it stands where it stands.
    #[must_use]
    pub fn since(&self, time: &Time) -> String {
        format!("since {}", format::day_month(self.row.moved_at.with_timezone(&time.zone).date_naive()))
    }

    /// Since when it waits for review.
    #[must_use]
    pub fn waiting_since(&self) -> Timestamp {
        self.row.submitted_at.unwrap_or(self.row.moved_at)
    }

    /// Given and family name of the caseworker.
    #[must_use]
    pub fn caseworker(&self) -> Option<String> {
        full(self.row.assignee_first.as_deref(), self.row.assignee_last.as_deref())
    }

    /// Their initials.
    #[must_use]
    pub fn caseworker_initials(&self) -> String {
        initials(self.row.assignee_first.as_deref(), self.row.assignee_last.as_deref())
    }

    /// Given and family name of who opened it.
    #[must_use]
    pub fn creator(&self) -> String {
        full(self.row.creator_first.as_deref(), self.row.creator_last.as_deref())
            .unwrap_or_else(|| "Somebody".to_owned())
    }

    /// Their initials.
    #[must_use]
    pub fn creator_initials(&self) -> String {
        initials(self.row.creator_first.as_deref(), self.row.creator_last.as_deref())
    }

    /// What to say beside who opened it.
    #[must_use]
    pub fn opened_it(&self, me: UserId) -> &'static str {
        if self.row.creator_id == me { "opened it, you" } else { "opened it" }
    }

    /// What to say beside the caseworker.
    #[must_use]
    pub fn works_on_it(&self, me: UserId) -> &'static str {
        if self.row.assignee_id == Some(me) { "caseworker, you" } else { "caseworker" }
    }

    /// Where it belongs, in words.
    #[must_use]
    pub fn place(&self) -> &str {
        self.row.facility.as_deref().unwrap_or("Whole organization")
    }

    /// How far the work is.
    #[must_use]
    pub fn steps(&self, time: &Time) -> Vec<Step> {
        let row = &self.row;
        let here = CaseStatus::ALL.iter().position(|status| *status == row.status).unwrap_or_default();
        let day = |at: Option<Timestamp>| {
            at.map(|at| format::day_month(at.with_timezone(&time.zone).date_naive())).unwrap_or_default()
        };
        CaseStatus::ALL
            .iter()
            .enumerate()
            .map(|(place, status)| {
                let at = match status {
                    CaseStatus::New => Some(row.created_at),
                    CaseStatus::PendingReview => row.submitted_at,
                    CaseStatus::Assigned => row.assigned_at,
                    CaseStatus::InProgress => row.started_at,
                    CaseStatus::PendingCompletion => row.finished_at,
                    CaseStatus::Completed => row.completed_at,
                };
                let last = place + 1 == CaseStatus::ALL.len();
                let state = match place.cmp(&here) {
                    std::cmp::Ordering::Less => StepState::Done,
                    std::cmp::Ordering::Equal if last => StepState::Done,
                    std::cmp::Ordering::Equal => StepState::Current,
                    std::cmp::Ordering::Greater => StepState::Next,
                };
                let who = match status {
                    CaseStatus::New => short(row.creator_first.as_deref(), row.creator_last.as_deref()),
                    CaseStatus::Assigned => short(row.assignee_first.as_deref(), row.assignee_last.as_deref()),
                    _ => None,
                };
                let note = match state {
                    StepState::Done => [Some(day(at)), who].into_iter().flatten().collect::<Vec<_>>().join(", "),
                    StepState::Current => self.since(time),
                    StepState::Next => String::new(),
                };
                Step { label: status.label().to_owned(), note, state }
            })
            .collect()
    }
}

fn full(first: Option<&str>, last: Option<&str>) -> Option<String> {
    last.map(|last| format!("{} {last}", first.unwrap_or_default()).trim().to_owned())
}

/// `J. Clerk`.
fn short(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let initial = first.and_then(|first| first.chars().next());
    last.map(|last| initial.map_or_else(|| last.to_owned(), |initial| format!("{initial}. {last}")))
}

fn initials(first: Option<&str>, last: Option<&str>) -> String {
    format::initials(first.unwrap_or_default(), last.unwrap_or_default())
}

/// What this role does with cases, each with its button, or with the reason why there is none. Moves that only answer
/// another state are left out while they cannot be made.
#[must_use]
pub fn actions(row: &Row, case: &Case, mover: Mover) -> Vec<Action> {
    let usual: &[Kind] = match mover.role {
        Role::Clerk => &[Kind::Submit],
        Role::Chair => &[Kind::Assign, Kind::Complete],
        Role::Caseworker => &[Kind::Start, Kind::Finish],
        _ => &[],
    };
    let mut primary = false;
    let mut actions: Vec<_> = Kind::ALL
        .iter()
        .filter_map(|kind| match case.ask(*kind, mover) {
            Ok(()) => {
                let href = format!("/cases/{}/transition?move={}", row.id, kind.as_str());
                let asks = kind.asks_reason() || *kind == Kind::Complete;
                let (label, what) = match (asks, primary) {
                    (true, _) => (format!("{}…", label(*kind, mover)), ActionKind::Page(href)),
                    (false, false) => (label(*kind, mover).to_owned(), ActionKind::Primary(href)),
                    (false, true) => (label(*kind, mover).to_owned(), ActionKind::Post(href)),
                };
                primary |= matches!(what, ActionKind::Primary(_));
                Some(Action { label, icon: icon(*kind), why: needs(*kind, mover).to_owned(), kind: what, key: ' ' })
            }
            Err(refusal) if usual.contains(kind) => Some(Action {
                label: label(*kind, mover).to_owned(),
                icon: icon(*kind),
                why: words(refusal),
                kind: ActionKind::Blocked,
                key: ' ',
            }),
            Err(_) => None,
        })
        .collect();
    // What can be done comes before what cannot.
    actions.sort_by_key(|action| matches!(action.kind, ActionKind::Blocked));
    actions
}

/// What a move asks for, and who reads it.
const fn needs(kind: Kind, mover: Mover) -> &'static str {
    match (kind, mover.role) {
        (Kind::SendBack, _) => "Needs a reason, which the clerk reads.",
        (Kind::Return | Kind::Reopen, _) => "Needs a reason, which the caseworker reads.",
        (Kind::Decline, Role::Caseworker) => "Needs a reason, which the chair reads.",
        (Kind::Decline | Kind::Reassign, _) => "Needs a reason.",
        (Kind::Submit | Kind::Assign | Kind::Start | Kind::Finish | Kind::Complete, _) => "",
    }
}

/// The words on the button, for this role.
#[must_use]
pub const fn label(kind: Kind, mover: Mover) -> &'static str {
    match (kind, mover.role) {
        (Kind::Decline, Role::Chair) => "Take back to review",
        (kind, _) => kind.label(),
    }
}

/// Why not, in a sentence.
#[must_use]
pub fn words(refusal: Refusal) -> String {
    match refusal {
        Refusal::State(from) => format!("Only from {from}."),
        Refusal::Person(words) | Refusal::Rule(words) => words.to_owned(),
    }
}

const fn icon(kind: Kind) -> &'static str {
    match kind {
        Kind::Submit => "send",
        Kind::Assign | Kind::Reassign => "user-plus",
        Kind::SendBack | Kind::Decline | Kind::Return => "rotate-ccw",
        Kind::Start => "arrow-right",
        Kind::Finish => "check",
        Kind::Complete => "badge-check",
        Kind::Reopen => "undo-2",
    }
}
