//! Statements that add and change documents.

use chrono::NaiveDate;

use crate::db::Tx;
use crate::documents::model::Subject;
use crate::error::Result;
use crate::files::Stored;
use crate::ids::{DocumentId, DocumentVersionId, FacilityId, OrganizationId, UserId};

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
    /// `PUBLISHED`, or `DRAFT` of a policy.
    pub status: &'static str,
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

/// Keeps a new document with its first version.
pub async fn add(
    tx: &mut Tx,
    organization: OrganizationId,
    by: UserId,
    document: &NewDocument<'_>,
    version: &NewVersion<'_>,
) -> Result<Kept> {
    let mut step = tx.savepoint().await?;
    let (case, patient, message) = document.subject.ids();
    sqlx::query!(
        "INSERT INTO document (organization_id, id, bucket, category, title, case_id, patient_id, message_id, expires_on, created_by_id, facility_id, status)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        organization.uuid(),
        document.id.uuid(),
        document.subject.bucket(),
        document.category,
        document.title,
        case,
        patient,
        message,
        document.expires_on as Option<NaiveDate>,
        by.uuid(),
        document.subject.facility().map(FacilityId::uuid),
        document.status,
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

/// Puts a draft in force as it was at `row_version`. False where it is not so any more.
pub async fn publish(tx: &mut Tx, organization: OrganizationId, id: DocumentId, row_version: i64) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE document SET status = 'PUBLISHED' WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND status = 'DRAFT'",
        organization.uuid(),
        id.uuid(),
        row_version,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Shares a document, as it was at `row_version`, with the patient, or no longer. False where it is not so any more.
pub async fn share(
    tx: &mut Tx,
    organization: OrganizationId,
    id: DocumentId,
    row_version: i64,
    shared: bool,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE document SET shared_at = CASE WHEN $4 THEN NOW() END
         WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND status <> 'ARCHIVED' AND bucket = 'RESIDENT_DOCS'",
        organization.uuid(),
        id.uuid(),
        row_version,
        shared,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What is said of a document, changed from how it was at `row_version`. False where it is not so any more.
pub async fn describe(
    tx: &mut Tx,
    organization: OrganizationId,
    id: DocumentId,
    row_version: i64,
    words: (&str, &str, Option<NaiveDate>),
) -> Result<bool> {
    let (title, category, expires_on) = words;
    let done = sqlx::query!(
        "UPDATE document SET title = $4, category = $5, expires_on = $6
         WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND status <> 'ARCHIVED'",
        organization.uuid(),
        id.uuid(),
        row_version,
        title,
        category,
        expires_on as Option<NaiveDate>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}
