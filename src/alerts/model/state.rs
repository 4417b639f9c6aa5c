//! Where an alert stands, with what is known there.

use super::names::{AlertReason, AlertStatus};
use crate::clock::Timestamp;
use crate::ids::UserId;

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
