//! What a file brings, and what it does not, in numbers: of both the preview and the report.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Found, Raw};
use crate::clock::Timestamp;
use crate::ids::PatientId;
use crate::readings::metric::Metric;
use crate::readings::model::NewReading;

/// Examples of each reason.
const EXAMPLES: usize = 3;

/// Reasons that are told apart. There are some thirty; more would come from a file that wants to fill the table.
const REASONS: usize = 100;

/// The longest example.
const EXAMPLE_CHARS: usize = 80;

/// What is left where somebody did not say that it is right.
pub(super) const UNLIKELY: &str = "Unlikely, and nobody said that it is right";

/// Readings of one metric.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq)]
pub struct Taken {
    /// How many.
    pub readings: u64,
    /// How many of them are unlikely.
    #[serde(default)]
    pub unlikely: u64,
    /// How many were there already.
    #[serde(default)]
    pub known: u64,
    /// The earliest.
    pub first: Timestamp,
    /// The latest.
    pub last: Timestamp,
}

/// What is left for one reason.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
pub struct Left {
    /// How much.
    pub count: u64,
    /// Where, of the first.
    pub examples: Vec<String>,
}

/// What a file brings.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
pub struct Report {
    /// By metric.
    pub metrics: BTreeMap<Metric, Taken>,
    /// By reason.
    pub left: BTreeMap<String, Left>,
    /// Whether the file says that its person was born on another day than the patient.
    pub born_otherwise: bool,
}

impl Left {
    /// Whether there is more than the examples.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.count > self.examples.len() as u64
    }
}

impl Report {
    /// Adds to what is left.
    pub fn leave(&mut self, why: impl Into<Cow<'static, str>>, place: &str, count: u64) {
        let why = why.into();
        let known = self.left.contains_key(why.as_ref()) || self.left.len() < REASONS;
        let why = if known { why } else { "Anything else".into() };
        let left = self.left.entry(why.into_owned()).or_default();
        left.count += count;
        let place: String = place.chars().take(EXAMPLE_CHARS).collect();
        if left.examples.len() < EXAMPLES && !left.examples.contains(&place) {
            left.examples.push(place);
        }
    }

    /// Counts a reading.
    pub fn count(&mut self, metric: Metric, at: Timestamp, unlikely: bool, known: bool) {
        let taken =
            self.metrics.entry(metric).or_insert(Taken { readings: 0, unlikely: 0, known: 0, first: at, last: at });
        taken.readings += u64::from(!known);
        taken.unlikely += u64::from(unlikely);
        taken.known += u64::from(known);
        (taken.first, taken.last) = (taken.first.min(at), taken.last.max(at));
    }

    /// Readings of all metrics.
    #[must_use]
    pub fn readings(&self) -> u64 {
        self.metrics.values().map(|taken| taken.readings).sum()
    }

    /// Those that are unlikely.
    #[must_use]
    pub fn unlikely(&self) -> u64 {
        self.metrics.values().map(|taken| taken.unlikely).sum()
    }

    /// Those that were there already.
    #[must_use]
    pub fn known(&self) -> u64 {
        self.metrics.values().map(|taken| taken.known).sum()
    }

    /// All that is left.
    #[must_use]
    pub fn left_count(&self) -> u64 {
        self.left.values().map(|left| left.count).sum()
    }
}

/// A possible reading of `patient`, whether it is unlikely, and where it stands. What is left goes into the report.
pub(super) fn judge(
    found: Found,
    patient: PatientId,
    now: Timestamp,
    report: &mut Report,
) -> Option<(NewReading, bool, String)> {
    let raw = match found {
        Found::Reading(raw) => raw,
        Found::Left(why, place, count) => {
            report.leave(why, &place, count);
            return None;
        }
        Found::Born(_) => return None,
    };
    let Raw { metric, value, at, source, vendor, given, place } = raw;
    match NewReading::new(patient, metric, value, at, now) {
        Ok(reading) => {
            let given = given.map(|(value, unit)| json!({ "given": { "value": value, "unit": unit } }));
            let reading = reading.from(source).by_device(vendor, None).saying(given);
            let unlikely = !reading.doubts().is_empty();
            Some((reading, unlikely, place))
        }
        Err(refusal) => {
            report.leave(refusal.message, &place, 1);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_report_stays_small_whatever_a_file_holds(reasons in prop::collection::vec("\\PC{0,200}", 0..400)) {
            let mut report = Report::default();
            for reason in &reasons {
                report.leave(reason.clone(), reason, 1);
            }
            prop_assert!(report.left.len() <= REASONS + 1);
            prop_assert_eq!(report.left_count(), reasons.len() as u64);
            prop_assert!(report.left.values().all(|left| left.examples.len() <= EXAMPLES));
            let kept = serde_json::to_value(&report).expect("JSON");
            prop_assert_eq!(serde_json::from_value::<Report>(kept).expect("a report"), report);
        }
    }
}
