//! Single cases, to look at and to move.

use sqlx::PgConnection;
use uuid::Uuid;

use super::row::{Row, columns};
use crate::cases::model::{CaseStatus, Priority};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AlertId, CaseId, FacilityId, OrganizationId, PatientId, UserId};

/// These cases, as far as they can be seen, the oldest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn find(conn: &mut PgConnection, organization: OrganizationId, ids: &[Uuid]) -> Result<Vec<Row>> {
    Ok(columns!(
        ["cases AS a"],
        ["WHERE a.organization_id = $1 AND a.id = ANY ($2) AND a.deleted_at IS NULL ORDER BY a.number"],
        organization.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?)
}

/// These cases, kept from everybody else until the end of the transaction. Always locked in the same order, so that two
/// people who move the same cases wait for each other rather than for ever.
///
/// # Errors
/// Where the database does not answer.
pub async fn lock(conn: &mut PgConnection, organization: OrganizationId, ids: &[Uuid]) -> Result<Vec<Row>> {
    Ok(columns!(
        ["(SELECT * FROM cases WHERE organization_id = $1 AND id = ANY ($2) AND deleted_at IS NULL ORDER BY id FOR UPDATE) AS a"],
        ["ORDER BY a.number"],
        organization.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?)
}

/// What the case is about, encrypted.
///
/// # Errors
/// Where the database does not answer.
pub async fn description(conn: &mut PgConnection, organization: OrganizationId, id: CaseId) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar!(
        "SELECT description_enc FROM cases WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        id.uuid()
    )
    .fetch_optional(conn)
    .await?
    .flatten())
}

/// What happened last to a case, and who did it.
#[derive(Debug)]
pub struct LastChange {
    /// When.
    pub at: Timestamp,
    /// The state it went to, where it moved last.
    pub to: Option<CaseStatus>,
    /// Given name of who did it.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
}

/// The last change of a case by its own history: the state it is in, since when and by whom.
///
/// # Errors
/// Where the database does not answer.
pub async fn last_move(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: CaseId,
) -> Result<Option<LastChange>> {
    Ok(sqlx::query_as!(
        LastChange,
        r#"SELECT s.at AS "at: Timestamp", s.to_status AS "to?: CaseStatus", u.first_name AS "first_name?",
                  u.last_name AS "last_name?"
           FROM status_change AS s LEFT JOIN app_user AS u ON u.organization_id = s.organization_id AND u.id = s.changed_by_id
           WHERE s.organization_id = $1 AND s.subject_id = $2 AND s.subject_kind = 'case'
           ORDER BY s.at DESC LIMIT 1"#,
        organization.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}
