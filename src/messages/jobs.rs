//! What the timer does: nobody waits for an answer without somebody hearing of it.

use serde_json::json;

use super::model::{Category, patience};
use super::queries::waiting::{self, Unanswered};
use crate::alerts::model::Severity;
use crate::alerts::{self, NewAlert};
use crate::app::App;
use crate::error::Result;
use crate::ids::AlertId;
use crate::jobs::JobContext;

/// Alerts raised in one transaction.
const BATCH: u16 = 100;

/// `messages.unanswered`: an alert for each conversation that has waited for too long, once.
///
/// # Errors
/// Where the database does not answer.
pub async fn unanswered(app: App, job: JobContext) -> Result<()> {
    let (health, rest) = (seconds(Category::Health), seconds(Category::Other));
    loop {
        let mut tx = job.begin(&app).await?;
        let by = job.by()?;
        let overdue = waiting::overdue(&mut tx, by.organization, health, rest, i64::from(BATCH)).await?;
        for thread in &overdue {
            alerts::raise(&mut tx, &by, &alert(thread)).await?;
            waiting::alerted(&mut tx, by.organization, thread.id).await?;
        }
        if overdue.len() < usize::from(BATCH) {
            return job.commit(tx).await;
        }
        tx.commit().await?;
    }
}

/// What the alert says: where to look, never what was written.
fn alert(thread: &Unanswered) -> NewAlert {
    let hours = patience(thread.category).num_hours();
    NewAlert {
        id: AlertId::new(),
        facility: Some(thread.facility_id),
        patient: thread.patient_id,
        thread: Some(thread.id),
        kind: "MESSAGE_UNANSWERED".to_owned(),
        severity: if thread.category == Category::Health { Severity::High } else { Severity::Warning },
        title: "A message waits for an answer".to_owned(),
        body: format!("M-{}: nobody has answered for {hours} hours", thread.number),
        payload: json!({
            "rule": "Message unanswered",
            "why": format!("A message of this kind is answered within {hours} hours."),
            "facts": [["About", thread.category.label()]],
        }),
        dedupe_key: Some(format!("thread:{}", thread.id)),
        due_at: Some(thread.waiting_since + patience(thread.category)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "days in seconds are small")]
fn seconds(category: Category) -> f64 {
    patience(category).num_seconds() as f64
}
