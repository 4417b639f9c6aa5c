//! The story of one alert: its moves and what was said about it.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::{OnConstraint, Result};
use crate::events::By;
use crate::ids::{AlertId, CommentId, FacilityId, OrganizationId, PatientId, UserId};

use super::row::Row;

/// A move.
#[derive(Debug)]
pub struct Step {
    /// From where; none for the beginning.
    pub from_status: Option<String>,
    /// Where to.
    pub to_status: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Given name of who moved it; none where it moved by itself.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// The service account that did.
    pub service: bool,
}

/// A comment, still encrypted.
#[derive(Debug)]
pub struct Comment {
    /// Which.
    pub id: CommentId,
    /// What was said.
    pub body_enc: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// Given name of its author.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
}

/// The moves of an alert, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn steps(conn: &mut PgConnection, organization: OrganizationId, alert: AlertId) -> Result<Vec<Step>> {
    Ok(sqlx::query_as!(
        Step,
        r#"SELECT s.from_status, s.to_status, s.reason, s.at AS "at: Timestamp", u.first_name AS "first_name?", u.last_name AS "last_name?",
                  (s.changed_by_id IS NOT NULL AND u.id IS NULL) AS "service!"
           FROM status_change AS s LEFT JOIN app_user AS u ON u.organization_id = s.organization_id AND u.id = s.changed_by_id
           WHERE s.organization_id = $1 AND s.subject_id = $2 AND s.subject_kind = 'alert'
           ORDER BY s.at DESC LIMIT 200"#,
        organization.uuid(),
        alert.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// The comments on an alert, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn comments(conn: &mut PgConnection, organization: OrganizationId, alert: AlertId) -> Result<Vec<Comment>> {
    Ok(sqlx::query_as!(
        Comment,
        r#"SELECT c.id, c.body_enc, c.created_at AS "at: Timestamp", u.first_name, u.last_name
           FROM comment AS c JOIN app_user AS u ON u.organization_id = c.organization_id AND u.id = c.author_id
           WHERE c.organization_id = $1 AND c.subject_id = $2 AND c.subject_kind = 'alert' AND c.deleted_at IS NULL
           ORDER BY c.created_at DESC LIMIT 200"#,
        organization.uuid(),
        alert.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Keeps a comment. Its identifier came with the form: sent twice, it is kept once; says whether it was new.
///
/// # Errors
/// Where the database does not answer or refuses it.
pub async fn add_comment(
    conn: &mut PgConnection,
    by: &By,
    row: &Row,
    id: CommentId,
    author: UserId,
    body_enc: &[u8],
) -> Result<bool> {
    // No ON CONFLICT: its row-level security would look for the other row where this person may not.
    if exists(conn, by.organization.uuid(), id).await? {
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO comment (organization_id, id, subject_kind, subject_id, facility_id, patient_id, author_id, body_enc, created_by_id)
         VALUES ($1, $2, 'alert', $3, $4, $5, $6, $7, $6)",
        by.organization.uuid(),
        id.uuid(),
        row.id.uuid(),
        row.facility_id.map(FacilityId::uuid),
        row.patient_id.map(PatientId::uuid),
        author.uuid(),
        body_enc,
    )
    .execute(conn)
    .await
    .on_constraint("comment_pkey", || crate::error::Error::Conflict("This comment has been sent already.".to_owned()))?;
    Ok(true)
}

async fn exists(conn: &mut PgConnection, organization: Uuid, id: CommentId) -> Result<bool> {
    let found =
        sqlx::query_scalar!("SELECT id FROM comment WHERE organization_id = $1 AND id = $2", organization, id.uuid());
    Ok(found.fetch_optional(conn).await?.is_some())
}
