//! Readings out of files: sent, looked at, taken once, and gone.

use std::time::Duration;

use almoner::jobs::{self, Worker};
use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::documents::objects;
use crate::patients::{ask, okafor};
use crate::support::{Browser, Portal, Reply, run};

/// An export of Apple Health as its telephone writes it.
fn export(records: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!ELEMENT HealthData (ExportDate,Me,(Record)*)>
]>
<HealthData locale="en_GB">
 <ExportDate value="2026-11-20 09:00:00 +0000"/>
{records}
</HealthData>"#
    )
}

fn heart_rate(minute: usize, value: &str) -> String {
    let at = format!("2026-11-01 {:02}:{:02}:00 +0000", minute / 60, minute % 60);
    format!(
        r#"<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="Apple Watch" unit="count/min" creationDate="{at}" startDate="{at}" endDate="{at}" value="{value}"/>
"#
    )
}

/// Seventy a minute, then what is unlikely, what is impossible, and what is not kept here.
fn some() -> String {
    let usual: String = (0..600).map(|minute| heart_rate(minute, "70")).collect();
    let other = heart_rate(700, "20").replace("HeartRate", "StepsClimbed");
    export(&[usual, heart_rate(601, "210"), heart_rate(602, "900"), other].concat())
}

async fn send(browser: &Browser, page: &str, content: impl Into<Vec<u8>>) -> Reply {
    let patient = browser.get(page).await.attributes("form[enctype] input[name=patient]", "value").remove(0);
    let file = Part::bytes(content.into()).file_name("export.xml");
    browser
        .send(browser.request(Method::POST, page).multipart(Form::new().text("patient", patient).part("file", file)))
        .await
}

/// Does the jobs until the page says something else than that it works.
async fn after_work(portal: &Portal, browser: &Browser, page: &str) -> Reply {
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(portal.app.clone(), jobs::work::all()).run(stop.clone()));
    let begun = Instant::now();
    let reply = loop {
        let reply = browser.get(page).await;
        if reply.texts("#import-progress").is_empty() || begun.elapsed() > Duration::from_secs(30) {
            break reply;
        }
        sleep(Duration::from_millis(50)).await;
    };
    stop.cancel();
    worker.await.expect("the worker ends");
    reply
}

async fn rates(portal: &Portal, id: Uuid) -> i64 {
    ask(portal, &format!("SELECT count(*) FROM observation WHERE patient_id = '{id}' AND code = 'HEART_RATE' AND source = 'HEALTHKIT' AND created_by_id IS NOT NULL")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_what_a_file_holds_before_it_is_taken_and_take_it_once() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let assistant = portal.sign_in("assistant").await;
    let list = format!("/patients/{id}/imports");
    let files = objects(&portal).len();
    for round in 0..2 {
        let before = rates(&portal, id).await;
        let sent = send(&assistant, &list, some()).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let page = sent.location().to_owned();
        let waiting = assistant.get(&page).await;
        assert!(
            waiting.body.contains("Look again") && waiting.body.contains(r#"<noscript><meta http-equiv="refresh""#)
        );
        assert_eq!(objects(&portal).len(), files + 1);
        let newest =
            objects(&portal).into_iter().max_by_key(|path| std::fs::metadata(path).unwrap().modified().unwrap());
        let raw = std::fs::read(newest.unwrap()).unwrap();
        assert!(!raw.windows(9).any(|part| part == b"HeartRate"), "kept encrypted");

        let preview = after_work(&portal, &assistant, &page).await;
        assert!(preview.body.contains("<b>601</b> readings would be taken"), "{}", preview.body);
        assert!(
            preview.body.contains("Heart rate lies between 10 and 350 /min") && preview.body.contains("record 602")
        );
        assert!(preview.body.contains("StepsClimbed") && preview.body.contains("unlikely readings too (1)"));
        assert_eq!(rates(&portal, id).await, before, "nothing is taken yet");
        let second = send(&assistant, &list, some()).await;
        assert_eq!(second.status, StatusCode::UNPROCESSABLE_ENTITY, "one at a time");

        let yes = assistant.post(&format!("{page}/confirmation"), &[]).await;
        assert_eq!(yes.status, StatusCode::SEE_OTHER);
        let done = after_work(&portal, &assistant, &page).await;
        let taken = if round == 0 {
            "<b>600</b> readings were taken, 0 were there already, 3 left"
        } else {
            "<b>0</b> readings were taken, 600 were there already, 3 left"
        };
        assert!(done.body.contains(taken), "{}", done.body);
        assert!(done.body.contains("nobody said that it is right"));
        assert_eq!(rates(&portal, id).await, 600);
        assert_eq!(objects(&portal).len(), files, "the file is gone");
        let again = assistant.post(&format!("{page}/confirmation"), &[]).await;
        assert_eq!(again.status, StatusCode::CONFLICT);
    }
    let who = "SELECT count(DISTINCT e.actor_id) FROM audit_event AS e JOIN app_user AS u ON u.id = e.actor_id
               WHERE e.resource_type = 'observation' AND e.details ->> 'source' = 'HEALTHKIT' AND u.email = 'assistant@example.com' AND e.at > now() - interval '1 minute'";
    assert_eq!(ask(&portal, who).await, 1, "in the name of who said yes");
    let moves = "SELECT count(*) FROM audit_event WHERE resource_type = 'reading_import' AND action IN ('CREATE', 'STATUS_CHANGED')";
    assert_eq!(ask(&portal, moves).await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_and_broken_files_are_refused_in_words_and_leave_nothing() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    let list = format!("/patients/{id}/imports");
    let (readings, files) = (ask(&portal, "SELECT count(*) FROM observation").await, objects(&portal).len());
    let whole = some();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (whole.as_bytes()[..whole.len() / 2].to_vec(), "ends in the middle"),
        (whole.replace("<!ELEMENT", "<!ENTITY a \"b\"><!ELEMENT").into_bytes(), "defines entities"),
        (export(&"<a>".repeat(50_000)).into_bytes(), "deeper within each other"),
        (export(&heart_rate(1, &"7".repeat(2_000_000))).into_bytes(), "far longer than any reading"),
        (b"PK\x03\x04 an archive that is none".to_vec(), "archive is damaged"),
        (b"%PDF-1.7\n\x00\x01\x02".to_vec(), "neither the export of Apple Health"),
        (b"Shoes,Hats\n1,2\n".to_vec(), "No column says when"),
        (b"Time,Weight\n2026-11-01 08:00,80\n".to_vec(), "does not say its unit"),
        (export("").into_bytes(), "holds no reading"),
    ];
    for (content, why) in cases {
        let sent = send(&clinician, &list, content).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{why}: {}", sent.body);
        let reply = after_work(&portal, &clinician, sent.location()).await;
        assert!(reply.body.contains("The file was not taken") && reply.body.contains(why), "{why}: {}", reply.body);
    }
    assert_eq!(ask(&portal, "SELECT count(*) FROM observation").await, readings);
    assert_eq!(objects(&portal).len(), files);
    let nothing = send(&clinician, &list, "").await;
    assert!(nothing.status == StatusCode::UNPROCESSABLE_ENTITY && nothing.body.contains("Choose a file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_sends_a_table_and_says_no_or_yes() {
    let portal = Portal::start().await;
    let patient = portal.sign_in("patient").await;
    let list = "/my/readings/imports";
    let table = "Date,Time,Systolic (mmHg),Diastolic (mmHg),Weight (lb)\n2026-11-01,07:30,132,84,170\n2026-11-02,07:30,135,86,900\n03/04/2026,07:30,120,80,\n";
    let first = send(&patient, list, table).await;
    let page = first.location().to_owned();
    let preview = after_work(&portal, &patient, &page).await;
    assert!(
        preview.body.contains("<b>4</b> readings would be taken") && preview.body.contains("two ways"),
        "{}",
        preview.body
    );
    let whose = preview.attributes("form input[name=patient]", "value").remove(0);
    let stranger =
        patient.post(&format!("{page}/confirmation"), &[("patient", "00000000-0000-0000-0000-000000000009")]).await;
    assert_eq!(stranger.status, StatusCode::CONFLICT, "a form of another person");
    let no = patient.post(&format!("{page}/discard"), &[("patient", &whose)]).await;
    assert_eq!(no.status, StatusCode::SEE_OTHER);

    let second = send(&patient, list, table).await;
    let page = second.location().to_owned();
    after_work(&portal, &patient, &page).await;
    let yes = patient.post(&format!("{page}/confirmation"), &[("patient", &whose), ("unlikely", "true")]).await;
    assert_eq!(yes.status, StatusCode::SEE_OTHER);
    let done = after_work(&portal, &patient, &page).await;
    assert!(done.body.contains("<b>4</b> readings were taken"), "{}", done.body);
    let kept = format!("SELECT count(*) FROM observation WHERE patient_id = '{whose}' AND source = 'IMPORT'");
    assert_eq!(
        ask(&portal, &format!("{kept} AND derivation IS NULL AND metadata #>> '{{given,unit}}' = 'lb'")).await,
        2
    );
    // What staff or others sent is not the patient's to see.
    let other = patient.get(&format!("{list}/{}", Uuid::from_u128(7))).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_cut_off_continues_and_counts_nothing_twice() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    let sent = send(&clinician, &format!("/patients/{id}/imports"), some()).await;
    let page = sent.location().to_owned();
    after_work(&portal, &clinician, &page).await;
    clinician.post(&format!("{page}/confirmation"), &[("unlikely", "true")]).await;
    // As if a worker had died after the first five hundred.
    run(&portal.admin, "UPDATE reading_import SET taken = 500, report = '{\"metrics\": {\"HEART_RATE\": {\"readings\": 500, \"first\": \"2026-11-01T00:00:00Z\", \"last\": \"2026-11-01T08:00:00Z\"}}}' WHERE state = 'IMPORTING'").await;
    let done = after_work(&portal, &clinician, &page).await;
    assert!(done.body.contains("<b>601</b> readings were taken"), "{}", done.body);
    assert_eq!(rates(&portal, id).await, 101, "only what was not taken before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_nobody_confirms_is_deleted_and_the_files_of_others_stay() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    let files = objects(&portal).len();
    let sent = send(&clinician, &format!("/patients/{id}/imports"), some()).await;
    let page = sent.location().to_owned();
    after_work(&portal, &clinician, &page).await;
    let organization = crate::documents::NORTHGATE.into();
    almoner::documents::jobs::sweep_older(&portal.app, organization, chrono::TimeDelta::zero()).await.expect("swept");
    assert_eq!(objects(&portal).len(), files + 1, "the sweeper of documents knows it");
    run(&portal.admin, "UPDATE reading_import SET created_at = now() - interval '25 hours'").await;
    run(&portal.admin, "INSERT INTO job (id, organization_id, kind) SELECT gen_random_uuid(), organization_id, 'readings.sweep_imports' FROM reading_import").await;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(portal.app.clone(), jobs::work::all()).run(stop.clone()));
    let begun = Instant::now();
    while objects(&portal).len() > files && begun.elapsed() < Duration::from_secs(20) {
        sleep(Duration::from_millis(50)).await;
    }
    stop.cancel();
    worker.await.expect("the worker ends");
    assert_eq!(objects(&portal).len(), files);
    assert!(clinician.get(&page).await.body.contains("Nothing of this file was taken"));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_one_patient_are_bounded_by_the_day() {
    let portal = Portal::start().await;
    let patient = portal.sign_in("patient").await;
    let list = "/my/readings/imports";
    let whose = patient.get(list).await.attributes("form[enctype] input[name=patient]", "value").remove(0);
    // As many as there may be, sent by staff, of whom the patient knows nothing.
    let earlier = |number: u32, bytes: u64, hours: u32| {
        format!(
            "INSERT INTO reading_import (organization_id, id, patient_id, state, file_size, zone, acting_role, finished_at, created_at, created_by_id)
             SELECT p.organization_id, gen_random_uuid(), p.id, 'DISCARDED', {bytes}, 'UTC', 'CLINICIAN', now(), now() - INTERVAL '{hours} hours', u.id
             FROM patient AS p JOIN app_user AS u ON u.organization_id = p.organization_id AND u.email = 'clinician@example.com', generate_series(1, {number})
             WHERE p.id = '{whose}'"
        )
    };
    let table = "Time,Weight (kg)\n2026-11-01 07:30,80\n";
    run(&portal.admin, &earlier(19, 1, 2)).await;
    run(&portal.admin, &earlier(30, 1, 25)).await;
    let files = objects(&portal).len();
    let last = send(&patient, list, table).await;
    assert_eq!(last.status, StatusCode::SEE_OTHER, "{}", last.body);
    let no = patient.post(&format!("{}/discard", last.location()), &[("patient", &whose)]).await;
    assert_eq!(no.status, StatusCode::SEE_OTHER);
    let more = send(&patient, list, table).await;
    assert_eq!(more.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(more.text(".esum").contains("Twenty files came for this person within a day"), "{}", more.body);
    assert_eq!(more.attributes(".esum a", "href"), ["#file"]);
    assert_eq!(objects(&portal).len(), files + 1, "only the one that waits to be deleted is kept");

    // Staff see all that was sent, and are told before anything is sent.
    let staff = portal.sign_in("assistant").await;
    let page = format!("/patients/{whose}/imports");
    let told = send(&staff, &page, table).await;
    assert!(told.status == StatusCode::UNPROCESSABLE_ENTITY && told.text(".esum").contains("Twenty files"));

    let id = okafor(&portal).await;
    let other = format!("/patients/{id}/imports");
    run(&portal.admin, &earlier(1, 8 * 1024 * 1024 * 1024 - 10, 1).replace(&whose, &id.to_string())).await;
    let large = send(&staff, &other, table).await;
    assert!(large.status == StatusCode::UNPROCESSABLE_ENTITY && large.text(".esum").contains("More than 8 GB"));
    assert_eq!(objects(&portal).len(), files + 1, "nothing is left of it");
}
