//! Finding patients: which ones, in order, then what a list shows of them.
//!
//! Every statement names the tenant and the facilities itself. Row-level security decides what may be seen, but its
//! policies are OR-ed and cannot be index conditions; named here, each facility is one descent of an index however
//! many patients there are. Where a page ends is an end of the index's range too: of two bounds on one column PostgreSQL
//! enters the index by the first, so the cursor's key is joined with the range's, and the page number does not matter.

use chrono::NaiveDate;
use sqlx::types::Json;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrganizationId, PatientId};
use crate::patients::model::{Demographics, PatientStatus};

/// Which patients a list holds.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The tenant.
    pub organization: OrganizationId,
    /// The facilities, all within reach.
    pub facilities: Vec<Uuid>,
    /// Deleted records instead of those in use.
    pub deleted: bool,
    /// Of these statuses only.
    pub statuses: Vec<&'static str>,
    /// Of this clinician only.
    pub clinician: Option<Uuid>,
    /// With this flag only.
    pub flag: Option<String>,
    /// After this patient in the order of the list; the nil UUID for the first page.
    pub after: Uuid,
    /// At most so many.
    pub limit: i64,
}

/// By family name, from A, among the keys of a half-open range.
pub async fn by_name(tx: &mut Tx, wanted: &Wanted, range: &(String, String)) -> Result<Vec<PatientId>> {
    let ids = sqlx::query_scalar!(
        r#"SELECT found.id AS "id: PatientId"
           FROM unnest($2::uuid[]) AS here(id)
           CROSS JOIN (SELECT MAX(c.name_key) AS key FROM patient AS c WHERE c.organization_id = $1 AND c.id = $5) AS cursor
           CROSS JOIN LATERAL (
             SELECT p.id, p.name_key FROM patient AS p
             WHERE p.organization_id = $1 AND p.facility_id = here.id AND p.name_key >= GREATEST($3, cursor.key) AND p.name_key < $4
               AND (p.name_key, p.id) > (COALESCE(cursor.key, ''), $5)
               AND p.is_deleted = $6 AND p.status = ANY ($7::text[])
               AND ($8::uuid IS NULL OR p.assigned_clinician_id = $8)
               AND ($9::text IS NULL OR EXISTS (
                 SELECT FROM patient_flag AS f
                 WHERE f.organization_id = p.organization_id AND f.patient_id = p.id AND f.code = $9
                   AND f.deleted_at IS NULL AND f.starts_at <= now() AND (f.ends_at IS NULL OR f.ends_at > now())))
             ORDER BY p.name_key, p.id LIMIT $10) AS found
           ORDER BY found.name_key, found.id LIMIT $10"#,
        wanted.organization.uuid(),
        &wanted.facilities,
        range.0,
        range.1,
        wanted.after,
        wanted.deleted,
        &wanted.statuses as &[&str],
        wanted.clinician,
        wanted.flag,
        wanted.limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// By family name, from Z.
pub async fn by_name_backwards(tx: &mut Tx, wanted: &Wanted, range: &(String, String)) -> Result<Vec<PatientId>> {
    let ids = sqlx::query_scalar!(
        r#"SELECT found.id AS "id: PatientId"
           FROM unnest($2::uuid[]) AS here(id)
           CROSS JOIN (SELECT MAX(c.name_key) AS key FROM patient AS c WHERE c.organization_id = $1 AND c.id = $5) AS cursor
           CROSS JOIN LATERAL (
             SELECT p.id, p.name_key FROM patient AS p
             WHERE p.organization_id = $1 AND p.facility_id = here.id AND p.name_key >= $3 AND p.name_key <= LEAST($4, cursor.key)
               AND (p.name_key, p.id) < (COALESCE(cursor.key, $4), $5)
               AND p.is_deleted = $6 AND p.status = ANY ($7::text[])
               AND ($8::uuid IS NULL OR p.assigned_clinician_id = $8)
               AND ($9::text IS NULL OR EXISTS (
                 SELECT FROM patient_flag AS f
                 WHERE f.organization_id = p.organization_id AND f.patient_id = p.id AND f.code = $9
                   AND f.deleted_at IS NULL AND f.starts_at <= now() AND (f.ends_at IS NULL OR f.ends_at > now())))
             ORDER BY p.name_key DESC, p.id DESC LIMIT $10) AS found
           ORDER BY found.name_key DESC, found.id DESC LIMIT $10"#,
        wanted.organization.uuid(),
        &wanted.facilities,
        range.0,
        range.1,
        wanted.after,
        wanted.deleted,
        &wanted.statuses as &[&str],
        wanted.clinician,
        wanted.flag,
        wanted.limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// By given name, without those whose family name lies in the same range: [`by_name`] has shown them already.
pub async fn by_given_name(tx: &mut Tx, wanted: &Wanted, range: &(String, String)) -> Result<Vec<PatientId>> {
    let ids = sqlx::query_scalar!(
        r#"SELECT found.id AS "id: PatientId"
           FROM unnest($2::uuid[]) AS here(id)
           CROSS JOIN (SELECT MAX(c.given_key) AS key FROM patient AS c WHERE c.organization_id = $1 AND c.id = $5) AS cursor
           CROSS JOIN LATERAL (
             SELECT p.id, p.given_key FROM patient AS p
             WHERE p.organization_id = $1 AND p.facility_id = here.id AND p.given_key >= GREATEST($3, cursor.key) AND p.given_key < $4
               AND (p.given_key, p.id) > (COALESCE(cursor.key, ''), $5)
               AND NOT (p.name_key >= $3 AND p.name_key < $4)
               AND p.is_deleted = $6 AND p.status = ANY ($7::text[])
               AND ($8::uuid IS NULL OR p.assigned_clinician_id = $8)
               AND ($9::text IS NULL OR EXISTS (
                 SELECT FROM patient_flag AS f
                 WHERE f.organization_id = p.organization_id AND f.patient_id = p.id AND f.code = $9
                   AND f.deleted_at IS NULL AND f.starts_at <= now() AND (f.ends_at IS NULL OR f.ends_at > now())))
             ORDER BY p.given_key, p.id LIMIT $10) AS found
           ORDER BY found.given_key, found.id LIMIT $10"#,
        wanted.organization.uuid(),
        &wanted.facilities,
        range.0,
        range.1,
        wanted.after,
        wanted.deleted,
        &wanted.statuses as &[&str],
        wanted.clinician,
        wanted.flag,
        wanted.limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// By record number or telephone, exactly; whatever the status, since whoever knows the number means this person.
pub async fn by_number(tx: &mut Tx, wanted: &Wanted, record: &[u8], phone: &[u8]) -> Result<Vec<PatientId>> {
    let ids = sqlx::query_scalar!(
        r#"SELECT p.id AS "id: PatientId" FROM patient AS p
           WHERE p.organization_id = $1 AND (p.medical_record_number_bidx = $2 OR p.phone_bidx = $3) AND p.is_deleted = $4
           ORDER BY p.name_key, p.id LIMIT $5"#,
        wanted.organization.uuid(),
        record,
        phone,
        wanted.deleted,
        wanted.limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// By e-mail address, exactly.
pub async fn by_email(tx: &mut Tx, wanted: &Wanted, email: &[u8]) -> Result<Vec<PatientId>> {
    let ids = sqlx::query_scalar!(
        r#"SELECT p.id AS "id: PatientId" FROM patient AS p
           WHERE p.organization_id = $1 AND p.email_bidx = $2 AND p.is_deleted = $3 ORDER BY p.id LIMIT $4"#,
        wanted.organization.uuid(),
        email,
        wanted.deleted,
        wanted.limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids)
}

/// What a list shows of one patient.
#[derive(Debug)]
pub struct Row {
    pub id: PatientId,
    pub first_name: String,
    pub last_name: String,
    pub date_of_birth: Option<NaiveDate>,
    pub status: PatientStatus,
    pub demographics: Json<Demographics>,
    pub medical_record_number_enc: Option<Vec<u8>>,
    pub facility: String,
    pub clinician: Option<String>,
    pub flags: Vec<String>,
    /// Where it is asked for, the readings of blood pressure of the last fourteen days, the latest first: when,
    pub pressure_at: Option<Vec<Timestamp>>,
    /// systolic,
    pub pressure_first: Option<Vec<f64>>,
    /// diastolic;
    pub pressure_second: Option<Vec<Option<f64>>>,
    /// what the latest is judged where the range holds for the patient,
    pub pressure_word: Option<String>,
    /// and the reference range of the systolic value, where it holds for all of these readings.
    pub pressure_low: Option<f64>,
    pub pressure_high: Option<f64>,
    /// The zone of their days.
    pub zone: String,
}

/// What a list shows of `ids`, in their order; with the blood pressure of the last fourteen days where it is asked for. That is read from
/// the index of readings alone, patient by patient, in the one or two months where they lie: 1.4 ms for fifty who measure every day.
pub async fn rows(tx: &mut Tx, organization: OrganizationId, ids: &[PatientId], pressure: bool) -> Result<Vec<Row>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT p.id AS "id: PatientId", p.first_name, p.last_name, p.date_of_birth AS "date_of_birth: NaiveDate", p.status AS "status: PatientStatus",
                  p.demographics AS "demographics: Json<Demographics>", p.medical_record_number_enc,
                  f.name AS facility, s.name AS "clinician?",
                  ARRAY(SELECT l.code FROM patient_flag AS l
                        WHERE l.organization_id = p.organization_id AND l.patient_id = p.id AND l.deleted_at IS NULL
                          AND l.starts_at <= now() AND (l.ends_at IS NULL OR l.ends_at > now()) ORDER BY l.starts_at) AS "flags!",
                  lately.at AS "pressure_at?: Vec<Timestamp>", lately.first AS "pressure_first?", lately.second AS "pressure_second?: Vec<Option<f64>>",
                  CASE WHEN kit.range_holds(m, p.date_of_birth, lately.at[1]) THEN kit.interpretation(m, lately.first[1], lately.second[1]) END AS "pressure_word?",
                  CASE WHEN held.held THEN m.reference_low END AS "pressure_low?", CASE WHEN held.held THEN m.reference_high END AS "pressure_high?",
                  f.timezone AS zone
           FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted(id, position)
           JOIN patient AS p ON p.organization_id = $1 AND p.id = wanted.id
           JOIN facility AS f ON f.organization_id = p.organization_id AND f.id = p.facility_id
           LEFT JOIN staff AS s ON s.organization_id = p.organization_id AND s.id = p.assigned_clinician_id
           LEFT JOIN metric AS m ON $3 AND m.code = 'BLOOD_PRESSURE'
           LEFT JOIN LATERAL (
             SELECT array_agg(o.effective_at) AS at, array_agg(o.value_num) AS first, array_agg(o.value2_num) AS second
             FROM (SELECT o.effective_at, o.value_num, o.value2_num FROM observation AS o
                   WHERE $3 AND o.organization_id = $1 AND o.patient_id = wanted.id AND o.code = 'BLOOD_PRESSURE' AND o.status = 'FINAL'
                     AND o.effective_at > now() - INTERVAL '14 days' AND o.effective_at <= now()
                   ORDER BY o.effective_at DESC LIMIT 200) AS o) AS lately ON true
           CROSS JOIN LATERAL (SELECT kit.range_holds(m, p.date_of_birth, lately.at[cardinality(lately.at)])) AS held (held)
           ORDER BY wanted.position"#,
        organization.uuid(),
        &ids,
        pressure,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// Name and record number, for roles that may know no more.
#[derive(Debug)]
pub struct Header {
    pub id: PatientId,
    pub first_name: String,
    pub last_name: String,
    pub medical_record_number_enc: Option<Vec<u8>>,
}

/// Headers of patients whose family name begins with `prefix`.
pub async fn headers_by_name(tx: &mut Tx, prefix: &str, limit: i32) -> Result<Vec<Header>> {
    let rows = sqlx::query_as!(
        Header,
        r#"SELECT id AS "id!: PatientId", first_name AS "first_name!", last_name AS "last_name!", medical_record_number_enc
           FROM headers.find($1, $2)"#,
        prefix,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// The header of the patient with this record number.
pub async fn header_by_number(tx: &mut Tx, record: &[u8]) -> Result<Vec<Header>> {
    let rows = sqlx::query_as!(
        Header,
        r#"SELECT id AS "id!: PatientId", first_name AS "first_name!", last_name AS "last_name!", medical_record_number_enc
           FROM headers.by_record_number($1)"#,
        record,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// Clinicians to filter by and to assign: members of staff by name.
pub async fn clinicians(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!(
        "SELECT id, name FROM staff WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY name, id LIMIT 500",
        organization.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
