//! What one person has to do, the first due first.
//!
//! Two ways lead everybody to a task: it is theirs; it is for their role, outside cases. A third is for some: what is for any
//! chair; what is for the caseworker, or for the clerk, of a case that is theirs. Each is the beginning of an index, and cut
//! off where the page ends.

use sqlx::PgConnection;

use super::row::{Row, columns};
use crate::access::{Actor, Role};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CaseId, FacilityId, PatientId, TaskId, UserId};
use crate::tasks::Priority;
use crate::tasks::model::TaskStatus;

/// Where a page of the list begins: after this task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When it is due; what has no time comes last.
    pub due: Option<Timestamp>,
    /// Which.
    pub id: TaskId,
}

impl Cursor {
    /// Before everything.
    pub const FIRST: Self = Self { due: Some(Timestamp::UNIX_EPOCH), id: TaskId::NIL };

    /// After everything, for lists that go backwards.
    pub const LAST: Self = Self { due: None, id: TaskId::MAX };
}

/// Which of the tasks that somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All of them.
    Any,
    /// Given to this person.
    Own,
    /// For whoever has their role.
    Role,
}

impl Whose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Own => "own",
            Self::Role => "role",
        }
    }
}

/// Calls `$call` with `$before`, the tasks of one person (`$2`, in the role `$3`) that are due between `$4` and `$5` after the
/// cursor (`$6`, `$7`), at most `$8` each way, of those that `$9` says, and `$after`. First comes which role: only the ways
/// that lead there for it are in the statement, because each costs some milliseconds where it is planned.
macro_rules! candidates {
    (chair, $($rest:tt)*) => {
        candidates!(
            @ r"
              UNION ALL
              (SELECT t.id, t.due_key, false FROM task AS t
                 WHERE $9::text <> 'own' AND t.organization_id = $1 AND t.assignee_role = 'CHAIR' AND t.is_open AND t.assignee_id IS NULL AND t.case_id IS NOT NULL
                   AND t.due_key >= coalesce($4::timestamptz, '-infinity') AND t.due_key <= coalesce($5::timestamptz, 'infinity')
                   AND (t.due_key, t.id) > (coalesce($6::timestamptz, 'infinity'), $7::uuid)
                 ORDER BY t.due_key, t.id LIMIT $8)",
            $($rest)*
        )
    };
    (caseworker, $($rest:tt)*) => {
        candidates!(
            @ r"
              UNION ALL
              (SELECT t.id, t.due_key, false FROM cases AS w JOIN task AS t ON t.organization_id = w.organization_id AND t.case_id = w.id
                 WHERE $9::text <> 'own' AND w.organization_id = $1 AND w.assigned_to_id = $2 AND w.status IN ('ASSIGNED', 'IN_PROGRESS')
                   AND t.assignee_role = 'CASEWORKER' AND t.is_open AND t.assignee_id IS NULL AND t.case_id IS NOT NULL
                   AND t.due_key >= coalesce($4::timestamptz, '-infinity') AND t.due_key <= coalesce($5::timestamptz, 'infinity')
                   AND (t.due_key, t.id) > (coalesce($6::timestamptz, 'infinity'), $7::uuid)
                 ORDER BY t.due_key, t.id LIMIT $8)",
            $($rest)*
        )
    };
    (clerk, $($rest:tt)*) => {
        candidates!(
            @ r"
              UNION ALL
              (SELECT t.id, t.due_key, false FROM cases AS w JOIN task AS t ON t.organization_id = w.organization_id AND t.case_id = w.id
                 WHERE $9::text <> 'own' AND w.organization_id = $1 AND w.created_by_id = $2 AND w.status IN ('NEW', 'PENDING_REVIEW', 'ASSIGNED', 'IN_PROGRESS')
                   AND t.assignee_role = 'CLERK' AND t.is_open AND t.assignee_id IS NULL AND t.case_id IS NOT NULL
                   AND t.due_key >= coalesce($4::timestamptz, '-infinity') AND t.due_key <= coalesce($5::timestamptz, 'infinity')
                   AND (t.due_key, t.id) > (coalesce($6::timestamptz, 'infinity'), $7::uuid)
                 ORDER BY t.due_key, t.id LIMIT $8)",
            $($rest)*
        )
    };
    (other, $($rest:tt)*) => {
        candidates!(@ "", $($rest)*)
    };
    (@ $third:literal, $call:ident, $before:literal, $after:literal, [$($end:literal)?], $($args:tt)*) => {
        $call!(
            [$before
             + r"(SELECT t.id, t.due_key, true AS own FROM task AS t
                 WHERE $9::text <> 'role' AND t.organization_id = $1 AND t.assignee_id = $2 AND t.is_open AND t.assignee_id IS NOT NULL
                   AND t.due_key >= coalesce($4::timestamptz, '-infinity') AND t.due_key <= coalesce($5::timestamptz, 'infinity')
                   AND (t.due_key, t.id) > (coalesce($6::timestamptz, 'infinity'), $7::uuid)
                 ORDER BY t.due_key, t.id LIMIT $8)
              UNION ALL
              (SELECT t.id, t.due_key, false FROM task AS t
                 WHERE $9::text <> 'own' AND t.organization_id = $1 AND t.assignee_role = $3 AND t.is_open AND t.assignee_id IS NULL AND t.case_id IS NULL
                   AND t.due_key >= coalesce($4::timestamptz, '-infinity') AND t.due_key <= coalesce($5::timestamptz, 'infinity')
                   AND (t.due_key, t.id) > (coalesce($6::timestamptz, 'infinity'), $7::uuid)
                 ORDER BY t.due_key, t.id LIMIT $8)"
             + $third
             + $after],
            [$($end)?],
            $($args)*
        )
    };
}

/// The statement of the role `$role`, finished with `$finish` on `$conn`.
macro_rules! of_role {
    ($role:expr, $finish:ident, $conn:expr, $($rest:tt)*) => {
        match $role {
            Role::Chair => candidates!(chair, $($rest)*).$finish($conn).await?,
            Role::Caseworker => candidates!(caseworker, $($rest)*).$finish($conn).await?,
            Role::Clerk => candidates!(clerk, $($rest)*).$finish($conn).await?,
            _ => candidates!(other, $($rest)*).$finish($conn).await?,
        }
    };
}

/// How many tasks there are, each count up to the limit.
macro_rules! counted {
    ([$($text:tt)+], [], $($args:tt)*) => { sqlx::query_as!(Counts, $($text)+, $($args)*) };
}

/// The counts of the tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that is open.
    pub open: i64,
    /// Due before the end of today, and not overdue.
    pub today: i64,
    /// Overdue.
    pub overdue: i64,
    /// Given to this person.
    pub own: i64,
    /// For whoever has their role.
    pub role: i64,
}

/// A page of the open tasks of `actor`, of those that `whose` says, that are due between two moments.
///
/// # Errors
/// Where the database does not answer.
pub async fn page(
    conn: &mut PgConnection,
    actor: &Actor,
    whose: Whose,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    after: Cursor,
    limit: i64,
) -> Result<Vec<Row>> {
    Ok(of_role!(
        actor.role,
        fetch_all,
        conn,
        columns,
        "(SELECT n.id FROM (",
        ") AS n ORDER BY n.due_key, n.id LIMIT $8) AS mine JOIN task AS t ON t.organization_id = $1 AND t.id = mine.id",
        ["ORDER BY t.due_key, t.id"],
        actor.organization.uuid(),
        actor.user.uuid(),
        actor.role.as_str(),
        from as Option<Timestamp>,
        to as Option<Timestamp>,
        after.due as Option<Timestamp>,
        after.id.uuid(),
        limit,
        whose.as_str(),
    ))
}

/// A page of the open tasks that `actor` gave to others, the first due first.
///
/// # Errors
/// Where the database does not answer.
pub async fn given(conn: &mut PgConnection, actor: &Actor, after: Cursor, limit: i64) -> Result<Vec<Row>> {
    Ok(columns!(
        ["task AS t"],
        ["WHERE t.organization_id = $1 AND t.created_by_id = $2 AND t.is_open AND t.assignee_id IS DISTINCT FROM $2
            AND (t.due_key, t.id) > (coalesce($3::timestamptz, 'infinity'), $4::uuid)
          ORDER BY t.due_key, t.id LIMIT $5"],
        actor.organization.uuid(),
        actor.user.uuid(),
        after.due as Option<Timestamp>,
        after.id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// A page of what `actor` has done, the latest first; the cursor holds when a task was done.
///
/// # Errors
/// Where the database does not answer.
pub async fn done(conn: &mut PgConnection, actor: &Actor, before: Cursor, limit: i64) -> Result<Vec<Row>> {
    Ok(columns!(
        ["task AS t"],
        ["WHERE t.organization_id = $1 AND t.done_by_id = $2 AND t.done_at IS NOT NULL AND t.deleted_at IS NULL
            AND (t.done_at, t.id) < (coalesce($3::timestamptz, 'infinity'), $4::uuid)
          ORDER BY t.done_at DESC, t.id DESC LIMIT $5"],
        actor.organization.uuid(),
        actor.user.uuid(),
        before.due as Option<Timestamp>,
        before.id.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// How many open tasks `actor` has, how many of them are overdue at `now`, and how many are due until `midnight`.
///
/// # Errors
/// Where the database does not answer.
pub async fn counts(
    conn: &mut PgConnection,
    actor: &Actor,
    now: Timestamp,
    midnight: Timestamp,
    cap: i64,
) -> Result<Counts> {
    Ok(of_role!(
        actor.role,
        fetch_one,
        conn,
        counted,
        r#"SELECT count(*) AS "open!", count(*) FILTER (WHERE n.due_key < $10) AS "overdue!",
                  count(*) FILTER (WHERE n.due_key >= $10 AND n.due_key < $11) AS "today!",
                  count(*) FILTER (WHERE n.own) AS "own!", count(*) FILTER (WHERE NOT n.own) AS "role!" FROM ("#,
        ") AS n",
        [],
        actor.organization.uuid(),
        actor.user.uuid(),
        actor.role.as_str(),
        None::<Timestamp> as Option<Timestamp>,
        None::<Timestamp> as Option<Timestamp>,
        Cursor::FIRST.due as Option<Timestamp>,
        Cursor::FIRST.id.uuid(),
        cap,
        Whose::Any.as_str(),
        now as Timestamp,
        midnight as Timestamp,
    ))
}
