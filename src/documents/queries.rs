//! Every statement on documents: what reads them; `write` has the others.

use chrono::NaiveDate;

use super::model::Subject;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{CaseId, DocumentId, DocumentVersionId, FacilityId, OrganizationId, PatientId};

/// Reads documents with their newest versions; the text goes on with the condition.
macro_rules! documents {
    ([$($rest:tt)+], $($args:tt)*) => {
        sqlx::query_as!(
            Document,
            r#"SELECT d.id AS "id: DocumentId", d.bucket, d.title, d.category, d.status, d.case_id AS "case: CaseId", d.patient_id AS "patient: PatientId",
                  d.facility_id AS "facility: FacilityId", f.name AS "place?",
                  d.expires_on AS "expires_on: NaiveDate", d.archived_at AS "archived_at: Timestamp", d.archive_reason,
                  d.shared_at AS "shared_at: Timestamp",
                  CASE WHEN d.shared_by_id IS NOT NULL THEN CONCAT_WS(' ', s.first_name, s.last_name) END AS sharer, d.row_version,
                  v.version, v.id AS "version_id: DocumentVersionId", v.filename, v.mime_type AS mime, v.file_size AS size,
                  v.uploaded_at AS "uploaded_at: Timestamp", CONCAT_WS(' ', u.first_name, u.last_name) AS "uploader!"
           FROM document AS d
           JOIN document_version AS v ON v.organization_id = d.organization_id AND v.document_id = d.id AND v.version = d.current_version
           LEFT JOIN facility AS f ON f.organization_id = d.organization_id AND f.id = d.facility_id
           LEFT JOIN app_user AS u ON u.organization_id = v.organization_id AND u.id = v.uploaded_by_id
           LEFT JOIN app_user AS s ON s.organization_id = d.organization_id AND s.id = d.shared_by_id
           WHERE d.organization_id = $1 AND "# + $($rest)+,
            $($args)*
        )
    };
}

mod policies;
mod write;

pub use policies::{Policies, policies, waiting};
pub use write::{Kept, NewDocument, NewVersion, add, add_version, archive, describe, publish, share};

/// A document with its newest version.
#[derive(Clone, Debug)]
pub struct Document {
    pub id: DocumentId,
    pub bucket: String,
    pub title: String,
    pub category: String,
    pub status: String,
    pub case: Option<CaseId>,
    pub patient: Option<PatientId>,
    /// The facility that a policy is for, and its name; none where it is for the whole organization.
    pub facility: Option<FacilityId>,
    pub place: Option<String>,
    pub expires_on: Option<NaiveDate>,
    pub archived_at: Option<Timestamp>,
    pub archive_reason: Option<String>,
    pub shared_at: Option<Timestamp>,
    pub sharer: Option<String>,
    pub row_version: i64,
    pub version: i32,
    pub version_id: DocumentVersionId,
    pub filename: String,
    pub mime: String,
    pub size: i64,
    pub uploaded_at: Timestamp,
    pub uploader: String,
}

/// One version.
#[derive(Clone, Debug)]
pub struct Version {
    pub id: DocumentVersionId,
    pub number: i32,
    pub filename: String,
    pub mime: String,
    pub size: i64,
    pub sha256: Vec<u8>,
    pub storage_key: String,
    pub note: Option<String>,
    pub uploaded_at: Timestamp,
    pub uploader: String,
    pub current: bool,
}

/// Documents, the newest first: those of a subject, or one of them by its id.
async fn find(
    tx: &mut Tx,
    organization: OrganizationId,
    subject: Option<Subject>,
    id: Option<DocumentId>,
    after: Option<DocumentId>,
    most: i64,
) -> Result<Vec<Document>> {
    let (case, patient, message) = subject.map_or((None, None, None), Subject::ids);
    Ok(documents!(
        ["(d.case_id = $2 OR d.patient_id = $3 OR d.message_id = $7 OR d.id = $4)
             AND ($5::uuid IS NULL
                  OR (d.created_at, d.id) < (SELECT a.created_at, a.id FROM document AS a WHERE a.organization_id = $1 AND a.id = $5))
           ORDER BY d.created_at DESC, d.id DESC
           LIMIT $6"],
        organization.uuid(),
        case,
        patient,
        id.map(DocumentId::uuid),
        after.map(DocumentId::uuid),
        most,
        message,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// The documents of a subject, the newest first, after one of them.
pub async fn list(
    tx: &mut Tx,
    organization: OrganizationId,
    subject: Subject,
    after: Option<DocumentId>,
    most: i64,
) -> Result<Vec<Document>> {
    find(tx, organization, Some(subject), None, after, most).await
}

/// One document.
pub async fn one(tx: &mut Tx, organization: OrganizationId, id: DocumentId) -> Result<Option<Document>> {
    Ok(find(tx, organization, None, Some(id), None, 1).await?.pop())
}

/// The newest version of a document that belongs to this subject.
pub async fn one_of(
    tx: &mut Tx,
    organization: OrganizationId,
    subject: Subject,
    id: DocumentId,
) -> Result<Option<DocumentVersionId>> {
    let (case, patient, message) = subject.ids();
    Ok(sqlx::query_scalar!(
        r#"SELECT v.id AS "id: DocumentVersionId"
           FROM document AS d
           JOIN document_version AS v ON v.organization_id = d.organization_id AND v.document_id = d.id AND v.version = d.current_version
           WHERE d.organization_id = $1 AND d.id = $2 AND (d.case_id = $3 OR d.patient_id = $4 OR d.message_id = $5)"#,
        organization.uuid(),
        id.uuid(),
        case,
        patient,
        message,
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// The versions of a document, the newest first, or one of them.
pub async fn versions(
    tx: &mut Tx,
    organization: OrganizationId,
    document: DocumentId,
    only: Option<DocumentVersionId>,
) -> Result<Vec<Version>> {
    Ok(sqlx::query_as!(
        Version,
        r#"SELECT v.id AS "id: DocumentVersionId", v.version AS number, v.filename, v.mime_type AS mime, v.file_size AS size, v.sha256,
                  v.storage_key, v.note, v.uploaded_at AS "uploaded_at: Timestamp", CONCAT_WS(' ', u.first_name, u.last_name) AS "uploader!",
                  v.status = 'PUBLISHED' AS "current!"
           FROM document_version AS v
           LEFT JOIN app_user AS u ON u.organization_id = v.organization_id AND u.id = v.uploaded_by_id
           WHERE v.organization_id = $1 AND v.document_id = $2 AND ($3::uuid IS NULL OR v.id = $3)
           ORDER BY v.version DESC"#,
        organization.uuid(),
        document.uuid(),
        only.map(DocumentVersionId::uuid),
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Bytes that the organization may still add.
pub async fn room(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    let room = sqlx::query_scalar!(
        r#"SELECT quota_bytes - used_bytes AS "room!" FROM document_usage WHERE organization_id = $1"#,
        organization.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    // No row yet: nothing was ever added.
    Ok(room.map_or(u64::MAX, |room| u64::try_from(room).unwrap_or(0)))
}

/// The documents that are shared with a patient, the latest shared first, after one of them.
pub async fn shared(
    tx: &mut Tx,
    organization: OrganizationId,
    patient: PatientId,
    after: Option<DocumentId>,
    most: i64,
) -> Result<Vec<Document>> {
    Ok(sqlx::query_as!(
        Document,
        r#"SELECT d.id AS "id: DocumentId", d.bucket, d.title, d.category, d.status, d.case_id AS "case: CaseId", d.patient_id AS "patient: PatientId",
                  d.facility_id AS "facility: FacilityId", NULL AS "place?",
                  d.expires_on AS "expires_on: NaiveDate", d.archived_at AS "archived_at: Timestamp", d.archive_reason,
                  d.shared_at AS "shared_at: Timestamp", headers.staff_name(d.shared_by_id) AS sharer, d.row_version,
                  v.version, v.id AS "version_id: DocumentVersionId", v.filename, v.mime_type AS mime, v.file_size AS size,
                  v.uploaded_at AS "uploaded_at: Timestamp", '' AS "uploader!"
           FROM document AS d
           JOIN document_version AS v ON v.organization_id = d.organization_id AND v.document_id = d.id AND v.version = d.current_version
           WHERE d.organization_id = $1 AND d.patient_id = $2 AND d.shared_at IS NOT NULL AND d.status = 'PUBLISHED'
             AND ($3::uuid IS NULL
                  OR (d.shared_at, d.id) < (SELECT a.shared_at, a.id FROM document AS a WHERE a.organization_id = $1 AND a.id = $3))
           ORDER BY d.shared_at DESC, d.id DESC
           LIMIT $4"#,
        organization.uuid(),
        patient.uuid(),
        after.map(DocumentId::uuid),
        most,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Which of these names of stored files have a row.
pub async fn known_keys(tx: &mut Tx, organization: OrganizationId, keys: &[String]) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT storage_key AS "key!" FROM document_version WHERE organization_id = $1 AND storage_key = ANY ($2)
           UNION ALL SELECT storage_key FROM reading_import WHERE organization_id = $1 AND storage_key = ANY ($2)"#,
        organization.uuid(),
        keys,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Names and sizes of stored files that have a row, after `after`, in the order of their names.
pub async fn stored_keys(
    tx: &mut Tx,
    organization: OrganizationId,
    after: &str,
    most: i64,
) -> Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(
        "SELECT storage_key, file_size FROM document_version WHERE organization_id = $1 AND storage_key > $2 ORDER BY storage_key LIMIT $3",
        organization.uuid(),
        after,
        most,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.storage_key, row.file_size)).collect())
}

/// Where a patient is, and whether the record is in use; none where the actor does not see it.
pub async fn chart(tx: &mut Tx, organization: OrganizationId, id: PatientId) -> Result<Option<(FacilityId, bool)>> {
    let row = sqlx::query!(
        r#"SELECT facility_id AS "facility: FacilityId", deleted_at IS NULL AS "open!" FROM patient WHERE organization_id = $1 AND id = $2"#,
        organization.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.facility, row.open)))
}

/// A file that is attached to a message.
#[derive(Clone, Debug)]
pub struct Attached {
    /// The message.
    pub message: uuid::Uuid,
    /// The document that it became.
    pub id: DocumentId,
    /// Its name, cleaned.
    pub filename: String,
    /// What it was found to be.
    pub mime: String,
    /// Bytes.
    pub size: i64,
}

/// The files of these messages, in the order in which they were added.
pub async fn attached(tx: &mut Tx, organization: OrganizationId, messages: &[uuid::Uuid]) -> Result<Vec<Attached>> {
    Ok(sqlx::query_as!(
        Attached,
        r#"SELECT d.message_id AS "message!", d.id AS "id: DocumentId", v.filename, v.mime_type AS mime, v.file_size AS size
           FROM document AS d
           JOIN document_version AS v ON v.organization_id = d.organization_id AND v.document_id = d.id AND v.version = d.current_version
           WHERE d.organization_id = $1 AND d.message_id = ANY ($2) AND d.message_id IS NOT NULL
           ORDER BY d.created_at, d.id"#,
        organization.uuid(),
        messages,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// The message that a document came with.
pub async fn message_of(tx: &mut Tx, organization: OrganizationId, id: DocumentId) -> Result<Option<uuid::Uuid>> {
    let found = sqlx::query_scalar!(
        "SELECT message_id FROM document WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        id.uuid(),
    );
    Ok(found.fetch_optional(&mut **tx).await?.flatten())
}
