//! One visit.

use askama::Template;
use chrono_tz::Tz;

use crate::access::{Permission, Role};
use crate::clock::Timestamp;
use crate::ids::StaffId;
use crate::visits::derive::Offer;
use crate::visits::handlers::provider_choices;
use crate::visits::handlers::visits::RawVisit;
use crate::visits::model::{Attendance, VisitStatus, may_arrive};
use crate::visits::queries::participants::Participant;
use crate::visits::queries::people::Provider;
use crate::visits::queries::visits::{Step as Moved, VisitRow};
use crate::visits::video::groups::is_by_video;
use crate::visits::video::guests::{Guest, RawGuest, takes_guests};
use crate::visits::video::moves::has_room;
use crate::visits::video::queries::SessionRow;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Action, ActionKind, Choice, Entry, Step, StepState};
use crate::web::{filters, format};

/// What happened, in sentences.
pub(crate) fn entries(history: &[Moved], label: impl Fn(&str) -> Option<&'static str>) -> Vec<Entry> {
    let entry = |step: &Moved| {
        let to = label(&step.to_status).unwrap_or("changed").to_lowercase();
        Entry {
            at: step.at,
            who: step.person.clone().unwrap_or_else(|| "Almoner".to_owned()),
            initials: None,
            icon: if step.from_status.is_none() { "plus" } else { "arrow-right" },
            what: if step.from_status.is_none() { "made this".to_owned() } else { format!("moved this to {to}") },
            said: step.reason.clone().filter(|reason| !reason.is_empty()),
        }
    };
    history.iter().map(entry).collect()
}

/// One visit, and what may be done.
#[derive(Debug, Template)]
#[template(path = "visits/show.html")]
pub struct Show {
    /// The frame.
    pub shell: Shell,
    /// The visit.
    pub row: VisitRow,
    /// Who takes part.
    pub participants: Vec<Participant>,
    /// What happened so far.
    pub history: Vec<Moved>,
    /// The video session, once somebody has come.
    pub session: Option<SessionRow>,
    /// Where a group meets by video.
    pub outside: Option<String>,
    /// Who may join a video visit by a link.
    pub guests: Vec<Guest>,
    /// What was typed of another guest.
    pub guest: RawGuest,
    /// What is wrong with a form.
    pub errors: FormErrors,
    /// The role of the person.
    pub role: Role,
    /// The moment of the request.
    pub now: Timestamp,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl Show {
    fn back(&self) -> String {
        format!("/schedule?date={}", self.row.start_time.with_timezone(&self.zone).date_naive())
    }

    fn steps(&self) -> Vec<Step> {
        let row = &self.row;
        let last = match row.status {
            VisitStatus::Cancelled | VisitStatus::NoShow => row.status,
            _ => VisitStatus::Completed,
        };
        let at = |at: Option<Timestamp>| at.map(|at| format::short_stamp(at, self.now, self.zone)).unwrap_or_default();
        let reached = |status: VisitStatus| match status {
            VisitStatus::Planned => Some(row.start_time),
            VisitStatus::CheckedIn => row.checked_in_at,
            VisitStatus::InProgress => row.started_at,
            VisitStatus::Completed | VisitStatus::Cancelled | VisitStatus::NoShow => row.ended_at,
        };
        let step = |status: VisitStatus| Step {
            label: status.label().to_owned(),
            note: at(reached(status)),
            state: match (status == row.status, reached(status)) {
                (true, _) => StepState::Current,
                (false, Some(_)) => StepState::Done,
                (false, None) => StepState::Next,
            },
        };
        [VisitStatus::Planned, VisitStatus::CheckedIn, VisitStatus::InProgress, last].into_iter().map(step).collect()
    }

    fn may(&self, to: VisitStatus) -> bool {
        self.row.status.may_become(to, self.role, self.row.mode)
    }

    fn actions(&self) -> Vec<Action> {
        let here = format!("/visits/{}", self.row.id);
        let mut actions = Vec::new();
        let mut add = |label: &str, icon: &'static str, why: &str, kind: ActionKind| {
            actions.push(Action { label: label.to_owned(), icon, why: why.to_owned(), kind, key: ' ' });
        };
        let (row, post) = (&self.row, |what: &str| format!("{here}/{what}"));
        if self.may(VisitStatus::CheckedIn) {
            if may_arrive(row.start_time, self.now) {
                add("Check in", "log-in", "They are here", ActionKind::Primary(post("check-in")));
            } else {
                add("Check in", "log-in", "Twelve hours before the visit at the earliest", ActionKind::Blocked);
            }
        }
        if row.status.is_open() && has_room(row) && self.role.may(Permission::ConductVisits) {
            add("Video room", "video", "See who waits, let them in, talk", ActionKind::Page(post("video")));
        }
        if self.may(VisitStatus::InProgress) {
            add("Begin", "stethoscope", "They are with you now", ActionKind::Primary(post("start")));
        } else if row.status == VisitStatus::CheckedIn {
            add("Begin", "stethoscope", "A clinician begins a visit", ActionKind::Blocked);
        }
        if self.may(VisitStatus::Completed) {
            add("Complete", "check", "They have been seen", ActionKind::Primary(post("completion")));
        }
        if self.may(VisitStatus::NoShow) {
            if row.status == VisitStatus::Planned && row.start_time > self.now {
                add("Did not attend", "user-x", "Not before the visit was to begin", ActionKind::Blocked);
            } else {
                add(
                    "Did not attend",
                    "user-x",
                    "Raises an alert, so that somebody asks",
                    ActionKind::Post(post("no-show")),
                );
            }
        }
        if row.status == VisitStatus::Planned && self.may(VisitStatus::Cancelled) {
            add("Another time…", "clock", "Keeps the link between both", ActionKind::Page(post("rescheduling")));
        }
        if self.may(VisitStatus::Cancelled) {
            add("Cancel…", "ban", "Frees the time; asks for a reason", ActionKind::Page(post("cancellation")));
        }
        actions
    }

    fn attendances(&self, of: &Participant) -> Vec<Choice> {
        Attendance::ALL.iter().map(|one| Choice::new(one.as_str(), one.label(), of.attendance == *one)).collect()
    }

    /// Whether it is a group that is to meet by video.
    fn group_by_video(&self) -> bool {
        is_by_video(&self.row) && self.row.status.is_open()
    }

    /// Whether guests are invited here.
    fn invites(&self) -> bool {
        self.acts() && takes_guests(&self.row)
    }

    fn acts(&self) -> bool {
        crate::visits::moves::acts(self.role)
    }

    fn story(&self) -> Vec<Entry> {
        entries(&self.history, |name| VisitStatus::from_name(name).map(VisitStatus::label))
    }
}

/// The question before a visit is cancelled.
#[derive(Debug, Template)]
#[template(path = "visits/cancel.html")]
pub struct CancelPage {
    /// The frame.
    pub shell: Shell,
    /// The visit.
    pub row: VisitRow,
    /// What was typed.
    pub form: RawVisit,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// Whether it can be cancelled at all.
    pub may: bool,
    /// The clock that the times are of.
    pub zone: Tz,
}

/// Other times for a visit.
#[derive(Debug, Template)]
#[template(path = "visits/reschedule.html")]
pub struct ReschedulePage {
    /// The frame.
    pub shell: Shell,
    /// The visit.
    pub row: VisitRow,
    /// What was typed.
    pub form: RawVisit,
    /// What is wrong with it.
    pub errors: FormErrors,
    /// Times that are free, with how the form names them.
    pub times: Vec<(String, Offer)>,
    /// Whose times there are.
    pub providers: Vec<Provider>,
    /// Whose are shown.
    pub provider: Option<StaffId>,
    /// Whether it can be moved at all.
    pub may: bool,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl CancelPage {
    fn back(&self) -> String {
        format!("/visits/{}", self.row.id)
    }
}

impl ReschedulePage {
    fn back(&self) -> String {
        format!("/visits/{}", self.row.id)
    }

    fn people(&self) -> Vec<Choice> {
        provider_choices(&self.providers, self.provider)
    }
}
