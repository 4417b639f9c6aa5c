//! Messages from other systems: signed, taken once, and never further than the account reaches.

use almoner::access::Role;
use almoner::ids::{FacilityId, new_uuid};
use almoner::ingest::cli;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{House, Portal, Reply, Sender};

fn data(reply: &Reply) -> Value {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    serde_json::from_str::<Value>(&reply.body).expect("JSON")["data"].take()
}

/// Status and wrong fields, in one line.
fn problem(reply: &Reply) -> String {
    let mut body: Value = serde_json::from_str(&reply.body).expect("JSON");
    assert_eq!(body["data"], Value::Null);
    assert!(body["meta"]["request_id"].is_string(), "{body}");
    let fields = body["error"]["fields"].take();
    let names: Vec<String> = fields.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
    format!("{} {}", reply.status.as_u16(), names.join(" ")).trim_end().to_owned()
}

fn alert(patient: impl Into<Uuid>) -> Value {
    let patient: Uuid = patient.into();
    json!({"type": "BP_HIGH_TREND", "severity": "HIGH", "title": "Blood pressure 172/98", "patient": patient,
           "payload": {"why": "Three in a row above 160"}, "dedupe_key": format!("bp:{patient}")})
}

async fn count(portal: &Portal, house: &House) -> i64 {
    sqlx::query_scalar!(r#"SELECT COUNT(*) AS "n!" FROM alert WHERE organization_id = $1"#, house.organization.uuid())
        .fetch_one(&portal.admin)
        .await
        .expect("a count")
}

#[tokio::test]
async fn a_signed_message_raises_an_alert_with_its_audit_and_its_history() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "MRN 00-12").await;
    let sender = Sender::new(&portal, &house, None).await;
    let raised = data(&sender.send(&portal, &alert(patient)).await);
    assert_eq!(raised["new"], true);

    let id: Uuid = raised["alert"].as_str().unwrap().parse().unwrap();
    let row = sqlx::query!(
        "SELECT facility_id, patient_id, severity, status, payload, created_by_id FROM alert WHERE id = $1",
        id
    )
    .fetch_one(&portal.admin)
    .await
    .unwrap();
    assert_eq!((row.facility_id, row.patient_id), (Some(house.clinic.uuid()), Some(patient.uuid())));
    assert_eq!(
        (row.severity.as_str(), row.status.as_str(), row.created_by_id),
        ("HIGH", "ACTIVE", Some(sender.account))
    );
    assert_eq!(row.payload["why"], "Three in a row above 160");
    let audit =
        sqlx::query!("SELECT actor_kind, actor_id, action, patient_id FROM audit_event WHERE resource_id = $1", id)
            .fetch_one(&portal.admin)
            .await
            .unwrap();
    assert_eq!(
        (audit.actor_kind.as_str(), audit.actor_id, audit.action.as_str()),
        ("SERVICE", Some(sender.account), "CREATE")
    );
    assert_eq!(audit.patient_id, Some(patient.uuid()));
    let used =
        sqlx::query_scalar!("SELECT last_used_at IS NOT NULL FROM service_account WHERE id = $1", sender.account);
    assert_eq!(used.fetch_one(&portal.admin).await.unwrap(), Some(true));
}

#[tokio::test]
async fn a_patient_is_found_by_record_number_and_an_older_priority_is_understood() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.home, "MRN 00-12").await;
    let sender = Sender::new(&portal, &house, None).await;
    let body =
        json!({"type": "GLUCOSE_HIGH", "priority": "URGENT", "title": "Glucose", "medical_record_number": "mrn0012"});
    let raised = data(&sender.send(&portal, &body).await);
    let id: Uuid = raised["alert"].as_str().unwrap().parse().unwrap();
    let row = sqlx::query!("SELECT patient_id, facility_id, severity FROM alert WHERE id = $1", id)
        .fetch_one(&portal.admin)
        .await
        .unwrap();
    assert_eq!(
        (row.patient_id, row.facility_id, row.severity.as_str()),
        (Some(patient.uuid()), Some(house.home.uuid()), "CRITICAL")
    );
}

#[tokio::test]
async fn a_message_acts_once_however_often_it_is_sent() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "1").await;
    let sender = Sender::new(&portal, &house, None).await;
    let first = data(&sender.send_as(&portal, "msg_1", &alert(patient)).await);
    let again = data(&sender.send_as(&portal, "msg_1", &alert(patient)).await);
    assert_eq!(first, again);
    assert_eq!(first["new"], true);

    let counted = data(&sender.send_as(&portal, "msg_2", &alert(patient)).await);
    assert_eq!((&counted["alert"], &counted["new"]), (&first["alert"], &json!(false)));
    assert_eq!(data(&sender.send_as(&portal, "msg_2", &alert(patient)).await), counted);
    let seen =
        sqlx::query_scalar!("SELECT seen_count FROM alert WHERE organization_id = $1", house.organization.uuid());
    assert_eq!(seen.fetch_all(&portal.admin).await.unwrap(), [2]);
}

#[tokio::test]
async fn sixteen_at_once_are_one_alert_seen_sixteen_times() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "1").await;
    let sender = Sender::new(&portal, &house, None).await;
    let body = alert(patient);
    let replies = futures::future::join_all((0..16).map(|_| sender.send(&portal, &body))).await;
    let new = replies.iter().filter(|reply| data(reply)["new"] == true).count();
    assert_eq!(new, 1);
    let seen =
        sqlx::query_scalar!("SELECT seen_count FROM alert WHERE organization_id = $1", house.organization.uuid());
    assert_eq!(seen.fetch_all(&portal.admin).await.unwrap(), [16]);
}

#[tokio::test]
async fn a_key_never_brings_two_patients_together() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let sender = Sender::new(&portal, &house, None).await;
    let (ada, bo) = (house.patient(&portal, house.clinic, "1").await, house.patient(&portal, house.clinic, "2").await);
    data(&sender.send(&portal, &alert(ada)).await);
    let mut body = alert(bo);
    body["dedupe_key"] = json!(format!("bp:{ada}"));
    assert_eq!(problem(&sender.send(&portal, &body).await), "422 dedupe_key");
}

#[tokio::test]
async fn a_wrong_signature_and_an_unknown_account_are_one_answer() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "1").await;
    let sender = Sender::new(&portal, &house, None).await;
    let (body, now) = (alert(patient).to_string(), portal.app.clock.now().timestamp());
    let good = sender.sign("m", now, body.as_bytes());
    let other = Sender::new(&portal, &house, None).await;

    let wrong =
        Sender::post(&portal, sender.account, "m", now, &other.sign("m", now, body.as_bytes()), body.as_bytes()).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let strip = |reply: &Reply| reply.body_without_ids();
    for (name, account, id, at, signature) in [
        ("an unknown account", new_uuid(), "m", now, good.as_str()),
        ("another id", sender.account, "n", now, good.as_str()),
        ("another time", sender.account, "m", now - 1, good.as_str()),
        ("no signature", sender.account, "m", now, ""),
        ("half a signature", sender.account, "m", now, "v1,AAAA"),
        ("another version", sender.account, "m", now, "v2,AAAA"),
    ] {
        let reply = Sender::post(&portal, account, id, at, signature, body.as_bytes()).await;
        assert_eq!((reply.status, strip(&reply)), (wrong.status, strip(&wrong)), "{name}");
    }
    let bare = portal.visitor().post_raw("/ingest/alerts", "{}").await;
    assert_eq!((bare.status, strip(&bare)), (wrong.status, strip(&wrong)));
    cli::run(&portal.app, &cli::ServiceAccountCommand::Revoke { id: sender.account }).await.unwrap();
    let revoked = Sender::post(&portal, sender.account, "m", now, &good, body.as_bytes()).await;
    assert_eq!((revoked.status, strip(&revoked)), (wrong.status, strip(&wrong)));
    assert_eq!(count(&portal, &house).await, 0);
}

#[tokio::test]
async fn what_is_old_or_large_is_refused() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "1").await;
    let sender = Sender::new(&portal, &house, None).await;
    let (body, now) = (alert(patient).to_string(), portal.app.clock.now().timestamp());
    for seconds in [-301, 310] {
        let reply = sender.send_at(&portal, "m", now + seconds, body.as_bytes()).await;
        assert_eq!(problem(&reply), "401");
    }
    let mut large = alert(patient);
    large["body"] = json!("x".repeat(70_000));
    assert_eq!(problem(&sender.send(&portal, &large).await), "413");
    assert_eq!(count(&portal, &house).await, 0);
}

#[tokio::test]
async fn wrong_fields_are_named_and_a_corrected_message_may_keep_its_id() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "1").await;
    let sender = Sender::new(&portal, &house, None).await;
    let mut wrong = alert(patient);
    wrong["title"] = json!("a\u{0}b");
    wrong["sev"] = json!("HIGH");
    wrong["type"] = json!("FIRE");
    assert_eq!(problem(&sender.send_as(&portal, "m", &wrong).await), "422 sev title type");
    let now = portal.app.clock.now().timestamp();
    for body in ["", "[]", "{", "\u{0}", "null"] {
        assert_eq!(problem(&sender.send_at(&portal, "m", now, body.as_bytes()).await), "400", "{body}");
    }
    assert_eq!(problem(&sender.send_at(&portal, "m", now, &[0xFF, 0xFE]).await), "400");
    let mut nobody = alert(new_uuid());
    assert_eq!(problem(&sender.send_as(&portal, "m", &nobody).await), "422 patient");
    nobody["patient"] = json!(patient);
    assert_eq!(data(&sender.send_as(&portal, "m", &nobody).await)["new"], true);
}

#[tokio::test]
async fn what_lies_out_of_reach_answers_like_what_does_not_exist() {
    let portal = Portal::start().await;
    let (house, other) = (House::build(&portal).await, House::build(&portal).await);
    let ours = house.patient(&portal, house.clinic, "1").await;
    let upstairs = house.patient(&portal, house.home, "2").await;
    let theirs = other.patient(&portal, other.clinic, "3").await;
    let sender = Sender::new(&portal, &house, Some("clinic")).await;
    let ask = async |patient: Option<Uuid>, number: Option<&str>, facility: Option<FacilityId>| {
        let facility = facility.map(FacilityId::uuid);
        let body = json!({"type": "GLUCOSE_HIGH", "severity": "INFO", "title": "t", "patient": patient, "medical_record_number": number, "facility": facility});
        let reply = sender.send(&portal, &body).await;
        (reply.status, reply.body_without_ids())
    };
    let nobody = ask(Some(new_uuid()), None, None).await;
    assert_eq!(nobody.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ask(Some(theirs.uuid()), None, None).await, nobody);
    assert_eq!(ask(Some(upstairs.uuid()), None, None).await, nobody);
    assert_eq!(ask(Some(upstairs.uuid()), None, Some(house.clinic)).await, nobody);
    assert_eq!(ask(None, Some("2"), None).await, ask(None, Some("404"), None).await);
    let nowhere = ask(Some(ours.uuid()), None, Some(FacilityId::new())).await;
    assert_eq!(nowhere.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ask(Some(ours.uuid()), None, Some(other.clinic)).await, nowhere);
    assert_eq!(ask(Some(ours.uuid()), None, Some(house.home)).await, nowhere);
    assert_eq!(count(&portal, &house).await + count(&portal, &other).await, 0);

    let everywhere = Sender::new(&portal, &house, None).await;
    let mut body = alert(ours);
    body["facility"] = json!(other.clinic);
    assert_eq!(problem(&everywhere.send(&portal, &body).await), "422 facility");
    assert_eq!(ask(Some(ours.uuid()), None, None).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_account_that_sends_too_much_is_told_to_wait() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let sender = Sender::new(&portal, &house, None).await;
    sqlx::query!(
        "INSERT INTO rate_limit (key, window_start, count) VALUES ($1, NOW(), 600)",
        format!("ingest/{}", sender.account)
    )
    .execute(&portal.admin)
    .await
    .unwrap();
    let reply = sender.send(&portal, &json!({})).await;
    assert_eq!(problem(&reply), "429");
    assert!(reply.header("retry-after").unwrap().parse::<u32>().unwrap() <= 60);
}

#[tokio::test]
async fn a_session_does_not_stand_in_for_a_signature() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let admin = house.person(&portal, Role::Admin, None).await;
    assert_eq!(problem(&admin.post_raw("/ingest/alerts", "{}").await), "401");
}
