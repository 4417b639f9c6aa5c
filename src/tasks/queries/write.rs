//! Making and changing tasks.

use sqlx::PgConnection;

use super::row::Row;
use crate::access::Role;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::ids::{CaseId, OrganizationId, TaskId, UserId};
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
        Some("task_transition" | "task_closed_fixed") => "The task has changed since you opened it.",
        Some("task_pkey") => "This task has been sent already.",
        Some("task_transition_role") => return Error::Forbidden,
        Some(_) | None => return error.into(),
    };
    Error::Conflict(words.to_owned())
}

/// Keeps a new task of a case; says whether it was new. Its identifier came with the form: sent twice, it is kept once.
///
/// # Errors
/// Where the case takes none, or the database does not answer.
pub async fn add(
    conn: &mut PgConnection,
    organization: OrganizationId,
    (id, case, creator): (TaskId, CaseId, UserId),
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
        "INSERT INTO task (organization_id, id, kind, case_id, title, description_enc, assignee_id, assignee_role, priority, due_at, created_by_id)
         VALUES ($1, $2, 'CASE', $3, $4, $5, $6, $7, $8, $9, $10)",
        organization.uuid(),
        id.uuid(),
        case.uuid(),
        words.title,
        description_enc,
        words.assignee.map(UserId::uuid),
        words.role.map(Role::as_str),
        words.priority.as_str(),
        words.due_at as Option<Timestamp>,
        creator.uuid(),
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

/// Moves a locked task one state on. The version after it.
///
/// # Errors
/// Where the schema refuses, or the database does not answer.
pub async fn step(
    conn: &mut PgConnection,
    organization: OrganizationId,
    row: &Row,
    to: TaskStatus,
    reason: Option<&str>,
    outcome_enc: Option<&[u8]>,
) -> Result<i64> {
    sqlx::query_scalar!(
        "UPDATE task SET status = $3, reason = $4, outcome_enc = coalesce($5, outcome_enc)
         WHERE organization_id = $1 AND id = $2 RETURNING row_version",
        organization.uuid(),
        row.id.uuid(),
        to.as_str(),
        reason,
        outcome_enc,
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
