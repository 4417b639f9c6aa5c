//! Single alerts, to look at and to move.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::row::{Row, columns};
use crate::alerts::model::{AlertReason, AlertStatus, Severity};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AlertId, FacilityId, OrganizationId, PatientId, UserId};

/// These alerts, as far as they can be seen, in the order of the queue.
///
/// # Errors
/// Where the database does not answer.
pub async fn find(conn: &mut PgConnection, organization: OrganizationId, ids: &[Uuid]) -> Result<Vec<Row>> {
    Ok(columns!(
        ["alert AS a"],
        ["WHERE a.organization_id = $1 AND a.id = ANY ($2) AND a.deleted_at IS NULL ORDER BY a.severity_rank DESC, a.raised_at DESC, a.id DESC"],
        organization.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?)
}

/// These alerts, kept from everybody else until the end of the transaction. Always locked in the same order, so that
/// two people who move the same alerts wait for each other rather than for ever.
///
/// # Errors
/// Where the database does not answer.
pub async fn lock(conn: &mut PgConnection, organization: OrganizationId, ids: &[Uuid]) -> Result<Vec<Row>> {
    Ok(columns!(
        ["(SELECT * FROM alert WHERE organization_id = $1 AND id = ANY ($2) AND deleted_at IS NULL ORDER BY id FOR UPDATE) AS a"],
        ["ORDER BY a.severity_rank DESC, a.raised_at DESC, a.id DESC"],
        organization.uuid(),
        ids,
    )
    .fetch_all(conn)
    .await?)
}

/// The moment of this transaction by the database's clock, which decides every deadline.
///
/// # Errors
/// Where the database does not answer.
pub async fn now(conn: &mut PgConnection) -> Result<Timestamp> {
    Ok(sqlx::query_scalar!(r#"SELECT now() AS "now!: Timestamp""#).fetch_one(conn).await?)
}
