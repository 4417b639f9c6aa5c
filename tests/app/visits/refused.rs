//! Bad input: each gets a page that says what is wrong, and nothing is lost or booked.

use chrono::{Datelike as _, Days};
use reqwest::StatusCode;
use uuid::Uuid;

use super::{
    REYES, ask, begins_in, demo, demo_request, key, offer, request, status_of_request, status_of_visit, value, version,
};
use crate::support::Portal;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_patient_types_comes_back_with_what_is_wrong() {
    let portal = Portal::start().await;
    let phone = portal.sign_in("patient").await;
    let own = demo(6, REYES).to_string();
    let today = portal.app.clock.now().date_naive();
    let (long, past, far) = ("x".repeat(10_000), (today - Days::new(2)).to_string(), "9999-12-31");
    for (name, text, words) in [
        ("mode", "TELEPATHY", "Choose how you would like to be seen"),
        ("reason", " ", "Tell us why you want a visit"),
        ("reason", &*long, "That is a little long. Use 1,900 letters or fewer"),
        ("feeling", "RED", "Tell us how you feel now"),
        ("day", &*past, "That day has passed. Choose a later one"),
        ("day", far, "Choose a day from the list"),
        ("day", "-1", "Choose a day from the list"),
    ] {
        let key = key();
        let fields: Vec<_> = request(&own, &key)
            .into_iter()
            .map(|(field, value)| (field, if field == name { text } else { value }))
            .collect();
        let page = phone.post("/my/visits/request", &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert_eq!(page.texts(".esum a"), [words]);
        assert_eq!(page.attributes(".esum a", "href"), [format!("#{name}")]);
        if name != "reason" {
            assert!(page.text("textarea").contains("Ear ache <b>since</b> Sunday"), "what was typed is kept");
        } else if text.len() > 100 {
            assert_eq!(page.text("textarea").len(), text.len(), "all of it");
        }
        assert!(page.body.contains("tel:999"), "the emergency line stays");
        assert_eq!(status_of_request(&portal, key.parse().expect("an id")).await, "");
    }
    let nul = phone.post_raw("/my/visits/request", "reason=%00&patient=x").await;
    assert_eq!(nul.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_has_ended_books_nothing_and_says_so() {
    let portal = Portal::start().await;
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("assistant").await);
    let own = demo(6, REYES).to_string();
    let id = ask(&phone).await;
    offer(&desk, id).await;
    // The database's clock decides, whether or not the timer has run.
    let end = "UPDATE slot SET held_until = now() - INTERVAL '1 second' WHERE id = (SELECT proposed_slot_id FROM visit_request WHERE id = $1) RETURNING id::text";
    super::timers::past_the_rules(&portal, "slot", end, id).await;
    let page = phone.get("/my/visits").await;
    assert!(page.body.contains("The time we offered is over"), "{}", page.body);
    let reply = phone.post(&format!("/my/offers/{id}/acceptance"), &[("patient", &own)]).await;
    assert_eq!(reply.location(), "/my/visits");
    assert!(phone.get("/my/visits").await.text("#flash").contains("We could not keep this time any longer"));
    assert_eq!(
        value(&portal, "SELECT count(*)::text FROM visit_request WHERE id = $1 AND visit_id IS NOT NULL", id).await,
        "0"
    );
    // By telephone neither.
    let (_, read) = version(&desk, id).await;
    let path = format!("/visit-requests/{id}/confirmation");
    let reply = desk.post(&path, &[("row_version", &*read), ("note", "Spoke to her")]).await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_somebody_elses_is_not_there() {
    let portal = Portal::start().await;
    let (phone, stranger) = (portal.sign_in("patient").await, portal.visitor());
    stranger.sign_in("margaret.whitfield@example.com").await;
    let own = demo(6, REYES).to_string();
    let offered = demo_request(&portal).await;
    let planned = value(
        &portal,
        "SELECT id::text FROM visit WHERE patient_id = $1 AND status = 'PLANNED' LIMIT 1",
        demo(6, REYES),
    )
    .await;
    let theirs = demo(6, 6).to_string();
    for patient in [&own, &theirs] {
        for path in [
            format!("/my/offers/{offered}/acceptance"),
            format!("/my/offers/{offered}/refusal"),
            format!("/my/offers/{offered}/withdrawal"),
            format!("/my/visits/{planned}/cancellation"),
            format!("/my/visits/{planned}/arrival"),
        ] {
            let reply = stranger.post(&path, &[("patient", &**patient), ("reason", "x")]).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    assert_eq!(stranger.get(&format!("/my/visits/{planned}/invitation.ics")).await.status, StatusCode::NOT_FOUND);
    // A form about somebody else is not taken either.
    let reply =
        phone.post(&format!("/my/visits/{planned}/cancellation"), &[("patient", &*theirs), ("reason", "x")]).await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert_eq!(status_of_visit(&portal, planned.parse().expect("an id")).await, "PLANNED");
    assert_eq!(status_of_request(&portal, offered.parse().expect("an id")).await, "AWAITING_PATIENT_CONFIRMATION");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_checked_in_for_tomorrow() {
    let portal = Portal::start().await;
    let desk = portal.sign_in("assistant").await;
    let planned = value(
        &portal,
        "SELECT id::text FROM visit WHERE patient_id = $1 AND status = 'PLANNED' LIMIT 1",
        demo(6, REYES),
    )
    .await;
    let id: Uuid = planned.parse().expect("an id");
    for (hours, status) in [(13, "PLANNED"), (11, "CHECKED_IN")] {
        let read = begins_in(&portal, hours, id).await;
        let page = desk.get(&format!("/visits/{id}")).await;
        assert_eq!(page.body.contains("Twelve hours before the visit at the earliest"), hours == 13);
        let reply = desk.post(&format!("/visits/{id}/check-in"), &[("row_version", &*read)]).await;
        assert_eq!(reply.body.contains("Nobody is checked in more than twelve hours before"), hours == 13);
        assert_eq!(status_of_visit(&portal, id).await, status, "{}", reply.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_late_to_cancel_here_says_whom_to_call() {
    let portal = Portal::start().await;
    let phone = portal.sign_in("patient").await;
    let own = demo(6, REYES).to_string();
    let sql = "INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, visit_type, visit_mode, start_time, end_time, overbook_reason)
               SELECT organization_id, gen_random_uuid(), facility_id, id, (SELECT s.id FROM staff AS s WHERE s.organization_id = p.organization_id AND s.facility_id = p.facility_id ORDER BY s.id LIMIT 1),
                      'SCHEDULED', 'VIRTUAL', now() + INTERVAL '20 hours', now() + INTERVAL '21 hours', 'x' FROM patient AS p WHERE p.id = $1 RETURNING id::text";
    let soon = value(&portal, sql, demo(6, REYES)).await;
    value(&portal, "INSERT INTO visit_participant (organization_id, id, visit_id, patient_id) SELECT organization_id, gen_random_uuid(), id, patient_id FROM visit WHERE id = $1 RETURNING id::text", soon.parse().expect("an id")).await;
    let page = phone.get(&format!("/my/visits/{soon}")).await;
    assert!(
        page.body.contains("until 24 hours before it begins") && !page.body.contains("/cancellation"),
        "{}",
        page.body
    );
    let reply = phone.post(&format!("/my/visits/{soon}/cancellation"), &[("patient", &*own), ("reason", "x")]).await;
    assert_eq!(reply.location(), format!("/my/visits/{soon}"));
    assert!(phone.get(&format!("/my/visits/{soon}")).await.text("#flash").contains("Call the clinic"));
    // Nor is anybody ready hours before.
    let reply = phone.post(&format!("/my/visits/{soon}/arrival"), &[("patient", &own)]).await;
    assert_eq!(reply.location(), format!("/my/visits/{soon}/video"));
    assert_eq!(phone.get(reply.location()).await.text("h1"), "It is too early");
    assert_eq!(status_of_visit(&portal, soon.parse().expect("an id")).await, "PLANNED");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_windows_that_nobody_plans_for_are_refused() {
    let portal = Portal::start().await;
    let desk = portal.sign_in("assistant").await;
    for day in ["9999-01-01", "1999-01-01", "2026-13-01", "tomorrow", "%00"] {
        let page = desk.get(&format!("/schedule?date={day}")).await;
        assert!(page.status.is_client_error(), "{day} answered {}", page.status);
    }
    for (from, until) in [
        ("now() + INTERVAL '2 days'", "now() + INTERVAL '1 day'"),
        ("now() - INTERVAL '2 days'", "now() - INTERVAL '1 day'"),
        ("TIMESTAMPTZ '9999-01-01 00:00+00'", "TIMESTAMPTZ '9999-01-02 00:00+00'"),
    ] {
        let mut conn = portal.admin.acquire().await.expect("a connection");
        let context = format!("{}|{}|MEDICAL_ASSISTANT|{}", demo(1, 1), demo(3, 2), demo(2, 1));
        crate::support::run(&mut *conn, &format!("BEGIN; SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{context}'"))
            .await;
        let sql = format!(
            "INSERT INTO visit_request (organization_id, id, facility_id, patient_id, visit_mode, reason_text, window_start, window_end) VALUES ('{}', '{}', '{}', '{}', 'VIRTUAL', 'x', {from}, {until})",
            demo(1, 1),
            key(),
            demo(2, 1),
            demo(6, REYES)
        );
        #[expect(clippy::disallowed_methods, reason = "tests say what they please")]
        let refused = sqlx::raw_sql(&sql).execute(&mut *conn).await.expect_err("it is refused");
        assert_eq!(
            refused.as_database_error().and_then(|error| error.code().map(|code| code.to_string())).as_deref(),
            Some("23514"),
            "{from} {refused}"
        );
        crate::support::run(&mut *conn, "ROLLBACK").await;
    }
    // An overbooked visit needs a reason, and a day on which the clock has its hour.
    let form = desk.get("/visits/overbooking").await;
    let key = form.field("idempotency_key");
    let year = (portal.app.clock.now().year() + 1).to_string();
    let provider = demo(5, 1).to_string();
    let mut fields = vec![
        ("idempotency_key", &*key),
        ("provider", &*provider),
        ("mode", "IN_PERSON"),
        ("reason", "x"),
        ("overbook", ""),
        ("minutes", "15"),
        ("day_day", "31"),
        ("day_month", "2"),
        ("day_year", &*year),
        ("time", "25:00"),
    ];
    let patient = demo(6, REYES).to_string();
    fields.push(("patient", &patient));
    let page = desk.post("/visits/overbooking", &fields).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let said = page.texts(".esum a");
    assert!(said.len() >= 3, "reason, day and time: {said:?}");
}

/// What the database says to a statement of Ms Reyes or of staff: the rule that refuses it, or nothing.
async fn refused_as(portal: &Portal, user: u32, role: &str, sql: &str) -> String {
    let mut conn = portal.admin.acquire().await.expect("a connection");
    let context = format!("{}|{}|{role}|{}", demo(1, 1), demo(3, user), demo(2, 1));
    crate::support::run(&mut *conn, &format!("BEGIN; SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{context}'"))
        .await;
    #[expect(clippy::disallowed_methods, reason = "tests say what they please")]
    let done = sqlx::raw_sql(sql).execute(&mut *conn).await;
    crate::support::run(&mut *conn, "ROLLBACK").await;
    done.err()
        .and_then(|error| error.as_database_error().and_then(|error| error.constraint().map(ToOwned::to_owned)))
        .unwrap_or_default()
}

/// Requests for Ms Reyes, each withdrawn at once or left to wait.
fn requests(number: u32, withdrawn: bool) -> String {
    let withdraw = if withdrawn { "UPDATE visit_request SET status = 'CANCELLED' WHERE id = made;" } else { "" };
    let (organization, facility, patient) = (demo(1, 1), demo(2, 1), demo(6, REYES));
    format!(
        "DO $$ DECLARE made uuid; BEGIN FOR i IN 1..{number} LOOP made := gen_random_uuid();
           INSERT INTO visit_request (organization_id, id, facility_id, patient_id, visit_mode, reason_text, created_by_id)
           VALUES ('{organization}', made, '{facility}', '{patient}', 'VIRTUAL', 'x', ctx.actor()); {withdraw}
         END LOOP; END $$"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sixth_request_waits_until_one_is_answered() {
    let portal = Portal::start().await;
    let phone = portal.sign_in("patient").await;
    let own = demo(6, REYES).to_string();
    // One of the demo waits already.
    let mut last = key();
    for _ in 0..4 {
        last = ask(&phone).await.to_string();
    }
    let key = key();
    let page = phone.post("/my/visits/request", &request(&own, &key)).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        page.texts(".esum a"),
        ["Five requests wait for an answer. Wait for one, or take one back under Visits"]
    );
    assert_eq!(page.attributes(".esum a", "href"), ["#reason"]);
    assert!(page.text("textarea").contains("Ear ache <b>since</b> Sunday"), "what was typed is kept");
    assert_eq!(page.field("idempotency_key"), key);
    assert_eq!(status_of_request(&portal, key.parse().expect("an id")).await, "");
    // The last that was taken, sent again, is no other.
    let again = phone.post("/my/visits/request", &request(&own, &last)).await;
    assert_eq!(again.location(), "/my/visits");

    assert_eq!(refused_as(&portal, 11, "PATIENT", &requests(1, false)).await, "visit_request_open_limit");
    assert_eq!(refused_as(&portal, 2, "MEDICAL_ASSISTANT", &requests(1, false)).await, "", "staff are not held up");
    let back = phone.post(&format!("/my/offers/{last}/withdrawal"), &[("patient", &own)]).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.body);
    let page = phone.post("/my/visits/request", &request(&own, &key)).await;
    assert_eq!(page.location(), "/my/visits", "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_and_withdrawing_ends_at_twenty_a_day() {
    let portal = Portal::start().await;
    // The one of the demo is of today too.
    assert_eq!(refused_as(&portal, 11, "PATIENT", &requests(19, true)).await, "");
    assert_eq!(refused_as(&portal, 11, "PATIENT", &requests(20, true)).await, "visit_request_day_limit");
}
