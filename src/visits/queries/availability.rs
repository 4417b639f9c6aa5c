//! The availability of staff, their absences and their calendar feeds.

use chrono::{NaiveDate, NaiveTime};
use sqlx::PgConnection;

use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::By;
use crate::ids::{AvailabilityId, FacilityId, FeedId, LeaveId, OrganizationId, StaffId};
use crate::visits::model::{AvailabilityStatus, Mode};

/// An availability as the editor shows it.
#[derive(Clone, Debug)]
pub struct AvailabilityRow {
    /// Which.
    pub id: AvailabilityId,
    /// Where.
    pub facility_id: FacilityId,
    /// Its name.
    pub facility: String,
    /// The clock on its wall.
    pub timezone: String,
    /// The day, for a single one.
    pub date: Option<NaiveDate>,
    /// The day of the week, 0 is Sunday.
    pub day_of_week: Option<i16>,
    /// From.
    pub start_time: NaiveTime,
    /// Until.
    pub end_time: NaiveTime,
    /// In a room or by video.
    pub mode: Mode,
    /// Room or place.
    pub location: Option<String>,
    /// Active or paused.
    pub status: AvailabilityStatus,
    /// Length of a slot.
    pub slot_minutes: i16,
    /// Pause after each.
    pub buffer_minutes: i16,
}

/// Everything that somebody offers; what lies behind us is left out.
pub async fn of(conn: &mut PgConnection, actor: &Actor, staff: StaffId) -> Result<Vec<AvailabilityRow>> {
    Ok(sqlx::query_as!(
        AvailabilityRow,
        r#"SELECT a.id AS "id: AvailabilityId", a.facility_id AS "facility_id: FacilityId", f.name AS facility, f.timezone, a.date AS "date: NaiveDate", a.day_of_week,
                  a.start_time AS "start_time: NaiveTime", a.end_time AS "end_time: NaiveTime",
                  a.visit_mode AS "mode: Mode", a.location, a.status AS "status: AvailabilityStatus", a.slot_minutes, a.buffer_minutes
           FROM availability AS a JOIN facility AS f ON f.organization_id = a.organization_id AND f.id = a.facility_id
           WHERE a.organization_id = $1 AND a.staff_id = $2 AND a.deleted_at IS NULL AND (a.date IS NULL OR a.date >= CURRENT_DATE - 1)
           ORDER BY a.date NULLS FIRST, (a.day_of_week + 6) % 7, a.start_time, a.id"#,
        actor.organization.uuid(),
        staff.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// An availability to be offered.
#[derive(Clone, Debug)]
pub struct NewAvailability {
    /// Its identifier, made with the form.
    pub id: AvailabilityId,
    /// Where.
    pub facility: FacilityId,
    /// Whose.
    pub staff: StaffId,
    /// The day, for a single one.
    pub date: Option<NaiveDate>,
    /// The days of the week.
    pub day_of_week: Option<i16>,
    /// From.
    pub start: NaiveTime,
    /// Until.
    pub end: NaiveTime,
    /// In a room or by video.
    pub mode: Mode,
    /// Room or place.
    pub location: Option<String>,
    /// Length of a slot.
    pub slot_minutes: i16,
    /// Pause after each.
    pub buffer_minutes: i16,
}

/// Offers it; a form sent twice offers it once.
pub async fn insert(conn: &mut PgConnection, by: &By, new: &NewAvailability) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO availability (organization_id, id, facility_id, staff_id, date, day_of_week, start_time, end_time, visit_mode, location, slot_minutes,
                                   buffer_minutes, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        by.organization.uuid(),
        new.id.uuid(),
        new.facility.uuid(),
        new.staff.uuid(),
        new.date as Option<NaiveDate>,
        new.day_of_week,
        new.start as NaiveTime,
        new.end as NaiveTime,
        new.mode.as_str(),
        new.location,
        new.slot_minutes,
        new.buffer_minutes,
        by.id,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What was changed: whose, and where.
#[derive(Clone, Debug)]
pub struct Changed {
    /// Whose.
    pub staff_id: StaffId,
    /// Where.
    pub facility_id: FacilityId,
}

/// Pauses an availability, or ends the pause.
pub async fn pause(
    conn: &mut PgConnection,
    by: &By,
    id: AvailabilityId,
    status: AvailabilityStatus,
) -> Result<Option<Changed>> {
    Ok(sqlx::query_as!(
        Changed,
        r#"UPDATE availability SET status = $3 WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
           RETURNING staff_id AS "staff_id: StaffId", facility_id AS "facility_id: FacilityId""#,
        by.organization.uuid(),
        id.uuid(),
        status.as_str(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Takes an availability back.
pub async fn remove(conn: &mut PgConnection, by: &By, id: AvailabilityId) -> Result<Option<Changed>> {
    Ok(sqlx::query_as!(
        Changed,
        r#"UPDATE availability SET deleted_at = now(), deleted_by_id = $3 WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
           RETURNING staff_id AS "staff_id: StaffId", facility_id AS "facility_id: FacilityId""#,
        by.organization.uuid(),
        id.uuid(),
        by.id,
    )
    .fetch_optional(conn)
    .await?)
}

/// An absence to be written down.
#[derive(Clone, Debug)]
pub struct NewLeave {
    /// Its identifier, made with the form.
    pub id: LeaveId,
    /// Where they would be.
    pub facility: FacilityId,
    /// Whose.
    pub staff: StaffId,
    /// From.
    pub from: Timestamp,
    /// Until.
    pub until: Timestamp,
    /// What for.
    pub note: Option<String>,
}

/// Writes an absence down; a form sent twice writes it once.
pub async fn insert_leave(conn: &mut PgConnection, by: &By, new: &NewLeave) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO staff_leave (organization_id, id, facility_id, staff_id, starts_at, ends_at, note, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        by.organization.uuid(),
        new.id.uuid(),
        new.facility.uuid(),
        new.staff.uuid(),
        new.from as Timestamp,
        new.until as Timestamp,
        new.note,
        by.id,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes an absence back.
pub async fn remove_leave(conn: &mut PgConnection, by: &By, id: LeaveId) -> Result<Option<Changed>> {
    Ok(sqlx::query_as!(
        Changed,
        r#"UPDATE staff_leave SET deleted_at = now(), deleted_by_id = $3 WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL
           RETURNING staff_id AS "staff_id: StaffId", facility_id AS "facility_id: FacilityId""#,
        by.organization.uuid(),
        id.uuid(),
        by.id,
    )
    .fetch_optional(conn)
    .await?)
}

/// An address at which a calendar programme reads.
#[derive(Debug)]
pub struct Feed {
    /// When it was last read.
    pub last_read: Option<Timestamp>,
}

/// The calendar feed of somebody, where there is one.
pub async fn feed(conn: &mut PgConnection, actor: &Actor) -> Result<Option<Feed>> {
    Ok(sqlx::query_as!(
        Feed,
        r#"SELECT last_used_at AS "last_read: Timestamp" FROM calendar_feed WHERE organization_id = $1 AND user_id = $2 AND revoked_at IS NULL"#,
        actor.organization.uuid(),
        actor.user.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Ends the calendar feed of a person; says whether there was one.
pub async fn end_feed(conn: &mut PgConnection, actor: &Actor) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE calendar_feed SET revoked_at = now() WHERE organization_id = $1 AND user_id = $2 AND revoked_at IS NULL",
        actor.organization.uuid(),
        actor.user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Begins a calendar feed; only the hash of its secret is kept.
pub async fn begin_feed(
    conn: &mut PgConnection,
    actor: &Actor,
    id: FeedId,
    staff: StaffId,
    hash: &[u8],
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO calendar_feed (organization_id, id, staff_id, user_id, token_hash, created_by_id) VALUES ($1, $2, $3, $4, $5, $4)",
        actor.organization.uuid(),
        id.uuid(),
        staff.uuid(),
        actor.user.uuid(),
        hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose visits a secret opens; writes down that it was used. Runs as the worker: nobody is signed in.
pub async fn open_feed(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: FeedId,
    hash: &[u8],
) -> Result<Option<StaffId>> {
    Ok(sqlx::query_scalar!(
        r#"UPDATE calendar_feed AS f SET last_used_at = now()
           FROM app_user AS u
           WHERE f.organization_id = $1 AND f.id = $2 AND f.token_hash = $3 AND f.revoked_at IS NULL
             AND u.organization_id = f.organization_id AND u.id = f.user_id AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
             AND EXISTS (SELECT FROM staff AS s WHERE s.organization_id = f.organization_id AND s.id = f.staff_id AND s.user_id = f.user_id AND s.deleted_at IS NULL)
             AND EXISTS (SELECT FROM membership AS m WHERE m.organization_id = f.organization_id AND m.user_id = f.user_id AND m.role <> 'PATIENT'
                            AND m.deleted_at IS NULL AND CURRENT_DATE BETWEEN m.starts_on AND COALESCE(m.ends_on, 'infinity'))
           RETURNING f.staff_id AS "id: StaffId""#,
        organization.uuid(),
        id.uuid(),
        hash,
    )
    .fetch_optional(conn)
    .await?)
}
