//! Documents: several at once, one of them wrong; shared with the patient, who saves it on a phone.

use std::path::PathBuf;

use fantoccini::Locator;

use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

/// The chart of the demo's patient who has an account.
const CHART: &str = "/patients/01900000-0000-7000-8006-000000000004/documents";

/// A file to choose.
fn file(portal: &Portal, name: &str, content: &[u8]) -> String {
    let folder: PathBuf = portal.files_dir().join("to-send");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, content).expect("a file");
    path.display().to_string()
}

async fn choose(window: &Window, paths: &[String]) {
    let field = window.client.find(Locator::Css("input[type=file]")).await.expect("a field for files");
    field.send_keys(&paths.join("\n")).await.expect("files are chosen");
}

async fn journey(screen: Screen, script: Script) {
    let portal = Portal::start().await;
    let staff = Window::open(&portal, screen, script).await;
    staff.sign_in("clinician").await;
    staff.goto(CHART).await;
    staff.wait_for_words("Discharge letter.pdf").await;
    let letter = file(&portal, "Letter of the surgeon.txt", b"Dear Ms Reyes,\nall went well.\n");
    let wrong = file(&portal, "setup.exe", b"MZ\x90\0");
    choose(&staff, &[letter, wrong]).await;
    staff.press("Add").await;
    staff.wait_for_words("setup.exe: files whose name ends in .exe are not accepted").await;
    staff.wait_for_words("Added: Letter of the surgeon.txt").await;
    staff.picture(&format!("documents-{screen:?}-{script:?}")).await;

    staff.press("Letter of the surgeon.txt").await;
    staff.wait_for_words("The patient cannot read it.").await;
    staff.press("Share with the patient").await;
    staff.wait_for_words("The patient can read it in the portal now.").await;
    staff.picture(&format!("document-{screen:?}-{script:?}")).await;

    let patient = Window::open(&portal, Screen::Phone, script).await;
    patient.sign_in("patient").await;
    // The bar at the foot of a phone may lie over the link until one scrolls.
    patient.wait_for_words("Documents shared with you").await;
    patient.goto("/my/documents").await;
    patient.wait_for_words("Letter of the surgeon.txt").await;
    patient.picture(&format!("my-documents-{script:?}")).await;
    assert_eq!(patient.address().await, "/my/documents");

    staff.press("Stop sharing").await;
    staff.wait_for_words("The patient cannot read it any more.").await;
    patient.goto("/my/documents").await;
    patient.wait_for_words("Discharge letter.pdf").await;
    assert!(!patient.text("main").await.contains("Letter of the surgeon"));
}

#[tokio::test]
async fn documents_are_added_and_shared_on_a_desk() {
    journey(Screen::Desk, Script::On).await;
}

#[tokio::test]
async fn documents_are_added_and_shared_on_a_desk_without_javascript() {
    journey(Screen::Desk, Script::Off).await;
}

#[tokio::test]
async fn documents_are_added_and_shared_on_a_phone() {
    journey(Screen::Phone, Script::On).await;
}

/// Too large is said before anything is sent, and what is on its way can be seen.
#[tokio::test]
async fn the_script_says_at_once_what_is_too_large() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Desk, Script::On).await;
    window.sign_in("clinician").await;
    window.goto(CHART).await;
    let large = file(&portal, "scan.pdf", b"%PDF-1.7\n");
    std::fs::OpenOptions::new().write(true).open(&large).and_then(|file| file.set_len(104_857_601)).expect("a hole");
    choose(&window, &[large]).await;
    window.press("Add").await;
    window.wait_for_words("scan.pdf is larger than").await;
    window.wait_for_words("Nothing was sent.").await;
}
