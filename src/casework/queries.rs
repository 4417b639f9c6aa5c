//! What happened to a case, from where it is kept.

mod files;
mod work;

use sqlx::PgConnection;
use uuid::Uuid;

pub use files::{Filed, Listed, filed, listed};
pub use work::{Line, chaired, followed, held, late, opened};

use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CaseId, OrganizationId, PatientId};
use crate::tasks::model::TaskStatus;

/// A move of the case or of a task of it.
#[derive(Debug)]
pub struct Step {
    /// The task, where it is one's.
    pub task: Option<String>,
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
}

impl Step {
    /// Where the task went, where it is a task's.
    #[must_use]
    pub fn task_status(&self) -> Option<TaskStatus> {
        self.task.as_ref().and_then(|_| self.to_status.parse().ok())
    }
}

/// The moves of a case and of its tasks, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn steps(conn: &mut PgConnection, organization: OrganizationId, case: CaseId) -> Result<Vec<Step>> {
    Ok(sqlx::query_as!(
        Step,
        r#"SELECT m.task, m.from_status, m.to_status AS "to_status!", m.reason, m.at AS "at!: Timestamp", u.first_name AS "first_name?", u.last_name AS "last_name?"
           FROM ((SELECT NULL AS task, s.from_status, s.to_status, s.reason, s.at, s.changed_by_id FROM status_change AS s
                   WHERE s.organization_id = $1 AND s.subject_id = $2 AND s.subject_kind = 'case' ORDER BY s.at DESC LIMIT 200)
                 UNION ALL
                 (SELECT t.title, s.from_status, s.to_status, s.reason, s.at, s.changed_by_id FROM task AS t
                    JOIN status_change AS s ON s.organization_id = t.organization_id AND s.subject_id = t.id AND s.subject_kind = 'task'
                   WHERE t.organization_id = $1 AND t.case_id = $2 AND t.case_id IS NOT NULL ORDER BY s.at DESC LIMIT 200)) AS m
           LEFT JOIN app_user AS u ON u.organization_id = $1 AND u.id = m.changed_by_id
           ORDER BY m.at DESC"#,
        organization.uuid(),
        case.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Something that was changed without moving the case, or given to somebody.
#[derive(Debug)]
pub struct Change {
    /// `UPDATE`, `ASSIGNED` or `PRINT`.
    pub action: String,
    /// Fields before and after.
    pub changes: Option<serde_json::Value>,
    /// What else was kept.
    pub details: Option<serde_json::Value>,
    /// When.
    pub at: Timestamp,
    /// Given name of who did it; none where it was the program.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Given name of who was given the case.
    pub to_first: Option<String>,
    /// Family name.
    pub to_last: Option<String>,
}

/// The changes of a case, the latest 200, the latest first.
///
/// To whom it was given is taken out of the changes before people are looked up: a comparison that can fail is kept from the index by
/// row-level security, and everybody would be read.
///
/// # Errors
/// Where the database does not answer.
pub async fn changes(conn: &mut PgConnection, organization: OrganizationId, case: CaseId) -> Result<Vec<Change>> {
    Ok(sqlx::query_as!(
        Change,
        r#"SELECT e.action, e.changes, e.details, e.at AS "at: Timestamp", u.first_name AS "first_name?", u.last_name AS "last_name?",
                  g.first_name AS "to_first?", g.last_name AS "to_last?"
           FROM (SELECT e.*, (e.changes #>> '{assigned_to_id,after}')::uuid AS given_to FROM audit_event AS e
                  WHERE e.organization_id = $1 AND e.resource_id = $2 AND e.resource_type = 'case' AND e.action IN ('UPDATE', 'ASSIGNED', 'PRINT')
                  ORDER BY e.seq DESC LIMIT 200) AS e
           LEFT JOIN app_user AS u ON u.organization_id = e.organization_id AND u.id = e.actor_id AND e.actor_kind = 'USER'
           LEFT JOIN app_user AS g ON g.organization_id = e.organization_id AND g.id = e.given_to
           ORDER BY e.seq DESC"#,
        organization.uuid(),
        case.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// More than this are not counted.
const MOST: i64 = 20;

/// How many entries the time line of a case has got since a moment.
///
/// # Errors
/// Where the database does not answer.
pub async fn newer(
    conn: &mut PgConnection,
    organization: OrganizationId,
    case: CaseId,
    since: Timestamp,
) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT (SELECT count(*) FROM (SELECT FROM status_change AS s WHERE s.organization_id = $1 AND s.subject_id = $2 AND s.subject_kind = 'case' AND s.at > $3 LIMIT $4) AS a)
                + (SELECT count(*) FROM (SELECT FROM comment AS m WHERE m.organization_id = $1 AND m.subject_id = $2 AND m.subject_kind = 'case' AND m.deleted_at IS NULL
                                            AND m.created_at > $3 LIMIT $4) AS b)
                + (SELECT count(*) FROM (SELECT FROM task AS t JOIN status_change AS s ON s.organization_id = t.organization_id AND s.subject_id = t.id AND s.subject_kind = 'task'
                                          WHERE t.organization_id = $1 AND t.case_id = $2 AND t.case_id IS NOT NULL AND s.at > $3 LIMIT $4) AS c)
                + (SELECT count(*) FROM (SELECT FROM document AS d JOIN document_version AS v ON v.organization_id = d.organization_id AND v.document_id = d.id
                                          WHERE d.organization_id = $1 AND d.case_id = $2 AND d.case_id IS NOT NULL AND v.uploaded_at > $3 LIMIT $4) AS f)
                + (SELECT count(*) FROM (SELECT FROM audit_event AS e WHERE e.organization_id = $1 AND e.resource_id = $2 AND e.action <> 'VIEW' AND e.resource_type = 'case'
                                            AND e.action IN ('UPDATE', 'PRINT') AND e.at > $3 LIMIT $4) AS d) AS "newer!""#,
        organization.uuid(),
        case.uuid(),
        since as Timestamp,
        MOST,
    )
    .fetch_one(conn)
    .await?)
}

/// Somebody who follows a case.
#[derive(Debug)]
pub struct Follower {
    /// Who.
    pub id: Uuid,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
}

/// Who follows a case, by name.
///
/// # Errors
/// Where the database does not answer.
pub async fn followers(conn: &mut PgConnection, organization: OrganizationId, case: CaseId) -> Result<Vec<Follower>> {
    Ok(sqlx::query_as!(
        Follower,
        r#"SELECT u.id, u.first_name, u.last_name FROM case_follower AS f JOIN app_user AS u ON u.organization_id = f.organization_id AND u.id = f.user_id
           WHERE f.organization_id = $1 AND f.case_id = $2 AND f.deleted_at IS NULL ORDER BY lower(u.last_name), lower(u.first_name) LIMIT 100"#,
        organization.uuid(),
        case.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Begins or ends following; says whether that was news.
///
/// # Errors
/// Where the database does not answer or refuses.
pub async fn follow(
    conn: &mut PgConnection,
    organization: OrganizationId,
    case: CaseId,
    user: Uuid,
    wanted: bool,
) -> Result<bool> {
    let changed = sqlx::query!(
        "UPDATE case_follower SET deleted_at = CASE WHEN $4 THEN NULL ELSE now() END, deleted_by_id = CASE WHEN $4 THEN NULL ELSE $3::uuid END
          WHERE organization_id = $1 AND case_id = $2 AND user_id = $3 AND (deleted_at IS NULL) <> $4",
        organization.uuid(),
        case.uuid(),
        user,
        wanted,
    )
    .execute(&mut *conn)
    .await?
    .rows_affected();
    if changed > 0 || !wanted {
        return Ok(changed > 0);
    }
    let added = sqlx::query!(
        "INSERT INTO case_follower (organization_id, id, case_id, user_id, created_by_id) VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING",
        organization.uuid(),
        crate::ids::new_uuid(),
        case.uuid(),
        user,
    )
    .execute(conn)
    .await?
    .rows_affected();
    Ok(added > 0)
}

/// What the bundle says of a case beside its head.
#[derive(Debug)]
pub struct Cover {
    /// What it is about, encrypted.
    pub description_enc: Option<Vec<u8>>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it should be completed.
    pub due_at: Option<Timestamp>,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// What came of it.
    pub closure_reason: Option<String>,
    /// The place.
    pub facility: Option<String>,
    /// Given name of who opened it.
    pub creator_first: String,
    /// Family name.
    pub creator_last: String,
    /// Given name of the caseworker.
    pub worker_first: Option<String>,
    /// Family name.
    pub worker_last: Option<String>,
}

/// The cover of a case.
///
/// # Errors
/// Where the database does not answer.
pub async fn cover(conn: &mut PgConnection, organization: OrganizationId, case: CaseId) -> Result<Cover> {
    Ok(sqlx::query_as!(
        Cover,
        r#"SELECT c.description_enc, c.created_at AS "created_at: Timestamp", c.due_at AS "due_at: Timestamp", c.completed_at AS "completed_at: Timestamp", c.closure_reason,
                  f.name AS "facility?", u.first_name AS creator_first, u.last_name AS creator_last, w.first_name AS "worker_first?", w.last_name AS "worker_last?"
           FROM cases AS c
           JOIN app_user AS u ON u.organization_id = c.organization_id AND u.id = c.created_by_id
           LEFT JOIN app_user AS w ON w.organization_id = c.organization_id AND w.id = c.assigned_to_id
           LEFT JOIN facility AS f ON f.organization_id = c.organization_id AND f.id = c.facility_id
           WHERE c.organization_id = $1 AND c.id = $2"#,
        organization.uuid(),
        case.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// The name of the person concerned, as far as the reader may know it: as a header, or from the record.
///
/// # Errors
/// Where the database does not answer.
pub async fn person(
    conn: &mut PgConnection,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Option<(String, String)>> {
    let row = sqlx::query!(
        r#"SELECT h.first_name AS "first!", h.last_name AS "last!" FROM headers.of_patients(ARRAY[$2::uuid]) AS h
           UNION ALL
           SELECT p.first_name, p.last_name FROM patient AS p WHERE p.organization_id = $1 AND p.id = $2
           LIMIT 1"#,
        organization.uuid(),
        patient.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.first, row.last)))
}
