//! A case on its way from the clerk by the chair to the caseworker and back, in a browser.

use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

const TITLE: &str = "Second bathroom rail";

/// Somebody at a window of their own, at the case.
async fn at_the_case(portal: &Portal, role: &str, screen: Screen, script: Script) -> Window {
    let window = Window::open(portal, screen, script).await;
    window.sign_in(role).await;
    window.goto("/").await;
    assert_eq!(window.address().await, "/work", "{role} begins with their work");
    window.press(TITLE).await;
    window.wait_for_words("What you can do").await;
    window
}

async fn the_way(screen: Screen, script: Script) {
    let portal = Portal::start().await;
    let clerk = Window::open(&portal, screen, script).await;
    clerk.sign_in("clerk").await;
    clerk.goto("/cases/new").await;
    clerk.fill("Title", TITLE).await;
    clerk.fill("What it is about", "Asks for a rail after a fall.").await;
    choose(&clerk, "Priority", "Urgent").await;
    choose(&clerk, "Place", "Northgate Clinic").await;
    clerk.fill("Record number", "104 2331").await;
    if script == Script::On {
        clerk.wait_for_words("Draft kept").await;
    } else {
        clerk.press("Save draft").await;
        clerk.wait_for_words("Your draft of").await;
    }
    clerk.press("Open the case").await;
    clerk.wait_for_words("OKAFOR, Adaeze").await;
    clerk.picture(&format!("case-clerk-{screen:?}-{script:?}")).await;
    // The message of what was just done lies over the foot of a phone until it is dismissed.
    let here = clerk.address().await;
    clerk.goto(&here).await;
    clerk.press("Submit for review").await;
    clerk.wait_for_words("submitted for review").await;

    let chair = at_the_case(&portal, "chair", screen, script).await;
    choose(&chair, "Caseworker", "Bob Caseworker").await;
    chair.picture(&format!("case-chair-{screen:?}-{script:?}")).await;
    chair.press("Approve and assign").await;
    chair.wait_for_words("assigned").await;

    let worker = at_the_case(&portal, "caseworker", screen, script).await;
    worker.press("Start work").await;
    worker.wait_for_words("started").await;
    if script == Script::On {
        chair.wait_for_words("This case changed while you were reading it").await;
        chair.picture(&format!("case-changed-{screen:?}")).await;
    }
    worker.press("Ask for completion").await;
    worker.wait_for_words("handed to the chair").await;

    chair.goto("/cases?view=completion").await;
    chair.press(TITLE).await;
    chair.press("Return to the caseworker").await;
    chair.press("Return to the caseworker").await;
    chair.wait_for_words("Say why").await;
    chair.fill("Reason", "The quote is missing").await;
    chair.press("Return to the caseworker").await;
    chair.wait_for_words("The quote is missing").await;

    worker.goto("/cases?view=mine").await;
    worker.press(TITLE).await;
    worker.press("Ask for completion").await;
    worker.wait_for_words("handed to the chair").await;
    chair.goto("/cases?view=completion").await;
    chair.press(TITLE).await;
    chair.press("Mark completed").await;
    chair.fill("What came of it", "The rail is fitted").await;
    chair.press("Mark completed").await;
    chair.wait_for_words("The rail is fitted").await;
    chair.picture(&format!("case-completed-{screen:?}-{script:?}")).await;
    assert_eq!(status(&portal).await, "COMPLETED");

    let here = chair.address().await;
    chair.goto(&here).await;
    chair.press("Reopen").await;
    chair.fill("Reason", "The rail came loose").await;
    chair.press("Reopen").await;
    chair.wait_for_words("The rail came loose").await;
    worker.goto("/cases?view=mine").await;
    worker.press(TITLE).await;
    worker.wait_for_words("The rail came loose").await;
    assert_eq!(status(&portal).await, "IN_PROGRESS");
}

/// Chooses from the list with this label.
pub async fn choose(window: &Window, label: &str, words: &str) {
    let path = format!("//label[contains(normalize-space(), \"{label}\")]/following-sibling::select");
    let select = window.client.find(fantoccini::Locator::XPath(&path)).await.expect("a list to choose from");
    let option = format!("./option[contains(normalize-space(), \"{words}\")]");
    let option = select.find(fantoccini::Locator::XPath(&option)).await.expect("the choice");
    option.click().await.expect("it can be chosen");
}

async fn status(portal: &Portal) -> String {
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query_scalar("SELECT status FROM cases WHERE title = $1")
        .bind(TITLE)
        .fetch_one(&portal.admin)
        .await
        .expect("the case")
}

#[tokio::test]
async fn a_case_is_carried_to_completion_on_a_desk() {
    the_way(Screen::Desk, Script::On).await;
}

#[tokio::test]
async fn a_case_is_carried_to_completion_on_a_desk_without_javascript() {
    the_way(Screen::Desk, Script::Off).await;
}

#[tokio::test]
async fn a_case_is_carried_to_completion_on_a_phone() {
    the_way(Screen::Phone, Script::On).await;
}

#[tokio::test]
async fn a_case_is_carried_to_completion_on_a_phone_without_javascript() {
    the_way(Screen::Phone, Script::Off).await;
}
