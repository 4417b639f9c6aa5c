//! Time, asked for in one place, so that tests can hold it still and no deadline is computed from two clocks.
//!
//! Deadlines that matter (session expiry, snoozes, holds, job leases) are decided by the database's `now()`; this
//! clock only says what "now" means for what is shown.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// A moment in UTC. Shown in a facility's zone by the filters, never stored in any other way.
pub type Timestamp = DateTime<Utc>;

/// Where the present moment comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A moment that does not pass, for tests and for deterministic demo data.
    Fixed(Arc<Timestamp>),
}

impl Clock {
    /// A clock that always says `at`.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(at))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that may ask the machine for the time")]
            Self::System => Utc::now(),
            Self::Fixed(at) => **at,
        }
    }
}
