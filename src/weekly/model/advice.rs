//! What follows from a week, and from which age on.

use serde::{Deserialize, Serialize};

/// What a week is judged by, at an age. What was found in adults is said of adults only; where the age is not known, only what holds at
/// every age is said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Whether blood pressure and a jump in weight are judged: from 18 years. NICE NG136 and the ESC guideline are about adults; of
    /// children blood pressure goes by tables for age, sex and height (ESH 2016), and they gain weight by growing.
    pub adult: bool,
    /// Whether glucose is judged: from one year. The targets are the same for children and adults with diabetes (Battelino 2019), but
    /// not those of newborns.
    pub glucose: bool,
    /// Hours of sleep a day. Hirshkowitz and others, Sleep Health 2015 (National Sleep Foundation): the lower end for the age.
    pub sleep: Option<f64>,
    /// Steps a day. Adults: Paluch and others, Lancet Public Health 2022, where most of the benefit lies below 8,000 for those over 60
    /// and below 10,000 for younger people. From 6 to 17 years: Tudor-Locke and others, Int J Behav Nutr Phys Act 2011, the lower end of
    /// what an hour of activity a day comes to. Of younger children steps say little.
    pub steps: Option<f64>,
}

/// Months.
const YEAR: u16 = 12;

impl Limits {
    /// At an age in whole months.
    #[must_use]
    pub fn at(months: Option<u16>) -> Self {
        let Some(months) = months else { return Self { adult: false, glucose: true, sleep: None, steps: None } };
        let sleep = match months {
            0..4 => 14.0,
            4..12 => 12.0,
            12..36 => 11.0,
            36..72 => 10.0,
            72..168 => 9.0,
            168..216 => 8.0,
            216.. => 7.0,
        };
        let steps = match months / YEAR {
            0..6 => None,
            6..12 => Some(11_000.0),
            12..18 => Some(10_000.0),
            18..60 => Some(7_000.0),
            60.. => Some(6_000.0),
        };
        Self { adult: months >= 18 * YEAR, glucose: months >= YEAR, sleep: Some(sleep), steps }
    }

    /// `7`
    fn hours(&self) -> f64 {
        self.sleep.unwrap_or(7.0)
    }

    /// `7,000`
    fn thousands(&self) -> String {
        format!("{:.0},000", self.steps.unwrap_or(7_000.0) / 1_000.0)
    }
}

/// What follows from a week, by a rule that anybody can check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Advice {
    /// The mean of at least three home readings is 135 systolic or 85 diastolic, or more. NICE NG136 (2019), 1.2; adults.
    BloodPressureHigh,
    /// A glucose below 3.9 mmol/L was measured. Battelino and others, Diabetes Care 2019: level 1 hypoglycaemia.
    GlucoseLow,
    /// Of at least three readings of glucose, fewer than 70 of 100 lie from 3.9 to 10.0 mmol/L. The same consensus.
    GlucoseOutOfRange,
    /// The mean weight is 2 kg or more above that of the week before. ESC guideline on heart failure (2021), 4.4 on
    /// self-care, asks for a call from 2 kg on; adults.
    WeightJump,
    /// Less sleep on average, of at least three nights, than [`Limits::sleep`].
    SleepShort,
    /// Fewer steps a day on average, of at least three days, than [`Limits::steps`].
    StepsFew,
    /// Something was measured on at least two days fewer than usual. Our own rule: one missed day happens to everybody.
    MeasureMore,
    /// Something was measured for which there is no limit at this age, or the age is not known. Then nothing is called steady.
    NotJudged,
    /// None of the above.
    KeepGoing,
}

impl Advice {
    /// For staff, with the rule.
    #[must_use]
    pub fn for_staff(self, limits: &Limits) -> String {
        match self {
            Self::BloodPressureHigh => "Mean blood pressure at or above 135/85 at home (NICE NG136): review treatment",
            Self::GlucoseLow => "Glucose below 3.9 mmol/L (Battelino 2019): ask about low sugar and its cause",
            Self::GlucoseOutOfRange => "Fewer than 70 of 100 glucose readings in 3.9–10.0 mmol/L (Battelino 2019)",
            Self::WeightJump => "Weight up by 2 kg or more within a week (ESC 2021): look for fluid",
            Self::SleepShort => {
                let at = if limits.adult { "" } else { " at this age" };
                return format!(
                    "Less than {} hours of sleep on average (National Sleep Foundation 2015{at})",
                    limits.hours()
                );
            }
            Self::StepsFew => {
                let source = if limits.adult { "Paluch 2022" } else { "Tudor-Locke 2011, at this age" };
                return format!("Fewer than {} steps a day ({source})", limits.thousands());
            }
            Self::MeasureMore => "Measured on at least two days fewer than usual",
            Self::NotJudged => {
                "Not all was judged: there are limits here for adults only, or the date of birth is missing. Of a child, compare blood \
                 pressure and weight with tables for age, sex and height (ESH 2016)"
            }
            Self::KeepGoing => "Nothing stands out",
        }
        .to_owned()
    }

    /// For the patient, in words of every day: what it means, and what to do.
    #[must_use]
    pub fn for_patient(self, limits: &Limits) -> (String, &'static str) {
        let (what, then) = match self {
            Self::BloodPressureHigh => (
                "Your blood pressure was high this week.",
                "Keep taking your medicines. Your care team sees these numbers. If you are worried, write to us.",
            ),
            Self::GlucoseLow => (
                "Your sugar was too low at least once.",
                "If you feel shaky or sweaty, eat or drink something sweet at once. Then tell us about it.",
            ),
            Self::GlucoseOutOfRange => (
                "Your sugar was often too high or too low.",
                "Write to us if you do not know why. We can look at it with you.",
            ),
            Self::WeightJump => (
                "Your weight went up fast.",
                "Call us today if your legs swell or you are short of breath. If not, weigh yourself again tomorrow.",
            ),
            Self::SleepShort => {
                let what = format!("You slept less than {} hours a night.", limits.hours());
                return (what, "Try to go to bed at the same time each day.");
            }
            Self::StepsFew if limits.adult => {
                ("You could walk a little more.", "Even ten minutes more each day helps your heart.")
            }
            Self::StepsFew => (
                "You could move a little more.",
                "Play, sport and the way to school all count. Aim for an hour each day.",
            ),
            Self::MeasureMore => (
                "You measured on fewer days than before.",
                "If something stops you, tell us. If not, try to measure as often as before.",
            ),
            Self::NotJudged => (
                "Your care team looks at these numbers.",
                "What is right for you depends on your age. Ask us if you wonder about a number.",
            ),
            Self::KeepGoing => ("Everything looks steady.", "Well done. Keep going like this."),
        };
        (what.to_owned(), then)
    }

    /// The tone and the icon of it.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::BloodPressureHigh | Self::GlucoseLow | Self::WeightJump => "high",
            Self::GlucoseOutOfRange | Self::MeasureMore => "warn",
            Self::SleepShort | Self::StepsFew | Self::NotJudged => "info",
            Self::KeepGoing => "ok",
        }
    }
}
