//! What happens around cases: the time line, comments, following, My work, the bundle on paper, the reports, the timer.

mod reports;
mod timer;

use reqwest::StatusCode;
use uuid::Uuid;

use crate::support::Portal;

/// A case of the demo.
pub fn case(n: u128) -> Uuid {
    // Fixed ids are written in decimal.
    let decimal = u128::from_str_radix(&n.to_string(), 16).expect("digits");
    Uuid::from_u128(0x0190_0000_0000_7000_8024_0000_0000_0000 + decimal)
}

/// How many audit events there are of this action about a case.
async fn audited(portal: &Portal, id: Uuid, action: &str) -> i64 {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM audit_event WHERE resource_id = $1 AND action = $2 AND request_id IS NOT NULL"#,
        id,
        action
    )
    .fetch_one(&portal.admin)
    .await
    .expect("a count")
}

#[tokio::test]
async fn a_comment_is_kept_once_encrypted_and_seen_by_everybody_on_the_case() {
    let portal = Portal::start().await;
    let (bob, clerk) = (portal.sign_in("caseworker").await, portal.sign_in("clerk").await);
    let page = format!("/cases/{}", case(18));
    let path = format!("{page}/comments");
    let key = bob.get(&page).await.field("idempotency_key");
    let fields = [("idempotency_key", key.as_str()), ("comment", "The council called back.")];
    let first = bob.post(&path, &fields).await;
    assert_eq!((first.status, first.location()), (StatusCode::SEE_OTHER, format!("{page}#story").as_str()));
    let again = bob.post(&path, &fields).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "a double click says it once");
    let bodies = sqlx::query_scalar!("SELECT body_enc FROM comment WHERE subject_id = $1", case(18));
    let bodies = bodies.fetch_all(&portal.admin).await.unwrap();
    assert_eq!(bodies.len(), 4, "three of the demo and this one");
    assert!(bodies.iter().all(|body| !String::from_utf8_lossy(body).contains("council called")));
    for browser in [&bob, &clerk] {
        assert_eq!(browser.get(&page).await.texts("#story .said")[0], "The council called back.");
    }
    // Who follows it, opened it or chairs what follows hears of it; who wrote it does not.
    let notify = sqlx::query_scalar!(
        r#"SELECT details->'notify' AS "n!" FROM audit_event WHERE resource_id = $1 AND action = 'COMMENTED' AND request_id IS NOT NULL"#,
        case(18)
    );
    let notify = notify.fetch_one(&portal.admin).await.unwrap().to_string();
    assert!(notify.contains("8003-000000000003") && notify.contains("8003-000000000004"), "{notify}");
    assert!(!notify.contains("8003-000000000005"), "{notify}");

    let empty = bob.post(&path, &[("comment", " \n ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(empty.text("#errors li"), "Write something first");
    // Compliance reads; Ana neither opened this case nor works on it.
    let compliance = portal.sign_in("compliance").await;
    assert_eq!(compliance.get(&page).await.texts("#story .said").len(), 4, "four comments, and no move had a reason");
    assert_eq!(compliance.post(&path, &fields).await.status, StatusCode::FORBIDDEN);
    let ana = portal.visitor();
    ana.sign_in("ana.ruiz@example.com").await;
    assert_eq!(ana.post(&path, &[("comment", "x")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ana.get(&format!("{page}/timeline")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_time_line_shows_all_or_one_kind_and_counts_them() {
    let portal = Portal::start().await;
    let chair = portal.sign_in("chair").await;
    // Returned, reopened, with comments and tasks: what was once is still to be read.
    let path = format!("/cases/{}/timeline", case(22));
    let all = chair.get(&path).await;
    let lines = all.texts("#story .tl li");
    assert!(lines.iter().any(|line| line.contains("opened the case")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("gave it to Bob Caseworker")), "{lines:#?}");
    assert!(all.body.contains("The letter did not answer her second question."));
    assert!(lines.iter().any(|line| line.contains("changed the due date")), "{lines:#?}");
    let mut sum = 0;
    for kind in ["comments", "changes", "tasks", "documents"] {
        let part = chair.hx_get(&format!("{path}?show={kind}")).await;
        assert!(!part.body.contains("<html"), "a fragment");
        let shown = part.texts("#story .tl li").len();
        assert!(shown > 0 || kind == "documents", "{kind}");
        let tab = part.text("#story nav a[aria-current='true']").to_lowercase();
        assert_eq!(tab, format!("{kind} {shown}"));
        sum += shown;
    }
    assert_eq!(sum, lines.len());
    assert_eq!(audited(&portal, case(22), "VIEW").await, 5);

    let news = |since: i64| format!("{path}/newer?since={since}");
    let none = chair.hx_get(&news(portal.app.clock.now().timestamp_micros())).await;
    assert_eq!((none.status, none.texts("a").len()), (StatusCode::OK, 0));
    let some = chair.hx_get(&news(0)).await.text("a");
    assert_eq!(some, format!("{sum} newer entries"));
    assert_eq!(audited(&portal, case(22), "VIEW").await, 5, "it shows nothing of the case");
}

#[tokio::test]
async fn the_log_of_document_two_is_a_view_of_the_same_rows_for_the_same_people() {
    let portal = Portal::start().await;
    let log = |actor: &str| format!("01900000-0000-7000-8001-000000000001|01900000-0000-7000-8003-{actor}|");
    for (actor, sees) in [
        (log("000000000005") + "CASEWORKER|*", true),
        (log("000000000003") + "CLERK|*", true),
        (log("000000000004") + "CHAIR|*", true),
        (log("000000000009") + "COMPLIANCE|*", true),
        (log("000000000014") + "CASEWORKER|*", false),
        (log("000000000001") + "CLINICIAN|*", false),
    ] {
        let mut tx = portal.admin.begin_with("BEGIN").await.unwrap();
        sqlx::query!(
            "SELECT set_config('app.ctx', $1, true) AS context, set_config('role', 'almoner_app', true) AS role",
            actor
        )
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        let rows = sqlx::query!(
            r#"SELECT "userId" AS who, action AS "action!", details AS "details!" FROM case_log WHERE "caseId" = $1 ORDER BY "timestamp", action"#,
            case(18)
        )
        .fetch_all(&mut *tx)
        .await
        .unwrap();
        assert_eq!(!rows.is_empty(), sees, "{actor}");
        if sees {
            let actions: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
            assert_eq!(actions[0], "created", "{actor}");
            for action in ["status_changed", "assigned", "commented"] {
                assert!(actions.contains(&action), "{actor}: {actions:?}");
            }
            let comment = rows.iter().find(|row| row.action == "commented").unwrap();
            assert!(comment.details.get("comment").is_some() && comment.who.is_some());
        }
    }
}

#[tokio::test]
async fn following_begins_and_ends_and_is_written_down() {
    let portal = Portal::start().await;
    let compliance = portal.sign_in("compliance").await;
    let page = format!("/cases/{}", case(18));
    assert_eq!(compliance.get(&page).await.texts("#following .who").len(), 1, "the chair of the demo");
    let path = format!("{page}/following");
    for _ in 0..2 {
        assert_eq!(compliance.post(&path, &[]).await.location(), page);
    }
    let reply = compliance.get(&page).await;
    assert_eq!(reply.texts("#following .who").len(), 2);
    assert!(reply.text("#following button").contains("Stop following"));
    for _ in 0..2 {
        assert_eq!(compliance.post(&format!("{path}/end"), &[]).await.location(), page);
    }
    assert_eq!(compliance.get(&page).await.texts("#following .who").len(), 1);
    let written = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM audit_event WHERE resource_type = 'case_follower' AND resource_id = $1"#,
        case(18)
    );
    assert_eq!(written.fetch_one(&portal.admin).await.unwrap(), 2, "what changes nothing is not written down");
    let kept = sqlx::query_scalar!(r#"SELECT count(*) AS "n!" FROM case_follower WHERE case_id = $1"#, case(18));
    assert_eq!(kept.fetch_one(&portal.admin).await.unwrap(), 2, "nothing is deleted");
}

#[tokio::test]
async fn my_work_is_another_page_for_each_role() {
    let portal = Portal::start().await;
    let parts = async |role: &str| {
        let page = portal.sign_in(role).await.get("/work").await;
        assert_eq!(page.status, StatusCode::OK, "{role}");
        let headings = page.texts("#work h2");
        (page, headings)
    };
    let (clerk, headings) = parts("clerk").await;
    assert!(headings.iter().any(|heading| heading == "Sent back to you (1)"), "{headings:?}");
    assert!(clerk.text("#returned li").contains("Which agency, and which dates?"), "with the reason");
    assert!(clerk.texts("#new li").iter().any(|line| line.contains("Sample Case for Testing")));
    let (chair, headings) = parts("chair").await;
    assert!(headings.iter().any(|heading| heading.starts_with("To review")), "{headings:?}");
    let waiting = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM cases WHERE organization_id = '01900000-0000-7000-8001-000000000001' AND status = 'PENDING_COMPLETION'"#
    );
    let waiting = usize::try_from(waiting.fetch_one(&portal.admin).await.unwrap()).unwrap();
    assert_eq!(chair.texts("#completion ul.req > li").len(), waiting.min(8));
    assert!(chair.texts("#overdue li").iter().all(|line| line.contains("Overdue")));
    assert!(chair.texts("#followed li").iter().any(|line| line.contains("CASE-2041")));
    let (worker, headings) = parts("caseworker").await;
    assert!(headings.iter().any(|heading| heading.starts_with("In progress")), "{headings:?}");
    assert!(worker.texts("#mine li").len() > 2, "tasks");
    for role in ["compliance", "owner", "clinician"] {
        assert_eq!(portal.sign_in(role).await.get("/work").await.status, StatusCode::FORBIDDEN, "{role}");
    }
    // A task that is done from here comes back here.
    let bob = portal.sign_in("caseworker").await;
    let page = bob.get("/work").await;
    let forms = page.attributes("#mine form", "action");
    let done = forms.iter().find(|form| form.ends_with("/done")).expect("something to do");
    let version = page.attributes(&format!("#mine form[action='{done}'] [name=row_version]"), "value");
    let reply = bob.post(done, &[("row_version", version[0].as_str()), ("back", "/work")]).await;
    assert_eq!(reply.location(), "/work");
}

#[tokio::test]
async fn the_bundle_holds_the_whole_case_and_is_written_down() {
    let portal = Portal::start().await;
    let bob = portal.sign_in("caseworker").await;
    let page = bob.get(&format!("/cases/{}/print", case(18))).await;
    assert_eq!(page.status, StatusCode::OK);
    for words in [
        "CASE-2033",
        "Her daughter stopped working",
        "Book the carer",
        "Call the head of the service",
        "A call to the head of the service would help.",
        "opened the case",
    ] {
        assert!(page.body.contains(words), "{words}");
    }
    assert_eq!(audited(&portal, case(18), "PRINT").await, 1);
    let story = bob.get(&format!("/cases/{}/timeline?show=changes", case(18))).await;
    assert!(story.text("#story .tl li").contains("printed the case"));
    assert_eq!(portal.sign_in("clinician").await.get(&format!("/cases/{}/print", case(18))).await.status, 403);
}
