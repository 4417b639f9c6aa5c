//! One row of the list, and the columns that every statement reads.

use crate::cases::filter::Cursor;
use crate::cases::model::{Case, CaseStatus, Priority, State};
use crate::clock::Timestamp;
use crate::ids::{AlertId, CaseId, FacilityId, PatientId, UserId};

/// A case as lists show it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub id: CaseId,
    /// The number people say.
    pub number: i64,
    /// The version that its forms carry.
    pub row_version: i64,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub status: CaseStatus,
    /// How pressing it is.
    pub priority: Priority,
    /// The same as a number to sort by.
    pub rank: i16,
    /// Where it belongs.
    pub facility_id: Option<FacilityId>,
    /// The name of that place.
    pub facility: Option<String>,
    /// The person concerned.
    pub patient_id: Option<PatientId>,
    /// The alert it came from.
    pub alert_id: Option<AlertId>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it should be completed.
    pub due_at: Option<Timestamp>,
    /// The same to sort by.
    pub due_key: Timestamp,
    /// When it was submitted.
    pub submitted_at: Option<Timestamp>,
    /// When it was assigned.
    pub assigned_at: Option<Timestamp>,
    /// When the work began.
    pub started_at: Option<Timestamp>,
    /// When completion was asked for.
    pub finished_at: Option<Timestamp>,
    /// Who asked.
    pub finished_by: Option<UserId>,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// What came of it.
    pub closure_reason: Option<String>,
    /// The reason of the last move that needed one.
    pub status_reason: Option<String>,
    /// When the chair was told that it stays overdue.
    pub escalated_at: Option<Timestamp>,
    /// When it last moved.
    pub moved_at: Timestamp,
    /// Who opened it.
    pub creator_id: UserId,
    /// Their given name.
    pub creator_first: Option<String>,
    /// Their family name.
    pub creator_last: Option<String>,
    /// The caseworker.
    pub assignee_id: Option<UserId>,
    /// Their given name.
    pub assignee_first: Option<String>,
    /// Their family name.
    pub assignee_last: Option<String>,
}

impl Row {
    /// What decides about a move. `open_tasks`: what is still to be done in it.
    #[must_use]
    pub fn case(&self, open_tasks: i64) -> Case {
        let worker = self.assignee_id.unwrap_or(UserId::NIL);
        let state = match self.status {
            CaseStatus::New => State::New,
            CaseStatus::PendingReview => State::PendingReview,
            CaseStatus::Assigned => State::Assigned { to: worker },
            CaseStatus::InProgress => State::InProgress { by: worker },
            CaseStatus::PendingCompletion => State::PendingCompletion { by: worker, asked: self.finished_by },
            CaseStatus::Completed => State::Completed { by: worker, at: self.completed_at.unwrap_or(self.moved_at) },
        };
        Case { creator: self.creator_id, state, open_tasks }
    }

    /// The place of this row in a list by priority or age.
    #[must_use]
    pub const fn cursor(&self) -> Cursor {
        Cursor { rank: self.rank, at: self.created_at, id: self.id }
    }

    /// The place of this row in a list by due date.
    #[must_use]
    pub const fn due_cursor(&self) -> Cursor {
        Cursor { rank: 0, at: self.due_key, id: self.id }
    }
}

/// All columns of a [`Row`] from `$from`, which names the cases `a`; `$end` orders them.
macro_rules! columns {
    ([$($from:tt)+], [$($end:tt)+], $($args:tt)*) => {
        sqlx::query_as!(
            $crate::cases::queries::row::Row,
            r#"SELECT a.id AS "id!: CaseId", a.number AS "number!", a.row_version AS "row_version!", a.title AS "title!",
                      a.status AS "status!: CaseStatus", a.priority AS "priority!: Priority", a.priority_rank AS "rank!",
                      a.facility_id AS "facility_id?: FacilityId", f_.name AS "facility?", a.patient_id AS "patient_id?: PatientId",
                      a.alert_id AS "alert_id?: AlertId", a.created_at AS "created_at!: Timestamp", a.due_at AS "due_at?: Timestamp",
                      a.due_key AS "due_key!: Timestamp", a.submitted_at AS "submitted_at?: Timestamp", a.assigned_at AS "assigned_at?: Timestamp",
                      a.started_at AS "started_at?: Timestamp", a.finished_at AS "finished_at?: Timestamp", a.finished_by_id AS "finished_by?: UserId",
                      a.completed_at AS "completed_at?: Timestamp", a.closure_reason AS "closure_reason?", a.status_reason AS "status_reason?",
                      a.escalated_at AS "escalated_at?: Timestamp", a.status_changed_at AS "moved_at!: Timestamp",
                      a.created_by_id AS "creator_id!: UserId", c_.first_name AS "creator_first?", c_.last_name AS "creator_last?",
                      a.assigned_to_id AS "assignee_id?: UserId", u_.first_name AS "assignee_first?", u_.last_name AS "assignee_last?"
               FROM "# + $($from)+ + r#"
               LEFT JOIN facility AS f_ ON f_.organization_id = a.organization_id AND f_.id = a.facility_id
               LEFT JOIN app_user AS c_ ON c_.organization_id = a.organization_id AND c_.id = a.created_by_id
               LEFT JOIN app_user AS u_ ON u_.organization_id = a.organization_id AND u_.id = a.assigned_to_id
               "# + $($end)+,
            $($args)*
        )
    };
}

pub(super) use columns;
