//! Making, changing and moving cases. The trigger `cases_guard` asks everything a second time.

use sqlx::PgConnection;

use super::row::Row;
use crate::cases::forms::CaseInput;
use crate::cases::model::{Case, Move};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::{AlertId, CaseId, FacilityId, OrganizationId, PatientId, UserId};

/// What a form says, with its words sealed and its references found.
#[derive(Debug)]
pub struct Content<'a> {
    /// As typed and accepted.
    pub input: &'a CaseInput,
    /// What it is about, encrypted.
    pub description: Option<Vec<u8>>,
    /// The person concerned.
    pub patient: Option<PatientId>,
    /// The alert it came from.
    pub alert: Option<AlertId>,
}

/// Makes a case. Gives its number; none where a case has this id already.
///
/// # Errors
/// Where the database does not answer or refuses it.
pub async fn insert(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: CaseId,
    creator: UserId,
    content: &Content<'_>,
) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO cases (organization_id, id, facility_id, patient_id, alert_id, title, description_enc, priority, due_at, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING number",
        organization.uuid(),
        id.uuid(),
        content.input.facility.map(FacilityId::uuid),
        content.patient.map(PatientId::uuid),
        content.alert.map(AlertId::uuid),
        content.input.title,
        content.description,
        content.input.priority.as_str(),
        content.input.due_at as Option<Timestamp>,
        creator.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Changes what a case says; false where it is no longer as it was seen.
///
/// # Errors
/// Where the database does not answer or refuses it.
pub async fn update(
    conn: &mut PgConnection,
    organization: OrganizationId,
    row: &Row,
    content: &Content<'_>,
) -> Result<bool> {
    let changed = sqlx::query!(
        "UPDATE cases SET facility_id = $4, patient_id = $5, alert_id = $6, title = $7, description_enc = $8, priority = $9, due_at = $10
         WHERE organization_id = $1 AND id = $2 AND row_version = $3",
        organization.uuid(),
        row.id.uuid(),
        row.row_version,
        content.input.facility.map(FacilityId::uuid),
        content.patient.map(PatientId::uuid),
        content.alert.map(AlertId::uuid),
        content.input.title,
        content.description,
        content.input.priority.as_str(),
        content.input.due_at as Option<Timestamp>,
    )
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Moves a case to where the model says it stands now; false where it is no longer as it was seen. `away`: the move takes
/// the case out of the mover's sight.
///
/// # Errors
/// Where the database does not answer or refuses it.
pub async fn save(
    conn: &mut PgConnection,
    organization: OrganizationId,
    row: &Row,
    moved: &Case,
    what: &Move,
    away: bool,
) -> Result<bool> {
    if away {
        return Ok(sqlx::query_scalar!(
            r#"SELECT work.decline_case($1, $2, $3) AS "done!""#,
            row.id.uuid(),
            row.row_version,
            what.reason(),
        )
        .fetch_one(conn)
        .await?);
    }
    let outcome = match what {
        Move::Complete(outcome) => outcome.as_deref(),
        _ => None,
    };
    let changed = sqlx::query!(
        "UPDATE cases SET status = $4, assigned_to_id = $5, move_reason = $6, closure_reason = $7
         WHERE organization_id = $1 AND id = $2 AND row_version = $3",
        organization.uuid(),
        row.id.uuid(),
        row.row_version,
        moved.state.status().as_str(),
        moved.state.caseworker().map(UserId::uuid),
        what.reason(),
        outcome,
    )
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() == 1)
}
