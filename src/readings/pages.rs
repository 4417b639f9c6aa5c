//! The pages of readings.

use askama::Template;
use chrono_tz::Tz;

use super::cards::{Card, Goal};
use super::forms::Entry;
use super::look::{Period, Reading};
use super::metric::Metric;
use super::model::Status;
use crate::charts::LineChart;
use crate::charts::trend::Size;
use crate::clock::Timestamp;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Choice, Tab};
use crate::web::whom::Whom;

/// One period to choose: address, words, whether it is the one shown.
pub type PeriodLink = (String, &'static str, bool);

/// Links to the periods of a page.
pub fn periods(path: &str, rest: &str, current: Period) -> Vec<PeriodLink> {
    let link = |period: &Period| (format!("{path}?days={}{rest}", period.as_str()), period.label(), *period == current);
    Period::ALL.iter().map(link).collect()
}

/// All metrics of a patient.
#[derive(Debug, Template)]
#[template(path = "readings/vitals.html")]
pub struct VitalsPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// The sections of the chart.
    pub sections: Vec<Tab>,
    /// The address of this page.
    pub here: String,
    /// How far back.
    pub period: Period,
    /// The others.
    pub periods: Vec<PeriodLink>,
    /// One for each metric.
    pub cards: Vec<Card>,
    /// The devices of this patient.
    pub devices: String,
    /// Their files.
    pub imports: String,
    /// Whether the person may add readings.
    pub may_record: bool,
    /// Whether they may take them out.
    pub may_export: bool,
    /// Whether the criteria for a GLP-1 medicine are met, in words; none without a body mass index.
    pub glp1: Option<String>,
    /// For moments.
    pub zone: Tz,
}

/// The same on the summary of the chart.
#[derive(Debug, Template)]
#[template(path = "readings/_panel.html")]
pub struct Panel {
    /// The address of the readings of this patient.
    pub here: String,
    /// One for each metric.
    pub cards: Vec<Card>,
    /// Whether the person may add readings.
    pub may_record: bool,
    /// For moments.
    pub zone: Tz,
}

/// The same on paper.
#[derive(Debug, Template)]
#[template(path = "readings/print.html")]
pub struct PrintPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// Back to the screen.
    pub here: String,
    /// How far back.
    pub period: Period,
    /// One for each metric.
    pub cards: Vec<Card>,
    /// For moments.
    pub zone: Tz,
}

/// A chart on the page of a metric.
#[derive(Debug)]
pub struct Drawn {
    /// Of what.
    pub label: &'static str,
    /// Over time.
    pub chart: LineChart,
    /// How many readings it shows.
    pub count: i64,
    /// Why there is no band, where the range does not hold for the patient.
    pub note: Option<String>,
}

/// One metric, perhaps beside another.
#[derive(Debug, Template)]
#[template(path = "readings/metric.html")]
pub struct MetricPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// The sections of the chart.
    pub sections: Vec<Tab>,
    /// Which.
    pub metric: Metric,
    /// All readings of the patient.
    pub vitals: String,
    /// The address of this page.
    pub here: String,
    /// The file.
    pub csv: Option<String>,
    /// How far back.
    pub period: Period,
    /// The others.
    pub periods: Vec<PeriodLink>,
    /// The charts, over the same time: this metric, and the one it is compared with.
    pub charts: Vec<Drawn>,
    /// With what it can be compared.
    pub others: Vec<Choice>,
    /// The readings, the latest first.
    pub rows: Vec<Reading>,
    /// Older ones.
    pub older: Option<String>,
    /// The goal that stands.
    pub goal: Option<Goal>,
    /// What stands in the form of the goal: lower end, upper end.
    pub typed: (String, String),
    /// What is wrong with it.
    pub errors: FormErrors,
    /// Whether the person may mark errors and set goals.
    pub may_correct: bool,
    /// The address of a reading, but for its id.
    pub readings: String,
    /// For moments.
    pub zone: Tz,
}

impl MetricPage {
    /// More readings than these are shown as columns.
    const LINE: i64 = Size::Large.line() as i64;

    fn wrong(row: &Reading) -> bool {
        row.status == Status::EnteredInError
    }
}

/// The form to add readings.
#[derive(Debug, Template)]
#[template(path = "readings/entry.html")]
pub struct EntryPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// Back to the readings.
    pub vitals: String,
    /// The form.
    pub entry: Entry,
}

/// Asks why a reading is wrong.
#[derive(Debug, Template)]
#[template(path = "readings/error.html")]
pub struct ErrorPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// The reading.
    pub reading: Reading,
    /// Where the form goes.
    pub action: String,
    /// The way out.
    pub back: String,
    /// What was typed.
    pub reason: String,
    /// What is wrong.
    pub errors: FormErrors,
    /// For moments.
    pub zone: Tz,
}

/// A patient's own readings.
#[derive(Debug, Template)]
#[template(path = "readings/my.html")]
pub struct MyPage {
    /// The frame.
    pub shell: Shell,
    /// Whose.
    pub own: Whom,
    /// The others.
    pub periods: Vec<PeriodLink>,
    /// One for each metric, with its goal in words and whether the latest reading meets it.
    pub cards: Vec<(Card, Option<(String, bool)>)>,
    /// What the person typed lately.
    pub typed: Vec<Reading>,
    /// For moments.
    pub zone: Tz,
}

/// A patient adds readings.
#[derive(Debug, Template)]
#[template(path = "readings/my_entry.html")]
pub struct MyEntryPage {
    /// The frame.
    pub shell: Shell,
    /// Whose.
    pub own: Whom,
    /// The form.
    pub entry: Entry,
}

/// A patient says that a reading was a mistake.
#[derive(Debug, Template)]
#[template(path = "readings/my_error.html")]
pub struct MyErrorPage {
    /// The frame.
    pub shell: Shell,
    /// Whose.
    pub own: Whom,
    /// The reading.
    pub reading: Reading,
    /// What was typed.
    pub reason: String,
    /// What is wrong.
    pub errors: FormErrors,
    /// For moments.
    pub zone: Tz,
}

/// A moment in a list of readings of one metric: the next page begins before it.
#[must_use]
pub fn before(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}
