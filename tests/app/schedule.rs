//! Timers, and the chores they start.

use std::time::Duration;

use almoner::access::Role;
use almoner::ids::new_uuid;
use almoner::jobs::{self, Handlers, Worker, schedule};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::{House, Portal};

async fn states(portal: &Portal, kind: &str) -> Vec<String> {
    sqlx::query_scalar!("SELECT state FROM job WHERE kind = $1 ORDER BY state", kind)
        .fetch_all(&portal.admin)
        .await
        .expect("jobs")
}

/// Does one chore of the machinery, as the worker does it.
async fn do_chore(portal: &Portal, kind: &str) {
    sqlx::query!("INSERT INTO job (id, kind) VALUES ($1, $2)", new_uuid(), kind)
        .execute(&portal.admin)
        .await
        .expect("a job");
    let stop = CancellationToken::new();
    let worker = Worker::new(portal.app.clone(), jobs::work::all()).run(stop.clone());
    let done = async {
        while states(portal, kind).await != ["DONE"] {
            sleep(Duration::from_millis(50)).await;
        }
        stop.cancel();
    };
    timeout(Duration::from_secs(30), async { tokio::join!(worker, done) }).await.expect("the chore ends");
}

#[tokio::test]
async fn a_timer_fires_once_across_replicas_and_once_for_each_organization() {
    let portal = Portal::start().await;
    House::build(&portal).await;
    let replica = portal.replica().await;
    let handlers = Handlers::new().on("audit.seal", |_, _| async { Ok(()) }).on("jobs.purge", |_, _| async { Ok(()) });
    let ticks = (0..8).map(|i| {
        let app = if i % 2 == 0 { portal.app.clone() } else { replica.app.clone() };
        let handlers = handlers.clone();
        tokio::spawn(async move { schedule::tick(&app, &handlers).await.unwrap() })
    });
    for tick in ticks.collect::<Vec<_>>() {
        tick.await.unwrap();
    }
    let organizations =
        sqlx::query_scalar!(r#"SELECT COUNT(*) AS "n!" FROM organization"#).fetch_one(&portal.admin).await.unwrap();
    assert_eq!(i64::try_from(states(&portal, "audit.seal").await.len()).unwrap(), organizations);
    assert_eq!(states(&portal, "jobs.purge").await, ["QUEUED"]);
    assert!(states(&portal, "alerts.wake").await.is_empty(), "nobody here does that work");

    // A turn later, what still waits is not added again.
    sqlx::query!("UPDATE job_schedule SET next_run_at = NOW()").execute(&portal.admin).await.unwrap();
    schedule::tick(&portal.app, &handlers).await.unwrap();
    assert_eq!(states(&portal, "jobs.purge").await, ["QUEUED"]);
}

#[tokio::test]
async fn what_is_done_goes_after_a_day_and_the_dead_stay_to_be_seen() {
    let portal = Portal::start().await;
    for (state, hours) in [("DONE", 48), ("DONE", 12), ("DEAD", 48), ("DEAD", 2_400)] {
        sqlx::query!(
            "INSERT INTO job (id, kind, state, finished_at) VALUES ($1, 'test.old', $2, NOW() - MAKE_INTERVAL(hours => $3))",
            new_uuid(),
            state,
            hours,
        )
        .execute(&portal.admin)
        .await
        .unwrap();
    }
    do_chore(&portal, "jobs.purge").await;
    assert_eq!(states(&portal, "test.old").await, ["DEAD", "DONE"]);
}

#[tokio::test]
async fn counters_go_when_they_count_nothing() {
    let portal = Portal::start().await;
    sqlx::query!(
        "INSERT INTO rate_limit (key, window_start, blocked_until)
         VALUES ('old', NOW() - INTERVAL '2 days', NULL), ('new', NOW(), NULL), ('barred', NOW() - INTERVAL '2 days', NOW() + INTERVAL '1 hour')"
    )
    .execute(&portal.admin)
    .await
    .unwrap();
    do_chore(&portal, "limits.purge").await;
    let left = sqlx::query_scalar!("SELECT key FROM rate_limit WHERE key IN ('old', 'new', 'barred') ORDER BY key");
    assert_eq!(left.fetch_all(&portal.admin).await.unwrap(), ["barred", "new"]);
}

#[tokio::test]
async fn sessions_that_ended_by_themselves_are_closed_with_the_reason() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    for _ in 0..3 {
        house.person(&portal, Role::Clinician, None).await;
    }
    sqlx::query!(
        "UPDATE user_session AS s
            SET last_seen_at = NOW() - MAKE_INTERVAL(mins => CASE n WHEN 1 THEN 20 ELSE 0 END),
                expires_at = NOW() + MAKE_INTERVAL(hours => CASE n WHEN 2 THEN -1 ELSE 9 END)
           FROM (SELECT id, ROW_NUMBER() OVER () AS n FROM user_session WHERE organization_id = $1) AS numbered
          WHERE s.id = numbered.id",
        house.organization.uuid(),
    )
    .execute(&portal.admin)
    .await
    .unwrap();
    do_chore(&portal, "sessions.purge").await;
    let reasons = sqlx::query_scalar!(
        "SELECT end_reason FROM user_session WHERE organization_id = $1 ORDER BY end_reason NULLS LAST",
        house.organization.uuid(),
    );
    let reasons = reasons.fetch_all(&portal.admin).await.unwrap();
    assert_eq!(reasons, [Some("EXPIRED".to_owned()), Some("IDLE".to_owned()), None]);
}
