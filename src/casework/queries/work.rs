//! Cases that wait for somebody. Each statement names its reach itself, so that an index has it; row-level security
//! asks again.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::{Actor, Facilities};
use crate::cases::model::{CaseStatus, Priority};
use crate::cases::reference;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{CaseId, FacilityId, PatientId};

/// A case as a line.
#[derive(Debug)]
pub struct Line {
    /// Which.
    pub id: CaseId,
    /// The number people say.
    pub number: i64,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub status: CaseStatus,
    /// How pressing it is.
    pub priority: Priority,
    /// When it should be completed.
    pub due_at: Option<Timestamp>,
    /// The reason of the last move that needed one.
    pub status_reason: Option<String>,
    /// When it last moved.
    pub moved_at: Timestamp,
    /// Whether the chair was told that it stays overdue.
    pub escalated: bool,
    /// Whom it concerns, for the audit.
    pub patient_id: Option<PatientId>,
    /// Given name of the caseworker.
    pub worker_first: Option<String>,
    /// Family name.
    pub worker_last: Option<String>,
}

impl Line {
    /// `CASE-2041`.
    #[must_use]
    pub fn reference(&self) -> String {
        reference(self.number)
    }

    /// The caseworker, or that there is none.
    #[must_use]
    pub fn worker(&self) -> String {
        match (&self.worker_first, &self.worker_last) {
            (Some(first), Some(last)) => format!("{first} {last}"),
            (_, _) => "nobody yet".to_owned(),
        }
    }

    /// Whether it is past its due date.
    #[must_use]
    pub fn is_overdue(&self, now: &Timestamp) -> bool {
        self.status.is_open() && self.due_at.is_some_and(|due| due < *now)
    }

    /// Why it stands where it stands, where that helps: it came back.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        let came_back = matches!(self.status, CaseStatus::New | CaseStatus::PendingReview | CaseStatus::InProgress);
        self.status_reason.as_deref().filter(|_| came_back)
    }
}

/// The columns of a [`Line`]; `$which` chooses and orders the cases `c`.
macro_rules! lines {
    ($which:literal, $($args:tt)*) => {
        sqlx::query_as!(
            Line,
            r#"SELECT c.id AS "id: CaseId", c.number, c.title, c.status AS "status: CaseStatus", c.priority AS "priority: Priority",
                      c.due_at AS "due_at: Timestamp", c.status_reason, c.status_changed_at AS "moved_at: Timestamp", c.escalated_at IS NOT NULL AS "escalated!",
                      c.patient_id AS "patient_id: PatientId", w.first_name AS "worker_first?", w.last_name AS "worker_last?"
               FROM cases AS c LEFT JOIN app_user AS w ON w.organization_id = c.organization_id AND w.id = c.assigned_to_id
               WHERE c.organization_id = $1 AND c.deleted_at IS NULL AND "# + $which,
            $($args)*
        )
    };
}

/// The cases that `actor` opened and that stand in one of these states; only those that came back, or only those that
/// did not, where that is asked.
///
/// # Errors
/// Where the database does not answer.
pub async fn opened(
    conn: &mut PgConnection,
    actor: &Actor,
    statuses: &[CaseStatus],
    came_back: Option<bool>,
    limit: i64,
) -> Result<Vec<Line>> {
    let statuses: Vec<String> = statuses.iter().map(|status| status.as_str().to_owned()).collect();
    Ok(lines!(
        "c.created_by_id = $2 AND c.status = ANY ($3) AND (c.status_reason IS NOT NULL) = coalesce($4::boolean, c.status_reason IS NOT NULL)
         ORDER BY c.due_key, c.created_at, c.id LIMIT $5",
        actor.organization.uuid(),
        actor.user.uuid(),
        &statuses,
        came_back,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// The cases that `actor` works on and that stand in this state.
///
/// # Errors
/// Where the database does not answer.
pub async fn held(conn: &mut PgConnection, actor: &Actor, status: CaseStatus, limit: i64) -> Result<Vec<Line>> {
    Ok(lines!(
        "c.assigned_to_id = $2 AND c.status = $3 ORDER BY c.due_key, c.created_at, c.id LIMIT $4",
        actor.organization.uuid(),
        actor.user.uuid(),
        status.as_str(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// The places of a chair.
fn places(list: &[FacilityId]) -> Vec<Uuid> {
    list.iter().map(|id| id.uuid()).collect()
}

/// The cases of the places of `actor` that stand in this state, the longest there first.
///
/// # Errors
/// Where the database does not answer.
pub async fn chaired(conn: &mut PgConnection, actor: &Actor, status: CaseStatus, limit: i64) -> Result<Vec<Line>> {
    let organization = actor.organization.uuid();
    Ok(match &actor.facilities {
        Facilities::All => {
            lines!("c.status = $2 ORDER BY c.status_changed_at, c.id LIMIT $3", organization, status.as_str(), limit)
                .fetch_all(conn)
                .await?
        }
        Facilities::Only(list) => {
            lines!(
                "c.facility_id = ANY ($2) AND c.status = $3 ORDER BY c.status_changed_at, c.id LIMIT $4",
                organization,
                &places(list),
                status.as_str(),
                limit,
            )
            .fetch_all(conn)
            .await?
        }
    })
}

/// The open cases of the places of `actor` that are past their due date, the longest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn late(conn: &mut PgConnection, actor: &Actor, now: Timestamp, limit: i64) -> Result<Vec<Line>> {
    let organization = actor.organization.uuid();
    Ok(match &actor.facilities {
        Facilities::All => {
            lines!(
                "c.is_open AND c.due_key < $2 ORDER BY c.due_key, c.id LIMIT $3",
                organization,
                now as Timestamp,
                limit
            )
            .fetch_all(conn)
            .await?
        }
        Facilities::Only(list) => {
            lines!(
                "c.facility_id = ANY ($2) AND c.is_open AND c.due_key < $3 ORDER BY c.due_key, c.id LIMIT $4",
                organization,
                &places(list),
                now as Timestamp,
                limit,
            )
            .fetch_all(conn)
            .await?
        }
    })
}

/// The cases that `actor` follows, the latest change first.
///
/// # Errors
/// Where the database does not answer.
pub async fn followed(conn: &mut PgConnection, actor: &Actor, limit: i64) -> Result<Vec<Line>> {
    // An array, so that these few are looked up by their ids, rather than found on a walk through all cases by their last change.
    Ok(lines!(
        "c.id = ANY (ARRAY(SELECT f.case_id FROM case_follower AS f WHERE f.organization_id = $1 AND f.user_id = $2 AND f.deleted_at IS NULL))
         ORDER BY c.updated_at DESC, c.id LIMIT $3",
        actor.organization.uuid(),
        actor.user.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}
