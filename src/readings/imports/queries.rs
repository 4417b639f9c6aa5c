//! The SQL of imports.

use chrono_tz::Tz;
use sqlx::types::Json;
use uuid::Uuid;

use super::limit::{self, Sent};
use super::report::Report;
use super::{Kind, State};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::files::Stored;
use crate::ids::{OrganizationId, PatientId, ReadingImportId};
use crate::jobs::JobContext;

/// An import, for a page.
#[derive(Debug)]
pub struct Import {
    /// Which.
    pub id: ReadingImportId,
    /// How far it is.
    pub state: State,
    /// What the file is.
    pub kind: Option<Kind>,
    /// Bytes of the file.
    pub size: i64,
    /// Hundredths of the work under way.
    pub progress: i16,
    /// What would be taken.
    pub preview: Option<Json<Report>>,
    /// What was taken.
    pub report: Option<Json<Report>>,
    /// Why the file was refused.
    pub refusal: Option<String>,
    /// When it was sent.
    pub at: Timestamp,
}

/// A file in the store.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub id: ReadingImportId,
    pub key: String,
    pub size: u64,
}

/// What became of a file that arrived.
pub(super) enum Added {
    /// It is kept, to be read.
    Kept,
    /// Another import of this patient is open.
    Open,
    /// Too much came for this patient: what to say.
    Enough(&'static str),
}

/// What came for a patient within a day, as far as the person may know.
pub(super) async fn sent(tx: &mut Tx, organization: OrganizationId, patient: PatientId) -> Result<Sent> {
    Ok(sqlx::query_as!(
        Sent,
        r#"SELECT count(*) AS "files!", coalesce(sum(file_size), 0)::bigint AS "bytes!" FROM reading_import
            WHERE organization_id = $1 AND patient_id = $2 AND created_at > now() - INTERVAL '1 day'"#,
        organization.uuid(),
        patient.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?)
}

/// Keeps what arrived.
pub(super) async fn add(
    tx: &mut Tx,
    (organization, id, patient): (OrganizationId, ReadingImportId, PatientId),
    stored: &Stored,
    zone: Tz,
    (user, role): (Uuid, &str),
) -> Result<Added> {
    let added = sqlx::query!(
        "INSERT INTO reading_import (organization_id, id, patient_id, storage_key, file_size, zone, acting_role, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        organization.uuid(),
        id.uuid(),
        patient.uuid(),
        stored.key,
        i64::try_from(stored.size).unwrap_or(i64::MAX),
        zone.name(),
        role,
        user,
    )
    .execute(&mut **tx)
    .await;
    match added {
        Ok(added) if added.rows_affected() == 1 => Ok(Added::Kept),
        Ok(_) => Ok(Added::Open),
        Err(error) => match error.as_database_error().and_then(|error| error.constraint()) {
            Some("reading_import_day_files") => Ok(Added::Enough(limit::FILES)),
            Some("reading_import_day_bytes") => Ok(Added::Enough(limit::BYTES)),
            _ => Err(error.into()),
        },
    }
}

/// The latest imports of a patient that the person may see.
pub(super) async fn latest(tx: &mut Tx, organization: OrganizationId, patient: PatientId) -> Result<Vec<Import>> {
    Ok(sqlx::query_as!(
        Import,
        r#"SELECT id AS "id: ReadingImportId", state AS "state: State", kind AS "kind: Kind", file_size AS size, progress,
                  preview AS "preview: Json<Report>", report AS "report: Json<Report>", refusal, created_at AS "at: Timestamp"
             FROM reading_import WHERE organization_id = $1 AND patient_id = $2 ORDER BY created_at DESC LIMIT 20"#,
        organization.uuid(),
        patient.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// One of them.
pub(super) async fn one(
    tx: &mut Tx,
    organization: OrganizationId,
    patient: PatientId,
    id: ReadingImportId,
) -> Result<Option<Import>> {
    Ok(sqlx::query_as!(
        Import,
        r#"SELECT id AS "id: ReadingImportId", state AS "state: State", kind AS "kind: Kind", file_size AS size, progress,
                  preview AS "preview: Json<Report>", report AS "report: Json<Report>", refusal, created_at AS "at: Timestamp"
             FROM reading_import WHERE organization_id = $1 AND patient_id = $2 AND id = $3"#,
        organization.uuid(),
        patient.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// Somebody says yes; false where there is nothing to say it to.
pub(super) async fn confirm(
    tx: &mut Tx,
    organization: OrganizationId,
    patient: PatientId,
    id: ReadingImportId,
    with_unlikely: bool,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE reading_import SET state = 'IMPORTING', progress = 0, with_unlikely = $4, confirmed_at = NOW()
          WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND state = 'READY'",
        organization.uuid(),
        patient.uuid(),
        id.uuid(),
        with_unlikely,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Somebody says no; false where it is too late.
pub(super) async fn discard(
    tx: &mut Tx,
    organization: OrganizationId,
    patient: PatientId,
    id: ReadingImportId,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE reading_import SET state = 'DISCARDED', finished_at = NOW()
          WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND state IN ('CHECKING', 'READY')",
        organization.uuid(),
        patient.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a job needs to know.
#[derive(Debug)]
pub(super) struct Work {
    pub patient: PatientId,
    pub born: Option<chrono::NaiveDate>,
    pub state: State,
    pub key: Option<String>,
    pub size: i64,
    pub zone: String,
    pub user: Uuid,
    pub role: String,
    pub with_unlikely: bool,
    pub taken: i64,
    pub report: Option<Json<Report>>,
}

/// The import of a job.
pub(super) async fn work(tx: &mut Tx, organization: OrganizationId, id: ReadingImportId) -> Result<Option<Work>> {
    Ok(sqlx::query_as!(
        Work,
        r#"SELECT i.patient_id AS "patient: PatientId", p.date_of_birth AS "born: chrono::NaiveDate", i.state AS "state: State", i.storage_key AS key,
                  i.file_size AS size, i.zone, i.created_by_id AS user, i.acting_role AS role, i.with_unlikely, i.taken,
                  i.report AS "report: Json<Report>"
             FROM reading_import AS i JOIN patient AS p ON p.organization_id = i.organization_id AND p.id = i.patient_id
            WHERE i.organization_id = $1 AND i.id = $2"#,
        organization.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// How far the job is; false where nobody wants it any more.
pub(super) async fn progressed(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ReadingImportId,
    progress: i16,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE reading_import SET progress = $3 WHERE organization_id = $1 AND id = $2 AND state IN ('CHECKING', 'IMPORTING')",
        organization.uuid(),
        id.uuid(),
        progress,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A part is taken: together with its readings. False where another worker was here.
pub(super) async fn took(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ReadingImportId,
    (from, to): (i64, i64),
    progress: i16,
    report: &Report,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE reading_import SET taken = $4, progress = $5, report = $6
          WHERE organization_id = $1 AND id = $2 AND state = 'IMPORTING' AND taken = $3",
        organization.uuid(),
        id.uuid(),
        from,
        to,
        progress,
        Json(report) as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The file is read, and what it brings is known.
pub(super) async fn ready(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ReadingImportId,
    kind: Kind,
    preview: &Report,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE reading_import SET state = 'READY', progress = 100, kind = $3, preview = $4
          WHERE organization_id = $1 AND id = $2 AND state = 'CHECKING'",
        organization.uuid(),
        id.uuid(),
        kind.as_str(),
        Json(preview) as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The file is not taken.
pub(super) async fn refuse(tx: &mut Tx, organization: OrganizationId, id: ReadingImportId, why: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE reading_import SET state = 'REFUSED', refusal = LEFT($3, 500), finished_at = NOW()
          WHERE organization_id = $1 AND id = $2 AND state IN ('CHECKING', 'IMPORTING')",
        organization.uuid(),
        id.uuid(),
        why,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// All readings are taken.
pub(super) async fn done(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ReadingImportId,
    report: &Report,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE reading_import SET state = 'DONE', progress = 100, report = $3, finished_at = NOW()
          WHERE organization_id = $1 AND id = $2 AND state = 'IMPORTING'",
        organization.uuid(),
        id.uuid(),
        Json(report) as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The file is deleted.
pub(super) async fn file_gone(tx: &mut Tx, organization: OrganizationId, id: ReadingImportId) -> Result<()> {
    sqlx::query!(
        "UPDATE reading_import SET storage_key = NULL WHERE organization_id = $1 AND id = $2 AND finished_at IS NOT NULL",
        organization.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Files that nobody needs: of imports that are finished, or that nobody confirmed since `before`, which end with this.
pub(super) async fn leftovers(
    tx: &mut Tx,
    organization: OrganizationId,
    before: Timestamp,
) -> Result<Vec<(ReadingImportId, String)>> {
    sqlx::query!(
        "UPDATE reading_import SET state = 'DISCARDED', finished_at = NOW()
          WHERE organization_id = $1 AND state IN ('CHECKING', 'READY') AND created_at < $2::timestamptz",
        organization.uuid(),
        before as _,
    )
    .execute(&mut **tx)
    .await?;
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ReadingImportId", storage_key AS "key!" FROM reading_import
            WHERE organization_id = $1 AND finished_at IS NOT NULL AND storage_key IS NOT NULL LIMIT 1000"#,
        organization.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.key)).collect())
}

/// The import that a job is about.
pub(super) fn of_job(job: &JobContext) -> Result<ReadingImportId> {
    job.id_of("import")
}
