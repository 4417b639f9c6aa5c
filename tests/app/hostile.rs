//! What no page of ours sends, and somebody could: moments past the end of time, what outlives a role, looks that nobody wrote down.

use reqwest::StatusCode;

use crate::patients::{ask, okafor};
use crate::support::{Portal, run};

/// Past what PostgreSQL counts, past what the program counts, and past both.
const MOMENTS: [&str; 5] = [
    "-1000000000000000000",
    "-8334000000000000000",
    "8210000000000000000",
    "9223372036854775807",
    "-9223372036854775808",
];

#[tokio::test(flavor = "multi_thread")]
async fn moments_past_the_end_of_time_are_no_errors_of_ours() {
    let portal = Portal::start().await;
    let (clinician, chair, patient, compliance) = (
        portal.sign_in("clinician").await,
        portal.sign_in("chair").await,
        portal.sign_in("patient").await,
        portal.sign_in("compliance").await,
    );
    let record = format!("/patients/{}", okafor(&portal).await);
    let case = chair.get("/cases").await.attributes("a[href^='/cases/0']", "href").remove(0);
    let thread = patient.get("/my/messages").await.attributes("a[href^='/my/messages/0']", "href").remove(0);
    let desk = thread.replace("/my/messages/", "/threads/");
    let id = "01900000-0000-7000-8006-000000000001";
    for at in MOMENTS {
        for (who, path) in [
            (&clinician, format!("/notifications?before={at}")),
            (&clinician, format!("{record}/newer?since={at}")),
            (&clinician, format!("{desk}?before={at}")),
            (&clinician, format!("/threads?after={at}.{id}")),
            (&clinician, format!("/tasks?after={at}.{id}")),
            (&patient, format!("{thread}?before={at}")),
            (&chair, format!("/cases?since={at}")),
            (&chair, format!("/cases?after=1.{at}.{id}")),
            (&chair, format!("{case}/timeline/newer?since={at}")),
        ] {
            let reply = who.get(&path).await;
            assert!(!reply.status.is_server_error(), "{path}: {}", reply.status);
        }
    }
    for day in ["-262143-01-01", "+262142-12-31", "9999-12-31", "0000-01-01", "-4800-01-01"] {
        for (who, path) in [
            (&clinician, format!("{record}/vitals/heart-rate?before={day}T23:59:59Z").replace('+', "%2B")),
            (&compliance, format!("/admin/audit?from={day}&to={day}").replace('+', "%2B")),
            (&clinician, format!("/schedule?date={day}").replace('+', "%2B")),
            (&clinician, format!("/slots?at={id}@{day}T10:00:00Z").replace('+', "%2B")),
            (&patient, format!("/my/week?week={day}").replace('+', "%2B")),
        ] {
            let reply = who.get(&path).await;
            assert!(!reply.status.is_server_error(), "{path}: {}", reply.status);
        }
        let own = "01900000-0000-7000-8006-000000000004";
        let weight = [("patient", own), ("on", day), ("at", "10:00"), ("weight", "80"), ("idempotency_key", id)];
        for reply in [
            patient.post("/my/readings/new", &weight).await,
            clinician.post(&format!("{record}/vitals/new"), &weight).await,
            clinician
                .post(&format!("{record}/devices"), &[("vendor", "OMRON"), ("external_id", "x"), ("expires_on", day)])
                .await,
            clinician
                .post("/tasks/new", &[("title", "x"), ("who", "CLINICIAN"), ("priority", "LOW"), ("due_on", day)])
                .await,
        ] {
            assert!(!reply.status.is_server_error(), "{day}: {}", reply.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_ends_with_the_role_and_not_only_with_the_account() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = clinician.post("/availability/calendar", &[]).await;
    let address = page.text(".code");
    let path = address.find("/calendar/").and_then(|at| address.get(at..)).expect("an address").to_owned();
    let stranger = portal.visitor();
    let feed = stranger.get(&path).await;
    assert_eq!(feed.status, StatusCode::OK, "{}", feed.body);
    assert!(feed.body.starts_with("BEGIN:VCALENDAR"), "{}", feed.body);
    // They work here no more, and keep an account: as a patient, say.
    let haas = "01900000-0000-7000-8003-000000000001";
    run(
        &portal.admin,
        &format!(
            "UPDATE membership SET starts_on = CURRENT_DATE - 9, ends_on = CURRENT_DATE - 1 WHERE user_id = '{haas}'"
        ),
    )
    .await;
    assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
    run(&portal.admin, &format!("UPDATE membership SET ends_on = NULL WHERE user_id = '{haas}'")).await;
    assert_eq!(stranger.get(&path).await.status, StatusCode::OK);
    run(&portal.admin, &format!("UPDATE app_user SET status = 'SUSPENDED' WHERE id = '{haas}'")).await;
    assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_name_stands_beside_free_time_is_written_down() {
    let portal = Portal::start().await;
    let assistant = portal.sign_in("assistant").await;
    let offers = assistant.get("/schedule").await.attributes("a[href^='/slots?at=']", "href");
    let next = portal.app.clock.now().date_naive() + chrono::Days::new(7);
    let offers = if offers.is_empty() {
        assistant.get(&format!("/schedule?date={next}")).await.attributes("a[href^='/slots?at=']", "href")
    } else {
        offers
    };
    let patient = okafor(&portal).await;
    let looks = format!("SELECT count(*) FROM audit_event WHERE '{patient}' = ANY (patient_ids)");
    let before = ask(&portal, &looks).await;
    let page = assistant.get(&format!("{}&patient={patient}", offers.first().expect("free time"))).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("OKAFOR"), "{}", page.body);
    assert_eq!(ask(&portal, &looks).await, before + 1);
}
