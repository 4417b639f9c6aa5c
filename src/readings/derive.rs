//! What follows from a reading by a formula. Each is a reading of its own, marked with the formula and what it came from.

use chrono::NaiveDate;

use super::metric::Metric;
use super::model::{NewReading, check};
use crate::ids::ObservationId;

/// RMSSD from SDNN, for devices that give only the latter (document 4): an approximation, good for one person's trend.
pub const RMSSD_FROM_SDNN: &str = "0.85·SDNN";

/// Body mass index.
pub const BMI_FROM_WEIGHT: &str = "kg/m²";

/// Below this age a body mass index is read against charts for children, which this is not.
const ADULT: i32 = 18;

/// What of a person the formulas and the ranges need.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Body {
    /// Height in centimetres.
    pub height_cm: Option<f64>,
    /// Date of birth.
    pub born: Option<NaiveDate>,
}

/// What follows from `reading` for somebody with this `body`.
#[must_use]
pub fn from_reading(reading: &NewReading, body: Body) -> Option<NewReading> {
    match reading.metric {
        Metric::HrvSdnn => derived(reading, Metric::HrvRmssd, reading.value * 0.85, RMSSD_FROM_SDNN),
        Metric::Weight => {
            let height = body.height_cm.filter(|_| is_adult(body.born, reading.at.date_naive()))?;
            let mut bmi = derived(reading, Metric::Bmi, bmi(reading.value, height)?, BMI_FROM_WEIGHT)?;
            bmi.detail = Some(serde_json::json!({ "weightKg": reading.value, "heightCm": height }));
            Some(bmi)
        }
        _ => None,
    }
}

fn is_adult(born: Option<NaiveDate>, on: NaiveDate) -> bool {
    born.is_some_and(|born| on.years_since(born).is_some_and(|years| years.cast_signed() >= ADULT))
}

/// Kilograms over the square of the height in metres; none for a height that nobody has.
#[must_use]
pub fn bmi(weight_kg: f64, height_cm: f64) -> Option<f64> {
    let metres = height_cm / 100.0;
    let bmi = weight_kg / (metres * metres);
    (height_cm >= 20.0 && bmi.is_finite()).then_some(bmi)
}

fn derived(from: &NewReading, metric: Metric, value: f64, formula: &'static str) -> Option<NewReading> {
    let value = (value * 100.0).round() / 100.0;
    check(metric, value, None).ok()?;
    Some(NewReading {
        id: ObservationId::new(),
        metric,
        value,
        second: None,
        derived: Some((from.id, formula)),
        corrects: None,
        metadata: None,
        detail: None,
        ..from.clone()
    })
}

/// Whether a medicine of the GLP-1 class may be considered for weight: from a body mass index of 30, or of 27 with a
/// condition that weight makes worse (document 4; FDA labels of semaglutide and tirzepatide).
#[must_use]
pub fn glp1_eligible(bmi: f64, has_weight_related_condition: bool) -> bool {
    bmi >= 30.0 || (bmi >= 27.0 && has_weight_related_condition)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Timestamp;
    use crate::ids::PatientId;

    fn now() -> Timestamp {
        Timestamp::from_timestamp(1_763_700_000, 0).expect("a moment")
    }

    fn reading(metric: Metric, value: f64) -> NewReading {
        NewReading::new(PatientId::NIL, metric, (value, None), now(), now()).expect("possible")
    }

    fn body(height_cm: f64, born: i32) -> Body {
        Body { height_cm: Some(height_cm), born: NaiveDate::from_ymd_opt(born, 1, 1) }
    }

    #[test]
    fn a_derived_reading_says_how_and_from_what() {
        let sdnn = reading(Metric::HrvSdnn, 50.0);
        let rmssd = from_reading(&sdnn, Body::default()).expect("derived");
        assert_eq!((rmssd.metric, rmssd.value, rmssd.derived), (Metric::HrvRmssd, 42.5, Some((sdnn.id, "0.85·SDNN"))));

        let weight = reading(Metric::Weight, 80.0);
        let bmi = from_reading(&weight, body(178.0, 1980)).expect("derived");
        assert_eq!((bmi.metric, bmi.value), (Metric::Bmi, 25.25));
        assert_eq!(bmi.detail.expect("detail")["heightCm"], 178.0);
    }

    #[test]
    fn no_index_without_a_height_and_none_for_children() {
        let weight = reading(Metric::Weight, 80.0);
        for body in [Body::default(), body(0.0, 1980), body(178.0, 2015), Body { born: None, ..body(178.0, 1980) }] {
            assert_eq!(from_reading(&weight, body), None, "{body:?}");
        }
    }

    #[test]
    fn eligibility_has_two_doors() {
        assert!(glp1_eligible(30.0, false) && glp1_eligible(27.0, true));
        assert!(!glp1_eligible(29.99, false) && !glp1_eligible(26.99, true));
    }

    proptest! {
        #[test]
        fn no_height_makes_an_index_that_is_not_a_number(weight in proptest::num::f64::ANY, height in proptest::num::f64::ANY) {
            prop_assert!(bmi(weight, height).is_none_or(f64::is_finite));
        }
    }
}
