//! Who acts for a patient, from the patient's side: seen, ended, given up.

use reqwest::StatusCode;

use super::{as_person, become_them, demo, number, refusal};
use crate::support::{Portal, run};

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_ends_the_access_of_somebody_at_once() {
    let portal = Portal::start().await;
    let brother = as_person(&portal, "rafael.reyes@example.com").await;
    assert_eq!(brother.get("/my").await.text(".whom b"), "Marisol Reyes");
    let patient = portal.sign_in("patient").await;
    let page = patient.get("/my/people").await;
    let lines = page.texts("[aria-labelledby=now] li");
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("Rafael Reyes") && lines[0].contains("visits, messages") && lines[0].contains("until"));
    let link = page.attributes("[aria-labelledby=now] li a", "href").pop().unwrap();
    assert_eq!(link, format!("/my/people/{}", demo(10, 78)));
    assert_eq!(patient.get(&link).await.text("main h1"), "Stop Mr Rafael Reyes?");
    // Not without saying for whom, and not with a remark that is a book.
    assert_eq!(patient.post(&link, &[]).await.status, StatusCode::CONFLICT);
    let own = demo(6, 4);
    let long = "x".repeat(1901);
    let refused = patient.post(&link, &[("patient", &own), ("remark", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = patient.post(&link, &[("patient", &own), ("remark", "We fell out.")]).await;
    assert_eq!(done.location(), "/my/people", "{}", done.body);
    assert!(brother.get("/my").await.body.contains("Nothing to show yet"), "at the next click");
    let page = patient.get("/my/people").await;
    assert!(page.text("[aria-labelledby=past]").contains("Rafael Reyes"));
    assert_eq!(patient.get(&link).await.status, StatusCode::NOT_FOUND, "it ends once");
    assert_eq!(patient.post(&link, &[("patient", &own)]).await.status, StatusCode::NOT_FOUND);
    // Staff see that it ended, by whom and why.
    let staff = portal.sign_in("assistant").await.get(&format!("/patients/{own}/portal")).await;
    assert!(staff.body.contains("Ended by the patient in the portal: We fell out."), "{}", staff.body);
    let mut conn = portal.admin.acquire().await.unwrap();
    let told = format!(
        "SELECT COUNT(*) FROM status_change WHERE subject_id = '{}' AND to_status = 'REVOKED' AND changed_by_id = '{}'",
        demo(10, 78),
        demo(3, 11)
    );
    assert_eq!(number(&mut conn, &told).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_gives_up_and_ends_nobody_else() {
    let portal = Portal::start().await;
    let daughter = as_person(&portal, "margaret.whitfield@example.com").await;
    let page = daughter.get("/my/people").await;
    assert!(page.text("[aria-labelledby=now]").contains("(you), carer"), "{}", page.text("[aria-labelledby=now]"));
    let own = demo(6, 6);
    // Neither a stranger's nor a child's nor the patient's own.
    for other in [78, 71, 73, 79] {
        let link = format!("/my/people/{}", demo(10, other));
        assert_eq!(daughter.get(&link).await.status, StatusCode::NOT_FOUND);
        assert_eq!(daughter.post(&link, &[("patient", &own)]).await.status, StatusCode::NOT_FOUND);
    }
    let link = format!("/my/people/{}", demo(10, 75));
    assert!(daughter.get(&link).await.text("h1").contains("Stop acting for George Whitfield?"));
    assert_eq!(daughter.post(&link, &[("patient", &own)]).await.location(), "/my");
    assert!(daughter.get("/my").await.body.contains("Nothing to show yet"));
    // A brother without the details sees his own line and no other.
    let brother = as_person(&portal, "rafael.reyes@example.com").await;
    assert_eq!(brother.get("/my/people").await.texts("[aria-labelledby=now] li").len(), 1);
    // The patient cannot end their own.
    let patient = portal.sign_in("patient").await;
    let mine = format!("/my/people/{}", demo(10, 1));
    assert_eq!(patient.get(&mine).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_lets_a_patient_end_access_and_change_nothing_else_of_it() {
    let portal = Portal::start().await;
    let mut conn = portal.admin.acquire().await.unwrap();
    let set = |account: u32, what: &str| format!("UPDATE portal_account SET {what} WHERE id = '{}'", demo(10, account));
    let ends = "status = 'REVOKED', status_reason = 'x'";
    become_them(&mut conn, 11, "PATIENT", "").await;
    for (sql, code) in [
        (set(78, ends), ""),
        (set(78, "status = 'REVOKED'"), "AL409"),
        (set(78, "status = 'SUSPENDED', status_reason = 'x'"), "42501"),
        (set(78, "scopes = '{VISITS,MESSAGES,DETAILS}'"), "42501"),
        (set(78, "status = 'REVOKED', status_reason = 'x', ends_on = NULL"), "42501"),
    ] {
        assert_eq!(refusal(&mut conn, &sql).await, code, "{sql}");
    }
    run(&mut *conn, "ROLLBACK").await;
    // What is not theirs stays as it is: a stranger's, their own place at the patient's side, a proxy's of somebody else.
    for (user, account) in [(11, 75), (11, 1), (76, 1), (76, 75), (71, 74), (74, 76), (75, 77), (79, 81)] {
        become_them(&mut conn, user, "PATIENT", "").await;
        run(&mut *conn, &set(account, ends)).await;
        run(&mut *conn, "RESET ROLE").await;
        let changed =
            format!("SELECT COUNT(*) FROM portal_account WHERE id = '{}' AND row_version > 1", demo(10, account));
        assert_eq!(number(&mut conn, &changed).await, 0, "{user} ended {account}");
        run(&mut *conn, "ROLLBACK").await;
    }
}
