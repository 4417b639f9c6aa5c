//! The timer that notices what is overdue.

use std::time::Duration;

use almoner::ids::new_uuid;
use almoner::jobs::{self, Worker};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::case;
use crate::support::Portal;

const ORGANIZATION: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8001_0000_0000_0001);

/// One turn of the timer for the organization of the demo.
async fn turn(portal: &Portal) {
    let job = new_uuid();
    sqlx::query!("INSERT INTO job (id, organization_id, kind) VALUES ($1, $2, 'cases.overdue')", job, ORGANIZATION)
        .execute(&portal.admin)
        .await
        .expect("a job");
    let stop = CancellationToken::new();
    let worker = Worker::new(portal.app.clone(), jobs::work::all()).run(stop.clone());
    let state = async || {
        sqlx::query_scalar!("SELECT state FROM job WHERE id = $1", job).fetch_one(&portal.admin).await.expect("the job")
    };
    let done = async {
        while state().await != "DONE" {
            sleep(Duration::from_millis(50)).await;
        }
        stop.cancel();
    };
    timeout(Duration::from_secs(30), async { tokio::join!(worker, done) }).await.expect("the turn ends");
}

struct Marks {
    overdue: i64,
    escalated: i64,
    written: i64,
}

async fn marks(portal: &Portal) -> Marks {
    let row = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM cases WHERE overdue_at IS NOT NULL) AS "overdue!", (SELECT count(*) FROM cases WHERE escalated_at IS NOT NULL) AS "escalated!",
                  (SELECT count(*) FROM audit_event WHERE resource_type = 'case' AND actor_kind = 'SYSTEM' AND action = 'UPDATE') AS "written!""#
    )
    .fetch_one(&portal.admin)
    .await
    .expect("counts");
    Marks { overdue: row.overdue, escalated: row.escalated, written: row.written }
}

#[tokio::test]
async fn what_is_overdue_is_marked_once_and_brought_before_the_chair_after_two_days() {
    let portal = Portal::start().await;
    let late = sqlx::query!(
        r#"SELECT count(*) AS "late!", count(*) FILTER (WHERE due_at <= now() - INTERVAL '2 days') AS "long!" FROM cases
           WHERE organization_id = $1 AND is_open AND due_at <= now()"#,
        ORGANIZATION
    )
    .fetch_one(&portal.admin)
    .await
    .unwrap();
    assert!(late.late > late.long && late.long > 2, "the demo has both");
    let chair = portal.sign_in("chair").await;
    let page = format!("/cases/{}", case(18));
    let version = chair.get(&page).await.attributes("#can [name=row_version]", "value");

    turn(&portal).await;
    let first = marks(&portal).await;
    assert_eq!((first.overdue, first.escalated), (late.late, late.long));
    assert_eq!(first.written, late.late + late.long, "one event for each mark");
    turn(&portal).await;
    assert_eq!(marks(&portal).await.written, first.written, "nothing is told twice");

    let reply = chair.get(&page).await;
    assert_eq!(reply.attributes("#can [name=row_version]", "value"), version, "a mark outdates no form");
    assert_eq!(version.len(), 1);
    assert!(reply.text(".head").contains("Escalated"));
    let story = reply.texts("#story .tl li");
    assert!(
        story[0].starts_with("Almoner told the chair") || story[1].starts_with("Almoner told the chair"),
        "{story:#?}"
    );
    let told = sqlx::query_scalar!(
        r#"SELECT details->'notify' @> '["01900000-0000-7000-8003-000000000004"]' AS "told!" FROM audit_event
           WHERE resource_id = $1 AND actor_kind = 'SYSTEM' AND details ? 'escalated'"#,
        case(18)
    );
    assert!(told.fetch_one(&portal.admin).await.unwrap(), "the chair hears of it");

    // Another due date: what was marked is no longer so, and may be again.
    let fields = "UPDATE cases SET due_at = now() + INTERVAL '1 day' WHERE id = $1";
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query(fields).bind(case(18)).execute(&portal.admin).await.unwrap();
    let after = marks(&portal).await;
    assert_eq!((after.overdue, after.escalated), (first.overdue - 1, first.escalated - 1));
}
