//! What a page may ask of the database. A new statement on a page that is opened all day is a decision: it shows here.

use crate::support::{Browser, Portal, Reply, count_statements, statements};

/// Asks once so that statements are prepared and keys unlocked, then again; the second answer's statements, checked.
async fn twice(browser: &Browser, path: &str, budget: usize) -> Reply {
    count_statements();
    browser.get(path).await;
    let reply = browser.get(path).await;
    assert_eq!(reply.status, 200, "{path}");
    expect(&reply, budget);
    reply
}

fn expect(reply: &Reply, budget: usize) {
    let found = statements(reply);
    assert_eq!(found.len(), budget, "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_takes_six() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    // The session, the rows, what stands around them, the messages that wait, the audit, the end.
    twice(&clinician, "/alerts?rows=50", 6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_takes_eleven() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let patient = sqlx::query_scalar!(
        "SELECT p.id FROM patient AS p JOIN alert AS a ON a.organization_id = p.organization_id AND a.patient_id = p.id
         WHERE a.is_open AND p.facility_id = (SELECT m.facility_id FROM membership AS m JOIN app_user AS u ON u.id = m.user_id
                                              WHERE u.email = 'clinician@example.com' AND m.facility_id IS NOT NULL LIMIT 1) LIMIT 1"
    );
    let patient = patient.fetch_one(&portal.admin).await.expect("a patient with an open alert");
    // The session, the record with all its lists, the audit; readings: whom it is about, the latest, their columns, goals; the open
    // alerts, the open conversations, the badges, the end.
    twice(&clinician, &format!("/patients/{patient}"), 11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_patients_takes_eight() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    // The session, the places, who is listed, what is shown of all of them with their blood pressure of two weeks, the audit, the
    // clinicians to choose from, the badges, the end.
    twice(&clinician, "/patients", 8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_takes_nine() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let found = clinician.post("/patients/search", &[("q", "oka")]).await;
    twice(&clinician, found.location(), 9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_takes_six() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    clinician.get("/alerts").await;
    count_statements();
    let me = sqlx::query_scalar!("SELECT id FROM app_user WHERE email = 'clinician@example.com'");
    let me = me.fetch_one(&portal.admin).await.expect("an account");
    let alerts = sqlx::query!(
        "SELECT a.id, a.row_version FROM alert AS a JOIN membership AS m ON m.organization_id = a.organization_id AND m.facility_id = a.facility_id
         WHERE m.user_id = $1 AND a.is_open AND a.status = 'ACTIVE' LIMIT 2",
        me
    );
    let mut taken = Vec::new();
    for alert in alerts.fetch_all(&portal.admin).await.expect("two alerts") {
        let path = format!("/alerts/{}/acknowledgement", alert.id);
        let reply = clinician.hx_post(&path, &[("row_version", &alert.row_version.to_string())]).await;
        assert_eq!(reply.status, 200);
        taken.push(statements(&reply));
    }
    // The session, the alert, the move with its history, the audit, the badges, the end.
    assert_eq!(taken[1].len(), 6, "{:#?}", taken[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_takes_thirteen() {
    let portal = Portal::start().await;
    portal.sign_in("clinician").await;
    count_statements();
    let fields = [("email", "clinician@example.com"), ("password", crate::support::PASSWORD)];
    let reply = portal.visitor().post("/sign-in", &fields).await;
    assert_eq!(reply.status, 303);
    expect(&reply, 13);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_cases_take_no_more_than_their_parts() {
    let portal = Portal::start().await;
    let chair = portal.sign_in("chair").await;
    let case = sqlx::query_scalar!("SELECT id FROM cases WHERE number = 2033");
    let case = case.fetch_one(&portal.admin).await.expect("a case of the demo");
    // The session, the case, the audit, the header of the person, the description, the open tasks; documents (2), tasks, moves,
    // changes, files, comments, who follows; the badges, the end.
    twice(&chair, &format!("/cases/{case}"), 16).await;
    twice(&chair, &format!("/cases/{case}/timeline/newer?since=0"), 2).await;
    twice(&chair, "/work", 9).await;
    twice(&chair, "/reports/cases", 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_takes_twelve() {
    let portal = Portal::start().await;
    let (staff, patient) = (portal.sign_in("assistant").await, portal.sign_in("patient").await);
    let thread = "01900000-0000-7000-80f1-000000000002";
    // The session, the conversation, the audit, what is read by now and told of it, the messages, the draft, the moves, who reads the
    // portal, the badges, the files, the end.
    twice(&staff, &format!("/threads/{thread}"), 12).await;
    twice(&patient, &format!("/my/messages/{thread}"), 12).await;
}
