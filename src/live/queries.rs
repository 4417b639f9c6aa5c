//! What changed, and whether a session is still good.

use sqlx::types::Uuid;

use super::hub::{Batch, Change};
use crate::access::{Actor, Facilities};
use crate::app::App;
use crate::error::Result;
use crate::ids::{FacilityId, OrganizationId, PatientId};

/// Asks `live.changes` for the watermark alone.
const NOTHING: i64 = i64::MAX;

/// The watermark now.
pub(super) async fn watermark(app: &App) -> Result<i64> {
    let mut tx = app.db.begin_system().await?;
    Ok(sqlx::query_scalar!(r#"SELECT next AS "next!" FROM live.changes($1)"#, NOTHING).fetch_one(&mut *tx).await?)
}

/// What was committed since a watermark, in all organizations, and the next watermark.
pub(super) async fn changes(app: &App, since: i64) -> Result<Batch> {
    let mut tx = app.db.begin_system().await?;
    let rows = sqlx::query!(
        r#"SELECT DISTINCT next AS "next!", organization_id, facility_id, patient_id, resource_type FROM live.changes($1)"#,
        since,
    )
    .fetch_all(&mut *tx)
    .await?;
    let next = rows.first().map_or(since, |row| row.next);
    let changes = rows
        .into_iter()
        .filter_map(|row| {
            Some(Change {
                organization: OrganizationId::from(row.organization_id?),
                facility: row.facility_id.map(FacilityId::from),
                patient: row.patient_id.map(PatientId::from),
                resource: row.resource_type?,
            })
        })
        .collect();
    Ok(Batch { next, changes })
}

/// Whether the actor's session goes on as it was: not ended, not idle, the account in use, the role and its reach the
/// same. Looking does not count as use.
///
/// # Errors
/// Where the database does not answer.
pub async fn goes_on(app: &App, actor: &Actor) -> Result<bool> {
    let idle = crate::accounts::idle_limit(actor.role).as_secs_f64();
    let facilities = sqlx::query_scalar!(
        r#"SELECT m.facility_id
             FROM user_session AS s
             JOIN app_user AS u ON u.organization_id = s.organization_id AND u.id = s.user_id
             JOIN membership AS m ON m.organization_id = s.organization_id AND m.user_id = s.user_id AND m.role = s.role
            WHERE s.organization_id = $1 AND s.id = $2 AND s.role = $3
              AND s.ended_at IS NULL AND s.expires_at > NOW() AND s.last_seen_at > NOW() - MAKE_INTERVAL(secs => $4)
              AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
              AND m.deleted_at IS NULL AND m.starts_on <= CURRENT_DATE AND (m.ends_on IS NULL OR m.ends_on >= CURRENT_DATE)"#,
        actor.organization.uuid(),
        actor.session.uuid(),
        actor.role.as_str(),
        idle,
    )
    .fetch_all(app.db.auth())
    .await?;
    Ok(!facilities.is_empty() && same_reach(&actor.facilities, &facilities))
}

fn same_reach(known: &Facilities, found: &[Option<Uuid>]) -> bool {
    match known {
        Facilities::All => found.contains(&None),
        Facilities::Only(list) => {
            found.iter().all(|id| id.is_some_and(|id| list.contains(&FacilityId::from(id))))
                && list.iter().all(|id| found.contains(&Some(id.uuid())))
        }
    }
}
