//! What happened to a visit, in plain words, and who did it: the clinic, the patient, or somebody for them.

use sqlx::PgConnection;

use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::VisitId;
use crate::web::whom::{Relationship, Whom};

/// One step.
#[derive(Debug)]
pub(super) struct Step {
    pub at: Timestamp,
    subject: String,
    from_status: Option<String>,
    to_status: String,
    /// Whether the reader did it.
    mine: bool,
    person: Option<String>,
    relationship: Option<Relationship>,
    staff: Option<String>,
}

impl Step {
    /// "Booked"
    pub(super) fn what(&self) -> &'static str {
        let from = self.from_status.as_deref().unwrap_or_default();
        match (self.subject.as_str(), from, self.to_status.as_str()) {
            ("visit_request", _, "NEW") => "Asked for",
            ("visit_request", "AWAITING_PATIENT_CONFIRMATION", "TRIAGED") => {
                "The time did not suit, or was not answered"
            }
            ("visit_request", _, "TRIAGED") => "Read",
            ("visit_request", _, "AWAITING_PATIENT_CONFIRMATION") => "A time was offered",
            ("visit_request", _, "CONVERTED_TO_VISIT") => "The time was taken",
            (_, _, "PLANNED") => "Booked",
            (_, _, "CHECKED_IN") => "Arrived",
            (_, _, "IN_PROGRESS") => "Began",
            (_, _, "COMPLETED") => "Done",
            (_, _, "NO_SHOW") => "Missed",
            _ => "Cancelled",
        }
    }

    /// "by Rafael Reyes, for Marisol"
    pub(super) fn who(&self, own: &Whom) -> String {
        let proxy = |name: &str| format!("by {name}, for {}", own.first_name);
        match (self.mine, &self.person, self.relationship, &self.staff) {
            (true, ..) if own.is_self() => "by you".to_owned(),
            (true, ..) => proxy("you"),
            (_, Some(name), Some(Relationship::Myself), _) => format!("by {name}"),
            (_, Some(name), ..) => proxy(name),
            (.., Some(name)) => format!("by {name}"),
            _ => "by the portal".to_owned(),
        }
    }
}

/// The life of a visit and of the request that it came from, the first step first.
pub(super) async fn of_visit(conn: &mut PgConnection, actor: &Actor, own: &Whom, visit: VisitId) -> Result<Vec<Step>> {
    Ok(sqlx::query_as!(
        Step,
        r#"SELECT c.at AS "at: Timestamp", c.subject_kind AS subject, c.from_status, c.to_status,
                  (c.changed_by_id = $2) IS TRUE AS "mine!", people.name AS "person?", people.relationship AS "relationship?: Relationship",
                  headers.staff_name(c.changed_by_id) AS staff
             FROM status_change AS c
             LEFT JOIN (SELECT DISTINCT ON (user_id) user_id, name, relationship FROM headers.people_of($3)) AS people ON people.user_id = c.changed_by_id
            WHERE c.organization_id = $1
              AND (c.subject_id = $4 OR c.subject_id IN (SELECT r.id FROM visit_request AS r WHERE r.organization_id = $1 AND r.visit_id = $4))
            ORDER BY c.at LIMIT 50"#,
        actor.organization.uuid(),
        actor.user.uuid(),
        own.patient.uuid(),
        visit.uuid(),
    )
    .fetch_all(conn)
    .await?)
}
