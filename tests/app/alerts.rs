//! The queue and what is done in it, asked over HTTP.

mod forms;
mod list;
mod moves;

use uuid::Uuid;

use crate::support::{Browser, Portal, Reply};

/// An alert of the demo as the database has it.
#[derive(Debug)]
struct Found {
    id: Uuid,
    row_version: i64,
    status: String,
    severity: String,
    assignee_id: Option<Uuid>,
}

/// The state of one alert.
async fn state(portal: &Portal, id: Uuid) -> Found {
    sqlx::query_as!(Found, "SELECT id, row_version, status, severity, assignee_id FROM alert WHERE id = $1", id)
        .fetch_one(&portal.admin)
        .await
        .expect("an alert")
}

/// An alert of the first organization whose patient is at the clinic of the demo clinician.
async fn one(portal: &Portal, status: &str, severity: &str) -> Found {
    sqlx::query_as!(
        Found,
        "SELECT a.id, a.row_version, a.status, a.severity, a.assignee_id FROM alert a
         JOIN facility f ON f.organization_id = a.organization_id AND f.id = a.facility_id
         WHERE a.status = $1 AND a.severity = $2 AND f.name LIKE 'Northgate%'
           AND a.organization_id = (SELECT organization_id FROM app_user WHERE email = 'clinician@example.com')
         ORDER BY a.number DESC LIMIT 1",
        status,
        severity,
    )
    .fetch_one(&portal.admin)
    .await
    .expect("the demo has such an alert")
}

/// The account of a demo person.
async fn account(portal: &Portal, name: &str) -> Uuid {
    sqlx::query_scalar!("SELECT id FROM app_user WHERE email = $1", format!("{name}@example.com"))
        .fetch_one(&portal.admin)
        .await
        .expect("an account")
}

/// Posts a form of one alert.
async fn act(browser: &Browser, alert: &Found, what: &str, fields: &[(&str, &str)]) -> Reply {
    let version = alert.row_version.to_string();
    let mut all = vec![("row_version", version.as_str()), ("back", "/alerts")];
    all.extend_from_slice(fields);
    browser.post(&format!("/alerts/{}/{what}", alert.id), &all).await
}
