//! One patient's record, with the small lists that every page of the chart shows a part of: one statement.

use chrono::NaiveDate;
use serde::Deserialize;
use sqlx::types::Json;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId, PatientId};
use crate::patients::model::{AllergyStatus, Demographics, PatientStatus};

/// A record as it is stored: protected columns are still sealed.
#[derive(Debug)]
pub struct Stored {
    pub id: PatientId,
    pub facility_id: FacilityId,
    pub facility: String,
    pub first_name: String,
    pub last_name: String,
    pub date_of_birth: Option<NaiveDate>,
    pub status: PatientStatus,
    pub allergy_status: AllergyStatus,
    pub demographics: Json<Demographics>,
    pub medical_record_number_enc: Option<Vec<u8>>,
    pub email_enc: Option<Vec<u8>>,
    pub phone_enc: Option<Vec<u8>>,
    pub address_enc: Option<Vec<u8>>,
    pub city_enc: Option<Vec<u8>>,
    pub state_enc: Option<Vec<u8>>,
    pub zip_code_enc: Option<Vec<u8>>,
    pub height_cm: Option<String>,
    pub assigned_clinician_id: Option<Uuid>,
    pub clinician: Option<String>,
    pub deleted_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub row_version: i64,
    pub allergies: Json<Vec<AllergyItem>>,
    pub flags: Json<Vec<FlagItem>>,
    pub conditions: Json<Vec<ConditionItem>>,
    pub contacts: Json<Vec<ContactItem>>,
    pub care_team: Json<Vec<CareItem>>,
    pub coverage: Json<Vec<CoverItem>>,
    pub activity: Json<Vec<ActivityItem>>,
}

/// An allergy that counts.
#[derive(Debug, Deserialize)]
pub struct AllergyItem {
    pub substance: String,
    pub reaction: Option<String>,
    pub severity: String,
}

/// A flag that stands.
#[derive(Debug, Deserialize)]
pub struct FlagItem {
    pub code: String,
    pub note: Option<String>,
}

/// A problem, past or present.
#[derive(Debug, Deserialize)]
pub struct ConditionItem {
    pub text: String,
    pub onset: Option<NaiveDate>,
    pub status: String,
}

/// Somebody to call; the sealed columns in hexadecimal.
#[derive(Debug, Deserialize)]
pub struct ContactItem {
    pub id: Uuid,
    pub name: String,
    pub phone: Option<String>,
    pub relationship: String,
    pub is_emergency: bool,
}

/// Somebody who looks after the patient.
#[derive(Debug, Deserialize)]
pub struct CareItem {
    pub name: String,
    pub role: String,
}

/// Who pays.
#[derive(Debug, Deserialize)]
pub struct CoverItem {
    pub payer: String,
    pub starts_on: Option<NaiveDate>,
    pub ends_on: Option<NaiveDate>,
}

/// Something that moved.
#[derive(Debug, Deserialize)]
pub struct ActivityItem {
    pub at: Timestamp,
    pub subject: String,
    pub to: String,
    pub by: Option<String>,
}

/// The record of one patient, deleted or not; none where there is none to see.
pub async fn find(tx: &mut Tx, organization: OrganizationId, id: PatientId) -> Result<Option<Stored>> {
    // Lists are capped: the summary of somebody with a long history is as quick as any other.
    let row = sqlx::query_as!(
        Stored,
        r#"SELECT p.id AS "id: PatientId", p.facility_id AS "facility_id: FacilityId", f.name AS facility,
             p.first_name, p.last_name, p.date_of_birth AS "date_of_birth: NaiveDate", p.status AS "status: PatientStatus",
             p.allergy_status AS "allergy_status: AllergyStatus", p.demographics AS "demographics: Json<Demographics>",
             p.medical_record_number_enc, p.email_enc, p.phone_enc, p.address_enc, p.city_enc, p.state_enc, p.zip_code_enc,
             p.height_cm::text AS height_cm, p.assigned_clinician_id, s.name AS "clinician?",
             p.deleted_at AS "deleted_at: Timestamp", p.created_at AS "created_at: Timestamp", p.updated_at AS "updated_at: Timestamp",
             p.row_version,
             COALESCE((SELECT jsonb_agg(jsonb_build_object('substance', a.substance, 'reaction', a.reaction, 'severity', a.severity))
               FROM allergy AS a
               WHERE a.organization_id = $1 AND a.patient_id = $2 AND a.status = 'ACTIVE' AND a.deleted_at IS NULL), '[]')
               AS "allergies!: Json<Vec<AllergyItem>>",
             COALESCE((SELECT jsonb_agg(jsonb_build_object('code', l.code, 'note', l.note) ORDER BY l.starts_at, l.id)
               FROM patient_flag AS l
               WHERE l.organization_id = $1 AND l.patient_id = $2 AND l.deleted_at IS NULL AND l.starts_at <= now()
                 AND (l.ends_at IS NULL OR l.ends_at > now())), '[]') AS "flags!: Json<Vec<FlagItem>>",
             COALESCE((SELECT jsonb_agg(c.item) FROM (
               SELECT jsonb_build_object('text', c.text, 'onset', c.onset, 'status', c.status) AS item
               FROM condition AS c
               WHERE c.organization_id = $1 AND c.patient_id = $2 AND c.status <> 'ENTERED_IN_ERROR' AND c.deleted_at IS NULL
               ORDER BY (c.status = 'RESOLVED'), c.onset NULLS LAST, c.id LIMIT 12) AS c), '[]') AS "conditions!: Json<Vec<ConditionItem>>",
             COALESCE((SELECT jsonb_agg(c.item) FROM (
               SELECT jsonb_build_object('id', c.id, 'name', encode(c.name_enc, 'hex'), 'phone', encode(c.phone_enc, 'hex'),
                                         'relationship', c.relationship, 'is_emergency', c.is_emergency) AS item
               FROM patient_contact AS c
               WHERE c.organization_id = $1 AND c.patient_id = $2 AND c.deleted_at IS NULL
               ORDER BY c.is_emergency DESC, c.position, c.id LIMIT 4) AS c), '[]') AS "contacts!: Json<Vec<ContactItem>>",
             COALESCE((SELECT jsonb_agg(c.item) FROM (
               SELECT jsonb_build_object('name', t.name, 'role', c.role) AS item
               FROM care_team_member AS c JOIN staff AS t ON t.organization_id = c.organization_id AND t.id = c.staff_id
               WHERE c.organization_id = $1 AND c.patient_id = $2 AND c.deleted_at IS NULL AND (c.ends_on IS NULL OR c.ends_on >= CURRENT_DATE)
               ORDER BY c.starts_on, c.id LIMIT 6) AS c), '[]') AS "care_team!: Json<Vec<CareItem>>",
             COALESCE((SELECT jsonb_agg(c.item) FROM (
               SELECT jsonb_build_object('payer', c.payer, 'starts_on', c.starts_on, 'ends_on', c.ends_on) AS item
               FROM coverage AS c
               WHERE c.organization_id = $1 AND c.patient_id = $2 AND c.deleted_at IS NULL AND (c.ends_on IS NULL OR c.ends_on >= CURRENT_DATE)
               ORDER BY c.starts_on DESC NULLS LAST, c.id LIMIT 4) AS c), '[]') AS "coverage!: Json<Vec<CoverItem>>",
             COALESCE((SELECT jsonb_agg(c.item) FROM (
               SELECT jsonb_build_object('at', c.at, 'subject', c.subject_kind, 'to', c.to_status,
                                         'by', (SELECT concat_ws(' ', u.title, u.first_name, u.last_name) FROM app_user AS u
                                                WHERE u.organization_id = c.organization_id AND u.id = c.changed_by_id)) AS item
               FROM status_change AS c
               WHERE c.organization_id = $1 AND c.patient_id = $2
               ORDER BY c.at DESC LIMIT 6) AS c), '[]') AS "activity!: Json<Vec<ActivityItem>>"
           FROM patient AS p
           JOIN facility AS f ON f.organization_id = p.organization_id AND f.id = p.facility_id
           LEFT JOIN staff AS s ON s.organization_id = p.organization_id AND s.id = p.assigned_clinician_id
           WHERE p.organization_id = $1 AND p.id = $2"#,
        organization.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}
