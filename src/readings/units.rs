//! Units, as people and devices write them, and their way into the one unit in which a metric is kept.

use super::metric::Metric;

/// One way of writing a unit: the name, and how a value becomes one in the unit of the metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// As people read it.
    pub name: &'static str,
    factor: f64,
    /// Added before the factor is applied.
    offset: f64,
}

const fn times(name: &'static str, factor: f64) -> Unit {
    Unit { name, factor, offset: 0.0 }
}

/// Pounds, exactly (international agreement of 1959).
const POUND: f64 = 0.453_592_37;

/// mg/dL to mmol/L: the molar mass of glucose is 180.156 g/mol.
const GLUCOSE: f64 = 10.0 / 180.156;

impl Unit {
    /// `value` in the unit of the metric, to four decimals: what is typed twice is the same twice.
    #[must_use]
    pub fn convert(self, value: f64) -> f64 {
        round((value + self.offset) * self.factor)
    }

    /// Back again, for a form that shows what was typed.
    #[must_use]
    pub fn revert(self, value: f64) -> f64 {
        round(value / self.factor - self.offset)
    }
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

impl Metric {
    /// The units in which people give this metric, the one in which it is kept first.
    #[must_use]
    pub const fn units(self) -> &'static [Unit] {
        match self {
            Self::BloodPressure => const { &[times("mmHg", 1.0), times("kPa", 7.500_62)] },
            Self::Glucose => const { &[times("mmol/L", 1.0), times("mg/dL", GLUCOSE)] },
            Self::Weight => {
                const { &[times("kg", 1.0), times("lb", POUND), times("g", 0.001), times("st", POUND * 14.0)] }
            }
            Self::Bmi => const { &[times("kg/m²", 1.0)] },
            Self::HeartRate | Self::Respiration => const { &[times("/min", 1.0)] },
            Self::Spo2 => const { &[times("%", 1.0)] },
            // Mole fraction to percent: the master equation of the IFCC and the NGSP.
            Self::A1c => {
                const { &[times("%", 1.0), Unit { name: "mmol/mol", factor: 0.091_48, offset: 2.152 / 0.091_48 }] }
            }
            Self::Temperature => const { &[times("°C", 1.0), Unit { name: "°F", factor: 5.0 / 9.0, offset: -32.0 }] },
            Self::HrvRmssd | Self::HrvSdnn => const { &[times("ms", 1.0), times("s", 1000.0)] },
            Self::Sleep => const { &[times("h", 1.0), times("min", 1.0 / 60.0), times("s", 1.0 / 3600.0)] },
            Self::Steps => const { &[times("steps", 1.0)] },
            Self::Mood => const { &[times("of 10", 1.0)] },
        }
    }

    /// The unit of that name, as people, UCUM and Apple write it. The unit of the metric where none is given.
    #[must_use]
    pub fn unit_called(self, name: &str) -> Option<Unit> {
        let name = name.trim();
        if name.is_empty() {
            return self.units().first().copied();
        }
        let plain = match name {
            "lbs" | "[lb_av]" | "pounds" | "pound" => "lb",
            "stone" | "[stone_av]" => "st",
            "degF" | "[degF]" | "F" | "℉" => "°F",
            "degC" | "Cel" | "C" | "℃" => "°C",
            "mm[Hg]" => "mmHg",
            "bpm" | "count/min" | "{beats}/min" | "{breaths}/min" | "1/min" | "per min" | "breaths/min"
            | "beats/min" => "/min",
            "mmol<180.1558800000541>/L" | "mmol/l" => "mmol/L",
            "mg/dl" => "mg/dL",
            "kg/m2" | "count" if matches!(self, Self::Bmi) => "kg/m²",
            "count" | "{steps}" | "1" if matches!(self, Self::Steps) => "steps",
            "1" | "score" | "{score}" | "/10" if matches!(self, Self::Mood) => "of 10",
            "hr" | "hours" => "h",
            other => other,
        };
        self.units().iter().copied().find(|unit| unit.name == plain)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn convert(metric: Metric, value: f64, unit: &str) -> f64 {
        metric.unit_called(unit).expect("a unit").convert(value)
    }

    #[test]
    fn known_values_come_out_right() {
        assert!((convert(Metric::Weight, 170.0, "lb") - 77.1107).abs() < 1e-9);
        assert!((convert(Metric::Temperature, 98.6, "°F") - 37.0).abs() < 1e-9);
        assert!((convert(Metric::Glucose, 100.0, "mg/dL") - 5.5507).abs() < 1e-9);
        assert!((convert(Metric::A1c, 48.0, "mmol/mol") - 6.543).abs() < 1e-3);
        assert!((convert(Metric::Sleep, 450.0, "min") - 7.5).abs() < 1e-9);
        assert_eq!(Metric::Weight.unit_called("furlong"), None);
        assert_eq!(Metric::Spo2.unit_called("°C"), None);
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same(value in 1.0..600.0f64) {
            for metric in Metric::ALL {
                for unit in metric.units() {
                    let back = unit.revert(unit.convert(value));
                    // Four decimals of the larger unit.
                    prop_assert!((back - value).abs() <= 0.0002 / unit.factor.min(1.0) + 1e-3, "{metric} {} {value} {back}", unit.name);
                }
            }
        }
    }
}
