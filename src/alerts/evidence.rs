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

/// What `suggests` says of a visit.
const VISIT: &str = "visit";

/// The evidence of one alert, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// The name of the rule that fired.
    pub rule: Option<String>,
    /// Why, in a sentence or two.
    pub why: Option<String>,
    /// Readings, oldest first.
    pub series: Vec<Series>,
    /// What else matters: label and text.
    pub facts: Vec<(String, String)>,
    /// Whether it suggests a visit.
    pub suggests_visit: bool,
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

impl Evidence {
    /// Reads the payload of an alert.
    #[must_use]
    pub fn read(payload: &str) -> Self {
        if payload == "{}" {
            return Self::default();
        }
        // Nearly everything arrives in the expected shape. Reading that straight into place takes a fifth of the time.
        serde_json::from_str::<Expected<'_>>(payload).map_or_else(|_| Self::piece_by_piece(payload), Self::from)
    }

    /// Reads what has another shape, and leaves out only what cannot be read.
    fn piece_by_piece(payload: &str) -> Self {
        let raw: Raw = serde_json::from_str(payload).unwrap_or_default();
        Self {
            rule: text(&raw.rule),
            why: text(&raw.why),
            series: list(&raw.series).filter_map(series).take(SERIES).collect(),
            facts: list(&raw.facts).filter_map(|pair| Some((text(pair.get(0)?)?, text(pair.get(1)?)?))).collect(),
            suggests_visit: raw.suggests.as_str() == Some(VISIT),
        }
    }
}

/// The expected shape. Texts that need unescaping are none of it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Expected<'a> {
    rule: Option<&'a str>,
    why: Option<&'a str>,
    #[serde(borrow)]
    series: Vec<ExpectedSeries<'a>>,
    facts: Vec<(&'a str, &'a str)>,
    suggests: Option<&'a str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ExpectedSeries<'a> {
    name: Option<&'a str>,
    unit: Option<&'a str>,
    low: Option<f64>,
    high: Option<f64>,
    #[serde(borrow)]
    points: Vec<(&'a str, f64)>,
}

impl From<Expected<'_>> for Evidence {
    fn from(raw: Expected<'_>) -> Self {
        let series = |series: ExpectedSeries<'_>| {
            let points = series.points.into_iter().filter_map(|(at, amount)| reading(at, amount)).collect();
            Series::new(
                series.name.and_then(present),
                series.unit.and_then(present),
                series.low.zip(series.high),
                points,
            )
        };
        let fact = |(label, text)| Some((present(label)?, present(text)?));
        Self {
            rule: raw.rule.and_then(present),
            why: raw.why.and_then(present),
            series: raw.series.into_iter().filter_map(series).take(SERIES).collect(),
            facts: raw.facts.into_iter().filter_map(fact).collect(),
            suggests_visit: raw.suggests == Some(VISIT),
        }
    }
}

impl Series {
    /// The latest of `points`; none where there is none.
    fn new(
        name: Option<String>,
        unit: Option<String>,
        range: Option<(f64, f64)>,
        mut points: Vec<(Timestamp, f64)>,
    ) -> Option<Self> {
        points.drain(..points.len().saturating_sub(READINGS));
        let range = range.filter(|(low, high)| low <= high);
        let (name, unit) = (name.unwrap_or_default(), unit.unwrap_or_default());
        (!points.is_empty()).then_some(Self { name, unit, range, points })
    }
}

/// What arrives in any other shape: any key may be missing or hold something else.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    rule: Value,
    why: Value,
    series: Value,
    facts: Value,
    suggests: Value,
}

fn present(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().and_then(present)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn series(value: &Value) -> Option<Series> {
    let points = list(value.get("points")?).filter_map(point).collect();
    let bound = |name| value.get(name).and_then(Value::as_f64);
    let word = |name| value.get(name).and_then(text);
    Series::new(word("name"), word("unit"), bound("low").zip(bound("high")), points)
}

fn point(value: &Value) -> Option<(Timestamp, f64)> {
    reading(value.get(0)?.as_str()?, value.get(1)?.as_f64()?)
}

fn reading(at: &str, amount: f64) -> Option<(Timestamp, f64)> {
    let at = DateTime::parse_from_rfc3339(at).ok()?.to_utc();
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
        assert!(Evidence::read(r#"{"suggests": "visit"}"#).suggests_visit);
        assert!(Evidence::read(r#"{"suggests": "visit", "rule": 7}"#).suggests_visit);
        assert!(!Evidence::read(r#"{"suggests": "surgery"}"#).suggests_visit);
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
        fn the_short_way_reads_what_the_long_way_reads(
            words in ["[a-z ]{0,6}", "\\PC{0,6}", "[a-z ]{0,6}"],
            points in prop::collection::vec((0_i64..2_000_000_000, any::<f64>()), 0..20),
            low in any::<Option<i16>>(),
        ) {
            let points: Vec<_> = points.iter().map(|(at, amount)| (DateTime::from_timestamp(*at, 0), amount)).collect();
            let payload = serde_json::json!({ "rule": words[0], "why": words[1], "other": words[2], "facts": [[words[2], words[1]]],
                "series": [{ "name": words[0], "low": low, "high": 100, "points": points }] }).to_string();
            prop_assert_eq!(Evidence::read(&payload), Evidence::piece_by_piece(&payload));
        }

        #[test]
        fn no_payload_breaks_a_page(payload in "\\PC{0,200}") {
            prop_assert!(Evidence::read(&payload).series.len() <= SERIES);
        }
    }
}
