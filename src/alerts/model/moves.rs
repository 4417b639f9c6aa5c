//! Who may move an alert from which state to which.

use super::names::{AlertStatus, Severity};
use super::snooze::CRITICAL_LIMIT;
use super::state::{Closure, Reason, State};
use crate::access::{Permission, Role};
use crate::clock::Timestamp;
use crate::ids::UserId;

/// Who moves an alert: a person in a role.
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
    /// The alert is in a state from which this move does not lead: somebody was faster, or the page is old.
    #[error("the alert is {0:?}")]
    State(AlertStatus),
    /// This person may not, for the reason given in words.
    #[error("{0}")]
    Person(&'static str),
    /// The move itself is not allowed for this alert, for the reason given in words.
    #[error("{0}")]
    Rule(&'static str),
}

/// What decides about a move: how grave the alert is, who has it, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// How grave.
    pub severity: Severity,
    /// Who has it.
    pub assignee: Option<UserId>,
    /// Where it stands.
    pub state: State,
}

impl Alert {
    /// ACTIVE → ACKNOWLEDGED: clinicians, medical assistants and managers; a carer only what is assigned to them.
    ///
    /// # Errors
    /// For anybody else, and from any other state.
    pub fn acknowledge(self, mover: Mover, at: Timestamp) -> Result<Self, Refusal> {
        let allowed = mover.role.may(Permission::AcknowledgeAlerts)
            && (mover.role != Role::Carer || self.assignee == Some(mover.user));
        demand(allowed, "You can acknowledge only alerts that are assigned to you.")?;
        match self.state {
            State::Active => Ok(Self { state: State::Acknowledged { by: mover.user, at }, ..self }),
            State::Acknowledged { .. } | State::Snoozed { .. } | State::Resolved(_) | State::Dismissed(_) => {
                self.wrong()
            }
        }
    }

    /// Gives an open alert to somebody, or to nobody; the state stays.
    ///
    /// # Errors
    /// For roles that do not handle alerts, and for closed alerts.
    pub fn assign(self, mover: Mover, to: Option<UserId>) -> Result<Self, Refusal> {
        demand(mover.role.may(Permission::HandleAlerts), "Your role does not assign alerts.")?;
        if self.state.status().is_open() { Ok(Self { assignee: to, ..self }) } else { self.wrong() }
    }

    /// ACTIVE or ACKNOWLEDGED → SNOOZED, for at most an hour where the alert is critical.
    ///
    /// # Errors
    /// For roles that do not handle alerts, from any other state, and past the limit.
    pub fn snooze(self, mover: Mover, now: Timestamp, until: Timestamp) -> Result<Self, Refusal> {
        demand(mover.role.may(Permission::HandleAlerts), "Your role does not snooze alerts.")?;
        match self.state {
            State::Active | State::Acknowledged { .. } => {}
            State::Snoozed { .. } | State::Resolved(_) | State::Dismissed(_) => return self.wrong(),
        }
        if until <= now {
            return Err(Refusal::Rule("Choose a time that is still to come."));
        }
        if self.severity == Severity::Critical && until > now + CRITICAL_LIMIT {
            return Err(Refusal::Rule("A critical alert can be snoozed for one hour at most."));
        }
        Ok(Self { state: State::Snoozed { by: mover.user, until }, ..self })
    }

    /// ACKNOWLEDGED or SNOOZED → ACTIVE, by who holds it: the assignee, or who acknowledged or snoozed it.
    ///
    /// # Errors
    /// For anybody else, and from any other state.
    pub fn hand_back(self, mover: Mover) -> Result<Self, Refusal> {
        let holder = match self.state {
            State::Acknowledged { by, .. } | State::Snoozed { by, .. } => by,
            State::Active | State::Resolved(_) | State::Dismissed(_) => return self.wrong(),
        };
        let holds = holder == mover.user || self.assignee == Some(mover.user);
        demand(
            holds && mover.role.may(Permission::AcknowledgeAlerts),
            "Only the person who has this alert can return it to the queue.",
        )?;
        Ok(Self { state: State::Active, ..self })
    }

    /// SNOOZED → ACTIVE once its time has come.
    ///
    /// # Errors
    /// Before that, and from any other state.
    pub fn wake(self, now: Timestamp) -> Result<Self, Refusal> {
        match self.state {
            State::Snoozed { until, .. } if until <= now => Ok(Self { state: State::Active, ..self }),
            State::Snoozed { .. } => Err(Refusal::Rule("The snooze has not ended yet.")),
            State::Active | State::Acknowledged { .. } | State::Resolved(_) | State::Dismissed(_) => self.wrong(),
        }
    }

    /// ACKNOWLEDGED → ACTIVE once the acknowledgement has held for as long as it may.
    ///
    /// # Errors
    /// Before that, and from any other state.
    pub fn time_out(self, now: Timestamp) -> Result<Self, Refusal> {
        match self.state {
            State::Acknowledged { at, .. } => match self.severity.acknowledgement_holds() {
                Some(limit) if at + limit <= now => Ok(Self { state: State::Active, ..self }),
                Some(_) | None => Err(Refusal::Rule("The acknowledgement still holds.")),
            },
            State::Active | State::Snoozed { .. } | State::Resolved(_) | State::Dismissed(_) => self.wrong(),
        }
    }

    /// Any open state → RESOLVED, with a reason: clinicians; medical assistants where it is not grave.
    ///
    /// # Errors
    /// For anybody else, and for closed alerts.
    pub fn resolve(self, mover: Mover, at: Timestamp, reason: Reason) -> Result<Self, Refusal> {
        let grave = matches!(self.severity, Severity::Critical | Severity::High);
        demand(mover.role.may(Permission::ResolveAlerts), "Your role does not resolve alerts.")?;
        demand(
            mover.role == Role::Clinician || !grave,
            "A clinician has to resolve alerts that are high or critical.",
        )?;
        self.close(|by, reason| State::Resolved(Closure { by, at, reason }), mover, reason)
    }

    /// Any open state → DISMISSED, with a reason: clinicians.
    ///
    /// # Errors
    /// For anybody else, and for closed alerts.
    pub fn dismiss(self, mover: Mover, at: Timestamp, reason: Reason) -> Result<Self, Refusal> {
        demand(mover.role.may(Permission::DismissAlerts), "Only clinicians dismiss alerts.")?;
        self.close(|by, reason| State::Dismissed(Closure { by, at, reason }), mover, reason)
    }

    /// RESOLVED or DISMISSED → ACTIVE: clinicians. The reason is kept in the history.
    ///
    /// # Errors
    /// For anybody else, and for open alerts.
    pub fn reopen(self, mover: Mover) -> Result<Self, Refusal> {
        demand(mover.role.may(Permission::ReopenAlerts), "Only clinicians reopen alerts.")?;
        match self.state {
            State::Resolved(_) | State::Dismissed(_) => Ok(Self { state: State::Active, ..self }),
            State::Active | State::Acknowledged { .. } | State::Snoozed { .. } => self.wrong(),
        }
    }

    fn close(self, state: impl FnOnce(UserId, Reason) -> State, mover: Mover, reason: Reason) -> Result<Self, Refusal> {
        match self.state {
            State::Active | State::Acknowledged { .. } | State::Snoozed { .. } => {
                Ok(Self { state: state(mover.user, reason), ..self })
            }
            State::Resolved(_) | State::Dismissed(_) => self.wrong(),
        }
    }

    const fn wrong(&self) -> Result<Self, Refusal> {
        Err(Refusal::State(self.state.status()))
    }
}

const fn demand(allowed: bool, otherwise: &'static str) -> Result<(), Refusal> {
    if allowed { Ok(()) } else { Err(Refusal::Person(otherwise)) }
}
