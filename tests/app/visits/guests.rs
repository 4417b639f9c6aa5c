//! Guests of a video visit by a link: who invites, who lets them in, what they see, when the link ends, and what the database refuses.

use reqwest::{Method, StatusCode};
use uuid::Uuid;

use super::video::{hears, session, tries, visit_id};
use super::{REYES, begins_in, demo, value};
use crate::support::{Browser, Portal, Reply};

const HELLO: [(&str, &str); 2] = [("kind", "hello"), ("from", "page-of-a-guest")];

/// The link on a page that shows one, as a path.
fn link(page: &Reply) -> String {
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let link = page.text("code");
    assert!(link.starts_with("/guest/"), "{link}");
    link
}

/// A link for a guest of the visit, made by staff.
async fn invite(desk: &Browser, visit: Uuid) -> String {
    link(&desk.post(&format!("/visits/{visit}/guests"), &[("name", "Ana Luz <b>"), ("kind", "INTERPRETER")]).await)
}

/// The guest of a link.
fn guest_of(link: &str) -> Uuid {
    link.split('.').nth(1).expect("a guest").parse().expect("an id")
}

/// The call of Ms Reyes and Dr Haas.
async fn talking(portal: &Portal) -> (Browser, Browser) {
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("clinician").await);
    let (own, visit) = (demo(6, REYES).to_string(), visit_id());
    phone.post(&format!("/my/visits/{visit}/arrival"), &[("patient", &own)]).await;
    desk.post(&format!("/visits/{visit}/video/admission"), &[]).await;
    assert_eq!(session(portal, "status").await, "ACTIVE");
    (phone, desk)
}

/// What the guest's page says.
async fn sees(guest: &Browser, link: &str) -> String {
    guest.get(link).await.text("h1")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_waits_is_let_in_and_is_sent_away() {
    let portal = Portal::start().await;
    let (help, visit) = (portal.sign_in("assistant").await, visit_id());
    let link = invite(&help, visit).await;
    let id = guest_of(&link);
    let kept = "SELECT encode(name_enc, 'escape') || encode(token_hash, 'escape') FROM visit_guest WHERE id = $1";
    let kept = value(&portal, kept, id).await;
    assert!(!kept.contains("Ana") && !kept.contains(link.rsplit('.').next().expect("a secret")), "nothing in clear");
    let page = help.get(&format!("/visits/{visit}")).await;
    assert!(page.body.contains("Ana Luz &#60;b&#62;") && page.body.contains("has not come"), "{}", page.body);

    // The guest needs no account, and learns the time and the clinic.
    let guest = portal.visitor();
    let page = guest.get(&link).await;
    assert_eq!(page.text("h1"), "Join a video visit");
    assert!(page.body.contains("Northgate Clinic"), "{}", page.body);
    let nothing_of = |page: &Reply| {
        let body = page.body.to_uppercase();
        assert!(["REYES", "MARISOL", "HAAS", "ANA LUZ", "V-"].iter().all(|word| !body.contains(word)), "{}", page.body);
    };
    nothing_of(&page);
    assert_eq!(guest.post(&link, &[]).await.location(), link);
    let page = guest.get(&link).await;
    assert_eq!(page.text("h1"), "The clinic knows you are here");
    assert!(page.body.contains("http-equiv=\"refresh\""), "also without JavaScript");
    nothing_of(&page);
    assert_eq!(session(&portal, "status").await, "", "a guest begins nothing");
    assert_eq!(super::status_of_visit(&portal, visit).await, "PLANNED");

    // The call begins without them; who holds the visit lets them in, and nobody else.
    let (phone, desk) = talking(&portal).await;
    assert_eq!(sees(&guest, &link).await, "The clinic knows you are here");
    assert_eq!(guest.post(&format!("{link}/signals"), &HELLO).await.status, StatusCode::NOT_FOUND, "not let in yet");
    let stream = desk.request(Method::GET, &format!("/visits/{visit}/video/events"));
    let mut stream = stream.send().await.expect("a stream");
    hears(&mut stream, "\"knocks\":1").await;
    let admission = format!("/visits/{visit}/guests/{id}/admission");
    let colleague = portal.visitor();
    colleague.sign_in("samir.khan@example.com").await;
    for other in [&help, &colleague, &phone] {
        assert_eq!(other.post(&admission, &[]).await.status, StatusCode::FORBIDDEN);
    }
    let room = desk.get(&format!("/visits/{visit}/video")).await;
    assert!(room.body.contains("waits to be let in") && room.body.contains(&admission), "{}", room.body);
    let part = desk.hx_post(&admission, &[]).await;
    assert!(part.body.contains("let in") && !part.body.contains("<html"), "the call goes on: {}", part.body);
    hears(&mut stream, &format!("\"guests\":[\"{id}\"]")).await;
    let page = guest.get(&link).await;
    assert_eq!(page.text("h1"), "You are in the video visit");
    assert!(page.body.contains("data-status=\"ACTIVE\"") && page.body.contains(&format!("data-me=\"{id}\"")));
    nothing_of(&page);
    let policy = page.header("permissions-policy").unwrap_or_default();
    assert!(policy.contains("camera=(self)"), "{policy}");

    // Everybody hears the guest, and the guest everybody but themselves.
    assert_eq!(guest.post(&format!("{link}/signals"), &HELLO).await.status, StatusCode::NO_CONTENT);
    hears(&mut stream, &format!("\"who\":\"{id}\"")).await;
    let fields = [("kind", "hello"), ("from", "page-of-the-phone")];
    phone.post(&format!("/my/visits/{visit}/video/signals"), &fields).await;
    let own = guest.request(Method::GET, &format!("{link}/events?since=0"));
    let mut own = own.send().await.expect("a stream");
    let heard = hears(&mut own, "\"who\":\"PATIENT\"").await;
    assert!(!heard.contains("page-of-a-guest") && heard.contains("\"knocks\":null"), "{heard}");

    // Who leaves may come back; who is sent away may not.
    assert_eq!(sees(&guest, &format!("{link}?left=yes")).await, "You have left the call");
    assert_eq!(sees(&guest, &link).await, "You are in the video visit");
    desk.hx_post(&format!("/visits/{visit}/guests/{id}/removal"), &[]).await;
    hears(&mut own, "\"status\":\"ENDED\"").await;
    hears(&mut stream, "\"guests\":[]").await;
    assert_eq!(guest.get(&link).await.status, StatusCode::NOT_FOUND);
    assert_eq!(sees(&guest, &link).await, "This link does not work");
    assert_eq!(guest.post(&format!("{link}/signals"), &HELLO).await.status, StatusCode::NOT_FOUND);
    assert_eq!(session(&portal, "status").await, "ACTIVE", "the call goes on without them");
    let audited = "SELECT string_agg(DISTINCT actor_kind || ' ' || action, ', ' ORDER BY actor_kind || ' ' || action) FROM audit_event
                   WHERE resource_type = 'visit_guest' AND resource_id = $1 AND patient_id IS NOT NULL";
    assert_eq!(
        value(&portal, audited, id).await,
        "ANONYMOUS UPDATE, ANONYMOUS VIEW, USER CREATE, USER DELETE, USER UPDATE"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_one_visit_for_one_browser_until_it_is_over() {
    let portal = Portal::start().await;
    let (help, visit) = (portal.sign_in("assistant").await, visit_id());
    let (first, second) = (invite(&help, visit).await, invite(&help, visit).await);
    let guest = portal.visitor();
    guest.post(&first, &[]).await;
    let (_, desk) = talking(&portal).await;
    desk.post(&format!("/visits/{visit}/guests/{}/admission", guest_of(&first)), &[]).await;
    assert_eq!(sees(&guest, &first).await, "You are in the video visit");

    // The same link in another browser: outside, and once they join, the first is outside.
    let other = portal.visitor();
    assert_eq!(sees(&other, &first).await, "Join a video visit");
    for path in ["events", "signals"] {
        let reply = if path == "events" {
            other.get(&format!("{first}/events")).await
        } else {
            other.post(&format!("{first}/signals"), &HELLO).await
        };
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
    }
    other.post(&first, &[]).await;
    assert_eq!(sees(&other, &first).await, "The clinic knows you are here", "let in anew, or not");
    assert_eq!(sees(&guest, &first).await, "Join a video visit");
    assert_eq!(guest.post(&format!("{first}/signals"), &HELLO).await.status, StatusCode::NOT_FOUND);
    // A form sent twice is one.
    let joined = "SELECT joined_at::text FROM visit_guest WHERE id = $1";
    let at = value(&portal, joined, guest_of(&first)).await;
    other.post(&first, &[]).await;
    assert_eq!(value(&portal, joined, guest_of(&first)).await, at);

    // Wrong, cut off, of another guest, of another organization: one page.
    let parts: Vec<&str> = first.trim_start_matches("/guest/").split('.').collect();
    let secret = second.rsplit('.').next().expect("a secret");
    for wrong in [
        "/guest/x".to_owned(),
        "/guest/a.b.c".to_owned(),
        first[..first.len() - 3].to_owned(),
        format!("/guest/{}.{}.{secret}", parts[0], parts[1]),
        format!("/guest/{}.{}.{}", demo(1, 2), parts[1], parts[2]),
        format!("/guest/{}.{}.{}", Uuid::nil(), parts[1], parts[2]),
    ] {
        let page = guest.get(&wrong).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{wrong}");
        assert_eq!(page.text("h1"), "This link does not work");
        assert_eq!(guest.post(&wrong, &[]).await.location(), wrong);
        assert_eq!(guest.get(&format!("{wrong}/events")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(guest.post(&format!("{wrong}/signals"), &HELLO).await.status, StatusCode::NOT_FOUND);
    }

    // After the call nobody comes in, by whichever link.
    desk.post(&format!("/visits/{visit}/video/end"), &[]).await;
    for (browser, link) in [(&other, &first), (&guest, &first), (&guest, &second)] {
        assert_eq!(sees(browser, link).await, "The visit is over");
        browser.post(link, &[]).await;
        assert_eq!(sees(browser, link).await, "The visit is over");
    }
    assert_eq!(value(&portal, "SELECT joined_at::text FROM visit_guest WHERE id = $1", guest_of(&second)).await, "");
    assert_eq!(other.post(&format!("{first}/signals"), &HELLO).await.status, StatusCode::NOT_FOUND);
    assert!(guest.get(&format!("{second}/events")).await.status.is_client_error());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_early_cancelled_or_forgotten_a_link_says_so() {
    let portal = Portal::start().await;
    let (help, visit) = (portal.sign_in("assistant").await, visit_id());
    let link = invite(&help, visit).await;
    let guest = portal.visitor();
    begins_in(&portal, 3, visit).await;
    assert_eq!(sees(&guest, &link).await, "It is too early");
    guest.post(&link, &[]).await;
    assert_eq!(sees(&guest, &link).await, "It is too early");
    begins_in(&portal, 0, visit).await;
    guest.post(&link, &[]).await;
    assert_eq!(sees(&guest, &link).await, "The clinic knows you are here");
    // Nobody marked the visit: the link ends by itself.
    super::timers::past_the_rules(
        &portal,
        "visit_guest",
        "UPDATE visit_guest SET expires_at = now() WHERE visit_id = $1 RETURNING id::text",
        visit,
    )
    .await;
    assert_eq!(sees(&guest, &link).await, "The visit is over");
    let stream = guest.request(Method::GET, &format!("{link}/events"));
    hears(&mut stream.send().await.expect("a stream"), "\"status\":\"ENDED\"").await;

    let version = help.get(&format!("/visits/{visit}")).await.field("row_version");
    let fields = [("row_version", &*version), ("reason", "The line is down")];
    help.post(&format!("/visits/{visit}/cancellation"), &fields).await;
    let page = guest.get(&link).await;
    assert_eq!(page.text("h1"), "This visit was cancelled");
    assert!(!page.body.contains("The line is down"), "why is not for guests");
    guest.post(&link, &[]).await;
    assert_eq!(sees(&guest, &link).await, "This visit was cancelled");
    let reply = help.post(&format!("/visits/{visit}/guests"), &[("name", "Ana"), ("kind", "OTHER")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.body.contains("that is still to come"), "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_and_the_patient_invite_three_at_most() {
    let portal = Portal::start().await;
    let (phone, help, visit) = (portal.sign_in("patient").await, portal.sign_in("assistant").await, visit_id());
    let (own, mine, staff) =
        (demo(6, REYES).to_string(), format!("/my/visits/{visit}/guests"), format!("/visits/{visit}/guests"));
    let long = "x".repeat(10_000);
    for (name, kind, words) in [
        (" ", "OTHER", "Enter the name of the guest"),
        ("Ana", "SPY", "Choose what they are there for"),
        (&*long, "OTHER", "characters or fewer"),
        ("A\u{7}na", "OTHER", "letters, numbers and punctuation"),
    ] {
        for (browser, path) in [(&phone, &mine), (&help, &staff)] {
            let page = browser.post(path, &[("patient", &own), ("name", name), ("kind", kind)]).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {kind}");
            assert!(page.text(".esum").contains(words), "{}", page.body);
        }
    }
    assert!(phone.get(&format!("/my/visits/{visit}")).await.body.contains(&mine));
    let fields = [("patient", &*own), ("name", "Sister <i>Inés</i>"), ("kind", "RELATIVE")];
    let sister = link(&phone.post(&mine, &fields).await);
    assert!(help.get(&format!("/visits/{visit}")).await.body.contains("Sister &#60;i&#62;In\u{e9}s"));
    assert!(!phone.get(&mine).await.body.contains("/guest/"), "the link is shown once");
    // The demo has invited one already.
    invite(&help, visit).await;
    for (browser, path) in [(&phone, &mine), (&help, &staff)] {
        let page = browser.post(path, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(page.body.contains("three guests at most") && page.body.contains("value=\"Sister"), "{}", page.body);
    }
    // A form for somebody else withdraws nothing; a withdrawn link makes room.
    let removal = format!("{mine}/{}/removal", guest_of(&sister));
    let else_ = phone.post(&removal, &[("patient", &demo(6, 1).to_string())]).await;
    assert_ne!(else_.status, StatusCode::SEE_OTHER);
    assert_eq!(sees(&portal.visitor(), &sister).await, "Join a video visit");
    assert_eq!(phone.post(&removal, &[("patient", &own)]).await.location(), mine);
    assert_eq!(sees(&portal.visitor(), &sister).await, "This link does not work");
    link(&phone.post(&mine, &fields).await);

    // Nobody else's visit, no visit at the clinic, no other role.
    let stranger = portal.visitor();
    stranger.sign_in("margaret.whitfield@example.com").await;
    assert_eq!(stranger.get(&mine).await.status, StatusCode::NOT_FOUND);
    assert_eq!(stranger.post(&mine, &fields).await.status, StatusCode::NOT_FOUND);
    let in_person =
        "SELECT id::text FROM visit WHERE patient_id = $1 AND visit_mode = 'IN_PERSON' AND status = 'PLANNED' LIMIT 1";
    let in_person = value(&portal, in_person, demo(6, REYES)).await;
    let page = phone.post(&format!("/my/visits/{in_person}/guests"), &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!phone.get(&format!("/my/visits/{in_person}")).await.body.contains("/guests"));
    for role in ["manager", "carer", "admin", "compliance"] {
        let reply = portal.sign_in(role).await.post(&staff, &fields).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_guests_that_nobody_may_have() {
    let portal = Portal::start().await;
    let (help, visit) = (portal.sign_in("assistant").await, visit_id());
    let (org, clinic) = (demo(1, 1), demo(2, 1));
    let as_whom = |user: u32, role: &str| format!("{org}|{}|{role}|{clinic}", demo(3, user));
    let (patient, doctor, colleague, help_) =
        (as_whom(11, "PATIENT"), as_whom(1, "CLINICIAN"), as_whom(12, "CLINICIAN"), as_whom(2, "MEDICAL_ASSISTANT"));
    let other = format!("{org}|{}|PATIENT|{clinic}", demo(3, 999));
    let insert = |visit: Uuid, patient: Uuid, more: (&str, &str)| {
        format!(
            "INSERT INTO visit_guest (organization_id, id, facility_id, visit_id, patient_id, kind, name_enc, token_hash{})
             VALUES ('{org}', gen_random_uuid(), '{clinic}', '{visit}', '{patient}', 'OTHER', 'x', sha256(random()::text::bytea){})",
            more.0, more.1
        )
    };
    let reyes = demo(6, REYES);
    let plain = insert(visit, reyes, ("", ""));
    for whom in [&patient, &doctor, &help_] {
        assert_eq!(tries(&portal, whom, &plain).await, "1");
    }
    for whom in [&as_whom(6, "CARER"), &as_whom(7, "MANAGER"), &other] {
        let said = tries(&portal, whom, &plain).await;
        assert!(said == "42501" || said == "visit_guest_of_video_visit", "{said}");
    }
    for (more, rule) in [
        ((", admitted_at, joined_at, browser_hash", ", now(), now(), sha256('x')"), "visit_guest_begins_invited"),
        ((", revoked_at", ", now()"), "visit_guest_begins_invited"),
    ] {
        assert_eq!(tries(&portal, &doctor, &insert(visit, reyes, more)).await, rule);
    }
    assert_eq!(tries(&portal, &doctor, &insert(visit, demo(6, 1), ("", ""))).await, "visit_guest_of_video_visit");
    let link = invite(&help, visit).await;
    let id = guest_of(&link);
    // The third: the demo has invited one.
    invite(&help, visit).await;
    assert_eq!(tries(&portal, &doctor, &plain).await, "visit_guest_count");

    let set = |what: &str| format!("UPDATE visit_guest SET {what} WHERE id = '{id}'");
    assert_eq!(tries(&portal, &doctor, &set("admitted_at = now()")).await, "visit_guest_admitted_joined");
    portal.visitor().post(&link, &[]).await;
    for (whom, what, rule) in [
        (&patient, "admitted_at = now()", "visit_guest_admission_role"),
        (&help_, "admitted_at = now()", "visit_guest_admission_role"),
        (&colleague, "admitted_at = now()", "visit_guest_admission_role"),
        (&doctor, "joined_at = now()", "42501"),
        (&doctor, "expires_at = now() + INTERVAL '9 days'", "42501"),
        (&doctor, "token_hash = sha256('x')", "42501"),
        (&doctor, "admitted_at = now()", "1"),
        (&patient, "revoked_at = now()", "1"),
        (&other, "revoked_at = now()", "0"),
    ] {
        assert_eq!(tries(&portal, whom, &set(what)).await, rule, "{what}");
    }
    // The secrets are nobody's to read, nor to look for.
    for column in ["token_hash", "browser_hash"] {
        assert_eq!(tries(&portal, &doctor, &format!("SELECT {column} FROM visit_guest")).await, "42501");
    }
    help.post(&format!("/visits/{visit}/guests/{id}/removal"), &[]).await;
    assert_eq!(tries(&portal, &doctor, &set("revoked_at = NULL")).await, "visit_guest_revoked");
    assert_eq!(tries(&portal, &doctor, &set("admitted_at = now()")).await, "visit_guest_revoked");

    // Nobody speaks for a guest, not even the portal for one who was not let in.
    talking(&portal).await;
    let call = session(&portal, "id").await;
    let say = format!(
        "INSERT INTO virtual_signal (organization_id, id, session_id, party, guest_id, kind, sender)
         VALUES ('{org}', gen_random_uuid(), '{call}', 'GUEST', '{id}', 'hello', 'page-of-a-browser')"
    );
    for whom in [&doctor, &patient] {
        let said = tries(&portal, whom, &say).await;
        assert!(said == "42501" || said == "virtual_signal_of_guest", "{said}");
    }
    let mut tx = portal.app.db.begin_worker(almoner::ids::OrganizationId::from(org)).await.expect("a transaction");
    #[expect(clippy::disallowed_methods, reason = "tests say what they please")]
    let refused = sqlx::query(&say).execute(&mut *tx).await.expect_err("not let in");
    assert_eq!(refused.as_database_error().and_then(|error| error.constraint()), Some("virtual_signal_of_guest"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_tries_links_without_end() {
    let portal = Portal::start().await;
    let guest = portal.visitor();
    let wrong = format!("/guest/{}.{}.x", demo(1, 1), Uuid::nil());
    let mut told = Vec::new();
    for _ in 0..61 {
        told.push(guest.get(&wrong).await.status);
    }
    assert!(told[..60].iter().all(|status| *status == StatusCode::NOT_FOUND), "{told:?}");
    assert_eq!(told[60], StatusCode::TOO_MANY_REQUESTS);
    // Who has a link that works is not kept out by it, and comes as often as a person does.
    let link = invite(&portal.sign_in("assistant").await, visit_id()).await;
    let mut told = Vec::new();
    for _ in 0..61 {
        told.push(guest.get(&link).await.status);
    }
    assert!(told[..60].iter().all(|status| *status == StatusCode::OK), "{told:?}");
    assert_eq!(told[60], StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_button_that_ends_a_call_says_for_whom() {
    let portal = Portal::start().await;
    let visit = visit_id();
    let (_, desk) = talking(&portal).await;
    let room = format!("/visits/{visit}/video");
    let ends = format!("form[action=\"{room}/end\"] button");
    // The demo has invited an interpreter, who has not come.
    assert_eq!(desk.get(&room).await.texts(&ends), ["End the call for everybody"]);
    let guest = "SELECT id::text FROM visit_guest WHERE visit_id = $1";
    let guest = value(&portal, guest, visit).await;
    desk.post(&format!("/visits/{visit}/guests/{guest}/removal"), &[]).await;
    assert_eq!(desk.get(&room).await.texts(&ends), ["End the call for both"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_visit_that_is_over_the_guests_stay_in_the_record() {
    let portal = Portal::start().await;
    let (past, phone) = (demo(21, 9), portal.sign_in("patient").await);
    let desk = portal.sign_in("clinician").await;
    for page in [desk.get(&format!("/visits/{past}")).await, phone.get(&format!("/my/visits/{past}/guests")).await] {
        assert!(page.body.contains("Carmen Ortiz") && page.body.contains("was in the call"), "{}", page.body);
        assert!(page.body.contains("In\u{e9}s Reyes") && page.body.contains("link withdrawn"), "{}", page.body);
        assert!(!page.body.contains("not open just now"), "{}", page.body);
    }
}
