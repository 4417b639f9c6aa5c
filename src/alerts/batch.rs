//! What rules do to alerts: many at once, in one statement each.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::model::AlertReason;
use super::raise::{NewAlert, Raised};
use crate::db::Tx;
use crate::db::signals::Signal;
use crate::error::Result;
use crate::events::By;
use crate::ids::{AlertId, PatientId};

/// Raises alerts of patients, each with the execution of the rule that found it, or counts up the open ones that say the same, with the newest
/// evidence; writes it down. Every alert has a key, and no two have the same. Answers what became of each, by its key.
///
/// # Errors
/// Where the database does not answer or refuses: all or nothing.
pub async fn raise_many(tx: &mut Tx, by: &By, new: &[(NewAlert, Uuid)]) -> Result<HashMap<String, Raised>> {
    if new.is_empty() {
        return Ok(HashMap::new());
    }
    let texts =
        |value: fn(&NewAlert) -> &str| new.iter().map(|(one, _)| value(one).to_owned()).collect::<Vec<String>>();
    let ids: Vec<Uuid> = new.iter().map(|(one, _)| one.id.uuid()).collect();
    let patients: Vec<Option<Uuid>> = new.iter().map(|(one, _)| one.patient.map(PatientId::uuid)).collect();
    let payloads: Vec<serde_json::Value> = new.iter().map(|(one, _)| one.payload.clone()).collect();
    let executions: Vec<Uuid> = new.iter().map(|(_, execution)| *execution).collect();
    // In the order of the keys, so that two that count up the same alerts wait for each other instead of blocking each other.
    let rows = sqlx::query!(
        r#"WITH put AS (
               INSERT INTO alert (organization_id, id, patient_id, type, severity, title, body, payload, dedupe_key, rule_execution_id, created_by_id)
               SELECT $1, n.id, n.patient_id, n.type, n.severity, n.title, n.body, n.payload, n.key, n.execution_id, $11
                 FROM UNNEST($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::text[], $10::uuid[])
                      AS n (id, patient_id, type, severity, title, body, payload, key, execution_id)
                ORDER BY n.key
               ON CONFLICT (organization_id, dedupe_key) WHERE is_open AND dedupe_key IS NOT NULL
               DO UPDATE SET seen_count = alert.seen_count + 1, last_seen_at = now(), payload = excluded.payload, body = excluded.body
               RETURNING id, dedupe_key, patient_id, facility_id, severity, type, id = ANY ($2) AS new),
           heard AS (
               INSERT INTO audit_event (organization_id, actor_kind, actor_id, action, resource_type, resource_id, patient_id, facility_id, details)
               SELECT $1, $12, $11, CASE WHEN p.new THEN 'CREATE' ELSE 'UPDATE' END, 'alert', p.id, p.patient_id, p.facility_id,
                      jsonb_build_object('severity', p.severity, 'type', p.type) FROM put AS p),
           moved AS (
               INSERT INTO status_change (organization_id, subject_kind, subject_id, to_status, patient_id, facility_id)
               SELECT $1, 'alert', p.id, 'ACTIVE', p.patient_id, p.facility_id FROM put AS p WHERE p.new)
           SELECT id AS "id: AlertId", dedupe_key AS "key!", new AS "new!" FROM put"#,
        by.organization.uuid(),
        &ids,
        &patients as _,
        &texts(|one| &one.kind),
        &texts(|one| one.severity.as_str()),
        &texts(|one| &one.title),
        &texts(|one| &one.body),
        &payloads,
        &texts(|one| one.dedupe_key.as_deref().unwrap_or_default()),
        &executions,
        by.id,
        by.kind,
    )
    .fetch_all(&mut **tx)
    .await?;
    tx.signal(Signal::Change);
    Ok(rows.into_iter().map(|row| (row.key, Raised { id: row.id, new: row.new })).collect())
}

/// Closes alerts of rules whose cause is over, and writes it down. Those that somebody has taken meanwhile stay with them. Answers which
/// were closed.
///
/// # Errors
/// Where the database does not answer or refuses: all or nothing.
pub async fn recover(tx: &mut Tx, by: &By, alerts: &[AlertId]) -> Result<HashSet<AlertId>> {
    if alerts.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<Uuid> = alerts.iter().map(|alert| alert.uuid()).collect();
    let closed = sqlx::query_scalar!(
        r#"WITH old AS (
               SELECT id, status FROM alert WHERE organization_id = $1 AND id = ANY ($2) AND is_open AND status IN ('ACTIVE', 'SNOOZED')
                ORDER BY dedupe_key FOR UPDATE),
           gone AS (
               UPDATE alert AS a SET status = 'RESOLVED', resolved_at = now(), resolved_by_id = $3, reason_code = $4
                 FROM old WHERE a.organization_id = $1 AND a.id = old.id
               RETURNING a.id, a.patient_id, a.facility_id, old.status AS before),
           heard AS (
               INSERT INTO audit_event (organization_id, actor_kind, actor_id, action, resource_type, resource_id, patient_id, facility_id, changes, details)
               SELECT $1, $5, $6, 'STATUS_CHANGED', 'alert', g.id, g.patient_id, g.facility_id,
                      jsonb_build_object('status', jsonb_build_object('before', g.before, 'after', 'RESOLVED')), jsonb_build_object('reason', $4::text)
                 FROM gone AS g),
           moved AS (
               INSERT INTO status_change (organization_id, subject_kind, subject_id, from_status, to_status, patient_id, facility_id)
               SELECT $1, 'alert', g.id, g.before, 'RESOLVED', g.patient_id, g.facility_id FROM gone AS g)
           SELECT id AS "id!: AlertId" FROM gone"#,
        by.organization.uuid(),
        &ids,
        Uuid::nil(),
        AlertReason::Recovered.as_str(),
        by.kind,
        by.id,
    )
    .fetch_all(&mut **tx)
    .await?;
    tx.signal(Signal::Change);
    Ok(closed.into_iter().collect())
}
