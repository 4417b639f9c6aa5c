//! A video visit in two browsers with made-up cameras: they wait, are let in, see each other, and part.

use std::time::Duration;

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

#[tokio::test]
async fn without_a_camera_there_is_the_telephone() {
    let portal = Portal::start().await;
    let (phone, desk) = tokio::join!(
        Window::open_with(&portal, Screen::Phone, Script::On, Camera::Denied),
        Window::open(&portal, Screen::Desk, Script::On)
    );
    phone.sign_in("patient").await;
    desk.sign_in("clinician").await;
    join(&phone).await;
    desk.goto(ROOM).await;
    desk.press("Admit and begin").await;
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
    join(&phone).await;
    desk.goto(ROOM).await;
    desk.press("Admit and begin").await;
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

    join(&phone).await;
    desk.goto(ROOM).await;
    desk.press("Admit and begin").await;
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
