//! Readings: typed by staff and by a patient, corrected, looked at, and out of a file; with scripts and without, on a desk and a phone.

use almoner::jobs::{self, Worker};
use fantoccini::Locator;
use tokio_util::sync::CancellationToken;

use crate::accessibility::{sticking_out, violations};
use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

/// The chart of the demo's patient who has an account.
const CHART: &str = "/patients/01900000-0000-7000-8006-000000000004";

async fn tick(window: &Window, css: &str) {
    let found = window.client.find(Locator::Css(css)).await.unwrap_or_else(|_| panic!("{css}"));
    window.press_on(&found, " ").await;
}

async fn fits(window: &Window, name: &str) {
    window.picture(name).await;
    let wrong = sticking_out(window).await;
    assert!(wrong.is_empty(), "{name}: {}", wrong.join("\n"));
}

/// axe itself is a script.
async fn is_accessible(window: &Window, script: Script) {
    if script == Script::On {
        let wrong = violations(window).await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

async fn journey(screen: Screen, script: Script) {
    let portal = Portal::start().await;
    let staff = Window::open(&portal, screen, script).await;
    staff.sign_in("clinician").await;
    staff.goto(&format!("{CHART}/vitals")).await;
    staff.press("Record").await;
    staff.wait_for_words("Systolic").await;
    // Impossible, then unlikely, then right.
    staff.fill("Temperature", "98.6").await;
    staff.press("Record").await;
    staff.wait_for_words("Temperature lies between 14 and 46").await;
    staff.fill("Temperature", "43").await;
    staff.press("Record").await;
    staff.wait_for_words("Are you sure?").await;
    fits(&staff, &format!("readings-sure-{screen:?}-{script:?}")).await;
    tick(&staff, "input[name=sure]").await;
    staff.press("Record").await;
    staff.wait_for_words("Recorded.").await;
    staff.wait_for_words("43.0").await;
    fits(&staff, &format!("readings-vitals-{screen:?}-{script:?}")).await;

    // It was a mistake all the same.
    staff.goto(&format!("{CHART}/vitals/temperature?days=14")).await;
    staff.wait_for("svg.ch.wide").await;
    staff.press("Mark as error").await;
    staff.fill("What is wrong with it?", "The thermometer lay in the sun").await;
    staff.press("Mark as error").await;
    staff.wait_for_words("Marked as entered in error").await;
    staff.wait_for_words("The thermometer lay in the sun").await;
    fits(&staff, &format!("readings-metric-{screen:?}-{script:?}")).await;
    staff.goto(&format!("{CHART}/vitals/heart-rate?days=365")).await;
    staff.wait_for("svg.ch.wide").await;
    fits(&staff, &format!("readings-year-{screen:?}-{script:?}")).await;

    let patient = Window::open(&portal, Screen::Phone, script).await;
    patient.sign_in("patient").await;
    patient.goto("/my/readings").await;
    patient.press("Add readings").await;
    patient.wait_for_words("Leave empty what you did not measure").await;
    patient.fill("Heart rate", "67").await;
    patient.press("Save").await;
    patient.wait_for_words("Your care team can see them now").await;
    fits(&patient, &format!("readings-my-{script:?}")).await;
    patient.press("A mistake?").await;
    patient.fill("What is wrong with it?", "76, not 67").await;
    patient.press("Mark as a mistake").await;
    patient.wait_for_words("Your care team can see that").await;
    staff.goto(&format!("{CHART}/vitals/heart-rate?days=14")).await;
    staff.wait_for_words("76, not 67").await;
}

#[tokio::test]
async fn readings_are_typed_and_corrected_on_a_desk() {
    journey(Screen::Desk, Script::On).await;
}

#[tokio::test]
async fn readings_are_typed_and_corrected_on_a_phone_without_javascript() {
    journey(Screen::Phone, Script::Off).await;
}

/// A table of a blood pressure monitor: sent, looked at, taken, seen.
async fn out_of_a_file(script: Script) {
    let portal = Portal::start().await;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(portal.app.clone(), jobs::work::all()).run(stop.clone()));
    let folder = portal.files_dir().join("to-send");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("monitor.csv");
    std::fs::write(
        &path,
        "Date,Time,Systolic (mmHg),Diastolic (mmHg)\n2026-11-01,07:30,132,84\n01/02/2026,07:30,135,86\n",
    )
    .expect("a file");

    let patient = Window::open(&portal, Screen::Phone, script).await;
    patient.sign_in("patient").await;
    patient.goto("/my/readings").await;
    patient.press("Readings from a file").await;
    fits(&patient, &format!("imports-form-{script:?}")).await;
    let field = patient.client.find(Locator::Css("input[type=file]")).await.expect("a field for files");
    field.send_keys(&path.display().to_string()).await.expect("a file is chosen");
    patient.press("Send").await;
    // With scripts the page looks again by itself, without them the browser does.
    patient.wait_for_words("would be taken").await;
    patient.wait_for_words("two ways").await;
    fits(&patient, &format!("imports-preview-{script:?}")).await;
    is_accessible(&patient, script).await;
    patient.press("Take these readings").await;
    patient.wait_for_words("was taken").await;
    fits(&patient, &format!("imports-done-{script:?}")).await;
    is_accessible(&patient, script).await;
    stop.cancel();
    worker.await.expect("the worker ends");
}

#[tokio::test]
async fn a_patient_sends_a_file() {
    out_of_a_file(Script::On).await;
}

#[tokio::test]
async fn a_patient_sends_a_file_without_javascript() {
    out_of_a_file(Script::Off).await;
}
