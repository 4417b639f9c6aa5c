//! The story of one alert: its moves. What was said about it is `crate::comments`.

use sqlx::PgConnection;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AlertId, CaseId, OrganizationId};

/// Where a story goes when a visit is asked for because of the alert.
pub const VISIT_ASKED: &str = "VISIT_ASKED";

/// And when it is booked.
pub const VISIT_BOOKED: &str = "VISIT_BOOKED";

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

/// The moves of an alert, and the visits that were asked for because of it, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn steps(conn: &mut PgConnection, organization: OrganizationId, alert: AlertId) -> Result<Vec<Step>> {
    Ok(sqlx::query_as!(
        Step,
        r#"SELECT s.from_status, s.to_status AS "to_status!", s.reason, s.at AS "at!: Timestamp", u.first_name AS "first_name?", u.last_name AS "last_name?",
                  (s.changed_by_id IS NOT NULL AND u.id IS NULL AND s.is_move) AS "service!"
           FROM (SELECT true AS is_move, c.from_status, c.to_status, c.reason, c.at, c.changed_by_id FROM status_change AS c
                 WHERE c.organization_id = $1 AND c.subject_id = $2 AND c.subject_kind = 'alert'
                 UNION ALL
                 SELECT false, '', $3::text, NULL, r.created_at, r.created_by_id FROM visit_request AS r
                 WHERE r.organization_id = $1 AND r.alert_id = $2 AND r.alert_id IS NOT NULL AND r.deleted_at IS NULL
                 UNION ALL
                 SELECT false, '', $4::text, NULL, v.created_at, v.created_by_id FROM visit_request AS r
                 JOIN visit AS v ON v.organization_id = r.organization_id AND v.id = r.visit_id
                 WHERE r.organization_id = $1 AND r.alert_id = $2 AND r.alert_id IS NOT NULL AND r.deleted_at IS NULL) AS s
           LEFT JOIN app_user AS u ON u.organization_id = $1 AND u.id = s.changed_by_id
           ORDER BY s.at DESC LIMIT 200"#,
        organization.uuid(),
        alert.uuid(),
        VISIT_ASKED,
        VISIT_BOOKED,
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
