//! What a rule says: what it watches, when it is fulfilled, and what follows. No I/O here.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::Role;
pub use crate::alerts::model::Severity;
use crate::named::named;
use crate::readings::metric::{Limits, Metric};

named! {
    /// What is asked of the readings.
    Op {
        /// Readings above a limit.
        Above = ">", "is above";
        /// Readings below a limit.
        Below = "<", "is below";
        /// A change upwards.
        TrendUp = "trendUp", "rises by at least";
        /// A change downwards.
        TrendDown = "trendDown", "falls by at least";
        /// No reading at all.
        Missing = "missing", "was not measured";
    }
}

named! {
    /// What follows when it is fulfilled.
    RuleAction {
        /// An alert.
        Alert = "ALERT", "Raise an alert";
        /// An alert that suggests a visit.
        SuggestVisit = "SUGGEST_VISIT", "Raise an alert that suggests a visit";
        /// An alert, and a task for a role.
        AssignTask = "ASSIGN_TASK", "Raise an alert and give somebody a task";
        /// An alert, and something to read for the patient.
        AssignContent = "ASSIGN_CONTENT", "Raise an alert and give the patient something to read";
    }
}

named! {
    /// What was given with an alert.
    Given {
        /// A task.
        Task = "TASK", "gave a task";
        /// Something to read.
        Content = "CONTENT", "gave it to read";
        /// Nothing: the task is open, or it waits to be read.
        Waits = "WAITS", "what was given before still waits";
        /// Nothing: it is archived.
        Archived = "ARCHIVED", "nothing given, as it is archived";
    }
}

/// Who can be given the task of a rule: whoever has this role where the patient is.
pub const DOERS: [Role; 3] = [Role::Clinician, Role::MedicalAssistant, Role::Carer];

/// The most readings that can be asked for.
pub const MOST_READINGS: i16 = 20;

/// The longest window.
pub const MOST_DAYS: i16 = 90;

/// What is watched: a metric, or the second value of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The metric.
    pub metric: Metric,
    /// Whether it is its second value.
    pub second: bool,
}

impl Subject {
    /// Everything that can be watched, in the order of lists.
    pub fn all() -> impl Iterator<Item = Self> {
        Metric::ALL.iter().flat_map(|metric| {
            let second = metric.second_label().map(|_| Self { metric: *metric, second: true });
            std::iter::once(Self { metric: *metric, second: false }).chain(second)
        })
    }

    /// The name in forms and addresses.
    #[must_use]
    pub fn name(self) -> String {
        format!("{}{}", self.metric, if self.second { ".2" } else { "" })
    }

    /// What a form calls by `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|subject| subject.name() == name)
    }

    /// The number in the schema.
    #[must_use]
    pub const fn part(self) -> i16 {
        if self.second { 2 } else { 1 }
    }

    /// What the schema calls so.
    #[must_use]
    pub const fn of(metric: Metric, part: i16) -> Self {
        Self { metric, second: part == 2 }
    }

    /// As people say it inside a sentence: `systolic blood pressure`, `HbA1c`.
    #[must_use]
    pub fn words(self) -> String {
        match (self.metric, self.second) {
            (Metric::BloodPressure, false) => "systolic blood pressure".to_owned(),
            (Metric::BloodPressure, true) => "diastolic blood pressure".to_owned(),
            (Metric::A1c, _) => self.metric.label().to_owned(),
            (Metric::HrvRmssd, _) => "heart rate variability (RMSSD)".to_owned(),
            (Metric::HrvSdnn, _) => "heart rate variability (SDNN)".to_owned(),
            (other, _) => other.label().to_lowercase(),
        }
    }

    /// Its limits.
    #[must_use]
    pub fn limits(self) -> Limits {
        self.metric.second_limits().filter(|_| self.second).unwrap_or_else(|| self.metric.limits())
    }

    /// The smallest change over a window that is called a change: less cannot be told from how accurate the measurement is, or
    /// from how much the value varies in anybody from day to day. Where the numbers come from: docs/rules.md.
    #[must_use]
    pub const fn noise(self) -> f64 {
        match self.metric {
            Metric::BloodPressure => 5.0,
            Metric::Glucose => 0.9,
            Metric::Weight => 1.0,
            Metric::Bmi => 0.4,
            Metric::HeartRate | Metric::HrvRmssd | Metric::HrvSdnn => 5.0,
            Metric::Spo2 | Metric::Respiration => 2.0,
            Metric::Temperature => 0.3,
            Metric::A1c => 0.5,
            Metric::Sleep => 0.75,
            Metric::Steps => 1500.0,
            Metric::Mood => 1.0,
        }
    }

    /// `160 mmHg`.
    #[must_use]
    pub fn amount(self, value: f64) -> String {
        format!("{} {}", crate::web::format::number(value, 2), self.metric.unit())
    }
}

/// When a rule is fulfilled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// What is watched.
    pub subject: Subject,
    /// What is asked of it.
    pub op: Op,
    /// The limit, or the smallest change; none for [`Op::Missing`].
    pub threshold: Option<f64>,
    /// So many readings of the window must lie beyond the limit.
    pub min_count: i16,
    /// Days looked back upon.
    pub window_days: i16,
}

/// An entry of the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Which.
    pub id: Uuid,
    /// What it is called.
    pub title: String,
    /// Whether it is archived, and so not given any more.
    pub archived: bool,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it is fulfilled.
    pub condition: Condition,
    /// How grave that is.
    pub severity: Severity,
    /// What follows.
    pub action: RuleAction,
    /// What to do then, in words.
    pub advice: Option<String>,
    /// Who is given the task, where there is one.
    pub doer: Option<Role>,
    /// What the patient is given to read, where that follows.
    pub reading: Option<Reading>,
    /// The words to the patient with which it is given.
    pub word: Option<String>,
    /// Whether the alert ends by itself on recovery.
    pub resolves: bool,
    /// Whether it is at work.
    pub enabled: bool,
    /// Higher comes first.
    pub priority: i16,
}

/// The parameters of an action, as they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActionParams {
    /// What to do, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Who does it, of a task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The words to the patient, of something to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
}

fn days(count: i16) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}

impl Condition {
    /// The condition in words, to follow "If ".
    #[must_use]
    pub fn words(&self) -> String {
        let subject = self.subject.words();
        let amount = self.threshold.map(|value| self.subject.amount(value)).unwrap_or_default();
        let within = days(self.window_days);
        match self.op {
            Op::Above | Op::Below if self.min_count == 1 => {
                format!("{subject} {} {amount} in a reading within {within}", self.op.label())
            }
            Op::Above | Op::Below => {
                format!("{subject} {} {amount} in {} readings within {within}", self.op.label(), self.min_count)
            }
            Op::TrendUp | Op::TrendDown => format!("{subject} {} {amount} over {within}", self.op.label()),
            Op::Missing => format!("{subject} was not measured for {within}, of somebody who measured it before"),
        }
    }

    /// Whether one value lies beyond the limit.
    #[must_use]
    pub fn hit(&self, value: f64) -> bool {
        match (self.op, self.threshold) {
            (Op::Above, Some(limit)) => value > limit,
            (Op::Below, Some(limit)) => value < limit,
            _ => false,
        }
    }

    /// The kind of alert that it raises.
    #[must_use]
    pub fn alert_kind(&self) -> String {
        match (self.op, self.subject.metric) {
            (Op::Missing, _) => "MISSED_READING".to_owned(),
            (Op::Above | Op::TrendUp, Metric::BloodPressure) => "BP_HIGH_TREND".to_owned(),
            (Op::Above, metric) => format!("{metric}_HIGH"),
            (Op::TrendUp, metric) => format!("{metric}_UP"),
            (Op::Below, metric) => format!("{metric}_LOW"),
            (Op::TrendDown, metric) => format!("{metric}_DOWN"),
        }
    }
}

impl Definition {
    /// The whole rule as a sentence: "If systolic blood pressure is above 160 mmHg in 2 readings within 3 days, raise a high alert."
    #[must_use]
    pub fn sentence(&self) -> String {
        let severity = self.severity.label().to_lowercase();
        let article = if self.severity == Severity::Info { "an" } else { "a" };
        let then = match self.action {
            RuleAction::Alert => format!("raise {article} {severity} alert"),
            RuleAction::SuggestVisit => format!("raise {article} {severity} alert that suggests a visit"),
            RuleAction::AssignTask => {
                let whom = self.doer.unwrap_or(Role::MedicalAssistant).label().to_lowercase();
                format!("raise {article} {severity} alert and give a {whom} a task")
            }
            RuleAction::AssignContent => {
                let what = self.reading.as_ref().map_or("something", |reading| reading.title.as_str());
                format!("raise {article} {severity} alert and give the patient “{what}” to read")
            }
        };
        format!("If {}, {then}.", self.condition.words())
    }
}

/// What was found in the readings of the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Readings.
    pub count: i64,
    /// Those beyond the limit.
    pub hits: i64,
    /// Whether the latest readings, as many as the rule asks for, all lie on the good side, and there are so many.
    pub latest_clear: bool,
    /// Whether there were readings before the window.
    pub before: bool,
    /// Days, ascending, and the median of each.
    pub days: Vec<(f64, f64)>,
}

/// Whether it is fulfilled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It is; for a trend, with the change over the window.
    Fulfilled(Option<super::trend::Trend>),
    /// It is not, and what it was about is over.
    Recovered,
    /// It is not.
    Nothing,
}

impl Condition {
    /// Looks at what was found. A rule that `resolves` lets readings that have come back to the good side end what others began,
    /// also where all of them arrive together; one that does not fires for every reading beyond its limit.
    #[must_use]
    pub fn judge(&self, seen: &Seen, resolves: bool) -> Verdict {
        match self.op {
            Op::Above | Op::Below => {
                if resolves && seen.latest_clear {
                    Verdict::Recovered
                } else if seen.hits >= i64::from(self.min_count) {
                    Verdict::Fulfilled(None)
                } else {
                    Verdict::Nothing
                }
            }
            Op::TrendUp | Op::TrendDown => {
                let Some(trend) = super::trend::of(&seen.days, self.window_days) else { return Verdict::Nothing };
                let wanted = self.threshold.unwrap_or(f64::INFINITY).max(self.subject.noise());
                let change = if self.op == Op::TrendUp { trend.change } else { -trend.change };
                if trend.certain && change >= wanted {
                    Verdict::Fulfilled(Some(trend))
                } else if change < wanted / 2.0 {
                    // A change that has halved is over; between that and the limit nothing flutters.
                    Verdict::Recovered
                } else {
                    Verdict::Nothing
                }
            }
            Op::Missing => match (seen.count, seen.before) {
                (0, true) => Verdict::Fulfilled(None),
                (0, false) => Verdict::Nothing,
                _ => Verdict::Recovered,
            },
        }
    }
}

#[cfg(test)]
mod tests;
