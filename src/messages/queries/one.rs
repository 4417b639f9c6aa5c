//! One conversation and what was said in it.

use sqlx::PgConnection;

use super::row::{Row, threads};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{FacilityId, MessageId, OrganizationId, PatientId, ThreadId, UserId};
use crate::messages::model::{Category, Channel, Side, Status};

/// Messages shown on one page; earlier ones are one link away.
pub const SHOWN: i64 = 50;

/// A conversation, where it can be seen.
///
/// # Errors
/// Where the database does not answer.
pub async fn find(conn: &mut PgConnection, actor: &Actor, id: ThreadId) -> Result<Option<Row>> {
    Ok(threads!(
        ["thread AS t"],
        ["WHERE t.organization_id = $1 AND t.id = $3 AND t.deleted_at IS NULL"],
        actor.organization.uuid(),
        actor.user.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Something said, still encrypted.
#[derive(Debug)]
pub struct Message {
    /// Which.
    pub id: MessageId,
    /// Who noted it.
    pub created_by: Option<UserId>,
    /// From which side.
    pub side: Side,
    /// Their name at that time.
    pub name: String,
    /// Their role or relationship at that time.
    pub role: String,
    /// The words.
    pub content_enc: Vec<u8>,
    /// When.
    pub at: Timestamp,
    /// Why it was marked as an error, where it was.
    pub retracted: Option<String>,
}

/// The last messages before a moment, the earliest first; one more than shown where there are more.
///
/// # Errors
/// Where the database does not answer.
pub async fn messages(
    conn: &mut PgConnection,
    organization: OrganizationId,
    thread: ThreadId,
    before: Option<Timestamp>,
    limit: i64,
) -> Result<Vec<Message>> {
    let mut rows = sqlx::query_as!(
        Message,
        r#"SELECT m.id AS "id!: MessageId", m.created_by_id AS "created_by?: UserId", m.sender_side AS "side!: Side",
                  m.sender_name AS "name!", m.sender_role AS "role!", m.content_enc AS "content_enc!", m.created_at AS "at!: Timestamp", r.reason AS "retracted?"
           FROM (SELECT * FROM message WHERE organization_id = $1 AND thread_id = $2 AND created_at < COALESCE($3::timestamptz, 'infinity')
                 ORDER BY created_at DESC, id DESC LIMIT $4) AS m
           LEFT JOIN message_retraction AS r ON r.organization_id = m.organization_id AND r.message_id = m.id
           ORDER BY m.created_at DESC, m.id DESC"#,
        organization.uuid(),
        thread.uuid(),
        before as Option<Timestamp>,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.reverse();
    Ok(rows)
}

/// One message of a conversation.
///
/// # Errors
/// Where the database does not answer.
pub async fn message(
    conn: &mut PgConnection,
    organization: OrganizationId,
    thread: ThreadId,
    id: MessageId,
) -> Result<Option<Message>> {
    Ok(sqlx::query_as!(
        Message,
        r#"SELECT m.id AS "id!: MessageId", m.created_by_id AS "created_by?: UserId", m.sender_side AS "side!: Side",
                  m.sender_name AS "name!", m.sender_role AS "role!", m.content_enc AS "content_enc!", m.created_at AS "at!: Timestamp", r.reason AS "retracted?"
           FROM message AS m LEFT JOIN message_retraction AS r ON r.organization_id = m.organization_id AND r.message_id = m.id
           WHERE m.organization_id = $1 AND m.thread_id = $2 AND m.id = $3"#,
        organization.uuid(),
        thread.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}
