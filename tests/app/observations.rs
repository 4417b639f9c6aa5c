//! Readings from other systems, and the devices that send them.

use almoner::ids::{PatientId, new_uuid};
use almoner::ingest::cli;
use reqwest::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::patients::{ask, okafor};
use crate::support::{House, Portal, Reply, Sender};

const DOOR: &str = "/ingest/observations";

async fn send(portal: &Portal, sender: &Sender, readings: Value) -> Reply {
    let body = json!({ "readings": readings }).to_string();
    sender.send_to(portal, DOOR, &new_uuid().to_string(), body.as_bytes()).await
}

fn data(reply: &Reply) -> Value {
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    serde_json::from_str::<Value>(&reply.body).expect("JSON")["data"].take()
}

/// Place and field of each mistake.
fn mistakes(answer: &Value) -> Vec<String> {
    let list = answer["errors"].as_array().expect("a list");
    list.iter().map(|one| format!("{} {}", one["index"], one["field"].as_str().expect("a field"))).collect()
}

fn pulse(patient: PatientId, minute: u32, value: f64) -> Value {
    let at = format!("2026-11-01T{:02}:{:02}:00Z", minute / 60, minute % 60);
    json!({ "patient": patient, "metric": "HEART_RATE", "at": at, "value": value })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reading_stands_for_itself_and_a_message_acts_once() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "MRN 00-12").await;
    let sender = Sender::new(&portal, &house, None).await;
    let readings = json!([
        pulse(patient, 0, 72.0),
        pulse(patient, 0, 72.0),
        { "medical_record_number": "mrn0012", "metric": "WEIGHT", "at": "2026-11-01T08:00:00+01:00", "value": 170, "unit": "[lb_av]", "vendor": "WITHINGS" },
        { "patient": patient, "metric": "BLOOD_PRESSURE", "at": "2026-11-01T08:00:00Z", "value": { "systolic": 150, "diastolic": 95 } },
        { "patient": patient, "metric": "HRV_SDNN", "at": "2026-11-01T03:00:00Z", "value": 50, "context": "SLEEP", "source": "HEALTHKIT", "vendor": "APPLE" },
        { "patient": patient, "metric": "SPO2", "at": "2026-11-01T08:00:00Z", "value": 101 },
        { "patient": patient, "metric": "BLOOD_PRESSURE", "at": "2026-11-01T08:00:00Z", "value": { "systolic": 80, "diastolic": 95 } },
        { "patient": patient, "metric": "WEIGHT", "at": "2999-01-01T08:00:00Z", "value": 80 },
        { "patient": patient, "metric": "WEIGHT", "at": "1899-01-01T08:00:00Z", "value": 80 },
        { "patient": patient, "metric": "WEIGHT", "at": "1950-01-01T08:00:00Z", "value": 80 },
        { "patient": patient, "metric": "SHOE_SIZE", "at": "2026-11-01T08:00:00Z", "value": 42 },
        { "patient": patient, "metric": "WEIGHT", "at": "2026-11-01T08:00:00Z", "value": 80, "unit": "furlong" },
        { "patient": patient, "metric": "WEIGHT", "at": "2026-11-01T08:00:00Z", "value": "80" },
        { "patient": patient, "metric": "WEIGHT", "at": "2026-11-01T08:00:00Z", "value": 80, "wieght": 1 },
        { "patient": new_uuid(), "metric": "WEIGHT", "at": "2026-11-01T08:00:00Z", "value": 80 },
        { "metric": "WEIGHT", "at": "2026-11-01T08:00:00Z", "value": 80 },
        7,
    ]);
    let body = json!({ "readings": readings }).to_string();
    let answer = data(&sender.send_to(&portal, DOOR, "msg_1", body.as_bytes()).await);
    assert_eq!(
        mistakes(&answer),
        [
            "5 value",
            "6 value",
            "7 at",
            "8 at",
            "9 at",
            "10 metric",
            "11 unit",
            "12 value",
            "13 wieght",
            "14 patient",
            "15 patient",
            "16 reading"
        ]
    );
    let counts = |name: &str| answer[name].as_i64().expect("a count");
    assert_eq!(
        (counts("received"), counts("kept"), counts("duplicates"), counts("derived"), counts("refused")),
        (17, 4, 1, 1, 12)
    );

    let again = data(&sender.send_to(&portal, DOOR, "msg_1", body.as_bytes()).await);
    assert_eq!(again, answer, "the same answer to the same message");
    let other = data(&send(&portal, &sender, readings).await);
    assert_eq!(
        (other["kept"].as_i64(), other["duplicates"].as_i64()),
        (Some(0), Some(5)),
        "another message: all there already"
    );

    let kept = format!(
        "SELECT count(*) FROM observation WHERE patient_id = '{patient}' AND created_by_id = '{}'",
        sender.account
    );
    assert_eq!(ask(&portal, &kept).await, 5);
    assert_eq!(
        ask(
            &portal,
            &format!(
                "{kept} AND code = 'HRV_RMSSD' AND value_num = 42.5 AND derivation = '0.85·SDNN' AND context = 'SLEEP'"
            )
        )
        .await,
        1
    );
    assert_eq!(
        ask(
            &portal,
            &format!("{kept} AND code = 'WEIGHT' AND value_num = 77.1107 AND effective_at = '2026-11-01 07:00+00'")
        )
        .await,
        1
    );
    let written = format!(
        "SELECT count(*) FROM audit_event WHERE patient_id = '{patient}' AND actor_kind = 'SERVICE' AND resource_type = 'observation'"
    );
    assert_eq!(ask(&portal, &written).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_a_child_is_not_read_against_the_ranges_of_adults() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "MRN 00-12").await;
    sqlx::query!("UPDATE patient SET date_of_birth = '2010-11-01' WHERE id = $1", patient.uuid())
        .execute(&portal.admin)
        .await
        .expect("a child until the first of November 2026");
    let sender = Sender::new(&portal, &house, None).await;
    let mut before = pulse(patient, 0, 140.0);
    before["at"] = "2026-10-31T23:59:00Z".into();
    let pressure = json!({ "patient": patient, "metric": "BLOOD_PRESSURE", "at": "2026-11-01T08:00:00Z", "value": { "systolic": 190, "diastolic": 95 } });
    let answer = data(&send(&portal, &sender, json!([before, pulse(patient, 0, 140.0), pressure])).await);
    assert_eq!(answer["kept"], 3);
    let judged =
        |condition: &str| format!("SELECT count(*) FROM observation WHERE patient_id = '{patient}' AND {condition}");
    assert_eq!(ask(&portal, &judged("interpretation IS NULL AND effective_at < '2026-11-01'")).await, 1);
    assert_eq!(ask(&portal, &judged("interpretation = 'CRITICALLY_HIGH' AND code = 'HEART_RATE'")).await, 1);
    assert_eq!(ask(&portal, &judged("interpretation IS NULL AND code = 'BLOOD_PRESSURE'")).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_are_none_are_named_one_by_one() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "MRN 00-12").await;
    let sender = Sender::new(&portal, &house, None).await;
    let values = [
        json!(-80),
        json!(0),
        json!(1e308),
        json!("82,3"),
        json!("NaN"),
        json!("Infinity"),
        json!(null),
        json!(true),
        json!([80]),
    ];
    let weigh =
        |value: &Value| json!({ "patient": patient, "metric": "WEIGHT", "at": "2026-11-01T08:00:00Z", "value": value });
    let readings: Vec<Value> = values.iter().map(weigh).collect();
    let answer = data(&send(&portal, &sender, json!(readings)).await);
    let named: Vec<String> = (0..values.len()).map(|place| format!("{place} value")).collect();
    assert_eq!(mistakes(&answer), named);
    // No JSON has these numbers: such a body is no batch.
    for number in ["NaN", "Infinity", "1e999"] {
        let body = json!({ "readings": [weigh(&json!("?"))] }).to_string().replace("\"?\"", number);
        let reply = sender.send_to(&portal, DOOR, &format!("msg_{number}"), body.as_bytes()).await;
        assert_eq!(reply.status, 400, "{number}: {}", reply.body);
    }
    assert_eq!(ask(&portal, &format!("SELECT count(*) FROM observation WHERE patient_id = '{patient}'")).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_batch_is_refused_whole() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "MRN 00-12").await;
    let sender = Sender::new(&portal, &house, None).await;
    let many: Vec<Value> = (0..10_001).map(|_| pulse(patient, 0, 72.0)).collect();
    for (body, status) in [
        (r#"{"readings": [{"#.to_owned(), StatusCode::BAD_REQUEST),
        ("[]".to_owned(), StatusCode::BAD_REQUEST),
        (r#"{"readings": []}"#.to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"readings": 5}"#.to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"readings": [1], "more": 1}"#.to_owned(), StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"readings": [{"value": 1e999}]}"#.to_owned(), StatusCode::BAD_REQUEST),
        (json!({ "readings": many }).to_string(), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let reply = sender.send_to(&portal, DOOR, &new_uuid().to_string(), body.as_bytes()).await;
        assert_eq!(reply.status, status, "{}: {}", &body[..body.len().min(60)], reply.body);
    }
    let deep = format!(r#"{{"readings": [{}{}]}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(sender.send_to(&portal, DOOR, "deep", deep.as_bytes()).await.status, StatusCode::BAD_REQUEST);
    let none = format!("SELECT count(*) FROM observation WHERE patient_id = '{patient}'");
    assert_eq!(ask(&portal, &none).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_reaches_its_own_facility_and_only_with_the_scope() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let (here, there) =
        (house.patient(&portal, house.clinic, "1").await, house.patient(&portal, house.home, "2").await);
    let sender = Sender::new(&portal, &house, Some("Clinic")).await;
    let elsewhere = PatientId::from(okafor(&portal).await);
    let answer = data(
        &send(&portal, &sender, json!([pulse(here, 0, 70.0), pulse(there, 0, 70.0), pulse(elsewhere, 0, 70.0)])).await,
    );
    assert_eq!(answer["kept"], 1);
    assert_eq!(mistakes(&answer), ["1 patient", "2 patient"]);

    let (account, _) = cli::add(&portal.app, house.organization, "Alerts only", None, None, &["alerts_ingest"])
        .await
        .expect("an account");
    let unsigned =
        Sender::post_to(&portal, DOOR, account.uuid(), "x", portal.app.clock.now().timestamp(), "v1,AAAA", b"{}").await;
    assert_eq!(unsigned.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_readings_are_one_message() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "1").await;
    let sender = Sender::new(&portal, &house, None).await;
    let reading = |second: i64| {
        let at = almoner::clock::Timestamp::from_timestamp(1_760_000_000 + second * 300, 0).expect("a moment");
        json!({ "patient": patient, "metric": "HEART_RATE", "at": at, "value": 60 + second % 30 })
    };
    let readings: Vec<Value> = (0..10_000).map(reading).collect();
    let begun = std::time::Instant::now();
    let answer = data(&send(&portal, &sender, Value::Array(readings)).await);
    println!("10,000 readings in {:?}", begun.elapsed());
    assert_eq!((answer["kept"].as_i64(), answer["refused"].as_i64()), (Some(10_000), Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_linked_sealed_refused_once_revoked_and_linked_again() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{id}/devices");
    assert!(clinician.get(&page).await.text("#devices").contains("Withings"));
    assert_eq!(
        clinician.post(&page, &[("vendor", "NOKIA"), ("external_id", " ")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let form =
        [("vendor", "FITBIT"), ("external_id", "fb-77"), ("access_token", "very secret token"), ("expires_on", "")];
    assert_eq!(clinician.post(&page, &form).await.location(), page);
    let fitbit = format!("SELECT count(*) FROM device_connection WHERE patient_id = '{id}' AND external_id = 'fb-77'");
    assert_eq!(
        ask(
            &portal,
            &format!("{fitbit} AND access_token_enc IS NOT NULL AND position('secret'::bytea IN access_token_enc) = 0")
        )
        .await,
        1
    );
    assert!(!clinician.get(&page).await.body.contains("very secret token"));

    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    let device: Uuid = sqlx::query_scalar("SELECT id FROM device_connection WHERE external_id = 'fb-77'")
        .fetch_one(&portal.admin)
        .await
        .expect("the device");
    let revocation = format!("{page}/{device}/revocation");
    assert_eq!(clinician.post(&revocation, &[]).await.location(), page);
    assert_eq!(ask(&portal, &format!("{fitbit} AND status = 'REVOKED' AND access_token_enc IS NULL")).await, 1);
    assert_eq!(clinician.post(&revocation, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(clinician.post(&page, &form).await.location(), page);
    assert_eq!(ask(&portal, &format!("{fitbit} AND status = 'LINKED'")).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stopped_device_sends_is_refused() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let patient = house.patient(&portal, house.clinic, "1").await;
    let sender = Sender::new(&portal, &house, None).await;
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query(
        "INSERT INTO device_connection (organization_id, id, patient_id, vendor, external_id, status, revoked_at, expires_at)
         VALUES ($1, gen_random_uuid(), $2, 'OURA', 'fine', 'LINKED', NULL, NULL), ($1, gen_random_uuid(), $2, 'OURA', 'revoked', 'REVOKED', now(), NULL),
                ($1, gen_random_uuid(), $2, 'OURA', 'expired', 'LINKED', NULL, now() - interval '1 day')",
    )
    .bind(house.organization.uuid())
    .bind(patient.uuid())
    .execute(&portal.admin)
    .await
    .expect("devices");
    let from = |device: &str, minute: u32| {
        let mut reading = pulse(patient, minute, 60.0);
        reading["vendor"] = json!("OURA");
        reading["device"] = json!(device);
        reading
    };
    let answer = data(
        &send(&portal, &sender, json!([from("fine", 1), from("revoked", 2), from("expired", 3), from("new", 4)])).await,
    );
    assert_eq!(mistakes(&answer), ["1 device", "2 device"]);
    let linked =
        "SELECT count(*) FROM device_connection WHERE external_id = 'fine' AND last_reading_at = '2026-11-01 00:01+00'";
    assert_eq!(ask(&portal, linked).await, 1);
}
