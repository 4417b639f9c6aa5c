//! The SQL of weekly summaries.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::model::{EARLIER, Summary, Sums, Week};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId, PatientId, new_uuid};

/// The metrics of a summary.
const CODES: [&str; 5] = ["BLOOD_PRESSURE", "GLUCOSE", "WEIGHT", "STEPS", "SLEEP"];

/// Every facility with its zone.
///
/// # Errors
/// Where the database does not answer.
pub async fn zones(conn: &mut PgConnection, organization: OrganizationId) -> Result<Vec<(FacilityId, Tz)>> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: FacilityId", timezone FROM facility WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY id"#,
        organization.uuid(),
    );
    let zone = |name: &str| name.parse().unwrap_or(Tz::UTC);
    Ok(rows.fetch_all(conn).await?.into_iter().map(|row| (row.id, zone(&row.timezone))).collect())
}

/// When somebody was born, where that is known, and their metrics.
pub type Measured = (Option<NaiveDate>, Vec<Sums>);

/// Sums up a week of up to `limit` patients of a facility who have readings in it and no summary of it; each with all
/// their metrics.
///
/// # Errors
/// Where the database does not answer.
pub async fn sums(
    conn: &mut PgConnection,
    organization: OrganizationId,
    facility: FacilityId,
    week: Week,
    limit: i64,
) -> Result<BTreeMap<PatientId, Measured>> {
    let (from, to) = week.span();
    let (before, _) = week.before(1).span();
    let (earlier, _) = week.before(EARLIER.into()).span();
    let codes: Vec<String> = CODES.iter().map(|code| (*code).to_owned()).collect();
    let rows = sqlx::query!(
        r#"WITH due AS MATERIALIZED (
             SELECT p.id, p.date_of_birth FROM patient AS p
             WHERE p.organization_id = $1 AND p.facility_id = $2 AND p.deleted_at IS NULL
               AND NOT EXISTS (SELECT FROM weekly_summary AS w WHERE w.organization_id = $1 AND w.patient_id = p.id AND w.week_start = $3)
               AND EXISTS (SELECT FROM observation AS o WHERE o.organization_id = $1 AND o.patient_id = p.id AND o.status = 'FINAL' AND o.code = ANY ($9)
                           AND o.effective_at >= $6 AND o.effective_at < $7)
             ORDER BY p.id LIMIT $10),
           seen AS (
             SELECT d.id, d.date_of_birth, o.code, o.value_num, o.value2_num, o.effective_at >= $6 AS now, o.effective_at >= $5 AND o.effective_at < $6 AS before,
                    (o.effective_at AT TIME ZONE $8)::date AS day
             FROM due AS d JOIN observation AS o ON o.organization_id = $1 AND o.patient_id = d.id AND o.status = 'FINAL' AND o.code = ANY ($9)
                  AND o.effective_at >= $4 AND o.effective_at < $7)
           SELECT s.id AS "patient!: PatientId", s.date_of_birth AS "born?: NaiveDate", s.code AS "code!",
                  count(*) FILTER (WHERE s.now) AS "count!", count(DISTINCT s.day) FILTER (WHERE s.now) AS "days!",
                  avg(s.value_num) FILTER (WHERE s.now) AS mean, avg(s.value2_num) FILTER (WHERE s.now) AS second,
                  min(s.value_num) FILTER (WHERE s.now) AS low, sum(s.value_num) FILTER (WHERE s.now) AS total,
                  CASE WHEN g.id IS NOT NULL THEN count(*) FILTER (WHERE s.now AND s.value_num >= coalesce(g.low, '-infinity') AND s.value_num <= coalesce(g.high, 'infinity')) END AS in_goal,
                  count(*) FILTER (WHERE s.now AND s.value_num BETWEEN 3.9 AND 10.0) AS "in_range!",
                  count(*) FILTER (WHERE s.before) AS "count_before!", count(DISTINCT s.day) FILTER (WHERE s.before) AS "days_before!",
                  avg(s.value_num) FILTER (WHERE s.before) AS mean_before, avg(s.value2_num) FILTER (WHERE s.before) AS second_before,
                  sum(s.value_num) FILTER (WHERE s.before) AS total_before, count(DISTINCT s.day) FILTER (WHERE NOT s.now) AS "days_earlier!"
           FROM seen AS s
           LEFT JOIN goal AS g ON g.organization_id = $1 AND g.patient_id = s.id AND g.code = s.code AND g.ended_at IS NULL AND g.deleted_at IS NULL
           GROUP BY s.id, s.date_of_birth, s.code, g.id, g.low, g.high ORDER BY s.id, s.code"#,
        organization.uuid(),
        facility.uuid(),
        week.start as NaiveDate,
        earlier as Timestamp,
        before as Timestamp,
        from as Timestamp,
        to as Timestamp,
        week.zone.name(),
        &codes,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let mut found: BTreeMap<PatientId, Measured> = BTreeMap::new();
    for row in rows {
        found.entry(row.patient).or_insert_with(|| (row.born, Vec::new())).1.push(Sums {
            code: row.code,
            count: row.count,
            days: row.days,
            mean: row.mean,
            second: row.second,
            low: row.low,
            total: row.total,
            in_goal: row.in_goal,
            in_range: row.in_range,
            count_before: row.count_before,
            days_before: row.days_before,
            mean_before: row.mean_before,
            second_before: row.second_before,
            total_before: row.total_before,
            days_earlier: row.days_earlier,
        });
    }
    Ok(found)
}

/// Keeps summaries of one week; those that are there stay as they are. How many were new.
///
/// # Errors
/// Where the database does not answer.
pub async fn keep(
    conn: &mut PgConnection,
    organization: OrganizationId,
    facility: FacilityId,
    week: Week,
    summaries: &[(PatientId, Summary)],
) -> Result<u64> {
    let ids: Vec<Uuid> = summaries.iter().map(|_| new_uuid()).collect();
    let patients: Vec<Uuid> = summaries.iter().map(|(patient, _)| patient.uuid()).collect();
    let words = summaries.iter().map(|(_, summary)| serde_json::to_value(summary));
    let words: Vec<serde_json::Value> = words.collect::<std::result::Result<_, _>>()?;
    let kept = sqlx::query!(
        "INSERT INTO weekly_summary (organization_id, id, patient_id, facility_id, week_start, week_end, summary)
         SELECT $1, n.id, n.patient, $2, $3, $4, n.summary FROM unnest($5::uuid[], $6::uuid[], $7::jsonb[]) AS n (id, patient, summary)
         ON CONFLICT (organization_id, patient_id, week_start) DO NOTHING",
        organization.uuid(),
        facility.uuid(),
        week.start as NaiveDate,
        week.end() as NaiveDate,
        &ids,
        &patients,
        &words,
    )
    .execute(conn)
    .await?;
    Ok(kept.rows_affected())
}

/// A week as it was kept.
#[derive(Debug)]
pub struct Kept {
    /// Monday.
    pub week_start: NaiveDate,
    /// Sunday.
    pub week_end: NaiveDate,
    /// What it was like.
    pub summary: Json<Summary>,
    /// When it was summed up.
    pub created_at: Timestamp,
}

/// The latest weeks of a patient, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn of(
    conn: &mut PgConnection,
    organization: OrganizationId,
    patient: PatientId,
    limit: i64,
) -> Result<Vec<Kept>> {
    Ok(sqlx::query_as!(
        Kept,
        r#"SELECT week_start AS "week_start: NaiveDate", week_end AS "week_end: NaiveDate", summary AS "summary: Json<Summary>", created_at AS "created_at: Timestamp" FROM weekly_summary
           WHERE organization_id = $1 AND patient_id = $2 AND deleted_at IS NULL ORDER BY week_start DESC LIMIT $3"#,
        organization.uuid(),
        patient.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}
