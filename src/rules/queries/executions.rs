//! What was looked at, and what came of it.

use serde_json::Value;
use uuid::Uuid;

use super::Touched;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{AlertId, FacilityId, OrganizationId, PatientId, RuleId};
use crate::rules::model::Severity;

/// A rule that failed.
#[derive(Debug)]
pub(in crate::rules) struct Failed {
    pub name: String,
    pub severity: Severity,
    /// Where one of those for whom it was looked at is.
    pub place: Option<FacilityId>,
    /// For how many it was looked at.
    pub count: i64,
}

/// Keeps that a rule failed, for each of those for whom it should have been looked at.
pub(in crate::rules) async fn keep_failure(
    tx: &mut Tx,
    organization: OrganizationId,
    root: Uuid,
    touched: &[Touched],
    (cause, error): (&str, &str),
) -> Result<Option<Failed>> {
    let patients: Vec<Uuid> = touched.iter().map(|one| one.patient.uuid()).collect();
    let metrics: Vec<String> = touched.iter().map(|one| one.metric.as_str().to_owned()).collect();
    Ok(sqlx::query_as!(
        Failed,
        r#"WITH chosen AS (
               SELECT DISTINCT ON (p.id) r.id, r.row_version, r.enabled, p.id AS subject_id, p.facility_id AS place_id
                 FROM UNNEST($2::uuid[], $3::text[]) AS t (patient_id, metric)
                 JOIN patient AS p ON p.organization_id = $1 AND p.id = t.patient_id AND p.deleted_at IS NULL AND p.status NOT IN ('INACTIVE', 'DISCHARGED')
                 JOIN clinical_rule AS r ON r.organization_id = $1 AND r.root_id = $4 AND r.metric = t.metric AND r.deleted_at IS NULL
                      AND (r.facility_id IS NULL OR r.facility_id = p.facility_id) AND (r.patient_id IS NULL OR r.patient_id = p.id)
                ORDER BY p.id, r.patient_id IS NOT NULL DESC, r.overrides_id IS NOT NULL DESC),
           kept AS (
               INSERT INTO rule_execution (organization_id, id, rule_id, rule_version, patient_id, cause, triggered, outcome, result)
               SELECT $1, gen_random_uuid(), c.id, c.row_version, c.subject_id, $5, false, 'FAILED', jsonb_build_object('error', $6::text)
                 FROM chosen AS c WHERE c.enabled)
           SELECT root.name, root.severity AS "severity: Severity", (ARRAY_AGG(c.place_id ORDER BY c.subject_id))[1] AS "place: FacilityId", COUNT(*) AS "count!"
             FROM clinical_rule AS root JOIN chosen AS c ON c.enabled
            WHERE root.organization_id = $1 AND root.id = $4 GROUP BY root.name, root.severity"#,
        organization.uuid(),
        &patients,
        &metrics,
        root,
        cause,
        error,
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// How many alerts each of these rules has raised within the hour.
pub(in crate::rules) async fn raised(
    tx: &mut Tx,
    organization: OrganizationId,
    rules: &[Uuid],
) -> Result<Vec<(RuleId, i64)>> {
    let rows = sqlx::query!(
        r#"SELECT rule_id AS "rule: RuleId", COUNT(*) AS "count!" FROM rule_execution
            WHERE organization_id = $1 AND rule_id = ANY ($2) AND triggered AND outcome = 'RAISED' AND executed_at > NOW() - INTERVAL '1 hour'
            GROUP BY rule_id"#,
        organization.uuid(),
        rules,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.rule, row.count)).collect())
}

/// That a rule was looked at.
#[derive(Debug)]
pub(in crate::rules) struct Execution {
    pub id: Uuid,
    pub rule: RuleId,
    pub version: i64,
    pub patient: PatientId,
    pub triggered: bool,
    pub outcome: &'static str,
    pub alert: Option<AlertId>,
    pub result: Option<Value>,
}

/// Keeps what was done.
pub(in crate::rules) async fn keep(
    tx: &mut Tx,
    organization: OrganizationId,
    cause: &str,
    executions: &[Execution],
) -> Result<()> {
    if executions.is_empty() {
        return Ok(());
    }
    let each = |value: fn(&Execution) -> Uuid| executions.iter().map(value).collect::<Vec<Uuid>>();
    let versions: Vec<i64> = executions.iter().map(|one| one.version).collect();
    let triggered: Vec<bool> = executions.iter().map(|one| one.triggered).collect();
    let outcomes: Vec<String> = executions.iter().map(|one| one.outcome.to_owned()).collect();
    let alerts: Vec<Option<Uuid>> = executions.iter().map(|one| one.alert.map(AlertId::uuid)).collect();
    let results: Vec<Option<Value>> = executions.iter().map(|one| one.result.clone()).collect();
    sqlx::query!(
        "INSERT INTO rule_execution (organization_id, id, rule_id, rule_version, patient_id, cause, triggered, outcome, alert_id, result)
         SELECT $1, e.id, e.rule_id, e.version, e.patient_id, $2, e.triggered, e.outcome, e.alert_id, e.result
           FROM UNNEST($3::uuid[], $4::uuid[], $5::bigint[], $6::uuid[], $7::boolean[], $8::text[], $9::uuid[], $10::jsonb[])
                AS e (id, rule_id, version, patient_id, triggered, outcome, alert_id, result)",
        organization.uuid(),
        cause,
        &each(|one| one.id),
        &each(|one| one.rule.uuid()),
        &versions,
        &each(|one| one.patient.uuid()),
        &triggered,
        &outcomes,
        &alerts as _,
        &results as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes looks that came to nothing, as long ago as the organization says; how many.
pub(in crate::rules) async fn purge(tx: &mut Tx, batch: i32) -> Result<i64> {
    Ok(sqlx::query_scalar!(r#"SELECT kit.purge_rule_looks($1) AS "gone!""#, batch).fetch_one(&mut **tx).await?)
}
