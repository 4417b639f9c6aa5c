//! What an alert is, the states it passes through, and who may move it.
//!
//! A state carries what is known in it, and a transition consumes the alert: one that was refused is gone, and one
//! that was granted cannot be applied a second time. Nothing here knows of SQL or HTTP.

mod snooze;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::access::{Permission, Role};
use crate::clock::Timestamp;
use crate::ids::UserId;
use crate::named::named;

pub use snooze::{CRITICAL_LIMIT, Snooze};

named! {
    /// How soon somebody has to look. The first is the most urgent.
    Severity {
        /// Now.
        Critical = "CRITICAL", "Critical";
        /// Within the hour.
        High = "HIGH", "High";
        /// Today.
        Warning = "WARNING", "Warning";
        /// When there is time.
        Info = "INFO", "Info";
    }
}

named! {
    /// Where the work on an alert is.
    AlertStatus {
        /// Nobody has taken notice yet.
        Active = "ACTIVE", "New";
        /// Somebody has, and is on it.
        Acknowledged = "ACKNOWLEDGED", "Acknowledged";
        /// Put aside until a time.
        Snoozed = "SNOOZED", "Snoozed";
        /// Dealt with.
        Resolved = "RESOLVED", "Resolved";
        /// Needed nothing.
        Dismissed = "DISMISSED", "Dismissed";
    }
}

named! {
    /// What an alert is about.
    AlertType {
        /// Blood pressure too high, or rising.
        BpHighTrend = "BP_HIGH_TREND", "Blood pressure";
        /// Glucose too high, or rising.
        GlucoseHigh = "GLUCOSE_HIGH", "Glucose";
        /// Readings that should have come did not.
        MissedReading = "MISSED_READING", "Missed readings";
        /// A visit that nobody came to.
        AppointmentNoShow = "APPOINTMENT_NO_SHOW", "No-show";
        /// A message that waits too long.
        MessageUnanswered = "MESSAGE_UNANSWERED", "Unanswered message";
        /// A grave incident.
        IncidentHigh = "INCIDENT_HIGH", "Incident";
        /// A promised time that has passed.
        SlaBreach = "SLA_BREACH", "Overdue";
        /// A training that has run out.
        TrainingExpired = "TRAINING_EXPIRED", "Training";
    }
}

named! {
    /// Why an alert was closed.
    AlertReason {
        /// The patient was spoken to.
        ContactedPatient = "CONTACTED_PATIENT", "Contacted the patient";
        /// The treatment was changed.
        TreatmentChanged = "TREATMENT_CHANGED", "Treatment changed";
        /// A visit was booked.
        VisitBooked = "VISIT_BOOKED", "Visit booked";
        /// Known and no surprise.
        Expected = "EXPECTED", "Expected for this patient";
        /// The reading was wrong.
        DeviceError = "DEVICE_ERROR", "Device error";
        /// Another alert says the same.
        Duplicate = "DUPLICATE", "Duplicate";
        /// Not a clinical matter.
        NotClinical = "NOT_CLINICAL", "Not clinical";
        /// Something else, in words.
        Other = "OTHER", "Other";
    }
}

impl Severity {
    /// How long an acknowledgement holds before the alert returns to the queue by itself, so that nothing urgent is
    /// lost with the shift of the person who took it. None for what is not urgent.
    #[must_use]
    pub const fn acknowledgement_holds(self) -> Option<Duration> {
        match self {
            Self::Critical => Some(Duration::from_mins(15)),
            Self::High => Some(Duration::from_hours(1)),
            Self::Warning => Some(Duration::from_hours(4)),
            Self::Info => None,
        }
    }

    /// The class of the stylesheet: shape and colour.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Critical => "crit",
            Self::High => "high",
            Self::Warning => "warn",
            Self::Info => "info",
        }
    }
}

impl AlertStatus {
    /// Whether there is still something to do.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Active | Self::Acknowledged | Self::Snoozed => true,
            Self::Resolved | Self::Dismissed => false,
        }
    }
}

impl AlertReason {
    /// Reasons to resolve: something was done.
    pub const TO_RESOLVE: [Self; 5] =
        [Self::ContactedPatient, Self::TreatmentChanged, Self::VisitBooked, Self::Expected, Self::Other];

    /// Reasons to dismiss: nothing was needed.
    pub const TO_DISMISS: [Self; 5] =
        [Self::DeviceError, Self::Duplicate, Self::Expected, Self::NotClinical, Self::Other];
}

/// Why an alert was closed, as its closer put it. `OTHER` asks for words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// From the list.
    pub code: AlertReason,
    /// In words, where there is more to say.
    pub text: Option<String>,
}

/// Who closed an alert, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Reason,
}

/// The state of an alert, with what is known in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has taken notice.
    Active,
    /// Somebody is on it.
    Acknowledged {
        /// Who.
        by: UserId,
        /// Since when.
        at: Timestamp,
    },
    /// Put aside.
    Snoozed {
        /// By whom.
        by: UserId,
        /// Until when.
        until: Timestamp,
    },
    /// Dealt with.
    Resolved(Closure),
    /// Needed nothing.
    Dismissed(Closure),
}

impl State {
    /// The name of the state without its data.
    #[must_use]
    pub const fn status(&self) -> AlertStatus {
        match self {
            Self::Active => AlertStatus::Active,
            Self::Acknowledged { .. } => AlertStatus::Acknowledged,
            Self::Snoozed { .. } => AlertStatus::Snoozed,
            Self::Resolved(_) => AlertStatus::Resolved,
            Self::Dismissed(_) => AlertStatus::Dismissed,
        }
    }
}

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
