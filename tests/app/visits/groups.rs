//! Groups by video: at the external service of the facility, or not at all; and whose times are looked through for a request.

use almoner::access::Role;
use reqwest::StatusCode;
use uuid::Uuid;

use super::video::tries;
use super::{REYES, demo, key, value};
use crate::support::{Browser, House, Portal, count_statements, run, statements};

/// Times of Dr Haas that are free, in a room and by video.
async fn free(portal: &Portal, desk: &Browser) -> (String, String) {
    let first = portal.app.clock.now().date_naive() + chrono::Days::new(16);
    let week = desk.get(&format!("/schedule?provider={}&date={first}", demo(5, 1))).await;
    let (mut room, mut video) = (None, None);
    for href in week.attributes("a[href^='/slots?at=']", "href") {
        let page = desk.get(&href).await;
        let at = page.field("at");
        if page.body.contains("external video service") {
            video.get_or_insert(at)
        } else {
            room.get_or_insert(at)
        };
        if let (Some(room), Some(video)) = (&room, &video) {
            return (room.clone(), video.clone());
        }
    }
    panic!("the demo has free times of both kinds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_seen_by_video_at_an_external_service_or_not_at_all() {
    let portal = Portal::start().await;
    let (desk, admin) = (portal.sign_in("assistant").await, portal.sign_in("admin").await);
    let (in_person, by_video) = free(&portal, &desk).await;
    let patient = demo(6, REYES).to_string();
    let book = async |at: &str, key: &str| {
        let fields = [
            ("at", at),
            ("patient", &*patient),
            ("reason", "Breathing better"),
            ("group", "true"),
            ("idempotency_key", key),
        ];
        desk.post("/slots/booking", &fields).await
    };
    let (refused, id) = (key(), key());
    let page = book(&by_video, &refused).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(page.attributes(".esum a", "href"), ["#group"]);
    assert!(page.text("#group-error").contains("this facility has none"), "{}", page.body);
    assert_eq!(page.field("reason"), "Breathing better", "nothing typed is lost");
    assert_eq!(value(&portal, "SELECT id::text FROM visit WHERE id = $1", refused.parse().expect("an id")).await, "");
    assert_eq!(book(&in_person, &key()).await.status, StatusCode::SEE_OTHER, "in a room a group is a group");

    let clinic = demo(2, 1).to_string();
    let url = "https://video.example.org/g/{room}";
    let service = [("facility", &*clinic), ("phone", "020 7946 0100"), ("video_url", url)];
    assert_eq!(admin.post("/admin/video", &service).await.location(), "/admin/video");
    assert_eq!(book(&by_video, &id).await.location(), format!("/visits/{id}"));
    let visit: Uuid = id.parse().expect("an id");

    // Everybody who takes part is told the same address, from half an hour before until it is over; nobody guesses it.
    let phone = portal.sign_in("patient").await;
    let page = desk.get(&format!("/visits/{id}")).await;
    let address =
        page.attributes("#outside a.btn, [aria-labelledby='outside'] a.btn, section a[target='_blank']", "href");
    assert!(address[0].starts_with("https://video.example.org/g/") && !address[0].contains(&id), "{address:?}");
    assert_eq!(phone.get(&format!("/my/visits/{id}/video")).await.text("h1"), "It is too early");
    let now = "UPDATE visit SET start_time = now(), end_time = now() + INTERVAL '30 minutes', slot_id = NULL, overbook_reason = 'x' WHERE id = $1 RETURNING id::text";
    super::timers::past_the_rules(&portal, "visit", now, visit).await;
    assert!(phone.get(&format!("/my/visits/{id}")).await.body.contains("Join the group by video"));
    let page = phone.get(&format!("/my/visits/{id}/video")).await;
    assert_eq!(page.text("h1"), "Join the group by video");
    assert_eq!(page.attributes("main a[target='_blank']", "href"), [address[0].clone()]);
    // No room of our own, and no guests of one of them.
    phone.post(&format!("/my/visits/{id}/arrival"), &[("patient", &patient)]).await;
    assert_eq!(value(&portal, "SELECT id::text FROM virtual_session WHERE visit_id = $1", visit).await, "");
    let guest = [("patient", &*patient), ("name", "Ana"), ("kind", "OTHER")];
    assert_eq!(phone.post(&format!("/my/visits/{id}/guests"), &guest).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let stranger = portal.visitor();
    stranger.sign_in("margaret.whitfield@example.com").await;
    assert_eq!(stranger.get(&format!("/my/visits/{id}/video")).await.status, StatusCode::NOT_FOUND);

    // The service is taken away: the page says so. The visit is over: nothing is left to open.
    admin.post("/admin/video", &[("facility", &*clinic), ("phone", "020 7946 0100"), ("video_url", "")]).await;
    assert!(desk.get(&format!("/visits/{id}")).await.body.contains("has none any more"));
    let page = phone.get(&format!("/my/visits/{id}/video")).await;
    assert!(page.body.contains("The clinic tells you how to take part") && page.body.contains("020 7946 0100"));
    super::timers::past_the_rules(&portal, "visit", "UPDATE visit SET status = 'COMPLETED', ended_at = now(), started_at = now(), checked_in_at = now() WHERE id = $1 RETURNING id::text", visit).await;
    assert_eq!(phone.get(&format!("/my/visits/{id}/video")).await.text("h1"), "The call is over");

    let context = format!("{}|{}|MEDICAL_ASSISTANT|{clinic}", demo(1, 1), demo(3, 2));
    let insert = format!(
        "INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, visit_type, visit_mode, start_time, end_time, overbook_reason, is_group)
         VALUES ('{}', gen_random_uuid(), '{clinic}', '{patient}', '{}', 'SCHEDULED', 'VIRTUAL', now() + INTERVAL '1 day', now() + INTERVAL '25 hours', 'x', true)",
        demo(1, 1),
        demo(5, 1)
    );
    assert_eq!(tries(&portal, &context, &insert).await, "visit_group_by_video");
}

#[tokio::test(flavor = "multi_thread")]
async fn for_a_request_the_people_of_its_facility_are_looked_through_however_many_there_are() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let everywhere = portal.visitor();
    everywhere.sign_in(&house.account(&portal, Role::Clinician, None).await).await;
    let patient = house.patient(&portal, house.clinic, "1").await;
    let (org, clinic, home) = (house.organization, house.clinic, house.home);
    let (request, elsewhere) = (almoner::ids::new_uuid(), almoner::ids::new_uuid());
    // Two people at the clinic, two hundred at the home, all of them at nine each day.
    run(
        &portal.admin,
        &format!(
            "WITH people AS (
               INSERT INTO staff (organization_id, id, facility_id, name)
               SELECT '{org}', gen_random_uuid(), CASE WHEN n <= 2 THEN '{clinic}' ELSE '{home}' END::uuid, CASE WHEN n <= 2 THEN 'Near ' ELSE 'Far ' END || to_char(n, 'FM000')
               FROM generate_series(1, 202) AS n RETURNING organization_id, id, facility_id)
             INSERT INTO availability (organization_id, id, facility_id, staff_id, day_of_week, start_time, end_time, visit_mode)
             SELECT p.organization_id, gen_random_uuid(), p.facility_id, p.id, day, '09:00', '10:00', 'IN_PERSON' FROM people AS p, generate_series(0, 6) AS day"
        ),
    )
    .await;
    run(
        &portal.admin,
        &format!(
            "INSERT INTO visit_request (organization_id, id, facility_id, patient_id, visit_mode, reason_text, status)
             VALUES ('{org}', '{request}', '{clinic}', '{patient}', 'IN_PERSON', 'x', 'TRIAGED'), ('{org}', '{elsewhere}', '{home}', '{patient}', 'IN_PERSON', 'x', 'TRIAGED')"
        ),
    )
    .await;
    count_statements();
    let path = format!("/visit-requests/{request}");
    everywhere.get(&path).await;
    let page = everywhere.get(&path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let times = page.text(".times");
    assert!(times.contains("Near 001") && !times.contains("Far"), "{times}");
    // The session, the request, the audit, the history, the facilities, their people, who is at the facility; rules, what is taken, the
    // clock; the badges, the end.
    let found = statements(&page);
    assert_eq!(found.len(), 12, "{found:#?}");
    // Whoever is named is asked, wherever they are.
    let far =
        value(&portal, "SELECT id::text FROM staff WHERE organization_id = $1 AND name = 'Far 202'", org.uuid()).await;
    assert!(everywhere.get(&format!("{path}?provider={far}")).await.text(".times").contains("Far 202"));
    // Where nobody can be seen, some others are.
    run(&portal.admin, &format!("UPDATE availability SET status = 'PAUSED' WHERE facility_id = '{clinic}'")).await;
    let page = everywhere.get(&path).await;
    assert!(page.text(".times").contains("Far") && page.body.contains("Anybody elsewhere"), "{}", page.text(".times"));
}
