//! Who sees a case: who opened it, who works on it, the chair of its facility, compliance; nobody else.

use almoner::access::Role;
use reqwest::StatusCode;

use super::{Board, person};

#[tokio::test(flavor = "multi_thread")]
async fn each_persona_sees_what_the_issue_says() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    board.put(id, "ASSIGNED").await;
    let (clinic, home) = (Some(board.house.clinic), Some(board.house.home));
    let path = format!("/cases/{id}");
    let mut wrong = Vec::new();
    for (who, browser, sees) in [
        ("creator", board.clerk.browser.clone(), true),
        ("chair", board.chair.browser.clone(), true),
        ("assignee", board.worker.browser.clone(), true),
        ("other caseworker", board.other_worker.browser.clone(), false),
        ("other clerk", person(&board.portal, &board.house, Role::Clerk, clinic).await.browser, false),
        ("chair elsewhere", person(&board.portal, &board.house, Role::Chair, home).await.browser, false),
        ("chair of all", person(&board.portal, &board.house, Role::Chair, None).await.browser, true),
        ("compliance", person(&board.portal, &board.house, Role::Compliance, None).await.browser, true),
    ] {
        let page = browser.get(&path).await;
        let list = browser.get("/cases").await;
        let listed = list.body.contains(&path);
        let csv = browser.get("/cases.csv").await.body.contains("Second bathroom rail");
        if (page.status == StatusCode::OK) != sees || listed != sees || csv != sees {
            wrong.push(format!("{who}: {} listed {listed} csv {csv}", page.status));
        }
    }
    for role in [Role::Owner, Role::Manager, Role::Clinician, Role::MedicalAssistant, Role::Carer, Role::Admin] {
        let browser = person(&board.portal, &board.house, role, None).await.browser;
        let status = browser.get(&path).await.status;
        if status != StatusCode::FORBIDDEN {
            wrong.push(format!("{role:?}: {status}"));
        }
    }
    let stranger = board.portal.sign_in("chair").await;
    if stranger.get(&path).await.status != StatusCode::NOT_FOUND {
        wrong.push("the chair of another organization".to_owned());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn compliance_reads_and_moves_nothing() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    let auditor = person(&board.portal, &board.house, Role::Compliance, None).await;
    let page = auditor.browser.get(&format!("/cases/{id}")).await;
    assert!(page.text("#can").contains("reads cases and changes nothing"));
    assert_eq!(board.act(&auditor, id, "submit").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_learns_that_the_case_changed() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    let page = board.clerk.browser.get(&format!("/cases/{id}")).await;
    let ask = page.attributes("[hx-target='#changed']", "hx-get").remove(0);
    assert!(board.clerk.browser.hx_get(&ask).await.texts("#changed .note").is_empty());
    board.act(&board.clerk, id, "submit").await;
    let note = board.clerk.browser.hx_get(&ask).await.text("#changed .note");
    assert!(note.contains("changed while you were reading it") && note.contains("Pending review"), "{note}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_and_a_chart_lead_to_their_cases_for_who_sees_both() {
    let portal = crate::support::Portal::start().await;
    let case = sqlx::query!("SELECT id, alert_id, patient_id FROM cases WHERE number = 2041");
    let case = case.fetch_one(&portal.admin).await.expect("the sample case");
    let (alert, patient) = (case.alert_id.expect("its alert"), case.patient_id.expect("its patient"));
    let link = format!("/cases/{}", case.id);
    let (compliance, clinician) = (portal.sign_in("compliance").await, portal.sign_in("clinician").await);
    for page in [format!("/alerts/{alert}"), format!("/patients/{patient}")] {
        let seen = compliance.get(&page).await;
        assert!(seen.attributes("a", "href").contains(&link), "{page}: {}", seen.body);
        assert_eq!(compliance.get(&link).await.status, StatusCode::OK);
        let not = clinician.get(&page).await;
        assert!(!not.body.contains("/cases/") && !not.body.contains("CASE-"), "{page}");
    }
    let stranger = portal.visitor();
    stranger.sign_in("compliance@southgate.example.com").await;
    assert!(!stranger.get(&format!("/alerts/{alert}")).await.body.contains("CASE-"));
}
