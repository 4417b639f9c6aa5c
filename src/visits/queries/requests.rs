//! Requests for visits.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::By;
use crate::ids::{AlertId, FacilityId, PatientId, SlotId, StaffId, VisitId, VisitRequestId};
use crate::visits::limit::Asked;
use crate::visits::model::{Acuity, Category, Mode, RequestStatus, VisitType};
use crate::web::format;

/// A request with what a list says of it.
#[derive(Clone, Debug)]
pub struct RequestRow {
    /// Which.
    pub id: VisitRequestId,
    /// `R-118`
    pub number: i64,
    /// Where.
    pub facility_id: FacilityId,
    /// Its name.
    pub facility: String,
    /// Who is to be seen.
    pub patient_id: PatientId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Birthday.
    pub date_of_birth: Option<NaiveDate>,
    /// At a time or at once.
    pub request_type: VisitType,
    /// In a room or by video.
    pub mode: Mode,
    /// The day that suits.
    pub requested_date: Option<NaiveDate>,
    /// From when it suits.
    pub window_start: Option<Timestamp>,
    /// Until when.
    pub window_end: Option<Timestamp>,
    /// Why, in their words.
    pub reason_text: String,
    /// In one word.
    pub reason_category: Option<String>,
    /// How soon.
    pub acuity: Acuity,
    /// Where it is.
    pub status: RequestStatus,
    /// The slot offered.
    pub slot_id: Option<SlotId>,
    /// From.
    pub slot_start: Option<Timestamp>,
    /// Until.
    pub slot_end: Option<Timestamp>,
    /// In a room or by video.
    pub slot_mode: Option<Mode>,
    /// Room or place.
    pub slot_location: Option<String>,
    /// Kept until.
    pub held_until: Option<Timestamp>,
    /// Whether that has passed.
    pub lapsed: bool,
    /// Who would see them.
    pub slot_staff: Option<String>,
    /// Whose time it is.
    pub slot_staff_id: Option<StaffId>,
    /// The visit it became.
    pub visit_id: Option<VisitId>,
    /// The alert that suggested it.
    pub alert_id: Option<AlertId>,
    /// What was said when an offer was declined.
    pub decline_note: Option<String>,
    /// Who said yes on the telephone.
    pub confirmation_note: Option<String>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub asked_by: Option<String>,
    /// What a form must bring back.
    pub row_version: i64,
}

impl RequestRow {
    /// `OKAFOR, Adaeze`
    #[must_use]
    pub fn name(&self) -> String {
        format::person(&self.last_name, &self.first_name, None)
    }

    /// `R-118`
    #[must_use]
    pub fn reference(&self) -> String {
        format!("R-{}", self.number)
    }

    /// What it is about, in a word.
    #[must_use]
    pub fn category(&self) -> Option<&'static str> {
        self.reason_category.as_deref().and_then(Category::from_name).map(Category::label)
    }

    /// Whether an offer stands that can still be taken.
    #[must_use]
    pub fn offered(&self) -> bool {
        self.status == RequestStatus::Awaiting && !self.lapsed
    }

    /// When it suits, in words.
    #[must_use]
    pub fn when(&self, zone: chrono_tz::Tz) -> String {
        match (self.window_start, self.window_end, self.requested_date) {
            (Some(from), Some(until), _) => {
                let (from, until) = (from.with_timezone(&zone), until.with_timezone(&zone));
                if from.date_naive() == until.date_naive() {
                    format!("{}, {} to {}", from.format("%d-%b"), from.format("%H:%M"), until.format("%H:%M"))
                } else {
                    format!("{} to {}", from.format("%d-%b"), until.format("%d-%b"))
                }
            }
            (_, _, Some(day)) => format::date(day),
            _ if self.request_type == VisitType::WalkIn => "now".to_owned(),
            _ => "any day".to_owned(),
        }
    }
}

macro_rules! request_rows {
    ($condition:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            RequestRow,
            r#"SELECT r.id AS "id: VisitRequestId", r.number, r.facility_id AS "facility_id: FacilityId", COALESCE(f.name, '') AS "facility!",
                      r.patient_id AS "patient_id: PatientId", p.first_name, p.last_name, p.date_of_birth AS "date_of_birth: NaiveDate",
                      r.request_type AS "request_type: VisitType", r.visit_mode AS "mode: Mode", r.requested_date AS "requested_date: NaiveDate",
                      r.window_start AS "window_start: Timestamp", r.window_end AS "window_end: Timestamp", r.reason_text, r.reason_category,
                      r.acuity AS "acuity: Acuity", r.status AS "status: RequestStatus", r.proposed_slot_id AS "slot_id: SlotId",
                      s.start_time AS "slot_start?: Timestamp", s.end_time AS "slot_end?: Timestamp", s.visit_mode AS "slot_mode?: Mode", s.location AS "slot_location?",
                      s.held_until AS "held_until?: Timestamp", COALESCE(s.held_until <= clock_timestamp(), false) AS "lapsed!",
                      t.name AS "slot_staff?", s.staff_id AS "slot_staff_id?: StaffId", r.visit_id AS "visit_id: VisitId", r.alert_id AS "alert_id: AlertId",
                      r.decline_note, r.confirmation_note, r.cancel_reason, r.created_at AS "created_at: Timestamp",
                      NULLIF(concat_ws(' ', u.title, u.first_name, u.last_name), '')
                        || COALESCE((SELECT ' (' || CASE a.relationship WHEN 'OTHER' THEN 'trusted person' ELSE lower(a.relationship) END || ', for the patient)' FROM portal_account AS a
                                     WHERE a.organization_id = r.organization_id AND a.patient_id = r.patient_id AND a.user_id = r.created_by_id AND a.relationship <> 'SELF' LIMIT 1), '') AS asked_by, r.row_version
               FROM visit_request AS r
               LEFT JOIN facility AS f ON f.organization_id = r.organization_id AND f.id = r.facility_id
               JOIN patient AS p ON p.organization_id = r.organization_id AND p.id = r.patient_id
               LEFT JOIN slot AS s ON s.organization_id = r.organization_id AND s.id = r.proposed_slot_id
               LEFT JOIN staff AS t ON t.organization_id = s.organization_id AND t.id = s.staff_id
               LEFT JOIN app_user AS u ON u.organization_id = r.organization_id AND u.id = r.created_by_id
               WHERE r.organization_id = $1 AND r.deleted_at IS NULL AND "# + $condition,
            $($argument),+
        )
    };
}

/// One request.
pub async fn find(conn: &mut PgConnection, actor: &Actor, id: VisitRequestId) -> Result<Option<RequestRow>> {
    Ok(request_rows!("r.id = $2", actor.organization.uuid(), id.uuid()).fetch_optional(conn).await?)
}

/// One request, kept from everybody else until the end of the transaction.
pub async fn lock(conn: &mut PgConnection, actor: &Actor, id: VisitRequestId) -> Result<Option<RequestRow>> {
    Ok(request_rows!("r.id = $2 FOR UPDATE OF r", actor.organization.uuid(), id.uuid()).fetch_optional(conn).await?)
}

/// Requests that somebody still has to do something about: the most urgent first, then who has waited longest. The first of
/// each facility come by its index, then the first of those.
pub async fn open(
    conn: &mut PgConnection,
    actor: &Actor,
    facilities: &[Uuid],
    status: Option<RequestStatus>,
    limit: i64,
) -> Result<Vec<RequestRow>> {
    Ok(request_rows!(
        "r.id = ANY (ARRAY(
            SELECT q.id FROM unnest($2::uuid[]) AS place (id) CROSS JOIN LATERAL (
              SELECT x.id, x.acuity_rank, x.created_at FROM visit_request AS x
               WHERE x.organization_id = $1 AND x.facility_id = place.id AND x.is_open AND ($3::text IS NULL OR x.status = $3)
               ORDER BY x.acuity_rank DESC, x.created_at, x.id LIMIT $4) AS q
             ORDER BY q.acuity_rank DESC, q.created_at, q.id LIMIT $4))
         ORDER BY r.acuity_rank DESC, r.created_at, r.id",
        actor.organization.uuid(),
        facilities,
        status.map(RequestStatus::as_str),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Requests that became visits or were cancelled, the latest first.
pub async fn closed(
    conn: &mut PgConnection,
    actor: &Actor,
    facilities: &[Uuid],
    limit: i64,
) -> Result<Vec<RequestRow>> {
    Ok(request_rows!(
        "r.id = ANY (ARRAY(
            SELECT q.id FROM unnest($2::uuid[]) AS place (id) CROSS JOIN LATERAL (
              SELECT x.id, x.created_at FROM visit_request AS x WHERE x.organization_id = $1 AND x.facility_id = place.id AND NOT x.is_open
               ORDER BY x.created_at DESC LIMIT $3) AS q
             ORDER BY q.created_at DESC, q.id DESC LIMIT $3))
         ORDER BY r.created_at DESC, r.id DESC",
        actor.organization.uuid(),
        facilities,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// The requests of a patient, the latest first.
pub async fn of_patient(
    conn: &mut PgConnection,
    actor: &Actor,
    patient: PatientId,
    limit: i64,
) -> Result<Vec<RequestRow>> {
    Ok(request_rows!(
        "r.patient_id = $2 ORDER BY r.created_at DESC, r.id DESC LIMIT $3",
        actor.organization.uuid(),
        patient.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// The requests of a patient that wait for somebody, the latest first. Where there is none, nothing else is looked up.
pub async fn open_of_patient(
    conn: &mut PgConnection,
    actor: &Actor,
    patient: PatientId,
    limit: i64,
) -> Result<Vec<RequestRow>> {
    Ok(request_rows!(
        "r.patient_id = $2 AND r.is_open ORDER BY r.created_at DESC, r.id DESC LIMIT $3",
        actor.organization.uuid(),
        patient.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// How many requests are in each open state, within the facilities.
pub async fn counts(conn: &mut PgConnection, actor: &Actor, facilities: &[Uuid]) -> Result<Vec<(RequestStatus, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT status AS "status: RequestStatus", COUNT(*) AS "count!" FROM
             (SELECT status FROM visit_request WHERE organization_id = $1 AND facility_id = ANY ($2) AND is_open LIMIT 1000) AS open
           GROUP BY status"#,
        actor.organization.uuid(),
        facilities,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.status, row.count)).collect())
}

/// A request to be made.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Its identifier, made before it, so that a form sent twice makes one.
    pub id: VisitRequestId,
    /// Where.
    pub facility: FacilityId,
    /// Who is to be seen.
    pub patient: PatientId,
    /// At a time or at once.
    pub request_type: VisitType,
    /// In a room or by video.
    pub mode: Mode,
    /// The day that suits.
    pub requested_date: Option<NaiveDate>,
    /// From and until when it suits.
    pub window: Option<(Timestamp, Timestamp)>,
    /// Why.
    pub reason: String,
    /// In one word.
    pub category: Option<Category>,
    /// How soon.
    pub acuity: Acuity,
    /// The alert that suggested it, of this patient.
    pub alert: Option<AlertId>,
}

/// Whom an alert is about, as far as this person sees it.
pub async fn patient_of_alert(conn: &mut PgConnection, actor: &Actor, alert: AlertId) -> Result<Option<PatientId>> {
    let found = sqlx::query_scalar!(
        r#"SELECT patient_id AS "patient: PatientId" FROM alert WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"#,
        actor.organization.uuid(),
        alert.uuid(),
    );
    Ok(found.fetch_optional(conn).await?.flatten())
}

/// How many requests of a patient wait, and how many this person made within a day.
///
/// # Errors
/// Where the database does not answer.
pub async fn asked(conn: &mut PgConnection, actor: &Actor, patient: PatientId) -> Result<Asked> {
    Ok(sqlx::query_as!(
        Asked,
        r#"SELECT count(*) FILTER (WHERE is_open) AS "open!", count(*) FILTER (WHERE created_at > now() - INTERVAL '1 day' AND created_by_id = $3) AS "lately!"
           FROM visit_request WHERE organization_id = $1 AND patient_id = $2 AND (is_open OR created_at > now() - INTERVAL '1 day')"#,
        actor.organization.uuid(),
        patient.uuid(),
        actor.user.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// Makes a request; says whether it is new, rather than the form having been sent twice.
pub async fn insert(conn: &mut PgConnection, by: &By, new: &NewRequest) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO visit_request (organization_id, id, facility_id, patient_id, request_type, visit_mode, requested_date, window_start, window_end,
                                    reason_text, reason_category, acuity, created_by_id, alert_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
        by.organization.uuid(),
        new.id.uuid(),
        new.facility.uuid(),
        new.patient.uuid(),
        new.request_type.as_str(),
        new.mode.as_str(),
        new.requested_date as Option<NaiveDate>,
        new.window.map(|window| window.0) as Option<Timestamp>,
        new.window.map(|window| window.1) as Option<Timestamp>,
        new.reason,
        new.category.map(Category::as_str),
        new.acuity.as_str(),
        by.id,
        new.alert.map(AlertId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a request becomes; what is none stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Becomes<'a> {
    /// How soon.
    pub acuity: Option<Acuity>,
    /// What it is about.
    pub category: Option<Category>,
    /// The slot offered.
    pub slot: Option<SlotId>,
    /// The visit it becomes.
    pub visit: Option<VisitId>,
    /// What was said when an offer was declined.
    pub decline_note: Option<&'a str>,
    /// Who said yes on the telephone.
    pub confirmation_note: Option<&'a str>,
    /// Why it is cancelled.
    pub cancel_reason: Option<&'a str>,
}

/// Moves a request that is still as it was looked at; says whether it was.
pub async fn set_status(
    conn: &mut PgConnection,
    by: &By,
    row: &RequestRow,
    to: RequestStatus,
    becomes: Becomes<'_>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE visit_request SET status = $4, acuity = COALESCE($5, acuity), reason_category = COALESCE($6, reason_category),
                proposed_slot_id = COALESCE($7, proposed_slot_id), visit_id = COALESCE($8, visit_id), decline_note = COALESCE($9, decline_note),
                confirmation_note = COALESCE($10, confirmation_note), cancel_reason = COALESCE($11, cancel_reason)
         WHERE organization_id = $1 AND id = $2 AND row_version = $3",
        by.organization.uuid(),
        row.id.uuid(),
        row.row_version,
        to.as_str(),
        becomes.acuity.map(Acuity::as_str),
        becomes.category.map(Category::as_str),
        becomes.slot.map(SlotId::uuid),
        becomes.visit.map(VisitId::uuid),
        becomes.decline_note,
        becomes.confirmation_note,
        becomes.cancel_reason,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
