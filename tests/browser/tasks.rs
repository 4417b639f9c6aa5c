//! A task on its way from a clinician to a medical assistant, and one from the team to the patient, in a browser.

use crate::cases::choose;
use crate::driver::{Screen, Script, Window};
use crate::support::Portal;

const TITLE: &str = "Weigh at the next visit";

async fn the_way(screen: Screen, script: Script) {
    let portal = Portal::start().await;
    let nurse = Window::open(&portal, screen, script).await;
    nurse.sign_in("assistant").await;
    nurse.goto("/tasks?view=role").await;
    nurse.wait_for_words("Ask why no readings came this week").await;

    let doctor = Window::open(&portal, screen, script).await;
    doctor.sign_in("clinician").await;
    doctor.goto("/patients/01900000-0000-7000-8006-000000000001/tasks/new").await;
    doctor.fill("What is to be done", TITLE).await;
    choose(&doctor, "Who does it", "Any medical assistant").await;
    doctor.press("Save task").await;
    doctor.wait_for_words("Task added").await;
    doctor.picture(&format!("tasks-chart-{screen:?}-{script:?}")).await;

    // With JavaScript the list hears of it; without, it is asked for again.
    if script == Script::Off {
        nurse.goto("/tasks?view=role").await;
    }
    nurse.wait_for_words(TITLE).await;
    nurse.picture(&format!("tasks-role-{screen:?}-{script:?}")).await;
    nurse.press(TITLE).await;
    nurse.press("Mark done").await;
    nurse.fill("What came of it", "81 kg").await;
    nurse.press("Mark done").await;
    nurse.wait_for_words("Task done").await;
    nurse.press("Undo").await;
    nurse.wait_for_words("to be done again").await;
    nurse.goto("/tasks?view=own").await;
    nurse.wait_for_words(TITLE).await;
}

#[tokio::test]
async fn a_task_is_given_and_done_on_a_desk() {
    the_way(Screen::Desk, Script::On).await;
}

#[tokio::test]
async fn a_task_is_given_and_done_on_a_desk_without_javascript() {
    the_way(Screen::Desk, Script::Off).await;
}

#[tokio::test]
async fn a_task_is_given_and_done_on_a_phone() {
    the_way(Screen::Phone, Script::On).await;
}

#[tokio::test]
async fn a_task_is_given_and_done_on_a_phone_without_javascript() {
    the_way(Screen::Phone, Script::Off).await;
}

#[tokio::test]
async fn a_patient_does_what_there_is_to_do_without_javascript() {
    let portal = Portal::start().await;
    let window = Window::open(&portal, Screen::Phone, Script::Off).await;
    window.sign_in("patient").await;
    window.goto("/my").await;
    window.press("things to do").await;
    window.wait_for_words("Write the number down under Readings").await;
    window.picture("my-tasks").await;
    window.press("I have done this").await;
    window.wait_for_words("Done. Thank you.").await;
}
