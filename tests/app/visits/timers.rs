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
