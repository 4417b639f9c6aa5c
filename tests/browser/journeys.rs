//! What people come to do, done in a browser, with JavaScript and again without.

use crate::driver::{ENTER, Screen, Script, Window};
use crate::support::Portal;

/// A clinician signs in, works through the queue, opens the chart and comes back.
async fn triage(screen: Screen, script: Script) {
    let portal = Portal::start().await;
    let window = Window::open(&portal, screen, script).await;
    window.goto("/alerts").await;
    assert!(window.address().await.starts_with("/sign-in?next="), "{}", window.address().await);
    window.fill("E-mail", "clinician@example.com").await;
    window.fill("Password", "password123").await;
    window.press("Sign in").await;
    window.wait_for_words("Blood pressure very high").await;
    assert_eq!(window.address().await, "/alerts");

    // The first alert is the one shown beside the queue. Taken notice of, thought better of, and again.
    window.press("Blood pressure very high").await;
    window.wait_for_words("Why this fired").await;
    window.press("Acknowledge").await;
    window.wait_for_words("Alert acknowledged").await;
    window.press("Undo").await;
    window.wait_for_words("Undone").await;
    window.goto("/alerts").await;
    window.press("Blood pressure very high").await;
    window.press("Acknowledge").await;
    window.wait_for_words("Alert acknowledged").await;
    assert_eq!(status(&portal, 2331).await, "ACKNOWLEDGED");

    // From the alert to the chart: who it is, and what they must not be given.
    window.goto("/alerts").await;
    window.press("OKAFOR, Adaeze").await;
    window.wait_for_words("Known allergies").await;
    assert!(window.address().await.starts_with("/patients/"), "{}", window.address().await);
    assert!(!window.client.title().await.expect("a title").contains("OKAFOR"), "no names in titles");
    window.client.back().await.expect("a page before");
    window.wait_for_words("Alerts").await;
}

/// The state of the demo alert with this number, as the database has it.
async fn status(portal: &Portal, number: i64) -> String {
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query_scalar("SELECT status FROM alert WHERE number = $1")
        .bind(number)
        .fetch_one(&portal.admin)
        .await
        .expect("the alert")
}

#[tokio::test]
async fn a_clinician_triages_on_a_desk() {
    triage(Screen::Desk, Script::On).await;
}

#[tokio::test]
async fn a_clinician_triages_on_a_desk_without_javascript() {
    triage(Screen::Desk, Script::Off).await;
}

#[tokio::test]
async fn a_clinician_triages_on_a_phone() {
    triage(Screen::Phone, Script::On).await;
}

#[tokio::test]
async fn a_clinician_triages_with_the_keyboard() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Desk, Script::On).await;
    window.sign_in("clinician").await;
    window.goto("/alerts").await;
    window.wait_for("tr.at, tr[aria-current]").await;
    window.key("j").await;
    window.wait_for_words("Oxygen saturation low").await;
    window.key("e").await;
    window.wait_for_words("Alert acknowledged").await;
    window.key("?").await;
    window.wait_for("dialog[open]").await;
}

#[tokio::test]
async fn an_alert_raised_elsewhere_is_told_without_a_reload() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Desk, Script::On).await;
    window.sign_in("clinician").await;
    window.goto("/alerts").await;
    window.wait_for_words("Blood pressure very high").await;
    let colleague = portal.sign_in("assistant").await;
    let form = colleague.get("/alerts/new").await;
    let key = form.field("idempotency_key");
    let first = |name: &str| {
        let values = form.attributes(&format!("select[name={name}] option"), "value");
        values.into_iter().find(|value| !value.is_empty()).expect("a choice")
    };
    let (facility, kind) = (first("facility"), first("type"));
    let fields = [
        ("idempotency_key", key.as_str()),
        ("facility", &facility),
        ("type", &kind),
        ("severity", "CRITICAL"),
        ("title", "Oxygen cylinder empty"),
        ("body", "Room 2"),
    ];
    let reply = colleague.post("/alerts/new", &fields).await;
    assert!(reply.status.is_redirection(), "{} {}", reply.status, reply.body);
    window.wait_for_words("1 newer alert").await;
    window.press("1 newer alert").await;
    window.wait_for_words("Oxygen cylinder empty").await;
}

#[tokio::test]
async fn a_patient_sees_their_own_record_and_who_opened_it_on_a_phone_without_javascript() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Phone, Script::Off).await;
    window.sign_in("patient").await;
    assert_eq!(window.address().await, "/my");
    window.goto("/my/access").await;
    window.wait_for_words("Who opened your record").await;
    window.goto("/alerts").await;
    window.wait_for_words("You cannot do this").await;
}

/// The strict content security policy stops nothing of ours.
#[tokio::test]
async fn no_page_breaks_the_content_security_policy() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Desk, Script::On).await;
    window.sign_in("clinician").await;
    for path in ["/alerts", "/patients", "/me", "/help/keys", "/design"] {
        window.goto(path).await;
        let broken = window
            .run_async(
                "const done = arguments[arguments.length - 1];
                 new ReportingObserver(reports => done(reports.map(r => r.body && r.body.blockedURL)), { types: ['csp-violation'], buffered: true }).observe();
                 setTimeout(() => done([]), 300);",
            )
            .await;
        assert_eq!(broken, serde_json::json!([]), "{path}");
    }
}

/// What is no tab of a chart is in a menu, opened and gone through by the keyboard.
async fn the_rest_of_the_chart(screen: Screen, script: Script) {
    let portal = Portal::start().await;
    let window = Window::open(&portal, screen, script).await;
    window.sign_in("clinician").await;
    window.goto("/patients/01900000-0000-7000-8006-000000000001").await;
    window.tab_to("More sections").await;
    window.keys(ENTER).await;
    window.wait_for(".tabs details[open] .pop").await;
    window.picture("chart-menu").await;
    window.tab_to("Contacts").await;
    window.keys(ENTER).await;
    window.wait_for(".tabs > [href$='/contacts'][aria-current='page']").await;
    assert!(window.address().await.ends_with("/contacts"));
}

#[tokio::test]
async fn a_clinician_finds_the_rest_of_the_chart_in_a_menu() {
    the_rest_of_the_chart(Screen::Desk, Script::On).await;
}

#[tokio::test]
async fn a_clinician_finds_the_rest_of_the_chart_on_a_phone_without_javascript() {
    the_rest_of_the_chart(Screen::Phone, Script::Off).await;
}
