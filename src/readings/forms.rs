//! What is typed into a form of readings, and what becomes of it.

use chrono::{NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use serde_json::json;

use super::metric::Metric;
use super::model::{NewReading, Refusal};
use crate::clock::Timestamp;
use crate::ids::PatientId;
use crate::patients::fields::Typed;
use crate::web::form::FormErrors;
use crate::web::ui::Choice;

/// What staff type, in the order in which it is measured.
pub const BY_STAFF: &[Metric] = &[
    Metric::BloodPressure,
    Metric::HeartRate,
    Metric::Respiration,
    Metric::Spo2,
    Metric::Temperature,
    Metric::Weight,
    Metric::Glucose,
    Metric::A1c,
];

/// What patients type.
pub const BY_PATIENT: &[Metric] = &[
    Metric::BloodPressure,
    Metric::HeartRate,
    Metric::Weight,
    Metric::Glucose,
    Metric::Temperature,
    Metric::Spo2,
    Metric::Sleep,
    Metric::Steps,
    Metric::Mood,
];

/// One input.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name.
    pub name: &'static str,
    /// What is read.
    pub label: String,
    /// What it holds.
    pub value: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// One metric in a form.
#[derive(Clone, Debug)]
pub struct Line {
    /// The first value.
    pub first: Input,
    /// The second.
    pub second: Option<Input>,
    /// The name of the choice of units.
    pub unit_name: &'static str,
    /// The only unit; empty where there is a choice.
    pub unit: &'static str,
    /// The units to choose from.
    pub units: Vec<Choice>,
}

/// A form, filled.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What can be measured.
    pub lines: Vec<Line>,
    /// The day.
    pub on: String,
    /// The time of day.
    pub at: String,
    /// What is wrong.
    pub errors: FormErrors,
    /// What is unlikely, and has to be said twice.
    pub doubts: Vec<String>,
}

impl Entry {
    /// The form with what was typed.
    #[must_use]
    pub fn fill(metrics: &[Metric], typed: &Typed, errors: FormErrors, doubts: Vec<String>) -> Self {
        let input = |name: &'static str, label: &str| Input {
            name,
            label: label.to_owned(),
            value: typed.get(name).to_owned(),
            error: errors.get(name).map(str::to_owned),
        };
        let lines = metrics
            .iter()
            .map(|metric| {
                let units = metric.units();
                let chosen = typed.get(unit_name(*metric));
                Line {
                    first: input(name(*metric), metric.first_label()),
                    second: metric.second_label().map(|label| input(SECOND, label)),
                    unit_name: unit_name(*metric),
                    unit: if units.len() > 1 { "" } else { metric.unit() },
                    units: units.iter().map(|unit| Choice::new(unit.name, unit.name, unit.name == chosen)).collect(),
                }
            })
            .collect();
        Self { lines, on: typed.get("on").to_owned(), at: typed.get("at").to_owned(), errors, doubts }
    }

    /// What stands in the tick box: the doubts themselves, so that a tick holds for these values and no others.
    #[must_use]
    pub fn token(&self) -> String {
        token(&self.doubts)
    }
}

fn token(doubts: &[String]) -> String {
    doubts.join("; ")
}

/// The name of the second value: only blood pressure has one.
const SECOND: &str = "diastolic";

const fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::BloodPressure => "systolic",
        Metric::Glucose => "glucose",
        Metric::Weight => "weight",
        Metric::Bmi => "bmi",
        Metric::HeartRate => "heart_rate",
        Metric::Spo2 => "spo2",
        Metric::Respiration => "respiration",
        Metric::Temperature => "temperature",
        Metric::HrvRmssd => "hrv_rmssd",
        Metric::HrvSdnn => "hrv_sdnn",
        Metric::A1c => "a1c",
        Metric::Sleep => "sleep",
        Metric::Steps => "steps",
        Metric::Mood => "mood",
    }
}

const fn unit_name(metric: Metric) -> &'static str {
    match metric {
        Metric::BloodPressure => "pressure_unit",
        Metric::Glucose => "glucose_unit",
        Metric::Weight => "weight_unit",
        Metric::Temperature => "temperature_unit",
        Metric::A1c => "a1c_unit",
        Metric::Sleep => "sleep_unit",
        Metric::HrvRmssd | Metric::HrvSdnn => "hrv_unit",
        Metric::Bmi | Metric::HeartRate | Metric::Spo2 | Metric::Respiration | Metric::Steps | Metric::Mood => "unit",
    }
}

/// The field of the form that a refusal is about.
#[must_use]
pub fn field(metric: Metric, refusal: &Refusal) -> &'static str {
    match refusal.field {
        "second" => SECOND,
        "at" => "on",
        _ => name(metric),
    }
}

/// Why what was typed is not kept.
#[derive(Clone, Debug)]
pub enum Unready {
    /// Something is wrong.
    Wrong(FormErrors),
    /// Something is unlikely, and nobody has said that it is right.
    Doubtful(Vec<String>),
}

/// Reads a form. Fields left empty were not measured.
///
/// # Errors
/// What is wrong, or what is unlikely and not confirmed.
pub fn parse(
    typed: &Typed,
    metrics: &[Metric],
    patient: PatientId,
    zone: Tz,
    now: Timestamp,
) -> Result<Vec<NewReading>, Unready> {
    let mut errors = FormErrors::default();
    let at = moment(typed, zone, now).unwrap_or_else(|message| {
        errors.add("on", message);
        now
    });
    let mut readings = Vec::new();
    for metric in metrics {
        match one(typed, *metric, patient, at, now) {
            Ok(reading) => readings.extend(reading),
            Err(refusal) => errors.add(field(*metric, &refusal), refusal.message),
        }
    }
    if errors.is_empty() && readings.is_empty() {
        errors.add(metrics.first().map_or("on", |metric| name(*metric)), "Enter at least one reading");
    }
    if !errors.is_empty() {
        return Err(Unready::Wrong(errors));
    }
    let doubts: Vec<String> = readings.iter().flat_map(NewReading::doubts).collect();
    if !doubts.is_empty() && typed.get("sure") != token(&doubts) {
        return Err(Unready::Doubtful(doubts));
    }
    Ok(readings)
}

fn one(
    typed: &Typed,
    metric: Metric,
    patient: PatientId,
    at: Timestamp,
    now: Timestamp,
) -> Result<Option<NewReading>, Refusal> {
    let (first, second) = (typed.get(name(metric)).trim(), typed.get(SECOND).trim());
    let second = Some(second).filter(|second| metric.second_label().is_some() && !second.is_empty());
    if first.is_empty() && second.is_none() {
        return Ok(None);
    }
    let unit_text = typed.get(unit_name(metric));
    let unit = metric
        .unit_called(unit_text)
        .ok_or_else(|| Refusal::new("value", format!("{} is not given in {unit_text}", metric.label())))?;
    let value =
        number(first).map_err(|message| Refusal::new("value", format!("{}: {message}", metric.first_label())))?;
    let second = match (second, metric.second_label()) {
        (Some(text), Some(label)) => {
            Some(number(text).map_err(|message| Refusal::new("second", format!("{label}: {message}")))?)
        }
        _ => None,
    };
    let converted = (unit.convert(value), second.map(|second| unit.convert(second)));
    let reading = NewReading::new(patient, metric, converted, at, now)?;
    let given = (unit.name != metric.unit()).then(|| json!({ "given": { "value": value, "unit": unit.name } }));
    Ok(Some(reading.saying(given)))
}

/// A number as people write it: digits and one point. No exponents, no words, no commas, which mean thousands to some and
/// decimals to others.
///
/// # Errors
/// What to write instead.
pub fn number(text: &str) -> Result<f64, &'static str> {
    const EXAMPLE: &str = "enter a number, such as 36.6";
    if text.contains(',') {
        return Err("write decimals with a point, such as 36.6");
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.') && digits.chars().any(|c| c.is_ascii_digit());
    if !plain || text.len() > 20 {
        return Err(EXAMPLE);
    }
    text.parse().map_err(|_| EXAMPLE)
}

/// Day and time of a reading, where the person is; now where neither is given.
fn moment(typed: &Typed, zone: Tz, now: Timestamp) -> Result<Timestamp, &'static str> {
    let (on, at) = (typed.get("on").trim(), typed.get("at").trim());
    if on.is_empty() && at.is_empty() {
        return Ok(now);
    }
    let today = now.with_timezone(&zone).date_naive();
    let day = if on.is_empty() {
        today
    } else {
        NaiveDate::parse_from_str(on, "%Y-%m-%d").map_err(|_| "Enter the day as year-month-day, such as 2026-11-24")?
    };
    let time = if at.is_empty() {
        if day == today {
            return Ok(now);
        }
        return Err("Enter the time of day too, such as 08:30");
    } else {
        NaiveTime::parse_from_str(at, "%H:%M")
            .or_else(|_| NaiveTime::parse_from_str(at, "%H:%M:%S"))
            .map_err(|_| "Enter the time as hours and minutes, such as 08:30")?
    };
    let local = zone.from_local_datetime(&day.and_time(time)).earliest();
    local.map(|local| local.to_utc()).ok_or("There was no such time on that day: the clocks went forward")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONE: Tz = chrono_tz::Europe::London;

    fn now() -> Timestamp {
        "2026-11-24T09:42:00Z".parse().expect("a moment")
    }

    fn typed(fields: &[(&str, &str)]) -> Typed {
        fields.iter().fold(Typed::default(), |typed, (name, value)| typed.put(name, *value))
    }

    fn read(fields: &[(&str, &str)]) -> Result<Vec<NewReading>, Unready> {
        parse(&typed(fields), BY_STAFF, PatientId::NIL, ZONE, now())
    }

    fn wrong(fields: &[(&str, &str)]) -> Vec<&'static str> {
        match read(fields) {
            Err(Unready::Wrong(errors)) => errors.iter().map(|(field, _)| field).collect(),
            other => panic!("{fields:?}: {other:?}"),
        }
    }

    #[test]
    fn bad_input_is_refused_at_its_field() {
        for value in
            ["NaN", "inf", "-inf", "1e308", "36,6", "0", "-5", "abc", "1.2.3", "∞", "9999999999999999999999", "."]
        {
            assert_eq!(wrong(&[("weight", value)]), ["weight"], "{value}");
        }
        assert_eq!(wrong(&[("spo2", "101")]), ["spo2"]);
        assert_eq!(wrong(&[("systolic", "80"), ("diastolic", "120")]), ["diastolic"]);
        assert_eq!(wrong(&[("systolic", "120")]), ["diastolic"]);
        assert_eq!(wrong(&[("diastolic", "80")]), ["systolic"]);
        assert_eq!(wrong(&[("weight", "80"), ("weight_unit", "furlong")]), ["weight"]);
        assert_eq!(wrong(&[("weight", "80"), ("on", "2027-01-01"), ("at", "08:00")]), ["weight"].map(|_| "on"));
        assert_eq!(wrong(&[("weight", "80"), ("on", "1899-12-31"), ("at", "08:00")]), ["on"]);
        assert_eq!(wrong(&[("weight", "80"), ("on", "2026-03-29"), ("at", "01:30")]), ["on"]);
        assert_eq!(wrong(&[("weight", "80"), ("on", "yesterday")]), ["on"]);
        assert_eq!(wrong(&[]), ["systolic"]);
    }

    #[test]
    fn units_are_converted_and_what_was_given_is_kept() {
        let readings =
            read(&[("weight", "170"), ("weight_unit", "lb"), ("temperature", "98.6"), ("temperature_unit", "°F")])
                .unwrap();
        assert!(readings.iter().any(|one| one.metric() == Metric::Weight && (one.value().0 - 77.1107).abs() < 1e-9));
        assert!(readings.iter().any(|one| one.metric() == Metric::Temperature && (one.value().0 - 37.0).abs() < 1e-9));
    }

    #[test]
    fn the_unlikely_is_kept_only_when_said_twice_and_for_the_same_values() {
        let Err(Unready::Doubtful(doubts)) = read(&[("weight", "400")]) else { panic!("doubtful") };
        let sure = token(&doubts);
        assert!(read(&[("weight", "400"), ("sure", &sure)]).is_ok());
        assert!(matches!(read(&[("weight", "500"), ("sure", &sure)]), Err(Unready::Doubtful(_))));
    }

    #[test]
    fn the_time_is_that_of_the_place() {
        let readings = read(&[("weight", "80"), ("on", "2026-07-01"), ("at", "08:30")]).unwrap();
        assert_eq!(readings[0].at().to_rfc3339(), "2026-07-01T07:30:00+00:00");
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_finite_number_or_a_message(text in "\\PC{0,24}") {
            if let Ok(value) = number(text.trim()) {
                prop_assert!(value.is_finite());
            }
        }
    }
}
