//! Tasks of cases: the list of each role, what can be done to one, and what the database itself refuses.

mod elsewhere;
mod schema;

use reqwest::StatusCode;
use uuid::Uuid;

use crate::support::{Browser, Portal};

/// A task of the demo.
fn task(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8025_0000_0000_0000 + decimal(n))
}

/// A case of the demo.
fn case(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8024_0000_0000_0000 + decimal(n))
}

/// The demo writes numbers in decimal into the digits of its identifiers.
fn decimal(n: u128) -> u128 {
    u128::from_str_radix(&n.to_string(), 16).expect("digits")
}

async fn status(portal: &Portal, id: Uuid) -> String {
    sqlx::query_scalar!("SELECT status FROM task WHERE id = $1", id).fetch_one(&portal.admin).await.expect("a task")
}

/// The version that the page of a task carries.
async fn version(browser: &Browser, id: Uuid) -> String {
    browser.get(&format!("/tasks/{id}")).await.field("row_version")
}

#[tokio::test]
async fn everybody_sees_what_is_theirs_first_due_first() {
    let portal = Portal::start().await;
    let bob = portal.sign_in("caseworker").await;
    let page = bob.get("/tasks").await;
    let titles = page.texts("tbody a.pt");
    assert_eq!(titles[0], "Book the carer's assessment", "the most overdue comes first");
    assert!(titles.contains(&"Ask the fund for the other half".to_owned()));
    assert!(!titles.contains(&"Second-hand".to_owned()) && !titles.contains(&"Get the third quote".to_owned()));
    assert!(!titles.iter().any(|title| title.contains("Dr Khan for the letter")), "that is Ana's");
    let overdue = bob.get("/tasks?view=overdue").await.texts("tbody a.pt");
    assert!(overdue.len() >= 3 && overdue.iter().all(|title| titles.contains(title)), "{overdue:?}");

    let chair = portal.sign_in("chair").await.get("/tasks").await.texts("tbody a.pt");
    assert_eq!(chair, ["Call the head of the service"], "what is for any chair");
    let clerk = portal.sign_in("clerk").await.get("/tasks").await.texts("tbody a.pt");
    assert_eq!(clerk, ["Dates of both visits that were cancelled", "Get the third quote"]);
    let compliance = portal.sign_in("compliance").await.get("/tasks").await.texts("tbody a.pt");
    assert_eq!(compliance, ["Review who opened records without a visit"], "what is for their role, and no case's");
}

#[tokio::test]
async fn done_is_two_steps_in_the_history_with_an_outcome_that_nobody_reads_in_the_database() {
    let portal = Portal::start().await;
    let bob = portal.sign_in("caseworker").await;
    let id = task(9);
    let row_version = version(&bob, id).await;
    let fields = [("row_version", row_version.as_str()), ("text", "The joiner came at ten"), ("back", "/tasks")];
    let reply = bob.post(&format!("/tasks/{id}/done"), &fields).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/tasks"));
    assert_eq!(status(&portal, id).await, "DONE");
    let steps = sqlx::query_scalar!("SELECT to_status FROM status_change WHERE subject_id = $1 ORDER BY at", id);
    assert_eq!(steps.fetch_all(&portal.admin).await.unwrap(), ["READY", "IN_PROGRESS", "DONE"]);
    let audited = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM audit_event WHERE resource_id = $1 AND action = 'STATUS_CHANGED' AND request_id IS NOT NULL"#,
        id
    );
    assert_eq!(audited.fetch_one(&portal.admin).await.unwrap(), 2);
    let sealed = sqlx::query_scalar!("SELECT outcome_enc FROM task WHERE id = $1", id);
    let sealed = sealed.fetch_one(&portal.admin).await.unwrap().expect("an outcome");
    assert!(!String::from_utf8_lossy(&sealed).contains("joiner"));

    // The list offers to take it back, for ten seconds.
    let list = bob.get("/tasks").await;
    let undo = list.attributes("#flash form", "action");
    assert!(bob.get(&format!("/tasks/{id}")).await.body.contains("The joiner came at ten"));
    let reply = bob.post(&undo[0], &[]).await;
    assert_eq!(reply.location(), "/tasks");
    assert_eq!(status(&portal, id).await, "READY");
    sqlx::query!("UPDATE task SET status = 'IN_PROGRESS' WHERE id = $1", id).execute(&portal.admin).await.unwrap();
    let again = bob.post(&undo[0], &[]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert_eq!(status(&portal, id).await, "IN_PROGRESS", "there is nothing to take back");
}

#[tokio::test]
async fn a_reason_is_asked_for_and_a_stale_page_is_told_so() {
    let portal = Portal::start().await;
    let bob = portal.sign_in("caseworker").await;
    let id = task(5);
    let row_version = version(&bob, id).await;
    let path = format!("/tasks/{id}/decline");
    assert_eq!(bob.get(&path).await.status, StatusCode::OK);
    let nothing = bob.post(&path, &[("row_version", row_version.as_str()), ("text", "  ")]).await;
    assert_eq!((nothing.status, nothing.text("#errors li")), (StatusCode::UNPROCESSABLE_ENTITY, "Say why".to_owned()));
    let start = bob.post(&format!("/tasks/{id}/start"), &[("row_version", row_version.as_str())]).await;
    assert_eq!(start.status, StatusCode::SEE_OTHER);
    let stale = bob.post(&path, &[("row_version", row_version.as_str()), ("text", "Too heavy")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("Somebody was faster"));
    assert_eq!(status(&portal, id).await, "IN_PROGRESS");

    let edit = bob.get(&format!("/tasks/{id}/edit")).await;
    let fields = [
        ("row_version", row_version.as_str()),
        ("title", "Measure both doorways"),
        ("who", &edit.attributes("#who option[selected]", "value")[0]),
        ("priority", "HIGH"),
    ];
    let stale = bob.post(&format!("/tasks/{id}/edit"), &fields).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!(stale.field("title"), "Measure both doorways", "what was typed is kept");
}

#[tokio::test]
async fn a_task_is_added_once_for_people_of_the_case_and_only_while_it_is_worked_on() {
    let portal = Portal::start().await;
    let bob = portal.sign_in("caseworker").await;
    let path = format!("/cases/{}/tasks/new", case(17));
    let form = bob.get(&path).await;
    let key = form.field("idempotency_key");
    let mut fields = vec![
        ("idempotency_key", key.as_str()),
        ("title", "Photograph the doorway"),
        ("who", "CASEWORKER"),
        ("priority", "LOW"),
        ("due_on", "2099-01-05"),
    ];
    for _ in 0..2 {
        let reply = bob.post(&path, &fields).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
        assert_eq!(reply.location(), format!("/cases/{}#tasks", case(17)));
    }
    let made = sqlx::query!("SELECT id, patient_id, facility_id FROM task WHERE title = 'Photograph the doorway'");
    let made = made.fetch_all(&portal.admin).await.unwrap();
    assert_eq!(made.len(), 1);
    assert!(made[0].patient_id.is_some() && made[0].facility_id.is_some(), "they are those of the case");
    assert!(bob.get("/tasks").await.texts("tbody a.pt").contains(&"Photograph the doorway".to_owned()));

    // Ana has no part in this case.
    let ana = "01900000-0000-7000-8003-000000000014";
    fields[0].1 = "";
    fields[2].1 = ana;
    assert_eq!(bob.post(&path, &fields).await.status, StatusCode::CONFLICT);
    // Nor can she see it, its tasks, or the form.
    let browser = portal.visitor();
    browser.sign_in("ana.ruiz@example.com").await;
    for path in [path.clone(), format!("/tasks/{}", task(4)), format!("/tasks/{}/edit", task(4))] {
        assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // A case that waits for completion takes none.
    fields[2].1 = "CASEWORKER";
    let waiting = format!("/cases/{}/tasks/new", case(13));
    assert!(bob.get(&waiting).await.body.contains("takes no open tasks"));
    assert_eq!(bob.post(&waiting, &fields).await.status, StatusCode::CONFLICT);
    // Bad input is said beside its field.
    fields[1].1 = " ";
    let bad = bob.post(&path, &fields).await;
    assert_eq!(
        (bad.status, bad.text("#title-error")),
        (StatusCode::UNPROCESSABLE_ENTITY, "Error: Say in a line what is to be done".to_owned())
    );
}

#[tokio::test]
async fn compliance_reads_and_changes_nothing() {
    let portal = Portal::start().await;
    let auditor = portal.sign_in("compliance").await;
    let id = task(4);
    let page = auditor.get(&format!("/tasks/{id}")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.texts("form button:not([aria-disabled])").iter().all(|text| !text.contains("Mark done")),
        "{}",
        page.body
    );
    for action in ["start", "done", "decline", "cancel", "reopen", "edit"] {
        let reply = auditor.post(&format!("/tasks/{id}/{action}"), &[("row_version", "1"), ("text", "x")]).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{action}");
    }
    let viewed = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM audit_event WHERE resource_id = $1 AND action = 'VIEW' AND acting_role = 'COMPLIANCE'"#,
        id
    );
    assert_eq!(viewed.fetch_one(&portal.admin).await.unwrap(), 1, "the view is written down");
}

#[tokio::test]
async fn what_a_chair_cancels_or_opens_again_has_a_reason() {
    let portal = Portal::start().await;
    let chair = portal.sign_in("chair").await;
    let id = task(8);
    let row_version = version(&chair, id).await;
    let reply = chair
        .post(
            &format!("/tasks/{id}/reopen"),
            &[("row_version", row_version.as_str()), ("text", "The window still sticks")],
        )
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    assert_eq!(status(&portal, id).await, "READY");
    let row_version = version(&chair, id).await;
    let done = chair.post(&format!("/tasks/{id}/done"), &[("row_version", row_version.as_str())]).await;
    assert_eq!(done.status, StatusCode::FORBIDDEN, "it is Bob's to do");
    let reply = chair
        .post(&format!("/tasks/{id}/cancel"), &[("row_version", row_version.as_str()), ("text", "Another room")])
        .await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER);
    let reasons = sqlx::query_scalar!(
        "SELECT reason FROM status_change WHERE subject_id = $1 AND reason IS NOT NULL ORDER BY at",
        id
    );
    let reasons: Vec<_> = reasons.fetch_all(&portal.admin).await.unwrap().into_iter().flatten().collect();
    assert_eq!(reasons, ["The window still sticks", "Another room"]);
}
