//! A visit that an alert suggests.

use reqwest::StatusCode;

use super::{demo, offer, value};
use crate::patients::ask;
use crate::support::Portal;

const ASK: &str = "Ask for a visit";

/// Alert 5 of the demo, raised by a rule that suggests a visit; nothing is planned for its patient.
async fn quiet(portal: &Portal) -> (String, String) {
    let (alert, patient) = (demo(7, 5).to_string(), demo(6, 5).to_string());
    let suggests = format!(
        "SELECT count(*) FROM alert WHERE id = '{alert}' AND patient_id = '{patient}' AND is_open AND payload ->> 'suggests' = 'visit'"
    );
    assert_eq!(ask(portal, &suggests).await, 1, "the demo has one");
    let sql = format!(
        "BEGIN; SET LOCAL session_replication_role = replica; UPDATE visit SET start_time = start_time - INTERVAL '1 year', end_time = end_time - INTERVAL '1 year' WHERE patient_id = '{patient}'; COMMIT"
    );
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::raw_sql(&sql).execute(&portal.admin).await.expect("no visit ahead");
    (alert, patient)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_leads_to_a_visit_and_says_so() {
    let portal = Portal::start().await;
    let (alert, patient) = quiet(&portal).await;
    let desk = portal.sign_in("assistant").await;
    let form_path = format!("/visit-requests/new?alert={alert}");
    let page = format!("/alerts/{alert}");
    let chart = format!("/patients/{patient}");
    for path in [&page, &format!("/alerts?alert={alert}"), &chart] {
        let reply = desk.get(path).await;
        assert!(reply.status == StatusCode::OK, "{path}");
    }
    assert_eq!(desk.get(&page).await.attributes(&format!("a[href='{form_path}']"), "href").len(), 1);
    assert!(desk.hx_get(&page).await.body.contains(&form_path), "in the preview too");
    assert_eq!(desk.get(&chart).await.attributes(&format!("#alerts a[href='{form_path}']"), "href").len(), 1);

    let form = desk.get(&form_path).await;
    assert_eq!((form.field("patient"), form.field("alert")), (patient.clone(), alert.clone()));
    assert_eq!(form.attributes(&format!("main a[href='{page}']"), "href").len(), 2, "back, above and below");
    let wrong = desk.post("/visit-requests/new", &[("patient", &*patient), ("alert", &*alert)]).await;
    assert_eq!((wrong.status, wrong.field("alert")), (StatusCode::UNPROCESSABLE_ENTITY, alert.clone()));

    let key = form.field("idempotency_key");
    let fields = [
        ("idempotency_key", &*key),
        ("patient", &*patient),
        ("alert", &*alert),
        ("acuity", "YELLOW"),
        ("mode", "IN_PERSON"),
        ("reason", "Look at the ankles"),
    ];
    let saved = desk.post("/visit-requests/new", &fields).await;
    assert_eq!(saved.location(), format!("/visit-requests/{key}"), "{}", saved.body);
    let request = desk.get(saved.location()).await;
    assert_eq!(request.attributes(&format!("main a[href='{page}']"), "href").len(), 1, "the way back");
    let after = desk.get(&page).await;
    assert!(!after.body.contains(&form_path) && after.text("main").contains("Visit asked for, R-"), "{}", after.body);
    assert!(after.text("#story").contains("asked for a visit"), "{}", after.text("#story"));
    assert!(!desk.get(&chart).await.body.contains(&form_path));

    let id = key.parse().expect("an id");
    offer(&desk, id).await;
    let (_, version) = super::version(&desk, id).await;
    let agreed = [("row_version", &*version), ("note", "Said yes on the telephone")];
    let reply = desk.post(&format!("/visit-requests/{id}/confirmation"), &agreed).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    let visit = value(&portal, "SELECT visit_id::text FROM visit_request WHERE id = $1", id).await;
    let booked = desk.get(&page).await;
    assert_eq!(booked.attributes(&format!("main a[href='/visits/{visit}']"), "href").len(), 1, "{}", booked.body);
    assert!(booked.text("main").contains("Visit on ") && booked.text("#story").contains("booked a visit"));
    assert!(!booked.body.contains(ASK));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_ask_is_led_there_and_only_for_the_patient_of_the_alert() {
    let portal = Portal::start().await;
    let (alert, patient) = quiet(&portal).await;
    let page = format!("/alerts/{alert}");
    for account in ["owner", "compliance"] {
        let reply = portal.sign_in(account).await.get(&page).await;
        assert!(reply.status == StatusCode::OK && !reply.body.contains(ASK), "{account}");
    }
    let clinician = portal.sign_in("clinician").await;
    let other = clinician.get(&format!("/alerts/{}", demo(7, 1))).await;
    assert!(other.status == StatusCode::OK && !other.body.contains(ASK), "its rule suggests none");
    let nowhere = "/visit-requests/new?alert=01900000-0000-7000-8007-000000009999";
    assert_eq!(clinician.get(nowhere).await.status, StatusCode::NOT_FOUND);
    let elsewhere = format!("/visit-requests/new?alert={}", demo(7, 91));
    assert_eq!(clinician.get(&elsewhere).await.status, StatusCode::NOT_FOUND, "of another organization");

    // A form that was changed by hand: the request is made, and names no alert of somebody else.
    let key = clinician.get("/visit-requests/new").await.field("idempotency_key");
    let somebody = demo(6, 1).to_string();
    let fields = [
        ("idempotency_key", &*key),
        ("patient", &*somebody),
        ("alert", &*alert),
        ("acuity", "GREEN"),
        ("reason", "Check"),
    ];
    assert_eq!(clinician.post("/visit-requests/new", &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        ask(&portal, &format!("SELECT count(*) FROM visit_request WHERE id = '{key}' AND alert_id IS NULL")).await,
        1
    );
    assert!(clinician.get(&page).await.body.contains(ASK));

    // The database refuses it a second time.
    for (whose, stands) in [(&somebody, false), (&patient, true)] {
        let sql = format!(
            "INSERT INTO visit_request (organization_id, id, facility_id, patient_id, visit_mode, reason_text, alert_id)
             SELECT organization_id, gen_random_uuid(), facility_id, id, 'IN_PERSON', 'Check', '{alert}' FROM patient WHERE id = '{whose}'"
        );
        #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
        let tried = sqlx::query(&sql).execute(&portal.admin).await;
        let constraint = tried.as_ref().err().and_then(|error| error.as_database_error()?.constraint());
        assert_eq!(constraint, (!stands).then_some("visit_request_alert_same_patient"), "{tried:?}");
    }
}
