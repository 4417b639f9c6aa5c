//! What the browsers of a call tell each other.

use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Seat;
use crate::error::Result;
use crate::events::By;
use crate::ids::{OrganizationId, VirtualSessionId, new_uuid};

/// What one browser of a call tells the other.
#[derive(Clone, Debug)]
pub struct NewSignal<'a> {
    /// The call.
    pub session: VirtualSessionId,
    /// Who sends it.
    pub seat: Seat,
    /// `hello`, `offer`, `answer`, `candidate` or `bye`.
    pub kind: &'a str,
    /// The page that sends it.
    pub sender: &'a str,
    /// The page that it is for; none: any.
    pub recipient: Option<&'a str>,
    /// SDP or candidate.
    pub body: &'a str,
}

/// Leaves a message for the other browsers. Places are given out one call at a time, until each is committed: a browser that has heard
/// of one place never asks again for those before it.
pub async fn send(conn: &mut PgConnection, by: &By, signal: &NewSignal<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(HASHTEXTEXTENDED($3::uuid::text, 153)))
         INSERT INTO virtual_signal (organization_id, id, session_id, party, kind, sender, recipient, body, created_by_id, guest_id)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM turn",
        by.organization.uuid(),
        new_uuid(),
        signal.session.uuid(),
        signal.seat.party(),
        signal.kind,
        signal.sender,
        signal.recipient,
        signal.body,
        by.id,
        signal.seat.guest(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A message that waits for a browser.
#[derive(Debug)]
pub struct Signal {
    /// Its place.
    pub position: i64,
    /// Which party sent it.
    pub party: String,
    /// Which guest, where it was one.
    pub guest_id: Option<Uuid>,
    /// `hello`, `offer`, `answer`, `candidate` or `bye`.
    pub kind: String,
    /// The page that sent it.
    pub sender: String,
    /// The page that it is for.
    pub recipient: Option<String>,
    /// SDP or candidate.
    pub body: String,
}

/// What the others have said after `last`. Each browser sends one message after the other, and [`send`] one browser after the other, so
/// none is overtaken.
pub async fn heard(
    conn: &mut PgConnection,
    organization: OrganizationId,
    session: VirtualSessionId,
    seat: Seat,
    last: i64,
) -> Result<Vec<Signal>> {
    Ok(sqlx::query_as!(
        Signal,
        "SELECT position, party, guest_id, kind, sender, recipient, body FROM virtual_signal
         WHERE organization_id = $1 AND session_id = $2 AND (party <> $3 OR guest_id <> $5) AND position > $4 ORDER BY position LIMIT 200",
        organization.uuid(),
        session.uuid(),
        seat.party(),
        last,
        seat.guest(),
    )
    .fetch_all(conn)
    .await?)
}

/// The place of the last message of a call: a page hears what comes after it was made.
pub async fn last_position(
    conn: &mut PgConnection,
    organization: OrganizationId,
    session: VirtualSessionId,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT COALESCE(MAX(position), 0) AS "last!" FROM virtual_signal WHERE organization_id = $1 AND session_id = $2"#,
        organization.uuid(),
        session.uuid(),
    )
    .fetch_one(conn)
    .await?)
}
