//! Goals: what a patient and their team want a reading to be.

use serde_json::json;

use super::cards::Goal;
use super::forms::number;
use super::metric::Metric;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, By, Event};
use crate::ids::{OrganizationId, PatientId, new_uuid};
use crate::patients::fields::Typed;
use crate::web::form::FormErrors;

/// The goals that stand.
///
/// # Errors
/// Where the database does not answer.
pub async fn of(tx: &mut Tx, organization: OrganizationId, patient: PatientId) -> Result<Vec<Goal>> {
    Ok(sqlx::query_as!(
        Goal,
        r#"SELECT code AS "metric: Metric", low, high FROM goal
            WHERE organization_id = $1 AND patient_id = $2 AND ended_at IS NULL AND deleted_at IS NULL"#,
        organization.uuid(),
        patient.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Reads a form with the fields `low` and `high`; nothing in either ends the goal.
///
/// # Errors
/// What is wrong with which field.
pub fn parse(metric: Metric, typed: &Typed) -> std::result::Result<Goal, FormErrors> {
    let mut errors = FormErrors::default();
    let mut end = |field: &'static str| {
        let text = typed.get(field).trim();
        if text.is_empty() {
            return None;
        }
        match number(text) {
            Ok(value) if metric.limits().holds(value) => return Some(value),
            Ok(_) => errors.add(field, format!("No reading of {} can be this", metric.label().to_lowercase())),
            Err(message) => errors.add(field, format!("Goal: {message}")),
        }
        None
    };
    let (low, high) = (end("low"), end("high"));
    if low.zip(high).is_some_and(|(low, high)| low > high) {
        errors.add("high", "The upper end must not be below the lower end");
    }
    if errors.is_empty() { Ok(Goal { metric, low, high }) } else { Err(errors) }
}

/// Ends the goal that stands, and begins `goal` where it has an end.
///
/// # Errors
/// Where the database does not answer or refuses.
pub async fn set(tx: &mut Tx, by: &By, patient: PatientId, goal: &Goal) -> Result<()> {
    let code = goal.metric.as_str();
    sqlx::query!(
        "UPDATE goal SET ended_at = NOW() WHERE organization_id = $1 AND patient_id = $2 AND code = $3 AND ended_at IS NULL AND deleted_at IS NULL",
        by.organization.uuid(),
        patient.uuid(),
        code,
    )
    .execute(&mut **tx)
    .await?;
    let id = new_uuid();
    if goal.line().is_some() {
        sqlx::query!(
            "INSERT INTO goal (organization_id, id, patient_id, code, low, high, created_by_id) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            by.organization.uuid(),
            id,
            patient.uuid(),
            code,
            goal.low,
            goal.high,
            by.id,
        )
        .execute(&mut **tx)
        .await?;
    }
    let event = Event::new(Action::Update, "goal").of(id).about(Some(patient)).with(json!({ "metric": code }));
    events::record(tx, by, event).await?;
    Ok(())
}
