//! What the portal asks. Row-level security answers with the person's own patients only.

use sqlx::PgConnection;

use super::model::{Access, Own};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::PatientId;

/// The patients for whom the person acts, themselves first.
pub(super) async fn own(conn: &mut PgConnection, actor: &Actor) -> Result<Vec<Own>> {
    let own = sqlx::query_as!(
        Own,
        r#"SELECT patient.id AS "patient: PatientId", patient.first_name, patient.last_name, account.relationship, facility.name AS facility
             FROM portal_account AS account
             JOIN patient ON patient.organization_id = account.organization_id AND patient.id = account.patient_id
             JOIN facility ON facility.organization_id = patient.organization_id AND facility.id = patient.facility_id
            WHERE account.organization_id = $1 AND account.user_id = $2 AND account.status = 'ACTIVE'
            ORDER BY account.relationship = 'SELF' DESC, patient.first_name, patient.id"#,
        actor.organization.uuid(),
        actor.user.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(own)
}

/// Who opened or changed a patient's record, other than the person who asks; latest first, older than `before`.
pub(super) async fn accesses(
    conn: &mut PgConnection,
    actor: &Actor,
    patient: PatientId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Access>> {
    let accesses = sqlx::query_as!(
        Access,
        r#"SELECT event.seq AS "seq!", event.at AS "at!: Timestamp", event.actor_kind AS "actor_kind!",
                  headers.staff_name(event.actor_id) AS person, event.acting_role AS role, event.action AS "action!",
                  event.resource_type AS "resource!", event.on_a_list AS "on_a_list!"
             FROM ((SELECT own.*, FALSE AS on_a_list FROM audit_event AS own
                     WHERE own.organization_id = $1 AND own.patient_id = $2 AND own.seq < COALESCE($3, 9223372036854775807)
                       AND own.actor_id IS DISTINCT FROM $4
                     ORDER BY own.seq DESC LIMIT $5)
                   UNION ALL
                   (SELECT list.*, TRUE AS on_a_list FROM audit_patient AS shown
                      JOIN audit_event AS list ON list.organization_id = shown.organization_id AND list.seq = shown.seq
                     WHERE shown.organization_id = $1 AND shown.patient_id = $2 AND shown.seq < COALESCE($3, 9223372036854775807)
                     ORDER BY shown.seq DESC LIMIT $5)) AS event
            ORDER BY event.seq DESC LIMIT $5"#,
        actor.organization.uuid(),
        patient.uuid(),
        before,
        actor.user.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(accesses)
}
