//! A rule, from the thought to the alert: with JavaScript and without.

use fantoccini::Locator;

use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

/// Chooses in the list with this id.
async fn choose(window: &Window, list: &str, value: &str) {
    let list = window.client.find(Locator::Id(list)).await.expect("the list");
    list.select_by_value(value).await.expect("the choice");
}

/// A clinician writes a rule, is told what makes no sense, tries it on history, and switches it on.
async fn a_rule(screen: Screen, script: Script) {
    let portal = Portal::start().await;
    let window = Window::open(&portal, screen, script).await;
    window.sign_in("clinician").await;
    window.goto("/rules").await;
    window.wait_for_words("Systolic blood pressure very high").await;
    window.press("New rule").await;
    window.fill("Name", "Pressure to be tried").await;
    choose(&window, "place", "01900000-0000-7000-8002-000000000001").await;
    choose(&window, "subject", "BLOOD_PRESSURE").await;
    window.fill("The limit, or how much it changes", "60").await;
    window.fill("in so many readings", "2").await;
    window.fill("within so many days", "3").await;
    window.press("Save").await;
    window.wait_for_words("this would fire for everyone").await;
    window.fill("The limit, or how much it changes", "160").await;
    window.press("Save").await;
    window.wait_for_words("Would have fired").await;
    window.wait_for_words("OKAFOR, Adaeze").await;
    window.press("Switch on").await;
    window.wait_for_words("Switched on.").await;
    window.wait_for_words("At work").await;
}

#[tokio::test]
async fn a_clinician_writes_a_rule_on_a_desk() {
    a_rule(Screen::Desk, Script::On).await;
}

#[tokio::test]
async fn a_clinician_writes_a_rule_on_a_phone_without_javascript() {
    a_rule(Screen::Phone, Script::Off).await;
}
