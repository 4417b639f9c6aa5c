//! Every statement on documents.

use chrono::NaiveDate;

use super::model::Subject;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::files::Stored;
use crate::ids::{CaseId, DocumentId, DocumentVersionId, FacilityId, OrganizationId, PatientId, UserId};

/// A document with its newest version.
#[derive(Clone, Debug)]
pub struct Document {
    pub id: DocumentId,
    pub title: String,
    pub category: String,
    pub status: String,
    pub case: Option<CaseId>,
    pub patient: Option<PatientId>,
    pub expires_on: Option<NaiveDate>,
    pub archived_at: Option<Timestamp>,
    pub archive_reason: Option<String>,
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

/// What is to be kept of a file.
#[derive(Clone, Debug)]
pub struct NewVersion<'a> {
    pub id: DocumentVersionId,
    pub filename: &'a str,
    pub mime: &'a str,
    pub stored: &'a Stored,
    pub note: Option<&'a str>,
    pub upload_key: Option<&'a str>,
}

/// What is to be kept of a new document.
#[derive(Clone, Debug)]
pub struct NewDocument<'a> {
    pub id: DocumentId,
    pub subject: Subject,
    pub title: &'a str,
    pub category: &'a str,
    pub expires_on: Option<NaiveDate>,
}

/// What came of keeping a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is kept, as this version.
    New(i32),
    /// The same form had brought it before.
    Already,
    /// There is no room for it.
    NoRoom,
}

/// Documents, the newest first: those of a subject, or one. One of the three is asked for.
async fn find(
    tx: &mut Tx,
    organization: OrganizationId,
    subject: Option<Subject>,
    id: Option<DocumentId>,
    after: Option<DocumentId>,
    most: i64,
) -> Result<Vec<Document>> {
    let (case, patient) = match subject {
        Some(Subject::Case(case)) => (Some(case), None),
        Some(Subject::Patient(patient)) => (None, Some(patient)),
        None => (None, None),
    };
    Ok(sqlx::query_as!(
        Document,
        r#"SELECT d.id AS "id: DocumentId", d.title, d.category, d.status, d.case_id AS "case: CaseId", d.patient_id AS "patient: PatientId",
                  d.expires_on AS "expires_on: NaiveDate", d.archived_at AS "archived_at: Timestamp", d.archive_reason, d.row_version,
                  v.version, v.id AS "version_id: DocumentVersionId", v.filename, v.mime_type AS mime, v.file_size AS size,
                  v.uploaded_at AS "uploaded_at: Timestamp", CONCAT_WS(' ', u.first_name, u.last_name) AS "uploader!"
           FROM document AS d
           JOIN document_version AS v ON v.organization_id = d.organization_id AND v.document_id = d.id AND v.version = d.current_version
           LEFT JOIN app_user AS u ON u.organization_id = v.organization_id AND u.id = v.uploaded_by_id
           WHERE d.organization_id = $1 AND (d.case_id = $2 OR d.patient_id = $3 OR d.id = $4)
             AND ($5::uuid IS NULL
                  OR (d.created_at, d.id) < (SELECT a.created_at, a.id FROM document AS a WHERE a.organization_id = $1 AND a.id = $5))
           ORDER BY d.created_at DESC, d.id DESC
           LIMIT $6"#,
        organization.uuid(),
        case.map(CaseId::uuid),
        patient.map(PatientId::uuid),
        id.map(DocumentId::uuid),
        after.map(DocumentId::uuid),
        most,
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

/// Keeps a new document with its first version.
pub async fn add(
    tx: &mut Tx,
    organization: OrganizationId,
    by: UserId,
    document: &NewDocument<'_>,
    version: &NewVersion<'_>,
) -> Result<Kept> {
    let mut step = tx.savepoint().await?;
    let (case, patient) = match document.subject {
        Subject::Case(case) => (Some(case.uuid()), None),
        Subject::Patient(patient) => (None, Some(patient.uuid())),
    };
    sqlx::query!(
        "INSERT INTO document (organization_id, id, bucket, category, title, case_id, patient_id, expires_on, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        organization.uuid(),
        document.id.uuid(),
        document.subject.bucket(),
        document.category,
        document.title,
        case,
        patient,
        document.expires_on as Option<NaiveDate>,
        by.uuid(),
    )
    .execute(&mut *step)
    .await?;
    let kept = insert_version(&mut step, organization, by, document.id, version).await?;
    if matches!(kept, Kept::New(_)) {
        step.commit().await?;
    } else {
        step.rollback().await?;
    }
    Ok(kept)
}

/// Keeps a new version of a document.
pub async fn add_version(
    tx: &mut Tx,
    organization: OrganizationId,
    by: UserId,
    document: DocumentId,
    version: &NewVersion<'_>,
) -> Result<Kept> {
    let mut step = tx.savepoint().await?;
    let kept = insert_version(&mut step, organization, by, document, version).await?;
    if matches!(kept, Kept::New(_)) {
        step.commit().await?;
    } else {
        step.rollback().await?;
    }
    Ok(kept)
}

async fn insert_version(
    conn: &mut sqlx::PgConnection,
    organization: OrganizationId,
    by: UserId,
    document: DocumentId,
    version: &NewVersion<'_>,
) -> Result<Kept> {
    let inserted = sqlx::query_scalar!(
        "INSERT INTO document_version (organization_id, id, document_id, filename, storage_key, mime_type, file_size, sha256, note, upload_key,
                                       uploaded_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         RETURNING version",
        organization.uuid(),
        version.id.uuid(),
        document.uuid(),
        version.filename,
        version.stored.key,
        version.mime,
        i64::try_from(version.stored.size).unwrap_or(i64::MAX),
        version.stored.sha256.as_slice(),
        version.note,
        version.upload_key,
        by.uuid(),
    )
    .fetch_one(conn)
    .await;
    match inserted {
        Ok(number) => Ok(Kept::New(number)),
        Err(error) => match error.as_database_error().and_then(|error| error.constraint()) {
            Some("document_version_uploaded_once") => Ok(Kept::Already),
            Some("document_usage_within_quota") => Ok(Kept::NoRoom),
            Some(_) | None => Err(error.into()),
        },
    }
}

/// Archives a document as it was at `row_version`. False where it is not so any more.
pub async fn archive(
    tx: &mut Tx,
    organization: OrganizationId,
    id: DocumentId,
    row_version: i64,
    reason: &str,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE document SET status = 'ARCHIVED', archive_reason = $4
         WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND status <> 'ARCHIVED'",
        organization.uuid(),
        id.uuid(),
        row_version,
        reason,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Which of these names of stored files have a row.
pub async fn known_keys(tx: &mut Tx, organization: OrganizationId, keys: &[String]) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar!(
        "SELECT storage_key FROM document_version WHERE organization_id = $1 AND storage_key = ANY ($2)",
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
