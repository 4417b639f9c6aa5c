//! Visits and requests of which somebody has to be reminded.

use sqlx::PgConnection;

use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId, PatientId, VisitId, VisitRequestId};
use crate::visits::model::Acuity;

/// A visit of which nobody was reminded.
#[derive(Debug)]
pub struct Forgotten {
    /// Which.
    pub id: VisitId,
    /// Whose.
    pub patient_id: PatientId,
}

/// Planned visits that many hours ahead (at most and at least), planned before that, of patients who use the portal, without the reminder whose name ends in `which`.
pub async fn without_reminder(
    conn: &mut PgConnection,
    organization: OrganizationId,
    (hours, least): (i64, i64),
    kind: &str,
    which: &str,
    limit: i64,
) -> Result<Vec<Forgotten>> {
    Ok(sqlx::query_as!(
        Forgotten,
        r#"SELECT v.id AS "id: VisitId", v.patient_id AS "patient_id: PatientId" FROM visit AS v
           WHERE v.organization_id = $1 AND v.status = 'PLANNED' AND v.visit_type = 'SCHEDULED' AND v.deleted_at IS NULL
             AND v.start_time > clock_timestamp() + make_interval(hours => $6::bigint::integer) AND v.start_time <= clock_timestamp() + make_interval(hours => $2::bigint::integer)
             AND v.created_at < v.start_time - make_interval(hours => $2::bigint::integer)
             AND EXISTS (SELECT FROM portal_account AS a WHERE a.organization_id = v.organization_id AND a.patient_id = v.patient_id AND a.status = 'ACTIVE' AND a.deleted_at IS NULL)
             AND NOT EXISTS (SELECT FROM notification AS n WHERE n.organization_id = v.organization_id AND n.subject_id = v.id AND n.idempotency_key = $3 || ':' || v.id || $4)
           ORDER BY v.start_time, v.id LIMIT $5"#,
        organization.uuid(),
        hours,
        kind,
        which,
        limit,
        least,
    )
    .fetch_all(conn)
    .await?)
}

/// Visits of a facility that are over and still planned.
#[derive(Debug)]
pub struct Unmarked {
    /// Where.
    pub facility_id: FacilityId,
    /// How many.
    pub count: i64,
    /// What keeps a day's reminder from being raised twice.
    pub key: String,
}

/// Facilities where visits of the last week ended half a day ago and are still planned, and nobody was reminded today.
pub async fn unmarked(conn: &mut PgConnection, organization: OrganizationId) -> Result<Vec<Unmarked>> {
    Ok(sqlx::query_as!(
        Unmarked,
        r#"SELECT v.facility_id AS "facility_id: FacilityId", COUNT(*) AS "count!", 'visits-unmarked:' || v.facility_id || ':' || CURRENT_DATE AS "key!"
           FROM visit AS v
           WHERE v.organization_id = $1 AND v.status = 'PLANNED' AND v.deleted_at IS NULL
             AND v.start_time BETWEEN now() - INTERVAL '7 days' AND now() AND v.end_time < now() - INTERVAL '12 hours'
             AND NOT EXISTS (SELECT FROM alert AS a WHERE a.organization_id = $1 AND a.dedupe_key = 'visits-unmarked:' || v.facility_id || ':' || CURRENT_DATE)
           GROUP BY v.facility_id"#,
        organization.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// A request that nobody has answered in time.
#[derive(Debug)]
pub struct Overdue {
    /// Which.
    pub id: VisitRequestId,
    /// Where.
    pub facility_id: FacilityId,
    /// Whose.
    pub patient_id: PatientId,
    /// How soon they should be seen.
    pub acuity: Acuity,
    /// Whether the time that they asked for has passed; otherwise nobody has read it.
    pub passed: bool,
}

impl Overdue {
    /// What keeps the same reminder from being raised twice.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", if self.passed { "visit-window" } else { "visit-request" }, self.id)
    }
}

/// Requests that have waited longer for their first answer than their acuity allows, and those whose day has passed
/// without a time being found. Of each nobody was reminded since: an alert carries its key.
pub async fn overdue(conn: &mut PgConnection, organization: OrganizationId, limit: i64) -> Result<Vec<Overdue>> {
    let minutes: Vec<i32> = Acuity::ALL.iter().map(|acuity| acuity.answer_within_minutes()).collect();
    let names: Vec<String> = Acuity::ALL.iter().map(|acuity| acuity.as_str().to_owned()).collect();
    Ok(sqlx::query_as!(
        Overdue,
        r#"SELECT late.id AS "id!: VisitRequestId", late.facility_id AS "facility_id!: FacilityId", late.patient_id AS "patient_id!: PatientId",
                  late.acuity AS "acuity!: Acuity", late.passed AS "passed!"
           FROM (SELECT r.id, r.facility_id, r.patient_id, r.acuity, r.created_at, false AS passed, 'visit-request:' || r.id AS key
                   FROM visit_request AS r JOIN unnest($2::text[], $3::integer[]) AS w (acuity, minutes) ON w.acuity = r.acuity
                  WHERE r.organization_id = $1 AND r.status = 'NEW' AND r.deleted_at IS NULL AND r.created_at <= now() - make_interval(mins => w.minutes)
                  UNION ALL
                 SELECT r.id, r.facility_id, r.patient_id, r.acuity, r.created_at, true, 'visit-window:' || r.id
                   FROM visit_request AS r JOIN facility AS f ON f.organization_id = r.organization_id AND f.id = r.facility_id
                  WHERE r.organization_id = $1 AND r.status IN ('NEW', 'TRIAGED') AND r.deleted_at IS NULL
                    AND COALESCE(r.window_end, (r.requested_date + 1)::timestamp AT TIME ZONE f.timezone) <= now()) AS late
           WHERE NOT EXISTS (SELECT FROM alert AS a WHERE a.organization_id = $1 AND a.dedupe_key = late.key)
           ORDER BY late.created_at LIMIT $4"#,
        organization.uuid(),
        &names,
        &minutes,
        limit,
    )
    .fetch_all(conn)
    .await?)
}
