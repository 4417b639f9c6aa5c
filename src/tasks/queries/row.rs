//! One task with the names around it, and the statement that reads it from anywhere.

use crate::access::Role;
use crate::clock::Timestamp;
use crate::ids::{CaseId, FacilityId, PatientId, TaskId, UserId};
use crate::tasks::Priority;
use crate::tasks::model::{Subject, Task, TaskStatus};
use crate::web::format;

/// A task as pages show it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub id: TaskId,
    /// The version that its forms carry.
    pub row_version: i64,
    /// One line.
    pub title: String,
    /// What is to be done, encrypted.
    pub description_enc: Option<Vec<u8>>,
    /// What came of it, encrypted.
    pub outcome_enc: Option<Vec<u8>>,
    /// Where it stands.
    pub status: TaskStatus,
    /// How pressing it is.
    pub priority: Priority,
    /// When it should be done.
    pub due_at: Option<Timestamp>,
    /// Why it was declined, cancelled or opened again.
    pub reason: Option<String>,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who has it.
    pub assignee_id: Option<UserId>,
    /// Their given name.
    pub assignee_first: Option<String>,
    /// Their family name.
    pub assignee_last: Option<String>,
    /// The role that may do it.
    pub assignee_role: Option<Role>,
    /// Who made it.
    pub creator_id: Option<UserId>,
    /// Their given name.
    pub creator_first: Option<String>,
    /// Their family name.
    pub creator_last: Option<String>,
    /// Where it belongs.
    pub facility_id: Option<FacilityId>,
    /// Whom it concerns.
    pub patient_id: Option<PatientId>,
    /// Their given name, for who may know it.
    pub patient_first: Option<String>,
    /// Their family name.
    pub patient_last: Option<String>,
    /// The case it belongs to.
    pub case_id: Option<CaseId>,
    /// The number of that case.
    pub case_number: Option<i64>,
    /// Its title.
    pub case_title: Option<String>,
}

impl Row {
    /// What decides about its moves.
    #[must_use]
    pub const fn task(&self) -> Task {
        Task {
            status: self.status,
            assignee: self.assignee_id,
            role: self.assignee_role,
            creator: self.creator_id,
            subject: self.subject(),
        }
    }

    /// What it belongs to.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        match (self.case_id, self.patient_id) {
            (Some(_), _) => Subject::Case,
            (None, Some(_)) => Subject::Patient,
            (None, None) => Subject::Nobody,
        }
    }

    /// `OKAFOR, Adaeze`, where it is about a patient whose name the reader may know.
    #[must_use]
    pub fn patient(&self) -> Option<String> {
        Some(format::person(self.patient_last.as_deref()?, self.patient_first.as_deref()?, None))
    }

    /// Who does it, in words; none where it is nobody's.
    #[must_use]
    pub fn doer(&self) -> Option<String> {
        match (&self.assignee_first, &self.assignee_last, self.assignee_role) {
            (Some(first), Some(last), _) => Some(format!("{first} {last}")),
            (_, _, Some(Role::Patient)) => Some("The patient".to_owned()),
            (_, _, Some(role)) => Some(format!("Any {}", role.label().to_lowercase())),
            (_, _, None) => None,
        }
    }

    /// Whether it should have been done by now.
    #[must_use]
    pub fn is_overdue(&self, now: &Timestamp) -> bool {
        self.status.is_open() && self.due_at.is_some_and(|due| due < *now)
    }

    /// `CASE-2041`, where it belongs to a case.
    #[must_use]
    pub fn case_reference(&self) -> Option<String> {
        self.case_number.map(crate::cases::reference)
    }
}

/// All columns of a [`Row`] from `$from`, which names the tasks `t`; `$end` chooses and orders them.
macro_rules! columns {
    ([$($from:tt)+], [$($end:tt)+], $($args:tt)*) => {
        sqlx::query_as!(
            $crate::tasks::queries::row::Row,
            r#"SELECT t.id AS "id!: TaskId", t.row_version AS "row_version!", t.title AS "title!", t.description_enc AS "description_enc?",
                      t.outcome_enc AS "outcome_enc?", t.status AS "status!: TaskStatus", t.priority AS "priority!: Priority",
                      t.due_at AS "due_at?: Timestamp", t.reason AS "reason?", t.done_at AS "done_at?: Timestamp",
                      t.status_changed_at AS "changed_at!: Timestamp", t.created_at AS "created_at!: Timestamp",
                      t.assignee_id AS "assignee_id?: UserId", u.first_name AS "assignee_first?", u.last_name AS "assignee_last?",
                      t.assignee_role AS "assignee_role?: Role", t.created_by_id AS "creator_id?: UserId",
                      m.first_name AS "creator_first?", m.last_name AS "creator_last?",
                      t.facility_id AS "facility_id?: FacilityId", t.patient_id AS "patient_id?: PatientId",
                      p.first_name AS "patient_first?", p.last_name AS "patient_last?",
                      t.case_id AS "case_id?: CaseId", c.number AS "case_number?", c.title AS "case_title?"
               FROM "# + $($from)+ + r#"
               LEFT JOIN cases AS c ON c.organization_id = t.organization_id AND c.id = t.case_id
               LEFT JOIN patient AS p ON p.organization_id = t.organization_id AND p.id = t.patient_id
               LEFT JOIN app_user AS u ON u.organization_id = t.organization_id AND u.id = t.assignee_id
               LEFT JOIN app_user AS m ON m.organization_id = t.organization_id AND m.id = t.created_by_id
               "# + $($end)+,
            $($args)*
        )
    };
}

pub(super) use columns;
