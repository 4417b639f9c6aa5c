//! A video visit in two browsers with made-up cameras: they wait, are let in, see each other, and part.

use std::time::Duration;

use serde_json::json;

use crate::accessibility::{sticking_out, violations};
use crate::driver::{Camera, Screen, Script, Window};
use crate::support::Portal;

/// How long two browsers on one machine may take to find each other.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the picture of the other side moves.
async fn sees_the_other(window: &Window, who: &str) {
    let end = tokio::time::Instant::now() + PATIENCE;
    let look = "const v = document.querySelector('video.theirs'); return v ? [v.videoWidth, v.currentTime] : null;";
    let mut before = 0.0;
    loop {
        let found = window.run(look).await;
        let (width, time) = (found[0].as_f64().unwrap_or(0.0), found[1].as_f64().unwrap_or(0.0));
        if width > 0.0 && before > 0.0 && time > before {
            return;
        }
        before = time;
        assert!(
            tokio::time::Instant::now() < end,
            "{who} does not see the other: {found}; {}",
            window.text("[data-state]").await
        );
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// The clinician's page of the demo's video visit. The arrivals change under the pointer when somebody comes.
const ROOM: &str = "/visits/01900000-0000-7000-8021-000000000020/video";

/// The patient comes into the waiting room.
async fn join(phone: &Window) {
    phone.goto("/my/visits").await;
    phone.press("Video visit with").await;
    phone.press("Join the video visit").await;
    phone.wait_for_words("The clinic knows you are here").await;
}

/// The patient joins, and the clinician lets them in.
async fn admit(phone: &Window, desk: &Window) {
    join(phone).await;
    desk.goto(ROOM).await;
    desk.press("Admit and begin").await;
}

#[tokio::test]
async fn two_people_see_each_other() {
    let portal = Portal::start().await;
    let (phone, desk) = tokio::join!(
        Window::open_with(&portal, Screen::Phone, Script::On, Camera::Allowed),
        Window::open_with(&portal, Screen::Desk, Script::On, Camera::Allowed)
    );
    phone.sign_in("patient").await;
    desk.sign_in("clinician").await;
    desk.goto("/arrivals").await;
    join(&phone).await;
    phone.picture("video-waiting").await;
    // Who comes is seen at once.
    desk.wait_for_words("In the waiting room").await;
    desk.picture("video-arrivals").await;
    desk.goto(ROOM).await;
    desk.picture("video-room").await;
    desk.press("Admit and begin").await;
    // The waiting room becomes the call by itself.
    phone.wait_for_words("You are with").await;
    tokio::join!(sees_the_other(&phone, "the patient"), sees_the_other(&desk, "the clinician"));
    phone.wait_for_words("You are connected").await;
    phone.picture("video-call-phone").await;
    desk.picture("video-call-desk").await;

    // Muted is muted, and the button says so.
    phone.press("Turn camera off").await;
    phone.wait_for_words("Turn camera on").await;
    let off = phone
        .run("return document.querySelector('video.mine').srcObject.getVideoTracks().every(t => !t.enabled)")
        .await;
    assert_eq!(off, true);
    phone.press("Turn camera on").await;

    // Who leaves may come back.
    phone.press("Leave the call").await;
    phone.press("Go back to the video visit").await;
    tokio::join!(sees_the_other(&phone, "the patient, back"), sees_the_other(&desk, "the clinician, again"));

    // The interpreter who was invited has not come, and comes no more: two are left to end the call for.
    desk.wait_for_words("End the call for everybody").await;
    desk.press("Withdraw the link").await;
    desk.press("End the call for both").await;
    desk.wait_for_words("The call is over").await;
    phone.wait_for_words("The call is over").await;
}

/// The patient and the clinician in a call, with a script of the test's own before each page's.
async fn begins(portal: &Portal, script: [&str; 2]) -> (Window, Window) {
    let (phone, desk) = tokio::join!(
        Window::open_with(portal, Screen::Phone, Script::On, Camera::Allowed),
        Window::open_with(portal, Screen::Desk, Script::On, Camera::Allowed)
    );
    phone.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script[0] })).await;
    desk.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script[1] })).await;
    phone.sign_in("patient").await;
    desk.sign_in("clinician").await;
    admit(&phone, &desk).await;
    phone.wait_for_words("You are with").await;
    (phone, desk)
}

/// Of what browsers tell each other to find each other, everything is refused at first; then it is kept, and the answer is lost; and only
/// then all is well. Counts the descriptions and the connections; with `away` nothing comes through at all, and every try takes ten seconds
/// of the page's time.
const TROUBLE: &str = "
    const real = window.fetch, tried = new Map(), now = Date.now;
    let late = 0;
    Date.now = () => now() + late;
    Object.assign(window, { away: false, posts: 0, described: new Set(), lines: 0 });
    window.fetch = async (where, how) => {
        if (!String(where).endsWith('/signals')) return real(where, how);
        if (away) { late += 1e4; throw new TypeError('away'); }
        const kind = how.body.get('kind'), body = how.body.get('body'), times = (tried.get(kind + body) || 0) + 1;
        if (kind === 'candidate') return real(where, how);
        tried.set(kind + body, times);
        if (times === 1) return new Response(null, { status: 503 });
        const answer = await real(where, how);
        posts++;
        if (kind === 'offer') described.add(body);
        if (times === 2) throw new TypeError('lost');
        return answer;
    };
    window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...all) { super(...all); lines++; } };";

#[tokio::test]
async fn a_portal_that_was_away_for_a_moment_hears_everything_once_it_is_back() {
    let portal = Portal::start().await;
    let far = format!("{TROUBLE} away = true;");
    let (phone, desk) = begins(&portal, [TROUBLE, &far]).await;
    // The clinician's browser reaches nobody for longer than it tries by itself.
    desk.wait_for_words("The connection to the portal is gone").await;
    let wrong = violations(&desk).await;
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(sticking_out(&desk).await.is_empty());
    desk.picture("video-gone").await;
    desk.run("away = false").await;
    desk.press("Try again").await;
    tokio::join!(sees_the_other(&phone, "the patient"), sees_the_other(&desk, "the clinician"));
    assert_eq!(desk.text("[data-gone]").await, "");
    // What was kept twice did no harm: the patient's browser answered each description once.
    let offered = desk.run("return [posts, described.size]").await;
    assert!(offered[0].as_u64() > offered[1].as_u64(), "nothing was sent twice: {offered}");
    assert_eq!(phone.run("return lines").await, offered[1]);
}

#[tokio::test]
async fn who_hears_no_answer_offers_again() {
    let portal = Portal::start().await;
    // The first answer is lost on its way, and nobody knows.
    let deaf = "
        const real = window.fetch;
        window.lost = 0;
        window.fetch = async (where, how) => String(where).endsWith('/signals') && how.body.get('kind') === 'answer' && !lost++
            ? new Response(null, { status: 204 }) : real(where, how);";
    let hasty = "
        const later = window.setTimeout;
        window.setTimeout = (task, pause) => later(task, pause > 1e4 ? pause / 10 : pause);";
    let (phone, desk) = begins(&portal, [deaf, hasty]).await;
    tokio::join!(sees_the_other(&phone, "the patient"), sees_the_other(&desk, "the clinician"));
    assert!(phone.run("return lost").await.as_u64() > Some(1), "one answer was lost, and another was not");
}

#[tokio::test]
async fn without_a_camera_there_is_the_telephone() {
    let portal = Portal::start().await;
    let (phone, desk) = tokio::join!(
        Window::open_with(&portal, Screen::Phone, Script::On, Camera::Denied),
        Window::open(&portal, Screen::Desk, Script::On)
    );
    phone.sign_in("patient").await;
    desk.sign_in("clinician").await;
    admit(&phone, &desk).await;
    phone.wait_for_words("We cannot use your camera or microphone").await;
    phone.wait_for_words("020 7946 0100").await;
    phone.picture("video-denied").await;
}

#[tokio::test]
async fn without_javascript_there_is_the_telephone_too() {
    let portal = Portal::start().await;
    let (phone, desk) = tokio::join!(
        Window::open(&portal, Screen::Phone, Script::Off),
        Window::open(&portal, Screen::Desk, Script::Off)
    );
    phone.sign_in("patient").await;
    desk.sign_in("clinician").await;
    admit(&phone, &desk).await;
    desk.wait_for_words("Video needs JavaScript").await;
    phone.press("Look again").await;
    phone.wait_for_words("You are with").await;
    phone.wait_for_words("020 7946 0100").await;
    phone.picture("video-plain").await;
    desk.press("End the call for everybody").await;
    desk.wait_for_words("The call is over").await;
    phone.goto(&phone.address().await).await;
    phone.wait_for_words("The call is over").await;
}

/// What a guest is told, without a fault in how it is told.
async fn reads(guest: &Window, words: &str) {
    guest.wait_for_words(words).await;
    let wrong = violations(guest).await;
    assert!(wrong.is_empty(), "{words}: {wrong:?}");
    assert!(sticking_out(guest).await.is_empty(), "{words}");
}

/// How many pictures move or could.
async fn pictures(window: &Window, number: usize, who: &str) {
    let end = tokio::time::Instant::now() + PATIENCE;
    let look = "return [...document.querySelectorAll('video.theirs')].filter(v => v.videoWidth > 0).length";
    loop {
        let found = window.run(look).await;
        if found == number {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{who} sees {found}: {}", window.text("[data-state]").await);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn a_guest_is_let_in_sees_both_and_is_sent_away() {
    let portal = Portal::start().await;
    let (phone, desk, guest) = tokio::join!(
        Window::open_with(&portal, Screen::Phone, Script::On, Camera::Allowed),
        Window::open_with(&portal, Screen::Desk, Script::On, Camera::Allowed),
        Window::open_with(&portal, Screen::Phone, Script::On, Camera::Allowed)
    );
    phone.sign_in("patient").await;
    desk.sign_in("clinician").await;
    desk.goto(ROOM.trim_end_matches("/video")).await;
    desk.fill("Name of a guest", "Ana Luz").await;
    desk.picture("guest-form").await;
    desk.press("Make a link").await;
    desk.wait_for_words("Copy it now").await;
    desk.picture("guest-link").await;
    assert!(violations(&desk).await.is_empty(), "{:?}", violations(&desk).await);
    let link = desk.text("code").await;
    guest.goto(&link).await;
    reads(&guest, "You are a guest at a video visit of").await;
    guest.picture("guest-join").await;
    guest.press("Join").await;
    reads(&guest, "The clinic knows you are here").await;

    admit(&phone, &desk).await;
    tokio::join!(sees_the_other(&phone, "the patient"), sees_the_other(&desk, "the clinician"));
    // The guest waits outside, and is let in while the two talk.
    desk.wait_for_words("waits to be let in").await;
    desk.press("Let in").await;
    guest.wait_for_words("You are in the video visit").await;
    pictures(&guest, 2, "the guest").await;
    pictures(&desk, 2, "the clinician").await;
    pictures(&phone, 2, "the patient").await;
    reads(&guest, "You are connected to 2 people").await;
    guest.picture("guest-call").await;
    desk.picture("guest-call-desk").await;
    phone.picture("guest-call-phone").await;
    assert!(violations(&desk).await.is_empty(), "{:?}", violations(&desk).await);

    desk.press("Send away").await;
    reads(&guest, "This link does not work").await;
    pictures(&desk, 1, "the clinician, after").await;
    pictures(&phone, 1, "the patient, after").await;
    desk.press("End the call for everybody").await;
    phone.wait_for_words("The call is over").await;
}

#[tokio::test]
async fn without_javascript_a_guest_waits_too() {
    let portal = Portal::start().await;
    let (phone, guest) = tokio::join!(
        Window::open(&portal, Screen::Phone, Script::Off),
        Window::open(&portal, Screen::Phone, Script::Off)
    );
    phone.sign_in("patient").await;
    phone.goto(&format!("/my{}/guests", ROOM.trim_end_matches("/video"))).await;
    phone.fill("Name of your guest", "Inés").await;
    phone.press("Make a link").await;
    phone.wait_for_words("Copy this link now").await;
    phone.picture("guest-link-phone").await;
    guest.goto(&phone.text("code").await).await;
    guest.press("Join").await;
    guest.wait_for_words("The clinic knows you are here").await;
    guest.press("Look again").await;
    guest.wait_for_words("Keep this page open").await;
}
