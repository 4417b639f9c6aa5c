//! The SQL of the evaluation: one statement for a whole batch, whatever its size. Here is what there is to look at.

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrganizationId, PatientId};
use crate::readings::metric::Metric;

mod cases;
mod executions;

pub(super) use cases::{Case, cases, evidence, watching};
pub(super) use executions::{Execution, Failed, keep, keep_failure, purge, raised};

/// A patient of whom readings of a metric have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The patient.
    pub patient: PatientId,
    /// What was measured.
    pub metric: Metric,
    /// The earliest of the new readings.
    pub since: Timestamp,
}

/// Takes what has arrived, the first first, and says whether there may be more. What another worker has taken is left to it.
pub(super) async fn take(tx: &mut Tx, organization: OrganizationId, most: i64) -> Result<(Vec<Touched>, bool)> {
    let rows = sqlx::query!(
        r#"WITH due AS (SELECT organization_id, id FROM rule_touch WHERE organization_id = $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED),
                gone AS (DELETE FROM rule_touch AS t USING due WHERE t.organization_id = due.organization_id AND t.id = due.id
                         RETURNING t.patient_id, t.metric, t.since)
           SELECT patient_id AS "patient!: PatientId", metric AS "metric!: Metric", MIN(since) AS "since!: Timestamp", COUNT(*) AS "count!"
             FROM gone GROUP BY patient_id, metric"#,
        organization.uuid(),
        most,
    )
    .fetch_all(&mut **tx)
    .await?;
    let full = rows.iter().map(|row| row.count).sum::<i64>() >= most;
    Ok((
        rows.into_iter().map(|row| Touched { patient: row.patient, metric: row.metric, since: row.since }).collect(),
        full,
    ))
}

/// The metrics that some rule misses.
pub(super) async fn missed(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Metric>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT DISTINCT metric AS "metric: Metric" FROM clinical_rule WHERE organization_id = $1 AND op = 'missing' AND enabled AND deleted_at IS NULL"#,
        organization.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// The next patients in the order of their ids.
pub(super) async fn patients(
    tx: &mut Tx,
    organization: OrganizationId,
    after: PatientId,
    most: i64,
) -> Result<Vec<PatientId>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: PatientId" FROM patient WHERE organization_id = $1 AND id > $2 AND deleted_at IS NULL ORDER BY id LIMIT $3"#,
        organization.uuid(),
        after.uuid(),
        most,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Brings what was held back or failed within the last hours to mind again. What has failed four times in them fails for good.
pub(super) async fn remember(tx: &mut Tx, organization: OrganizationId) -> Result<u64> {
    Ok(sqlx::query!(
        "INSERT INTO rule_touch (organization_id, patient_id, metric, since)
         SELECT DISTINCT $1::uuid, e.patient_id, r.metric, NOW()
           FROM rule_execution AS e JOIN clinical_rule AS r ON r.organization_id = $1 AND r.id = e.rule_id
          WHERE e.organization_id = $1 AND e.outcome IN ('HELD_BACK', 'FAILED') AND e.executed_at > NOW() - INTERVAL '3 hours'
          GROUP BY e.patient_id, r.metric, e.rule_id HAVING COUNT(*) FILTER (WHERE e.outcome = 'FAILED') < 4",
        organization.uuid(),
    )
    .execute(&mut **tx)
    .await?
    .rows_affected())
}
