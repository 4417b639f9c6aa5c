//! A patient on a phone and staff at a desk, in two browsers at once: from the question to the visit.

use fantoccini::Locator;

use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

/// Chooses the card of a question that says this.
async fn choose(window: &Window, words: &str) {
    let path = format!("//label[contains(@class, 'pick')][contains(normalize-space(), '{words}')]//input");
    let card = window.client.find(Locator::XPath(&path)).await.expect("the card");
    window.press_on(&card, " ").await;
}

/// The number of the request that says this, at the head of the queue of requests.
async fn open_request(desk: &Window, name: &str, words: &str) {
    desk.goto("/visit-requests").await;
    desk.wait_for_words(words).await;
    let path = format!("(//*[self::tr or self::li][contains(., '{words}')]//a[contains(., '{name}')])[1]");
    desk.client.find(Locator::XPath(&path)).await.expect("the request").click().await.expect("a link");
    desk.wait_for_words("What they ask for").await;
}

async fn story(script: Script, name: &str) {
    let portal = Portal::start().await;
    let (phone, desk) =
        tokio::join!(Window::open(&portal, Screen::Phone, script), Window::open(&portal, Screen::Desk, script));
    phone.sign_in("patient").await;
    desk.sign_in("assistant").await;

    // An offer waits already: another time is needed.
    phone.wait_for_words("Can you make this time?").await;
    phone.picture(&format!("{name}-home")).await;
    phone.press("Ask for a visit").await;
    phone.wait_for_words("How would you like to be seen?").await;
    choose(&phone, "At the clinic").await;
    phone.press("Send request").await;
    phone.wait_for_words("There is a problem").await;
    assert!(phone.text("body").await.contains("999"), "the emergency line");
    phone.picture(&format!("{name}-request")).await;
    phone.fill("Why do you want a visit?", "Blue toe since Friday").await;
    choose(&phone, "Getting worse").await;
    phone.press("Send request").await;
    phone.wait_for_words("We have your request").await;
    phone.picture(&format!("{name}-visits")).await;

    // Staff read it, say how soon, and offer a time.
    open_request(&desk, "REYES", "Blue toe").await;
    choose(&desk, "Yellow").await;
    desk.client
        .find(Locator::Css("form[action$='/triage'] button.pri"))
        .await
        .expect("triage")
        .click()
        .await
        .expect("a button");
    desk.wait_for_words("Times that are free").await;
    desk.client
        .find(Locator::Css("label.pick input[name=at]"))
        .await
        .expect("a time")
        .click()
        .await
        .expect("a time to choose");
    desk.picture(&format!("{name}-offer")).await;
    desk.press("Offer this time").await;
    desk.wait_for_words("The time is held and offered").await;

    // The patient takes it, and both read that it is booked.
    phone.goto("/my").await;
    phone.wait_for_words("Can you make this time?").await;
    phone.press("Yes, I will be there").await;
    phone.wait_for_words("Your visit is booked").await;
    phone.wait_for_words("Booked by you").await;
    phone.picture(&format!("{name}-visit")).await;
    // Its time comes.
    let soon = "UPDATE visit SET start_time = now() + INTERVAL '1 hour', end_time = now() + INTERVAL '90 minutes', slot_id = NULL, overbook_reason = 'x'
                WHERE id = (SELECT id FROM visit ORDER BY created_at DESC, id DESC LIMIT 1)";
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query(soon).execute(&portal.admin).await.expect("the visit");
    desk.goto(&desk.address().await).await;
    desk.press("See the visit").await;
    desk.wait_for_words("What you can do").await;
    desk.press("Check in").await;
    desk.wait_for_words("Checked in").await;
    phone.goto("/my").await;
    phone.wait_for_words("Arrived").await;
    let wide = phone.client.find(Locator::Css("html")).await.expect("the page").rectangle().await.expect("its size").2;
    assert!(wide <= 500.0, "nothing sticks out of a phone: {wide}");
}

#[tokio::test]
async fn a_patient_on_a_phone_and_staff_at_a_desk_come_to_a_visit() {
    story(Script::On, "visit").await;
}

#[tokio::test]
async fn a_patient_on_a_phone_and_staff_at_a_desk_come_to_a_visit_without_javascript() {
    story(Script::Off, "visit-plain").await;
}
