//! What became of rules: how they were, and what they have done.

use serde_json::Value;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrganizationId, PatientId, RuleId};

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
    /// The version that was looked at.
    pub version: i64,
    /// Whether that was an exception.
    pub excepted: bool,
    /// What came of it.
    pub outcome: String,
    /// The alert.
    pub alert: Option<Uuid>,
    /// What was given with it: see [`super::model::Given`].
    pub given: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// What a rule and its exceptions have done of late, where it was more than nothing: of each the latest, from an index of just these.
///
/// # Errors
/// Where the database does not answer.
pub async fn runs(tx: &mut Tx, organization: OrganizationId, id: RuleId, most: i64) -> Result<Vec<Run>> {
    Ok(sqlx::query_as!(
        Run,
        r#"SELECT e.executed_at AS "at: Timestamp", e.patient_id AS "patient: PatientId", p.last_name, p.first_name, e.rule_version AS version,
                  r.overrides_id IS NOT NULL AS "excepted!", e.outcome, e.alert_id AS alert, e.result ->> 'given' AS given, e.result ->> 'error' AS error
             FROM clinical_rule AS r
            CROSS JOIN LATERAL (
                SELECT e.id, e.executed_at, e.patient_id, e.rule_version, e.outcome, e.alert_id, e.result FROM rule_execution AS e
                 WHERE e.organization_id = $1 AND e.rule_id = r.id AND e.outcome <> 'NOTHING'
                 ORDER BY e.executed_at DESC LIMIT $3) AS e
             JOIN patient AS p ON p.organization_id = $1 AND p.id = e.patient_id
            WHERE r.organization_id = $1 AND r.root_id = $2
            ORDER BY e.executed_at DESC, e.id LIMIT $3"#,
        organization.uuid(),
        id.uuid(),
        most,
    )
    .fetch_all(&mut **tx)
    .await?)
}

/// Counts stop here.
const CAP: i64 = 1_000;

/// How often a rule and its exceptions were looked at in 30 days, and what came of it; each up to a thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Looks.
    pub looked: i64,
    /// Looks that raised an alert or counted it up.
    pub fired: i64,
    /// Alerts that ended by themselves.
    pub recovered: i64,
    /// Alerts held back.
    pub held: i64,
    /// Looks that failed.
    pub failed: i64,
    /// Of them those of the last three hours, in which it is tried again.
    pub failing: i64,
}

impl Counts {
    /// "Looked at 412 times in 30 days: fired 9 times, recovered 3 times, failed once."
    #[must_use]
    pub fn words(self) -> String {
        let times = |count: i64| match count {
            1 => "once".to_owned(),
            CAP.. => "1,000 times or more".to_owned(),
            count => format!("{count} times"),
        };
        if self.looked == 0 {
            return "Not looked at in 30 days.".to_owned();
        }
        let others = [("recovered", self.recovered), ("held back", self.held), ("failed", self.failed)];
        let fired = if self.fired == 0 { "never fired".to_owned() } else { format!("fired {}", times(self.fired)) };
        let others = others.into_iter().filter(|(_, count)| *count > 0);
        let parts: Vec<_> =
            std::iter::once(fired).chain(others.map(|(word, count)| format!("{word} {}", times(count)))).collect();
        format!("Looked at {} in 30 days: {}.", times(self.looked), parts.join(", "))
    }
}

/// How often a rule and its exceptions were looked at in 30 days.
///
/// # Errors
/// Where the database does not answer.
pub async fn counts(tx: &mut Tx, organization: OrganizationId, id: RuleId) -> Result<Counts> {
    Ok(sqlx::query_as!(
        Counts,
        r#"SELECT (SELECT COUNT(*) FROM (SELECT FROM clinical_rule AS r
                                           JOIN rule_execution AS e ON e.organization_id = $1 AND e.rule_id = r.id AND e.executed_at > NOW() - INTERVAL '30 days'
                                          WHERE r.organization_id = $1 AND r.root_id = $2 LIMIT $3) AS seen) AS "looked!",
                  COUNT(*) FILTER (WHERE n.outcome IN ('RAISED', 'REPEATED')) AS "fired!", COUNT(*) FILTER (WHERE n.outcome = 'RECOVERED') AS "recovered!",
                  COUNT(*) FILTER (WHERE n.outcome = 'HELD_BACK') AS "held!", COUNT(*) FILTER (WHERE n.outcome = 'FAILED') AS "failed!",
                  COUNT(*) FILTER (WHERE n.outcome = 'FAILED' AND n.executed_at > NOW() - INTERVAL '3 hours') AS "failing!"
             FROM (SELECT e.outcome, e.executed_at FROM clinical_rule AS r
                     JOIN rule_execution AS e ON e.organization_id = $1 AND e.rule_id = r.id AND e.outcome <> 'NOTHING' AND e.executed_at > NOW() - INTERVAL '30 days'
                    WHERE r.organization_id = $1 AND r.root_id = $2 LIMIT $3) AS n"#,
        organization.uuid(),
        id.uuid(),
        CAP,
    )
    .fetch_one(&mut **tx)
    .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_often_and_stops_counting() {
        assert_eq!(Counts::default().words(), "Not looked at in 30 days.");
        let quiet = Counts { looked: 1, ..Counts::default() };
        assert_eq!(quiet.words(), "Looked at once in 30 days: never fired.");
        let busy = Counts { looked: CAP, fired: 9, recovered: 3, held: 0, failed: 1, failing: 0 };
        assert_eq!(
            busy.words(),
            "Looked at 1,000 times or more in 30 days: fired 9 times, recovered 3 times, failed once."
        );
    }
}
