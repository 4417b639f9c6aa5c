//! What the portal asks. Row-level security answers with the person's own patients only.

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::model::{Access, Helper};
use crate::access::Actor;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::ids::PatientId;
use crate::web::whom::Relationship;

/// Everybody who acts, acted or might act for a patient, as far as the reader may know; those who still do first.
pub(super) async fn people(conn: &mut PgConnection, actor: &Actor, patient: PatientId) -> Result<Vec<Helper>> {
    let people = sqlx::query_as!(
        Helper,
        r#"SELECT id AS "id!", name AS "name!", user_id = $2 AS "mine!", relationship AS "relationship!: Relationship", scopes AS "scopes!", status AS "status!",
                  starts_on AS "starts_on!: NaiveDate", ends_on AS "ends_on: NaiveDate", (ends_on < CURRENT_DATE) IS TRUE AS "over!",
                  used_at AS "used_at: Timestamp", row_version AS "row_version!"
             FROM headers.people_of($1)
            WHERE NOT (relationship = 'SELF' AND user_id = $2)
            ORDER BY relationship = 'SELF' DESC, status, name, id
            LIMIT 100"#,
        patient.uuid(),
        actor.user.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(people)
}

/// Ends an access that still is as it was read, with the letters that offer it.
pub(super) async fn revoke(conn: &mut PgConnection, actor: &Actor, one: &Helper, reason: &str) -> Result<bool> {
    sqlx::query!(
        "UPDATE portal_invitation SET withdrawn_at = now()
          WHERE organization_id = $1 AND account_id = $2 AND used_at IS NULL AND withdrawn_at IS NULL",
        actor.organization.uuid(),
        one.id,
    )
    .execute(&mut *conn)
    .await?;
    let done = sqlx::query!(
        "UPDATE portal_account SET status = 'REVOKED', status_reason = $4
          WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND relationship <> 'SELF'",
        actor.organization.uuid(),
        one.id,
        one.row_version,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
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
                  CASE WHEN event.acting_role = 'PATIENT' THEN people.name ELSE headers.staff_name(event.actor_id) END AS person, event.acting_role AS role, event.action AS "action!",
                  event.resource_type AS "resource!", event.on_a_list AS "on_a_list!",
                  event.details ->> 'acting_for' AS acting_for
             FROM ((SELECT own.*, FALSE AS on_a_list FROM audit_event AS own
                     WHERE own.organization_id = $1 AND own.patient_id = $2 AND own.seq < COALESCE($3, 9223372036854775807)
                       AND own.actor_id IS DISTINCT FROM $4
                     ORDER BY own.seq DESC LIMIT $5)
                   UNION ALL
                   (SELECT list.*, TRUE AS on_a_list FROM audit_patient AS shown
                      JOIN audit_event AS list ON list.organization_id = shown.organization_id AND list.seq = shown.seq
                     WHERE shown.organization_id = $1 AND shown.patient_id = $2 AND shown.seq < COALESCE($3, 9223372036854775807)
                     ORDER BY shown.seq DESC LIMIT $5)) AS event
             LEFT JOIN (SELECT DISTINCT ON (user_id) user_id, name FROM headers.people_of($2)) AS people ON people.user_id = event.actor_id
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
