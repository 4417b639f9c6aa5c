//! Single tasks, those of a case, and what happened to one.

use sqlx::PgConnection;

use super::row::{Row, columns};
use crate::access::Role;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{CaseId, FacilityId, OrganizationId, PatientId, TaskId, UserId};
use crate::tasks::Priority;
use crate::tasks::model::TaskStatus;
use crate::tasks::portal::Next;

/// The task, as far as the actor may see it.
///
/// # Errors
/// `NotFound` where there is none that they may see.
pub async fn find(conn: &mut PgConnection, organization: OrganizationId, id: TaskId) -> Result<Row> {
    columns!(
        ["task AS t"],
        ["WHERE t.organization_id = $1 AND t.id = $2 AND t.deleted_at IS NULL"],
        organization.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound)
}

/// The task, kept from everybody else until the end of the transaction.
///
/// # Errors
/// `NotFound` where there is none that they may see, `Forbidden` where they may see it and not change it.
pub async fn lock(conn: &mut PgConnection, organization: OrganizationId, id: TaskId) -> Result<Row> {
    let locked = sqlx::query_scalar!(
        "SELECT id FROM task WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE",
        organization.uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let row = find(conn, organization, id).await?;
    locked.map(|_| row).ok_or(Error::Forbidden)
}

/// The tasks of a case: what is open by when it is due, then what is closed, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn of_case(conn: &mut PgConnection, organization: OrganizationId, case: CaseId) -> Result<Vec<Row>> {
    Ok(columns!(
        ["task AS t"],
        ["WHERE t.organization_id = $1 AND t.case_id = $2 AND t.deleted_at IS NULL
          ORDER BY t.is_open DESC, CASE WHEN t.is_open THEN t.due_key END, t.status_changed_at DESC, t.id LIMIT 200"],
        organization.uuid(),
        case.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// The tasks about a patient outside cases: what is open by when it is due, then what was closed last.
///
/// # Errors
/// Where the database does not answer.
pub async fn of_patient(conn: &mut PgConnection, organization: OrganizationId, patient: PatientId) -> Result<Vec<Row>> {
    Ok(columns!(
        ["task AS t"],
        ["WHERE t.organization_id = $1 AND t.patient_id = $2 AND t.case_id IS NULL AND t.deleted_at IS NULL
          ORDER BY t.is_open DESC, CASE WHEN t.is_open THEN t.due_key END, t.status_changed_at DESC, t.id LIMIT 100"],
        organization.uuid(),
        patient.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// What a patient was asked to do: what is open by when it is due, then what they did last.
///
/// # Errors
/// Where the database does not answer.
pub async fn for_patient(
    conn: &mut PgConnection,
    organization: OrganizationId,
    patient: PatientId,
    limit: i64,
) -> Result<Vec<Row>> {
    Ok(columns!(
        ["task AS t"],
        ["WHERE t.organization_id = $1 AND t.patient_id = $2 AND t.assignee_role = 'PATIENT' AND t.deleted_at IS NULL
            AND (t.is_open OR t.status = 'DONE')
          ORDER BY t.is_open DESC, CASE WHEN t.is_open THEN t.due_key END, t.done_at DESC, t.id LIMIT $3"],
        organization.uuid(),
        patient.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// The open task of a patient that is due first, with how many there are.
///
/// # Errors
/// Where the database does not answer.
pub async fn next_of_patient(
    conn: &mut PgConnection,
    organization: OrganizationId,
    patient: PatientId,
) -> Result<Option<Next>> {
    Ok(sqlx::query_as!(
        Next,
        r#"SELECT t.title, t.due_at AS "due_at: Timestamp", count(*) OVER () AS "open!" FROM task AS t
           WHERE t.organization_id = $1 AND t.patient_id = $2 AND t.assignee_role = 'PATIENT' AND t.is_open AND t.patient_id IS NOT NULL
           ORDER BY t.due_key, t.id LIMIT 1"#,
        organization.uuid(),
        patient.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Whether a task of this kind with this title is open about a patient.
///
/// # Errors
/// Where the database does not answer.
pub async fn open_twin(
    conn: &mut PgConnection,
    organization: OrganizationId,
    patient: PatientId,
    kind: &str,
    title: &str,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM task WHERE organization_id = $1 AND patient_id = $2 AND kind = $3 AND title = $4 AND is_open) AS "open!""#,
        organization.uuid(),
        patient.uuid(),
        kind,
        title,
    )
    .fetch_one(conn)
    .await?)
}

/// How many tasks of a case are open.
///
/// # Errors
/// Where the database does not answer.
pub async fn open_count(conn: &mut PgConnection, organization: OrganizationId, case: CaseId) -> Result<i64> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM task WHERE organization_id = $1 AND case_id = $2 AND is_open"#,
        organization.uuid(),
        case.uuid(),
    )
    .fetch_one(conn)
    .await?)
}

/// A move in the history of a task.
#[derive(Debug)]
pub struct Step {
    /// From where; none for the beginning.
    pub from_status: Option<String>,
    /// Where to.
    pub to_status: TaskStatus,
    /// Why.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Given name of who moved it; none where it moved by itself.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
}

/// The moves of a task, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn steps(conn: &mut PgConnection, organization: OrganizationId, id: TaskId) -> Result<Vec<Step>> {
    Ok(sqlx::query_as!(
        Step,
        r#"SELECT s.from_status, s.to_status AS "to_status: TaskStatus", s.reason, s.at AS "at: Timestamp", u.first_name AS "first_name?",
                  u.last_name AS "last_name?"
           FROM status_change AS s LEFT JOIN app_user AS u ON u.organization_id = s.organization_id AND u.id = s.changed_by_id
           WHERE s.organization_id = $1 AND s.subject_id = $2 AND s.subject_kind = 'task' ORDER BY s.at DESC LIMIT 200"#,
        organization.uuid(),
        id.uuid(),
    )
    .fetch_all(conn)
    .await?)
}
