//! Video visits: the waiting room, who lets whom in, what two browsers tell each other, and what the database refuses.

use std::time::Duration;

use almoner::events::By;
use almoner::ids::OrganizationId;
use almoner::visits::video::moves;
use reqwest::{Method, StatusCode};
use tokio::time::timeout;
use uuid::Uuid;

use super::{REYES, begins_in, demo, status_of_visit, value};
use crate::support::{Browser, Portal, run};

pub(super) async fn session(portal: &Portal, column: &str) -> String {
    value(portal, &format!("SELECT {column}::text FROM virtual_session WHERE visit_id = $1"), visit_id()).await
}

/// The video visit of Ms Reyes with Dr Haas that is due now.
pub(super) fn visit_id() -> Uuid {
    demo(21, 20)
}

async fn join(phone: &Browser, id: Uuid) {
    let own = demo(6, REYES).to_string();
    let reply = phone.post(&format!("/my/visits/{id}/arrival"), &[("patient", &own)]).await;
    assert_eq!(reply.location(), format!("/my/visits/{id}/video"), "{}", reply.body);
}

/// A call of Ms Reyes and Dr Haas.
async fn talking(portal: &Portal) -> (Browser, Browser, Uuid) {
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("clinician").await);
    let id = visit_id();
    join(&phone, id).await;
    let reply = desk.post(&format!("/visits/{id}/video/admission"), &[]).await;
    assert_eq!(reply.location(), format!("/visits/{id}/video"), "{}", reply.body);
    assert_eq!(session(portal, "status").await, "ACTIVE");
    (phone, desk, id)
}

fn signal<'a>(kind: &'a str, body: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("kind", kind), ("from", "page-of-a-browser"), ("to", ""), ("body", body)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_waits_is_let_in_and_the_call_ends() {
    let portal = Portal::start().await;
    let (phone, desk, help) =
        (portal.sign_in("patient").await, portal.sign_in("clinician").await, portal.sign_in("assistant").await);
    let id = visit_id();
    let (room, staff) = (format!("/my/visits/{id}/video"), format!("/visits/{id}/video"));
    let page = phone.get(&room).await;
    assert_eq!(page.text("h1"), "Join the video visit");
    assert_eq!(session(&portal, "status").await, "", "looking is not joining");
    join(&phone, id).await;
    join(&phone, id).await;
    assert_eq!(session(&portal, "status").await, "WAITING");
    assert_eq!(status_of_visit(&portal, id).await, "CHECKED_IN");
    let page = phone.get(&room).await;
    assert_eq!(page.text("h1"), "The clinic knows you are here");
    assert!(page.body.contains("tel:02079460100") && page.body.contains("http-equiv=\"refresh\""), "{}", page.body);

    // Staff see who waits; who holds the visit lets them in, and nobody else.
    for browser in [&desk, &help] {
        assert!(browser.get("/arrivals").await.body.contains("In the waiting room"));
    }
    assert!(desk.get("/arrivals").await.body.contains(&format!("{staff}/admission")));
    assert!(!help.get("/arrivals").await.body.contains(&format!("{staff}/admission")));
    assert_eq!(help.post(&format!("{staff}/admission"), &[]).await.status, StatusCode::FORBIDDEN);
    let other = portal.visitor();
    other.sign_in("samir.khan@example.com").await;
    assert!(other.get(&staff).await.body.contains("Nobody else opens its room"));
    for what in ["", "/admission", "/end", "/signals"] {
        assert_eq!(other.post(&format!("{staff}{what}"), &signal("hello", "")).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(session(&portal, "status").await, "WAITING");

    let reply = desk.post(&format!("{staff}/admission"), &[]).await;
    assert_eq!(reply.location(), staff);
    assert_eq!(session(&portal, "status").await, "ACTIVE");
    assert_eq!(status_of_visit(&portal, id).await, "IN_PROGRESS");
    // Both pages may ask for the camera; no other page may.
    for (browser, path) in [(&phone, &room), (&desk, &staff)] {
        let page = browser.get(path).await;
        assert!(page.body.contains("data-status=\"ACTIVE\""), "{}", page.body);
        let policy = page.header("permissions-policy").unwrap_or_default();
        assert!(policy.contains("camera=(self)") && policy.contains("microphone=(self)"), "{policy}");
    }
    let elsewhere = phone.get(&format!("/my/visits/{id}")).await;
    assert!(elsewhere.header("permissions-policy").unwrap_or_default().contains("camera=()"));

    assert_eq!(desk.post(&format!("{staff}/end"), &[]).await.location(), format!("/visits/{id}"));
    assert_eq!(session(&portal, "status || ' ' || end_reason").await, "ENDED CLOSED");
    assert_eq!(phone.get(&room).await.text("h1"), "The call is over");
    assert!(desk.get(&format!("/visits/{id}")).await.body.contains("ended by the clinician"));
    let story = "SELECT string_agg(c.to_status, ' ' ORDER BY c.at) FROM status_change AS c JOIN virtual_session AS s ON s.id = c.subject_id WHERE s.visit_id = $1";
    assert_eq!(value(&portal, story, id).await, "WAITING ACTIVE ENDED");
    let audit = "SELECT count(*)::text FROM audit_event AS e JOIN virtual_session AS s ON s.id = e.resource_id WHERE s.visit_id = $1 AND e.action = 'STATUS_CHANGED'";
    assert_eq!(value(&portal, audit, id).await, "3");
    // What has ended is not begun again.
    let own = demo(6, REYES).to_string();
    phone.post(&format!("/my/visits/{id}/arrival"), &[("patient", &own)]).await;
    desk.post(&format!("{staff}/admission"), &[]).await;
    assert_eq!(session(&portal, "status").await, "ENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_take_place_says_so() {
    let portal = Portal::start().await;
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("assistant").await);
    let id = visit_id();
    let room = format!("/my/visits/{id}/video");
    join(&phone, id).await;
    let version = desk.get(&format!("/visits/{id}")).await.field("row_version");
    let fields = [("row_version", &*version), ("reason", "The line is down")];
    desk.post(&format!("/visits/{id}/cancellation"), &fields).await;
    assert_eq!(status_of_visit(&portal, id).await, "CANCELLED");
    assert_eq!(
        session(&portal, "status || ' ' || end_reason").await,
        "ENDED VISIT_OVER",
        "the call goes with its visit"
    );
    let own = demo(6, REYES).to_string();
    let reply = phone.post(&format!("/my/visits/{id}/arrival"), &[("patient", &own)]).await;
    assert_eq!(reply.location(), room);
    let page = phone.get(&room).await;
    assert_eq!(page.text("h1"), "This visit was cancelled");
    assert!(page.body.contains("The line is down") && page.body.contains("020 7946 0100"), "{}", page.body);
    // The clinician comes into nothing either, lets nobody in, and says nothing.
    let holder = portal.sign_in("clinician").await;
    for (what, status) in [
        ("", StatusCode::SEE_OTHER),
        ("/admission", StatusCode::SEE_OTHER),
        ("/end", StatusCode::SEE_OTHER),
        ("/signals", StatusCode::CONFLICT),
    ] {
        let reply = holder.post(&format!("/visits/{id}/video{what}"), &signal("hello", "")).await;
        assert_eq!(reply.status, status, "{what}: {}", reply.body);
        assert_eq!(session(&portal, "status || ' ' || end_reason").await, "ENDED VISIT_OVER");
    }
    assert_eq!(status_of_visit(&portal, id).await, "CANCELLED");
    assert!(holder.get(&format!("/visits/{id}/video")).await.body.contains("This visit was cancelled"));
    assert_eq!(phone.post(&format!("{room}/signals"), &signal("hello", "")).await.status, StatusCode::CONFLICT);
    // A visit in a room has no video room; nor has somebody else's.
    let in_person =
        "SELECT id::text FROM visit WHERE patient_id = $1 AND visit_mode = 'IN_PERSON' AND status = 'PLANNED' LIMIT 1";
    let in_person = value(&portal, in_person, demo(6, REYES)).await;
    assert!(phone.get(&format!("/my/visits/{in_person}/video")).await.body.contains("This visit is not by video"));
    let doctor = portal.sign_in("clinician").await;
    assert_eq!(doctor.get(&format!("/visits/{in_person}/video")).await.status, StatusCode::NOT_FOUND);
    let stranger = portal.visitor();
    stranger.sign_in("margaret.whitfield@example.com").await;
    for what in ["", "/events"] {
        assert_eq!(stranger.get(&format!("{room}{what}")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_let_in_was_missed_and_a_deserted_call_is_ended_by_the_timer() {
    let portal = Portal::start().await;
    let phone = portal.sign_in("patient").await;
    let id = visit_id();
    join(&phone, id).await;
    let organization = OrganizationId::from(demo(1, 1));
    let tidy = async || {
        let mut tx = portal.app.db.begin_worker(organization).await.expect("a transaction");
        moves::end_deserted(&mut tx, &By::system(organization), 10).await.expect("the timer");
        tx.commit().await.expect("a commit");
    };
    tidy().await;
    assert_eq!(session(&portal, "status").await, "WAITING", "clinics run late");
    value(&portal, "UPDATE visit SET start_time = now() - INTERVAL '3 hours', end_time = now() - INTERVAL '2 hours' WHERE id = $1 RETURNING id::text", id).await;
    tidy().await;
    assert_eq!(session(&portal, "status").await, "WAITING", "somebody is still there");
    value(&portal, "UPDATE virtual_session SET patient_seen_at = now() - INTERVAL '20 minutes' WHERE visit_id = $1 RETURNING id::text", id).await;
    tidy().await;
    assert_eq!(session(&portal, "status || ' ' || end_reason").await, "ENDED TIMEOUT");
    assert_eq!(phone.get(&format!("/my/visits/{id}/video")).await.text("h1"), "We missed each other");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_joins_too_early_too_late_or_after_the_visit() {
    let portal = Portal::start().await;
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("clinician").await);
    let (id, own) = (visit_id(), demo(6, REYES).to_string());
    let (room, arrival) = (format!("/my/visits/{id}/video"), format!("/my/visits/{id}/arrival"));
    begins_in(&portal, 2, id).await;
    assert_eq!(phone.get(&room).await.text("h1"), "It is too early");
    assert_eq!(phone.post(&arrival, &[("patient", &own)]).await.location(), room);
    assert!(phone.get(&room).await.text("#flash").contains("opens half an hour before"));
    assert_eq!(session(&portal, "status").await, "", "nothing began");
    begins_in(&portal, -13, id).await;
    assert_eq!(phone.get(&room).await.text("h1"), "We missed each other");
    begins_in(&portal, -1, id).await;
    let version = desk.get(&format!("/visits/{id}")).await.field("row_version");
    desk.post(&format!("/visits/{id}/no-show"), &[("row_version", &*version)]).await;
    assert_eq!(status_of_visit(&portal, id).await, "NO_SHOW");
    assert_eq!(phone.post(&arrival, &[("patient", &own)]).await.location(), room);
    assert_eq!(phone.get(&room).await.text("h1"), "We missed each other");
    let reply = desk.post(&format!("/visits/{id}/video"), &[]).await;
    assert_eq!(reply.location(), format!("/visits/{id}/video"));
    assert_eq!(session(&portal, "status").await, "", "nobody is in it");
}

/// Reads a stream until it has said this.
pub(super) async fn hears(response: &mut reqwest::Response, words: &str) -> String {
    let mut heard = String::new();
    let reading = async {
        while !heard.contains(words) {
            let chunk =
                response.chunk().await.expect("a stream").unwrap_or_else(|| panic!("{words} never came: {heard}"));
            heard.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    };
    timeout(Duration::from_secs(30), reading).await.unwrap_or_else(|_| panic!("{words} does not come"));
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn two_browsers_hear_each_other_across_replicas_and_nothing_is_kept() {
    let portal = Portal::start().await;
    let replica = portal.replica().await;
    let (phone, _, id) = talking(&portal).await;
    let desk = replica.sign_in("clinician").await;
    let (room, staff) = (format!("/my/visits/{id}/video"), format!("/visits/{id}/video"));
    let stream = phone.request(Method::GET, &format!("{room}/events?since=0")).header("accept", "text/event-stream");
    let mut stream = stream.send().await.expect("a stream");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    hears(&mut stream, "\"status\":\"ACTIVE\"").await;
    let offer = r#"{"type":"offer","sdp":"v=0"}"#;
    assert_eq!(desk.post(&format!("{staff}/signals"), &signal("offer", offer)).await.status, StatusCode::NO_CONTENT);
    let heard = hears(&mut stream, "event: signal").await;
    assert!(heard.contains(r#"\"sdp\":\"v=0\""#), "{heard}");
    // One's own words do not come back, and what was heard is not heard again.
    assert_eq!(phone.post(&format!("{room}/signals"), &signal("answer", "{}")).await.status, StatusCode::NO_CONTENT);
    let last = value(&portal, "SELECT max(g.position)::text FROM virtual_signal AS g JOIN virtual_session AS s ON s.id = g.session_id WHERE s.visit_id = $1", id).await;
    let back = desk.request(Method::GET, &format!("{staff}/events")).header("last-event-id", "0");
    hears(&mut back.send().await.expect("a stream"), "\"kind\":\"answer\"").await;
    let again = desk.request(Method::GET, &format!("{staff}/events")).header("last-event-id", &last);
    let heard = hears(&mut again.send().await.expect("a stream"), "event: state").await;
    assert!(!heard.contains("event: signal"), "{heard}");

    // What is no message is refused, however it is wrong.
    let long = "x".repeat(40_000);
    for (kind, body) in [("offer", &*long), ("shout", "{}"), ("", "")] {
        let reply = phone.post(&format!("{room}/signals"), &signal(kind, body)).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{kind}");
    }
    let reply = phone.post(&format!("{room}/signals"), &[("kind", "hello"), ("from", "<script>")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);

    desk.post(&format!("{staff}/end"), &[]).await;
    hears(&mut stream, "\"status\":\"ENDED\"").await;
    assert_eq!(stream.chunk().await.expect("an end"), None);
    assert_eq!(phone.post(&format!("{room}/signals"), &signal("hello", "")).await.status, StatusCode::CONFLICT);
    let kept = "SELECT count(*)::text FROM virtual_signal AS g JOIN virtual_session AS s ON s.id = g.session_id WHERE s.visit_id = $1";
    assert_eq!(value(&portal, kept, id).await, "0");
}

/// What the database says to a statement of somebody: the name of the rule, the code, or how many rows.
pub(super) async fn tries(portal: &Portal, context: &str, sql: &str) -> String {
    let mut tx = portal.admin.begin_with("BEGIN").await.expect("a transaction");
    let become_them = format!("SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{context}'");
    #[expect(clippy::disallowed_methods, reason = "tests say what they please")]
    sqlx::raw_sql(&become_them).execute(&mut *tx).await.expect("a role");
    #[expect(clippy::disallowed_methods, reason = "tests say what they please")]
    match sqlx::query(sql).execute(&mut *tx).await {
        Ok(done) => done.rows_affected().to_string(),
        Err(error) => {
            let error = error.as_database_error().expect("the database's own words");
            error.constraint().map_or_else(|| error.code().unwrap_or_default().into_owned(), ToOwned::to_owned)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_what_the_machine_does_not_have() {
    let portal = Portal::start().await;
    let phone = portal.sign_in("patient").await;
    let id = visit_id();
    let (org, clinic) = (demo(1, 1), demo(2, 1));
    let as_whom = |user: u32, role: &str| format!("{org}|{}|{role}|{clinic}", demo(3, user));
    let (patient, doctor, colleague, help) =
        (as_whom(11, "PATIENT"), as_whom(1, "CLINICIAN"), as_whom(12, "CLINICIAN"), as_whom(2, "MEDICAL_ASSISTANT"));
    let other = format!("{org}|{}|PATIENT|{clinic}", demo(3, 999));
    let insert = |provider: u32, status: &str| {
        format!(
            "INSERT INTO virtual_session (organization_id, id, facility_id, visit_id, patient_id, provider_id, room_id, status)
             VALUES ('{org}', gen_random_uuid(), '{clinic}', '{id}', '{}', '{}', 'abcdefghijklmnopqrstuvwx', '{status}')",
            demo(6, REYES),
            demo(3, provider)
        )
    };
    assert_eq!(tries(&portal, &patient, &insert(1, "WAITING")).await, "virtual_session_begins_not_started");
    assert_eq!(tries(&portal, &colleague, &insert(12, "NOT_STARTED")).await, "virtual_session_of_video_visit");
    assert_eq!(tries(&portal, &help, &insert(1, "NOT_STARTED")).await, "42501");
    assert_eq!(tries(&portal, &patient, &insert(1, "NOT_STARTED")).await, "1");
    join(&phone, id).await;

    let set = |what: &str| format!("UPDATE virtual_session SET {what} WHERE visit_id = '{id}'");
    for (whom, what, rule) in [
        (&patient, "status = 'ACTIVE'", "virtual_session_transition_role"),
        (&patient, "status = 'ENDED', end_reason = 'CLOSED'", "virtual_session_transition_role"),
        (&patient, "status = 'ENDED', end_reason = 'VISIT_OVER'", "virtual_session_transition_role"),
        (&patient, "provider_joined_at = now()", "virtual_session_party"),
        (&patient, "patient_joined_at = now() - INTERVAL '1 hour'", "virtual_session_joined_once"),
        (&patient, "room_id = 'zzzzzzzzzzzzzzzzzzzzzzzzzz'", "42501"),
        (&doctor, "status = 'ACTIVE'", "virtual_session_both_joined"),
        (&doctor, "status = 'NOT_STARTED'", "virtual_session_transition"),
        (&doctor, "patient_seen_at = now()", "virtual_session_party"),
        (&doctor, "admitted_at = now()", "42501"),
        (&colleague, "provider_joined_at = now()", "virtual_session_party"),
        (&colleague, "status = 'ENDED', end_reason = 'CLOSED'", "virtual_session_transition_role"),
        (&help, "status = 'ACTIVE'", "virtual_session_transition_role"),
        (&help, "status = 'ENDED', end_reason = 'VISIT_OVER'", "virtual_session_transition_role"),
        (&other, "patient_seen_at = now()", "0"),
    ] {
        assert_eq!(tries(&portal, whom, &set(what)).await, rule, "{what}");
    }
    // Even who holds the visit does not begin a call outside of it.
    let both = set("provider_joined_at = now(), status = 'ACTIVE'");
    assert_eq!(tries(&portal, &doctor, &both).await, "virtual_session_visit_begun");

    let call = session(&portal, "id").await;
    let say = |party: &str| {
        format!(
            "INSERT INTO virtual_signal (organization_id, id, session_id, party, kind, sender)
             VALUES ('{org}', gen_random_uuid(), '{call}', '{party}', 'hello', 'page-of-a-browser')"
        )
    };
    assert_eq!(tries(&portal, &patient, &say("PATIENT")).await, "virtual_signal_in_call", "not before they are let in");
    let desk = portal.sign_in("clinician").await;
    desk.post(&format!("/visits/{id}/video/admission"), &[]).await;
    for (whom, party, answer) in [
        (&patient, "PATIENT", "1"),
        (&patient, "PROVIDER", "42501"),
        (&doctor, "PROVIDER", "1"),
        (&doctor, "PATIENT", "42501"),
        (&colleague, "PROVIDER", "42501"),
        (&help, "PROVIDER", "42501"),
    ] {
        assert_eq!(tries(&portal, whom, &say(party)).await, answer, "{party}");
    }
    desk.post(&format!("/visits/{id}/video/signals"), &signal("hello", "")).await;
    let read = "UPDATE virtual_signal SET body = 'y'";
    assert_eq!(tries(&portal, &patient, read).await, "42501", "what was said stays as it was said");
    let look = format!("SELECT FROM virtual_signal WHERE session_id = '{call}'");
    for (whom, rows) in [(&patient, "1"), (&doctor, "1"), (&colleague, "0"), (&help, "0"), (&other, "0")] {
        assert_eq!(tries(&portal, whom, &look).await, rows);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_facility_may_use_another_service_and_tells_it_nothing_but_a_random_name() {
    let portal = Portal::start().await;
    let (admin, phone, desk) =
        (portal.sign_in("admin").await, portal.sign_in("patient").await, portal.sign_in("clinician").await);
    let clinic = demo(2, 1).to_string();
    for (number, url) in [
        ("", "http://video.example.org/{room}"),
        ("call us", ""),
        ("", "https://video.example.org/"),
        ("", "https://x.example/{room}/{patient}"),
    ] {
        let fields = [("facility", &*clinic), ("phone", number), ("video_url", url)];
        let page = admin.post("/admin/video", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{number} {url}");
    }
    let fields =
        [("facility", &*clinic), ("phone", "020 7946 0999"), ("video_url", "https://video.example.org/a/{room}")];
    assert_eq!(admin.post("/admin/video", &fields).await.location(), "/admin/video");
    let visit = visit_id();
    join(&phone, visit).await;
    desk.post(&format!("/visits/{visit}/video/admission"), &[]).await;
    let room = session(&portal, "room_id").await;
    for (browser, path) in [(&phone, format!("/my/visits/{visit}/video")), (&desk, format!("/visits/{visit}/video"))] {
        let page = browser.get(&path).await;
        assert_eq!(page.attributes("section.call a.btn", "href"), [format!("https://video.example.org/a/{room}")]);
        assert!(!page.body.contains("<video"), "{}", page.body);
    }
    assert_eq!(desk.get("/admin/video").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_while_another_message_is_being_kept_waits_for_its_place() {
    let portal = Portal::start().await;
    let (phone, desk, id) = talking(&portal).await;
    let session = session(&portal, "id").await;
    // As another sender, who has a place and has not committed yet.
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    let mut other = portal.admin.begin().await.expect("a transaction");
    run(&mut *other, &format!("SELECT pg_advisory_xact_lock(HASHTEXTEXTENDED('{session}', 153))")).await;
    let path = format!("/visits/{id}/video/signals");
    let hello = signal("hello", "");
    let sent = desk.post(&path, &hello);
    tokio::pin!(sent);
    assert!(timeout(Duration::from_millis(500), &mut sent).await.is_err(), "a later place is not given out before");
    other.commit().await.expect("committed");
    assert_eq!(sent.await.status, StatusCode::NO_CONTENT);
    assert_eq!(phone.post(&format!("/my{path}"), &hello).await.status, StatusCode::NO_CONTENT);
    let positions = "SELECT count(*)::text FROM virtual_signal AS s JOIN virtual_session AS v ON v.id = s.session_id WHERE v.visit_id = $1";
    assert_eq!(value(&portal, positions, id).await, "2");
}
