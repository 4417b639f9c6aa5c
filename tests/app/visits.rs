//! Visits: the patient asks, staff offer, the patient answers, the visit happens or does not; and nobody is booked twice.

use almoner::ids::new_uuid;
use reqwest::StatusCode;
use uuid::Uuid;

use crate::support::{Browser, Portal, Reply, count_statements, statements};

mod groups;
mod guests;
mod race;
mod refused;
mod suggested;
mod timers;
mod video;

/// Ms Reyes, who is the demo's patient.
const REYES: u32 = 4;

/// The id of a demo record: `demo(6, 20)` is patient 20.
fn demo(kind: u32, number: u32) -> Uuid {
    format!("01900000-0000-7000-8{kind:03}-{number:012}").parse().expect("an id")
}

/// The fields of a request for Ms Reyes that is right.
fn request<'a>(patient: &'a str, key: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("patient", patient),
        ("idempotency_key", key),
        ("mode", "VIRTUAL"),
        ("reason", "Ear ache <b>since</b> Sunday"),
        ("feeling", "YELLOW"),
        ("day", ""),
        ("part", ""),
    ]
}

/// One value that a statement answers, past every policy.
async fn value(portal: &Portal, sql: &str, id: Uuid) -> String {
    #[expect(clippy::disallowed_methods, reason = "tests say what they please")]
    let found: Option<Option<String>> = sqlx::query_scalar(sql)
        .bind(id)
        .fetch_optional(&portal.admin)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    found.flatten().unwrap_or_default()
}

async fn status_of_request(portal: &Portal, id: Uuid) -> String {
    value(portal, "SELECT status FROM visit_request WHERE id = $1", id).await
}

async fn status_of_visit(portal: &Portal, id: Uuid) -> String {
    value(portal, "SELECT status FROM visit WHERE id = $1", id).await
}

/// Moves a visit to so many hours from now, past its slot, and answers its version.
async fn begins_in(portal: &Portal, hours: i32, id: Uuid) -> String {
    let sql = format!(
        "UPDATE visit SET start_time = now() + INTERVAL '{hours} hours', end_time = now() + INTERVAL '{hours} hours 30 minutes', slot_id = NULL, overbook_reason = 'x' WHERE id = $1 RETURNING row_version::text"
    );
    value(portal, &sql, id).await
}

/// The request as staff see it, with the version that a form needs.
async fn version(desk: &Browser, id: Uuid) -> (Reply, String) {
    let page = desk.get(&format!("/visit-requests/{id}")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let version = page.field("row_version");
    (page, version)
}

/// Asks for a visit as Ms Reyes.
async fn ask(phone: &Browser) -> Uuid {
    let form = phone.get("/my/visits/request").await;
    let (patient, key) = (form.field("patient"), form.field("idempotency_key"));
    let reply = phone.post("/my/visits/request", &request(&patient, &key)).await;
    assert_eq!(reply.location(), "/my/visits", "{}", reply.body);
    key.parse().expect("the id of the request")
}

/// Reads a request and offers the last time that there is.
async fn offer(desk: &Browser, id: Uuid) -> String {
    let (_, read) = version(desk, id).await;
    let reply =
        desk.post(&format!("/visit-requests/{id}/triage"), &[("row_version", &read), ("acuity", "YELLOW")]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    let (page, read) = version(desk, id).await;
    let at = page.attributes("input[name='at']", "value").pop().expect("a time");
    let fields = [("row_version", &*read), ("at", &*at), ("hours", "24")];
    let reply = desk.post(&format!("/visit-requests/{id}/offer"), &fields).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    at
}

/// The visit that an answer leads to.
fn visit_of(reply: &Reply) -> Uuid {
    let id = reply.location().strip_prefix("/my/visits/").and_then(|id| id.parse().ok());
    id.unwrap_or_else(|| panic!("no visit: {}", reply.location()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_asks_accepts_and_cancels() {
    let portal = Portal::start().await;
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("assistant").await);
    let own = demo(6, REYES).to_string();
    let id = ask(&phone).await;
    // The form sent again is the same request, and what was typed is text wherever it is read.
    phone.post("/my/visits/request", &request(&own, &id.to_string())).await;
    let waiting = phone.get("/my/visits").await;
    assert_eq!(waiting.body.matches("Ear ache &#60;b&#62;since&#60;/b&#62; Sunday").count(), 1, "{}", waiting.body);
    assert!(desk.get("/visit-requests").await.body.contains(&format!("/visit-requests/{id}")));

    offer(&desk, id).await;
    let home = phone.get("/my").await;
    assert_eq!(home.text("main h2"), "Can you make this time?", "the next step comes first");
    assert!(home.body.contains(&format!("/my/offers/{id}/acceptance")));
    let accepted = phone.post(&format!("/my/offers/{id}/acceptance"), &[("patient", &own)]).await;
    let visit = visit_of(&accepted);
    assert_eq!(status_of_request(&portal, id).await, "CONVERTED_TO_VISIT");
    assert_eq!(status_of_visit(&portal, visit).await, "PLANNED");
    // Said twice, it is one visit.
    let again = phone.post(&format!("/my/offers/{id}/acceptance"), &[("patient", &own)]).await;
    assert_eq!(visit_of(&again), visit);

    let page = phone.get(&format!("/my/visits/{visit}")).await;
    let story = page.texts("section.card li");
    assert!(story.iter().any(|step| step.starts_with("Booked by you")), "{story:#?}");
    assert!(story.iter().any(|step| step.starts_with("A time was offered by")), "{story:#?}");
    let file = phone.get(&format!("/my/visits/{visit}/invitation.ics")).await;
    assert!(file.body.contains(&format!("UID:{visit}@almoner")) && file.body.contains("SEQUENCE:0"), "{}", file.body);
    assert!(!file.body.contains("Ear ache"), "calendars are told nothing of why");

    // Changed one's mind: a reason is asked for, and the time is somebody else's again.
    let path = format!("/my/visits/{visit}/cancellation");
    let empty = phone.post(&path, &[("patient", &*own), ("reason", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(empty.text(".esum a"), "Tell us why, in a few words");
    let cancelled = phone.post(&path, &[("patient", &*own), ("reason", "It is better")]).await;
    assert_eq!(cancelled.location(), "/my/visits");
    assert_eq!(status_of_visit(&portal, visit).await, "CANCELLED");
    let slot = "SELECT s.status FROM slot AS s JOIN visit AS v ON v.organization_id = s.organization_id AND v.slot_id = s.id WHERE v.id = $1";
    assert_eq!(value(&portal, slot, visit).await, "FREE");
    let file = phone.get(&format!("/my/visits/{visit}/invitation.ics")).await;
    assert!(file.body.contains("METHOD:CANCEL") && file.body.contains("SEQUENCE:1"), "{}", file.body);
    // Both sides read who did it and why.
    assert!(phone.get("/my/visits").await.body.contains("It is better"));
    assert!(desk.get(&format!("/visits/{visit}")).await.body.contains("It is better"));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_time_is_asked_for_and_a_request_is_taken_back() {
    let portal = Portal::start().await;
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("assistant").await);
    let own = demo(6, REYES).to_string();
    let id = ask(&phone).await;
    offer(&desk, id).await;
    let fields = [("patient", &*own), ("reason", "Mornings are better")];
    let reply = phone.post(&format!("/my/offers/{id}/refusal"), &fields).await;
    assert_eq!(reply.location(), "/my/visits");
    assert_eq!(status_of_request(&portal, id).await, "TRIAGED");
    assert!(desk.get(&format!("/visit-requests/{id}")).await.body.contains("Mornings are better"));
    // A yes to the offer of before books nothing.
    let late = phone.post(&format!("/my/offers/{id}/acceptance"), &[("patient", &own)]).await;
    assert_eq!(late.location(), "/my/visits");
    assert_eq!(status_of_request(&portal, id).await, "TRIAGED");
    phone.post(&format!("/my/offers/{id}/withdrawal"), &[("patient", &own)]).await;
    assert_eq!(status_of_request(&portal, id).await, "CANCELLED");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_and_waits_has_a_number_and_knows_how_many_are_before() {
    let portal = Portal::start().await;
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("assistant").await);
    let form = phone.get("/my/visits/request").await;
    let (patient, key) = (form.field("patient"), form.field("idempotency_key"));
    let mut fields = request(&patient, &key);
    fields[5] = ("day", "come");
    let refused = phone.post("/my/visits/request", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "nobody walks in by video");
    fields[2] = ("mode", "IN_PERSON");
    assert_eq!(phone.post("/my/visits/request", &fields).await.location(), "/my/visits");
    let id: Uuid = key.parse().expect("an id");
    // The offer of the demo comes first until it is answered.
    phone.post(&format!("/my/offers/{}/refusal", demo_request(&portal).await), &[("patient", &patient)]).await;
    let (_, read) = version(&desk, id).await;
    desk.post(&format!("/visit-requests/{id}/triage"), &[("row_version", &read), ("acuity", "YELLOW")]).await;
    let arrived = desk.post(&format!("/visit-requests/{id}/arrival"), &[]).await;
    assert_eq!(arrived.location(), "/arrivals", "{}", arrived.body);
    let home = phone.get("/my").await;
    assert_eq!(home.text("main h2"), "You are in the waiting room");
    assert_eq!(home.text(".turn"), "Number 4");
    assert!(home.body.contains("2 people are before you"), "{}", home.body);
    // Of somebody else's place in the queue nobody learns anything.
    let visit = "SELECT visit_id::text FROM visit_request WHERE id = $1";
    let visit: Uuid = value(&portal, visit, id).await.parse().expect("a visit");
    assert_eq!(portal.sign_in("patient").await.get(&format!("/my/visits/{visit}")).await.status, StatusCode::OK);
    let other = portal.visitor();
    other.sign_in("margaret.whitfield@example.com").await;
    assert_eq!(other.get(&format!("/my/visits/{visit}")).await.status, StatusCode::NOT_FOUND);
}

/// The request of Ms Reyes to which the demo has made an offer.
async fn demo_request(portal: &Portal) -> String {
    let sql =
        "SELECT id::text FROM visit_request WHERE patient_id = $1 AND status = 'AWAITING_PATIENT_CONFIRMATION' LIMIT 1";
    value(portal, sql, demo(6, REYES)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_acts_for_whom_it_says_and_without_the_scope_not_at_all() {
    let portal = Portal::start().await;
    let (brother, desk) = (portal.visitor(), portal.sign_in("assistant").await);
    brother.sign_in("rafael.reyes@example.com").await;
    let id = ask(&brother).await;
    let page = desk.get(&format!("/visit-requests/{id}")).await;
    assert!(page.body.contains("Rafael Reyes (trusted person, for the patient)"), "{}", page.body);
    offer(&desk, id).await;
    assert_eq!(brother.get("/my").await.text("main h2"), "Can Marisol make this time?");
    let own = demo(6, REYES).to_string();
    let visit = visit_of(&brother.post(&format!("/my/offers/{id}/acceptance"), &[("patient", &own)]).await);
    let told = portal.sign_in("patient").await.get(&format!("/my/visits/{visit}")).await;
    let story = told.texts("section.card li");
    assert!(story.iter().any(|step| step.starts_with("Booked by Mr Rafael Reyes, for Marisol")), "{story:#?}");
    let audited = "SELECT details ->> 'acting_for' FROM audit_event WHERE resource_type = 'visit' AND action = 'CREATE' AND resource_id = $1";
    assert_eq!(value(&portal, audited, visit).await, "OTHER");

    // The scope is taken away: pages, forms and rows are gone, and home has nothing of visits.
    value(&portal, "UPDATE portal_account SET scopes = '{MESSAGES}' WHERE patient_id = $1 AND relationship = 'OTHER' AND status = 'ACTIVE' RETURNING id::text", demo(6, REYES)).await;
    for path in ["/my/visits".to_owned(), "/my/visits/request".to_owned(), format!("/my/visits/{visit}")] {
        assert_eq!(brother.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let home = brother.get("/my").await;
    assert!(!home.body.contains("/my/visits"), "{}", home.body);
    let path = format!("/my/visits/{visit}/cancellation");
    let reply = brother.post(&path, &[("patient", &*own), ("reason", "x")]).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(status_of_visit(&portal, visit).await, "PLANNED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_form_never_changes_patient() {
    let portal = Portal::start().await;
    let mother = portal.visitor();
    mother.sign_in("rosa.lopez@example.com").await;
    let (amina, mateo) = (demo(6, 50).to_string(), demo(6, 51).to_string());
    mother.post("/my/switch", &[("patient", &amina)]).await;
    let form = mother.get("/my/visits/request").await;
    assert_eq!(form.field("patient"), amina);
    mother.post("/my/switch", &[("patient", &mateo)]).await;
    let key = form.field("idempotency_key");
    let page = mother.post("/my/visits/request", &request(&amina, &key)).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.text("h1").contains("Amina Khan") && page.body.contains("Nothing has been saved"), "{}", page.body);
    assert!(page.body.contains("Ear ache &#60;b&#62;"), "what was typed is kept");
    let id: Uuid = key.parse().expect("an id");
    assert_eq!(status_of_request(&portal, id).await, "");
    // Said for whom, it is sent for whom it was written.
    let mut fields = request(&amina, &key);
    fields.push(("switch_to", &amina));
    assert_eq!(mother.post("/my/visits/request", &fields).await.location(), "/my/visits");
    assert_eq!(value(&portal, "SELECT patient_id::text FROM visit_request WHERE id = $1", id).await, amina);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_to_their_number_of_statements() {
    let portal = Portal::start().await;
    count_statements();
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("assistant").await);
    for (browser, path, budget) in
        [(&phone, "/my", 11), (&phone, "/my/visits", 9), (&desk, "/schedule", 14), (&desk, "/visit-requests", 9)]
    {
        browser.get(path).await;
        let reply = browser.get(path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        let found = statements(&reply);
        assert!(found.len() <= budget, "{path} takes {}: {found:#?}", found.len());
    }
}

/// A new key of a form.
fn key() -> String {
    new_uuid().to_string()
}
