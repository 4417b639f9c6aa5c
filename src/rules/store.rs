//! Rules as they are kept: list, one, changes, history.

use serde_json::Value;
use uuid::Uuid;

use super::model::{ActionParams, Condition, Definition, Op, Reading, RuleAction, Severity, Subject};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, OnConstraint as _, Result};
use crate::events::By;
use crate::ids::{FacilityId, OrganizationId, PatientId, RuleId};
use crate::readings::metric::Metric;

/// A rule, or an exception from one.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Which.
    pub id: RuleId,
    /// Where it holds.
    pub facility: Option<FacilityId>,
    /// The name of that place.
    pub place: Option<String>,
    /// For whom, of an exception.
    pub patient: Option<PatientId>,
    /// From which rule.
    pub overrides: Option<RuleId>,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) metric: Metric,
    pub(super) part: i16,
    pub(super) op: Op,
    pub(super) threshold: Option<f64>,
    pub(super) min_count: i16,
    pub(super) window_days: i16,
    pub(super) severity: Severity,
    pub(super) action: RuleAction,
    pub(super) params: Value,
    pub(super) content: Option<Uuid>,
    pub(super) content_title: Option<String>,
    pub(super) content_archived: bool,
    pub(super) resolves: bool,
    /// Whether it is at work.
    pub enabled: bool,
    pub(super) priority: i16,
    /// Its version.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Exceptions from it.
    pub exceptions: i64,
    /// Alerts that it raised in 30 days, at most 1,000.
    pub raised: i64,
}

impl Stored {
    /// What it says.
    #[must_use]
    pub fn definition(&self) -> Definition {
        let params: ActionParams = serde_json::from_value(self.params.clone()).unwrap_or_default();
        Definition {
            name: self.name.clone(),
            description: self.description.clone(),
            condition: Condition {
                subject: Subject::of(self.metric, self.part),
                op: self.op,
                threshold: self.threshold,
                min_count: self.min_count,
                window_days: self.window_days,
            },
            severity: self.severity,
            action: self.action,
            advice: params.text,
            doer: params.role,
            reading: self.content.map(|id| Reading {
                id,
                title: self.content_title.clone().unwrap_or_default(),
                archived: self.content_archived,
            }),
            word: params.word,
            resolves: self.resolves,
            enabled: self.enabled,
            priority: self.priority,
        }
    }

    /// Where it holds, in words.
    #[must_use]
    pub fn scope(&self) -> &str {
        self.place.as_deref().unwrap_or("Everywhere")
    }
}

/// Rules that `$condition` chooses; exceptions are counted and what was raised in 30 days.
macro_rules! rules {
    ($condition:literal $(, $argument:expr)*) => {
        sqlx::query_as!(
            Stored,
            r#"SELECT r.id AS "id: RuleId", r.facility_id AS "facility: FacilityId", f.name AS "place?", r.patient_id AS "patient: PatientId",
                      r.overrides_id AS "overrides: RuleId", r.name, r.description, r.metric AS "metric: Metric", r.part, r.op AS "op: Op", r.threshold,
                      r.min_count, r.window_days, r.severity AS "severity: Severity", r.action AS "action: RuleAction", r.action_params AS params,
                      r.content_id AS content, c.title AS "content_title?", COALESCE(c.status = 'ARCHIVED', false) AS "content_archived!", r.resolves, r.enabled, r.priority, r.row_version AS version, r.updated_at AS "updated_at: Timestamp",
                      (SELECT COUNT(*) FROM clinical_rule AS x WHERE x.organization_id = r.organization_id AND x.overrides_id = r.id AND x.deleted_at IS NULL) AS "exceptions!",
                      (SELECT COUNT(*) FROM (SELECT FROM rule_execution AS e WHERE e.organization_id = r.organization_id AND e.rule_id = r.id AND e.triggered
                          AND e.outcome = 'RAISED' AND e.executed_at > NOW() - INTERVAL '30 days' LIMIT 1000) AS fired) AS "raised!"
                 FROM clinical_rule AS r LEFT JOIN facility AS f ON f.organization_id = r.organization_id AND f.id = r.facility_id
                 LEFT JOIN content_item AS c ON c.organization_id = r.organization_id AND c.id = r.content_id
                WHERE r.organization_id = $1 AND r.deleted_at IS NULL AND "# + $condition,
            $($argument),*
        )
    };
}

/// The rules, without exceptions: those at work first.
///
/// # Errors
/// Where the database does not answer.
pub async fn list(tx: &mut Tx, organization: OrganizationId) -> Result<Vec<Stored>> {
    Ok(rules!(
        "r.overrides_id IS NULL ORDER BY r.enabled DESC, r.priority DESC, lower(r.name), r.id LIMIT 500",
        organization.uuid()
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// One rule.
///
/// # Errors
/// Where there is none such within reach, or the database does not answer.
pub async fn one(tx: &mut Tx, organization: OrganizationId, id: RuleId) -> Result<Stored> {
    rules!("r.id = $2", organization.uuid(), id.uuid()).fetch_optional(&mut **tx).await?.ok_or(Error::NotFound)
}

/// The exceptions from a rule for facilities.
///
/// # Errors
/// Where the database does not answer.
pub async fn exceptions(tx: &mut Tx, organization: OrganizationId, id: RuleId) -> Result<Vec<Stored>> {
    Ok(rules!(
        "r.overrides_id = $2 ORDER BY r.patient_id IS NOT NULL, f.name, r.id LIMIT 200",
        organization.uuid(),
        id.uuid()
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// The rules that could hold for somebody, each with its exceptions for them and for their facility.
///
/// # Errors
/// Where the database does not answer.
pub async fn of_patient(
    tx: &mut Tx,
    organization: OrganizationId,
    patient: PatientId,
    facility: FacilityId,
) -> Result<Vec<Stored>> {
    Ok(rules!(
        "(r.patient_id IS NULL OR r.patient_id = $2) AND (r.facility_id IS NULL OR r.facility_id = $3)
         ORDER BY r.priority DESC, lower(r.name), r.id LIMIT 1000",
        organization.uuid(),
        patient.uuid(),
        facility.uuid()
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// For whom a rule is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope {
    /// Where.
    pub facility: Option<FacilityId>,
    /// Whom, of an exception.
    pub patient: Option<PatientId>,
    /// From which rule, of an exception.
    pub overrides: Option<RuleId>,
}

fn params(rule: &Definition) -> Value {
    serde_json::to_value(ActionParams { text: rule.advice.clone(), role: rule.doer, word: rule.word.clone() })
        .unwrap_or_default()
}

const TAKEN: &str = "There is a rule of this name already.";

/// Adds a rule.
///
/// # Errors
/// Where there is one of this name, or the database does not answer or refuses.
pub async fn insert(tx: &mut Tx, by: &By, scope: Scope, rule: &Definition) -> Result<RuleId> {
    let id = RuleId::new();
    let condition = &rule.condition;
    sqlx::query!(
        "INSERT INTO clinical_rule (organization_id, id, facility_id, patient_id, overrides_id, name, description, metric, part, op, threshold, min_count,
                                    window_days, severity, action, action_params, resolves, enabled, priority, created_by_id, updated_by_id, content_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20, $21)",
        by.organization.uuid(),
        id.uuid(),
        scope.facility.map(FacilityId::uuid),
        scope.patient.map(PatientId::uuid),
        scope.overrides.map(RuleId::uuid),
        rule.name,
        rule.description,
        condition.subject.metric.as_str(),
        condition.subject.part(),
        condition.op.as_str(),
        condition.threshold,
        condition.min_count,
        condition.window_days,
        rule.severity.as_str(),
        rule.action.as_str(),
        params(rule),
        rule.resolves,
        rule.enabled,
        rule.priority,
        by.id,
        rule.reading.as_ref().map(|reading| reading.id),
    )
    .execute(&mut **tx)
    .await
    .on_constraint("clinical_rule_name_unique", || Error::Conflict(TAKEN.to_owned()))?;
    Ok(id)
}

/// Makes a new version of a rule. False where somebody else was quicker, or this person may not.
///
/// # Errors
/// Where there is another one of this name, or the database does not answer or refuses.
pub async fn update(tx: &mut Tx, by: &By, id: RuleId, version: i64, rule: &Definition) -> Result<bool> {
    let condition = &rule.condition;
    let rows = sqlx::query!(
        "UPDATE clinical_rule SET name = $4, description = $5, threshold = $6, min_count = $7, window_days = $8, severity = $9, action = $10,
                action_params = $11, resolves = $12, enabled = $13, priority = $14, updated_by_id = $15, content_id = $16
          WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND deleted_at IS NULL",
        by.organization.uuid(),
        id.uuid(),
        version,
        rule.name,
        rule.description,
        condition.threshold,
        condition.min_count,
        condition.window_days,
        rule.severity.as_str(),
        rule.action.as_str(),
        params(rule),
        rule.resolves,
        rule.enabled,
        rule.priority,
        by.id,
        rule.reading.as_ref().map(|reading| reading.id),
    )
    .execute(&mut **tx)
    .await
    .on_constraint("clinical_rule_name_unique", || Error::Conflict(TAKEN.to_owned()))?
    .rows_affected();
    Ok(rows == 1)
}

/// Lets the exceptions from a rule say what it says now, but for what they say otherwise: limit, number, window, severity, and whether at all.
///
/// # Errors
/// Where the database does not answer.
pub async fn follow(tx: &mut Tx, by: &By, id: RuleId, rule: &Definition) -> Result<()> {
    sqlx::query!(
        "UPDATE clinical_rule SET name = $3, description = $4, action = $5, action_params = $6, content_id = $7, resolves = $8, priority = $9, updated_by_id = $10
          WHERE organization_id = $1 AND overrides_id = $2 AND deleted_at IS NULL
            AND (name, description, action, action_params, content_id, resolves, priority) IS DISTINCT FROM ($3, $4, $5, $6, $7, $8, $9)",
        by.organization.uuid(),
        id.uuid(),
        rule.name,
        rule.description,
        rule.action.as_str(),
        params(rule),
        rule.reading.as_ref().map(|reading| reading.id),
        rule.resolves,
        rule.priority,
        by.id,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends an exception. False where somebody else was quicker, or this person may not.
///
/// # Errors
/// Where the database does not answer or refuses.
pub async fn end(tx: &mut Tx, by: &By, id: RuleId, version: i64) -> Result<bool> {
    let rows = sqlx::query!(
        "UPDATE clinical_rule SET deleted_at = NOW(), deleted_by_id = $4, updated_by_id = $4
          WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND deleted_at IS NULL AND overrides_id IS NOT NULL",
        by.organization.uuid(),
        id.uuid(),
        version,
        by.id,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(rows == 1)
}
