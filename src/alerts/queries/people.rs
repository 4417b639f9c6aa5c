//! Who does what with alerts.

use sqlx::PgConnection;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AlertId, FacilityId, OrganizationId, UserId};

/// Somebody who can be given an alert.
#[derive(Debug)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// "Dr".
    pub title: Option<String>,
    /// What they do there.
    pub roles: Vec<String>,
}

/// Who can be given an alert of `facility`: everybody who may acknowledge one there, today.
///
/// # Errors
/// Where the database does not answer.
pub async fn assignable(
    conn: &mut PgConnection,
    organization: OrganizationId,
    facility: Option<FacilityId>,
) -> Result<Vec<Person>> {
    Ok(sqlx::query_as!(
        Person,
        r#"SELECT u.id, u.first_name, u.last_name, u.title, array_agg(DISTINCT m.role ORDER BY m.role) AS "roles!"
           FROM membership AS m JOIN app_user AS u ON u.organization_id = m.organization_id AND u.id = m.user_id
           WHERE m.organization_id = $1 AND (m.facility_id IS NULL OR m.facility_id = $2) AND m.deleted_at IS NULL
             AND m.role IN ('CLINICIAN', 'MEDICAL_ASSISTANT', 'CARER', 'MANAGER')
             AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')
             AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
           GROUP BY u.id, u.first_name, u.last_name, u.title
           ORDER BY lower(u.last_name), lower(u.first_name)
           LIMIT 200"#,
        organization.uuid(),
        facility.map(FacilityId::uuid),
    )
    .fetch_all(conn)
    .await?)
}

/// The last thing that happened to an alert.
#[derive(Debug)]
pub struct LastEvent {
    /// The state it went to; none where only its assignee changed.
    pub to_status: String,
    /// When.
    pub at: Timestamp,
    /// Given name of who did it.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
}

/// The last move of an alert, and who made it.
///
/// # Errors
/// Where the database does not answer.
pub async fn last_event(
    conn: &mut PgConnection,
    organization: OrganizationId,
    alert: AlertId,
) -> Result<Option<LastEvent>> {
    Ok(sqlx::query_as!(
        LastEvent,
        r#"SELECT s.to_status, s.at AS "at: Timestamp", u.first_name AS "first_name?", u.last_name AS "last_name?"
           FROM status_change AS s LEFT JOIN app_user AS u ON u.organization_id = s.organization_id AND u.id = s.changed_by_id
           WHERE s.organization_id = $1 AND s.subject_id = $2 AND s.subject_kind = 'alert'
           ORDER BY s.at DESC LIMIT 1"#,
        organization.uuid(),
        alert.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}
