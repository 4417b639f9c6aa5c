//! What can be measured, in which unit, and which values are impossible, unlikely, in range or critical.
//!
//! The table `metric` holds the same numbers, with the sources of the ranges, for what looks from inside the database; a
//! test compares the two.

use chrono::NaiveDate;

use crate::clock::Timestamp;
use crate::named::named;

named! {
    /// What was measured.
    Metric {
        /// Systolic and diastolic.
        BloodPressure = "BLOOD_PRESSURE", "Blood pressure";
        /// Glucose in blood.
        Glucose = "GLUCOSE", "Glucose";
        /// Body weight.
        Weight = "WEIGHT", "Weight";
        /// Body mass index.
        Bmi = "BMI", "Body mass index";
        /// Beats per minute.
        HeartRate = "HEART_RATE", "Heart rate";
        /// Oxygen saturation.
        Spo2 = "SPO2", "Oxygen saturation";
        /// Breaths per minute.
        Respiration = "RESPIRATION", "Respiration";
        /// Body temperature.
        Temperature = "TEMPERATURE", "Temperature";
        /// Root mean square of successive differences between beats.
        HrvRmssd = "HRV_RMSSD", "Heart rate variability (RMSSD)";
        /// Standard deviation of the intervals between beats.
        HrvSdnn = "HRV_SDNN", "Heart rate variability (SDNN)";
        /// Share of glycated haemoglobin.
        A1c = "A1C", "HbA1c";
        /// Hours asleep.
        Sleep = "SLEEP", "Sleep";
        /// Steps of a day.
        Steps = "STEPS", "Steps";
        /// How the person feels, by their own scale.
        Mood = "MOOD", "Mood";
    }
}

named! {
    /// A reading against the reference range of its metric.
    Interpretation {
        /// At or below the lower limit at which somebody has to act.
        CriticallyLow = "CRITICALLY_LOW", "Critically low";
        /// Below the range.
        Low = "LOW", "Low";
        /// In range.
        Normal = "NORMAL", "In range";
        /// Above the range.
        High = "HIGH", "High";
        /// At or above the upper limit at which somebody has to act.
        CriticallyHigh = "CRITICALLY_HIGH", "Critically high";
    }
}

/// The limits of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// What lies outside is refused.
    pub possible: (f64, f64),
    /// What lies outside is asked about before it is kept.
    pub likely: (f64, f64),
    /// The reference range, both ends included.
    pub reference: Option<(f64, f64)>,
    /// This and less is critically low.
    pub critical_low: Option<f64>,
    /// This and more is critically high.
    pub critical_high: Option<f64>,
}

const fn limits(possible: (f64, f64), likely: (f64, f64), reference: Option<(f64, f64)>) -> Limits {
    Limits { possible, likely, reference, critical_low: None, critical_high: None }
}

impl Limits {
    const fn critical(self, low: Option<f64>, high: Option<f64>) -> Self {
        Self { critical_low: low, critical_high: high, ..self }
    }

    /// Whether `value` may be kept at all. NaN may not.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        (self.possible.0..=self.possible.1).contains(&value)
    }

    /// Whether nobody would wonder at `value`.
    #[must_use]
    pub fn expects(&self, value: f64) -> bool {
        (self.likely.0..=self.likely.1).contains(&value)
    }

    /// `value` against the reference range; none where there is no range.
    #[must_use]
    pub fn interpret(&self, value: f64) -> Option<Interpretation> {
        if self.critical_high.is_some_and(|limit| value >= limit) {
            return Some(Interpretation::CriticallyHigh);
        }
        if self.critical_low.is_some_and(|limit| value <= limit) {
            return Some(Interpretation::CriticallyLow);
        }
        let (low, high) = self.reference?;
        Some(match value {
            value if value > high => Interpretation::High,
            value if value < low => Interpretation::Low,
            _ => Interpretation::Normal,
        })
    }
}

impl Metric {
    /// The unit in which values are kept.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::BloodPressure => "mmHg",
            Self::Glucose => "mmol/L",
            Self::Weight => "kg",
            Self::Bmi => "kg/m²",
            Self::HeartRate | Self::Respiration => "/min",
            Self::Spo2 | Self::A1c => "%",
            Self::Temperature => "°C",
            Self::HrvRmssd | Self::HrvSdnn => "ms",
            Self::Sleep => "h",
            Self::Steps => "steps",
            Self::Mood => "of 10",
        }
    }

    /// Digits after the point that mean something.
    #[must_use]
    pub const fn decimals(self) -> usize {
        match self {
            Self::Glucose | Self::Weight | Self::Bmi | Self::Temperature | Self::A1c | Self::Sleep => 1,
            Self::BloodPressure
            | Self::HeartRate
            | Self::Spo2
            | Self::Respiration
            | Self::HrvRmssd
            | Self::HrvSdnn
            | Self::Steps
            | Self::Mood => 0,
        }
    }

    /// The name of the first value.
    #[must_use]
    pub const fn first_label(self) -> &'static str {
        match self {
            Self::BloodPressure => "Systolic",
            other => other.label(),
        }
    }

    /// The name of the second value, where there is one.
    #[must_use]
    pub const fn second_label(self) -> Option<&'static str> {
        match self {
            Self::BloodPressure => Some("Diastolic"),
            _ => None,
        }
    }

    /// The limits of the value, or of the first of two.
    #[must_use]
    pub const fn limits(self) -> Limits {
        match self {
            Self::BloodPressure => {
                limits((40.0, 300.0), (70.0, 220.0), Some((90.0, 139.0))).critical(Some(80.0), Some(180.0))
            }
            Self::Glucose => limits((0.5, 60.0), (2.2, 33.0), Some((3.9, 10.0))).critical(Some(2.9), Some(20.0)),
            Self::Weight => limits((0.3, 650.0), (30.0, 250.0), None),
            Self::Bmi => limits((5.0, 250.0), (12.0, 80.0), Some((18.5, 24.9))),
            Self::HeartRate => {
                limits((10.0, 350.0), (35.0, 200.0), Some((51.0, 90.0))).critical(Some(40.0), Some(131.0))
            }
            Self::Spo2 => limits((30.0, 100.0), (70.0, 100.0), Some((96.0, 100.0))).critical(Some(91.0), None),
            Self::Respiration => limits((2.0, 120.0), (6.0, 60.0), Some((12.0, 20.0))).critical(Some(8.0), Some(25.0)),
            Self::Temperature => {
                limits((14.0, 46.0), (34.0, 41.5), Some((36.1, 38.0))).critical(Some(35.0), Some(40.0))
            }
            Self::HrvRmssd => limits((1.0, 500.0), (4.0, 250.0), Some((19.0, 75.0))),
            Self::HrvSdnn => limits((1.0, 500.0), (4.0, 300.0), Some((32.0, 93.0))),
            Self::A1c => limits((2.0, 25.0), (3.5, 18.0), Some((4.0, 5.6))),
            Self::Sleep => limits((0.0, 24.0), (1.0, 16.0), Some((7.0, 9.0))),
            Self::Steps => limits((0.0, 200_000.0), (0.0, 60_000.0), None),
            Self::Mood => limits((1.0, 10.0), (1.0, 10.0), None),
        }
    }

    /// The limits of the second value, where there is one.
    #[must_use]
    pub const fn second_limits(self) -> Option<Limits> {
        match self {
            Self::BloodPressure => {
                Some(limits((20.0, 200.0), (40.0, 130.0), Some((60.0, 89.0))).critical(Some(40.0), Some(120.0)))
            }
            _ => None,
        }
    }

    /// The age in years from which the reference range and the critical limits hold; none where they hold at every age or there
    /// are none. The table `metric` names the sources.
    #[must_use]
    pub const fn holds_from_age(self) -> Option<u32> {
        match self {
            // NEWS2 is not to be used under 16.
            Self::HeartRate | Self::Spo2 | Self::Respiration | Self::Temperature => Some(16),
            // Of adults: NICE NG136, the classes of the WHO, Nunan 2010, the National Sleep Foundation.
            Self::BloodPressure | Self::Bmi | Self::HrvRmssd | Self::HrvSdnn | Self::Sleep => Some(18),
            Self::Glucose | Self::A1c | Self::Weight | Self::Steps | Self::Mood => None,
        }
    }

    /// Whether the ranges hold at `at` for somebody who was born on `born`. They do where that is not known.
    #[must_use]
    pub fn holds_for(self, born: Option<NaiveDate>, at: Timestamp) -> bool {
        match (self.holds_from_age(), born) {
            (Some(age), Some(born)) => at.date_naive().years_since(born).is_some_and(|years| years >= age),
            _ => true,
        }
    }

    /// Why nothing is judged, to somebody for whom the range does not hold.
    #[must_use]
    pub fn range_note(self) -> Option<String> {
        self.holds_from_age().map(|age| format!("The reference range is for people from {age} on."))
    }

    /// A reading at `at` of somebody born on `born` against the reference range, where that holds for them; the worse of two
    /// values counts.
    #[must_use]
    pub fn interpret(
        self,
        (value, second): (f64, Option<f64>),
        born: Option<NaiveDate>,
        at: Timestamp,
    ) -> Option<Interpretation> {
        self.holds_for(born, at).then(|| self.lies(value, second)).flatten()
    }

    fn lies(self, value: f64, second: Option<f64>) -> Option<Interpretation> {
        use Interpretation as I;
        let first = self.limits().interpret(value);
        let other = second.and_then(|second| self.second_limits()?.interpret(second));
        [I::CriticallyHigh, I::CriticallyLow, I::High, I::Low, I::Normal]
            .into_iter()
            .find(|worst| first == Some(*worst) || other == Some(*worst))
    }

    /// `152/94`, `84.2`: the value as it is written, without its unit.
    #[must_use]
    pub fn write(self, value: f64, second: Option<f64>) -> String {
        let one = |value| format!("{value:.*}", self.decimals());
        match second {
            Some(second) => format!("{}/{}", one(value), one(second)),
            None => one(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_worse_of_two_values_counts() {
        let pressure = |high, low| Metric::BloodPressure.lies(high, Some(low));
        assert_eq!(pressure(120.0, 80.0), Some(Interpretation::Normal));
        assert_eq!(pressure(120.0, 95.0), Some(Interpretation::High));
        assert_eq!(pressure(150.0, 120.0), Some(Interpretation::CriticallyHigh));
        assert_eq!(pressure(85.0, 50.0), Some(Interpretation::Low));
        assert_eq!(Metric::Weight.lies(500.0, None), None);
    }

    #[test]
    fn a_range_holds_from_a_birthday_on() {
        let born = NaiveDate::from_ymd_opt(2008, 2, 29);
        let at = |text: &str| text.parse::<Timestamp>().expect("a moment");
        let (child, grown) = (at("2026-02-28T23:59:59Z"), at("2026-03-01T00:00:00Z"));
        let pressure = |born, at| Metric::BloodPressure.interpret((190.0, Some(95.0)), born, at);
        assert_eq!(pressure(born, child), None, "not critical either");
        assert_eq!(pressure(born, grown), Some(Interpretation::CriticallyHigh));
        assert_eq!(pressure(None, child), Some(Interpretation::CriticallyHigh), "where the age is not known");
        assert_eq!(pressure(NaiveDate::from_ymd_opt(2027, 1, 1), child), None, "before birth");
        let pulse = |at: &str| Metric::HeartRate.interpret((95.0, None), born, at.parse().expect("a moment"));
        assert_eq!(pulse("2024-02-28T12:00:00Z"), None);
        assert_eq!(pulse("2024-02-29T00:00:00Z"), Some(Interpretation::High));
        let sugar = Metric::Glucose.interpret((2.5, None), born, at("2010-01-01T00:00:00Z"));
        assert_eq!(sugar, Some(Interpretation::CriticallyLow), "at every age");
    }

    #[test]
    fn what_has_an_age_has_a_range() {
        for metric in Metric::ALL {
            assert!(metric.holds_from_age().is_none() || metric.limits().reference.is_some(), "{metric}");
            assert_eq!(metric.range_note().is_some(), metric.holds_from_age().is_some(), "{metric}");
        }
    }

    #[test]
    fn values_are_written_with_the_digits_that_mean_something() {
        assert_eq!(Metric::BloodPressure.write(152.0, Some(94.0)), "152/94");
        assert_eq!(Metric::Weight.write(84.25, None), "84.2");
    }

    proptest! {
        #[test]
        fn what_is_expected_is_possible_and_what_is_in_range_is_expected(value in proptest::num::f64::ANY) {
            for metric in Metric::ALL {
                for limits in [Some(metric.limits()), metric.second_limits()].into_iter().flatten() {
                    prop_assert!(!limits.expects(value) || limits.holds(value));
                    let normal = limits.interpret(value) == Some(Interpretation::Normal);
                    prop_assert!(!normal || value.is_nan() || limits.expects(value), "{metric} {value}");
                }
            }
        }
    }
}
