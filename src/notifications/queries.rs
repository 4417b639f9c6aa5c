//! The SQL of what people see of the outbox, and of what sends it.

use chrono::NaiveTime;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{NotificationId, OrganizationId, UserId};

/// What somebody was told.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub id: NotificationId,
    /// What happened.
    pub kind: String,
    /// When it appeared.
    pub at: Timestamp,
    /// When they read it.
    pub read_at: Option<Timestamp>,
}

/// What this person was told before `before`, the latest first; one more than `limit` where there is more.
///
/// # Errors
/// Where the database does not answer.
pub async fn list(conn: &mut PgConnection, actor: &Actor, before: Option<Timestamp>, limit: i64) -> Result<Vec<Row>> {
    Ok(sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: NotificationId", kind, trigger_at AS "at: Timestamp", read_at AS "read_at: Timestamp"
             FROM notification
            WHERE organization_id = $1 AND recipient_id = $2 AND channel = 'IN_APP' AND status <> 'CANCELLED'
              AND trigger_at <= now() AND trigger_at < COALESCE($3::timestamptz, 'infinity')
            ORDER BY trigger_at DESC, id DESC LIMIT $4"#,
        actor.organization.uuid(),
        actor.user.uuid(),
        before as Option<Timestamp>,
        limit + 1,
    )
    .fetch_all(conn)
    .await?)
}

/// The address of what somebody was told, now read; none where it is not theirs.
///
/// # Errors
/// Where the database does not answer.
pub async fn open(conn: &mut PgConnection, actor: &Actor, id: NotificationId) -> Result<Option<String>> {
    Ok(sqlx::query_scalar!(
        r#"UPDATE notification SET read_at = COALESCE(read_at, now())
            WHERE organization_id = $1 AND id = $2 AND recipient_id = $3 AND channel = 'IN_APP' AND trigger_at <= now()
        RETURNING payload ->> 'path' AS "path!""#,
        actor.organization.uuid(),
        id.uuid(),
        actor.user.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Marks everything up to now as read.
///
/// # Errors
/// Where the database does not answer.
pub async fn read_all(conn: &mut PgConnection, actor: &Actor) -> Result<()> {
    sqlx::query!(
        "UPDATE notification SET read_at = now()
          WHERE organization_id = $1 AND recipient_id = $2 AND channel = 'IN_APP' AND read_at IS NULL AND status <> 'CANCELLED' AND trigger_at <= now()",
        actor.organization.uuid(),
        actor.user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How a person wants to be told.
#[derive(Debug)]
pub struct Preference {
    /// Ways by kind.
    pub channels: Value,
    /// Their number, encrypted.
    pub phone_enc: Option<Vec<u8>>,
    /// Their name in the chat, encrypted.
    pub chat_enc: Option<Vec<u8>>,
    /// Quiet from.
    pub quiet_from: Option<NaiveTime>,
    /// Quiet until.
    pub quiet_until: Option<NaiveTime>,
    /// What comes within so many minutes is one message.
    pub bundle_minutes: i16,
}

/// How this person wants to be told, where they have said.
///
/// # Errors
/// Where the database does not answer.
pub async fn preference(conn: &mut PgConnection, actor: &Actor) -> Result<Option<Preference>> {
    Ok(sqlx::query_as!(
        Preference,
        r#"SELECT channels, phone_enc, chat_enc, quiet_from AS "quiet_from: NaiveTime", quiet_until AS "quiet_until: NaiveTime", bundle_minutes FROM notification_preference WHERE organization_id = $1 AND user_id = $2"#,
        actor.organization.uuid(),
        actor.user.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Keeps how this person wants to be told.
///
/// # Errors
/// Where the database does not answer.
pub async fn prefer(conn: &mut PgConnection, actor: &Actor, wish: &Preference) -> Result<()> {
    sqlx::query!(
        "INSERT INTO notification_preference (organization_id, user_id, channels, phone_enc, quiet_from, quiet_until, zone, bundle_minutes, created_by_id, chat_enc)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $2, $9)
         ON CONFLICT (organization_id, user_id) DO UPDATE
            SET channels = EXCLUDED.channels, phone_enc = EXCLUDED.phone_enc, chat_enc = EXCLUDED.chat_enc, quiet_from = EXCLUDED.quiet_from, quiet_until = EXCLUDED.quiet_until,
                zone = EXCLUDED.zone, bundle_minutes = EXCLUDED.bundle_minutes",
        actor.organization.uuid(),
        actor.user.uuid(),
        wish.channels,
        wish.phone_enc,
        wish.quiet_from as Option<NaiveTime>,
        wish.quiet_until as Option<NaiveTime>,
        actor.zone.name(),
        wish.bundle_minutes,
        wish.chat_enc,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A message of the outbox, for who runs the system: no name, no address.
#[derive(Debug)]
pub struct Line {
    /// Which.
    pub id: NotificationId,
    /// What happened.
    pub kind: String,
    /// The way.
    pub channel: String,
    /// Attempts so far.
    pub attempts: i32,
    /// When it was last touched, or is due.
    pub at: Timestamp,
    /// What went wrong.
    pub error: Option<String>,
}

/// Messages in these states, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn lines(
    conn: &mut PgConnection,
    organization: OrganizationId,
    states: &[&str],
    limit: i64,
) -> Result<Vec<Line>> {
    let states: Vec<String> = states.iter().map(ToString::to_string).collect();
    Ok(sqlx::query_as!(
        Line,
        r#"SELECT id AS "id: NotificationId", kind, channel, attempts, CASE WHEN status IN ('QUEUED', 'FAILED') THEN trigger_at ELSE updated_at END AS "at!: Timestamp",
                  last_error AS "error?"
             FROM notification WHERE organization_id = $1 AND channel <> 'IN_APP' AND status = ANY ($2) ORDER BY updated_at DESC LIMIT $3"#,
        organization.uuid(),
        &states,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Takes a message from the dead: back into the queue, or off the list. Says whether it was among them.
///
/// # Errors
/// Where the database does not answer.
pub async fn settle(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: NotificationId,
    again: bool,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE notification SET status = CASE WHEN $3 THEN 'QUEUED' ELSE 'CANCELLED' END, attempts = 0, trigger_at = CASE WHEN $3 THEN now() ELSE trigger_at END
          WHERE organization_id = $1 AND id = $2 AND status = 'DEAD' AND channel <> 'IN_APP'",
        organization.uuid(),
        id.uuid(),
        again,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether there is such a message.
///
/// # Errors
/// Where the database does not answer.
pub async fn exists(conn: &mut PgConnection, organization: OrganizationId, id: NotificationId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT 1 FROM notification WHERE organization_id = $1 AND id = $2 AND channel <> 'IN_APP'",
        organization.uuid(),
        id.uuid()
    );
    Ok(found.fetch_optional(conn).await?.is_some())
}

/// A message that this process is sending.
#[derive(Debug)]
pub struct Claimed {
    /// Which.
    pub id: NotificationId,
    /// To whom.
    pub recipient: UserId,
    /// The way.
    pub channel: String,
    /// What happened.
    pub kind: String,
    /// The page to open.
    pub path: String,
    /// Attempts with this one.
    pub attempts: i32,
    /// Their address.
    pub email: String,
    /// Whether their account is in use.
    pub active: bool,
    /// Their number, encrypted.
    pub phone_enc: Option<Vec<u8>>,
    /// Their name in the chat, encrypted.
    pub chat_enc: Option<Vec<u8>>,
}

/// Puts what is due into the list behind the bell, and takes up to `limit` messages that are to leave.
///
/// # Errors
/// Where the database does not answer.
pub async fn claim(conn: &mut PgConnection, organization: OrganizationId, limit: i64) -> Result<Vec<Claimed>> {
    sqlx::query!(
        "UPDATE notification SET status = 'SENT', sent_at = now() WHERE organization_id = $1 AND channel = 'IN_APP' AND status = 'QUEUED' AND trigger_at <= now()",
        organization.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    Ok(sqlx::query_as!(
        Claimed,
        r#"WITH due AS (
             SELECT id FROM notification
              WHERE organization_id = $1 AND channel <> 'IN_APP' AND status IN ('QUEUED', 'FAILED', 'SENDING') AND trigger_at <= now()
                AND (locked_until IS NULL OR locked_until < now())
              ORDER BY trigger_at LIMIT $2 FOR UPDATE SKIP LOCKED
           )
           UPDATE notification AS n SET status = 'SENDING', attempts = n.attempts + 1, locked_until = now() + INTERVAL '10 minutes'
             FROM due, app_user AS u LEFT JOIN notification_preference AS p ON p.organization_id = u.organization_id AND p.user_id = u.id
            WHERE n.organization_id = $1 AND n.id = due.id AND u.organization_id = $1 AND u.id = n.recipient_id
        RETURNING n.id AS "id: NotificationId", n.recipient_id AS "recipient: UserId", n.channel, n.kind, n.payload ->> 'path' AS "path!", n.attempts,
                  u.email, (u.status = 'ACTIVE' AND u.deleted_at IS NULL) AS "active!", p.phone_enc AS "phone_enc?", p.chat_enc AS "chat_enc?""#,
        organization.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Deletes up to `batch` notices that were read, sent or called off long ago; how many there were.
///
/// # Errors
/// Where the database does not answer.
pub async fn purge(conn: &mut PgConnection, batch: i32) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"SELECT outbox.purge($1) AS "gone!""#, batch).fetch_one(conn).await?)
}

/// What the organization calls itself.
///
/// # Errors
/// Where the database does not answer.
pub async fn sender(conn: &mut PgConnection, organization: OrganizationId) -> Result<String> {
    Ok(sqlx::query_scalar!("SELECT name FROM organization WHERE id = $1", organization.uuid()).fetch_one(conn).await?)
}

/// How sending went.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// Somebody has taken it.
    Sent,
    /// Tried again after so many seconds.
    Again(f64, String),
    /// Given up.
    Dead(String),
    /// Nothing was tried: there is no way.
    Cancelled(String),
}

/// Writes down how sending went.
///
/// # Errors
/// Where the database does not answer.
pub async fn settled(conn: &mut PgConnection, organization: OrganizationId, ids: &[Uuid], fate: &Fate) -> Result<()> {
    let (status, pause, error) = match fate {
        Fate::Sent => ("SENT", 0.0, None),
        Fate::Again(pause, why) => ("FAILED", *pause, Some(why)),
        Fate::Dead(why) => ("DEAD", 0.0, Some(why)),
        Fate::Cancelled(why) => ("CANCELLED", 0.0, Some(why)),
    };
    sqlx::query!(
        "UPDATE notification SET status = $3, locked_until = NULL, last_error = $4, sent_at = CASE $3 WHEN 'SENT' THEN now() END,
                trigger_at = CASE $3 WHEN 'FAILED' THEN now() + make_interval(secs => $5) ELSE trigger_at END
          WHERE organization_id = $1 AND id = ANY ($2) AND status = 'SENDING'",
        organization.uuid(),
        ids,
        status,
        error,
        pause,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Where this person's mail goes.
///
/// # Errors
/// Where the database does not answer.
pub async fn email(conn: &mut PgConnection, actor: &Actor) -> Result<String> {
    let found = sqlx::query_scalar!(
        "SELECT email FROM app_user WHERE organization_id = $1 AND id = $2",
        actor.organization.uuid(),
        actor.user.uuid()
    );
    Ok(found.fetch_one(conn).await?)
}
