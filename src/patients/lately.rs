//! The blood pressure of the last two weeks, beside a name in the list.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::queries::list::Row;
use crate::charts::{self, Spark};
use crate::clock::Timestamp;
use crate::web::format;

/// A small line, and what it says in words.
#[derive(Debug)]
pub struct Lately {
    /// The mean of each day, where there are two.
    pub spark: Option<Spark>,
    /// The latest reading: `148/92`
    pub latest: String,
    /// Tone and word of it, where it is out of range.
    pub word: Option<(&'static str, &'static str)>,
    /// Its day.
    pub day: String,
    /// The line, for those who do not see it.
    pub spoken: String,
}

impl Lately {
    /// Of a row that was asked for with it; none where nothing was measured.
    pub fn of(row: &Row, zone: Tz) -> Option<Self> {
        let at = row.pressure_at.as_deref()?;
        let first = row.pressure_first.as_deref()?;
        let (latest, value) = (at.first()?, first.first()?);
        let second = row.pressure_second.as_deref().and_then(|second| *second.first()?);
        let band = row.pressure_low.zip(row.pressure_high);
        let word = match row.pressure_word.as_deref() {
            Some("CRITICALLY_HIGH") => Some(("crit", "Very high")),
            Some("CRITICALLY_LOW") => Some(("crit", "Very low")),
            Some("HIGH") => Some(("warn", "High")),
            Some("LOW") => Some(("warn", "Low")),
            _ => None,
        };
        let days = days(at, first, row.zone.parse().unwrap_or(Tz::UTC));
        Some(Self {
            spark: (days.len() > 1).then(|| charts::spark(&days, band)),
            latest: match second {
                Some(second) => format!("{value:.0}/{second:.0}"),
                None => format!("{value:.0}"),
            },
            word,
            day: format::day_month(latest.with_timezone(&zone).date_naive()),
            spoken: spoken(&days),
        })
    }
}

/// The mean of each day, the earliest first, of readings of which the latest comes first.
fn days(at: &[Timestamp], values: &[f64], zone: Tz) -> Vec<f64> {
    let mut days: Vec<(NaiveDate, f64, f64)> = Vec::new();
    for (at, value) in at.iter().zip(values).rev() {
        let day = at.with_timezone(&zone).date_naive();
        match days.last_mut() {
            Some((last, sum, count)) if *last == day => {
                *sum += value;
                *count += 1.0;
            }
            _ => days.push((day, *value, 1.0)),
        }
    }
    days.into_iter().map(|(_, sum, count)| sum / count).collect()
}

/// `systolic on 9 days from 128 to 148, the last 141`
fn spoken(days: &[f64]) -> String {
    let (low, high) =
        days.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), day| (low.min(*day), high.max(*day)));
    match days {
        [] | [_] => String::new(),
        [.., last] => format!("systolic on {} days from {low:.0} to {high:.0}, the last {last:.0}", days.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_said_in_words_where_there_is_one() {
        assert_eq!(spoken(&[128.4, 148.0, 141.0]), "systolic on 3 days from 128 to 148, the last 141");
        assert_eq!(spoken(&[128.4]), "");
        assert_eq!(spoken(&[]), "");
    }

    #[test]
    fn a_day_is_one_point_where_the_patient_is() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a moment");
        let times = [at("2026-06-03T08:00:00Z"), at("2026-06-01T23:30:00Z"), at("2026-06-01T22:30:00Z")];
        let values = [150.0, 140.0, 130.0];
        assert_eq!(days(&times, &values, Tz::UTC), [135.0, 150.0]);
        assert_eq!(days(&times, &values, Tz::Europe__London), [130.0, 140.0, 150.0], "half past midnight in summer");
        assert_eq!(days(&[], &[], Tz::UTC), [0.0; 0]);
    }
}
