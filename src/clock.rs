//! Time, asked for in one place, so that tests can hold it still and no deadline is computed from two clocks.
//!
//! Deadlines that matter (session expiry, snoozes, holds, job leases) are decided by the database's `now()`; this
//! clock only says what "now" means for what is shown.

use std::sync::Arc;

use chrono::{DateTime, Datelike as _, Utc};

/// A moment in UTC. Shown in a facility's zone by the filters, never stored in any other way.
pub type Timestamp = DateTime<Utc>;

/// A moment as an address carries it, in microseconds since 1970. None for one that no record of ours can have: far years would be an error of
/// the database, or past the end of time as this program counts it. The end of the year 9999 stands for "never" where lists are sorted by when
/// something is due.
#[must_use]
pub fn moment(micros: i64) -> Option<Timestamp> {
    Timestamp::from_timestamp_micros(micros).filter(|at| (1900..10_000).contains(&at.year()))
}

/// Whether a moment is of this millennium or of the years just before it.
#[must_use]
pub fn is_near(at: Timestamp) -> bool {
    (1900..3000).contains(&at.year())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_years_are_no_moments() {
        assert_eq!(moment(0), Some(Timestamp::UNIX_EPOCH));
        assert!(moment(1_763_700_000_123_456).is_some());
        assert!(moment(253_402_214_400_000_000).is_some(), "9999-12-31, which is never");
        for micros in [i64::MIN, -1_000_000_000_000_000_000, 8_000_000_000_000_000_000, i64::MAX] {
            assert_eq!(moment(micros), None, "{micros}");
        }
        assert!(!is_near(Timestamp::MAX_UTC) && !is_near(Timestamp::MIN_UTC));
    }
}
