//! How a conversation has moved.

use sqlx::PgConnection;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{OrganizationId, ThreadId};

/// A move.
#[derive(Debug)]
pub struct Step {
    /// `thread` for its state, `thread_holder` for who has it.
    pub kind: String,
    /// Where to; for a holder the name, or nothing for the team.
    pub to: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Who moved it; none where it moved by itself.
    pub by: Option<String>,
    /// Whether who moved it has it now.
    pub took: bool,
}

/// The moves, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn steps(conn: &mut PgConnection, organization: OrganizationId, thread: ThreadId) -> Result<Vec<Step>> {
    Ok(sqlx::query_as!(
        Step,
        r#"SELECT s.subject_kind AS kind, CASE s.subject_kind WHEN 'thread' THEN s.to_status ELSE concat_ws(' ', h.first_name, h.last_name) END AS "to?",
                  s.reason, s.at AS "at: Timestamp", nullif(concat_ws(' ', u.first_name, u.last_name), '') AS by,
                  coalesce(h.id = s.changed_by_id, false) AS "took!"
           FROM status_change AS s
           LEFT JOIN app_user AS u ON u.organization_id = s.organization_id AND u.id = s.changed_by_id
           LEFT JOIN app_user AS h ON h.organization_id = s.organization_id AND s.subject_kind = 'thread_holder' AND h.id::text = s.to_status
           WHERE s.organization_id = $1 AND s.subject_id = $2 AND s.subject_kind IN ('thread', 'thread_holder')
           ORDER BY s.at DESC LIMIT 100"#,
        organization.uuid(),
        thread.uuid(),
    )
    .fetch_all(conn)
    .await?)
}
