//! Rules are looked at as readings arrive, for many at once, and by the clock.

use std::time::{Duration, Instant};

use almoner::access::Role;
use almoner::events::By;
use almoner::ids::{OrganizationId, PatientId, RuleId};
use almoner::jobs::{Worker, work};
use almoner::readings::metric::Metric;
use almoner::rules::{self, Cause, MOST_AN_HOUR, Tally, Touched};
use reqwest::Method;
use serde_json::json;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::patients::ask;
use crate::support::{House, Portal, Sender};

/// Runs the superuser's statement.
pub(super) async fn run(portal: &Portal, sql: &str) {
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::raw_sql(sql).execute(&portal.admin).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// A rule that is at work: `what` is op, threshold, count and days.
pub(super) async fn rule(
    portal: &Portal,
    organization: OrganizationId,
    metric: &str,
    what: &str,
    severity: &str,
) -> RuleId {
    let id = RuleId::new();
    run(portal, &format!(
        "INSERT INTO clinical_rule (organization_id, id, name, metric, op, threshold, min_count, window_days, severity, enabled)
         VALUES ('{organization}', '{id}', '{metric} {id}', '{metric}', {what}, '{severity}', true)"
    ))
    .await;
    id
}

/// Readings, so many hours ago each. Nobody hears of them.
pub(super) async fn measured(portal: &Portal, patient: PatientId, metric: Metric, readings: &[(f64, f64)]) {
    for (hours, value) in readings {
        let second = if metric == Metric::BloodPressure { (value - 50.0).to_string() } else { "NULL".to_owned() };
        run(portal, &format!(
            "INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, value2_num, unit, source)
             SELECT organization_id, gen_random_uuid(), id, '{metric}', now() - {hours} * INTERVAL '1 hour', {value}, {second}, '{}', 'DEVICE'
               FROM patient WHERE id = '{patient}'",
            metric.unit()
        ))
        .await;
    }
}

/// Looks at the rules, as the job does.
pub(super) async fn look(
    portal: &Portal,
    house: &House,
    cause: Cause,
    patients: &[PatientId],
    metric: Metric,
) -> Tally {
    let since = portal.app.clock.now() - chrono::TimeDelta::days(90);
    let touched: Vec<Touched> = patients.iter().map(|patient| Touched { patient: *patient, metric, since }).collect();
    let mut tx = portal.app.db.begin_worker(house.organization).await.expect("a transaction");
    let tally = rules::evaluate(&portal.app, &mut tx, &By::system(house.organization), cause, &touched)
        .await
        .expect("an evaluation");
    tx.commit().await.expect("a commit");
    tally
}

pub(super) async fn alerts(portal: &Portal, condition: &str) -> i64 {
    ask(portal, &format!("SELECT count(*) FROM alert WHERE dedupe_key LIKE 'rule%' AND {condition}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_typed_in_the_portal_raises_an_explained_alert_in_the_open_queue() {
    let portal = Portal::start().await;
    let organization: OrganizationId = "01900000-0000-7000-8001-000000000001".parse().expect("an id");
    let patient = "01900000-0000-7000-8006-000000000004";
    run(&portal, "DELETE FROM rule_touch; UPDATE clinical_rule SET enabled = false WHERE metric = 'HEART_RATE'").await;
    rule(&portal, organization, "HEART_RATE", "'>', 120, 2, 3", "HIGH").await;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(portal.app.clone(), work::all()).run(stop.clone()));

    let clinician = portal.sign_in("clinician").await;
    let queue = clinician.get("/alerts").await;
    assert!(!queue.body.contains("HEART_RATE 0"), "{}", queue.body);
    let listening = clinician.request(Method::GET, "/live").header("almoner-automatic", "true");
    let mut live = listening.send().await.expect("the portal answers");
    portal.listens().await;
    let typing = portal.sign_in("patient").await;
    for value in ["131", "134"] {
        let on = [("patient", patient), ("heart_rate", value)];
        let reply = typing.post("/my/readings/new", &on).await;
        assert_eq!(reply.location(), "/my/readings", "{}", reply.body);
    }
    let typed = Instant::now();
    let raised =
        format!("patient_id = '{patient}' AND severity = 'HIGH' AND type = 'HEART_RATE_HIGH' AND status = 'ACTIVE'");
    while alerts(&portal, &raised).await == 0 {
        assert!(typed.elapsed() < Duration::from_secs(20), "no alert");
        sleep(Duration::from_millis(20)).await;
    }
    let mut heard = String::new();
    while !heard.contains("queue-changed") {
        let chunk = timeout(Duration::from_secs(20), live.chunk()).await.expect("heard");
        heard.push_str(&String::from_utf8_lossy(&chunk.expect("an open stream").expect("not its end")));
    }
    // What a page that listens asks for when it hears of a change.
    let queue = clinician.hx_get("/alerts").await;
    assert!(queue.body.contains("readings in 3 days above 120 /min"), "{}", queue.body);

    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    let id: String =
        sqlx::query_scalar(&format!("SELECT id::text FROM alert WHERE dedupe_key LIKE 'rule%' AND {raised}"))
            .fetch_one(&portal.admin)
            .await
            .expect("the alert");
    let page = clinician.get(&format!("/alerts/{id}")).await;
    for words in [
        "If heart rate is above 120 /min in 2 readings within 3 days, raise an alert.",
        "134 on ",
        "131 on ",
        ", version 1",
    ] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let explained = format!(
        "SELECT count(*) FROM alert AS a JOIN rule_execution AS e ON e.id = a.rule_execution_id AND e.outcome = 'RAISED' AND e.alert_id = a.id
          JOIN clinical_rule_version AS v ON v.rule_id = e.rule_id AND v.version = e.rule_version WHERE a.id = '{id}'"
    );
    assert_eq!(ask(&portal, &explained).await, 1, "the alert leads to the version that fired");
    stop.cancel();
    worker.await.expect("the worker ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_raised_once_counted_up_and_ends_on_recovery_unless_somebody_has_taken_it() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let (ada, eve) = (house.patient(&portal, house.clinic, "1").await, house.patient(&portal, house.clinic, "2").await);
    rule(&portal, house.organization, "BLOOD_PRESSURE", "'>', 160, 2, 3", "HIGH").await;
    let both = [ada, eve];
    for patient in both {
        measured(&portal, patient, Metric::BloodPressure, &[(30.0, 165.0), (100.0, 190.0)]).await;
    }
    let metric = Metric::BloodPressure;
    assert_eq!(
        look(&portal, &house, Cause::Reading, &both, metric).await.raised,
        0,
        "one of two is outside the window"
    );
    for patient in both {
        measured(&portal, patient, metric, &[(20.0, 171.0)]).await;
    }
    assert_eq!(look(&portal, &house, Cause::Reading, &both, metric).await.raised, 2);
    assert_eq!(look(&portal, &house, Cause::Reading, &both, metric).await.raised, 0);
    assert_eq!(alerts(&portal, &format!("patient_id = '{ada}' AND seen_count = 2 AND status = 'ACTIVE'")).await, 1);

    let clinician = house.person(&portal, Role::Clinician, Some(house.clinic)).await;
    run(&portal, &format!("DO $$ BEGIN PERFORM set_config('app.ctx', '{org}|{who}|CLINICIAN|*', true);
        UPDATE alert SET status = 'ACKNOWLEDGED', acknowledged_at = now(), acknowledged_by_id = '{who}' WHERE patient_id = '{eve}' AND is_open; END $$",
        org = house.organization, who = new_user(&portal).await)).await;
    for patient in both {
        measured(&portal, patient, metric, &[(2.0, 140.0), (1.0, 138.0)]).await;
    }
    let tally = look(&portal, &house, Cause::Reading, &both, metric).await;
    assert_eq!((tally.recovered, tally.raised), (1, 0));
    let ended = format!("patient_id = '{ada}' AND status = 'RESOLVED' AND reason_code = 'RECOVERED'");
    assert_eq!(alerts(&portal, &ended).await, 1);
    assert_eq!(alerts(&portal, &format!("patient_id = '{eve}' AND status = 'ACKNOWLEDGED'")).await, 1);
    assert_eq!(
        ask(&portal, &format!("SELECT count(*) FROM status_change WHERE patient_id = '{ada}' AND from_status = 'ACTIVE' AND to_status = 'RESOLVED'")).await,
        1
    );
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    let id: String = sqlx::query_scalar(&format!("SELECT id::text FROM alert WHERE {ended}"))
        .fetch_one(&portal.admin)
        .await
        .expect("it");
    let page = clinician.get(&format!("/alerts/{id}")).await;
    assert!(page.body.contains("Recovered by itself"), "{}", page.body);

    // What was dealt with is no evidence any more: one new high reading is not two.
    measured(&portal, ada, metric, &[(-0.1, 170.0)]).await;
    assert_eq!(look(&portal, &house, Cause::Reading, &[ada], metric).await.raised, 0);
    measured(&portal, ada, metric, &[(-0.2, 172.0)]).await;
    assert_eq!(look(&portal, &house, Cause::Reading, &[ada], metric).await.raised, 1);
    // Every look is in the books.
    assert_eq!(ask(&portal, &format!("SELECT count(*) FROM rule_execution WHERE patient_id = '{ada}'")).await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_late_neither_ends_nor_begins_an_alert_that_later_readings_decide() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let ada = house.patient(&portal, house.clinic, "1").await;
    let metric = Metric::HeartRate;
    rule(&portal, house.organization, "HEART_RATE", "'>', 120, 1, 3", "HIGH").await;
    for (hours, value, raised, recovered) in [
        (1.0, 130.0, 1, 0),
        // Earlier than what raised it.
        (5.0, 80.0, 0, 0),
        (0.5, 85.0, 0, 1),
        // Earlier than what ended it.
        (2.0, 140.0, 0, 0),
    ] {
        measured(&portal, ada, metric, &[(hours, value)]).await;
        let tally = look(&portal, &house, Cause::Reading, &[ada], metric).await;
        assert_eq!((tally.raised, tally.recovered), (raised, recovered), "{value} of {hours} hours ago");
    }
    // A batch that ends well raises nothing, whatever the order in which it was written.
    let eve = house.patient(&portal, house.clinic, "2").await;
    measured(&portal, eve, metric, &[(0.5, 80.0), (1.0, 150.0), (3.0, 90.0), (2.0, 140.0)]).await;
    assert_eq!(look(&portal, &house, Cause::Reading, &[eve], metric).await.raised, 0);
}

/// The account of somebody.
async fn new_user(portal: &Portal) -> String {
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query_scalar("SELECT id::text FROM app_user ORDER BY created_at DESC, id DESC LIMIT 1")
        .fetch_one(&portal.admin)
        .await
        .expect("an account")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_narrowest_rule_holds_and_trends_and_gaps_are_found() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let (ada, eve, old) = (
        house.patient(&portal, house.clinic, "1").await,
        house.patient(&portal, house.clinic, "2").await,
        house.patient(&portal, house.home, "3").await,
    );
    let all = [ada, eve, old];
    let root = rule(&portal, house.organization, "SPO2", "'<', 92, 1, 7", "HIGH").await;
    for (scope, threshold, enabled) in
        [(format!("NULL, '{ada}'"), 88, true), (format!("'{}', NULL", house.home), 95, false)]
    {
        run(&portal, &format!(
            "INSERT INTO clinical_rule (organization_id, id, facility_id, patient_id, overrides_id, name, metric, op, threshold, severity, enabled)
             VALUES ('{}', gen_random_uuid(), {scope}, '{root}', 'Exception', 'SPO2', '<', {threshold}, 'CRITICAL', {enabled})",
            house.organization
        ))
        .await;
    }
    for patient in all {
        measured(&portal, patient, Metric::Spo2, &[(1.0, 90.0)]).await;
    }
    assert_eq!(look(&portal, &house, Cause::Reading, &all, Metric::Spo2).await.raised, 1);
    assert_eq!(
        alerts(&portal, &format!("patient_id = '{eve}' AND severity = 'HIGH'")).await,
        1,
        "90 is enough for her alone"
    );
    measured(&portal, ada, Metric::Spo2, &[(0.5, 87.0)]).await;
    look(&portal, &house, Cause::Reading, &all, Metric::Spo2).await;
    assert_eq!(alerts(&portal, &format!("patient_id = '{ada}' AND severity = 'CRITICAL'")).await, 1);

    rule(&portal, house.organization, "WEIGHT", "'trendUp', 2, 1, 7", "WARNING").await;
    let rising: Vec<(f64, f64)> =
        (0..7).map(|day| (f64::from(day) * 24.0 + 1.0, 72.8 - f64::from(day) * 0.45)).collect();
    let level: Vec<(f64, f64)> =
        (0..7).map(|day| (f64::from(day) * 24.0 + 1.0, 70.0 + f64::from(day % 2) * 0.8)).collect();
    measured(&portal, ada, Metric::Weight, &rising).await;
    measured(&portal, eve, Metric::Weight, &level).await;
    assert_eq!(look(&portal, &house, Cause::Reading, &all, Metric::Weight).await.raised, 1);
    assert_eq!(
        alerts(&portal, &format!("patient_id = '{ada}' AND type = 'WEIGHT_UP' AND body LIKE 'Rose by 2._ kg%'")).await,
        1
    );

    rule(&portal, house.organization, "GLUCOSE", "'missing', NULL, 1, 3", "INFO").await;
    measured(&portal, ada, Metric::Glucose, &[(100.0, 6.0)]).await;
    measured(&portal, eve, Metric::Glucose, &[(50.0, 6.0)]).await;
    run(&portal, "UPDATE clinical_rule SET action = 'ASSIGN_TASK', action_params = '{\"role\": \"CARER\"}' WHERE name LIKE 'GLUCOSE %'").await;
    // Who never measured is not missed.
    assert_eq!(look(&portal, &house, Cause::Schedule, &all, Metric::Glucose).await.raised, 1);
    assert_eq!(
        look(&portal, &house, Cause::Schedule, &all, Metric::Glucose).await,
        Tally { looked: 3, ..Tally::default() }
    );
    let tasks = format!(
        "SELECT count(*) FROM task AS t JOIN alert AS a ON a.id = t.alert_id AND a.patient_id = t.patient_id
          WHERE t.patient_id = '{ada}' AND t.kind = 'RULE' AND t.assignee_role = 'CARER' AND t.title = 'Follow up readings: glucose' AND t.is_open"
    );
    assert_eq!(ask(&portal, &tasks).await, 1);
    measured(&portal, ada, Metric::Glucose, &[(1.0, 6.0)]).await;
    assert_eq!(look(&portal, &house, Cause::Reading, &[ada], Metric::Glucose).await.recovered, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_fires_for_everyone_is_bounded_and_says_so() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    rule(&portal, house.organization, "STEPS", "'>', 0, 1, 7", "WARNING").await;
    let mut patients = Vec::new();
    for number in 0..60 {
        patients.push(house.patient(&portal, house.clinic, &format!("N{number}")).await);
    }
    for patient in &patients {
        measured(&portal, *patient, Metric::Steps, &[(1.0, 100.0)]).await;
    }
    let tally = look(&portal, &house, Cause::Reading, &patients, Metric::Steps).await;
    let most = usize::try_from(MOST_AN_HOUR).expect("a number");
    assert_eq!((tally.raised, tally.held), (most, 60 - most));
    assert_eq!(
        alerts(&portal, "type = 'RULE_BOUNDED' AND severity = 'HIGH' AND body LIKE '%10 more patients%'").await,
        1
    );
    assert_eq!(look(&portal, &house, Cause::Reading, &patients, Metric::Steps).await.held, 60 - most);
    assert_eq!(alerts(&portal, "type = 'RULE_BOUNDED' AND seen_count = 2").await, 1);
    run(&portal, "SET session_replication_role = replica; UPDATE rule_execution SET executed_at = executed_at - INTERVAL '2 hours'").await;
    assert_eq!(look(&portal, &house, Cause::Reading, &patients, Metric::Steps).await.raised, 60 - most);
}

#[tokio::test(flavor = "multi_thread")]
async fn readings_of_other_systems_are_looked_at_in_one_go_and_others_are_not_noted() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let sender = Sender::new(&portal, &house, None).await;
    rule(&portal, house.organization, "HEART_RATE", "'>', 130, 1, 1", "WARNING").await;
    let mut readings = Vec::new();
    for number in 0..20 {
        let patient = house.patient(&portal, house.clinic, &format!("N{number}")).await;
        for minute in 0..20 {
            let at = portal.app.clock.now() - chrono::TimeDelta::minutes(minute);
            let value = if number < 3 && minute == 5 { 140 } else { 80 };
            readings.push(json!({ "patient": patient, "metric": "HEART_RATE", "at": at, "value": value }));
            readings.push(json!({ "patient": patient, "metric": "SPO2", "at": at, "value": 97 }));
        }
    }
    let body = json!({ "readings": readings }).to_string();
    let reply = sender.send_to(&portal, "/ingest/observations", "msg_1", body.as_bytes()).await;
    assert!(reply.body.contains("\"kept\":800"), "{}", reply.body);
    let noted = format!("SELECT count(*) FROM rule_touch WHERE organization_id = '{}'", house.organization);
    assert_eq!(ask(&portal, &noted).await, 20, "one of each patient, and none of what no rule watches");
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(portal.app.clone(), work::all()).run(stop.clone()));
    let until = Instant::now() + Duration::from_secs(20);
    while ask(&portal, &noted).await > 0 && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    worker.await.expect("the worker ends");
    assert_eq!(alerts(&portal, "type = 'HEART_RATE_HIGH'").await, 0, "one of 20 an hour ago; the latest is well");
    let looked = format!("SELECT count(*) FROM rule_execution WHERE organization_id = '{}'", house.organization);
    assert_eq!(ask(&portal, &looked).await, 20);
}
