//! Visits.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::By;
use crate::ids::{FacilityId, OrganizationId, ParticipantId, PatientId, SlotId, StaffId, VisitId};
use crate::visits::model::{Attendance, Mode, VisitStatus, VisitType};
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

/// Adds somebody to a visit.
pub async fn join(conn: &mut PgConnection, by: &By, visit: VisitId, patient: PatientId) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO visit_participant (organization_id, id, visit_id, patient_id, created_by_id) VALUES ($1, $2, $3, $4, $5)",
        by.organization.uuid(),
        ParticipantId::new().uuid(),
        visit.uuid(),
        patient.uuid(),
        by.id,
    )
    .execute(conn)
    .await?;
    Ok(())
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

/// Somebody's part in a visit.
#[derive(Clone, Debug)]
pub struct Participant {
    /// Which part.
    pub id: ParticipantId,
    /// Who.
    pub patient_id: PatientId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Whether they came.
    pub attendance: Attendance,
}

impl Participant {
    /// `OKAFOR, Adaeze`
    #[must_use]
    pub fn name(&self) -> String {
        format::person(&self.last_name, &self.first_name, None)
    }
}

/// Who takes part in a visit.
pub async fn participants(conn: &mut PgConnection, actor: &Actor, visit: VisitId) -> Result<Vec<Participant>> {
    Ok(sqlx::query_as!(
        Participant,
        r#"SELECT w.id AS "id: ParticipantId", w.patient_id AS "patient_id: PatientId", p.first_name, p.last_name, w.attendance AS "attendance: Attendance"
           FROM visit_participant AS w JOIN patient AS p ON p.organization_id = w.organization_id AND p.id = w.patient_id
           WHERE w.organization_id = $1 AND w.visit_id = $2 AND w.deleted_at IS NULL ORDER BY p.name_key, w.id"#,
        actor.organization.uuid(),
        visit.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Writes down who came: of everybody expected where `who` is none. Says how many rows changed.
pub async fn attend(
    conn: &mut PgConnection,
    by: &By,
    visit: VisitId,
    who: Option<ParticipantId>,
    attendance: Attendance,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "UPDATE visit_participant SET attendance = $4
         WHERE organization_id = $1 AND visit_id = $2 AND deleted_at IS NULL AND attendance <> $4
           AND CASE WHEN $3::uuid IS NULL THEN attendance = 'EXPECTED' ELSE id = $3 END",
        by.organization.uuid(),
        visit.uuid(),
        who.map(ParticipantId::uuid),
        attendance.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
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
