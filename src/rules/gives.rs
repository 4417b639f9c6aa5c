//! What a rule gives with an alert: a task to a role, or something to read to the patient.

use uuid::Uuid;

use super::evaluate::sentence;
use super::model::{Given, RuleAction, Severity};
use super::queries::Case;
use crate::access::Role;
use crate::app::App;
use crate::content;
use crate::db::Tx;
use crate::error::Result;
use crate::events::By;
use crate::ids::AlertId;
use crate::tasks::{self, Doer, NewTask, Priority};

/// Gives what a rule gives with each new alert; not a second time while the first waits. None where it gives nothing.
pub(super) async fn give(
    app: &App,
    tx: &mut Tx,
    by: &By,
    case: &Case,
    alert: AlertId,
    execution: Uuid,
) -> Result<Option<Given>> {
    match case.action {
        RuleAction::Alert | RuleAction::SuggestVisit => Ok(None),
        RuleAction::AssignTask => task(app, tx, by, case, alert).await.map(Some),
        RuleAction::AssignContent => to_read(app, tx, by, case, execution).await.map(Some),
    }
}

async fn task(app: &App, tx: &mut Tx, by: &By, case: &Case, alert: AlertId) -> Result<Given> {
    let params = case.params();
    let advice = params.text.map(|text| format!(" {text}")).unwrap_or_default();
    let task = NewTask {
        source: tasks::Source::Rule,
        patient: case.patient,
        facility: Some(case.place),
        alert: Some(alert),
        // What to look at; what is the matter is in the description, which is encrypted.
        title: format!("Follow up readings: {}", case.condition().subject.words()),
        description: Some(format!("{}: {}{advice}", case.name, sentence(case))),
        doer: Doer::Role(params.role.unwrap_or(Role::MedicalAssistant)),
        priority: match case.severity {
            Severity::Critical => Priority::Urgent,
            Severity::High => Priority::High,
            Severity::Warning => Priority::Medium,
            Severity::Info => Priority::Low,
        },
        due_at: None,
    };
    let given = tasks::give(app, tx, by, task).await?;
    Ok(if given.is_some() { Given::Task } else { Given::Waits })
}

async fn to_read(app: &App, tx: &mut Tx, by: &By, case: &Case, execution: Uuid) -> Result<Given> {
    let Some(content) = case.content.filter(|_| case.content_there) else { return Ok(Given::Archived) };
    let whom = (case.patient, Some(case.place));
    let word = case.params().word;
    let given = content::give(app, tx, by, whom, content, Some(execution), word.as_deref()).await?;
    Ok(if given.is_some() { Given::Content } else { Given::Waits })
}
