//! Who has waited for too long.

use sqlx::PgConnection;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId, PatientId, ThreadId};
use crate::messages::model::Category;

/// A conversation that nobody answers.
#[derive(Debug)]
pub struct Unanswered {
    /// Which.
    pub id: ThreadId,
    /// For people.
    pub number: i64,
    /// Where.
    pub facility_id: FacilityId,
    /// With whom.
    pub patient_id: Option<PatientId>,
    /// What it is about.
    pub category: Category,
    /// Since when.
    pub waiting_since: Timestamp,
}

/// Conversations that have waited for longer than `health` (health questions) or `rest` seconds, locked, the longest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn overdue(
    conn: &mut PgConnection,
    organization: OrganizationId,
    health: f64,
    rest: f64,
    limit: i64,
) -> Result<Vec<Unanswered>> {
    Ok(sqlx::query_as!(
        Unanswered,
        r#"SELECT id AS "id: ThreadId", number, facility_id AS "facility_id: FacilityId", patient_id AS "patient_id: PatientId", category AS "category: Category",
                  waiting_since AS "waiting_since!: Timestamp"
           FROM thread
           WHERE organization_id = $1 AND status = 'AWAITING_STAFF' AND alerted_at IS NULL AND deleted_at IS NULL
             AND waiting_since <= now() - make_interval(secs => CASE category WHEN 'HEALTH' THEN $2::float8 ELSE $3::float8 END)
           ORDER BY waiting_since LIMIT $4 FOR UPDATE SKIP LOCKED"#,
        organization.uuid(),
        health,
        rest,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// An alert has said so.
///
/// # Errors
/// Where the database does not answer.
pub async fn alerted(conn: &mut PgConnection, organization: OrganizationId, id: ThreadId) -> Result<()> {
    sqlx::query!(
        "UPDATE thread SET alerted_at = now() WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        id.uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}
