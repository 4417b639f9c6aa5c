//! How something to read gets to a patient: by a clinician from the chart, or by a rule.

use serde_json::json;
use uuid::Uuid;

use super::queries;
use crate::app::App;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, By, Event};
use crate::ids::{FacilityId, PatientId, new_uuid};

/// Gives an entry of the library to a patient, in the caller's transaction; the id of what was given, none where the same
/// waits to be read already.
///
/// ```ignore
/// content::give(&app, &mut tx, &By::system(organization), (patient, Some(facility)), content_id, Some(execution_id), None).await?;
/// ```
///
/// `note`: why, in words to the patient; kept encrypted. For transactions of a job or of a clinician.
///
/// # Errors
/// `Conflict` where the entry is archived, or where the database does not answer.
pub async fn give(
    app: &App,
    tx: &mut Tx,
    by: &By,
    (patient, facility): (PatientId, Option<FacilityId>),
    content: Uuid,
    rule_execution: Option<Uuid>,
    note: Option<&str>,
) -> Result<Option<Uuid>> {
    let id = new_uuid();
    let sealed = match note {
        Some(words) => {
            let keys = app.keys(tx, by.organization).await?;
            let words = words.to_owned();
            Some(keys.seal(by.organization, "content_assignment", "note", id, &words).map_err(anyhow::Error::from)?)
        }
        None => None,
    };
    let what = (rule_execution, sealed.as_deref());
    if !queries::give(tx, by.organization, (id, patient, content), what, by.user()).await? {
        return Ok(None);
    }
    let event = Event::new(Action::Create, "content_assignment").of(id).about(Some(patient)).at(facility);
    events::record(tx, by, event.with(json!({ "content": content, "rule_execution": rule_execution }))).await?;
    Ok(Some(id))
}
