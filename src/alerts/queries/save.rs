//! Keeping the state of an alert: what changes when it moves, and how it was before.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::PgConnection;
use uuid::Uuid;

use super::row::Row;
use crate::alerts::model::{Alert, AlertReason, AlertStatus, Closure, State};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::events::By;
use crate::ids::{AlertId, OrganizationId, RequestId, UserId};

/// The columns that moves change. As JSON they are what the audit keeps, and what undo restores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    status: AlertStatus,
    assignee_id: Option<UserId>,
    acknowledged_at: Option<Timestamp>,
    acknowledged_by_id: Option<UserId>,
    ack_expires_at: Option<Timestamp>,
    snoozed_until: Option<Timestamp>,
    resolved_at: Option<Timestamp>,
    resolved_by_id: Option<UserId>,
    reason_code: Option<AlertReason>,
    reason_text: Option<String>,
}

impl Columns {
    /// As they are.
    #[must_use]
    pub fn of(row: &Row) -> Self {
        Self {
            status: row.status,
            assignee_id: row.assignee_id,
            acknowledged_at: row.acknowledged_at,
            acknowledged_by_id: row.acknowledged_by,
            ack_expires_at: row.ack_expires_at,
            snoozed_until: row.snoozed_until,
            resolved_at: row.resolved_at,
            resolved_by_id: row.resolved_by,
            reason_code: row.reason_code,
            reason_text: row.reason_text.clone(),
        }
    }

    /// As they will be when the alert stands as `alert` says. What an acknowledgement or a snooze left behind stays
    /// under the next state, so that undo finds it; an alert that is new again has left everything behind.
    #[must_use]
    pub fn moved(&self, alert: &Alert) -> Self {
        let mut next = Self { assignee_id: alert.assignee, status: alert.state.status(), ..self.clone() };
        match &alert.state {
            State::Active => {
                next = Self { reason_text: self.reason_text.clone(), ..Self::fresh(next.assignee_id) };
            }
            State::Acknowledged { by, at } => {
                next.acknowledged_by_id = Some(*by);
                next.acknowledged_at = Some(*at);
                next.ack_expires_at = alert.severity.acknowledgement_holds().map(|holds| *at + holds);
            }
            State::Snoozed { until, .. } => next.snoozed_until = Some(*until),
            State::Resolved(closure) | State::Dismissed(closure) => next.close(closure),
        }
        next
    }

    /// With the reason for which it was opened again.
    #[must_use]
    pub fn because(self, reason: String) -> Self {
        Self { reason_text: Some(reason), ..self }
    }

    /// The alert with these columns, as `by` left it. The name of a new assignee is not known here.
    #[must_use]
    pub fn onto(self, row: &Row, by: &By, row_version: i64) -> Row {
        let stays = self.assignee_id == row.assignee_id;
        Row {
            row_version,
            moved_by: if self.status == row.status { row.moved_by } else { by.user() },
            status: self.status,
            assignee_id: self.assignee_id,
            assignee_first: row.assignee_first.clone().filter(|_| stays),
            assignee_last: row.assignee_last.clone().filter(|_| stays),
            acknowledged_at: self.acknowledged_at,
            acknowledged_by: self.acknowledged_by_id,
            ack_expires_at: self.ack_expires_at,
            snoozed_until: self.snoozed_until,
            resolved_at: self.resolved_at,
            resolved_by: self.resolved_by_id,
            reason_code: self.reason_code,
            reason_text: self.reason_text,
            ..row.clone()
        }
    }

    /// What differs: `{"status": {"before": …, "after": …}}`.
    ///
    /// # Errors
    /// Never in practice: the columns are plain JSON.
    pub fn changes(&self, after: &Self) -> Result<Value> {
        let (before, after) = (object(self)?, object(after)?);
        let changed = before.into_iter().filter_map(|(name, before)| {
            let after = after.get(&name).cloned().unwrap_or_default();
            (before != after).then(|| (name, serde_json::json!({ "before": before, "after": after })))
        });
        Ok(Value::Object(changed.collect()))
    }

    /// As they were before `changes`.
    ///
    /// # Errors
    /// Where the audit holds something else.
    pub fn before(&self, changes: &Value) -> Result<Self> {
        let mut columns = object(self)?;
        for (name, change) in changes.as_object().into_iter().flatten() {
            columns.insert(name.clone(), change.get("before").cloned().unwrap_or_default());
        }
        Ok(serde_json::from_value(Value::Object(columns))?)
    }

    fn close(&mut self, closure: &Closure) {
        self.resolved_by_id = Some(closure.by);
        self.resolved_at = Some(closure.at);
        self.reason_code = Some(closure.reason.code);
        self.reason_text.clone_from(&closure.reason.text);
    }

    const fn fresh(assignee_id: Option<UserId>) -> Self {
        Self {
            status: AlertStatus::Active,
            assignee_id,
            acknowledged_at: None,
            acknowledged_by_id: None,
            ack_expires_at: None,
            snoozed_until: None,
            resolved_at: None,
            resolved_by_id: None,
            reason_code: None,
            reason_text: None,
        }
    }
}

fn object(columns: &Columns) -> Result<Map<String, Value>> {
    match serde_json::to_value(columns)? {
        Value::Object(map) => Ok(map),
        _ => Err(anyhow::anyhow!("columns are an object").into()),
    }
}

/// Writes the columns of an alert that this transaction has locked, and the move into its history. One statement.
///
/// # Errors
/// Where the database does not answer or its own state machine refuses.
pub async fn save(conn: &mut PgConnection, by: &By, row: &Row, next: &Columns) -> Result<i64> {
    sqlx::query_scalar!(
        r#"WITH moved AS (
               UPDATE alert SET status = $4, assignee_id = $5, acknowledged_at = $6, acknowledged_by_id = $7, ack_expires_at = $8,
                                snoozed_until = $9, resolved_at = $10, resolved_by_id = $11, reason_code = $12, reason_text = $13
               WHERE organization_id = $1 AND id = $2 AND row_version = $3
               RETURNING row_version, status, patient_id, facility_id, reason_text),
           noted AS (
               INSERT INTO status_change (organization_id, id, subject_kind, subject_id, patient_id, facility_id, from_status, to_status,
                                          changed_by_id, reason)
               SELECT $1, $14, 'alert', $2, patient_id, facility_id, $15, status, $16, CASE WHEN $17 THEN reason_text END
               FROM moved WHERE status <> $15)
           SELECT row_version FROM moved"#,
        by.organization.uuid(),
        row.id.uuid(),
        row.row_version,
        next.status.as_str(),
        next.assignee_id.map(UserId::uuid),
        next.acknowledged_at as Option<Timestamp>,
        next.acknowledged_by_id.map(UserId::uuid),
        next.ack_expires_at as Option<Timestamp>,
        next.snoozed_until as Option<Timestamp>,
        next.resolved_at as Option<Timestamp>,
        next.resolved_by_id.map(UserId::uuid),
        next.reason_code.map(AlertReason::as_str),
        next.reason_text,
        crate::ids::new_uuid(),
        row.status.as_str(),
        by.user().map(UserId::uuid),
        next.reason_text != row.reason_text,
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound)
}

/// What one person last did to an alert, if it was within the time in which it can be undone.
#[derive(Debug)]
pub struct LastMove {
    /// Columns before and after.
    pub changes: Value,
    /// The version that it left behind.
    pub row_version: Option<i64>,
}

/// What `user` last did to this alert within the last ten seconds by the database's clock.
///
/// # Errors
/// Where the database does not answer.
pub async fn last_move(
    conn: &mut PgConnection,
    organization: Uuid,
    alert: AlertId,
    user: UserId,
) -> Result<Option<LastMove>> {
    Ok(sqlx::query_as!(
        LastMove,
        r#"SELECT changes AS "changes!", (details ->> 'row_version')::bigint AS row_version FROM audit_event
           WHERE organization_id = $1 AND resource_id = $2 AND action <> 'VIEW' AND actor_id = $3 AND resource_type = 'alert'
             AND at > clock_timestamp() - INTERVAL '10 seconds' AND changes IS NOT NULL AND details ? 'undo'
           ORDER BY at DESC LIMIT 1"#,
        organization,
        alert.uuid(),
        user.uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// The alerts that `user` moved together in `request`; none where it was somebody else, or longer ago than undo reaches.
///
/// # Errors
/// Where the database does not answer.
pub async fn batch(
    conn: &mut PgConnection,
    organization: OrganizationId,
    request: RequestId,
    user: UserId,
) -> Result<Option<Vec<Uuid>>> {
    let ids = sqlx::query_scalar!(
        r#"SELECT ARRAY(SELECT jsonb_array_elements_text(details -> 'alerts')::uuid) AS "ids!" FROM audit_event
           WHERE organization_id = $1 AND resource_id = $2 AND action <> 'VIEW' AND resource_type = 'alert_batch' AND actor_id = $3"#,
        organization.uuid(),
        request.uuid(),
        user.uuid(),
    );
    Ok(ids.fetch_optional(conn).await?)
}
