//! Sessions: the waiting room and the call.

use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{EndReason, Party, SessionStatus};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::By;
use crate::ids::{OrganizationId, UserId, VirtualSessionId, VisitId, new_uuid};
use crate::visits::queries::visits::VisitRow;

/// A page that was open this many seconds ago is taken for open.
pub(super) const HERE_SECONDS: f64 = 45.0;

/// A session as pages show it.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Which.
    pub id: VirtualSessionId,
    /// Of which visit.
    pub visit_id: VisitId,
    /// Who holds the visit.
    pub provider_id: UserId,
    /// The random name of its room.
    pub room_id: String,
    /// Where it is.
    pub status: SessionStatus,
    /// When the patient came.
    pub patient_joined_at: Option<Timestamp>,
    /// When the clinician came.
    pub provider_joined_at: Option<Timestamp>,
    /// When the patient was let in.
    pub admitted_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why.
    pub end_reason: Option<EndReason>,
    /// Whether the patient's page is open.
    pub patient_here: bool,
    /// Whether the clinician's page is open.
    pub provider_here: bool,
}

impl SessionRow {
    /// When `party` came.
    #[must_use]
    pub const fn joined_at(&self, party: Party) -> Option<Timestamp> {
        match party {
            Party::Patient => self.patient_joined_at,
            Party::Provider => self.provider_joined_at,
        }
    }

    /// Whether the page of `party` is open.
    #[must_use]
    pub const fn is_here(&self, party: Party) -> bool {
        match party {
            Party::Patient => self.patient_here,
            Party::Provider => self.provider_here,
        }
    }

    /// Whether it ended without a call.
    #[must_use]
    pub fn missed(&self) -> bool {
        self.status == SessionStatus::Ended && self.admitted_at.is_none()
    }
}

macro_rules! session_rows {
    ($condition:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            SessionRow,
            r#"SELECT s.id AS "id: VirtualSessionId", s.visit_id AS "visit_id: VisitId", s.provider_id AS "provider_id: UserId", s.room_id,
                      s.status AS "status: SessionStatus", s.patient_joined_at AS "patient_joined_at: Timestamp", s.provider_joined_at AS "provider_joined_at: Timestamp",
                      s.admitted_at AS "admitted_at: Timestamp", s.ended_at AS "ended_at: Timestamp", s.end_reason AS "end_reason: EndReason",
                      (s.patient_seen_at > clock_timestamp() - make_interval(secs => $1)) IS TRUE AS "patient_here!",
                      (s.provider_seen_at > clock_timestamp() - make_interval(secs => $1)) IS TRUE AS "provider_here!"
               FROM virtual_session AS s WHERE s.organization_id = $2 AND "# + $condition,
            $($argument),+
        )
    };
}

/// The session of a visit, where somebody has come.
pub async fn find(conn: &mut PgConnection, organization: OrganizationId, visit: VisitId) -> Result<Option<SessionRow>> {
    Ok(session_rows!("s.visit_id = $3", HERE_SECONDS, organization.uuid(), visit.uuid()).fetch_optional(conn).await?)
}

/// The same, kept from everybody else.
pub async fn lock(conn: &mut PgConnection, organization: OrganizationId, visit: VisitId) -> Result<Option<SessionRow>> {
    let row = session_rows!("s.visit_id = $3 FOR UPDATE", HERE_SECONDS, organization.uuid(), visit.uuid());
    Ok(row.fetch_optional(conn).await?)
}

/// The sessions of some visits.
pub async fn of_visits(
    conn: &mut PgConnection,
    organization: OrganizationId,
    visits: &[Uuid],
) -> Result<Vec<SessionRow>> {
    let rows = session_rows!("s.visit_id = ANY ($3)", HERE_SECONDS, organization.uuid(), visits);
    Ok(rows.fetch_all(conn).await?)
}

/// Sessions in which nobody has been for a quarter of an hour, an hour after the visit was to end, and those whose visit is over.
pub async fn deserted(conn: &mut PgConnection, organization: OrganizationId, limit: i64) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "SELECT s.visit_id FROM virtual_session AS s JOIN visit AS v ON v.organization_id = s.organization_id AND v.id = s.visit_id
         WHERE s.organization_id = $1 AND s.status IN ('WAITING', 'ACTIVE')
           AND (v.status NOT IN ('PLANNED', 'CHECKED_IN', 'IN_PROGRESS')
                OR (v.end_time < clock_timestamp() - INTERVAL '1 hour' AND greatest(s.patient_seen_at, s.provider_seen_at) < clock_timestamp() - INTERVAL '15 minutes'))
         ORDER BY s.visit_id LIMIT $2",
        organization.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Makes the session of a visit, unless there is one. The caller maps what the database refuses.
pub async fn begin(conn: &mut PgConnection, by: &By, visit: &VisitRow, room: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO virtual_session (organization_id, id, facility_id, visit_id, patient_id, provider_id, room_id, created_by_id)
         SELECT $1, $2, $3, $4, $5, p.id, $6, $7 FROM headers.visit_provider($4) AS p (id) WHERE p.id IS NOT NULL
         ON CONFLICT ON CONSTRAINT virtual_session_visit_once DO NOTHING",
        by.organization.uuid(),
        new_uuid(),
        visit.facility_id.uuid(),
        visit.id.uuid(),
        visit.patient_id.uuid(),
        room,
        by.id,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Brings somebody in: the first time counts, and the clock is the database's.
pub async fn come_in(
    conn: &mut PgConnection,
    by: &By,
    id: VirtualSessionId,
    party: Party,
    to: SessionStatus,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE virtual_session SET status = $3,
           patient_joined_at = CASE WHEN $4 = 'PATIENT' THEN COALESCE(patient_joined_at, clock_timestamp()) ELSE patient_joined_at END,
           patient_seen_at = CASE WHEN $4 = 'PATIENT' THEN clock_timestamp() ELSE patient_seen_at END,
           provider_joined_at = CASE WHEN $4 = 'PROVIDER' THEN COALESCE(provider_joined_at, clock_timestamp()) ELSE provider_joined_at END,
           provider_seen_at = CASE WHEN $4 = 'PROVIDER' THEN clock_timestamp() ELSE provider_seen_at END
         WHERE organization_id = $1 AND id = $2",
        by.organization.uuid(),
        id.uuid(),
        to.as_str(),
        party.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves a session.
pub async fn set_status(
    conn: &mut PgConnection,
    by: &By,
    id: VirtualSessionId,
    to: SessionStatus,
    why: Option<EndReason>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE virtual_session SET status = $3, end_reason = $4 WHERE organization_id = $1 AND id = $2",
        by.organization.uuid(),
        id.uuid(),
        to.as_str(),
        why.map(EndReason::as_str),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the page of `party` is open. Nothing happens where they have not come in, or it is over.
pub async fn seen(
    conn: &mut PgConnection,
    organization: OrganizationId,
    visit: VisitId,
    party: Party,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE virtual_session AS s SET
           patient_seen_at = CASE WHEN $3 = 'PATIENT' THEN clock_timestamp() ELSE patient_seen_at END,
           provider_seen_at = CASE WHEN $3 = 'PROVIDER' THEN clock_timestamp() ELSE provider_seen_at END
         WHERE organization_id = $1 AND visit_id = $2 AND status IN ('WAITING', 'ACTIVE')
           AND CASE $3 WHEN 'PATIENT' THEN patient_joined_at ELSE provider_joined_at END IS NOT NULL
           AND EXISTS (SELECT FROM visit AS v WHERE v.organization_id = s.organization_id AND v.id = s.visit_id AND v.status IN ('CHECKED_IN', 'IN_PROGRESS', 'PLANNED'))",
        organization.uuid(),
        visit.uuid(),
        party.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
