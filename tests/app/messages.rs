//! Conversations: written by patients, answered by staff, kept by the database.

mod files;

use std::time::Duration;

use almoner::access::Role;
use almoner::ids::{MessageId, ThreadId};
use almoner::jobs::{self, Worker};
use almoner::messages::model::patience;
use reqwest::StatusCode;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Browser, House, Portal, Reply};

/// The demo conversation of that number.
fn demo_thread(number: u32) -> Uuid {
    format!("01900000-0000-7000-80f1-{number:012}").parse().expect("an id")
}

const REYES: &str = "01900000-0000-7000-8006-000000000004";

/// Writes to the team as the demo patient; the address of the conversation.
async fn write(patient: &Browser, words: &str) -> String {
    let form = patient.get("/my/messages/new").await;
    assert_eq!(form.status, StatusCode::OK, "{}", form.body);
    let (thread, message) = (form.field("idempotency_key"), form.field("message_key"));
    let fields = [
        ("patient", REYES),
        ("idempotency_key", &thread),
        ("message_key", &message),
        ("to", ""),
        ("category", "HEALTH"),
        ("subject", "Sore <b>knee</b>"),
        ("content", words),
    ];
    let sent = patient.post_files("/my/messages/new", &fields, &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let twice = patient.post_files("/my/messages/new", &fields, &[]).await;
    assert_eq!(twice.location(), sent.location(), "sent twice, it is sent once");
    sent.location().to_owned()
}

async fn answer(staff: &Browser, path: &str, words: &str) -> Reply {
    let page = staff.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let (key, seen) = (page.field("idempotency_key"), page.field("seen"));
    staff
        .post_files(&format!("{path}/messages"), &[("idempotency_key", &key), ("seen", &seen), ("content", words)], &[])
        .await
}

fn id_of(path: &str) -> Uuid {
    path.trim_end_matches("#latest").rsplit('/').next().expect("an id").parse().expect("an id")
}

/// State, keeper and count of a conversation, past every policy.
async fn standing(portal: &Portal, thread: Uuid) -> (String, Option<Uuid>, i32) {
    let row = sqlx::query!("SELECT status, assignee_id, message_count FROM thread WHERE id = $1", thread)
        .fetch_one(&portal.admin)
        .await
        .expect("the conversation");
    (row.status, row.assignee_id, row.message_count)
}

/// Does one job inside the first organization, as the worker does it.
async fn do_job(portal: &Portal, kind: &str) {
    let id = almoner::ids::new_uuid();
    let organization: Uuid = "01900000-0000-7000-8001-000000000001".parse().expect("an id");
    sqlx::query!("INSERT INTO job (id, organization_id, kind) VALUES ($1, $2, $3)", id, organization, kind)
        .execute(&portal.admin)
        .await
        .expect("a job");
    let stop = CancellationToken::new();
    let worker = Worker::new(portal.app.clone(), jobs::work::all()).run(stop.clone());
    let state = async || {
        sqlx::query_scalar!("SELECT state FROM job WHERE id = $1", id).fetch_one(&portal.admin).await.expect("the job")
    };
    let done = async {
        while state().await != "DONE" {
            sleep(Duration::from_millis(50)).await;
        }
        stop.cancel();
    };
    timeout(Duration::from_secs(30), async { tokio::join!(worker, done) }).await.expect("the job ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_writes_staff_take_it_and_answer_and_the_patient_reads() {
    let portal = Portal::start().await;
    let patient = portal.sign_in("patient").await;
    let path = write(&patient, "Since Monday my knee hurts.\n<script>alert(1)</script>").await;
    let thread = id_of(&path);
    assert_eq!(standing(&portal, thread).await, ("AWAITING_STAFF".into(), None, 1));

    let staff = portal.sign_in("assistant").await;
    let inbox = staff.get("/threads?view=unassigned").await;
    assert!(inbox.texts("td").iter().any(|cell| cell.contains("Sore <b>knee</b>")), "{}", inbox.body);
    let here = format!("/threads/{thread}");
    let page = staff.get(&here).await;
    assert!(page.body.contains("&#60;script&#62;alert(1)"), "{}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(!page.text("title").contains("knee"), "nothing of the patient in the title");
    let version = page.field("row_version");
    let claimed = staff.post(&format!("{here}/claim"), &[("row_version", &version)]).await;
    assert_eq!(claimed.status, StatusCode::SEE_OTHER, "{}", claimed.body);

    assert_eq!(answer(&staff, &here, "Please rest it, and come on Thursday.").await.status, StatusCode::SEE_OTHER);
    let (status, keeper, count) = standing(&portal, thread).await;
    assert_eq!((status.as_str(), keeper.is_some(), count), ("AWAITING_PATIENT", true, 2));

    let list = patient.get("/my/messages").await;
    assert!(
        list.texts("li").iter().any(|line| line.contains("Sore <b>knee</b>") && line.contains("1 new")),
        "{}",
        list.body
    );
    let read = patient.get(&format!("/my/messages/{thread}")).await;
    assert!(read.body.contains("come on Thursday"), "{}", read.body);
    assert!(read.body.contains("Call 999"), "the emergency line");
    let list = patient.get("/my/messages").await;
    assert!(
        list.texts("li").iter().any(|line| line.contains("Sore <b>knee</b>") && !line.contains("new")),
        "{}",
        list.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_typed_is_lost() {
    let portal = Portal::start().await;
    let patient = portal.sign_in("patient").await;
    let path = write(&patient, &"é".repeat(10_000)).await;
    let long = format!("{}!", "x".repeat(10_000));
    let refused = patient.post_files(&path, &[("content", &long)], &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(&long), "what was typed is still there");
    assert!(refused.text("title").starts_with("Error:"));
    assert_eq!(patient.post_files(&path, &[("content", " \n ")], &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    // Somebody writes while staff write: that is shown first.
    let staff = portal.sign_in("assistant").await;
    let here = format!("/threads/{}", id_of(&path));
    let page = staff.get(&here).await;
    let (key, seen) = (page.field("idempotency_key"), page.field("seen"));
    patient.post_files(&path, &[("content", "One more thing")], &[]).await;
    let fields = [("idempotency_key", key.as_str()), ("seen", seen.as_str()), ("content", "Too early")];
    let conflict = staff.post_files(&format!("{here}/messages"), &fields, &[]).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    assert!(conflict.body.contains("One more thing") && conflict.body.contains("Too early"), "{}", conflict.body);
    let seen = conflict.field("seen");
    let again = [("idempotency_key", key.as_str()), ("seen", seen.as_str()), ("content", "Now then")];
    assert_eq!(staff.post_files(&format!("{here}/messages"), &again, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(standing(&portal, id_of(&path)).await.2, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_opens_what_was_closed_lately_and_becomes_a_new_message_later() {
    let portal = Portal::start().await;
    let patient = portal.sign_in("patient").await;
    let lately = demo_thread(4);
    let sent = patient.post_files(&format!("/my/messages/{lately}"), &[("content", "It has a stain")], &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    assert_eq!(standing(&portal, lately).await.0, "AWAITING_STAFF");

    let long_ago = demo_thread(3);
    let refused =
        patient.post_files(&format!("/my/messages/{long_ago}"), &[("content", "One more question")], &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused.body.contains("One more question") && refused.body.contains("Send as a new message"),
        "{}",
        refused.body
    );
    let fields: Vec<(String, String)> = ["patient", "idempotency_key", "message_key", "category", "subject"]
        .map(|name| (name.to_owned(), refused.field(name)))
        .into_iter()
        .chain([("content".to_owned(), "One more question".to_owned())])
        .collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent = patient.post_files("/my/messages/new", &fields, &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    assert_eq!(standing(&portal, long_ago).await.0, "CLOSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_somebody_who_has_left_goes_to_the_team() {
    let portal = Portal::start().await;
    let patient = portal.sign_in("patient").await;
    let thread = demo_thread(2);
    let keeper = standing(&portal, thread).await.1.expect("Nia Abara has it");
    let form = patient.get("/my/messages/new").await;
    assert!(form.attributes("[name='to']", "value").contains(&keeper.to_string()), "{}", form.body);
    sqlx::query!("UPDATE app_user SET status = 'SUSPENDED' WHERE id = $1", keeper)
        .execute(&portal.admin)
        .await
        .expect("left");
    let sent = patient.post_files(&format!("/my/messages/{thread}"), &[("content", "Are you there?")], &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    assert_eq!(standing(&portal, thread).await, ("AWAITING_STAFF".into(), None, 5));
    // Nobody is offered, and a form opened before gives a clear answer with the words kept.
    let fields = [
        ("patient", REYES),
        ("idempotency_key", &form.field("idempotency_key")),
        ("message_key", &form.field("message_key")),
        ("to", &keeper.to_string()),
        ("category", "OTHER"),
        ("content", "Hello Nia"),
    ];
    let refused = patient.post_files("/my/messages/new", &fields, &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("cannot be written to any more") && refused.body.contains("Hello Nia"));
    assert!(!refused.attributes("[name='to']", "value").contains(&keeper.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_conversations_are_not_there() {
    let portal = Portal::start().await;
    let patient = portal.sign_in("patient").await;
    let stranger = portal.visitor();
    stranger.sign_in("clinician@southgate.example.com").await;
    let carer = portal.sign_in("carer").await;
    for thread in [demo_thread(1), demo_thread(5)] {
        assert_eq!(stranger.get(&format!("/threads/{thread}")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(carer.get(&format!("/threads/{thread}")).await.status, StatusCode::NOT_FOUND);
        let said = [("content", "x")];
        assert_eq!(
            stranger.post_files(&format!("/threads/{thread}/messages"), &said, &[]).await.status,
            StatusCode::NOT_FOUND
        );
    }
    assert_eq!(carer.get(&format!("/threads/{}", demo_thread(9))).await.status, StatusCode::OK, "hers");
    // Not of the portal, not hers.
    for thread in [5, 7] {
        let path = format!("/my/messages/{}", demo_thread(thread));
        assert_eq!(patient.get(&path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(patient.post_files(&path, &[("content", "x")], &[]).await.status, StatusCode::NOT_FOUND);
    }
    let other = "01900000-0000-7000-8006-000000000001";
    let fields = [("patient", other), ("category", "OTHER"), ("content", "Not about her")];
    let refused = patient.post_files("/my/messages/new", &fields, &[]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "an edited patient");
    assert!(refused.body.contains("Not about her") && refused.field("patient") == REYES, "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_passed_on_for_a_reason_closed_and_opened_again() {
    let portal = Portal::start().await;
    let staff = portal.sign_in("assistant").await;
    let here = format!("/threads/{}", demo_thread(8));
    let form = staff.get(&format!("{here}/assignment")).await;
    let (version, me) = (form.field("row_version"), "01900000-0000-7000-8003-000000000002");
    let path = format!("{here}/assignment");
    let no_reason = staff.post(&path, &[("row_version", &version), ("who", me), ("text", " ")]).await;
    assert_eq!(no_reason.status, StatusCode::UNPROCESSABLE_ENTITY);
    let outsider = "01900000-0000-7000-8003-000000000010";
    let edited = staff.post(&path, &[("row_version", &version), ("who", outsider), ("text", "y")]).await;
    assert_eq!(edited.status, StatusCode::UNPROCESSABLE_ENTITY, "an administrator answers no messages");
    let passed = staff.post(&path, &[("row_version", &version), ("who", me), ("text", "About a time")]).await;
    assert_eq!(passed.status, StatusCode::SEE_OTHER, "{}", passed.body);
    let stale = staff.post(&format!("{here}/closure"), &[("row_version", &version)]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let page = staff.get(&here).await;
    assert!(page.body.contains("About a time"), "{}", page.body);
    let version = page.field("row_version");
    assert_eq!(
        staff.post(&format!("{here}/closure"), &[("row_version", &version)]).await.status,
        StatusCode::SEE_OTHER
    );
    let form = staff.get(&format!("{here}/reopening")).await;
    let version = form.field("row_version");
    let path = format!("{here}/reopening");
    assert_eq!(
        staff.post(&path, &[("row_version", &version), ("text", "")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let opened = staff.post(&path, &[("row_version", &version), ("text", "She called again")]).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
    assert_eq!(standing(&portal, demo_thread(8)).await.0, "OPEN");
    let version = staff.get(&here).await.field("row_version");
    let filed = staff.post(&format!("{here}/category"), &[("row_version", &version), ("category", "HEALTH")]).await;
    assert_eq!(filed.status, StatusCode::SEE_OTHER, "{}", filed.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_entered_in_error_stays_for_staff_and_goes_for_the_patient() {
    let portal = Portal::start().await;
    let (staff, patient) = (portal.sign_in("assistant").await, portal.sign_in("patient").await);
    let here = format!("/threads/{}", demo_thread(2));
    assert_eq!(answer(&staff, &here, "Take forty tablets").await.status, StatusCode::SEE_OTHER);
    let path = staff.get(&here).await.attributes("a[href$='/retraction']", "href").pop().expect("her last message");
    assert_eq!(staff.post(&path, &[("text", "")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(staff.post(&path, &[("text", "Four, not forty")]).await.status, StatusCode::SEE_OTHER);
    let seen = staff.get(&here).await;
    assert!(seen.body.contains("Take forty tablets") && seen.body.contains("Four, not forty"));
    let read = patient.get(&format!("/my/messages/{}", demo_thread(2))).await;
    assert!(!read.body.contains("forty") && read.body.contains("has taken this message back"), "{}", read.body);
    let colleague = portal.sign_in("clinician").await;
    assert_eq!(colleague.get(&path).await.status, StatusCode::CONFLICT, "only the author");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_another_way_is_noted_with_or_without_a_patient() {
    let portal = Portal::start().await;
    let staff = portal.sign_in("assistant").await;
    let thread = ThreadId::new().to_string();
    let form = |mrn: &'static str, contact: &'static str, channel: &'static str, facility: &'static str| {
        vec![
            ("idempotency_key", thread.clone()),
            ("message_key", MessageId::new().to_string()),
            ("mrn", mrn.to_owned()),
            ("contact", contact.to_owned()),
            ("facility", facility.to_owned()),
            ("channel", channel.to_owned()),
            ("category", "OTHER".to_owned()),
            ("side", "OUTSIDE".to_owned()),
            ("content", "Asked for the opening hours".to_owned()),
        ]
    };
    let clinic = "01900000-0000-7000-8002-000000000001";
    let post = async |fields: Vec<(&str, String)>| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        staff.post_files("/threads/new", &fields, &[]).await
    };
    for (mrn, contact, channel, facility) in [
        ("", "", "SMS", clinic),
        ("", "Somebody", "PORTAL", clinic),
        ("999 9999", "", "SMS", clinic),
        ("", "Somebody", "PIGEON", clinic),
        ("", "Somebody", "SMS", "01900000-0000-7000-8002-000000000011"),
    ] {
        let refused = post(form(mrn, contact, channel, facility)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{mrn} {contact} {channel} {facility}");
        assert!(refused.body.contains("Asked for the opening hours"));
    }
    let noted = post(form("", "Mr Brown, 07700 900199", "PHONE", clinic)).await;
    assert_eq!(noted.status, StatusCode::SEE_OTHER, "{}", noted.body);
    let page = staff.get(noted.location()).await;
    assert!(page.body.contains("Mr Brown, 07700 900199") && page.body.contains("noted by staff"), "{}", page.body);
    let stored = sqlx::query_scalar!("SELECT contact_enc FROM thread WHERE id = $1", id_of(noted.location()))
        .fetch_one(&portal.admin)
        .await
        .expect("it");
    assert!(!String::from_utf8_lossy(&stored.expect("sealed")).contains("Brown"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_searched_and_names_stay_out_of_addresses() {
    let portal = Portal::start().await;
    let staff = portal.sign_in("assistant").await;
    for (typed, found) in [
        ("reyes", "REYES, Marisol"),
        ("mari", "REYES, Marisol"),
        ("flu cl", "07700 900144"),
        ("104 0097", "REYES, Marisol"),
    ] {
        let reply = staff.post("/threads/search", &[("q", typed)]).await;
        assert!(!reply.location().contains(typed));
        let page = staff.get(reply.location()).await;
        assert!(page.texts("td").iter().any(|cell| cell.contains(found)), "{typed}: {}", page.body);
    }
    let reply = staff.post("/threads/search", &[("q", "zzz")]).await;
    assert!(staff.get(reply.location()).await.body.contains("Nothing begins like that"));
    for view in ["awaiting", "mine", "unassigned", "pool", "closed", "nonsense"] {
        assert_eq!(staff.get(&format!("/threads?view={view}")).await.status, StatusCode::OK, "{view}");
    }
    assert_eq!(staff.get("/threads?view=pool&after=nonsense").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_keeps_what_was_said_and_who_said_it() {
    let portal = Portal::start().await;
    let refused = async |role: &str, number: u32, statement: &str| {
        let context = format!(
            "01900000-0000-7000-8001-000000000001|01900000-0000-7000-8003-{number:012}|{role}|01900000-0000-7000-8002-000000000001"
        );
        let sql = format!("BEGIN; SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{context}'; {statement}; ROLLBACK");
        let mut conn = portal.admin.acquire().await.expect("a connection");
        #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
        let result = sqlx::Executor::execute(&mut *conn, sqlx::raw_sql(&sql)).await;
        #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
        sqlx::Executor::execute(&mut *conn, sqlx::raw_sql("ROLLBACK")).await.ok();
        result.err().map(|error| error.to_string())
    };
    let (thread, closed) = (demo_thread(1), demo_thread(3));
    for (role, number, statement, words) in [
        ("MEDICAL_ASSISTANT", 2, "UPDATE message SET content_enc = 'x'".to_owned(), "permission denied"),
        ("MEDICAL_ASSISTANT", 2, "DELETE FROM message".to_owned(), "permission denied"),
        ("MEDICAL_ASSISTANT", 2, format!("UPDATE thread SET status = 'AWAITING_PATIENT' WHERE id = '{thread}'"), "no such move"),
        ("MEDICAL_ASSISTANT", 2, format!("UPDATE thread SET status = 'OPEN' WHERE id = '{closed}'"), "for a reason"),
        ("MEDICAL_ASSISTANT", 2, format!("UPDATE thread SET patient_id = NULL WHERE id = '{thread}'"), "permission denied"),
        (
            "MEDICAL_ASSISTANT",
            2,
            format!("UPDATE thread SET assignee_id = '01900000-0000-7000-8003-000000000010', move_reason = 'x' WHERE id = '{thread}'"),
            "cannot answer",
        ),
        ("MEDICAL_ASSISTANT", 2, "INSERT INTO thread_participant (organization_id, thread_id, user_id, facility_id, side) SELECT organization_id, id, assignee_id, facility_id, 'STAFF' FROM thread".to_owned(), "permission denied"),
        (
            "PATIENT",
            11,
            format!("INSERT INTO message (organization_id, id, thread_id, sender_side, content_enc, created_by_id) VALUES (ctx.organization(), gen_random_uuid(), '{closed}', 'STAFF', 'x', ctx.actor())"),
            "too long",
        ),
        (
            "PATIENT",
            11,
            format!("INSERT INTO message (organization_id, id, thread_id, sender_side, content_enc, created_by_id) VALUES (ctx.organization(), gen_random_uuid(), '{}', 'PATIENT', 'x', ctx.actor())", demo_thread(7)),
            "row-level security",
        ),
        (
            "CARER",
            6,
            format!("INSERT INTO message (organization_id, id, thread_id, sender_side, content_enc, created_by_id) VALUES (ctx.organization(), gen_random_uuid(), '{thread}', 'STAFF', 'x', ctx.actor())"),
            "row-level security",
        ),
    ] {
        let error = refused(role, number, &statement).await.unwrap_or_else(|| panic!("allowed: {statement}"));
        assert!(error.contains(words), "{statement}: {error}");
    }
    // Whoever says it is somebody else is signed as themselves all the same.
    let own = format!(
        "INSERT INTO message (organization_id, id, thread_id, sender_side, content_enc, created_by_id) VALUES (ctx.organization(), gen_random_uuid(), '{thread}', 'STAFF', 'x', ctx.actor());
         DO $$ BEGIN IF (SELECT sender_side || sender_name || sender_role FROM message WHERE thread_id = '{thread}' ORDER BY created_at DESC LIMIT 1) <> 'PATIENTMs Marisol ReyesSELF' THEN RAISE 'forged'; END IF; END $$"
    );
    assert_eq!(refused("PATIENT", 11, &own).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_answers_raises_one_alert() {
    let portal = Portal::start().await;
    let thread = demo_thread(1);
    let late = patience(almoner::messages::model::Category::Medicine).num_hours() + 1;
    sqlx::query!(
        "UPDATE thread SET waiting_since = now() - make_interval(hours => $2::int) WHERE id = $1",
        thread,
        i32::try_from(late).expect("hours")
    )
    .execute(&portal.admin)
    .await
    .expect("it waits");
    let alerts = async || {
        sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM alert WHERE thread_id = $1 AND type = 'MESSAGE_UNANSWERED' AND is_open"#,
            thread
        )
        .fetch_one(&portal.admin)
        .await
        .expect("a count")
    };
    for _ in 0..2 {
        do_job(&portal, "messages.unanswered").await;
        assert_eq!(alerts().await, 1);
    }
    let staff = portal.sign_in("clinician").await;
    let alert = sqlx::query_scalar!("SELECT id FROM alert WHERE thread_id = $1", thread)
        .fetch_one(&portal.admin)
        .await
        .expect("it");
    let page = staff.get(&format!("/alerts/{alert}")).await;
    assert!(page.attributes("a", "href").contains(&format!("/threads/{thread}")), "{}", page.body);
    assert!(!page.body.contains("dizzy when"), "nothing of what was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_take_it_at_once_are_told_apart() {
    let portal = Portal::start().await;
    let (one, two) = (portal.sign_in("assistant").await, portal.sign_in("clinician").await);
    let here = format!("/threads/{}", demo_thread(5));
    let version = one.get(&here).await.field("row_version");
    let (path, fields) = (format!("{here}/claim"), [("row_version", version.as_str())]);
    let (first, second) = tokio::join!(one.post(&path, &fields), two.post(&path, &fields));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::CONFLICT]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_outside_care_reads_messages() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    for role in [Role::Owner, Role::Compliance, Role::Admin, Role::Clerk] {
        let browser = house.person(&portal, role, None).await;
        assert_eq!(browser.get("/threads").await.status, StatusCode::FORBIDDEN, "{role:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_typed_is_kept_until_it_is_sent_and_nobody_else_sees_it() {
    let portal = Portal::start().await;
    let (staff, other, patient) =
        (portal.sign_in("assistant").await, portal.sign_in("clinician").await, portal.sign_in("patient").await);
    let thread = demo_thread(2);
    let (here, mine) = (format!("/threads/{thread}"), format!("/my/messages/{thread}"));
    let kept = staff.post(&format!("{here}/draft"), &[("content", "Half a <b>sentence")]).await;
    assert_eq!(kept.location(), format!("{here}#answer"));
    let fragment = patient.hx_post(&format!("{mine}/draft"), &[("content", "Only mine")]).await;
    assert!(fragment.body.contains("Draft kept"), "{}", fragment.body);
    assert_eq!(staff.get(&here).await.text("textarea[name='content']"), "Half a <b>sentence");
    assert_eq!(other.get(&here).await.text("textarea[name='content']"), "");
    assert_eq!(patient.get(&mine).await.text("textarea[name='content']"), "Only mine");
    let stored = sqlx::query_scalar!("SELECT payload_enc FROM form_draft WHERE subject_id = $1", thread);
    for sealed in stored.fetch_all(&portal.admin).await.expect("the drafts") {
        let sealed = sealed.expect("sealed");
        let text = String::from_utf8_lossy(&sealed);
        assert!(!text.contains("sentence") && !text.contains("mine"));
    }
    assert_eq!(answer(&staff, &here, "A whole one").await.status, StatusCode::SEE_OTHER);
    assert_eq!(staff.get(&here).await.text("textarea[name='content']"), "", "sent");
    patient.post(&format!("{mine}/draft"), &[("content", " ")]).await;
    assert_eq!(patient.get(&mine).await.text("textarea[name='content']"), "", "emptied");
    let huge = "x".repeat(45_000);
    let refused = patient.post(&format!("{mine}/draft"), &[("content", &huge)]).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    let foreign = format!("/my/messages/{}/draft", demo_thread(7));
    assert_eq!(patient.post(&foreign, &[("content", "x")]).await.status, StatusCode::NOT_FOUND);
}
