//! What a rule would have done: asked of the history before it is switched on.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use uuid::Uuid;

use super::model::{Condition, Op, Seen, Verdict};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId, PatientId};
use crate::web::format;

/// Days of history.
pub const DAYS: i16 = 90;

/// Patients that are looked at. Beyond that the answer is that of a part.
const PATIENTS: i64 = 2_000;

/// Patients in the list.
pub const LISTED: usize = 50;

/// Below this number of patients nobody is nearly everyone.
const FEW: usize = 8;

/// On whose history a rule is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's whom the reader sees.
    Everyone,
    /// Those of one facility.
    Facility(FacilityId),
    /// One patient's.
    Patient(PatientId),
}

impl From<Option<FacilityId>> for Whose {
    fn from(facility: Option<FacilityId>) -> Self {
        facility.map_or(Self::Everyone, Self::Facility)
    }
}

/// Somebody for whom it would have fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// Whom.
    pub patient: PatientId,
    /// Their family name.
    pub last_name: String,
    /// Their given name.
    pub first_name: String,
    /// How often.
    pub times: usize,
    /// When last.
    pub latest: Timestamp,
}

/// What a rule would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// For whom, the most often first.
    pub fired: Vec<Fired>,
    /// Patients with readings.
    pub measured: usize,
    /// Whether more patients are there than were looked at.
    pub partly: bool,
}

impl DryRun {
    /// How often.
    #[must_use]
    pub fn times(&self) -> usize {
        self.fired.iter().map(|one| one.times).sum()
    }

    /// Whether it would fire for nearly everyone: half of those measured, or more.
    #[must_use]
    pub fn nearly_everyone(&self) -> bool {
        self.fired.len() >= FEW && self.fired.len() * 2 >= self.measured
    }

    /// Of the history of one patient: "Would have fired 3 times for this patient in 90 days, last on 12-Nov-2026."
    #[must_use]
    pub fn words_of_one(&self, zone: Tz) -> String {
        match self.fired.first() {
            Some(one) => {
                let times = if one.times == 1 { "once".to_owned() } else { format!("{} times", one.times) };
                let last = format::date(one.latest.with_timezone(&zone).date_naive());
                format!("Would have fired {times} for this patient in {DAYS} days, last on {last}.")
            }
            None if self.measured == 0 => format!("There is nothing to try it on: not measured in {DAYS} days."),
            None => format!("Would not have fired for this patient in {DAYS} days."),
        }
    }

    /// "Would have fired 14 times for 9 patients in 90 days".
    #[must_use]
    pub fn words(&self) -> String {
        let times = match self.times() {
            0 if self.measured == 0 => {
                return format!("There is nothing to try it on: nobody was measured in {DAYS} days.");
            }
            0 => {
                return format!(
                    "Would not have fired in {DAYS} days, for any of {} with readings.",
                    patients(self.measured)
                );
            }
            1 => "once".to_owned(),
            times => format!("{times} times"),
        };
        let patients = patients(self.fired.len());
        format!("Would have fired {times} for {patients} in {DAYS} days, of {} with readings.", self.measured)
    }
}

/// `1 patient`, `3 patients`
fn patients(count: usize) -> String {
    if count == 1 { "1 patient".to_owned() } else { format!("{count} patients") }
}

/// One moment, of one patient.
struct Moment {
    patient: PatientId,
    at: Timestamp,
    fires: bool,
}

/// Looks at the history of whom this person sees. Firings less than a window apart are one: the alert of
/// the first would still have been open.
///
/// # Errors
/// Where the database does not answer.
pub async fn dry_run(tx: &mut Tx, organization: OrganizationId, whose: Whose, condition: &Condition) -> Result<DryRun> {
    let people = match whose {
        Whose::Everyone => people(tx, organization, None).await?,
        Whose::Facility(facility) => people(tx, organization, Some(facility)).await?,
        // Where they are inactive or discharged, they are left alone.
        Whose::Patient(patient) => person(tx, organization, patient).await?,
    };
    let partly = i64::try_from(people.len()).is_ok_and(|count| count > PATIENTS);
    let ids: Vec<Uuid> = people.keys().map(|patient| patient.uuid()).take(PATIENTS.try_into().unwrap_or(0)).collect();
    let moments = match condition.op {
        Op::Above | Op::Below => beyond(tx, organization, &ids, condition).await?,
        Op::Missing => gaps(tx, organization, &ids, condition).await?,
        Op::TrendUp | Op::TrendDown => trends(tx, organization, &ids, condition).await?,
    };
    let mut by_patient: BTreeMap<PatientId, Vec<Timestamp>> = BTreeMap::new();
    for moment in moments {
        let fires = by_patient.entry(moment.patient).or_default();
        if moment.fires {
            fires.push(moment.at);
        }
    }
    let window = chrono::TimeDelta::days(condition.window_days.into());
    let mut fired: Vec<Fired> = by_patient
        .iter()
        .filter_map(|(patient, at)| {
            let latest = *at.iter().max()?;
            let (last_name, first_name) = people.get(patient)?.clone();
            Some(Fired { patient: *patient, last_name, first_name, times: episodes(at, window), latest })
        })
        .collect();
    fired.sort_by(|a, b| b.times.cmp(&a.times).then(b.latest.cmp(&a.latest)).then(a.patient.cmp(&b.patient)));
    Ok(DryRun { fired, measured: by_patient.len(), partly })
}

/// Moments, ascending, of which those less than `window` after the one before belong together.
fn episodes(at: &[Timestamp], window: chrono::TimeDelta) -> usize {
    let begins = at.windows(2).filter(|pair| pair[1] - pair[0] >= window).count();
    begins + usize::from(!at.is_empty())
}

type People = BTreeMap<PatientId, (String, String)>;

async fn people(tx: &mut Tx, organization: OrganizationId, facility: Option<FacilityId>) -> Result<People> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: PatientId", last_name, first_name FROM patient
            WHERE organization_id = $1 AND deleted_at IS NULL AND status NOT IN ('INACTIVE', 'DISCHARGED') AND ($2::uuid IS NULL OR facility_id = $2)
            ORDER BY id LIMIT $3"#,
        organization.uuid(),
        facility.map(FacilityId::uuid),
        PATIENTS + 1,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, (row.last_name, row.first_name))).collect())
}

async fn person(tx: &mut Tx, organization: OrganizationId, patient: PatientId) -> Result<People> {
    let row = sqlx::query!(
        "SELECT last_name, first_name FROM patient
          WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL AND status NOT IN ('INACTIVE', 'DISCHARGED')",
        organization.uuid(),
        patient.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.into_iter().map(|row| (patient, (row.last_name, row.first_name))).collect())
}

/// Every reading, and whether so many of the window before it lie beyond the limit.
async fn beyond(
    tx: &mut Tx,
    organization: OrganizationId,
    patients: &[Uuid],
    condition: &Condition,
) -> Result<Vec<Moment>> {
    let rows = sqlx::query!(
        r#"SELECT m.patient_id AS "patient!: PatientId", m.at AS "at!: Timestamp", m.fires AS "fires!" FROM (
               SELECT p.id AS patient_id, o.at, o.hit AND COUNT(*) FILTER (WHERE o.hit)
                          OVER (PARTITION BY p.id ORDER BY o.at RANGE BETWEEN MAKE_INTERVAL(days => $5) PRECEDING AND CURRENT ROW) >= $6 AS fires,
                      ROW_NUMBER() OVER (PARTITION BY p.id ORDER BY o.at DESC) = 1 AS latest
                 FROM UNNEST($2::uuid[]) AS p (id)
                CROSS JOIN LATERAL (
                    SELECT o.effective_at AS at, CASE $7::text WHEN '>' THEN CASE WHEN $4 THEN o.value2_num ELSE o.value_num END > $8::float8
                                                               ELSE CASE WHEN $4 THEN o.value2_num ELSE o.value_num END < $8::float8 END AS hit
                      FROM observation AS o
                     WHERE o.organization_id = $1 AND o.patient_id = p.id AND o.code = $3 AND o.status = 'FINAL'
                       AND o.effective_at > NOW() - MAKE_INTERVAL(days => $5::int + $9::int)) AS o) AS m
            WHERE (m.fires OR m.latest) AND m.at > NOW() - MAKE_INTERVAL(days => $9)
            ORDER BY m.patient_id, m.at LIMIT 200000"#,
        organization.uuid(),
        patients,
        condition.subject.metric.as_str(),
        condition.subject.second,
        i32::from(condition.window_days),
        i64::from(condition.min_count),
        condition.op.as_str(),
        condition.threshold,
        i32::from(DAYS),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| Moment { patient: row.patient, at: row.at, fires: row.fires }).collect())
}

/// The ends of gaps longer than the window.
async fn gaps(
    tx: &mut Tx,
    organization: OrganizationId,
    patients: &[Uuid],
    condition: &Condition,
) -> Result<Vec<Moment>> {
    let rows = sqlx::query!(
        r#"SELECT m.patient_id AS "patient!: PatientId", m.at + MAKE_INTERVAL(days => $4) AS "at!: Timestamp", m.next - m.at > MAKE_INTERVAL(days => $4) AS "fires!" FROM (
               SELECT p.id AS patient_id, o.effective_at AS at, LEAD(o.effective_at, 1, NOW()) OVER (PARTITION BY p.id ORDER BY o.effective_at) AS next,
                      ROW_NUMBER() OVER (PARTITION BY p.id ORDER BY o.effective_at DESC) = 1 AS latest
                 FROM UNNEST($2::uuid[]) AS p (id)
                 JOIN observation AS o ON o.organization_id = $1 AND o.patient_id = p.id AND o.code = $3 AND o.status = 'FINAL'
                      AND o.effective_at > NOW() - MAKE_INTERVAL(days => $4::int + $5::int)) AS m
            WHERE m.latest OR (m.next - m.at > MAKE_INTERVAL(days => $4) AND m.at + MAKE_INTERVAL(days => $4) > NOW() - MAKE_INTERVAL(days => $5))
            ORDER BY m.patient_id, m.at LIMIT 200000"#,
        organization.uuid(),
        patients,
        condition.subject.metric.as_str(),
        i32::from(condition.window_days),
        i32::from(DAYS),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| Moment { patient: row.patient, at: row.at, fires: row.fires }).collect())
}

/// The days on which the window up to them shows the trend.
async fn trends(
    tx: &mut Tx,
    organization: OrganizationId,
    patients: &[Uuid],
    condition: &Condition,
) -> Result<Vec<Moment>> {
    let rows = sqlx::query!(
        r#"SELECT p.id AS "patient!: PatientId", MAX(o.effective_at) AS "at!: Timestamp", (o.effective_at AT TIME ZONE f.timezone)::date - DATE '2000-01-01' AS "day!",
                  PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY CASE WHEN $4 THEN o.value2_num ELSE o.value_num END) AS "median!"
             FROM patient AS p
             JOIN facility AS f ON f.organization_id = $1 AND f.id = p.facility_id
             JOIN observation AS o ON o.organization_id = $1 AND o.patient_id = p.id AND o.code = $3 AND o.status = 'FINAL'
                  AND o.effective_at > NOW() - MAKE_INTERVAL(days => $5)
            WHERE p.organization_id = $1 AND p.id = ANY ($2)
            GROUP BY p.id, 3 ORDER BY p.id, 3 LIMIT 200000"#,
        organization.uuid(),
        patients,
        condition.subject.metric.as_str(),
        condition.subject.second,
        i32::from(DAYS + condition.window_days),
    )
    .fetch_all(&mut **tx)
    .await?;
    let newest = rows.iter().map(|row| row.day).max().unwrap_or_default();
    let mut moments = Vec::with_capacity(rows.len());
    let mut begin = 0;
    for (place, row) in rows.iter().enumerate() {
        if rows[begin].patient != row.patient {
            begin = place;
        }
        while row.day - rows[begin].day >= i32::from(condition.window_days) {
            begin += 1;
        }
        let days: Vec<(f64, f64)> = rows[begin..=place].iter().map(|one| (f64::from(one.day), one.median)).collect();
        let seen = Seen { count: 1, days, ..Seen::default() };
        let recent = newest - row.day < i32::from(DAYS);
        let fires = recent && matches!(condition.judge(&seen, false), Verdict::Fulfilled(_));
        moments.push(Moment { patient: row.patient, at: row.at, fires });
    }
    Ok(moments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firings_less_than_a_window_apart_are_one() {
        let at = |days: &[i64]| -> Vec<Timestamp> {
            days.iter().map(|day| Timestamp::from_timestamp(day * 86_400, 0).expect("a moment")).collect()
        };
        let window = chrono::TimeDelta::days(3);
        assert_eq!(episodes(&at(&[]), window), 0);
        assert_eq!(episodes(&at(&[1]), window), 1);
        assert_eq!(episodes(&at(&[1, 2, 4, 9, 10, 20]), window), 3);
    }

    #[test]
    fn it_says_how_often_for_how_many() {
        let fired = |times| Fired {
            patient: PatientId::new(),
            last_name: String::new(),
            first_name: String::new(),
            times,
            latest: Timestamp::default(),
        };
        let run = DryRun { fired: vec![fired(9), fired(5)], measured: 41, partly: false };
        assert_eq!(run.words(), "Would have fired 14 times for 2 patients in 90 days, of 41 with readings.");
        assert!(!run.nearly_everyone());
        let all = DryRun { fired: vec![fired(1); 30], measured: 41, partly: false };
        assert!(all.nearly_everyone());
        assert_eq!(DryRun::default().words(), "There is nothing to try it on: nobody was measured in 90 days.");
        let none = DryRun { measured: 41, ..DryRun::default() };
        assert!(none.words().starts_with("Would not have fired"), "{}", none.words());
        assert_eq!(
            run.words_of_one(Tz::UTC),
            "Would have fired 9 times for this patient in 90 days, last on 01-Jan-1970."
        );
        assert!(DryRun::default().words_of_one(Tz::UTC).contains("nothing to try it on"));
        let quiet = DryRun { measured: 1, ..DryRun::default() };
        assert_eq!(quiet.words_of_one(Tz::UTC), "Would not have fired for this patient in 90 days.");
    }
}
