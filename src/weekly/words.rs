//! A week in words: short sentences for patients, numbers for staff.

use super::model::{Daily, Direction, Measured, Summary, Trend};
use crate::readings::metric::Metric;

/// One thing that was measured, for a patient.
#[derive(Debug)]
pub struct Told {
    /// `Your blood pressure`
    pub what: &'static str,
    /// `On average 148 over 94.`
    pub number: String,
    /// `That is higher than the week before.`
    pub change: String,
}

/// What a week says to the patient, part by part; what was not measured is not in it.
pub fn told(summary: &Summary) -> Vec<Told> {
    let pressure = summary.bp_trend.as_ref().map(|trend| Told {
        what: "Blood pressure",
        number: match trend.second {
            Some(second) => format!("On average {:.0} over {second:.0}.", trend.mean),
            None => format!("On average {:.0}.", trend.mean),
        },
        change: change(trend.direction),
    });
    let glucose = summary.glucose_trend.as_ref().map(|trend| Told {
        what: "Sugar",
        number: format!("On average {:.1}.", trend.mean),
        change: change(trend.direction),
    });
    let weight = summary.weight_trend.as_ref().map(|trend| Told {
        what: "Weight",
        number: format!("On average {:.1} kilograms.", trend.mean),
        change: change(trend.direction),
    });
    let steps = summary.steps.as_ref().map(|daily| Told {
        what: "Steps",
        number: format!("About {} steps a day.", thousands(daily.per_day)),
        change: compared(daily, 0.1),
    });
    let sleep = summary.sleep.as_ref().map(|daily| Told {
        what: "Sleep",
        number: format!("About {} a night.", hours(daily.per_day)),
        change: compared(daily, 0.05),
    });
    [pressure, glucose, weight, steps, sleep].into_iter().flatten().collect()
}

fn change(direction: Direction) -> String {
    match direction {
        Direction::Up => "That is higher than the week before.",
        Direction::Down => "That is lower than the week before.",
        Direction::Steady => "That is about the same as the week before.",
        Direction::Unknown => "There are too few readings to say if it changed.",
    }
    .to_owned()
}

/// Of what belongs to a day: the same within so much of what it was.
fn compared(daily: &Daily, share: f64) -> String {
    match daily.before {
        Some(before) if daily.per_day > before * (1.0 + share) => "That is more than the week before.",
        Some(before) if daily.per_day < before * (1.0 - share) => "That is less than the week before.",
        Some(_) => "That is about the same as the week before.",
        None => "",
    }
    .to_owned()
}

/// To the nearest hundred: nobody counts single steps. `12,300`
#[expect(clippy::cast_possible_truncation, reason = "a person makes fewer steps than that")]
fn thousands(steps: f64) -> String {
    let hundreds = (steps / 100.0).round() as i64;
    match (hundreds / 10, hundreds % 10 * 100) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}

/// `7 hours`, `6 and a half hours`
#[expect(clippy::cast_possible_truncation, reason = "a day has 24 hours")]
fn hours(value: f64) -> String {
    let halves = (value * 2.0).round() as i64;
    match (halves / 2, halves % 2) {
        (0, 0) => "less than half an hour".to_owned(),
        (0, _) => "half an hour".to_owned(),
        (1, 0) => "1 hour".to_owned(),
        (1, _) => "an hour and a half".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (hours, _) => format!("{hours} and a half hours"),
    }
}

/// A line of the table for staff: what, how much, the week before, which way.
#[derive(Debug)]
pub struct Line {
    /// The metric.
    pub what: &'static str,
    /// `148/94 mmHg`
    pub mean: String,
    /// `139 mmHg`
    pub before: String,
    /// In words.
    pub way: &'static str,
}

/// The lines of a week for staff.
pub fn lines(summary: &Summary) -> Vec<Line> {
    let of_trend = |metric: Metric, trend: &Option<Trend>| {
        trend.as_ref().map(|trend| Line {
            what: metric.label(),
            mean: format!("{} {}", metric.write(trend.mean, trend.second), metric.unit()),
            before: trend.before.map(|value| metric.write(value, None)).unwrap_or_default(),
            way: trend.direction.words(),
        })
    };
    let of_daily = |metric: Metric, daily: &Option<Daily>| {
        daily.as_ref().map(|daily| Line {
            what: metric.label(),
            mean: format!("{} {} a day", metric.write(daily.per_day, None), metric.unit()),
            before: daily.before.map(|value| metric.write(value, None)).unwrap_or_default(),
            way: "",
        })
    };
    [
        of_trend(Metric::BloodPressure, &summary.bp_trend),
        of_trend(Metric::Glucose, &summary.glucose_trend),
        of_trend(Metric::Weight, &summary.weight_trend),
        of_daily(Metric::Steps, &summary.steps),
        of_daily(Metric::Sleep, &summary.sleep),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `Weight on 5 days (usually 7), 12 of 14 in the goal`
pub fn measured(one: &Measured) -> String {
    let what = one.code.parse::<Metric>().map_or_else(|_| one.code.clone(), |metric| metric.label().to_owned());
    let days = if one.days == 1 { "day" } else { "days" };
    let usual = if one.usual > 0 { format!(" (usually {})", one.usual) } else { String::new() };
    let goal = match one.in_goal {
        Some(met) if one.count > 0 => format!(", {met} of {} in the goal", one.count),
        Some(_) | None => String::new(),
    };
    format!("{what} on {} {days}{usual}{goal}", one.days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_as_people_say_them() {
        assert_eq!(hours(6.74), "6 and a half hours");
        assert_eq!(hours(6.76), "7 hours");
        assert_eq!(hours(1.4), "an hour and a half");
        assert_eq!(hours(0.2), "less than half an hour");
        assert_eq!(thousands(5249.0), "5,200");
    }
}
