//! What a week was like, computed from its readings and those of the weeks before.
//!
//! Nothing here knows of SQL or HTTP. Each test is stated with its source; the same readings always make the same
//! summary. A summary describes: it diagnoses nothing and changes no treatment.

mod advice;
#[cfg(test)]
mod tests;

use chrono::{Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

pub use advice::{Advice, Limits};

/// Weeks before this one from which it is known how often somebody usually measures.
pub const EARLIER: u8 = 4;

/// A mean of fewer readings than this is an accident, not a trend. Three is the least of which one can be an outlier.
const ENOUGH: i64 = 3;

/// The local hour of Monday from which the week before is summed up: devices that sync in the night have done so.
const AFTER: u32 = 4;

/// Monday to Sunday, in the zone of a facility.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub start: NaiveDate,
    /// Whose days these are.
    pub zone: Tz,
}

impl Week {
    /// The last week that is over, and whose readings have had time to arrive.
    #[must_use]
    pub fn last(now: Timestamp, zone: Tz) -> Self {
        let here = (now - TimeDelta::hours(AFTER.into())).with_timezone(&zone).date_naive();
        Self { start: monday(here), zone }.before(1)
    }

    /// So many weeks before.
    #[must_use]
    pub fn before(self, weeks: u64) -> Self {
        Self { start: self.start.checked_sub_days(Days::new(7 * weeks)).unwrap_or(self.start), zone: self.zone }
    }

    /// Its Sunday.
    #[must_use]
    pub fn end(self) -> NaiveDate {
        self.start.checked_add_days(Days::new(6)).unwrap_or(self.start)
    }

    /// Its first moment, and the first moment after it. A week in which the clocks change is an hour longer or shorter.
    #[must_use]
    pub fn span(self) -> (Timestamp, Timestamp) {
        let midnight = |day: NaiveDate| {
            let local = day.and_time(NaiveTime::MIN);
            let at = self.zone.from_local_datetime(&local).earliest();
            // A zone that changes its clocks at midnight has no such moment: the hour after is the first of the day.
            at.or_else(|| self.zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest())
                .map_or_else(|| local.and_utc(), |at| at.to_utc())
        };
        (midnight(self.start), midnight(self.start.checked_add_days(Days::new(7)).unwrap_or(self.start)))
    }
}

/// The Monday of a day's week.
#[must_use]
pub fn monday(day: NaiveDate) -> NaiveDate {
    day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into())).unwrap_or(day)
}

/// The readings of one metric in a week, summed up by the database.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// The metric, as `observation.code` has it.
    pub code: String,
    /// How many.
    pub count: i64,
    /// On how many days.
    pub days: i64,
    /// Their mean.
    pub mean: Option<f64>,
    /// The mean of their second values.
    pub second: Option<f64>,
    /// The lowest.
    pub low: Option<f64>,
    /// Their sum: steps are counted by the day.
    pub total: Option<f64>,
    /// How many lie in the goal of the patient; none where there is no goal.
    pub in_goal: Option<i64>,
    /// How many of glucose lie from 3.9 to 10.0 mmol/L.
    pub in_range: i64,
    /// The same of the week before.
    pub count_before: i64,
    /// On how many days.
    pub days_before: i64,
    /// Their mean.
    pub mean_before: Option<f64>,
    /// The mean of their second values.
    pub second_before: Option<f64>,
    /// Their sum.
    pub total_before: Option<f64>,
    /// Days with a reading in the four weeks before.
    pub days_earlier: i64,
}

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    /// Higher than the week before, by more than chance and the device explain.
    Up,
    /// Lower, likewise.
    Down,
    /// About the same.
    Steady,
    /// Too few readings in one of the weeks to say.
    Unknown,
}

impl Direction {
    /// The trend of a mean: both weeks need three readings, and the difference has to exceed `noise`.
    fn of(sums: &Sums, noise: f64) -> Self {
        match (sums.mean, sums.mean_before) {
            (Some(now), Some(before)) if sums.count >= ENOUGH && sums.count_before >= ENOUGH => match now - before {
                change if change > noise => Self::Up,
                change if change < -noise => Self::Down,
                _ => Self::Steady,
            },
            _ => Self::Unknown,
        }
    }

    /// For staff.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Up => "higher than the week before",
            Self::Down => "lower than the week before",
            Self::Steady => "about the same as the week before",
            Self::Unknown => "too few readings for a trend",
        }
    }
}

/// The week of a metric that is measured now and then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trend {
    /// The mean.
    pub mean: f64,
    /// The mean of the second values.
    pub second: Option<f64>,
    /// The mean of the week before.
    pub before: Option<f64>,
    /// Of how many readings.
    pub count: i64,
    /// Which way it went.
    pub direction: Direction,
}

/// The week of something that belongs to a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Daily {
    /// On a day with a reading, on average.
    pub per_day: f64,
    /// The week before.
    pub before: Option<f64>,
    /// On how many days there was one.
    pub days: i64,
}

/// How often a metric was measured, against what is usual for this patient, and how often it met the goal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// The metric.
    pub code: String,
    /// Days with a reading.
    pub days: i64,
    /// Days a week in the four weeks before, rounded.
    pub usual: i64,
    /// Readings.
    pub count: i64,
    /// Readings that met the goal; none where there is no goal.
    pub in_goal: Option<i64>,
}

/// How well what was expected was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adherence {
    /// Of the days that are usual, how many of a hundred had a reading; none where nothing is usual yet.
    pub percent: Option<i64>,
    /// Of each metric.
    pub metrics: Vec<Measured>,
}

/// A week of a patient: document 4's `summary`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Summary {
    /// Blood pressure. Noise: 5 mmHg, the mean error that ISO 81060-2 allows a device.
    pub bp_trend: Option<Trend>,
    /// Glucose. Noise: 0.83 mmol/L, the error that ISO 15197 (2013) allows a meter below 5.55.
    pub glucose_trend: Option<Trend>,
    /// Weight. Noise: 0.5 kg; within a week weight goes up and down by about 0.35 per cent (Orsama and others, 2014).
    pub weight_trend: Option<Trend>,
    /// Steps.
    pub steps: Option<Daily>,
    /// Hours of sleep.
    pub sleep: Option<Daily>,
    /// How often was measured.
    pub adherence: Adherence,
    /// What follows, the most pressing first.
    pub recommendations: Vec<Advice>,
    /// How old the patient was, in whole months, where that is known.
    pub age_months: Option<u16>,
}

impl Summary {
    /// The summary of a week of somebody so many months old. What was not measured in it is in it only as missing.
    #[must_use]
    pub fn of(sums: &[Sums], age_months: Option<u16>) -> Self {
        let find = |code: &str| sums.iter().find(|one| one.code == code);
        let trend = |code: &str, noise: f64| {
            find(code).and_then(|one| {
                Some(Trend {
                    mean: one.mean?,
                    second: one.second,
                    before: one.mean_before,
                    count: one.count,
                    direction: Direction::of(one, noise),
                })
            })
        };
        let daily = |code: &str, mean: fn(&Sums) -> (Option<f64>, Option<f64>)| {
            find(code).and_then(|one| {
                let (per_day, before) = mean(one);
                Some(Daily { per_day: per_day?, before, days: one.days })
            })
        };
        let mut summary = Self {
            bp_trend: trend("BLOOD_PRESSURE", 5.0),
            glucose_trend: trend("GLUCOSE", 0.83),
            weight_trend: trend("WEIGHT", 0.5),
            steps: daily("STEPS", |one| (by_day(one.total, one.days), by_day(one.total_before, one.days_before))),
            sleep: daily("SLEEP", |one| (by_day(one.total, one.days), by_day(one.total_before, one.days_before))),
            adherence: adherence(sums),
            recommendations: Vec::new(),
            age_months,
        };
        summary.recommendations = summary.advise(find("GLUCOSE"));
        summary
    }

    /// What the week is judged by.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::at(self.age_months)
    }

    fn advise(&self, glucose: Option<&Sums>) -> Vec<Advice> {
        let limits = self.limits();
        let pressure = self.bp_trend.as_ref().filter(|trend| limits.adult && trend.count >= ENOUGH);
        let weight = self.weight_trend.as_ref().filter(|_| limits.adult);
        let judged = glucose.filter(|_| limits.glucose);
        let of_days = |daily: &Option<Daily>, least: Option<f64>| {
            daily.as_ref().zip(least).is_some_and(|(daily, least)| daily.days >= ENOUGH && daily.per_day < least)
        };
        let not_judged = (!limits.adult && (self.bp_trend.is_some() || self.weight_trend.is_some()))
            || (!limits.glucose && self.glucose_trend.is_some())
            || (limits.sleep.is_none() && self.sleep.is_some())
            || (limits.steps.is_none() && self.steps.is_some());
        let found = [
            (
                Advice::BloodPressureHigh,
                pressure.is_some_and(|trend| trend.mean >= 135.0 || trend.second.is_some_and(|low| low >= 85.0)),
            ),
            (Advice::GlucoseLow, judged.is_some_and(|one| one.low.is_some_and(|low| low < 3.9))),
            (
                Advice::WeightJump,
                weight.is_some_and(|trend| trend.before.is_some_and(|before| trend.mean - before >= 2.0)),
            ),
            (
                Advice::GlucoseOutOfRange,
                judged.is_some_and(|one| one.count >= ENOUGH && one.in_range * 100 < one.count * 70),
            ),
            (Advice::MeasureMore, self.adherence.metrics.iter().any(|one| one.usual - one.days >= 2)),
            (Advice::SleepShort, of_days(&self.sleep, limits.sleep)),
            (Advice::StepsFew, of_days(&self.steps, limits.steps)),
            (Advice::NotJudged, not_judged),
        ];
        let mut advice: Vec<Advice> = found.into_iter().filter(|(_, holds)| *holds).map(|(one, _)| one).collect();
        if advice.is_empty() {
            advice.push(Advice::KeepGoing);
        }
        advice
    }
}

/// Whole months from birth to `on`; none before birth.
#[must_use]
pub fn months(born: NaiveDate, on: NaiveDate) -> Option<u16> {
    let whole = (on.year() - born.year()) * 12 + on.month().cast_signed() - born.month().cast_signed();
    u16::try_from(whole - i32::from(on.day() < born.day())).ok()
}

#[expect(clippy::cast_precision_loss, reason = "there are at most seven days")]
fn by_day(total: Option<f64>, days: i64) -> Option<f64> {
    total.filter(|_| days > 0).map(|total| total / days as f64)
}

fn adherence(sums: &[Sums]) -> Adherence {
    let weeks = i64::from(EARLIER);
    let metrics: Vec<Measured> = sums
        .iter()
        .map(|one| Measured {
            code: one.code.clone(),
            days: one.days,
            usual: (one.days_earlier + weeks / 2) / weeks,
            count: one.count,
            in_goal: one.in_goal,
        })
        .filter(|one| one.count > 0 || one.usual > 0)
        .collect();
    let usual: i64 = metrics.iter().map(|one| one.usual).sum();
    let met: i64 = metrics.iter().map(|one| one.days.min(one.usual)).sum();
    Adherence { percent: (usual > 0).then(|| met * 100 / usual), metrics }
}
