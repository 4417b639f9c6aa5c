//! What a reading is: only what is possible becomes one.

use uuid::Uuid;

use super::metric::{Interpretation, Metric};
use crate::clock::Timestamp;
use crate::ids::{DeviceConnectionId, ObservationId, PatientId};
use crate::named::named;

named! {
    /// Where a reading comes from.
    Source {
        /// Apple's store of health data.
        Healthkit = "HEALTHKIT", "Apple Health";
        /// The patient typed it.
        Manual = "MANUAL", "Patient";
        /// A device, or its maker's cloud.
        Device = "DEVICE", "Device";
        /// Staff measured it.
        Clinician = "CLINICIAN", "Staff";
        /// A file.
        Import = "IMPORT", "File";
    }
}

named! {
    /// Who makes a device.
    Vendor {
        /// Apple.
        Apple = "APPLE", "Apple";
        /// Oura.
        Oura = "OURA", "Oura";
        /// Fitbit.
        Fitbit = "FITBIT", "Fitbit";
        /// Garmin.
        Garmin = "GARMIN", "Garmin";
        /// Withings.
        Withings = "WITHINGS", "Withings";
    }
}

named! {
    /// What the person did while the variability of their heart rate was measured.
    Context {
        /// Slept.
        Sleep = "SLEEP", "Asleep";
        /// Rested.
        Rest = "REST", "At rest";
        /// Worked out.
        Workout = "WORKOUT", "Working out";
        /// Nobody knows.
        Unknown = "UNKNOWN", "Not known";
    }
}

named! {
    /// Whether a reading stands.
    Status {
        /// It stands.
        Final = "FINAL", "Final";
        /// It was a mistake, and is kept as one.
        EnteredInError = "ENTERED_IN_ERROR", "Entered in error";
    }
}

/// How far ahead of ours a clock may be.
pub const CLOCK_SKEW: chrono::TimeDelta = chrono::TimeDelta::minutes(15);

/// Nobody's reading is older.
pub const FIRST_YEAR: i32 = 1900;

/// Why something is not a reading, and of which field that is said: `value`, `second`, `at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The field.
    pub field: &'static str,
    /// In words.
    pub message: String,
}

impl Refusal {
    /// `message` about `field`.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// A reading that may be kept.
#[derive(Clone, Debug, PartialEq)]
pub struct NewReading {
    pub(super) id: ObservationId,
    pub(super) patient: PatientId,
    pub(super) metric: Metric,
    pub(super) at: Timestamp,
    pub(super) value: f64,
    pub(super) second: Option<f64>,
    pub(super) source: Source,
    pub(super) vendor: Option<Vendor>,
    pub(super) connection: Option<DeviceConnectionId>,
    pub(super) group: Option<Uuid>,
    pub(super) context: Option<Context>,
    pub(super) detail: Option<serde_json::Value>,
    pub(super) metadata: Option<serde_json::Value>,
    pub(super) corrects: Option<ObservationId>,
    pub(super) derived: Option<(ObservationId, &'static str)>,
}

impl NewReading {
    /// A reading of `patient`, in the unit of the metric, where it is possible.
    ///
    /// # Errors
    /// The first field that makes it impossible, and why.
    pub fn new(
        patient: PatientId,
        metric: Metric,
        (value, second): (f64, Option<f64>),
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        check(metric, value, second)?;
        moment(at, now)?;
        Ok(Self {
            id: ObservationId::new(),
            patient,
            metric,
            at,
            value,
            second,
            source: Source::Clinician,
            vendor: None,
            connection: None,
            group: None,
            context: None,
            detail: None,
            metadata: None,
            corrects: None,
            derived: None,
        })
    }

    /// Where it comes from; staff, where nothing is said.
    #[must_use]
    pub const fn from(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    /// The maker of the device, and the linked device where it is one.
    #[must_use]
    pub const fn by_device(mut self, vendor: Option<Vendor>, connection: Option<DeviceConnectionId>) -> Self {
        self.vendor = vendor;
        self.connection = connection;
        self
    }

    /// Measured together with others under this id.
    #[must_use]
    pub const fn grouped(mut self, group: Option<Uuid>) -> Self {
        self.group = group;
        self
    }

    /// What the person did meanwhile. Means something for the variability of the heart rate only.
    #[must_use]
    pub fn during(mut self, context: Option<Context>) -> Self {
        self.context = context.filter(|_| matches!(self.metric, Metric::HrvRmssd | Metric::HrvSdnn));
        self
    }

    /// What else its source said.
    #[must_use]
    pub fn saying(mut self, metadata: Option<serde_json::Value>) -> Self {
        self.metadata = metadata;
        self
    }

    /// The reading that was wrong and that this one replaces.
    #[must_use]
    pub const fn correcting(mut self, wrong: Option<ObservationId>) -> Self {
        self.corrects = wrong;
        self
    }

    /// Its id, once it is kept.
    #[must_use]
    pub const fn id(&self) -> ObservationId {
        self.id
    }

    /// The patient.
    #[must_use]
    pub const fn patient(&self) -> PatientId {
        self.patient
    }

    /// What was measured.
    #[must_use]
    pub const fn metric(&self) -> Metric {
        self.metric
    }

    /// When.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether it was computed from another.
    #[must_use]
    pub const fn is_derived(&self) -> bool {
        self.derived.is_some()
    }

    /// Value and second value.
    #[must_use]
    pub const fn value(&self) -> (f64, Option<f64>) {
        (self.value, self.second)
    }

    /// Against the reference range, for somebody born on `born`; none where there is no range for them.
    #[must_use]
    pub fn interpretation(&self, born: Option<chrono::NaiveDate>) -> Option<Interpretation> {
        self.metric.interpret(self.value(), born, self.at)
    }

    /// What somebody should be asked about before it is kept, in words; nothing where it is as expected.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let doubt = |name: &str, value: f64, (_, high): (f64, f64)| {
            let side = if value > high { "unusually high" } else { "unusually low" };
            format!("{name} {} {} is {side}", self.metric.write(value, None), self.metric.unit())
        };
        let first = self.metric.limits();
        let mut doubts = Vec::new();
        if !first.expects(self.value) {
            doubts.push(doubt(self.metric.first_label(), self.value, first.likely));
        }
        if let (Some(second), Some(limits), Some(name)) =
            (self.second, self.metric.second_limits(), self.metric.second_label())
        {
            if !limits.expects(second) {
                doubts.push(doubt(name, second, limits.likely));
            }
            if self.value - second < 15.0 {
                doubts.push(format!("{} and {} are unusually close", self.metric.first_label(), name.to_lowercase()));
            }
        }
        doubts
    }
}

/// Whether the values are possible.
///
/// # Errors
/// Of which of the two it is not, and why.
pub fn check(metric: Metric, value: f64, second: Option<f64>) -> Result<(), Refusal> {
    let outside = |name: &str, (low, high): (f64, f64)| {
        format!("{name} lies between {} and {} {}", written(low), written(high), metric.unit())
    };
    let limits = metric.limits();
    if !limits.holds(value) {
        return Err(Refusal::new("value", outside(metric.first_label(), limits.possible)));
    }
    match (metric.second_label().zip(metric.second_limits()), second) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Refusal::new("second", format!("{} is one value, not two", metric.label()))),
        (Some((name, _)), None) => Err(Refusal::new("second", format!("Give the {} value too", name.to_lowercase()))),
        (Some((name, limits)), Some(second)) if !limits.holds(second) => {
            Err(Refusal::new("second", outside(name, limits.possible)))
        }
        (Some((name, _)), Some(second)) if second >= value => {
            Err(Refusal::new("second", format!("{name} must be lower than {}", metric.first_label().to_lowercase())))
        }
        (Some(_), Some(_)) => Ok(()),
    }
}

fn written(limit: f64) -> String {
    crate::web::format::number(limit, 1)
}

/// Whether something can have been measured then.
fn moment(at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    use chrono::Datelike as _;
    if at > now + CLOCK_SKEW {
        return Err(Refusal::new("at", "The time of the reading lies in the future"));
    }
    if at.year() < FIRST_YEAR {
        return Err(Refusal::new("at", "The time of the reading lies before 1900"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_timestamp(1_763_700_000, 0).expect("a moment")
    }

    fn reading(metric: Metric, value: f64, second: Option<f64>) -> Result<NewReading, Refusal> {
        NewReading::new(PatientId::NIL, metric, (value, second), now(), now())
    }

    fn refused(metric: Metric, value: f64, second: Option<f64>) -> &'static str {
        reading(metric, value, second).expect_err("refused").field
    }

    #[test]
    fn the_impossible_is_refused_by_name() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1.0, 101.0] {
            assert_eq!(refused(Metric::Spo2, value, None), "value", "{value}");
        }
        assert_eq!(refused(Metric::BloodPressure, 80.0, Some(120.0)), "second");
        assert_eq!(refused(Metric::BloodPressure, 120.0, Some(120.0)), "second");
        assert_eq!(refused(Metric::BloodPressure, 120.0, None), "second");
        assert_eq!(refused(Metric::Weight, 80.0, Some(1.0)), "second");
    }

    #[test]
    fn moments_lie_between_1900_and_now() {
        let at = |seconds| {
            NewReading::new(
                PatientId::NIL,
                Metric::Weight,
                (80.0, None),
                Timestamp::from_timestamp(seconds, 0).unwrap(),
                now(),
            )
        };
        assert!(at(1_763_700_800).is_ok(), "a clock may be a little fast");
        assert_eq!(at(1_763_701_000).expect_err("the future").field, "at");
        assert_eq!(at(-2_240_524_800).expect_err("1899").field, "at");
    }

    #[test]
    fn the_unlikely_is_asked_about() {
        assert_eq!(reading(Metric::Weight, 400.0, None).unwrap().doubts(), ["Weight 400.0 kg is unusually high"]);
        assert_eq!(reading(Metric::BloodPressure, 125.0, Some(120.0)).unwrap().doubts().len(), 1);
        assert!(reading(Metric::BloodPressure, 184.0, Some(102.0)).unwrap().doubts().is_empty());
    }

    proptest! {
        #[test]
        fn whatever_becomes_a_reading_is_finite_and_ordered(value in proptest::num::f64::ANY, second in proptest::option::of(proptest::num::f64::ANY)) {
            for metric in Metric::ALL {
                if let Ok(reading) = reading(*metric, value, second) {
                    prop_assert!(reading.value.is_finite());
                    prop_assert!(reading.second.is_none_or(|second| second.is_finite() && second < reading.value));
                }
            }
        }
    }
}
