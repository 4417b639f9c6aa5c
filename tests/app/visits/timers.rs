//! What the timers do, by the database's clock.

use std::time::Duration;

use almoner::jobs::{self, Worker};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{ask, demo, offer, status_of_request, value};
use crate::support::Portal;

/// A statement about one record that the rules of its table would not have.
pub(super) async fn past_the_rules(portal: &Portal, table: &str, sql: &str, id: Uuid) {
    let mut conn = portal.admin.acquire().await.expect("a connection");
    crate::support::run(&mut *conn, &format!("ALTER TABLE {table} DISABLE TRIGGER USER")).await;
    value(portal, sql, id).await;
    crate::support::run(&mut *conn, &format!("ALTER TABLE {table} ENABLE TRIGGER USER")).await;
}

/// Runs one timer's job for the demo's first organization.
async fn run(portal: &Portal, kind: &str) {
    sqlx::query!(
        "INSERT INTO job (id, organization_id, kind) VALUES ($1, $2, $3)",
        almoner::ids::new_uuid(),
        demo(1, 1),
        kind
    )
    .execute(&portal.admin)
    .await
    .expect("a job");
    let stop = CancellationToken::new();
    let worker = Worker::new(portal.app.clone(), jobs::work::all()).run(stop.clone());
    let done = async {
        loop {
            let states = sqlx::query_scalar!("SELECT state FROM job WHERE kind = $1", kind)
                .fetch_all(&portal.admin)
                .await
                .expect("jobs");
            if states.iter().all(|state| state == "DONE") {
                break;
            }
            assert!(states.iter().all(|state| state != "DEAD"), "{kind}");
            sleep(Duration::from_millis(50)).await;
        }
        stop.cancel();
    };
    timeout(Duration::from_secs(20), async { tokio::join!(worker, done) }).await.expect("the job ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_ends_returns_the_request_and_frees_the_time() {
    let portal = Portal::start().await;
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("assistant").await);
    let id = ask(&phone).await;
    offer(&desk, id).await;
    run(&portal, "visits.holds").await;
    assert_eq!(status_of_request(&portal, id).await, "AWAITING_PATIENT_CONFIRMATION", "it has not ended");
    let slot: Uuid = value(&portal, "SELECT proposed_slot_id::text FROM visit_request WHERE id = $1", id)
        .await
        .parse()
        .expect("a slot");
    past_the_rules(
        &portal,
        "slot",
        "UPDATE slot SET held_until = now() - INTERVAL '1 second' WHERE id = $1 RETURNING id::text",
        slot,
    )
    .await;
    sqlx::query!("DELETE FROM job").execute(&portal.admin).await.expect("no jobs");
    run(&portal, "visits.holds").await;
    assert_eq!(status_of_request(&portal, id).await, "TRIAGED");
    assert_eq!(value(&portal, "SELECT status FROM slot WHERE id = $1", slot).await, "FREE");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_and_visits_that_nobody_marked_are_brought_to_mind_once() {
    let portal = Portal::start().await;
    let phone = portal.sign_in("patient").await;
    let id = ask(&phone).await;
    let old = "UPDATE visit_request SET created_at = now() - INTERVAL '9 hours', requested_date = CURRENT_DATE - 2 WHERE id = $1 RETURNING id::text";
    past_the_rules(&portal, "visit_request", old, id).await;
    let late = "INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, visit_type, visit_mode, start_time, end_time, overbook_reason)
                SELECT organization_id, gen_random_uuid(), facility_id, id, (SELECT s.id FROM staff AS s WHERE s.organization_id = p.organization_id AND s.facility_id = p.facility_id ORDER BY s.id LIMIT 1),
                       'SCHEDULED', 'VIRTUAL', now() - INTERVAL '20 hours', now() - INTERVAL '19 hours', 'x' FROM patient AS p WHERE p.id = $1 RETURNING id::text";
    let missed: Uuid = value(&portal, late, demo(6, 4)).await.parse().expect("a visit");
    for _ in 0..2 {
        for kind in ["visits.remind", "visits.unmarked"] {
            sqlx::query!("DELETE FROM job").execute(&portal.admin).await.expect("no jobs");
            run(&portal, kind).await;
        }
    }
    for key in [format!("visit-request:{id}"), format!("visit-window:{id}")] {
        let sql = format!(
            "SELECT count(*)::text || ' ' || max(seen_count) FROM alert WHERE organization_id = $1 AND dedupe_key = '{key}'"
        );
        assert_eq!(value(&portal, &sql, demo(1, 1)).await, "1 1", "{key}");
    }
    let unmarked = "SELECT count(*)::text FROM alert WHERE organization_id = $1 AND type = 'VISITS_UNMARKED'";
    assert_eq!(value(&portal, unmarked, demo(1, 1)).await, "1");
    assert_eq!(super::status_of_visit(&portal, missed).await, "PLANNED", "a timer reproaches nobody");
}

/// What Ms Reyes is to be told of a visit: which reminders, in what state, how often.
async fn reminders(portal: &Portal, visit: Uuid) -> String {
    let sql = "SELECT string_agg(w, ' ' ORDER BY w) FROM (SELECT replace(n.idempotency_key, n.subject_id::text, 'V') || '=' || n.status || count(*) AS w FROM notification AS n
               JOIN app_user AS u ON u.id = n.recipient_id WHERE n.subject_id = $1 AND n.kind = 'visit.reminder' AND n.channel = 'IN_APP' AND u.email = 'patient@example.com' GROUP BY n.idempotency_key, n.subject_id, n.status) AS told";
    value(portal, sql, visit).await
}

#[tokio::test(flavor = "multi_thread")]
async fn patients_are_reminded_a_day_and_two_hours_before_and_of_nothing_that_was_cancelled() {
    let portal = Portal::start().await;
    let desk = portal.sign_in("assistant").await;
    let insert = |ahead: &str| {
        format!("INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, visit_type, visit_mode, start_time, end_time, overbook_reason, created_at)
                 SELECT organization_id, gen_random_uuid(), facility_id, id, (SELECT s.id FROM staff AS s WHERE s.organization_id = p.organization_id AND s.facility_id = p.facility_id ORDER BY s.id LIMIT 1),
                        'SCHEDULED', 'IN_PERSON', now() + INTERVAL '{ahead}', now() + INTERVAL '{ahead}' + INTERVAL '1 hour', 'x', now() - INTERVAL '9 days' FROM patient AS p WHERE p.id = $1 RETURNING id::text")
    };
    let mut visits = Vec::new();
    for ahead in ["20 hours", "90 minutes", "50 hours", "10 hours"] {
        visits.push(value(&portal, &insert(ahead), demo(6, 4)).await.parse::<Uuid>().expect("a visit"));
    }
    let [day, soon, far, cancelled] = visits[..] else { panic!("four visits") };
    let version = desk.get(&format!("/visits/{cancelled}")).await.field("row_version");
    desk.post(&format!("/visits/{cancelled}/cancellation"), &[("row_version", &*version), ("reason", "x")]).await;
    for _ in 0..2 {
        sqlx::query!("DELETE FROM job").execute(&portal.admin).await.expect("no jobs");
        run(&portal, "visits.reminders").await;
    }
    assert_eq!(reminders(&portal, day).await, "visit.reminder:V=SENT1");
    assert_eq!(reminders(&portal, soon).await, "visit.reminder:V:2h=SENT1", "not twice at once");
    assert_eq!(reminders(&portal, far).await, "");
    assert_eq!(reminders(&portal, cancelled).await, "");
    // What is cancelled later is taken back where nobody has read it yet; what was planned here reminds by itself.
    let version = desk.get(&format!("/visits/{day}")).await.field("row_version");
    desk.post(&format!("/visits/{day}/cancellation"), &[("row_version", &*version), ("reason", "x")]).await;
    assert_eq!(reminders(&portal, day).await, "visit.reminder:V=CANCELLED1");
    let phone = portal.sign_in("patient").await;
    let id = ask(&phone).await;
    super::offer(&desk, id).await;
    let own = demo(6, 4).to_string();
    let visit = super::visit_of(&phone.post(&format!("/my/offers/{id}/acceptance"), &[("patient", &own)]).await);
    assert_eq!(reminders(&portal, visit).await, "visit.reminder:V:2h=QUEUED1 visit.reminder:V=QUEUED1");
    sqlx::query!("DELETE FROM job").execute(&portal.admin).await.expect("no jobs");
    run(&portal, "visits.reminders").await;
    assert_eq!(reminders(&portal, visit).await, "visit.reminder:V:2h=QUEUED1 visit.reminder:V=QUEUED1");
}
