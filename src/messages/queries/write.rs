//! Beginning, answering and moving conversations. The triggers do what follows.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::events::By;
use crate::ids::{FacilityId, MessageId, OrganizationId, PatientId, ThreadId, UserId};
use crate::messages::model::{Category, Channel, Side, Status};

/// A conversation to be begun.
#[derive(Clone, Debug)]
pub struct NewThread {
    /// Its identifier, made with the form.
    pub id: ThreadId,
    /// Whose staff answer.
    pub facility: FacilityId,
    /// With whom.
    pub patient: Option<PatientId>,
    /// What it is about, in a line.
    pub subject: Option<String>,
    /// What it is about.
    pub category: Category,
    /// The way it came.
    pub channel: Channel,
    /// Who is at the other end, encrypted.
    pub contact_enc: Option<Vec<u8>>,
    /// To whom it is given.
    pub assignee: Option<UserId>,
}

/// Begins a conversation, unless the form was sent before: says whether it is new.
///
/// # Errors
/// Where the rules refuse it, or the database does not answer.
pub async fn begin(conn: &mut PgConnection, by: &By, new: &NewThread) -> Result<bool> {
    let known = sqlx::query_scalar!(
        "SELECT 1 FROM thread WHERE organization_id = $1 AND id = $2",
        by.organization.uuid(),
        new.id.uuid()
    );
    if known.fetch_optional(&mut *conn).await?.is_some() {
        return Ok(false);
    }
    let key = new.subject.as_deref().and_then(crate::patients::names::search_key);
    sqlx::query!(
        "INSERT INTO thread (organization_id, id, facility_id, patient_id, subject, subject_key, category, channel, contact_enc, assignee_id, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        by.organization.uuid(),
        new.id.uuid(),
        new.facility.uuid(),
        new.patient.map(PatientId::uuid),
        new.subject,
        key,
        new.category.as_str(),
        new.channel.as_str(),
        new.contact_enc,
        new.assignee.map(UserId::uuid),
        by.id,
    )
    .execute(conn)
    .await
    .map_err(refused)?;
    Ok(true)
}

/// Says something. Its identifier came with the form: sent twice, it is said once; says whether it is new.
///
/// # Errors
/// Where the rules refuse it, or the database does not answer.
pub async fn say(
    conn: &mut PgConnection,
    by: &By,
    thread: ThreadId,
    id: MessageId,
    side: Side,
    content_enc: &[u8],
) -> Result<bool> {
    let known = sqlx::query_scalar!(
        "SELECT 1 FROM message WHERE organization_id = $1 AND id = $2",
        by.organization.uuid(),
        id.uuid()
    );
    if known.fetch_optional(&mut *conn).await?.is_some() {
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO message (organization_id, id, thread_id, sender_side, content_enc, created_by_id) VALUES ($1, $2, $3, $4, $5, $6)",
        by.organization.uuid(),
        id.uuid(),
        thread.uuid(),
        side.as_str(),
        content_enc,
        by.id,
    )
    .execute(conn)
    .await
    .map_err(refused)?;
    Ok(true)
}

/// A move of a conversation that was looked at in this version; says whether it still had it.
#[derive(Clone, Copy, Debug)]
pub struct Move<'a> {
    /// Which.
    pub id: ThreadId,
    /// The version that was looked at.
    pub version: i64,
    /// Why.
    pub reason: &'a str,
}

/// Closes or reopens.
///
/// # Errors
/// Where the rules refuse it, or the database does not answer.
pub async fn turn(
    conn: &mut PgConnection,
    organization: OrganizationId,
    what: Move<'_>,
    status: Status,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE thread SET status = $4, move_reason = $5 WHERE organization_id = $1 AND id = $2 AND row_version = $3",
        organization.uuid(),
        what.id.uuid(),
        what.version,
        status.as_str(),
        what.reason,
    )
    .execute(conn)
    .await
    .map_err(refused)?;
    Ok(done.rows_affected() == 1)
}

/// Gives it to somebody, or back to the team.
///
/// # Errors
/// Where the rules refuse it, or the database does not answer.
pub async fn assign(
    conn: &mut PgConnection,
    organization: OrganizationId,
    what: Move<'_>,
    to: Option<UserId>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE thread SET assignee_id = $4, move_reason = $5 WHERE organization_id = $1 AND id = $2 AND row_version = $3",
        organization.uuid(),
        what.id.uuid(),
        what.version,
        to.map(UserId::uuid),
        what.reason,
    )
    .execute(conn)
    .await
    .map_err(refused)?;
    Ok(done.rows_affected() == 1)
}

/// Files it under another category.
///
/// # Errors
/// Where the database does not answer.
pub async fn file(
    conn: &mut PgConnection,
    organization: OrganizationId,
    what: Move<'_>,
    category: Category,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE thread SET category = $4 WHERE organization_id = $1 AND id = $2 AND row_version = $3",
        organization.uuid(),
        what.id.uuid(),
        what.version,
        category.as_str(),
    )
    .execute(conn)
    .await
    .map_err(refused)?;
    Ok(done.rows_affected() == 1)
}

/// Marks a message as entered in error; says whether it was not marked before.
///
/// # Errors
/// Where the database does not answer or refuses it.
pub async fn retract(
    conn: &mut PgConnection,
    by: &By,
    thread: ThreadId,
    message: MessageId,
    reason: &str,
) -> Result<bool> {
    let known: Option<Uuid> = sqlx::query_scalar!(
        "SELECT message_id FROM message_retraction WHERE organization_id = $1 AND message_id = $2",
        by.organization.uuid(),
        message.uuid()
    )
    .fetch_optional(&mut *conn)
    .await?;
    if known.is_some() {
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO message_retraction (organization_id, message_id, thread_id, reason, created_by_id) VALUES ($1, $2, $3, $4, $5)",
        by.organization.uuid(),
        message.uuid(),
        thread.uuid(),
        reason,
        by.id,
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// The person has read everything so far.
///
/// # Errors
/// Where the database does not answer.
pub async fn read(conn: &mut PgConnection, organization: OrganizationId, thread: ThreadId, user: UserId) -> Result<()> {
    sqlx::query!(
        "UPDATE thread_participant SET last_read_at = now(), unread_count = 0
         WHERE organization_id = $1 AND thread_id = $2 AND user_id = $3 AND (unread_count > 0 OR last_read_at IS NULL)",
        organization.uuid(),
        thread.uuid(),
        user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The rules of the schema, in their own words.
fn refused(error: sqlx::Error) -> Error {
    let words = error.as_database_error().filter(|inner| {
        inner.code().as_deref() == Some("23514")
            && inner.constraint().is_some_and(|rule| rule.starts_with("thread_") || rule.starts_with("message_"))
    });
    match words {
        Some(inner) => {
            let mut letters = inner.message().chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            Error::Conflict(format!("{}.", first.chain(letters).collect::<String>()))
        }
        None => error.into(),
    }
}
