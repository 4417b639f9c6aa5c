//! Making and changing records.

use chrono::NaiveDate;
use sqlx::types::Json;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, OnConstraint, Result};
use crate::ids::{OrganizationId, PatientId};
use crate::patients::form::PatientInput;
use crate::patients::model::{Demographics, PatientStatus};
use crate::patients::names;
use crate::web::form::FormErrors;

/// The protected columns of a record, sealed for its row, with their blind indexes.
#[derive(Debug, Default)]
pub struct SealedColumns {
    pub medical_record_number: Option<(Vec<u8>, Vec<u8>)>,
    pub email: Option<(Vec<u8>, Vec<u8>)>,
    pub phone: Option<(Vec<u8>, Vec<u8>)>,
    pub address: Option<Vec<u8>>,
    pub city: Option<Vec<u8>>,
    pub state: Option<Vec<u8>>,
    pub zip_code: Option<Vec<u8>>,
}

/// What a write answers: how it went, or which field is in the way.
pub type Written = Result<Result<bool, FormErrors>>;

/// Makes a record. False where it was made already: the same form, sent twice.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    by: Uuid,
    id: PatientId,
    input: &PatientInput,
    sealed: &SealedColumns,
    demographics: &Demographics,
) -> Written {
    let halves = |pair: &Option<(Vec<u8>, Vec<u8>)>| pair.clone().unzip();
    let ((mrn, mrn_index), (email, email_index), (phone, phone_index)): (Half, Half, Half) =
        (halves(&sealed.medical_record_number), halves(&sealed.email), halves(&sealed.phone));
    let result = sqlx::query!(
        "INSERT INTO patient (organization_id, id, facility_id, first_name, last_name, name_key, given_key, date_of_birth, status,
           medical_record_number_enc, medical_record_number_bidx, email_enc, email_bidx, phone_enc, phone_bidx,
           address_enc, city_enc, state_enc, zip_code_enc, assigned_clinician_id, height_cm, demographics, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8::date, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21::text::numeric, $22, $23)
         ON CONFLICT (organization_id, id) DO NOTHING",
        organization.uuid(),
        id.uuid(),
        input.facility,
        input.first_name,
        input.last_name,
        names::key(&input.last_name, &input.first_name),
        names::key(&input.first_name, &input.last_name),
        input.date_of_birth as Option<NaiveDate>,
        input.status.as_str(),
        mrn,
        mrn_index,
        email,
        email_index,
        phone,
        phone_index,
        sealed.address,
        sealed.city,
        sealed.state,
        sealed.zip_code,
        input.clinician,
        input.height_cm,
        Json(demographics) as _,
        by,
    )
    .execute(&mut **tx)
    .await;
    settled(result)
}

type Half = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Changes a record that still is at `version`. False where it is not.
pub async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    id: PatientId,
    version: i64,
    input: &PatientInput,
    sealed: &SealedColumns,
    demographics: &Demographics,
) -> Written {
    let halves = |pair: &Option<(Vec<u8>, Vec<u8>)>| pair.clone().unzip();
    let ((mrn, mrn_index), (email, email_index), (phone, phone_index)): (Half, Half, Half) =
        (halves(&sealed.medical_record_number), halves(&sealed.email), halves(&sealed.phone));
    let result = sqlx::query!(
        "UPDATE patient SET facility_id = $4, first_name = $5, last_name = $6, name_key = $7, given_key = $8, date_of_birth = $9::date,
           medical_record_number_enc = $10, medical_record_number_bidx = $11, email_enc = $12, email_bidx = $13, phone_enc = $14,
           phone_bidx = $15, address_enc = $16, city_enc = $17, state_enc = $18, zip_code_enc = $19, assigned_clinician_id = $20,
           height_cm = $21::text::numeric, demographics = $22
         WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND deleted_at IS NULL",
        organization.uuid(),
        id.uuid(),
        version,
        input.facility,
        input.first_name,
        input.last_name,
        names::key(&input.last_name, &input.first_name),
        names::key(&input.first_name, &input.last_name),
        input.date_of_birth as Option<NaiveDate>,
        mrn,
        mrn_index,
        email,
        email_index,
        phone,
        phone_index,
        sealed.address,
        sealed.city,
        sealed.state,
        sealed.zip_code,
        input.clinician,
        input.height_cm,
        Json(demographics) as _,
    )
    .execute(&mut **tx)
    .await;
    settled(result)
}

/// A number or address that another record has already is said beside its field. That record may be at a facility
/// out of reach: its existence is all that can be told.
fn settled(result: Result<sqlx::postgres::PgQueryResult, sqlx::Error>) -> Written {
    let taken = [
        (
            "patient_medical_record_number_unique",
            "medical_record_number",
            "Another record has this number. Check it, or leave it empty",
        ),
        ("patient_email_unique", "email", "Another record has this address. Check it, or leave it empty"),
    ];
    match result {
        Ok(done) => Ok(Ok(done.rows_affected() > 0)),
        Err(error) => {
            let constraint = error.as_database_error().and_then(|error| error.constraint());
            match taken.iter().find(|(name, ..)| constraint == Some(name)) {
                Some((_, field, message)) => Ok(Err(FormErrors::one(field, *message))),
                None => Err(error.into()),
            }
        }
    }
}

/// A record that may be the same person.
#[derive(Debug)]
pub struct Candidate {
    pub id: PatientId,
    pub same_name: bool,
    pub same_number: bool,
    pub same_email: bool,
    pub same_phone: bool,
}

/// Records within reach that may be the same person: the same name and birth, record number, e-mail or telephone.
pub async fn candidates(
    tx: &mut Tx,
    organization: OrganizationId,
    input: &PatientInput,
    sealed: &SealedColumns,
) -> Result<Vec<Candidate>> {
    let index = |pair: &Option<(Vec<u8>, Vec<u8>)>| pair.as_ref().map(|(_, index)| index.clone());
    let rows = sqlx::query_as!(
        Candidate,
        r#"SELECT p.id AS "id: PatientId", (p.name_key = $2 AND p.date_of_birth = $3::date) IS TRUE AS "same_name!",
                  (p.medical_record_number_bidx = $4) IS TRUE AS "same_number!", (p.email_bidx = $5) IS TRUE AS "same_email!",
                  (p.phone_bidx = $6) IS TRUE AS "same_phone!"
           FROM patient AS p
           WHERE p.organization_id = $1
             AND ((p.name_key = $2 AND p.date_of_birth = $3::date) OR p.medical_record_number_bidx = $4 OR p.email_bidx = $5 OR p.phone_bidx = $6)
           ORDER BY p.name_key, p.id LIMIT 10"#,
        organization.uuid(),
        names::key(&input.last_name, &input.first_name),
        input.date_of_birth as Option<NaiveDate>,
        index(&sealed.medical_record_number),
        index(&sealed.email),
        index(&sealed.phone),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// Moves a record that still is at `version` to another status. False where it is not.
pub async fn set_status(
    tx: &mut Tx,
    organization: OrganizationId,
    id: PatientId,
    version: i64,
    to: PatientStatus,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE patient SET status = $4 WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND deleted_at IS NULL",
        organization.uuid(),
        id.uuid(),
        version,
        to.as_str(),
    )
    .execute(&mut **tx)
    .await
    .on_constraint("patient_date_of_birth_required", || Error::Conflict("Enter the date of birth first.".to_owned()))?;
    Ok(done.rows_affected() > 0)
}

/// Takes a record out of use, or back into it, where it still is at `version`. False where it is not.
pub async fn set_deleted(
    tx: &mut Tx,
    organization: OrganizationId,
    by: Uuid,
    id: PatientId,
    version: i64,
    deleted: bool,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE patient SET deleted_at = CASE WHEN $4 THEN now() END, deleted_by_id = CASE WHEN $4 THEN $5::uuid END
         WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND is_deleted <> $4",
        organization.uuid(),
        id.uuid(),
        version,
        deleted,
        by,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// One move of a record's status.
#[derive(Debug)]
pub struct Move {
    pub at: Timestamp,
    pub from: Option<String>,
    pub to: String,
    pub reason: Option<String>,
    pub by: Option<String>,
}

/// How the status came to be what it is, the latest first.
pub async fn history(tx: &mut Tx, organization: OrganizationId, id: PatientId) -> Result<Vec<Move>> {
    let rows = sqlx::query_as!(
        Move,
        r#"SELECT c.at AS "at: Timestamp", c.from_status AS from, c.to_status AS to, c.reason,
                  concat_ws(' ', u.title, u.first_name, u.last_name) AS by
           FROM status_change AS c
           LEFT JOIN app_user AS u ON u.organization_id = c.organization_id AND u.id = c.changed_by_id
           WHERE c.organization_id = $1 AND c.subject_id = $2 ORDER BY c.at DESC LIMIT 50"#,
        organization.uuid(),
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}
