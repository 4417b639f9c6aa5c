//! Visits as lists and pages show them.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId, PatientId, SlotId, StaffId, VisitId};
use crate::visits::model::{Mode, VisitStatus, VisitType};
use crate::web::format;

/// A visit with what a list says of it.
#[derive(Clone, Debug)]
pub struct VisitRow {
    /// Which.
    pub id: VisitId,
    /// `V-1204`
    pub number: i64,
    /// Where.
    pub facility_id: FacilityId,
    /// Its name.
    pub facility: String,
    /// Who is seen.
    pub patient_id: PatientId,
    /// Their given name, where they are within reach.
    pub first_name: Option<String>,
    /// Their family name.
    pub last_name: Option<String>,
    /// Their birthday.
    pub date_of_birth: Option<NaiveDate>,
    /// By whom.
    pub staff_id: Option<StaffId>,
    /// Their name.
    pub staff: Option<String>,
    /// In which slot.
    pub slot_id: Option<SlotId>,
    /// Agreed before or not.
    pub visit_type: VisitType,
    /// In a room or by video.
    pub mode: Mode,
    /// Room or place.
    pub location: Option<String>,
    /// What for.
    pub reason_text: String,
    /// From.
    pub start_time: Timestamp,
    /// Until.
    pub end_time: Timestamp,
    /// Where it is.
    pub status: VisitStatus,
    /// Why it does not take place.
    pub cancel_reason: Option<String>,
    /// Why it may overlap another.
    pub overbook_reason: Option<String>,
    /// The visit that it replaces.
    pub rescheduled_from_id: Option<VisitId>,
    /// The visit that replaces it.
    pub replaced_by: Option<VisitId>,
    /// Whether several are seen together.
    pub is_group: bool,
    /// How many.
    pub people: i64,
    /// The number under which a walk-in waits.
    pub waiting_number: Option<i32>,
    /// When they came.
    pub checked_in_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What calendars count.
    pub sequence: i32,
    /// What a form must bring back.
    pub row_version: i64,
}

impl VisitRow {
    /// `OKAFOR, Adaeze`
    #[must_use]
    pub fn name(&self) -> String {
        match (&self.last_name, &self.first_name) {
            (Some(last), Some(first)) => format::person(last, first, None),
            _ => "Patient of another facility".to_owned(),
        }
    }

    /// `OKAFOR`
    #[must_use]
    pub fn short_name(&self) -> String {
        self.last_name.as_deref().map_or_else(|| "Other facility".to_owned(), str::to_uppercase)
    }

    /// `V-1204`
    #[must_use]
    pub fn reference(&self) -> String {
        format!("V-{}", self.number)
    }

    /// How a form for many names it, with the version that was looked at.
    #[must_use]
    pub fn batch_value(&self) -> String {
        format!("{}.{}", self.id, self.row_version)
    }

    /// Who sees them, in words.
    #[must_use]
    pub fn who(&self) -> &str {
        self.staff.as_deref().unwrap_or("Nobody yet")
    }
}

macro_rules! visit_rows {
    ($condition:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            VisitRow,
            r#"SELECT v.id AS "id: VisitId", v.number, v.facility_id AS "facility_id: FacilityId", COALESCE(f.name, '') AS "facility!",
                      v.patient_id AS "patient_id: PatientId", p.first_name AS "first_name?", p.last_name AS "last_name?", p.date_of_birth AS "date_of_birth?: NaiveDate",
                      v.staff_id AS "staff_id: StaffId", s.name AS "staff?", v.slot_id AS "slot_id: SlotId",
                      v.visit_type AS "visit_type: VisitType", v.visit_mode AS "mode: Mode", v.location, v.reason_text,
                      v.start_time AS "start_time: Timestamp", v.end_time AS "end_time: Timestamp", v.status AS "status: VisitStatus",
                      v.cancel_reason, v.overbook_reason, v.rescheduled_from_id AS "rescheduled_from_id: VisitId",
                      (SELECT r.id FROM visit AS r WHERE r.organization_id = v.organization_id AND r.rescheduled_from_id = v.id LIMIT 1) AS "replaced_by: VisitId",
                      v.is_group, (SELECT COUNT(*) FROM visit_participant AS w WHERE w.organization_id = v.organization_id AND w.visit_id = v.id AND w.deleted_at IS NULL) AS "people!",
                      v.waiting_number, v.checked_in_at AS "checked_in_at: Timestamp", v.started_at AS "started_at: Timestamp",
                      v.ended_at AS "ended_at: Timestamp", v.sequence, v.row_version
               FROM visit AS v
               LEFT JOIN facility AS f ON f.organization_id = v.organization_id AND f.id = v.facility_id
               LEFT JOIN patient AS p ON p.organization_id = v.organization_id AND p.id = v.patient_id
               LEFT JOIN staff AS s ON s.organization_id = v.organization_id AND s.id = v.staff_id
               WHERE v.organization_id = $1 AND v.deleted_at IS NULL AND "# + $condition,
            $($argument),+
        )
    };
}

/// One visit.
pub async fn find(conn: &mut PgConnection, actor: &Actor, id: VisitId) -> Result<Option<VisitRow>> {
    find_in(conn, actor.organization, id).await
}

/// One visit, for whoever has no account: a timer, or a guest.
pub async fn find_in(conn: &mut PgConnection, organization: OrganizationId, id: VisitId) -> Result<Option<VisitRow>> {
    Ok(visit_rows!("v.id = $2", organization.uuid(), id.uuid()).fetch_optional(conn).await?)
}

/// These visits, in order of time.
pub async fn find_all(conn: &mut PgConnection, actor: &Actor, ids: &[Uuid]) -> Result<Vec<VisitRow>> {
    let rows = visit_rows!("v.id = ANY ($2) ORDER BY v.start_time, v.id", actor.organization.uuid(), ids);
    Ok(rows.fetch_all(conn).await?)
}

/// The visits of some people between two moments, in order of time.
pub async fn of_staff(
    conn: &mut PgConnection,
    organization: OrganizationId,
    staff: &[Uuid],
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<VisitRow>> {
    Ok(visit_rows!(
        "v.staff_id = ANY ($2) AND v.start_time >= $3 AND v.start_time < $4 ORDER BY v.start_time, v.id LIMIT 1000",
        organization.uuid(),
        staff,
        from as Timestamp,
        until as Timestamp,
    )
    .fetch_all(conn)
    .await?)
}

/// The visits at some facilities between two moments, in order of time.
pub async fn at_facilities(
    conn: &mut PgConnection,
    actor: &Actor,
    facilities: &[Uuid],
    from: Timestamp,
    until: Timestamp,
) -> Result<Vec<VisitRow>> {
    Ok(visit_rows!(
        "v.facility_id = ANY ($2) AND v.start_time >= $3 AND v.start_time < $4 ORDER BY v.start_time, v.id LIMIT 1000",
        actor.organization.uuid(),
        facilities,
        from as Timestamp,
        until as Timestamp,
    )
    .fetch_all(conn)
    .await?)
}

/// The visits of a patient, the latest first.
pub async fn of_patient(
    conn: &mut PgConnection,
    actor: &Actor,
    patient: PatientId,
    limit: i64,
) -> Result<Vec<VisitRow>> {
    Ok(visit_rows!(
        "v.id IN (SELECT w.visit_id FROM visit_participant AS w WHERE w.organization_id = $1 AND w.patient_id = $2 AND w.deleted_at IS NULL)
         ORDER BY v.start_time DESC, v.id DESC LIMIT $3",
        actor.organization.uuid(),
        patient.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// The visit that a patient comes to next, or is at.
pub async fn next_of_patient(conn: &mut PgConnection, actor: &Actor, patient: PatientId) -> Result<Option<VisitRow>> {
    Ok(visit_rows!(
        "v.id IN (SELECT w.visit_id FROM visit_participant AS w WHERE w.organization_id = $1 AND w.patient_id = $2 AND w.deleted_at IS NULL)
         AND CASE v.status WHEN 'PLANNED' THEN v.end_time > clock_timestamp() OR (v.visit_mode = 'VIRTUAL' AND v.start_time > clock_timestamp() - INTERVAL '12 hours') WHEN 'CHECKED_IN' THEN v.start_time > clock_timestamp() - INTERVAL '12 hours'
                           WHEN 'IN_PROGRESS' THEN v.start_time > clock_timestamp() - INTERVAL '12 hours' ELSE false END
         ORDER BY v.status = 'PLANNED', v.start_time, v.id LIMIT 1",
        actor.organization.uuid(),
        patient.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// How many people with a lower number wait before a walk-in of the patient who asks.
pub async fn waiting_before(conn: &mut PgConnection, visit: VisitId) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"SELECT headers.waiting_before($1) AS "before!""#, visit.uuid()).fetch_one(conn).await?)
}

/// One step in the life of a visit or request.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// From which state.
    pub from_status: Option<String>,
    /// To which.
    pub to_status: String,
    /// Why.
    pub reason: Option<String>,
    /// Who; none for a timer.
    pub person: Option<String>,
}

/// The life of a visit or request, the latest first.
pub async fn history(conn: &mut PgConnection, actor: &Actor, subject: Uuid) -> Result<Vec<Step>> {
    Ok(sqlx::query_as!(
        Step,
        r#"SELECT c.at AS "at: Timestamp", c.from_status, c.to_status, c.reason,
                  NULLIF(concat_ws(' ', u.title, u.first_name, u.last_name), '')
                    || COALESCE((SELECT ' (' || CASE a.relationship WHEN 'OTHER' THEN 'trusted person' ELSE lower(a.relationship) END || ', for the patient)' FROM portal_account AS a
                                 WHERE a.organization_id = c.organization_id AND a.patient_id = c.patient_id AND a.user_id = c.changed_by_id AND a.relationship <> 'SELF' LIMIT 1), '') AS person
           FROM status_change AS c
           LEFT JOIN app_user AS u ON u.organization_id = c.organization_id AND u.id = c.changed_by_id
           WHERE c.organization_id = $1 AND c.subject_id = $2 ORDER BY c.at DESC LIMIT 100"#,
        actor.organization.uuid(),
        subject,
    )
    .fetch_all(conn)
    .await?)
}

/// How many hours before a visit its patient may still cancel it.
pub async fn cutoff_hours(conn: &mut PgConnection, organization: OrganizationId) -> Result<i64> {
    let hours = sqlx::query_scalar!(
        r#"SELECT (EXTRACT(EPOCH FROM kit.visit_cutoff($1)) / 3600)::bigint AS "hours!""#,
        organization.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(hours)
}

/// The moment of this transaction by the database's clock, which decides every deadline.
pub async fn now(conn: &mut PgConnection) -> Result<Timestamp> {
    Ok(sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!: Timestamp""#).fetch_one(conn).await?)
}
