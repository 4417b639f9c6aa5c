//! A patient on a phone and staff at a desk write to each other: with a file, a draft, a move to somebody else, an end and a
//! new beginning; and what people are told of it.

use std::path::PathBuf;

use fantoccini::Locator;

use crate::accessibility::sticking_out;
use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

/// A picture to send.
fn picture(portal: &Portal, name: &str) -> String {
    let folder: PathBuf = portal.files_dir().join("to-send");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    image::DynamicImage::new_rgb8(300, 200).save(&path).expect("a picture");
    path.display().to_string()
}

async fn choose_file(window: &Window, path: &str) {
    let field = window.client.find(Locator::Css("input[type=file]")).await.expect("a field for files");
    field.send_keys(path).await.expect("a file is chosen");
}

async fn select(window: &Window, id: &str, value: &str) {
    let field = window.client.find(Locator::Id(id)).await.expect("a list");
    field.select_by_value(value).await.expect("a choice");
}

async fn click(window: &Window, css: &str) {
    let found = window.client.find(Locator::Css(css)).await.unwrap_or_else(|_| panic!("{css}"));
    window.press_on(&found, " ").await;
}

/// Nothing sticks out of the phone; without scripts it cannot be measured.
async fn fits(window: &Window, script: Script) {
    if script == Script::On {
        let out = sticking_out(window).await;
        assert!(out.is_empty(), "{out:?}");
    }
}

/// Opens the page again, where no script does.
async fn again(window: &Window) {
    let here = window.address().await;
    window.goto(here.split('#').next().unwrap_or_default()).await;
}

/// The patient writes, with something that is no picture, then with one; the address of the conversation.
async fn write(portal: &Portal, phone: &Window, script: Script, name: &str) -> String {
    phone.goto("/my/messages").await;
    phone.press("Write a message").await;
    phone.wait_for_words("Is it an emergency?").await;
    select(phone, "category", "HEALTH").await;
    phone.fill("In a few words", "Blue toe").await;
    phone.fill("Your message", "It is blue since Friday.").await;
    let folder = portal.files_dir().join("to-send");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("setup.exe"), b"MZ\x90\0").expect("a file");
    choose_file(phone, &folder.join("setup.exe").display().to_string()).await;
    phone.press("Send").await;
    phone.wait_for_words("The message was not sent").await;
    phone.wait_for_words("It is blue since Friday.").await;
    fits(phone, script).await;
    phone.picture(&format!("{name}-refused")).await;
    choose_file(phone, &picture(portal, "toe.png")).await;
    phone.press("Send").await;
    phone.wait_for_words("Your message is sent").await;
    phone.wait_for_words("toe.png").await;
    phone.address().await
}

/// Staff hear of it where they are, take it and see the picture.
async fn hear(desk: &Window, before: &str, script: Script, name: &str) {
    if script == Script::On {
        desk.wait_for_words("Blue toe").await;
        let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        while desk.text("#n-messages").await == before {
            assert!(tokio::time::Instant::now() < end, "the badge never changed from {before}");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    } else {
        again(desk).await;
        desk.wait_for_words("Blue toe").await;
    }
    desk.picture(&format!("{name}-inbox")).await;
    let row = "//tr[contains(., 'Blue toe')]//a";
    let link = desk.client.find(Locator::XPath(row)).await.expect("the conversation");
    desk.press_on(&link, "\u{E007}").await;
    desk.wait_for_words("What you can do").await;
    desk.press("Take it").await;
    desk.wait_for_words("toe.png").await;
    if script == Script::On {
        let drawn =
            "return [...document.querySelectorAll('.files img')].every(i => i.complete && i.naturalWidth === 300);";
        let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
        while desk.run(drawn).await != true {
            assert!(tokio::time::Instant::now() < end, "the picture is not shown");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
}

/// What is half typed survives; then it is sent.
async fn answer(desk: &Window, script: Script, name: &str) {
    desk.fill("Message", "Please put it up").await;
    if script == Script::On {
        desk.wait_for_words("Draft kept").await;
    } else {
        desk.press("Save draft").await;
        desk.wait_for_words("Your draft is kept").await;
    }
    again(desk).await;
    let kept =
        desk.client.find(Locator::Id("content")).await.expect("the answer").prop("value").await.expect("a value");
    assert_eq!(kept.as_deref(), Some("Please put it up"));
    desk.picture(&format!("{name}-draft")).await;
    desk.fill("Message", "Please put it up, and come today at four.").await;
    let send = desk.client.find(Locator::Css("#answer button.pri")).await.expect("a button");
    desk.press_on(&send, "\u{E007}").await;
    desk.wait_for_words("Message sent").await;
}

/// It goes to somebody else for a reason, is closed, and the next answer opens it again.
async fn pass_on_and_close(phone: &Window, desk: &Window, there: &str, name: &str) {
    desk.press("Pass on").await;
    desk.wait_for_words("Who is to answer?").await;
    let haas = "//label[contains(@class, 'pick')][contains(normalize-space(), 'Haas')]//input";
    let haas = desk.client.find(Locator::XPath(haas)).await.expect("a colleague");
    desk.press_on(&haas, " ").await;
    desk.fill("Why?", "She knows the foot").await;
    click(desk, "main form button.pri").await;
    desk.wait_for_words("She knows the foot").await;
    desk.press("Close").await;
    desk.wait_for_words("Reopen").await;
    desk.picture(&format!("{name}-closed")).await;
    phone.goto(there).await;
    phone.wait_for_words("This conversation is closed. If you write, we open it again.").await;
    phone.fill("Write back", "It is better. Thank you.").await;
    let send = phone.client.find(Locator::Css("#answer button.pri")).await.expect("a button");
    phone.press_on(&send, "\u{E007}").await;
    phone.wait_for_words("Your message is sent").await;
    again(desk).await;
    desk.wait_for_words("It is better. Thank you.").await;
    desk.press("Close").await;
    desk.press("Reopen").await;
    desk.fill("Why?", "One more question").await;
    click(desk, "main form button.pri").await;
    desk.wait_for_words("One more question").await;
}

async fn story(script: Script, name: &str) {
    let portal = Portal::start().await;
    let (phone, desk) =
        tokio::join!(Window::open(&portal, Screen::Phone, script), Window::open(&portal, Screen::Desk, script));
    phone.sign_in("patient").await;
    desk.sign_in("assistant").await;
    desk.goto("/threads?view=unassigned").await;
    let before = desk.text("#n-messages").await;

    let there = write(&portal, &phone, script, name).await;
    hear(&desk, &before, script, name).await;
    answer(&desk, script, name).await;

    // The patient reads it without doing anything, or opens the page again.
    if script == Script::On {
        phone.wait_for_words("There is a new message").await;
        phone.press("There is a new message").await;
    } else {
        phone.goto(&there).await;
    }
    phone.wait_for_words("come today at four").await;
    phone.picture(&format!("{name}-read")).await;
    fits(&phone, script).await;

    pass_on_and_close(&phone, &desk, &there, name).await;
}

#[tokio::test]
async fn a_patient_on_a_phone_and_staff_at_a_desk_write_to_each_other() {
    story(Script::On, "messages").await;
}

#[tokio::test]
async fn a_patient_on_a_phone_and_staff_at_a_desk_write_to_each_other_without_javascript() {
    story(Script::Off, "messages-plain").await;
}

/// Staff give somebody an alert: the bell says so where they are, and they choose how to be told.
async fn told(script: Script, name: &str) {
    let portal = Portal::start().await;
    let (clinician, assistant) =
        tokio::join!(Window::open(&portal, Screen::Desk, script), Window::open(&portal, Screen::Desk, script));
    clinician.sign_in("clinician").await;
    assistant.sign_in("assistant").await;
    clinician.goto("/notifications").await;
    if script == Script::On || clinician.text("main").await.contains("Mark all as read") {
        clinician.press("Mark all as read").await;
    }
    clinician.wait_until_gone("#bell .tag").await;

    assistant.goto("/alerts/01900000-0000-7000-8007-000000000001/assignment").await;
    let haas = "//label[contains(@class, 'pick')][contains(normalize-space(), 'Haas')]//input";
    let haas = assistant.client.find(Locator::XPath(haas)).await.expect("a colleague");
    assistant.press_on(&haas, " ").await;
    click(&assistant, "main form button.pri").await;
    assistant.wait_for_words("Haas").await;
    if script == Script::Off {
        again(&clinician).await;
    }
    clinician.wait_for("#bell .tag").await;
    click(&clinician, "#bell").await;
    clinician.wait_for_words("An alert was given to you").await;
    clinician.picture(&format!("{name}-list")).await;
    clinician.press("An alert was given to you").await;
    clinician.wait_for_words("Evidence").await;
    clinician.goto("/notifications").await;
    clinician.wait_until_gone("#bell .tag").await;

    clinician.goto("/notifications/preferences").await;
    clinician.fill("Send nothing from", "late").await;
    clinician.press("Save").await;
    clinician.wait_for_words("Write the time like 22:00").await;
    clinician.fill("Send nothing from", "22:00").await;
    clinician.fill("until", "07:00").await;
    clinician.press("Save").await;
    clinician.wait_for_words("Saved").await;
    let kept = clinician.client.find(Locator::Id("quiet_from")).await.expect("the hour").prop("value").await;
    assert_eq!(kept.expect("a value").as_deref(), Some("22:00"));
    clinician.picture(&format!("{name}-preferences")).await;
}

#[tokio::test]
async fn the_bell_says_what_is_new_and_people_choose_when_they_are_told() {
    told(Script::On, "bell").await;
}

#[tokio::test]
async fn the_bell_says_what_is_new_without_javascript() {
    told(Script::Off, "bell-plain").await;
}

/// What could not be delivered waits for who runs the system, with the gateway that was to blame.
async fn dead(script: Script, name: &str) {
    let portal = Portal::start().await;
    sqlx::query!(
        "UPDATE notification SET status = 'CANCELLED', sent_at = NULL, locked_until = NULL WHERE channel <> 'IN_APP'"
    )
    .execute(&portal.admin)
    .await
    .expect("nothing else");
    for _ in 0..2 {
        sqlx::query!(
            "INSERT INTO notification (organization_id, recipient_id, channel, kind, subject_id, payload, status, attempts, last_error, idempotency_key)
             SELECT organization_id, id, 'SMS', 'alert.assigned', id, '{\"path\": \"/alerts\"}', 'DEAD', 8, 'the gateway answered 403', gen_random_uuid()::text
             FROM app_user WHERE email = 'clinician@example.com'"
        )
        .execute(&portal.admin)
        .await
        .expect("a dead letter");
    }
    let admin = Window::open(&portal, Screen::Desk, script).await;
    admin.sign_in("admin").await;
    admin.goto("/admin/notifications").await;
    admin.wait_for_words("the gateway answered 403").await;
    admin.picture(&format!("{name}-outbox")).await;
    admin.press("Try again").await;
    admin.wait_for_words("The message will be tried again").await;
    admin.press("Discard").await;
    if script == Script::On {
        admin.wait_for("dialog[open]").await;
        click(&admin, "dialog[open] button[value=yes]").await;
    }
    admin.wait_for_words("Nothing has been given up").await;
    admin.press("Gateways").await;
    admin.wait_for_words("Where text messages and chat leave the portal").await;
    let address = admin.client.find(Locator::Id("sms_url")).await.expect("a field");
    address.send_keys("http://inside.example/").await.expect("an address");
    click(&admin, "section[aria-labelledby=sms-h] .submit button:not([name])").await;
    admin.wait_for_words("names a host on the internet").await;
    admin.picture(&format!("{name}-gateways")).await;
}

#[tokio::test]
async fn what_was_given_up_is_tried_again_or_discarded() {
    dead(Script::On, "dead").await;
}

#[tokio::test]
async fn what_was_given_up_is_tried_again_or_discarded_without_javascript() {
    dead(Script::Off, "dead-plain").await;
}
