//! For how long an alert can be put aside.

use chrono::{Days, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::Severity;
use crate::clock::Timestamp;
use crate::named::UnknownName;

/// A critical alert comes back after an hour, whatever else was asked for.
pub const CRITICAL_LIMIT: TimeDelta = TimeDelta::hours(1);

/// What can be chosen. Lengths rather than moments: an old page must not snooze into the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snooze {
    /// A quarter of an hour.
    Minutes15,
    /// An hour.
    Hour1,
    /// Half a shift.
    Hours4,
    /// Until eight o'clock next morning, in the zone of the facility.
    Tomorrow,
}

impl Snooze {
    /// All choices, shortest first.
    pub const ALL: [Self; 4] = [Self::Minutes15, Self::Hour1, Self::Hours4, Self::Tomorrow];

    /// The value in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minutes15 => "15m",
            Self::Hour1 => "1h",
            Self::Hours4 => "4h",
            Self::Tomorrow => "tomorrow",
        }
    }

    /// The words on the button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Minutes15 => "15 minutes",
            Self::Hour1 => "1 hour",
            Self::Hours4 => "4 hours",
            Self::Tomorrow => "Tomorrow 08:00",
        }
    }

    /// The moment at which the alert returns.
    #[must_use]
    pub fn until(self, now: Timestamp, zone: Tz) -> Timestamp {
        match self {
            Self::Minutes15 => now + TimeDelta::minutes(15),
            Self::Hour1 => now + TimeDelta::hours(1),
            Self::Hours4 => now + TimeDelta::hours(4),
            Self::Tomorrow => tomorrow_at_eight(now, zone),
        }
    }

    /// What can be chosen for an alert of this severity.
    pub fn offered(severity: Severity) -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(move |choice| severity != Severity::Critical || matches!(choice, Self::Minutes15 | Self::Hour1))
    }
}

impl std::str::FromStr for Snooze {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == text).ok_or(UnknownName::new("Snooze"))
    }
}

fn tomorrow_at_eight(now: Timestamp, zone: Tz) -> Timestamp {
    let today = now.with_timezone(&zone).date_naive();
    let eight = NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default();
    let local = today.checked_add_days(Days::new(1)).unwrap_or(today).and_time(eight);
    // Eight o'clock exists on every day of every zone we know of; a day and a bit is the honest fallback.
    zone.from_local_datetime(&local).earliest().map_or(now + TimeDelta::hours(24), |at| at.to_utc())
}
