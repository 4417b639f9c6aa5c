//! What people are told: when, by which way, how often, and that nothing of it says anything about a patient.

use std::sync::Arc;
use std::time::Duration;

use almoner::app::App;
use almoner::jobs::{self, Worker};
use almoner::outbox::{Courier, Hook, Mailer, Reach};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac as _};
use reqwest::StatusCode;
use sha2::Sha256;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Browser, Gateway, Mail, MailServer, Portal, run};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const THREAD: &str = "01900000-0000-7000-80f1-000000000002";
const PATIENT: &str = "01900000-0000-7000-8003-000000000011";
const CLINICIAN: &str = "01900000-0000-7000-8003-000000000001";

const GATEWAYS: &str = "/admin/notifications/gateways";

fn id(text: &str) -> Uuid {
    text.parse().expect("an id")
}

/// Gateways of organizations on this machine.
fn near() -> Reach {
    Reach::new(vec!["127.0.0.0/8".parse().expect("a range")])
}

/// The application with ways out.
fn with(portal: &Portal, mail: Option<&MailServer>, gateway: Option<&Gateway>) -> App {
    let mut app = portal.app.clone();
    let hook = |gateway: &Gateway| {
        Hook::new(format!("http://{}/", gateway.address).parse().expect("a URL"), SECRET).expect("a gateway")
    };
    let mailer = |server: &MailServer| {
        Mailer::new(&format!("smtp://{}", server.address), "Northgate Health <portal@example.org>").expect("a mailer")
    };
    app.courier = Arc::new(Courier {
        mail: mail.map(mailer),
        sms: gateway.map(hook),
        chat: gateway.map(hook),
        portal: "https://portal.example.org".parse().ok(),
        reach: near(),
    });
    app
}

/// Lets all that waits be due, and sends it.
async fn deliver(portal: &Portal, app: &App) {
    sqlx::query!("UPDATE notification SET trigger_at = now() WHERE status IN ('QUEUED', 'FAILED')")
        .execute(&portal.admin)
        .await
        .expect("due");
    do_job_with(portal, app, "notifications.deliver").await;
}

/// Does one job of the first organization.
async fn do_job(portal: &Portal, kind: &str) {
    do_job_with(portal, &portal.app, kind).await;
}

async fn do_job_with(portal: &Portal, app: &App, kind: &str) {
    let (id, organization) = (almoner::ids::new_uuid(), id("01900000-0000-7000-8001-000000000001"));
    sqlx::query!("INSERT INTO job (id, organization_id, kind) VALUES ($1, $2, $3)", id, organization, kind)
        .execute(&portal.admin)
        .await
        .expect("a job");
    let stop = CancellationToken::new();
    let worker = Worker::new(app.clone(), jobs::work::all()).run(stop.clone());
    let state = async || {
        sqlx::query_scalar!("SELECT state FROM job WHERE id = $1", id).fetch_one(&portal.admin).await.expect("the job")
    };
    let done = async {
        while state().await != "DONE" {
            sleep(Duration::from_millis(50)).await;
        }
        stop.cancel();
    };
    timeout(Duration::from_secs(20), async { tokio::join!(worker, done) }).await.expect("the job ends");
}

/// The mails to somebody.
fn to(server: &MailServer, who: &str) -> Vec<Mail> {
    server.mails().into_iter().filter(|mail| mail.to == who).collect()
}

/// Staff answer the patient.
async fn answer(staff: &Browser, words: &str) {
    let page = staff.get(&format!("/threads/{THREAD}")).await;
    let (key, seen) = (page.field("idempotency_key"), page.field("seen"));
    let fields = [("idempotency_key", key.as_str()), ("seen", seen.as_str()), ("content", words)];
    let sent = staff.post_files(&format!("/threads/{THREAD}/messages"), &fields, &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
}

/// Channel, state and attempts of what somebody is told that way, but for what the demo tells; the latest first.
async fn told(portal: &Portal, who: &str) -> Vec<(String, String, String, i32)> {
    sqlx::query!(
        "SELECT kind, channel, status, attempts FROM notification WHERE recipient_id = $1 AND idempotency_key NOT LIKE 'demo:%' ORDER BY created_at DESC, channel",
        id(who)
    )
    .fetch_all(&portal.admin)
    .await
    .expect("the outbox")
    .into_iter()
    .map(|row| (row.kind, row.channel, row.status, row.attempts))
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_told_by_mail_with_a_link_and_nothing_of_what_it_says() {
    let portal = Portal::start().await;
    let (server, staff, patient) =
        (MailServer::start().await, portal.sign_in("assistant").await, portal.sign_in("patient").await);
    answer(&staff, "Your potassium is too low").await;
    assert_eq!(
        told(&portal, PATIENT).await,
        [
            ("message.reply".into(), "EMAIL".into(), "QUEUED".into(), 0),
            ("message.reply".into(), "IN_APP".into(), "SENT".into(), 0)
        ]
    );
    assert!(patient.get("/my").await.text("#bell").contains('2'), "that of the demo, and this one");
    deliver(&portal, &with(&portal, Some(&server), None)).await;
    let mails = to(&server, "patient@example.com");
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(to(&server, "rafael.reyes@example.com").len(), 1, "who acts for her hears of it too");
    assert!(mails[0].text.contains("Subject: Northgate Health: you have a new message"), "{}", mails[0].text);
    assert!(mails[0].text.contains(&format!("https://portal.example.org/my/messages/{THREAD}")), "{}", mails[0].text);
    assert!(mails[0].text.contains("Auto-Submitted: auto-generated"));
    for word in ["potassium", "Reyes", "Marisol", "Abara"] {
        assert!(!mails[0].text.contains(word), "{word}: {}", mails[0].text);
    }
    assert_eq!(told(&portal, PATIENT).await[0].2, "SENT");
    deliver(&portal, &with(&portal, Some(&server), None)).await;
    assert_eq!(server.mails().len(), 2, "once each");

    let list = patient.get("/notifications").await;
    let link = list.attributes("#notices a.pt", "href").remove(0);
    let opened = patient.get(&link).await;
    assert_eq!(opened.location(), format!("/my/messages/{THREAD}"));
    patient.get(opened.location()).await;
    assert!(!patient.get("/my").await.text("#bell").contains('1'), "the page of the conversation shows them all");
    assert_eq!(staff.get(&link).await.status, StatusCode::NOT_FOUND, "somebody else's");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_together_is_one_mail_and_what_is_not_set_up_is_called_off() {
    let portal = Portal::start().await;
    let (server, staff) = (MailServer::start().await, portal.sign_in("assistant").await);
    for words in ["One", "Two", "Three"] {
        answer(&staff, words).await;
    }
    let due = sqlx::query_scalar!(
        r#"SELECT count(DISTINCT trigger_at) AS "count!" FROM notification WHERE recipient_id = $1 AND channel = 'EMAIL' AND status = 'QUEUED'"#,
        id(PATIENT)
    );
    assert_eq!(due.fetch_one(&portal.admin).await.expect("a count"), 1, "they leave together");
    deliver(&portal, &with(&portal, Some(&server), None)).await;
    let mails = to(&server, "patient@example.com");
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].text.matches(THREAD).count(), 1, "one link for one page: {}", mails[0].text);

    answer(&staff, "Four").await;
    deliver(&portal, &with(&portal, None, None)).await;
    assert_eq!(told(&portal, PATIENT).await[0], ("message.reply".into(), "EMAIL".into(), "CANCELLED".into(), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_tried_again_given_up_and_sent_once_somebody_mended_it() {
    let portal = Portal::start().await;
    let (server, staff, admin) =
        (MailServer::start().await, portal.sign_in("assistant").await, portal.sign_in("admin").await);
    let app = with(&portal, Some(&server), None);
    answer(&staff, "One").await;
    server.answers(Some("451 later"));
    for attempt in 1..8 {
        deliver(&portal, &app).await;
        assert_eq!(told(&portal, PATIENT).await[0], ("message.reply".into(), "EMAIL".into(), "FAILED".into(), attempt));
    }
    deliver(&portal, &app).await;
    assert_eq!(told(&portal, PATIENT).await[0].2, "DEAD");
    let page = admin.get("/admin/notifications").await;
    assert!(page.body.contains("the mail server put it off: 451"), "{}", page.body);
    assert!(!page.body.contains("patient@example.com"), "no address");
    let dead =
        sqlx::query_scalar!("SELECT id FROM notification WHERE recipient_id = $1 AND status = 'DEAD'", id(PATIENT));
    let dead = dead.fetch_one(&portal.admin).await.expect("it");
    server.answers(None);
    let path = format!("/admin/notifications/{dead}/retry");
    assert_eq!(admin.post(&path, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(admin.post(&path, &[]).await.status, StatusCode::CONFLICT, "it is not dead any more");
    deliver(&portal, &app).await;
    assert_eq!(to(&server, "patient@example.com").len(), 1);

    // What will never be taken is not tried again; it can be put away.
    server.answers(Some("550 nobody of this name"));
    answer(&staff, "Two").await;
    deliver(&portal, &app).await;
    assert_eq!(told(&portal, PATIENT).await[0], ("message.reply".into(), "EMAIL".into(), "DEAD".into(), 1));
    let dead =
        sqlx::query_scalar!("SELECT id FROM notification WHERE recipient_id = $1 AND status = 'DEAD'", id(PATIENT));
    let dead = dead.fetch_one(&portal.admin).await.expect("it");
    let gone = admin.post(&format!("/admin/notifications/{dead}/discard"), &[]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    assert_eq!(told(&portal, PATIENT).await[0].2, "CANCELLED");
    let elsewhere = Uuid::from_u128(7);
    let none = admin.post(&format!("/admin/notifications/{elsewhere}/discard"), &[]).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_messages_and_chat_are_signed() {
    let portal = Portal::start().await;
    let (gateway, staff, clinician) =
        (Gateway::start().await, portal.sign_in("assistant").await, portal.sign_in("clinician").await);
    let wish = [
        ("sms", "alert.assigned"),
        ("chat", "alert.assigned"),
        ("phone", "07700 900123"),
        ("chat_name", "m.haas"),
        ("bundle", "0"),
        ("quiet_from", ""),
        ("quiet_until", ""),
    ];
    let saved = clinician.post("/notifications/preferences", &wish).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    assert!(clinician.get("/notifications/preferences").await.body.contains("447700900123"));
    let stored = sqlx::query_scalar!("SELECT phone_enc FROM notification_preference WHERE user_id = $1", id(CLINICIAN));
    let stored = stored.fetch_one(&portal.admin).await.expect("it").expect("sealed");
    assert!(!String::from_utf8_lossy(&stored).contains("900123"));

    let alert = "/alerts/01900000-0000-7000-8007-000000000001";
    let version = staff.get(&format!("{alert}/assignment")).await.field("row_version");
    let given = staff.post(&format!("{alert}/assignment"), &[("row_version", &version), ("who", CLINICIAN)]).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.body);
    gateway.answers(503);
    deliver(&portal, &with(&portal, None, Some(&gateway))).await;
    assert!(told(&portal, CLINICIAN).await.iter().any(|row| row.1 == "SMS" && row.2 == "FAILED"));
    gateway.answers(204);
    deliver(&portal, &with(&portal, None, Some(&gateway))).await;
    let calls = gateway.calls();
    assert_eq!(calls.len(), 4, "two refused, two taken");
    for call in &calls {
        let header = |name: &str| call.headers.get(name).expect("a header").to_str().expect("text").to_owned();
        let key = BASE64_STANDARD.decode(&SECRET["whsec_".len()..]).expect("base64");
        let mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&key).expect("a key");
        let text = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), call.body);
        let signature = BASE64_STANDARD.encode(mac.chain_update(text).finalize().into_bytes());
        assert_eq!(header("webhook-signature"), format!("v1,{signature}"));
        let body: serde_json::Value = serde_json::from_str(&call.body).expect("JSON");
        assert_eq!(body["id"], header("webhook-id"), "the same at each attempt");
        let to = if body["channel"] == "SMS" { "447700900123" } else { "m.haas" };
        assert_eq!(body["to"], to);
        assert!(
            body["text"].as_str().expect("a text").ends_with(&format!("https://portal.example.org{alert}")),
            "{body}"
        );
        assert!(!call.body.contains("OKAFOR") && !call.body.contains("pressure"), "{body}");
    }
    assert!(told(&portal, CLINICIAN).await.iter().all(|row| row.2 == "SENT"));

    // Who has given no name is named by the account, never by an address.
    let wish = [("chat", "alert.assigned"), ("bundle", "0")];
    assert_eq!(clinician.post("/notifications/preferences", &wish).await.status, StatusCode::SEE_OTHER);
    let alert = "/alerts/01900000-0000-7000-8007-000000000002";
    let version = staff.get(&format!("{alert}/assignment")).await.field("row_version");
    let fields = [("row_version", version.as_str()), ("who", CLINICIAN), ("text", "She knows the patient")];
    let given = staff.post(&format!("{alert}/assignment"), &fields).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.body);
    deliver(&portal, &with(&portal, None, Some(&gateway))).await;
    let last: serde_json::Value = serde_json::from_str(&gateway.calls().pop().expect("a call").body).expect("JSON");
    assert_eq!((&last["channel"], &last["to"]), (&"CHAT".into(), &CLINICIAN.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_or_sent_long_ago_goes_and_nothing_else() {
    let portal = Portal::start().await;
    let organization = id("01900000-0000-7000-8001-000000000001");
    run(&portal.admin, "DELETE FROM notification").await;
    let rows = [
        ("IN_APP", "SENT", Some(100), true),
        ("IN_APP", "SENT", Some(80), false),
        ("IN_APP", "SENT", None, false),
        ("IN_APP", "CANCELLED", None, true),
        ("EMAIL", "SENT", None, true),
        ("EMAIL", "DEAD", None, false),
    ];
    run(&portal.admin, "ALTER TABLE notification DISABLE TRIGGER notification_touch").await;
    for (number, (channel, status, read, _)) in rows.iter().enumerate() {
        let age = read.unwrap_or(100);
        let add = format!(
            "INSERT INTO notification (organization_id, id, recipient_id, channel, kind, subject_id, payload, status, sent_at, read_at, updated_at, idempotency_key)
             VALUES ('{organization}', gen_random_uuid(), '{CLINICIAN}', '{channel}', 'alert.assigned', gen_random_uuid(), '{{\"path\": \"/alerts\"}}', '{status}',
                     CASE '{status}' WHEN 'SENT' THEN now() END, {}, now() - INTERVAL '{age} days', 'old:{number}')",
            if read.is_some() { format!("now() - INTERVAL '{age} days'") } else { "NULL".to_owned() }
        );
        run(&portal.admin, &add).await;
    }
    do_job(&portal, "notifications.purge").await;
    let left = async || {
        let rows = sqlx::query_scalar!("SELECT idempotency_key FROM notification ORDER BY idempotency_key");
        rows.fetch_all(&portal.admin).await.expect("the outbox")
    };
    let expected: Vec<String> =
        rows.iter().enumerate().filter(|(_, row)| !row.3).map(|(number, _)| format!("old:{number}")).collect();
    assert_eq!(left().await, expected);
    // An organization may keep them for less, or for more.
    run(&portal.admin, "UPDATE organization SET retention = '{\"notices\": 30}'").await;
    do_job(&portal, "notifications.purge").await;
    assert_eq!(left().await, ["old:2", "old:5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_hold_back_what_leaves_and_nothing_else() {
    let portal = Portal::start().await;
    let (staff, patient) = (portal.sign_in("assistant").await, portal.sign_in("patient").await);
    for (wrong, field) in [
        ([("quiet_from", "22:00"), ("quiet_until", ""), ("bundle", "2")], "quiet_until"),
        ([("quiet_from", "25:00"), ("quiet_until", "7:00"), ("bundle", "2")], "quiet_from"),
        ([("quiet_from", "<b>"), ("quiet_until", "7:00"), ("bundle", "2")], "quiet_from"),
        ([("quiet_from", ""), ("quiet_until", ""), ("bundle", "61")], "bundle"),
    ] {
        let refused = patient.post("/notifications/preferences", &wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
        assert_eq!(refused.attributes("#errors a", "href"), [format!("#{field}")], "{wrong:?}");
    }
    let hours = sqlx::query!(
        r#"SELECT to_char(now() AT TIME ZONE 'Europe/London' - INTERVAL '1 hour', 'HH24:MI') AS "from!", to_char(now() AT TIME ZONE 'Europe/London' + INTERVAL '2 hours', 'HH24:MI') AS "until!""#
    );
    let hours = hours.fetch_one(&portal.admin).await.expect("the clock");
    let wish =
        [("email", "message.reply"), ("quiet_from", &hours.from), ("quiet_until", &hours.until), ("bundle", "2")];
    let saved = patient.post("/notifications/preferences", &wish).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    answer(&staff, "One").await;
    let row = sqlx::query!(
        r#"SELECT (SELECT trigger_at <= now() FROM notification WHERE recipient_id = $1 AND channel = 'IN_APP' AND status = 'SENT' ORDER BY created_at DESC LIMIT 1) AS "bell!",
                  (SELECT to_char(trigger_at AT TIME ZONE 'Europe/London', 'HH24:MI') FROM notification WHERE recipient_id = $1 AND channel = 'EMAIL' AND status = 'QUEUED') AS "mail!""#,
        id(PATIENT)
    )
    .fetch_one(&portal.admin)
    .await
    .expect("the outbox");
    assert!(row.bell);
    assert_eq!(row.mail, hours.until);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_end_in_time_whatever_the_clock_does() {
    let portal = Portal::start().await;
    for (at, from, until, expected) in [
        ("2026-06-01 21:30+01", "22:00", "07:00", "2026-06-01 21:30+01"),
        ("2026-06-01 23:30+01", "22:00", "07:00", "2026-06-02 07:00+01"),
        ("2026-06-02 06:59+01", "22:00", "07:00", "2026-06-02 07:00+01"),
        ("2026-06-02 07:00+01", "22:00", "07:00", "2026-06-02 07:00+01"),
        ("2026-06-01 13:00+01", "12:00", "14:00", "2026-06-01 14:00+01"),
        // The night in which the clock goes back, and the one in which it goes forward.
        ("2026-10-24 23:00+01", "22:00", "07:00", "2026-10-25 07:00+00"),
        ("2026-03-28 23:00+00", "22:00", "07:00", "2026-03-29 07:00+01"),
        // An end that does not exist that night: the moment after the gap.
        ("2026-03-28 23:00+00", "22:00", "01:30", "2026-03-29 02:30+01"),
    ] {
        let held = sqlx::query_scalar!(
            r#"SELECT outbox.after_quiet($1::text::timestamptz, $2::text::time, $3::text::time, 'Europe/London') = $4::text::timestamptz AS "held!""#,
            at,
            from,
            until,
            expected
        );
        assert!(held.fetch_one(&portal.admin).await.expect("an answer"), "{at} {from} {until}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_told_of_until_it_is_cancelled() {
    let portal = Portal::start().await;
    let staff = portal.sign_in("assistant").await;
    let visit = "/visits/01900000-0000-7000-8021-000000000006";
    let form = staff.get(&format!("{visit}/cancellation")).await;
    assert_eq!(form.status, StatusCode::OK, "{}", form.body);
    sqlx::query!(
        "INSERT INTO notification (organization_id, recipient_id, channel, kind, subject_id, payload, trigger_at, idempotency_key)
         SELECT organization_id, $1, 'EMAIL', 'visit.reminder', $2, '{\"path\": \"/my\"}', now() + INTERVAL '1 day', 'x' FROM app_user WHERE id = $1",
        id(PATIENT),
        id(&visit["/visits/".len()..]),
    )
    .execute(&portal.admin)
    .await
    .expect("a reminder");
    let fields = [("row_version", form.field("row_version")), ("reason", "The doctor is ill".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let gone = staff.post(&format!("{visit}/cancellation"), &fields).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.body);
    let rows = told(&portal, PATIENT).await;
    let has = |kind: &str, channel: &str, status: &str| {
        rows.iter().any(|row| (row.0.as_str(), row.1.as_str(), row.2.as_str()) == (kind, channel, status))
    };
    assert!(has("visit.reminder", "EMAIL", "CANCELLED"), "{rows:?}");
    assert!(has("visit.cancelled", "IN_APP", "SENT") && has("visit.cancelled", "EMAIL", "QUEUED"), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_what_did_not_happen_or_of_what_they_did_themselves() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let alert = "/alerts/01900000-0000-7000-8007-000000000001";
    let version = clinician.get(&format!("{alert}/assignment")).await.field("row_version");
    let taken = clinician.post(&format!("{alert}/assignment"), &[("row_version", &version), ("who", CLINICIAN)]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
    assert!(told(&portal, CLINICIAN).await.is_empty());
    let staff = portal.sign_in("assistant").await;
    let stale = staff
        .post(&format!("/threads/{THREAD}/assignment"), &[("row_version", "1"), ("who", CLINICIAN), ("text", "x")])
        .await;
    if stale.status == StatusCode::CONFLICT {
        assert!(told(&portal, CLINICIAN).await.is_empty(), "the transaction was not committed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_has_the_bell_its_list_and_its_wishes() {
    let portal = Portal::start().await;
    for account in [
        "clinician",
        "assistant",
        "clerk",
        "chair",
        "caseworker",
        "carer",
        "manager",
        "owner",
        "compliance",
        "admin",
        "patient",
    ] {
        let browser = portal.sign_in(account).await;
        let list = browser.get("/notifications").await;
        assert_eq!(list.status, StatusCode::OK, "{account}");
        assert_eq!(list.attributes("#bell", "href"), ["/notifications"], "{account}");
        let wishes = browser.get("/notifications/preferences").await;
        assert_eq!(wishes.status, StatusCode::OK, "{account}");
        let offers_reminder = wishes.attributes("[name='email']", "value").iter().any(|kind| kind == "visit.reminder");
        assert_eq!(offers_reminder, account == "patient", "{account}");
    }
    let clinician = portal.sign_in("clinician").await;
    assert!(clinician.get("/notifications/bell").await.text("#bell").contains('1'));
    let read = clinician.post("/notifications/read", &[]).await;
    assert_eq!(read.location(), "/notifications");
    assert!(!clinician.get("/notifications/bell").await.text("#bell").contains('1'));
    let words = portal.sign_in("admin").await.get("/admin/notifications/words").await;
    assert!(
        words.body.contains("you have a new message") && words.body.contains("never ask for a password"),
        "{}",
        words.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_has_a_gateway_of_its_own() {
    let portal =
        Portal::start_with(|app| app.courier = Arc::new(Courier { reach: near(), ..Courier::default() })).await;
    let (operators, own) = (Gateway::start().await, Gateway::start().await);
    let (admin, staff, clinician) =
        (portal.sign_in("admin").await, portal.sign_in("assistant").await, portal.sign_in("clinician").await);
    let secret = "whsec_c2VjcmV0IG9mIG5vcnRoZ2F0ZSwgbG9uZyBlbm91Z2g=";
    let url = format!("http://{}/", own.address);
    for (url, secret, field) in [
        ("http://gateway.example/", secret, "sms_url"),
        (url.as_str(), "whsec_c2hvcnQ=", "sms_secret"),
        (url.as_str(), "", "sms_secret"),
        ("nonsense", secret, "sms_url"),
    ] {
        let refused = admin.post(GATEWAYS, &[("channel", "SMS"), ("sms_url", url), ("sms_secret", secret)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{url} {secret}");
        assert!(!refused.text(&format!("#{field}-error")).is_empty(), "{field}: {}", refused.body);
        assert_eq!(refused.field("sms_url"), url, "what was typed is still there");
        assert!(!refused.body.contains(secret) || secret.is_empty(), "but for the secret");
    }
    let email = [("channel", "EMAIL"), ("sms_url", url.as_str()), ("sms_secret", secret)];
    assert_eq!(admin.post(GATEWAYS, &email).await.status, StatusCode::UNPROCESSABLE_ENTITY, "mail has none");
    let saved = admin.post(GATEWAYS, &[("channel", "SMS"), ("sms_url", &url), ("sms_secret", secret)]).await;
    assert_eq!((saved.status, saved.location()), (StatusCode::SEE_OTHER, GATEWAYS), "{}", saved.body);
    let page = admin.get(GATEWAYS).await;
    assert!(page.body.contains("Your own gateway") && page.field("sms_url") == url && !page.body.contains(secret));
    let stored = sqlx::query_scalar!("SELECT secret_enc FROM notification_gateway WHERE channel = 'SMS'");
    let stored = stored.fetch_one(&portal.admin).await.expect("the gateway");
    assert!(!String::from_utf8_lossy(&stored).contains("whsec"), "sealed");

    let wish = [("sms", "alert.assigned"), ("phone", "07700 900123"), ("bundle", "0")];
    assert_eq!(clinician.post("/notifications/preferences", &wish).await.status, StatusCode::SEE_OTHER);
    let alert = "/alerts/01900000-0000-7000-8007-000000000001";
    let version = staff.get(&format!("{alert}/assignment")).await.field("row_version");
    let given = staff.post(&format!("{alert}/assignment"), &[("row_version", &version), ("who", CLINICIAN)]).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.body);
    deliver(&portal, &with(&portal, None, Some(&operators))).await;
    let calls = own.calls();
    assert_eq!((calls.len(), operators.calls().len()), (1, 0), "its own gateway, and no other");
    let header = |name: &str| calls[0].headers.get(name).expect("a header").to_str().expect("text").to_owned();
    let key = BASE64_STANDARD.decode(&secret["whsec_".len()..]).expect("base64");
    let mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&key).expect("a key");
    let text = format!("{}.{}.{}", header("webhook-id"), header("webhook-timestamp"), calls[0].body);
    let signature = BASE64_STANDARD.encode(mac.chain_update(text).finalize().into_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{signature}"), "signed with its own secret");

    // The address alone is changed; then it is turned off, and the operator's carries again.
    let moved = format!("{url}?v=2");
    let saved = admin.post(GATEWAYS, &[("channel", "SMS"), ("sms_url", &moved), ("sms_secret", "")]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let kept = sqlx::query_scalar!("SELECT secret_enc FROM notification_gateway WHERE url = $1", moved);
    assert_eq!(kept.fetch_one(&portal.admin).await.expect("the gateway"), stored);
    assert_eq!(admin.post(GATEWAYS, &[("channel", "SMS"), ("off", "1")]).await.status, StatusCode::SEE_OTHER);
    assert!(!admin.get(GATEWAYS).await.body.contains("Your own gateway"));
    let stranger = portal.visitor();
    stranger.sign_in("admin@southgate.example.com").await;
    assert!(!stranger.get(GATEWAYS).await.body.contains(&moved), "another organization's");
    assert_eq!(clinician.get(GATEWAYS).await.status, StatusCode::FORBIDDEN);
    let told = "SELECT count(*) FROM audit_event WHERE resource_type = 'notification_gateway' AND details::text NOT LIKE '%whsec%'";
    assert_eq!(crate::patients::ask(&portal, told).await, 3);
}

/// Keeps this address for text messages, and tells the clinician something by one.
async fn tell_by(portal: &Portal, url: &str, alert: &str) {
    let secret = "whsec_c2VjcmV0IG9mIG5vcnRoZ2F0ZSwgbG9uZyBlbm91Z2g=";
    let (admin, staff, clinician) =
        (portal.sign_in("admin").await, portal.sign_in("assistant").await, portal.sign_in("clinician").await);
    let saved = admin.post(GATEWAYS, &[("channel", "SMS"), ("sms_url", url), ("sms_secret", secret)]).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    let wish = [("sms", "alert.assigned"), ("phone", "07700 900123"), ("bundle", "0")];
    assert_eq!(clinician.post("/notifications/preferences", &wish).await.status, StatusCode::SEE_OTHER);
    let version = staff.get(&format!("{alert}/assignment")).await.field("row_version");
    let given = staff.post(&format!("{alert}/assignment"), &[("row_version", &version), ("who", CLINICIAN)]).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_cannot_make_the_portal_call_into_private_networks() {
    let portal = Portal::start().await;
    let admin = portal.sign_in("admin").await;
    let secret = "whsec_c2VjcmV0IG9mIG5vcnRoZ2F0ZSwgbG9uZyBlbm91Z2g=";
    for inside in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00:ec2::254]/",
        "https://10.0.0.7/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://localhost./",
        "https://metadata.google.internal/",
        "http://sms.gateway.example/",
    ] {
        for (channel, field) in [("SMS", "sms"), ("CHAT", "chat")] {
            let (url, word) = (format!("{field}_url"), format!("{field}_secret"));
            let form = [("channel", channel), (url.as_str(), inside), (word.as_str(), secret)];
            let refused = admin.post(GATEWAYS, &form).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{inside}");
            assert!(refused.text(&format!("#{url}-error")).contains("on the internet"), "{inside}");
        }
    }
    assert_eq!(crate::patients::ask(&portal, "SELECT count(*) FROM notification_gateway").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_was_let_in_once_is_looked_at_again_when_it_is_used() {
    let portal =
        Portal::start_with(|app| app.courier = Arc::new(Courier { reach: near(), ..Courier::default() })).await;
    let own = Gateway::start().await;
    tell_by(&portal, &format!("http://{}/", own.address), "/alerts/01900000-0000-7000-8007-000000000001").await;
    // The operator has closed this machine since.
    let mut closed = with(&portal, None, None);
    closed.courier = Arc::new(Courier { reach: Reach::default(), ..Courier::clone(&closed.courier) });
    deliver(&portal, &closed).await;
    assert_eq!(own.calls().len(), 0);
    assert!(told(&portal, CLINICIAN).await.iter().any(|row| row.1 == "SMS" && row.2 == "CANCELLED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_cannot_send_the_portal_elsewhere() {
    let portal =
        Portal::start_with(|app| app.courier = Arc::new(Courier { reach: near(), ..Courier::default() })).await;
    let target = Gateway::start().await;
    let elsewhere = format!("http://{}/", target.address);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let turn = axum::routing::post(async move || axum::response::Redirect::temporary(&elsewhere));
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().route("/", turn)).await.ok() });
    tell_by(&portal, &url, "/alerts/01900000-0000-7000-8007-000000000001").await;
    deliver(&portal, &with(&portal, None, None)).await;
    assert_eq!(target.calls().len(), 0, "no redirect is followed");
    assert!(told(&portal, CLINICIAN).await.iter().any(|row| row.1 == "SMS" && row.2 == "DEAD"));
}
