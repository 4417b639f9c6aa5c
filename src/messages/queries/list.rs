//! The lists of the inbox. Each takes the first rows of each facility by its own index, then the first of those.

use sqlx::PgConnection;
use sqlx::types::Uuid;

use super::row::{Cursor, Row, threads};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{FacilityId, PatientId, ThreadId, UserId};
use crate::messages::model::{Category, Channel, Status, View};
use crate::web::badges::COUNT_CAP;

/// Rows of a page.
pub const PAGE: i64 = 25;

/// What a search finds at most: more than that asks for more letters.
pub const FOUND: i64 = 50;

/// The facilities within reach, each by its identifier.
///
/// # Errors
/// Where the database does not answer.
pub async fn places(conn: &mut PgConnection, actor: &Actor) -> Result<Vec<Uuid>> {
    if let crate::access::Facilities::Only(list) = &actor.facilities {
        return Ok(list.iter().map(|id| id.uuid()).collect());
    }
    Ok(sqlx::query_scalar!("SELECT id FROM facility WHERE organization_id = $1", actor.organization.uuid())
        .fetch_all(conn)
        .await?)
}

/// A list of a team: `$which` has an index of its own.
macro_rules! of_the_team {
    ($conn:expr, $actor:expr, $places:expr, $after:expr, $which:literal) => {
        threads!(
            ["unnest($3::uuid[]) AS place (id) CROSS JOIN LATERAL (SELECT x.* FROM thread AS x WHERE x.organization_id = $1 AND x.facility_id = place.id AND "
             + $which + " AND (x.last_message_at, x.id) < (COALESCE($4::timestamptz, 'infinity'), COALESCE($5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
             ORDER BY x.last_message_at DESC, x.id DESC LIMIT $6) AS t"],
            ["ORDER BY t.last_message_at DESC, t.id DESC LIMIT $6"],
            $actor.organization.uuid(),
            $actor.user.uuid(),
            $places,
            $after.map(|after| after.at) as Option<Timestamp>,
            $after.map(|after| after.id.uuid()),
            PAGE + 1,
        )
        .fetch_all($conn)
        .await?
    };
}

/// What one person takes part in; by the index of participants, for who sees no team.
macro_rules! of_mine {
    ($conn:expr, $actor:expr, $after:expr, $which:literal) => {
        threads!(
            ["thread_participant AS mine JOIN thread AS t ON t.organization_id = mine.organization_id AND t.id = mine.thread_id AND mine.user_id = $2"],
            ["WHERE mine.organization_id = $1 AND mine.side = 'STAFF' AND " + $which + "
              AND (t.last_message_at, t.id) < (COALESCE($3::timestamptz, 'infinity'), COALESCE($4, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
              ORDER BY t.last_message_at DESC, t.id DESC LIMIT $5"],
            $actor.organization.uuid(),
            $actor.user.uuid(),
            $after.map(|after| after.at) as Option<Timestamp>,
            $after.map(|after| after.id.uuid()),
            PAGE + 1,
        )
        .fetch_all($conn)
        .await?
    };
}

/// A page of a view, and one row more where there are more.
///
/// # Errors
/// Where the database does not answer.
pub async fn page(
    conn: &mut PgConnection,
    actor: &Actor,
    places: &[Uuid],
    view: View,
    team: bool,
    after: Option<Cursor>,
) -> Result<Vec<Row>> {
    Ok(match (view, team) {
        (View::Waiting, _) => threads!(
            ["unnest($3::uuid[]) AS place (id) CROSS JOIN LATERAL (SELECT x.* FROM thread AS x WHERE x.organization_id = $1 AND x.facility_id = place.id
              AND x.status = 'AWAITING_STAFF' AND (x.waiting_since, x.id) > (COALESCE($4::timestamptz, '-infinity'), COALESCE($5, '00000000-0000-0000-0000-000000000000'::uuid))
              ORDER BY x.waiting_since, x.id LIMIT $6) AS t"],
            ["ORDER BY t.waiting_since, t.id LIMIT $6"],
            actor.organization.uuid(),
            actor.user.uuid(),
            places,
            after.map(|after| after.at) as Option<Timestamp>,
            after.map(|after| after.id.uuid()),
            PAGE + 1,
        )
        .fetch_all(conn)
        .await?,
        (View::Unassigned, _) => of_the_team!(conn, actor, places, after, "x.status <> 'CLOSED' AND x.assignee_id IS NULL"),
        (View::Team, _) => of_the_team!(conn, actor, places, after, "x.status <> 'CLOSED'"),
        (View::Closed, true) => of_the_team!(conn, actor, places, after, "x.status = 'CLOSED'"),
        (View::Closed, false) => of_mine!(conn, actor, after, "t.status = 'CLOSED'"),
        (View::Mine, false) => of_mine!(conn, actor, after, "t.status <> 'CLOSED'"),
        (View::Mine, true) => threads!(
            ["thread AS t"],
            ["WHERE t.organization_id = $1 AND t.assignee_id = $2 AND t.assignee_id IS NOT NULL AND t.status <> 'CLOSED'
              AND (t.last_message_at, t.id) < (COALESCE($3::timestamptz, 'infinity'), COALESCE($4, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
              ORDER BY t.last_message_at DESC, t.id DESC LIMIT $5"],
            actor.organization.uuid(),
            actor.user.uuid(),
            after.map(|after| after.at) as Option<Timestamp>,
            after.map(|after| after.id.uuid()),
            PAGE + 1,
        )
        .fetch_all(conn)
        .await?,
    })
}

/// Conversations whose subject or patient begins so, or whose patient has this record number; the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn search(
    conn: &mut PgConnection,
    actor: &Actor,
    places: &[Uuid],
    range: &(String, String),
    number: Option<&[u8]>,
) -> Result<Vec<Row>> {
    Ok(threads!(
        ["thread AS t"],
        ["WHERE t.organization_id = $1 AND t.id = ANY (ARRAY(
            SELECT s.id FROM unnest($3::uuid[]) AS place (id) CROSS JOIN LATERAL (
              SELECT x.id FROM thread AS x WHERE x.organization_id = $1 AND x.facility_id = place.id AND x.subject_key >= $4 AND x.subject_key < $5 LIMIT $7) AS s
            UNION
            SELECT s.id FROM unnest($3::uuid[]) AS place (id) CROSS JOIN LATERAL (
              (SELECT q.id FROM patient AS q WHERE q.organization_id = $1 AND q.facility_id = place.id AND q.name_key >= $4 AND q.name_key < $5 LIMIT $7)
              UNION
              (SELECT q.id FROM patient AS q WHERE q.organization_id = $1 AND q.facility_id = place.id AND q.given_key >= $4 AND q.given_key < $5 LIMIT $7)
              UNION
              (SELECT q.id FROM patient AS q WHERE q.organization_id = $1 AND q.facility_id = place.id AND q.medical_record_number_bidx = $6)) AS q
              CROSS JOIN LATERAL (SELECT x.id FROM thread AS x WHERE x.organization_id = $1 AND x.patient_id = q.id ORDER BY x.last_message_at DESC LIMIT $7) AS s))
          ORDER BY t.last_message_at DESC, t.id DESC LIMIT $7"],
        actor.organization.uuid(),
        actor.user.uuid(),
        places,
        range.0,
        range.1,
        number,
        FOUND,
    )
    .fetch_all(conn)
    .await?)
}

/// The latest conversations of a patient.
///
/// # Errors
/// Where the database does not answer.
pub async fn of_patient(conn: &mut PgConnection, actor: &Actor, patient: PatientId, limit: i64) -> Result<Vec<Row>> {
    Ok(threads!(
        ["thread AS t"],
        ["WHERE t.organization_id = $1 AND t.patient_id = $3 AND t.patient_id IS NOT NULL ORDER BY t.last_message_at DESC, t.id DESC LIMIT $4"],
        actor.organization.uuid(),
        actor.user.uuid(),
        patient.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// What the tabs say, each up to the cap.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Somebody waits.
    pub waiting: i64,
    /// I have.
    pub mine: i64,
    /// Nobody has.
    pub unassigned: i64,
    /// All open ones.
    pub open: i64,
}

/// The counts of the tabs.
///
/// # Errors
/// Where the database does not answer.
pub async fn counts(conn: &mut PgConnection, actor: &Actor, places: &[Uuid]) -> Result<Counts> {
    Ok(sqlx::query_as!(
        Counts,
        r#"SELECT (SELECT COUNT(*) FROM (SELECT FROM thread WHERE organization_id = $1 AND facility_id = ANY ($3) AND status = 'AWAITING_STAFF' LIMIT $4) AS t) AS "waiting!",
                  (SELECT COUNT(*) FROM (SELECT FROM thread WHERE organization_id = $1 AND assignee_id = $2 AND assignee_id IS NOT NULL AND status <> 'CLOSED' LIMIT $4) AS t) AS "mine!",
                  (SELECT COUNT(*) FROM (SELECT FROM thread WHERE organization_id = $1 AND facility_id = ANY ($3) AND status <> 'CLOSED' AND assignee_id IS NULL LIMIT $4) AS t) AS "unassigned!",
                  (SELECT COUNT(*) FROM (SELECT FROM thread WHERE organization_id = $1 AND facility_id = ANY ($3) AND status <> 'CLOSED' LIMIT $4) AS t) AS "open!""#,
        actor.organization.uuid(),
        actor.user.uuid(),
        places,
        COUNT_CAP,
    )
    .fetch_one(conn)
    .await?)
}
