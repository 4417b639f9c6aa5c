//! What people were typing, kept on the server and sealed.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{OrganizationId, UserId};

/// A draft as it is stored.
#[derive(Debug)]
pub struct Stored {
    /// The row, which its fields are sealed for.
    pub id: Uuid,
    /// The fields, sealed.
    pub payload: Vec<u8>,
    /// When something was last typed.
    pub updated_at: Timestamp,
}

/// The draft of one form of one person.
///
/// # Errors
/// Where the database does not answer.
pub async fn find(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    form: &str,
    subject: Uuid,
) -> Result<Option<Stored>> {
    Ok(sqlx::query_as!(
        Stored,
        r#"SELECT id, payload_enc AS "payload!", updated_at AS "updated_at: Timestamp" FROM form_draft
           WHERE organization_id = $1 AND user_id = $2 AND form = $3 AND subject_id = $4 AND payload_enc IS NOT NULL"#,
        organization.uuid(),
        user.uuid(),
        form,
        subject,
    )
    .fetch_optional(conn)
    .await?)
}

/// The row of the draft, made where there is none, empty or not.
///
/// # Errors
/// Where the database does not answer.
pub async fn row(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    form: &str,
    subject: Uuid,
) -> Result<Uuid> {
    sqlx::query!(
        "INSERT INTO form_draft (organization_id, id, user_id, form, subject_id, created_by_id) VALUES ($1, $2, $3, $4, $5, $3)
         ON CONFLICT (organization_id, user_id, form, subject_id) DO NOTHING",
        organization.uuid(),
        crate::ids::new_uuid(),
        user.uuid(),
        form,
        subject,
    )
    .execute(&mut *conn)
    .await?;
    Ok(sqlx::query_scalar!(
        "SELECT id FROM form_draft WHERE organization_id = $1 AND user_id = $2 AND form = $3 AND subject_id = $4",
        organization.uuid(),
        user.uuid(),
        form,
        subject,
    )
    .fetch_one(conn)
    .await?)
}

/// Fills the row, or empties it.
///
/// # Errors
/// Where the database does not answer.
pub async fn put(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: Uuid,
    payload: Option<&[u8]>,
) -> Result<()> {
    sqlx::query!(
        "UPDATE form_draft SET payload_enc = $3 WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        id,
        payload,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Empties the draft of a form that was sent or is not wanted.
///
/// # Errors
/// Where the database does not answer.
pub async fn discard(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    form: &str,
    subject: Uuid,
) -> Result<()> {
    sqlx::query!(
        "UPDATE form_draft SET payload_enc = NULL
         WHERE organization_id = $1 AND user_id = $2 AND form = $3 AND subject_id = $4 AND payload_enc IS NOT NULL",
        organization.uuid(),
        user.uuid(),
        form,
        subject,
    )
    .execute(conn)
    .await?;
    Ok(())
}
