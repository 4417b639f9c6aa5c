//! Who is reminded of what: patients of their visits, staff of requests and visits that wait for them.

use super::{REMINDERS, my_page};
use crate::alerts::model::Severity;
use crate::alerts::{self, NewAlert};
use crate::db::Tx;
use crate::error::Result;
use crate::events::By;
use crate::ids::{AlertId, FacilityId, PatientId};
use crate::outbox::{self, Kind, Notice};
use crate::visits::model::Acuity;
use crate::visits::queries::reminders;
use crate::visits::queries::visits::VisitRow;
use crate::web::whom::Scope;
use serde_json::json;

/// An alert that a timer raises for staff.
struct Reminder {
    facility: FacilityId,
    patient: Option<PatientId>,
    kind: &'static str,
    severity: Severity,
    title: &'static str,
    body: String,
    key: String,
}

async fn raise(tx: &mut Tx, by: &By, reminder: Reminder) -> Result<()> {
    let alert = NewAlert {
        id: AlertId::new(),
        facility: Some(reminder.facility),
        patient: reminder.patient,
        thread: None,
        kind: reminder.kind.to_owned(),
        severity: reminder.severity,
        title: reminder.title.to_owned(),
        body: reminder.body,
        payload: json!({}),
        dedupe_key: Some(reminder.key),
        due_at: None,
    };
    alerts::raise(tx, by, &alert).await?;
    Ok(())
}

/// Reminds of requests that nobody has answered in time, or for which no time was found before their day; says how many.
///
/// # Errors
/// Where the database does not answer.
pub async fn remind(tx: &mut Tx, by: &By, limit: i64) -> Result<usize> {
    let overdue = reminders::overdue(tx, by.organization, limit).await?;
    for request in &overdue {
        let severity = match request.acuity {
            Acuity::Red => Severity::Critical,
            Acuity::Orange => Severity::High,
            Acuity::Yellow => Severity::Warning,
            Acuity::Green => Severity::Info,
        };
        let (title, body) = if request.passed {
            (
                "The day a patient asked for has passed",
                "No time was found for them. Ask whether they still want a visit.".to_owned(),
            )
        } else {
            ("A request for a visit waits for an answer", format!("{}. Nobody has read it yet.", request.acuity.hint()))
        };
        let kind = "VISIT_REQUEST_WAITING";
        let (facility, patient, key) = (request.facility_id, Some(request.patient_id), request.key());
        raise(tx, by, Reminder { facility, patient, kind, severity, title, body, key }).await?;
    }
    Ok(overdue.len())
}

/// Reminds patients of visits for which nothing was scheduled when they were planned, as of those that came from another system; says how many.
///
/// # Errors
/// Where the database does not answer.
pub async fn remind_patients(tx: &mut Tx, by: &By, limit: i64) -> Result<usize> {
    let mut reminded = 0;
    for (hours, until, which) in REMINDERS {
        let kind = Kind::VisitReminder.as_str();
        for visit in reminders::without_reminder(tx, by.organization, (hours, until), kind, which, limit).await? {
            let notice = Notice::new(Kind::VisitReminder, visit.id, my_page(visit.id))
                .tell_patient(visit.patient_id, Scope::Visits)
                .once(format!("{}{which}", visit.id));
            outbox::schedule(tx, notice).await?;
            reminded += 1;
        }
    }
    Ok(reminded)
}

/// Reminds of visits that are over and of which nobody said who came; says for how many facilities. Nobody is marked as
/// missing by a timer: who was seen and not written down would be reproached with it.
///
/// # Errors
/// Where the database does not answer.
pub async fn remind_of_unmarked(tx: &mut Tx, by: &By) -> Result<usize> {
    let unmarked = reminders::unmarked(tx, by.organization).await?;
    for place in &unmarked {
        let reminder = Reminder {
            facility: place.facility_id,
            patient: None,
            kind: "VISITS_UNMARKED",
            severity: Severity::Info,
            title: "Say who came to their visits",
            body: format!("{} visits of the last days are still planned. Mark them in the day list.", place.count),
            key: place.key.clone(),
        };
        raise(tx, by, reminder).await?;
    }
    Ok(unmarked.len())
}

/// Somebody did not come: staff ask how they are.
pub(super) async fn raise_no_show(tx: &mut Tx, by: &By, visit: &VisitRow) -> Result<()> {
    let reminder = Reminder {
        facility: visit.facility_id,
        patient: Some(visit.patient_id),
        kind: "APPOINTMENT_NO_SHOW",
        severity: Severity::Info,
        title: "Did not come to a visit",
        body: "Ask how they are, and offer another time.".to_owned(),
        key: format!("no-show:{}", visit.patient_id),
    };
    raise(tx, by, reminder).await
}
