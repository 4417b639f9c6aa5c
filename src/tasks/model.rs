//! What a task is, the states it passes through, and who may move it.
//!
//! A move consumes the task: one that was refused is gone, and one that was granted cannot be made a second time.
//! Nothing here knows of SQL or HTTP. `kit.task_guard()` in the schema decides a second time.

#[cfg(test)]
mod tests;

use crate::access::{Permission, Role};
use crate::ids::UserId;
use crate::named::named;

named! {
    /// Where a task stands.
    TaskStatus {
        /// To be done.
        Ready = "READY", "To do";
        /// Somebody is on it.
        InProgress = "IN_PROGRESS", "In progress";
        /// Done.
        Done = "DONE", "Done";
        /// Its time passed; for what recurs.
        Missed = "MISSED", "Missed";
        /// Whoever had it would not or could not.
        Declined = "DECLINED", "Declined";
        /// No longer wanted.
        Cancelled = "CANCELLED", "Cancelled";
    }
}

named! {
    /// What can be done to where a task stands.
    Kind {
        /// Begin.
        Start = "start", "Start";
        /// Say that it is done, and what came of it.
        Finish = "done", "Mark done";
        /// Not do it, for a reason.
        Decline = "decline", "Decline";
        /// No longer want it, for a reason.
        Cancel = "cancel", "Cancel task";
        /// Want it again after all, for a reason.
        Reopen = "reopen", "Open again";
    }
}

impl TaskStatus {
    /// Whether there is still something to do.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Ready | Self::InProgress => true,
            Self::Done | Self::Missed | Self::Declined | Self::Cancelled => false,
        }
    }

    /// The tone of its tag.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Ready | Self::Cancelled => "",
            Self::InProgress => "info",
            Self::Done => "ok",
            Self::Missed | Self::Declined => "warn",
        }
    }

    /// The icon of its tag.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Ready => "clipboard-list",
            Self::InProgress => "activity",
            Self::Done => "check",
            Self::Missed => "clock",
            Self::Declined => "undo-2",
            Self::Cancelled => "x",
        }
    }
}

impl Kind {
    /// Whether a reason is asked for.
    #[must_use]
    pub const fn asks_reason(self) -> bool {
        match self {
            Self::Decline | Self::Cancel | Self::Reopen => true,
            Self::Start | Self::Finish => false,
        }
    }

    /// What happened, to continue "Task ".
    #[must_use]
    pub const fn past(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Finish => "done",
            Self::Decline => "declined",
            Self::Cancel => "cancelled",
            Self::Reopen => "opened again",
        }
    }
}

/// What a task belongs to, which decides who sees it and works on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A case.
    Case,
    /// A patient.
    Patient,
    /// Nobody: it is between colleagues.
    Nobody,
}

impl Subject {
    /// Whether people in this role work on such tasks, where they see them. The others read them.
    #[must_use]
    pub const fn is_work_of(self, role: Role) -> bool {
        match self {
            Self::Case => matches!(role, Role::Clerk | Role::Chair | Role::Caseworker),
            Self::Patient => role.may(Permission::GivePatientTasks),
            Self::Nobody => role.may(Permission::WorkOnTasks),
        }
    }

    /// The roles to which such a task can be given: whoever of them sees it does it.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Case => &[Role::Caseworker, Role::Clerk, Role::Chair],
            Self::Patient => &[Role::Patient, Role::Clinician, Role::MedicalAssistant, Role::Carer, Role::Manager],
            Self::Nobody => &[
                Role::Clinician,
                Role::MedicalAssistant,
                Role::Carer,
                Role::Clerk,
                Role::Chair,
                Role::Caseworker,
                Role::Manager,
                Role::Owner,
                Role::Compliance,
                Role::Admin,
            ],
        }
    }
}

/// Who moves a task: a person in a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mover {
    /// The person.
    pub user: UserId,
    /// The role in which they act.
    pub role: Role,
}

/// Why a move was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The task is in a state from which this move does not lead: somebody was faster, or the page is old.
    #[error("the task is {0:?}")]
    State(TaskStatus),
    /// This person may not, for the reason given in words.
    #[error("{0}")]
    Person(&'static str),
}

/// What decides about a move: where the task stands, who has it, and who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// Where it stands.
    pub status: TaskStatus,
    /// Who has it.
    pub assignee: Option<UserId>,
    /// Whoever acts in this role may do it.
    pub role: Option<Role>,
    /// Who made it.
    pub creator: Option<UserId>,
    /// What it belongs to.
    pub subject: Subject,
}

impl Task {
    /// Whether it is this person's to do: assigned to them, to their role, or to nobody at all.
    #[must_use]
    pub fn is_for(&self, mover: Mover) -> bool {
        self.assignee == Some(mover.user)
            || self.role == Some(mover.role)
            || (self.assignee.is_none() && self.role.is_none())
    }

    /// Whether this person may change what it says, and give it to somebody else.
    #[must_use]
    pub fn is_changed_by(&self, mover: Mover) -> bool {
        let made = self.creator == Some(mover.user);
        self.status.is_open()
            && self.subject.is_work_of(mover.role)
            && match self.subject {
                Subject::Case => true,
                Subject::Patient => made || self.is_for(mover) || mover.role == Role::Clinician || answers(mover.role),
                // Who has it could not see it any more, once it is somebody else's.
                Subject::Nobody => made || answers(mover.role),
            }
    }

    /// The states that a move leads through, the last of them for good.
    ///
    /// A task that is ready becomes done in one step for the person and in two for the history: it was begun, then done.
    ///
    /// # Errors
    /// Where the task does not stand where the move begins, or this person may not make it.
    pub fn through(&self, kind: Kind, mover: Mover) -> Result<&'static [TaskStatus], Refusal> {
        use TaskStatus as S;
        let (steps, allowed, otherwise): (&[S], bool, &str) = match (kind, self.status) {
            (Kind::Start, S::Ready) => (&[S::InProgress], self.is_for(mover), NOT_THEIRS),
            (Kind::Finish, S::Ready) => (&[S::InProgress, S::Done], self.is_for(mover), NOT_THEIRS),
            (Kind::Finish, S::InProgress) => (&[S::Done], self.is_for(mover), NOT_THEIRS),
            (Kind::Decline, S::Ready) => (&[S::Declined], self.is_for(mover), NOT_THEIRS),
            (Kind::Cancel, S::Ready | S::InProgress) => (
                &[S::Cancelled],
                answers(mover.role) || mover.role == Role::Clinician || self.creator == Some(mover.user),
                "The person who made the task cancels it, or who answers for the work.",
            ),
            (Kind::Reopen, S::Done) => (&[S::Ready], answers(mover.role), "A chair or a manager opens a task again."),
            (Kind::Start | Kind::Finish | Kind::Decline | Kind::Cancel | Kind::Reopen, status) => {
                return Err(Refusal::State(status));
            }
        };
        if allowed { Ok(steps) } else { Err(Refusal::Person(otherwise)) }
    }
}

/// Why somebody cannot do a task.
const NOT_THEIRS: &str = "The person who has the task does this, or somebody of its role.";

/// Whether a role answers for the work of others.
const fn answers(role: Role) -> bool {
    matches!(role, Role::Chair | Role::Manager)
}
