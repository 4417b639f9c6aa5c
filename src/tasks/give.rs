//! How other slices give somebody a task: [`give`], in the transaction that makes it necessary.

use serde_json::json;

use super::model::TaskStatus;
use super::queries::one;
use super::queries::write::{self, Place, Words};
use crate::access::Role;
use crate::app::App;
use crate::cases::model::Priority;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, By, Event, StatusChange};
use crate::ids::{AlertId, FacilityId, PatientId, TaskId, UserId};

/// Who is to do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doer {
    /// This person. They have to work where the patient is.
    Person(UserId),
    /// Whoever has this role where the patient is: clinician, medical assistant, carer or manager.
    Role(Role),
    /// The patient, or who acts for them, in the portal.
    Patient,
}

/// What gives the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A rule, from readings.
    Rule,
    /// A person, or anything else.
    Other,
}

impl Source {
    /// The kind of task in the schema.
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Rule => "RULE",
            Self::Other => "OTHER",
        }
    }
}

/// A task to be given about a patient.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// What gives it.
    pub source: Source,
    /// Whom it is about.
    pub patient: PatientId,
    /// Where the patient is, for the audit.
    pub facility: Option<FacilityId>,
    /// The alert it comes from, if there is one.
    pub alert: Option<AlertId>,
    /// One line of at most 255 characters. It is not encrypted: what to do, not what is the matter.
    pub title: String,
    /// More, encrypted.
    pub description: Option<String>,
    /// Who is to do it.
    pub doer: Doer,
    /// How pressing it is.
    pub priority: Priority,
    /// When it should be done.
    pub due_at: Option<Timestamp>,
}

/// Gives somebody a task about a patient, with its history and audit, in the caller's transaction:
///
/// ```ignore
/// let given: Option<TaskId> = tasks::give(&app, &mut tx, &By::system(organization), NewTask { source: Source::Rule, .. }).await?;
/// ```
///
/// None where the same source has given the same task (title and patient) before and it is still open: what fires every
/// day is done once. For transactions of a job ([`By::system`]) or of staff who work with the patient ([`By::person`]); not
/// of a patient: a rule that a patient's own reading fires gives its task in a job.
///
/// # Errors
/// `Conflict` where whoever is to do it could not see it, or where the database does not answer.
pub async fn give(app: &App, tx: &mut Tx, by: &By, task: NewTask) -> Result<Option<TaskId>> {
    if one::open_twin(tx, by.organization, task.patient, task.source.kind(), &task.title).await? {
        return Ok(None);
    }
    let (assignee, role) = match task.doer {
        Doer::Person(person) => (Some(person), None),
        Doer::Role(role) => (None, Some(role)),
        Doer::Patient => (None, Some(Role::Patient)),
    };
    let id = TaskId::new();
    let words = Words {
        title: task.title,
        description: task.description,
        assignee,
        role,
        priority: task.priority,
        due_at: task.due_at,
    };
    let place = Place { case: None, patient: Some(task.patient), facility: task.facility, alert: task.alert };
    keep(app, tx, by, (id, task.source), place, &words).await?;
    Ok(Some(id))
}

/// Keeps a new task with its history and audit; says whether it was new.
pub(super) async fn keep(
    app: &App,
    tx: &mut Tx,
    by: &By,
    (id, source): (TaskId, Source),
    place: Place,
    words: &Words,
) -> Result<bool> {
    let sealed = match &words.description {
        Some(text) => {
            let keys = app.keys(tx, by.organization).await?;
            Some(keys.seal(by.organization, "task", "description", id.uuid(), text).map_err(anyhow::Error::from)?)
        }
        None => None,
    };
    let kind = if place.case.is_some() { "CASE" } else { source.kind() };
    if !write::add(tx, by.organization, (id, kind, by.user()), place, words, sealed.as_deref()).await? {
        return Ok(false);
    }
    let event = Event::new(Action::Create, "task").of(id).about(place.patient).at(place.facility);
    let details = match place.case {
        Some(case) => json!({ "case": case }),
        None => json!({ "kind": kind, "alert": place.alert, "for": words.assignee, "for_role": words.role }),
    };
    events::record(tx, by, event.with(details)).await?;
    let change = StatusChange {
        subject: "task",
        id: id.uuid(),
        from: None,
        to: TaskStatus::Ready.as_str(),
        reason: None,
        patient: place.patient,
        facility: place.facility,
    };
    events::status_change(tx, by, &change).await?;
    Ok(true)
}
