//! The SQL of things to read.

use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Words;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{OrganizationId, PatientId, UserId, new_uuid};

/// An entry of the library as it is now.
#[derive(Clone, Debug)]
pub struct Item {
    /// Which.
    pub id: Uuid,
    /// One line.
    pub title: String,
    /// The text.
    pub body: Option<String>,
    /// Or where it is.
    pub link: Option<String>,
    /// In which language.
    pub language: String,
    /// How long it takes.
    pub minutes: i32,
    /// Counts up.
    pub version: i32,
    /// Whether it is not given any more.
    pub archived: bool,
    /// The version of the row.
    pub row_version: i64,
}

/// The library, by title; what is archived, or what is not.
///
/// # Errors
/// Where the database does not answer.
pub async fn list(
    conn: &mut PgConnection,
    organization: OrganizationId,
    archived: bool,
    limit: i64,
) -> Result<Vec<Item>> {
    Ok(sqlx::query_as!(
        Item,
        r#"SELECT id, title, body, link, language, minutes, version, status = 'ARCHIVED' AS "archived!", row_version FROM content_item
           WHERE organization_id = $1 AND status = CASE WHEN $2 THEN 'ARCHIVED' ELSE 'PUBLISHED' END AND deleted_at IS NULL ORDER BY title, id LIMIT $3"#,
        organization.uuid(),
        archived,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// One entry.
///
/// # Errors
/// `NotFound` where there is none that the actor may see.
pub async fn find(conn: &mut PgConnection, organization: OrganizationId, id: Uuid) -> Result<Item> {
    sqlx::query_as!(
        Item,
        r#"SELECT id, title, body, link, language, minutes, version, status = 'ARCHIVED' AS "archived!", row_version FROM content_item
           WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"#,
        organization.uuid(),
        id,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound)
}

/// One version of an entry, without its text.
#[derive(Debug)]
pub struct Version {
    /// Counts up.
    pub number: i32,
    /// What it was called.
    pub title: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Who wrote it.
    pub author: Option<String>,
}

/// The versions of an entry, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn versions(conn: &mut PgConnection, organization: OrganizationId, id: Uuid) -> Result<Vec<Version>> {
    Ok(sqlx::query_as!(
        Version,
        r#"SELECT v.number, v.title, v.created_at AS "created_at: Timestamp", nullif(concat_ws(' ', u.title, u.first_name, u.last_name), '') AS author
           FROM content_version AS v LEFT JOIN app_user AS u ON u.organization_id = v.organization_id AND u.id = v.created_by_id
           WHERE v.organization_id = $1 AND v.content_id = $2 ORDER BY v.number DESC LIMIT 50"#,
        organization.uuid(),
        id,
    )
    .fetch_all(conn)
    .await?)
}

/// Adds an entry; says whether it was new. Its id came with the form.
///
/// # Errors
/// Where the database does not answer.
pub async fn add(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: Uuid,
    words: &Words,
    by: UserId,
) -> Result<bool> {
    let added = sqlx::query!(
        "INSERT INTO content_item (organization_id, id, title, body, link, language, minutes, created_by_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT DO NOTHING",
        organization.uuid(),
        id,
        words.title,
        words.body,
        words.link,
        words.language,
        words.minutes,
        by.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Changes what an entry says, where it is still as it was read; its new version.
///
/// # Errors
/// Where the database does not answer.
pub async fn change(
    conn: &mut PgConnection,
    organization: OrganizationId,
    (id, row_version): (Uuid, i64),
    words: &Words,
) -> Result<Option<i32>> {
    Ok(sqlx::query_scalar!(
        "UPDATE content_item SET title = $4, body = $5, link = $6, language = $7, minutes = $8 WHERE organization_id = $1 AND id = $2 AND row_version = $3 RETURNING version",
        organization.uuid(),
        id,
        row_version,
        words.title,
        words.body,
        words.link,
        words.language,
        words.minutes,
    )
    .fetch_optional(conn)
    .await?)
}

/// Takes an entry out of use, or into use again; whether that changed anything.
///
/// # Errors
/// Where the database does not answer.
pub async fn set_status(conn: &mut PgConnection, organization: OrganizationId, id: Uuid, status: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE content_item SET status = $3 WHERE organization_id = $1 AND id = $2 AND status <> $3",
        organization.uuid(),
        id,
        status,
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// Something that was given to a patient.
#[derive(Debug)]
pub struct Given {
    /// Which.
    pub id: Uuid,
    /// What.
    pub content_id: Uuid,
    /// What it is called.
    pub title: String,
    /// In which language.
    pub language: String,
    /// How long it takes.
    pub minutes: i32,
    /// Why, encrypted.
    pub note_enc: Option<Vec<u8>>,
    /// When it was given.
    pub given_at: Timestamp,
    /// By whom; none where a rule gave it, or where the reader may not know.
    pub giver: Option<String>,
    /// When it was first opened.
    pub opened_at: Option<Timestamp>,
    /// Which version that was.
    pub opened_version: Option<i32>,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
}

/// What was given to a patient: what waits to be read first, then the latest. `withdrawn`: with what was taken back.
///
/// # Errors
/// Where the database does not answer.
pub async fn given(
    conn: &mut PgConnection,
    organization: OrganizationId,
    patient: PatientId,
    withdrawn: bool,
) -> Result<Vec<Given>> {
    Ok(sqlx::query_as!(
        Given,
        r#"SELECT a.id, a.content_id, c.title, c.language, c.minutes, a.note_enc, a.created_at AS "given_at: Timestamp",
                  nullif(concat_ws(' ', u.title, u.first_name, u.last_name), '') AS giver, a.opened_at AS "opened_at: Timestamp", a.opened_version,
                  a.withdrawn_at AS "withdrawn_at: Timestamp"
           FROM content_assignment AS a JOIN content_item AS c ON c.organization_id = a.organization_id AND c.id = a.content_id
           LEFT JOIN app_user AS u ON u.organization_id = a.organization_id AND u.id = a.created_by_id
           WHERE a.organization_id = $1 AND a.patient_id = $2 AND a.deleted_at IS NULL AND ($3 OR a.withdrawn_at IS NULL)
           ORDER BY a.withdrawn_at IS NOT NULL, a.opened_at IS NOT NULL, a.created_at DESC, a.id LIMIT 100"#,
        organization.uuid(),
        patient.uuid(),
        withdrawn,
    )
    .fetch_all(conn)
    .await?)
}

/// Gives an entry to a patient; none where it waits to be read already.
///
/// # Errors
/// Where the entry is archived, or the database does not answer.
pub async fn give(
    conn: &mut PgConnection,
    organization: OrganizationId,
    (id, patient, content): (Uuid, PatientId, Uuid),
    (rule_execution, note_enc): (Option<Uuid>, Option<&[u8]>),
    by: Option<UserId>,
) -> Result<bool> {
    let given = sqlx::query!(
        "INSERT INTO content_assignment (organization_id, id, patient_id, content_id, rule_execution_id, note_enc, created_by_id) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT DO NOTHING",
        organization.uuid(),
        id,
        patient.uuid(),
        content,
        rule_execution,
        note_enc,
        by.map(UserId::uuid),
    )
    .execute(conn)
    .await
    .map_err(|error| match error.as_database_error().and_then(|inner| inner.constraint()) {
        Some("content_assignment_published") => Error::Conflict("This is archived: it is not given any more.".to_owned()),
        Some(_) | None => error.into(),
    })?;
    Ok(given.rows_affected() == 1)
}

/// Takes back what was given; whether it was there to be taken.
///
/// # Errors
/// Where the database does not answer.
pub async fn withdraw(
    conn: &mut PgConnection,
    organization: OrganizationId,
    patient: PatientId,
    id: Uuid,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE content_assignment SET withdrawn_at = now() WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND withdrawn_at IS NULL",
        organization.uuid(),
        patient.uuid(),
        id,
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// Records that the patient opened what they were given; whether it was the first time.
///
/// # Errors
/// Where the database does not answer.
pub async fn open(conn: &mut PgConnection, organization: OrganizationId, id: Uuid) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE content_assignment SET opened_at = now() WHERE organization_id = $1 AND id = $2 AND opened_at IS NULL AND withdrawn_at IS NULL",
        organization.uuid(),
        id,
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// How many things wait to be read by a patient.
///
/// # Errors
/// Where the database does not answer.
pub async fn unread(conn: &mut PgConnection, organization: OrganizationId, patient: PatientId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM content_assignment
           WHERE organization_id = $1 AND patient_id = $2 AND opened_at IS NULL AND withdrawn_at IS NULL AND deleted_at IS NULL"#,
        organization.uuid(),
        patient.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// A new id, for a form.
pub fn key() -> Uuid {
    new_uuid()
}
