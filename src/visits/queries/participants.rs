//! Who takes part in a visit, and whether they came.

use sqlx::PgConnection;

use crate::access::Actor;
use crate::error::Result;
use crate::events::By;
use crate::ids::{ParticipantId, PatientId, VisitId};
use crate::visits::model::Attendance;
use crate::web::format;

/// Somebody's part in a visit.
#[derive(Clone, Debug)]
pub struct Participant {
    /// Which part.
    pub id: ParticipantId,
    /// Who.
    pub patient_id: PatientId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Whether they came.
    pub attendance: Attendance,
}

impl Participant {
    /// `OKAFOR, Adaeze`
    #[must_use]
    pub fn name(&self) -> String {
        format::person(&self.last_name, &self.first_name, None)
    }
}

/// Who takes part in a visit.
pub async fn participants(conn: &mut PgConnection, actor: &Actor, visit: VisitId) -> Result<Vec<Participant>> {
    Ok(sqlx::query_as!(
        Participant,
        r#"SELECT w.id AS "id: ParticipantId", w.patient_id AS "patient_id: PatientId", p.first_name, p.last_name, w.attendance AS "attendance: Attendance"
           FROM visit_participant AS w JOIN patient AS p ON p.organization_id = w.organization_id AND p.id = w.patient_id
           WHERE w.organization_id = $1 AND w.visit_id = $2 AND w.deleted_at IS NULL ORDER BY p.name_key, w.id"#,
        actor.organization.uuid(),
        visit.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Adds somebody to a visit.
pub async fn join(conn: &mut PgConnection, by: &By, visit: VisitId, patient: PatientId) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO visit_participant (organization_id, id, visit_id, patient_id, created_by_id) VALUES ($1, $2, $3, $4, $5)",
        by.organization.uuid(),
        ParticipantId::new().uuid(),
        visit.uuid(),
        patient.uuid(),
        by.id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down who came: of everybody expected where `who` is none. Says how many rows changed.
pub async fn attend(
    conn: &mut PgConnection,
    by: &By,
    visit: VisitId,
    who: Option<ParticipantId>,
    attendance: Attendance,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "UPDATE visit_participant SET attendance = $4
         WHERE organization_id = $1 AND visit_id = $2 AND deleted_at IS NULL AND attendance <> $4
           AND CASE WHEN $3::uuid IS NULL THEN attendance = 'EXPECTED' ELSE id = $3 END",
        by.organization.uuid(),
        visit.uuid(),
        who.map(ParticipantId::uuid),
        attendance.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
