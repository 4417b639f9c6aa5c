//! Rules as they are kept: list, one, changes, history.

use serde_json::Value;
use uuid::Uuid;

use super::model::{ActionParams, Condition, Definition, Op, RuleAction, Severity, Subject};
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
                      r.resolves, r.enabled, r.priority, r.row_version AS version, r.updated_at AS "updated_at: Timestamp",
                      (SELECT COUNT(*) FROM clinical_rule AS x WHERE x.organization_id = r.organization_id AND x.overrides_id = r.id AND x.deleted_at IS NULL) AS "exceptions!",
                      (SELECT COUNT(*) FROM (SELECT FROM rule_execution AS e WHERE e.organization_id = r.organization_id AND e.rule_id = r.id AND e.triggered
                          AND e.outcome = 'RAISED' AND e.executed_at > NOW() - INTERVAL '30 days' LIMIT 1000) AS fired) AS "raised!"
                 FROM clinical_rule AS r LEFT JOIN facility AS f ON f.organization_id = r.organization_id AND f.id = r.facility_id
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
    serde_json::to_value(ActionParams { text: rule.advice.clone(), role: rule.doer }).unwrap_or_default()
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
                                    window_days, severity, action, action_params, resolves, enabled, priority, created_by_id, updated_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20)",
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
                action_params = $11, resolves = $12, enabled = $13, priority = $14, updated_by_id = $15
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
    )
    .execute(&mut **tx)
    .await
    .on_constraint("clinical_rule_name_unique", || Error::Conflict(TAKEN.to_owned()))?
    .rows_affected();
    Ok(rows == 1)
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

/// A rule as it was.
#[derive(Debug)]
pub struct Version {
    /// Which.
    pub version: i64,
    /// From when on.
    pub at: Timestamp,
    /// Who made it so.
    pub who: Option<String>,
    pub(super) definition: Value,
}

/// How a rule was, the latest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn versions(tx: &mut Tx, organization: OrganizationId, id: RuleId) -> Result<Vec<Version>> {
    Ok(sqlx::query_as!(
        Version,
        r#"SELECT v.version, v.made_at AS "at: Timestamp", u.first_name || ' ' || u.last_name AS who, v.definition
             FROM clinical_rule_version AS v LEFT JOIN app_user AS u ON u.organization_id = v.organization_id AND u.id = v.made_by_id
            WHERE v.organization_id = $1 AND v.rule_id = $2 ORDER BY v.version DESC LIMIT 100"#,
        organization.uuid(),
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// What a rule has done.
#[derive(Debug)]
pub struct Run {
    /// When.
    pub at: Timestamp,
    /// For whom.
    pub patient: PatientId,
    /// Their family name.
    pub last_name: String,
    /// Their given name.
    pub first_name: String,
    /// Its version then.
    pub version: i64,
    /// What came of it.
    pub outcome: String,
    /// The alert.
    pub alert: Option<Uuid>,
}

/// What a rule and its exceptions have done of late, where it was more than nothing.
///
/// # Errors
/// Where the database does not answer.
pub async fn runs(tx: &mut Tx, organization: OrganizationId, id: RuleId, most: i64) -> Result<Vec<Run>> {
    Ok(sqlx::query_as!(
        Run,
        r#"SELECT e.executed_at AS "at: Timestamp", e.patient_id AS "patient: PatientId", p.last_name, p.first_name, e.rule_version AS version,
                  e.outcome, e.alert_id AS alert
             FROM rule_execution AS e JOIN patient AS p ON p.organization_id = e.organization_id AND p.id = e.patient_id
            WHERE e.organization_id = $1 AND e.rule_id = $2 AND e.outcome <> 'NOTHING'
            ORDER BY e.executed_at DESC, e.id LIMIT $3"#,
        organization.uuid(),
        id.uuid(),
        most,
    )
    .fetch_all(&mut **tx)
    .await?)
}
