//! What of somebody's time is offered, and what is not.

use chrono::{NaiveDate, NaiveTime};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{FacilityId, LeaveId, OrganizationId, StaffId};
use crate::visits::derive::{Rule, Stretch};
use crate::visits::model::Mode;

struct RuleRow {
    staff_id: StaffId,
    facility_id: FacilityId,
    timezone: String,
    date: Option<NaiveDate>,
    day_of_week: Option<i16>,
    start_time: NaiveTime,
    end_time: NaiveTime,
    mode: Mode,
    location: Option<String>,
    slot_minutes: i16,
    buffer_minutes: i16,
}

/// When some people offer visits. A facility whose zone nobody knows offers nothing.
pub async fn rules(conn: &mut PgConnection, organization: OrganizationId, staff: &[Uuid]) -> Result<Vec<Rule>> {
    let rows = sqlx::query_as!(
        RuleRow,
        r#"SELECT a.staff_id AS "staff_id: StaffId", a.facility_id AS "facility_id: FacilityId", f.timezone, a.date AS "date: NaiveDate", a.day_of_week,
                  a.start_time AS "start_time: NaiveTime", a.end_time AS "end_time: NaiveTime",
                  a.visit_mode AS "mode: Mode", a.location, a.slot_minutes, a.buffer_minutes
           FROM availability AS a JOIN facility AS f ON f.organization_id = a.organization_id AND f.id = a.facility_id
           WHERE a.organization_id = $1 AND a.staff_id = ANY ($2) AND a.status = 'ACTIVE' AND a.deleted_at IS NULL
           ORDER BY a.start_time, a.id"#,
        organization.uuid(),
        staff,
    )
    .fetch_all(conn)
    .await?;
    let rule = |row: RuleRow| {
        Some(Rule {
            staff: row.staff_id,
            facility: row.facility_id,
            zone: row.timezone.parse().ok()?,
            date: row.date,
            day_of_week: row.day_of_week,
            start: row.start_time,
            end: row.end_time,
            mode: row.mode,
            location: row.location,
            slot_minutes: row.slot_minutes,
            buffer_minutes: row.buffer_minutes,
        })
    };
    Ok(rows.into_iter().filter_map(rule).collect())
}

/// An absence.
#[derive(Clone, Debug)]
pub struct LeaveRow {
    /// Which.
    pub id: LeaveId,
    /// Whose.
    pub staff_id: StaffId,
    /// From.
    pub starts_at: Timestamp,
    /// Until.
    pub ends_at: Timestamp,
    /// What for.
    pub note: Option<String>,
}

/// When some people are away, between two moments.
pub async fn leave(
    conn: &mut PgConnection,
    organization: OrganizationId,
    staff: &[Uuid],
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<LeaveRow>> {
    Ok(sqlx::query_as!(
        LeaveRow,
        r#"SELECT id AS "id: LeaveId", staff_id AS "staff_id: StaffId", starts_at AS "starts_at: Timestamp", ends_at AS "ends_at: Timestamp", note
           FROM staff_leave WHERE organization_id = $1 AND staff_id = ANY ($2) AND starts_at < $4 AND ends_at > $3 AND deleted_at IS NULL
           ORDER BY starts_at, id"#,
        organization.uuid(),
        staff,
        from as Timestamp,
        until as Timestamp,
    )
    .fetch_all(conn)
    .await?)
}

/// Stretches of some people's time that cannot be offered: away, held, booked, blocked, or overbooked. No slot and no visit is
/// longer than twelve hours, so that nothing of years ago is read.
pub async fn busy(
    conn: &mut PgConnection,
    organization: OrganizationId,
    staff: &[Uuid],
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<(StaffId, Stretch)>> {
    let rows = sqlx::query!(
        r#"SELECT staff_id AS "staff_id!: StaffId", starts AS "starts!: Timestamp", ends AS "ends!: Timestamp" FROM (
             SELECT staff_id, start_time AS starts, end_time AS ends FROM slot
              WHERE organization_id = $1 AND staff_id = ANY ($2) AND start_time > $3::timestamptz - INTERVAL '12 hours' AND start_time < $4 AND end_time > $3 AND deleted_at IS NULL
                AND (status IN ('BOOKED', 'BLOCKED') OR (status = 'HELD' AND held_until > clock_timestamp()))
             UNION ALL
             SELECT staff_id, starts_at, ends_at FROM staff_leave
              WHERE organization_id = $1 AND staff_id = ANY ($2) AND starts_at < $4 AND ends_at > $3 AND deleted_at IS NULL
             UNION ALL
             SELECT staff_id, start_time, end_time FROM visit
              WHERE organization_id = $1 AND staff_id = ANY ($2) AND start_time > $3::timestamptz - INTERVAL '12 hours' AND start_time < $4 AND end_time > $3 AND deleted_at IS NULL
                AND status NOT IN ('CANCELLED', 'NO_SHOW') AND overbook_reason IS NULL) AS taken"#,
        organization.uuid(),
        staff,
        from as Timestamp,
        until as Timestamp,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.staff_id, (row.starts, row.ends))).collect())
}
