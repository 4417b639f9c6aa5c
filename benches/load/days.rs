//! What is asked of visits, messages and readings: pages of the clinician's own facility, and the home of patients.

use anyhow::Result;
use sqlx::PgConnection;

use super::database::pairs;
use super::http::Connection;
use super::measure::Plan;
use super::plans::{SAMPLE, complete, plan};

/// Each clinician's own facility, by the address of the account.
const OWN: &str = "app_user AS u JOIN membership AS m ON m.organization_id = u.organization_id AND m.user_id = u.id AND m.role = 'CLINICIAN' AND m.facility_id IS NOT NULL";

/// Asks for the paths that belong to each address.
fn by_owner(connections: &[Connection], emails: &[String], found: &[(String, String)]) -> Result<Vec<Plan>> {
    let of = |email: &String, connection: &Connection| {
        let mine = found.iter().filter(|(owner, _)| owner == email);
        plan(mine.map(|(_, path)| connection.get(path, "")).collect(), 200)
    };
    complete(emails.iter().zip(connections).map(|(email, connection)| of(email, connection)).collect())
}

/// The full weeks of everybody who sees patients at the facility, the latest first.
pub async fn weeks(conn: &mut PgConnection, connections: &[Connection], emails: &[String]) -> Result<Vec<Plan>> {
    let sql = format!(
        "SELECT u.email, '/schedule?date=' || w.day || '&provider=' || w.staff_id FROM {OWN}
         CROSS JOIN LATERAL (SELECT s.id AS staff_id, date_trunc('week', v.start_time)::date AS day FROM staff AS s
                             JOIN visit AS v ON v.organization_id = s.organization_id AND v.staff_id = s.id
                             WHERE s.organization_id = m.organization_id AND s.facility_id = m.facility_id AND v.start_time > now() - INTERVAL '60 days'
                             GROUP BY 1, 2 HAVING count(*) >= 60 ORDER BY 2 DESC, 1 LIMIT {SAMPLE}) AS w
         WHERE u.email LIKE 'bench%'"
    );
    by_owner(connections, emails, &pairs(conn, &sql).await?)
}

/// The queue of requests.
pub fn requests(connections: &[Connection]) -> Vec<Plan> {
    connections.iter().map(|connection| plan(vec![connection.get("/visit-requests", "")], 200)).collect()
}

/// The lists of the inbox in turn: who waits, what nobody has, all that is open, what is closed.
pub fn inboxes(connections: &[Connection]) -> Vec<Plan> {
    let views = ["waiting", "unassigned", "team", "closed"];
    let of = |connection: &Connection| {
        plan(views.iter().map(|view| connection.get(&format!("/threads?view={view}"), "")).collect(), 200)
    };
    connections.iter().map(of).collect()
}

/// Conversations of the facility, open and closed.
pub async fn threads(conn: &mut PgConnection, connections: &[Connection], emails: &[String]) -> Result<Vec<Plan>> {
    let sql = format!(
        "SELECT u.email, '/threads/' || t.id FROM {OWN}
         CROSS JOIN LATERAL (SELECT t.id FROM thread AS t WHERE t.organization_id = m.organization_id AND t.facility_id = m.facility_id
                             ORDER BY md5(t.id::text) LIMIT {SAMPLE}) AS t
         WHERE u.email LIKE 'bench%'"
    );
    by_owner(connections, emails, &pairs(conn, &sql).await?)
}

/// Patients of the facility who have a reading every five minutes: their summary, or their chart of a year.
pub async fn sensors(
    conn: &mut PgConnection,
    connections: &[Connection],
    emails: &[String],
    year: bool,
) -> Result<Vec<Plan>> {
    let rest = if year { "/vitals/glucose?days=365" } else { "" };
    let sql = format!(
        "SELECT u.email, '/patients/' || p.id || '{rest}' FROM {OWN}
         JOIN patient AS p ON p.organization_id = m.organization_id AND p.facility_id = m.facility_id
         JOIN (SELECT organization_id, patient_id FROM observation WHERE code = 'GLUCOSE' AND effective_at >= (SELECT max(effective_at) - INTERVAL '20 minutes' FROM observation)
               GROUP BY 1, 2 HAVING count(*) >= 3) AS o ON o.organization_id = p.organization_id AND o.patient_id = p.id
         WHERE u.email LIKE 'bench%'"
    );
    by_owner(connections, emails, &pairs(conn, &sql).await?)
}

/// Accounts of patients who have a visit before them.
pub async fn patients(conn: &mut PgConnection, count: usize) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT u.email, '' FROM portal_account AS a JOIN app_user AS u ON u.organization_id = a.organization_id AND u.id = a.user_id
         WHERE u.email LIKE 'patient.%@bench.example.com'
           AND EXISTS (SELECT FROM visit AS v WHERE v.organization_id = a.organization_id AND v.patient_id = a.patient_id AND v.status = 'PLANNED')
         ORDER BY u.email LIMIT {count}"
    );
    Ok(pairs(conn, &sql).await?.into_iter().map(|(email, _)| email).collect())
}

/// The first page of the portal.
pub fn homes(connections: &[Connection]) -> Vec<Plan> {
    connections.iter().map(|connection| plan(vec![connection.get("/my", "")], 200)).collect()
}
