//! Made-up readings of a year: a few patients with one every five minutes, the others with a handful a week.

use chrono::TimeDelta;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock::{Clock, Timestamp};
use crate::ids::new_uuid;
use crate::readings::metric::Metric;

use super::clinic::Clinic;
use super::ground::Ground;
use super::random::Chance;

/// Days that are told.
const DAYS: usize = 365;
/// Stretches of five minutes in a day.
const STRETCHES: usize = 288;
/// Readings of a patient with a sensor.
const DENSE: usize = DAYS * STRETCHES;
/// Of a hundred readings, so many are of patients with a sensor.
const DENSE_SHARE: usize = 42;
/// Patients with a sensor, at least, where there are enough readings for them: one at each of the first facilities.
const SENSORS: usize = 8;
/// Readings of every other patient: pressure and pulse on every third day, weight once a week.
const SPARSE: usize = DAYS.div_ceil(3) * 2 + DAYS.div_ceil(7);

/// A batch of readings, column by column.
#[derive(Default)]
pub struct Readings {
    ids: Vec<Uuid>,
    patients: Vec<Uuid>,
    codes: Vec<&'static str>,
    units: Vec<&'static str>,
    times: Vec<Timestamp>,
    values: Vec<f64>,
    seconds: Vec<Option<f64>>,
}

/// How many patients have a sensor, and how many measure by hand, for so many readings.
fn shares(total: usize) -> (usize, usize) {
    let dense = (total * DENSE_SHARE / 100 / DENSE).max(SENSORS.min(total / DENSE));
    (dense, (total - dense * DENSE).div_ceil(SPARSE))
}

/// Makes some `total` readings in the order in which they were taken, so that those of one patient lie apart.
pub fn make(ground: &Ground, clinics: &[Clinic], total: usize, batch: usize, send: impl Fn(Readings)) {
    // One of each facility in turn.
    let longest = clinics.iter().map(|clinic| clinic.patients.len()).max().unwrap_or(0);
    let turns = (0..longest).flat_map(|place| clinics.iter().filter_map(move |clinic| clinic.patients.get(place)));
    let (dense, sparse) = shares(total);
    let mut patients = turns.copied();
    let sensors: Vec<Uuid> = patients.by_ref().take(dense).collect();
    let others: Vec<Uuid> = patients.take(sparse).collect();
    let mut chance = Chance::new(7 + ground.patients as u64);
    let begin = Clock::System.now() - TimeDelta::days(365);
    let mut readings = Readings::default();
    for stretch in 0..DENSE {
        let at = begin + TimeDelta::minutes(5) * i32::try_from(stretch).unwrap_or(i32::MAX);
        let (day, hour) = (stretch / STRETCHES, stretch % STRETCHES);
        for patient in &sensors {
            // Up after each of three meals.
            let meal = f64::from(u8::try_from(hour % 96).unwrap_or(0)) / 96.0;
            let value = 5.2 + 4.0 * (meal * std::f64::consts::PI).sin().powi(3) + tenths(&mut chance, 12);
            readings.add(*patient, Metric::Glucose, at, (round(value), None));
        }
        // Everybody at their own time of day.
        for (number, patient) in others.iter().enumerate().skip(hour).step_by(STRETCHES) {
            if (day + number) % 3 == 0 {
                let systolic = 118.0 + tenths(&mut chance, 320).round();
                let diastolic = 72.0 + tenths(&mut chance, 220).round();
                readings.add(*patient, Metric::BloodPressure, at, (systolic, Some(diastolic)));
                readings.add(*patient, Metric::HeartRate, at, (58.0 + tenths(&mut chance, 360).round(), None));
            }
            if (day + number) % 7 == 0 {
                readings.add(*patient, Metric::Weight, at, (round(74.0 + tenths(&mut chance, 30)), None));
            }
        }
        if readings.ids.len() >= batch {
            send(std::mem::take(&mut readings));
        }
    }
    if !readings.ids.is_empty() {
        send(readings);
    }
}

/// So many tenths, at most.
fn tenths(chance: &mut Chance, most: usize) -> f64 {
    f64::from(u32::try_from(chance.below(most)).unwrap_or(0)) / 10.0
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl Readings {
    fn add(&mut self, patient: Uuid, metric: Metric, at: Timestamp, (value, second): (f64, Option<f64>)) {
        self.ids.push(new_uuid());
        self.patients.push(patient);
        self.codes.push(metric.as_str());
        self.units.push(metric.unit());
        self.times.push(at);
        self.values.push(value);
        self.seconds.push(second);
    }
}

/// Writes a batch; how many rows it was.
///
/// # Errors
/// Where the database refuses a row.
pub async fn write(conn: &mut PgConnection, ground: &Ground, readings: &Readings) -> anyhow::Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO observation (organization_id, id, patient_id, code, unit, effective_at, value_num, value2_num, interpretation, source)
         SELECT $1, o.id, o.patient, o.code, o.unit, o.at, o.value, o.second,
                CASE WHEN kit.range_holds(m, p.date_of_birth, o.at) THEN kit.interpretation(m, o.value, o.second) END, 'DEVICE'
         FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::float8[], $8::float8[])
              AS o (id, patient, code, unit, at, value, second)
         JOIN metric AS m ON m.code = o.code
         JOIN patient AS p ON p.organization_id = $1 AND p.id = o.patient",
        ground.organization,
        &readings.ids,
        &readings.patients,
        &readings.codes as &[&str],
        &readings.units as &[&str],
        &readings.times as &[Timestamp],
        &readings.values,
        &readings.seconds as &[Option<f64>],
    );
    Ok(done.execute(conn).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_million_readings_are_of_twenty_thousand_patients() {
        assert_eq!(shares(10_000_000).0, 39);
        assert!((19_000..21_000).contains(&shares(10_000_000).1), "{:?}", shares(10_000_000));
        assert_eq!(shares(1_000_000).0, SENSORS);
        assert_eq!(shares(20_000).0, 0);
        assert_eq!(shares(0), (0, 0));
    }
}
