//! What a source says in support of its alert: readings, the rule that fired, and facts worth knowing beside it.
//!
//! It comes from other systems, so nothing about its shape is trusted: what cannot be read is left out, and a page
//! never fails because of it.

use chrono::DateTime;
use serde::Deserialize;
use serde_json::Value;

use crate::clock::Timestamp;

/// How many readings of a series are kept.
const READINGS: usize = 14;

/// How many series are drawn: systolic and diastolic, and no third.
const SERIES: usize = 2;

/// The evidence of one alert, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Raw")]
pub struct Evidence {
    /// The name of the rule that fired.
    pub rule: Option<String>,
    /// Why, in a sentence or two.
    pub why: Option<String>,
    /// Readings, oldest first.
    pub series: Vec<Series>,
    /// What else matters: label and text.
    pub facts: Vec<(String, String)>,
}

/// Readings of one thing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// "Systolic".
    pub name: String,
    /// "mmHg"; may be empty.
    pub unit: String,
    /// The reference range, where there is one.
    pub range: Option<(f64, f64)>,
    /// When and how much, oldest first.
    pub points: Vec<(Timestamp, f64)>,
}

/// What arrives: any key may be missing or hold something else.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    rule: Value,
    why: Value,
    series: Value,
    facts: Value,
}

impl Evidence {
    /// Reads the payload of an alert.
    #[must_use]
    pub fn read(payload: &str) -> Self {
        if payload == "{}" { Self::default() } else { serde_json::from_str(payload).unwrap_or_default() }
    }
}

impl From<Raw> for Evidence {
    fn from(raw: Raw) -> Self {
        Self {
            rule: text(&raw.rule),
            why: text(&raw.why),
            series: list(&raw.series).filter_map(series).take(SERIES).collect(),
            facts: list(&raw.facts).filter_map(|pair| Some((text(pair.get(0)?)?, text(pair.get(1)?)?))).collect(),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn series(value: &Value) -> Option<Series> {
    let mut points: Vec<_> = list(value.get("points")?).filter_map(point).collect();
    points.drain(..points.len().saturating_sub(READINGS));
    let bound = |name| value.get(name).and_then(Value::as_f64);
    let word = |name| value.get(name).and_then(text).unwrap_or_default();
    let range = bound("low").zip(bound("high")).filter(|(low, high)| low <= high);
    (!points.is_empty()).then(|| Series { name: word("name"), unit: word("unit"), range, points })
}

fn point(value: &Value) -> Option<(Timestamp, f64)> {
    let at = DateTime::parse_from_rfc3339(value.get(0)?.as_str()?).ok()?.to_utc();
    let amount = value.get(1)?.as_f64()?;
    amount.is_finite().then_some((at, amount))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn readings_come_with_their_range() {
        let evidence = Evidence::read(
            r#"{"rule": "BP critical", "series": [{"name": "Systolic", "unit": "mmHg", "low": 110, "high": 135,
                "points": [["2026-11-23T08:00:00Z", 174], ["2026-11-24T09:38:00+00:00", 184.5]]}],
                "facts": [["Next visit", "25-Nov-2026 10:00"]]}"#,
        );
        assert_eq!(evidence.rule.as_deref(), Some("BP critical"));
        assert_eq!(evidence.series[0].range, Some((110.0, 135.0)));
        assert_eq!(evidence.series[0].points.iter().map(|point| point.1).collect::<Vec<_>>(), [174.0, 184.5]);
        assert_eq!(evidence.facts, [("Next visit".to_owned(), "25-Nov-2026 10:00".to_owned())]);
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        for payload in ["", "{}", "[]", "null", r#"{"series": 5}"#, r#"{"series": [{"points": [["yesterday", 1]]}]}"#] {
            assert_eq!(Evidence::read(payload), Evidence::default(), "{payload}");
        }
        let partly = Evidence::read(r#"{"rule": 7, "why": " so ", "facts": [["only one"], "text", ["a", "b"]]}"#);
        assert_eq!((partly.rule, partly.why.as_deref(), partly.facts.len()), (None, Some("so"), 1));
    }

    #[test]
    fn only_the_latest_readings_are_kept() {
        let points: Vec<_> = (1..=20).map(|day| format!(r#"["2026-11-{day:02}T08:00:00Z", {day}]"#)).collect();
        let evidence = Evidence::read(&format!(r#"{{"series": [{{"points": [{}]}}]}}"#, points.join(",")));
        assert_eq!(evidence.series[0].points.len(), READINGS);
        assert_eq!(evidence.series[0].points.last().map(|point| point.1), Some(20.0));
    }

    proptest! {
        #[test]
        fn no_payload_breaks_a_page(payload in "\\PC{0,200}") {
            prop_assert!(Evidence::read(&payload).series.len() <= SERIES);
        }
    }
}
