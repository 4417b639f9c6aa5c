//! Visits made and moved.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::participants::join;
use super::visits::VisitRow;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::By;
use crate::ids::{FacilityId, PatientId, SlotId, StaffId, VisitId};
use crate::visits::model::{Mode, VisitStatus, VisitType};

/// A visit to be made.
#[derive(Clone, Debug)]
pub struct NewVisit {
    /// Its identifier, made before it, so that a form sent twice makes one.
    pub id: VisitId,
    /// Where.
    pub facility: FacilityId,
    /// Who is seen.
    pub patient: PatientId,
    /// By whom; nobody yet for a walk-in.
    pub staff: Option<StaffId>,
    /// In which slot.
    pub slot: Option<SlotId>,
    /// Agreed before or not.
    pub visit_type: VisitType,
    /// In a room or by video.
    pub mode: Mode,
    /// Room or place.
    pub location: Option<String>,
    /// What for.
    pub reason: String,
    /// From.
    pub start: Timestamp,
    /// Until.
    pub end: Timestamp,
    /// Why it may overlap another.
    pub overbook_reason: Option<String>,
    /// The visit that it replaces.
    pub replaces: Option<VisitId>,
    /// Whether more are to be seen with them.
    pub is_group: bool,
    /// Day and number under which a walk-in waits.
    pub waiting: Option<(NaiveDate, i32)>,
}

/// Makes a visit, with the patient as its first participant. The caller maps what the database refuses.
pub async fn insert(conn: &mut PgConnection, by: &By, new: &NewVisit) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, slot_id, visit_type, visit_mode, location, reason_text,
                            start_time, end_time, overbook_reason, rescheduled_from_id, is_group, waiting_on, waiting_number, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        by.organization.uuid(),
        new.id.uuid(),
        new.facility.uuid(),
        new.patient.uuid(),
        new.staff.map(StaffId::uuid),
        new.slot.map(SlotId::uuid),
        new.visit_type.as_str(),
        new.mode.as_str(),
        new.location,
        new.reason,
        new.start as Timestamp,
        new.end as Timestamp,
        new.overbook_reason,
        new.replaces.map(VisitId::uuid),
        new.is_group,
        new.waiting.map(|(day, _)| day) as Option<NaiveDate>,
        new.waiting.map(|(_, number)| number),
        by.id,
    )
    .execute(&mut *conn)
    .await?;
    join(conn, by, new.id, new.patient).await
}

/// Moves a visit that is still as it was looked at; says whether it was.
pub async fn set_status(
    conn: &mut PgConnection,
    by: &By,
    row: &VisitRow,
    to: VisitStatus,
    reason: Option<&str>,
    staff: Option<StaffId>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE visit SET status = $4, cancel_reason = CASE WHEN $4 = 'CANCELLED' THEN $5 ELSE cancel_reason END, staff_id = COALESCE($6, staff_id)
         WHERE organization_id = $1 AND id = $2 AND row_version = $3",
        by.organization.uuid(),
        row.id.uuid(),
        row.row_version,
        to.as_str(),
        reason,
        staff.map(StaffId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The next waiting number of a facility on a day. Others who ask wait until this transaction ends, so none is given twice.
pub async fn next_waiting_number(
    conn: &mut PgConnection,
    by: &By,
    facility: FacilityId,
    day: NaiveDate,
) -> Result<i32> {
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock(hashtextextended($1::text || $2::text, 5))::text AS locked"#,
        facility.to_string(),
        day.to_string(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let next = sqlx::query_scalar!(
        r#"SELECT COALESCE(MAX(waiting_number), 0) + 1 AS "next!" FROM visit WHERE organization_id = $1 AND facility_id = $2 AND waiting_on = $3"#,
        by.organization.uuid(),
        facility.uuid(),
        day as NaiveDate,
    )
    .fetch_one(conn)
    .await?;
    Ok(next)
}
