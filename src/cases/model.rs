//! What a case is, the states it passes through, and who may move it.
//!
//! A state carries what is known in it, and a move consumes the case: one that was refused is gone, and one that was
//! granted cannot be made a second time. Nothing here knows of SQL or HTTP. `kit.case_guard()` in the schema decides a
//! second time.

mod names;
#[cfg(test)]
mod tests;

use crate::access::Role;
use crate::clock::Timestamp;
use crate::ids::UserId;

pub use names::{CaseStatus, Kind, Priority};

/// The state of a case, with what is known in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// With the clerk.
    New,
    /// With the chair.
    PendingReview,
    /// With a caseworker who has not begun.
    Assigned {
        /// Who.
        to: UserId,
    },
    /// With a caseworker.
    InProgress {
        /// Who.
        by: UserId,
    },
    /// To be looked at by the chair.
    PendingCompletion {
        /// Whose work it is.
        by: UserId,
        /// Who asked for completion; somebody else where it changed hands.
        asked: Option<UserId>,
    },
    /// Done.
    Completed {
        /// Whose work it was.
        by: UserId,
        /// When it was completed.
        at: Timestamp,
    },
}

impl State {
    /// The name of the state without its data.
    #[must_use]
    pub const fn status(self) -> CaseStatus {
        match self {
            Self::New => CaseStatus::New,
            Self::PendingReview => CaseStatus::PendingReview,
            Self::Assigned { .. } => CaseStatus::Assigned,
            Self::InProgress { .. } => CaseStatus::InProgress,
            Self::PendingCompletion { .. } => CaseStatus::PendingCompletion,
            Self::Completed { .. } => CaseStatus::Completed,
        }
    }

    /// The caseworker, where there is one.
    #[must_use]
    pub const fn caseworker(self) -> Option<UserId> {
        match self {
            Self::New | Self::PendingReview => None,
            Self::Assigned { to } => Some(to),
            Self::InProgress { by } | Self::PendingCompletion { by, .. } | Self::Completed { by, .. } => Some(by),
        }
    }
}

/// Who moves a case: a person in a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mover {
    /// The person.
    pub user: UserId,
    /// The role in which they act.
    pub role: Role,
}

/// A move with what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Hand it to the chair.
    Submit,
    /// Give it to a caseworker.
    Assign(UserId),
    /// Give it back to the clerk, for a reason.
    SendBack(String),
    /// Begin.
    Start,
    /// Give it back to review, for a reason.
    Decline(String),
    /// Give it to another caseworker, for a reason.
    Reassign(UserId, String),
    /// Ask for completion.
    Finish,
    /// Agree, and say what came of it.
    Complete(Option<String>),
    /// Give it back to the caseworker, for a reason.
    Return(String),
    /// Open it again, for a reason.
    Reopen(String),
}

impl Move {
    /// Without its data.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Submit => Kind::Submit,
            Self::Assign(_) => Kind::Assign,
            Self::SendBack(_) => Kind::SendBack,
            Self::Start => Kind::Start,
            Self::Decline(_) => Kind::Decline,
            Self::Reassign(..) => Kind::Reassign,
            Self::Finish => Kind::Finish,
            Self::Complete(_) => Kind::Complete,
            Self::Return(_) => Kind::Return,
            Self::Reopen(_) => Kind::Reopen,
        }
    }

    /// Why, where it asks for a reason.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::SendBack(why)
            | Self::Decline(why)
            | Self::Reassign(_, why)
            | Self::Return(why)
            | Self::Reopen(why) => Some(why),
            Self::Submit | Self::Assign(_) | Self::Start | Self::Finish | Self::Complete(_) => None,
        }
    }
}

/// Why a move was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The case is in a state from which this move does not lead: somebody was faster, or the page is old.
    #[error("only from {0}")]
    State(&'static str),
    /// This person may not, for the reason given in words.
    #[error("{0}")]
    Person(&'static str),
    /// The move is not possible yet, for the reason given in words.
    #[error("{0}")]
    Rule(&'static str),
}

/// What decides about a move: whose case it is, where it stands, and what is still to be done in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Who opened it.
    pub creator: UserId,
    /// Where it stands.
    pub state: State,
    /// Tasks that are neither done nor cancelled.
    pub open_tasks: i64,
}

impl Case {
    /// Makes a move.
    ///
    /// # Errors
    /// Where this person may not make it, and where it does not lead from here.
    pub fn apply(self, what: &Move, mover: Mover, now: Timestamp) -> Result<Self, Refusal> {
        self.ask(what.kind(), mover)?;
        let caseworker = self.state.caseworker().unwrap_or(UserId::NIL);
        let state = match what {
            Move::Submit | Move::Decline(_) => State::PendingReview,
            Move::Assign(to) => State::Assigned { to: *to },
            Move::SendBack(_) => State::New,
            Move::Start | Move::Return(_) | Move::Reopen(_) => State::InProgress { by: caseworker },
            Move::Reassign(to, _) if *to == caseworker => {
                return Err(Refusal::Rule("This person has the case already. Choose somebody else."));
            }
            Move::Reassign(to, _) => match self.state {
                State::InProgress { .. } => State::InProgress { by: *to },
                _ => State::Assigned { to: *to },
            },
            Move::Finish => State::PendingCompletion { by: caseworker, asked: Some(mover.user) },
            Move::Complete(_) => State::Completed { by: caseworker, at: now },
        };
        Ok(Self { state, ..self })
    }

    /// Whether this person may make a move of this kind now; the page asks the same, so that a button and its refusal
    /// cannot disagree.
    ///
    /// # Errors
    /// With the reason why not.
    pub fn ask(&self, kind: Kind, mover: Mover) -> Result<(), Refusal> {
        let status = self.state.status();
        let chair = mover.role == Role::Chair;
        let worker = mover.role == Role::Caseworker;
        let theirs = worker && self.state.caseworker() == Some(mover.user);
        match kind {
            Kind::Submit => {
                let opener = matches!(mover.role, Role::Clerk | Role::Chair) && self.creator == mover.user;
                person(opener, "Whoever opened the case submits it.")?;
                from(status == CaseStatus::New, "New")
            }
            Kind::Assign => {
                person(chair, "Only a chair assigns cases.")?;
                from(status == CaseStatus::PendingReview, "Pending review")
            }
            Kind::SendBack => {
                person(chair, "Only a chair sends a case back to the clerk.")?;
                from(status == CaseStatus::PendingReview, "Pending review")
            }
            Kind::Start => {
                person(worker, "The caseworker starts the work.")?;
                from(status == CaseStatus::Assigned, "Assigned")?;
                person(theirs, "The caseworker it is assigned to starts the work.")
            }
            Kind::Decline => {
                person(worker || chair, "The caseworker declines, or the chair takes the case back.")?;
                from(status == CaseStatus::Assigned, "Assigned")?;
                person(theirs || chair, "The caseworker it is assigned to declines.")
            }
            Kind::Reassign => {
                person(chair, "Only a chair gives a case to another caseworker.")?;
                from(matches!(status, CaseStatus::Assigned | CaseStatus::InProgress), "Assigned or In progress")
            }
            Kind::Finish => {
                person(worker, "The caseworker asks for completion.")?;
                from(status == CaseStatus::InProgress, "In progress")?;
                person(theirs, "The caseworker it is assigned to asks for completion.")?;
                if self.open_tasks > 0 {
                    return Err(Refusal::Rule("Tasks are still open: do or cancel them first."));
                }
                Ok(())
            }
            Kind::Complete => {
                person(chair, "Only a chair completes a case.")?;
                from(status == CaseStatus::PendingCompletion, "Pending completion")?;
                let own = self.state.caseworker() == Some(mover.user)
                    || matches!(self.state, State::PendingCompletion { asked: Some(who), .. } if who == mover.user);
                person(!own, "It is your own work: another chair has to complete it.")
            }
            Kind::Return => {
                person(chair, "Only a chair returns work to the caseworker.")?;
                from(status == CaseStatus::PendingCompletion, "Pending completion")
            }
            Kind::Reopen => {
                person(chair, "Only a chair reopens a case.")?;
                from(status == CaseStatus::Completed, "Completed")
            }
        }
    }

    /// Whether this person may change what the case says: who opened it until it is submitted, the chair until it is
    /// completed.
    ///
    /// # Errors
    /// With the reason why not.
    pub fn ask_to_edit(&self, mover: Mover) -> Result<(), Refusal> {
        let status = self.state.status();
        let opener = mover.role == Role::Clerk && self.creator == mover.user;
        person(opener || mover.role == Role::Chair, "The clerk who opened the case, or a chair, changes it.")?;
        from(status.is_open(), "an open case: this one is completed")?;
        if mover.role != Role::Chair {
            from(status == CaseStatus::New, "New: a chair changes it now")?;
        }
        Ok(())
    }
}

const fn person(allowed: bool, otherwise: &'static str) -> Result<(), Refusal> {
    if allowed { Ok(()) } else { Err(Refusal::Person(otherwise)) }
}

const fn from(here: bool, states: &'static str) -> Result<(), Refusal> {
    if here { Ok(()) } else { Err(Refusal::State(states)) }
}
