//! The patient's pages on a phone, with scripts and without: details, people who act, two tabs.

use fantoccini::Locator;

use crate::accessibility::sticking_out;
use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

/// The pages of the portal that this slice has.
const PAGES: [&str; 9] = [
    "/my",
    "/my/health",
    "/my/details",
    "/my/details/change",
    "/my/details/contacts/new",
    "/my/access",
    "/my/people",
    "/my/people/01900000-0000-7000-8010-000000000078",
    "/my/switch",
];

async fn click(window: &Window, css: &str) {
    let found = window.client.find(Locator::Css(css)).await.unwrap_or_else(|_| panic!("{css}"));
    found.click().await.expect("something to click");
}

/// A patient asks for another phone number; staff take it over; the patient reads that.
async fn a_new_number(screen: Screen, script: Script) {
    let portal = Portal::start().await;
    let phone = Window::open(&portal, screen, script).await;
    phone.sign_in("jonathan.bell").await;
    phone.press("Details").await;
    phone.press("Change these details").await;
    phone.wait_for_words("Is it an emergency?").await;
    phone.fill("Phone", "12").await;
    phone.press("Send to the clinic").await;
    phone.wait_for_words("There is a problem").await;
    phone.picture("portal-change-error").await;
    phone.fill("Phone", "07700 900998").await;
    phone.press("Send to the clinic").await;
    phone.wait_for_words("Waiting for the clinic").await;
    phone.picture("portal-details-waiting").await;
    let desk = Window::open(&portal, Screen::Desk, script).await;
    desk.sign_in("assistant").await;
    desk.goto("/detail-changes").await;
    desk.press("BELL, Jonathan").await;
    desk.wait_for_words("07700 900998").await;
    click(&desk, "input[value=accept]").await;
    desk.picture("portal-review").await;
    desk.press("Save what I chose").await;
    desk.wait_for_words("The patient sees both").await;
    phone.goto("/my/details").await;
    phone.wait_for_words("What the clinic answered").await;
    assert!(!phone.text("main").await.contains("Waiting for the clinic"));
}

#[tokio::test]
async fn a_patient_changes_a_number_on_a_phone() {
    a_new_number(Screen::Small, Script::On).await;
}

#[tokio::test]
async fn a_patient_changes_a_number_without_javascript() {
    a_new_number(Screen::Small, Script::Off).await;
}

#[tokio::test]
async fn nothing_sticks_out_at_360_pixels() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Small, Script::On).await;
    window.sign_in("patient").await;
    let mut wrong = Vec::new();
    for path in PAGES {
        window.goto(path).await;
        window.picture(&format!("portal{}", path.replace('/', "-"))).await;
        wrong.extend(sticking_out(&window).await.into_iter().map(|what| format!("{path}: {what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The form of one child, open in one tab while the other tab changes to her brother.
#[tokio::test]
async fn two_tabs_and_two_children() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Small, Script::On).await;
    window.sign_in("rosa.lopez").await;
    window.press("Look at Amina").await;
    window.wait_for_words("You are looking at: Amina Khan").await;
    window.goto("/my/details/change").await;
    let first = window.client.window().await.expect("a tab");
    let second = window.client.new_window(true).await.expect("another tab").handle;
    window.client.switch_to_window(second).await.expect("the other tab");
    window.goto("/my/switch").await;
    window.press("Look at Mateo").await;
    window.wait_for_words("You are looking at: Mateo Lopez").await;
    window.client.switch_to_window(first).await.expect("the first tab");
    window.fill("What should we call them?", "Mina").await;
    window.press("Send to the clinic").await;
    window.wait_for_words("Nothing has been saved").await;
    window.picture("portal-two-tabs").await;
    assert!(sticking_out(&window).await.is_empty());
    window.press("Go back to Amina").await;
    window.wait_for_words("You are looking at: Amina Khan").await;
    window.wait_for_words("Mina").await;
}

#[tokio::test]
async fn a_patient_ends_access_without_javascript() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Small, Script::Off).await;
    window.sign_in("patient").await;
    window.press("Who acts for you").await;
    window.press("Stop").await;
    window.wait_for_words("What happens").await;
    window.press("Stop Mr Rafael Reyes").await;
    window.wait_for_words("Not any more").await;
}
