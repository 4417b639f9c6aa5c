//! One card for each metric: the latest reading, how it lies, a chart, and the same as a table.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::look::{Column, Latest, Reading, Span};
use super::metric::{Interpretation, Metric};
use super::model::Source;
use crate::charts::LineChart;
use crate::charts::trend::{Point, Size, Trend, trend};
use crate::clock::Timestamp;
use crate::web::format;
use crate::web::ui::Tone;

/// Rows of the table beside a small chart; the page of the metric has all.
const ROWS: usize = 14;

/// What a page says of one metric.
#[derive(Debug)]
pub struct Card {
    /// Which.
    pub metric: Metric,
    /// As in its address.
    pub slug: String,
    /// `184/112`
    pub value: String,
    /// Against the range.
    pub tone: Tone,
    /// The same in words.
    pub word: &'static str,
    /// `Withings`
    pub source: String,
    /// When.
    pub at: Timestamp,
    /// How the latest was computed.
    pub derivation: Option<String>,
    /// Why there is no band, where the range does not hold for the patient.
    pub note: Option<String>,
    /// Over time.
    pub chart: LineChart,
    /// The heads of the table.
    pub heads: Vec<&'static str>,
    /// The latest rows: when, and values.
    pub rows: Vec<(Timestamp, Vec<String>)>,
    /// How many readings the chart shows.
    pub count: i64,
}

impl Metric {
    /// As in an address: `blood-pressure`.
    #[must_use]
    pub fn slug(self) -> String {
        self.as_str().to_lowercase().replace('_', "-")
    }

    /// The metric of an address.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|metric| metric.slug() == slug)
    }
}

/// How a reading lies, as shape and words.
#[must_use]
pub const fn judged(interpretation: Option<Interpretation>) -> (Tone, &'static str) {
    match interpretation {
        Some(Interpretation::CriticallyHigh) => (Tone::Crit, "Critical ↑↑"),
        Some(Interpretation::CriticallyLow) => (Tone::Crit, "Critical ↓↓"),
        Some(Interpretation::High) => (Tone::Warn, "High ↑"),
        Some(Interpretation::Low) => (Tone::Warn, "Low ↓"),
        Some(Interpretation::Normal) => (Tone::Ok, "In range"),
        None => (Tone::None, "No range"),
    }
}

/// Where a reading comes from, in words.
#[must_use]
pub fn origin(source: Source, vendor: Option<super::model::Vendor>) -> String {
    match vendor {
        Some(vendor) => vendor.label().to_owned(),
        None => source.label().to_owned(),
    }
}

impl Reading {
    /// The value as it is written, without its unit.
    #[must_use]
    pub fn written(&self) -> String {
        self.metric.write(self.value, self.second)
    }

    /// How it lies, as a shape.
    #[must_use]
    pub const fn tone(&self) -> Tone {
        judged(self.interpretation).0
    }

    /// How it lies, in words.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        judged(self.interpretation).1
    }

    /// Where it comes from.
    #[must_use]
    pub fn origin(&self) -> String {
        origin(self.source, self.vendor)
    }
}

/// What the charts of a page have in common.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What is drawn.
    pub span: Span,
    /// For days.
    pub zone: Tz,
    /// When the patient was born.
    pub born: Option<NaiveDate>,
    /// Keeps the ids of the charts apart from others on the page.
    pub prefix: &'a str,
}

impl Frame<'_> {
    /// Why there is no band: somebody to whom the range did not apply yet where the chart begins.
    #[must_use]
    pub fn note(&self, metric: Metric) -> Option<String> {
        if metric.holds_for(self.born, self.span.from) { None } else { metric.range_note() }
    }
}

/// Cards for the metrics of `latest`.
#[must_use]
pub fn cards(latest: Vec<Latest>, columns: &[Column], goals: &[Goal], frame: Frame<'_>) -> Vec<Card> {
    latest
        .into_iter()
        .map(|latest| {
            let metric = latest.metric;
            let own: Vec<&Column> = columns.iter().filter(|column| column.metric == metric).collect();
            let (tone, word) = judged(latest.interpretation);
            Card {
                metric,
                slug: metric.slug(),
                value: metric.write(latest.value, latest.second),
                tone,
                word,
                source: origin(latest.source, latest.vendor),
                at: latest.at,
                derivation: latest.derivation.clone(),
                note: frame.note(metric),
                chart: chart(&latest, &own, goals, frame, Size::Small),
                heads: heads(metric),
                rows: own.iter().rev().take(ROWS).map(|column| (column.at, cells(column))).collect(),
                count: own.iter().map(|column| column.count).sum(),
            }
        })
        .collect()
}

/// A goal for one metric.
#[derive(Clone, Debug)]
pub struct Goal {
    /// Of what.
    pub metric: Metric,
    /// At least this; none where there is no lower end.
    pub low: Option<f64>,
    /// At most this.
    pub high: Option<f64>,
}

impl Goal {
    /// Both ends as a chart draws them; equal where there is one.
    #[must_use]
    pub fn line(&self) -> Option<(f64, f64)> {
        match (self.low, self.high) {
            (Some(low), Some(high)) => Some((low, high)),
            (Some(one), None) | (None, Some(one)) => Some((one, one)),
            (None, None) => None,
        }
    }

    /// `at most 82.0 kg`
    #[must_use]
    pub fn words(&self) -> String {
        let write = |value| format::quantity(&self.metric.write(value, None), self.metric.unit());
        match (self.low, self.high) {
            (Some(low), Some(high)) => format!("{} to {}", self.metric.write(low, None), write(high)),
            (Some(low), None) => format!("at least {}", write(low)),
            (None, Some(high)) => format!("at most {}", write(high)),
            (None, None) => "none".to_owned(),
        }
    }

    /// Whether a value meets it.
    #[must_use]
    pub fn met(&self, value: f64) -> bool {
        self.low.is_none_or(|low| value >= low) && self.high.is_none_or(|high| value <= high)
    }
}

/// The chart of one metric.
#[must_use]
pub fn chart(latest: &Latest, columns: &[&Column], goals: &[Goal], frame: Frame<'_>, size: Size) -> LineChart {
    let (metric, Frame { span, zone, prefix, .. }) = (latest.metric, frame);
    let holds = metric.holds_for(frame.born, span.from);
    let share = |at: Timestamp| (at - span.from).as_seconds_f64() / (span.to - span.from).as_seconds_f64().max(1.0);
    let first: Vec<Point> =
        columns.iter().map(|column| Point { at: share(column.at), low: column.low, high: column.high }).collect();
    let second: Vec<Point> = columns
        .iter()
        .filter_map(|column| Some(Point { at: share(column.at), low: column.second_low?, high: column.second_high? }))
        .collect();
    let goal = goals.iter().find(|goal| goal.metric == metric).and_then(Goal::line);
    let mut lines = vec![Trend {
        name: metric.first_label(),
        points: &first,
        band: metric.limits().reference.filter(|_| holds),
        goal,
        latest: Some(latest.value),
    }];
    if let (Some(name), Some(limits)) = (metric.second_label(), metric.second_limits()) {
        let band = limits.reference.filter(|_| holds);
        lines.push(Trend { name, points: &second, band, goal: None, latest: latest.second });
    }
    let count = if size == Size::Large { 6 } else { 2 };
    let days = (span.to - span.from).num_days();
    let labels: Vec<(f64, String)> = (0..=count)
        .map(|place| {
            let share = f64::from(place) / f64::from(count);
            let at = span.from + (span.to - span.from) / count * place;
            (share, label(at, zone, days))
        })
        .collect();
    trend(
        &format!("{prefix}{}", metric.slug()),
        &format!("{}, {days} days", metric.label()),
        metric.unit(),
        &labels,
        size,
        &lines,
    )
}

fn label(at: Timestamp, zone: Tz, days: i64) -> String {
    let local = at.with_timezone(&zone);
    if days > 200 { local.format("%b %y").to_string() } else { format::day_month(local.date_naive()) }
}

/// The heads of a table of this metric's values.
#[must_use]
pub fn heads(metric: Metric) -> Vec<&'static str> {
    std::iter::once(metric.first_label()).chain(metric.second_label()).collect()
}

/// The values of a column: one reading as it is, several from the lowest to the highest.
fn cells(column: &Column) -> Vec<String> {
    let written = |low: f64, high: f64| {
        let write = |value| column.metric.write(value, None);
        if column.count > 1 && low < high { format!("{}–{}", write(low), write(high)) } else { write(high) }
    };
    let second = column.second_low.zip(column.second_high).map(|(low, high)| written(low, high));
    std::iter::once(written(column.low, column.high)).chain(second).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_an_address_of_its_own() {
        for metric in Metric::ALL {
            assert_eq!(Metric::from_slug(&metric.slug()), Some(*metric));
        }
        assert_eq!(Metric::from_slug("01900000-0000-7000-8006-000000000001"), None);
    }

    #[test]
    fn a_goal_has_one_end_or_two() {
        let goal = |low, high| Goal { metric: Metric::Weight, low, high };
        assert_eq!(goal(None, Some(82.0)).words(), "at most 82.0\u{a0}kg");
        assert_eq!(goal(Some(60.0), Some(82.0)).words(), "60.0 to 82.0\u{a0}kg");
        assert!(goal(None, Some(82.0)).met(82.0) && !goal(Some(60.0), None).met(59.9));
        assert_eq!(goal(None, Some(82.0)).line(), Some((82.0, 82.0)));
    }
}
