//! The SQL of comments.

use sqlx::PgConnection;

use super::Subject;
use crate::clock::Timestamp;
use crate::error::{Error, OnConstraint, Result};
use crate::ids::{CommentId, FacilityId, OrganizationId, PatientId, UserId};

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

/// The comments on a record, the latest first, two hundred at most.
///
/// # Errors
/// Where the database does not answer.
pub async fn of(conn: &mut PgConnection, organization: OrganizationId, subject: &Subject) -> Result<Vec<Comment>> {
    Ok(sqlx::query_as!(
        Comment,
        r#"SELECT c.id, c.body_enc, c.created_at AS "at: Timestamp", u.first_name, u.last_name
           FROM comment AS c JOIN app_user AS u ON u.organization_id = c.organization_id AND u.id = c.author_id
           WHERE c.organization_id = $1 AND c.subject_id = $2 AND c.subject_kind = $3 AND c.deleted_at IS NULL
           ORDER BY c.created_at DESC LIMIT 200"#,
        organization.uuid(),
        subject.id,
        subject.kind,
    )
    .fetch_all(conn)
    .await?)
}

/// Keeps a comment; says whether it was new.
pub(super) async fn add(
    conn: &mut PgConnection,
    organization: OrganizationId,
    subject: &Subject,
    id: CommentId,
    author: UserId,
    body_enc: &[u8],
) -> Result<bool> {
    // No ON CONFLICT: its row-level security would look for the other row where this person may not.
    let found = sqlx::query_scalar!(
        "SELECT id FROM comment WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        id.uuid()
    );
    if found.fetch_optional(&mut *conn).await?.is_some() {
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO comment (organization_id, id, subject_kind, subject_id, facility_id, patient_id, author_id, body_enc, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7)",
        organization.uuid(),
        id.uuid(),
        subject.kind,
        subject.id,
        subject.facility.map(FacilityId::uuid),
        subject.patient.map(PatientId::uuid),
        author.uuid(),
        body_enc,
    )
    .execute(conn)
    .await
    .on_constraint("comment_pkey", || Error::Conflict("This comment has been sent already.".to_owned()))?;
    Ok(true)
}
