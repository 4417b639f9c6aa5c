//! Making and changing tasks.

use sqlx::PgConnection;

use super::row::Row;
use crate::access::Role;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{AlertId, CaseId, FacilityId, OrganizationId, PatientId, TaskId, UserId};
use crate::tasks::Priority;
use crate::tasks::model::TaskStatus;

/// What a task says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// One line.
    pub title: String,
    /// What is to be done.
    pub description: Option<String>,
    /// Who has it.
    pub assignee: Option<UserId>,
    /// Or whoever acts in this role.
    pub role: Option<Role>,
    /// How pressing it is.
    pub priority: Priority,
    /// When it should be done.
    pub due_at: Option<Timestamp>,
}

/// What the rules of the schema say, in words.
fn in_words(error: sqlx::Error) -> Error {
    let words = match error.as_database_error().and_then(|inner| inner.constraint()) {
        Some("task_case_open") => "The case waits for completion or is completed: it takes no open tasks.",
        Some("task_assignee_on_case") => "That person has no part in the case any more. Choose somebody else.",
        Some("task_assignee_reach") => {
            "That person, or that role, could not see this task. Choose somebody who works where it belongs."
        }
        Some("task_transition" | "task_closed_fixed") => "The task has changed since you opened it.",
        Some("task_pkey") => "This task has been sent already.",
        Some("task_transition_role" | "task_change_role") => return Error::Forbidden,
        Some(_) | None => return error.into(),
    };
    Error::Conflict(words.to_owned())
}

/// What a task belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The case, where it is a task of one: the database takes patient and facility from there.
    pub case: Option<CaseId>,
    /// The patient whom it is about.
    pub patient: Option<PatientId>,
    /// Where; that of the patient, where there is one.
    pub facility: Option<FacilityId>,
    /// The alert it came from.
    pub alert: Option<AlertId>,
}

/// Keeps a new task; says whether it was new. Its identifier may have come with a form: sent twice, it is kept once.
/// `kind`: `CASE` where it has one, else `RULE` or `OTHER`.
///
/// # Errors
/// Where the case takes none, whoever is to do it could not see it, or the database does not answer.
pub async fn add(
    conn: &mut PgConnection,
    organization: OrganizationId,
    (id, kind, creator): (TaskId, &'static str, Option<UserId>),
    place: Place,
    words: &Words,
    description_enc: Option<&[u8]>,
) -> Result<bool> {
    let known = sqlx::query_scalar!(
        "SELECT id FROM task WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        id.uuid()
    );
    if known.fetch_optional(&mut *conn).await?.is_some() {
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO task (organization_id, id, kind, patient_id, facility_id, alert_id, title, description_enc, assignee_id, assignee_role, priority, due_at, created_by_id,
                           case_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        organization.uuid(),
        id.uuid(),
        kind,
        place.patient.map(PatientId::uuid),
        place.facility.map(FacilityId::uuid),
        place.alert.map(AlertId::uuid),
        words.title,
        description_enc,
        words.assignee.map(UserId::uuid),
        words.role.map(Role::as_str),
        words.priority.as_str(),
        words.due_at as Option<Timestamp>,
        creator.map(UserId::uuid),
        place.case.map(CaseId::uuid),
    )
    .execute(conn)
    .await
    .map_err(in_words)?;
    Ok(true)
}

/// Changes what a locked task says. The version after it.
///
/// # Errors
/// Where the task is closed, or the database does not answer.
pub async fn change(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: TaskId,
    words: &Words,
    description_enc: Option<&[u8]>,
) -> Result<i64> {
    sqlx::query_scalar!(
        "UPDATE task SET title = $3, description_enc = $4, assignee_id = $5, assignee_role = $6, priority = $7, due_at = $8
         WHERE organization_id = $1 AND id = $2 RETURNING row_version",
        organization.uuid(),
        id.uuid(),
        words.title,
        description_enc,
        words.assignee.map(UserId::uuid),
        words.role.map(Role::as_str),
        words.priority.as_str(),
        words.due_at as Option<Timestamp>,
    )
    .fetch_one(conn)
    .await
    .map_err(in_words)
}

/// Moves a locked task one state on. The version after it. Who begins what was for a whole role, outside cases, has it
/// from then on (`taker`): two colleagues do not do the same twice.
///
/// # Errors
/// Where the schema refuses, or the database does not answer.
pub async fn step(
    conn: &mut PgConnection,
    organization: OrganizationId,
    row: &Row,
    to: TaskStatus,
    (reason, taker): (Option<&str>, Option<UserId>),
    outcome_enc: Option<&[u8]>,
) -> Result<i64> {
    sqlx::query_scalar!(
        "UPDATE task SET status = $3, reason = $4, outcome_enc = coalesce($5, outcome_enc), assignee_id = coalesce(assignee_id, $6)
         WHERE organization_id = $1 AND id = $2 RETURNING row_version",
        organization.uuid(),
        row.id.uuid(),
        to.as_str(),
        reason,
        outcome_enc,
        taker.map(UserId::uuid),
    )
    .fetch_one(conn)
    .await
    .map_err(in_words)
}

/// Takes back that a task is done: within ten seconds, by who said so, as long as nobody has touched it since. False
/// where it is too late.
///
/// # Errors
/// Where the case has gone on meanwhile, or the database does not answer.
pub async fn undo(conn: &mut PgConnection, organization: OrganizationId, id: TaskId, user: UserId) -> Result<bool> {
    let undone = sqlx::query_scalar!(
        "UPDATE task SET status = 'READY'
         WHERE organization_id = $1 AND id = $2 AND status = 'DONE' AND done_by_id = $3 AND status_changed_by_id = $3
           AND status_changed_at > clock_timestamp() - INTERVAL '10 seconds'
         RETURNING id",
        organization.uuid(),
        id.uuid(),
        user.uuid(),
    )
    .fetch_optional(conn)
    .await
    .map_err(in_words)?;
    Ok(undone.is_some())
}
