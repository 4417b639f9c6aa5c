//! Many hands at one calendar: whatever they do at once, nobody is booked twice.

use futures::future::join_all;
use reqwest::StatusCode;

use super::{ask, demo, key, offer, value};
use crate::support::Portal;

/// Writers at once.
const WRITERS: usize = 16;

/// Pairs of taken slots, and of visits nobody overbooked, that overlap. There must be none.
const OVERLAPS: &str = "SELECT (
   (SELECT count(*) FROM slot AS a JOIN slot AS b ON a.staff_id = b.staff_id AND a.id < b.id AND tstzrange(a.start_time, a.end_time) && tstzrange(b.start_time, b.end_time)
     WHERE a.organization_id = $1 AND a.status <> 'FREE' AND b.status <> 'FREE')
 + (SELECT count(*) FROM visit AS a JOIN visit AS b ON a.staff_id = b.staff_id AND a.id < b.id AND tstzrange(a.start_time, a.end_time) && tstzrange(b.start_time, b.end_time)
     WHERE a.organization_id = $1 AND a.status NOT IN ('CANCELLED', 'NO_SHOW') AND b.status NOT IN ('CANCELLED', 'NO_SHOW') AND a.overbook_reason IS NULL AND b.overbook_reason IS NULL))::text";

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_writers_book_the_same_times_and_each_is_booked_once() {
    let portal = Portal::start().await;
    let desk = portal.sign_in("assistant").await;
    let week = format!(
        "/schedule?provider={}&date={}",
        demo(5, 1),
        portal.app.clock.now().date_naive() + chrono::Days::new(16)
    );
    let page = desk.get(&week).await;
    let free: Vec<String> = page
        .attributes("a[href^='/slots?at=']", "href")
        .iter()
        .filter_map(|href| href.strip_prefix("/slots?at=").map(|at| at.replace("%40", "@").replace("%3A", ":")))
        .map(|at| at.split('&').next().unwrap_or_default().to_owned())
        .take(6)
        .collect();
    assert!(free.len() >= 4, "the demo has free times three weeks ahead: {}", page.body);
    let patient = demo(6, 4).to_string();
    for at in &free {
        let attempts = (0..WRITERS).map(|_| {
            let (desk, at, patient) = (desk.clone(), at.clone(), patient.clone());
            tokio::spawn(async move {
                let fields = [("at", &*at), ("patient", &*patient), ("reason", "Race"), ("idempotency_key", &*key())];
                desk.post("/slots/booking", &fields).await.status
            })
        });
        let answers: Vec<StatusCode> =
            join_all(attempts).await.into_iter().map(|answer| answer.expect("an answer")).collect();
        let won = answers.iter().filter(|status| **status == StatusCode::SEE_OTHER).count();
        let lost = answers.iter().filter(|status| **status == StatusCode::CONFLICT).count();
        assert_eq!((won, lost), (1, WRITERS - 1), "{at}: {answers:?}");
    }
    assert_eq!(value(&portal, OVERLAPS, demo(1, 1)).await, "0");
    let booked = value(
        &portal,
        "SELECT count(*)::text FROM visit WHERE organization_id = $1 AND reason_text = 'Race'",
        demo(1, 1),
    )
    .await;
    assert_eq!(booked, free.len().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_answers_to_one_offer_make_one_visit() {
    let portal = Portal::start().await;
    let (phone, desk) = (portal.sign_in("patient").await, portal.sign_in("assistant").await);
    let own = demo(6, 4).to_string();
    let id = ask(&phone).await;
    offer(&desk, id).await;
    let answers = (0..WRITERS).map(|n| {
        let (phone, own) = (phone.clone(), own.clone());
        // Half say yes, some say no, some take it back.
        let what = ["acceptance", "acceptance", "refusal", "withdrawal"][n % 4];
        tokio::spawn(async move { phone.post(&format!("/my/offers/{id}/{what}"), &[("patient", &own)]).await })
    });
    for answer in join_all(answers).await {
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "everybody gets a page they can go on from: {}", answer.body);
    }
    let visits: i64 = value(
        &portal,
        "SELECT count(*)::text FROM visit AS v JOIN visit_request AS r ON r.visit_id = v.id WHERE r.id = $1",
        id,
    )
    .await
    .parse()
    .expect("a count");
    let status = super::status_of_request(&portal, id).await;
    let slot = value(&portal, "SELECT count(*)::text FROM slot AS s JOIN visit AS v ON v.slot_id = s.id JOIN visit_request AS r ON r.visit_id = v.id WHERE r.id = $1 AND s.status = 'BOOKED'", id).await;
    match status.as_str() {
        "CONVERTED_TO_VISIT" => assert_eq!((visits, &*slot), (1, "1")),
        "TRIAGED" | "CANCELLED" => assert_eq!(visits, 0, "{status}"),
        other => panic!("{other}"),
    }
    assert_eq!(value(&portal, OVERLAPS, demo(1, 1)).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_two_visits_at_once() {
    let portal = Portal::start().await;
    let insert = "INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, visit_type, visit_mode, start_time, end_time)
                  VALUES ($1, gen_random_uuid(), $2, $3, $4, 'SCHEDULED', 'IN_PERSON', TIMESTAMPTZ '2027-03-01 10:00+00' + $5 * INTERVAL '7 minutes', TIMESTAMPTZ '2027-03-01 10:30+00' + $5 * INTERVAL '7 minutes')";
    let attempts = (0..WRITERS).map(|n| {
        let admin = portal.admin.clone();
        tokio::spawn(async move {
            #[expect(clippy::disallowed_methods, reason = "tests say what they please")]
            let inserted = sqlx::query(insert)
                .bind(demo(1, 1))
                .bind(demo(2, 1))
                .bind(demo(6, 4))
                .bind(demo(5, 1))
                .bind(f64::from(u32::try_from(n % 4).expect("small")))
                .execute(&admin)
                .await;
            inserted.is_ok()
        })
    });
    let won = join_all(attempts).await.into_iter().filter(|answer| *answer.as_ref().expect("an answer")).count();
    assert_eq!(won, 1, "all of them overlap");
    assert_eq!(value(&portal, OVERLAPS, demo(1, 1)).await, "0");
}
