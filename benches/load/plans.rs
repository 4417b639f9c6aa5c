//! What is asked: the pages of a clinician's and of a chair's day, for the people, alerts and cases of each one's own facility.

use anyhow::{Context as _, Result, ensure};
use sqlx::PgConnection;

use super::database::pairs;
use super::http::Connection;
use super::measure::Plan;

/// Fragments are asked for as htmx asks.
const HTMX: &str = "hx-request: true\r\nhx-request-type: partial\r\n";
/// Different records per connection: enough that no answer comes from a processor's cache.
pub const SAMPLE: u32 = 400;
/// Names that are looked for.
const NAMES: [&str; 12] =
    ["smith", "kha", "patel a", "okafor", "lindq", "o'brien", "garcia", "nov", "thompson", "mens", "ward", "kowal"];

/// The triage page with fifty rows.
pub fn triage(connections: &[Connection]) -> Vec<Plan> {
    connections.iter().map(|connection| plan(vec![connection.get("/alerts?rows=50", "")], 200)).collect()
}

/// Charts of patients of each facility; `heavy` are those with five hundred alerts.
pub async fn charts(
    conn: &mut PgConnection,
    connections: &[Connection],
    emails: &[String],
    heavy: bool,
) -> Result<Vec<Plan>> {
    let history = if heavy { "HAVING count(*) >= 500" } else { "HAVING count(*) BETWEEN 1 AND 20" };
    let sql = format!(
        "SELECT u.email, p.id::text FROM (SELECT organization_id, facility_id, patient_id AS id, row_number() OVER (PARTITION BY facility_id) AS place
         FROM alert WHERE patient_id IS NOT NULL GROUP BY 1, 2, 3 {history}) AS p
         JOIN membership AS m ON m.organization_id = p.organization_id AND m.facility_id = p.facility_id
         JOIN app_user AS u ON u.organization_id = m.organization_id AND u.id = m.user_id WHERE u.email LIKE 'bench%' AND p.place <= {SAMPLE}"
    );
    let found = pairs(conn, &sql).await?;
    let of = |email: &String, connection: &Connection| {
        let requests: Vec<_> = found
            .iter()
            .filter(|(owner, _)| owner == email)
            .map(|(_, id)| connection.get(&format!("/patients/{id}"), ""))
            .collect();
        plan(requests, 200)
    };
    complete(emails.iter().zip(connections).map(|(email, connection)| of(email, connection)).collect())
}

/// Searches by name: what was typed is posted once, the page of results is asked for again and again.
pub async fn searches(connections: &mut [Connection]) -> Result<Vec<Plan>> {
    let mut plans = Vec::new();
    for connection in connections {
        let mut requests = Vec::new();
        for name in NAMES {
            let search = connection.post("/patients/search", &format!("q={}", name.replace(' ', "+")), "");
            let reply = connection.exchange(&search).await?;
            let head = connection.text(reply).0;
            let place = head
                .lines()
                .find_map(|line| line.strip_prefix("location: "))
                .context("a search leads nowhere")?
                .trim()
                .to_owned();
            requests.push(connection.get(&place, ""));
        }
        plans.push(plan(requests, 200));
    }
    Ok(plans)
}

/// Acknowledgements of alerts that nobody has taken notice of, each once.
pub async fn acknowledgements(
    conn: &mut PgConnection,
    connections: &[Connection],
    emails: &[String],
) -> Result<Vec<Plan>> {
    let sql = "SELECT u.email, a.id || ' ' || a.row_version FROM alert AS a
               JOIN membership AS m ON m.organization_id = a.organization_id AND m.facility_id = a.facility_id
               JOIN app_user AS u ON u.organization_id = m.organization_id AND u.id = m.user_id
               WHERE a.is_open AND a.status = 'ACTIVE' AND u.email LIKE 'bench%' ORDER BY a.severity_rank DESC, a.raised_at DESC";
    let found = pairs(conn, sql).await?;
    let of = |email: &String, connection: &Connection| {
        let mine = found.iter().filter(|(owner, _)| owner == email);
        let requests = mine.filter_map(|(_, alert)| {
            let (id, version) = alert.split_once(' ')?;
            Some(connection.post(&format!("/alerts/{id}/acknowledgement"), &format!("row_version={version}"), HTMX))
        });
        Plan { requests: requests.collect(), status: 200, once: true }
    };
    complete(emails.iter().zip(connections).map(|(email, connection)| of(email, connection)).collect())
}

/// The list of open cases with fifty rows.
pub fn case_lists(connections: &[Connection]) -> Vec<Plan> {
    connections.iter().map(|connection| plan(vec![connection.get("/cases?view=open&rows=50", "")], 200)).collect()
}

/// Cases of each chair's facility, in all states.
pub async fn cases(conn: &mut PgConnection, connections: &[Connection], emails: &[String]) -> Result<Vec<Plan>> {
    let sql = format!(
        "SELECT u.email, c.id::text FROM app_user AS u
         JOIN membership AS m ON m.organization_id = u.organization_id AND m.user_id = u.id AND m.role = 'CHAIR'
         CROSS JOIN LATERAL (SELECT c.id FROM cases AS c WHERE c.organization_id = m.organization_id AND c.facility_id = m.facility_id
                             ORDER BY md5(c.id::text) LIMIT {SAMPLE}) AS c
         WHERE u.email LIKE 'chair.%@bench.example.com'"
    );
    let found = pairs(conn, &sql).await?;
    let of = |email: &String, connection: &Connection| {
        let mine = found.iter().filter(|(owner, _)| owner == email);
        plan(mine.map(|(_, id)| connection.get(&format!("/cases/{id}"), "")).collect(), 200)
    };
    complete(emails.iter().zip(connections).map(|(email, connection)| of(email, connection)).collect())
}

/// Requests that are good again and again.
pub fn plan(requests: Vec<Vec<u8>>, status: u16) -> Plan {
    Plan { requests, status, once: false }
}

/// All plans, where each has something to ask for.
pub fn complete(plans: Vec<Plan>) -> Result<Vec<Plan>> {
    ensure!(plans.iter().all(|plan| !plan.requests.is_empty()), "the database holds nothing to ask for");
    Ok(plans)
}
