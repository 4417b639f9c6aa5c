//! What people come to do, done in a browser, with JavaScript and again without.

use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

#[tokio::test]
async fn a_clinician_signs_in_and_out_without_javascript() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Desk, Script::Off).await;
    window.goto("/alerts").await;
    assert!(window.address().await.starts_with("/sign-in?next="), "{}", window.address().await);
    window.fill("E-mail", "clinician@example.com").await;
    window.fill("Password", "password123").await;
    window.press("Sign in").await;
    window.wait_for_words("Alerts").await;
    assert_eq!(window.address().await, "/alerts");
}
