//! The story of one alert: its moves. What was said about it is `crate::comments`.

use sqlx::PgConnection;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AlertId, CaseId, OrganizationId};

/// A move.
#[derive(Debug)]
pub struct Step {
    /// From where; none for the beginning.
    pub from_status: Option<String>,
    /// Where to.
    pub to_status: String,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Given name of who moved it; none where it moved by itself.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// The service account that did.
    pub service: bool,
}

/// The moves of an alert, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn steps(conn: &mut PgConnection, organization: OrganizationId, alert: AlertId) -> Result<Vec<Step>> {
    Ok(sqlx::query_as!(
        Step,
        r#"SELECT s.from_status, s.to_status, s.reason, s.at AS "at: Timestamp", u.first_name AS "first_name?", u.last_name AS "last_name?",
                  (s.changed_by_id IS NOT NULL AND u.id IS NULL) AS "service!"
           FROM status_change AS s LEFT JOIN app_user AS u ON u.organization_id = s.organization_id AND u.id = s.changed_by_id
           WHERE s.organization_id = $1 AND s.subject_id = $2 AND s.subject_kind = 'alert'
           ORDER BY s.at DESC LIMIT 200"#,
        organization.uuid(),
        alert.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// A case that came of an alert.
#[derive(Debug)]
pub struct CaseLine {
    /// Which.
    pub id: CaseId,
    /// The number people say.
    pub number: i64,
}

/// The cases that came of an alert, the latest first: those that this person sees.
///
/// # Errors
/// Where the database does not answer.
pub async fn cases(conn: &mut PgConnection, organization: OrganizationId, alert: AlertId) -> Result<Vec<CaseLine>> {
    Ok(sqlx::query_as!(
        CaseLine,
        r#"SELECT id AS "id: CaseId", number FROM cases
           WHERE organization_id = $1 AND alert_id = $2 AND alert_id IS NOT NULL AND deleted_at IS NULL
           ORDER BY number DESC LIMIT 20"#,
        organization.uuid(),
        alert.uuid(),
    )
    .fetch_all(conn)
    .await?)
}
