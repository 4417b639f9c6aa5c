//! What happens on an open page when its session ends.

use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

/// Ends every session of a demo account, as an administrator or another browser would.
async fn end_sessions(portal: &Portal, account: &str) {
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query(
        "UPDATE user_session SET ended_at = now(), end_reason = 'REVOKED'
         WHERE ended_at IS NULL AND user_id = (SELECT id FROM app_user WHERE email = $1)",
    )
    .bind(format!("{account}@example.com"))
    .execute(&portal.admin)
    .await
    .expect("the sessions end");
}

/// Signs in beside the open page, as in another tab.
async fn sign_in_elsewhere(window: &Window, account: &str) {
    let script = format!(
        "const done = arguments[arguments.length - 1];
         fetch('/sign-in', {{ method: 'POST', body: new URLSearchParams({{ email: '{account}@example.com', password: 'password123' }}) }})
           .then(r => done(r.url));"
    );
    let place = window.run_async(&script).await;
    assert!(!place.as_str().unwrap_or("/sign-in").contains("/sign-in"), "{place}");
}

const TYPED: &str = "Spoke to the daughter; she will bring the tablets.";

#[tokio::test]
async fn what_was_typed_outlives_the_session_for_the_same_person_only() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Desk, Script::On).await;
    window.sign_in("clinician").await;
    window.goto("/alerts").await;
    window.press("A-2331").await;
    window.wait_for("textarea[name=comment]").await;
    window.fill("Comment", TYPED).await;
    end_sessions(&portal, "clinician").await;

    // The page asks again whether the session goes on, and the curtain falls. No page of sign-in comes into it.
    window.run("document.body.dispatchEvent(new CustomEvent('session-ended', { bubbles: true }));").await;
    window.wait_for("#ended[open]").await;
    assert_eq!(window.text("#ended h2").await, "You have been signed out");
    assert_eq!(window.run("return document.querySelectorAll('input[name=password]').length").await, 0);
    let curtain =
        window.run("return getComputedStyle(document.querySelector('#ended'), '::backdrop').backgroundColor").await;
    assert!(!curtain.as_str().unwrap_or("rgba").contains("rgba"), "what is behind it can be seen: {curtain}");
    window.key("\u{E00C}").await;
    window.press("I have signed in").await;
    window.wait_for("#ended[open]").await;

    // Somebody else does not get it.
    sign_in_elsewhere(&window, "assistant").await;
    window.press("I have signed in").await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    window.wait_for("#ended[open]").await;

    sign_in_elsewhere(&window, "clinician").await;
    window.press("I have signed in").await;
    window.wait_until_gone("#ended[open]").await;
    assert_eq!(window.run("return document.querySelector('textarea[name=comment]').value").await, TYPED);
    window.press("Add comment").await;
    window.wait_for_words(TYPED).await;
    assert!(window.address().await.starts_with("/alerts/"), "{}", window.address().await);
}

#[tokio::test]
async fn a_form_that_would_lose_what_was_typed_is_not_sent() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Desk, Script::On).await;
    window.sign_in("clinician").await;
    window.goto("/alerts").await;
    window.press("A-2331").await;
    window.wait_for("textarea[name=comment]").await;
    window.fill("Comment", TYPED).await;
    end_sessions(&portal, "clinician").await;
    // As after two minutes of writing.
    window.run("const now = Date.now; Date.now = () => now() + 12e4;").await;
    window.press("Add comment").await;
    window.wait_for("#ended[open]").await;
    assert_eq!(window.run("return document.querySelector('textarea[name=comment]').value").await, TYPED);
}

#[tokio::test]
async fn a_page_into_which_nothing_was_typed_goes_to_the_sign_in() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Desk, Script::On).await;
    window.sign_in("clinician").await;
    window.goto("/alerts").await;
    window.wait_for_words("Blood pressure very high").await;
    end_sessions(&portal, "clinician").await;
    window.press("Acknowledge").await;
    window.wait_for("main input[name=password]").await;
    assert!(window.address().await.starts_with("/sign-in?next=%2Falerts"), "{}", window.address().await);
    assert_eq!(window.run("return document.querySelectorAll('#preview').length").await, 0, "not inside a panel");
}
