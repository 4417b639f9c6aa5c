//! What the first line of a table says.

use csv::StringRecord;

use super::super::Unreadable;
use crate::readings::metric::Metric;

const NO_TIME: Unreadable = Unreadable::new(
    "No column says when. The first line of the table must name its columns, one of them Time, Date or Timestamp.",
);
const NO_VALUE: Unreadable = Unreadable::new(
    "No column says what was measured. Name the columns Metric, Value and Unit, or give each metric a column, such as Systolic, Diastolic, Weight (kg).",
);

/// Where everything stands in a line.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Layout {
    /// The day, or day and time.
    pub day: Option<usize>,
    /// The time, where it has a column of its own.
    pub time: Option<usize>,
    /// Whether times are those of Greenwich.
    pub utc: bool,
    /// Filled where a reading was worked out from another.
    pub derived: Option<usize>,
    /// Filled where a reading was a mistake.
    pub wrong: Option<usize>,
    pub readings: Place,
}

/// Where readings stand.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// One in each line.
    Rows { metric: usize, value: usize, second: Option<usize>, unit: Option<usize> },
    /// A column for each metric.
    Columns(Vec<Column>),
}

impl Default for Place {
    fn default() -> Self {
        Self::Columns(Vec::new())
    }
}

/// A column of one metric, with that of the second value.
#[derive(Debug, PartialEq)]
pub(super) struct Column {
    pub metric: Metric,
    pub first: usize,
    pub second: Option<usize>,
    pub unit: String,
}

/// Metrics whose values mean something in either of two units.
pub(super) const fn needs_unit(metric: Metric) -> bool {
    matches!(metric, Metric::Weight | Metric::Glucose)
}

/// Reads the first line.
pub(super) fn layout(heads: &StringRecord) -> Result<Layout, Unreadable> {
    let heads: Vec<(String, String)> = heads.iter().map(head).collect();
    let column = |names: &[&str]| heads.iter().position(|(name, _)| names.contains(&name.as_str()));
    let whole = column(&[
        "timestamp",
        "datetime",
        "date time",
        "date/time",
        "date & time",
        "date and time",
        "measured at",
        "device timestamp",
        "measurement date",
    ]);
    let (date, time) = (column(&["date", "day"]), column(&["time", "time of day", "measurement time"]));
    let (day, time) = match (whole, date, time) {
        (Some(whole), ..) => (whole, None),
        (None, Some(date), time) => (date, time),
        (None, None, Some(time)) => (time, None),
        (None, None, None) => return Err(NO_TIME),
    };
    let readings = match (
        column(&["metric", "measurement", "measure", "type", "kind"]),
        column(&["value", "reading", "result"]),
    ) {
        (Some(metric), Some(value)) => Place::Rows {
            metric,
            value,
            second: column(&["second value", "value 2", "value2"]),
            unit: column(&["unit", "units"]),
        },
        _ => Place::Columns(columns(&heads)?),
    };
    Ok(Layout {
        day: Some(day),
        time,
        utc: heads[day].1.eq_ignore_ascii_case("utc"),
        derived: column(&["derived by"]),
        wrong: column(&["entered in error"]),
        readings,
    })
}

fn columns(heads: &[(String, String)]) -> Result<Vec<Column>, Unreadable> {
    let second = heads.iter().position(|(name, _)| second_called(name));
    let mut columns: Vec<Column> = Vec::new();
    for (place, (name, unit)) in heads.iter().enumerate() {
        let Some(metric) = metric_called(name) else { continue };
        if columns.iter().any(|column| column.metric == metric) {
            continue;
        }
        if unit.is_empty() && needs_unit(metric) {
            return Err(Unreadable(
                format!(
                    "The column {} does not say its unit. Name it {0} ({}) or {0} ({}).",
                    metric.label(),
                    metric.units()[0].name,
                    metric.units()[1].name
                )
                .into(),
            ));
        }
        if metric.unit_called(unit).is_none() {
            return Err(Unreadable(format!("The unit of the column {} is not known.", metric.label()).into()));
        }
        let second = second.filter(|_| metric.second_label().is_some());
        columns.push(Column { metric, first: place, second, unit: unit.clone() });
    }
    if columns.is_empty() { Err(NO_VALUE) } else { Ok(columns) }
}

/// Name and unit of a column: `Weight (kg)`, `glucose [mg/dL]`, `heart_rate`.
fn head(text: &str) -> (String, String) {
    let (name, rest) = text.split_once(['(', '[']).unwrap_or((text, ""));
    let unit = rest.trim_end().trim_end_matches([')', ']']).trim();
    let name = name.replace(['_', '-'], " ").to_lowercase();
    (name.split_whitespace().collect::<Vec<_>>().join(" "), unit.to_owned())
}

fn second_called(name: &str) -> bool {
    ["diastolic", "dia", "diastolic pressure", "diastolic blood pressure", "diastolic bp", "bp diastolic"]
        .contains(&name)
}

/// The metric that people, our own tables and makers of devices call so.
pub(super) fn metric_called(name: &str) -> Option<Metric> {
    let name = name.trim().replace('_', " ").to_lowercase();
    let known = Metric::ALL.iter().copied().find(|metric| {
        metric.label().to_lowercase() == name || metric.as_str().replace('_', " ").to_lowercase() == name
    });
    known.or_else(|| {
        Some(match name.as_str() {
            "systolic"
            | "sys"
            | "systolic pressure"
            | "systolic blood pressure"
            | "systolic bp"
            | "bp"
            | "bp systolic" => Metric::BloodPressure,
            "pulse" | "pulse rate" | "hr" | "heartrate" => Metric::HeartRate,
            "blood glucose" | "blood sugar" | "sugar" | "glucose value" | "historic glucose" => Metric::Glucose,
            "body weight" => Metric::Weight,
            "oxygen" | "blood oxygen" | "o2" | "spo₂" | "sp02" => Metric::Spo2,
            "temp" | "body temperature" => Metric::Temperature,
            "respiratory rate" | "breathing rate" | "breaths" => Metric::Respiration,
            "step count" => Metric::Steps,
            "hours asleep" | "sleep duration" | "hours of sleep" => Metric::Sleep,
            "rmssd" | "hrv" => Metric::HrvRmssd,
            "sdnn" => Metric::HrvSdnn,
            "a1c" | "hba1c" => Metric::A1c,
            _ => return None,
        })
    })
}
