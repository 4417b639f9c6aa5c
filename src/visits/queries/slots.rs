//! Slots: what was made of somebody's time.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::By;
use crate::ids::{FacilityId, OrganizationId, PatientId, SlotId, StaffId, VisitRequestId};
use crate::visits::derive::Offer;
use crate::visits::model::{Mode, SlotStatus};

/// A slot that has a row.
#[derive(Clone, Debug)]
pub struct SlotRow {
    /// Which.
    pub id: SlotId,
    /// Where.
    pub facility_id: FacilityId,
    /// Whose.
    pub staff_id: StaffId,
    /// From.
    pub start_time: Timestamp,
    /// Until.
    pub end_time: Timestamp,
    /// In a room or by video.
    pub mode: Mode,
    /// Room or place.
    pub location: Option<String>,
    /// What has become of it.
    pub status: SlotStatus,
    /// Until when it is held.
    pub held_until: Option<Timestamp>,
    /// Whether that has passed.
    pub lapsed: bool,
    /// Why it is blocked or held.
    pub note: Option<String>,
    /// The request for which it is offered.
    pub request_id: Option<VisitRequestId>,
    /// The family name of whom it is offered to, where they are within reach.
    pub offered_to: Option<String>,
}

macro_rules! slot_rows {
    ($condition:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            SlotRow,
            r#"SELECT s.id AS "id: SlotId", s.facility_id AS "facility_id: FacilityId", s.staff_id AS "staff_id: StaffId",
                      s.start_time AS "start_time: Timestamp", s.end_time AS "end_time: Timestamp", s.visit_mode AS "mode: Mode", s.location,
                      s.status AS "status: SlotStatus", s.held_until AS "held_until: Timestamp",
                      COALESCE(s.held_until <= clock_timestamp(), false) AS "lapsed!", s.note,
                      r.id AS "request_id?: VisitRequestId", p.last_name AS "offered_to?"
               FROM slot AS s
               LEFT JOIN visit_request AS r ON r.organization_id = s.organization_id AND r.proposed_slot_id = s.id AND r.status = 'AWAITING_PATIENT_CONFIRMATION'
               LEFT JOIN patient AS p ON p.organization_id = r.organization_id AND p.id = r.patient_id
               WHERE s.organization_id = $1 AND s.deleted_at IS NULL AND "# + $condition,
            $($argument),+
        )
    };
}

/// What is held, booked or blocked of some people's time between two moments. No slot is longer than twelve hours; ranges that
/// overlap would say it in one condition, but row-level security lets only leakproof comparisons use an index.
pub async fn taken(
    conn: &mut PgConnection,
    organization: OrganizationId,
    staff: &[Uuid],
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<SlotRow>> {
    Ok(slot_rows!(
        "s.staff_id = ANY ($2) AND s.status <> 'FREE' AND s.start_time > $3::timestamptz - INTERVAL '12 hours' AND s.start_time < $4 AND s.end_time > $3 ORDER BY s.start_time",
        organization.uuid(),
        staff,
        from as Timestamp,
        until as Timestamp,
    )
    .fetch_all(conn)
    .await?)
}

/// One slot.
pub async fn find(conn: &mut PgConnection, organization: OrganizationId, id: SlotId) -> Result<Option<SlotRow>> {
    Ok(slot_rows!("s.id = $2", organization.uuid(), id.uuid()).fetch_optional(conn).await?)
}

/// One slot, kept from everybody else until the end of the transaction.
pub async fn lock(conn: &mut PgConnection, organization: OrganizationId, id: SlotId) -> Result<Option<SlotRow>> {
    Ok(slot_rows!("s.id = $2 FOR UPDATE OF s", organization.uuid(), id.uuid()).fetch_optional(conn).await?)
}

/// Makes sure that the stretch has a row, and keeps it from everybody else until the end of the transaction. Who comes
/// second waits here, and then sees what the first made of it.
pub async fn claim(conn: &mut PgConnection, by: &By, offer: &Offer) -> sqlx::Result<SlotRow> {
    sqlx::query!(
        "INSERT INTO slot (organization_id, id, facility_id, staff_id, start_time, end_time, visit_mode, location, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        by.organization.uuid(),
        SlotId::new().uuid(),
        offer.facility.uuid(),
        offer.staff.uuid(),
        offer.start as Timestamp,
        offer.end as Timestamp,
        offer.mode.as_str(),
        offer.location,
        by.id,
    )
    .execute(&mut *conn)
    .await?;
    slot_rows!(
        "s.staff_id = $2 AND s.start_time = $3 AND s.end_time = $4 FOR UPDATE OF s",
        by.organization.uuid(),
        offer.staff.uuid(),
        offer.start as Timestamp,
        offer.end as Timestamp,
    )
    .fetch_one(conn)
    .await
}

/// What a slot becomes.
#[derive(Clone, Copy, Debug)]
pub struct Becomes<'a> {
    /// Which state.
    pub status: SlotStatus,
    /// For how long it is held, by the database's clock.
    pub hold_minutes: Option<i32>,
    /// Why.
    pub note: Option<&'a str>,
}

/// Moves a slot that `claim` or `lock` has locked.
pub async fn set(conn: &mut PgConnection, by: &By, id: SlotId, to: Becomes<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE slot SET status = $3, held_until = now() + make_interval(mins => $4), note = $5 WHERE organization_id = $1 AND id = $2",
        by.organization.uuid(),
        id.uuid(),
        to.status.as_str(),
        to.hold_minutes,
        to.note,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a slot that is claimed the mode and place of the offer: it may have been free under another.
pub async fn reshape(conn: &mut PgConnection, by: &By, id: SlotId, offer: &Offer) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE slot SET visit_mode = $3, location = $4 WHERE organization_id = $1 AND id = $2 AND status = 'FREE'",
        by.organization.uuid(),
        id.uuid(),
        offer.mode.as_str(),
        offer.location,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Holds that have ended, of one person around a stretch of time, or of the whole organization; locked.
pub async fn lapsed(
    conn: &mut PgConnection,
    organization: OrganizationId,
    of: Option<(StaffId, Timestamp, Timestamp)>,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let (staff, from, until) = (of.map(|of| of.0.uuid()), of.map(|of| of.1), of.map(|of| of.2));
    Ok(sqlx::query_scalar!(
        "SELECT id FROM slot WHERE organization_id = $1 AND status = 'HELD' AND held_until <= clock_timestamp()
            AND ($2::uuid IS NULL OR (staff_id = $2 AND start_time < $4 AND end_time > $3))
         ORDER BY id LIMIT $5 FOR UPDATE",
        organization.uuid(),
        staff,
        from as Option<Timestamp>,
        until as Option<Timestamp>,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// A request whose offer has ended with its slot.
#[derive(Clone, Debug)]
pub struct Fallen {
    /// Which.
    pub id: VisitRequestId,
    /// Whose.
    pub patient_id: PatientId,
    /// Where.
    pub facility_id: FacilityId,
}

/// Returns the request that waited for this slot to those who look for a time.
pub async fn fall_back(conn: &mut PgConnection, by: &By, slot: SlotId) -> sqlx::Result<Option<Fallen>> {
    sqlx::query_as!(
        Fallen,
        r#"UPDATE visit_request SET status = 'TRIAGED'
            WHERE organization_id = $1 AND proposed_slot_id = $2 AND status = 'AWAITING_PATIENT_CONFIRMATION'
            RETURNING id AS "id: VisitRequestId", patient_id AS "patient_id: PatientId", facility_id AS "facility_id: FacilityId""#,
        by.organization.uuid(),
        slot.uuid(),
    )
    .fetch_optional(conn)
    .await
}
