//! What follows when a rule fires: an alert, a visit suggested, a task, something to read; each once while the first waits.

use std::time::{Duration, Instant};

use almoner::ids::{PatientId, RuleId, new_uuid};
use almoner::jobs::{Worker, work};
use almoner::readings::metric::Metric;
use almoner::rules::Cause;
use reqwest::StatusCode;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::evaluation::{alerts, look, measured, rule, run};
use crate::patients::ask;
use crate::support::{House, Portal};

/// The patient reads what they were given: only they can.
const READ: &str = "BEGIN; SET LOCAL session_replication_role = replica; UPDATE content_assignment SET opened_at = now(), opened_version = 1; COMMIT";

/// Lets a rule give an entry of the library that is made for it.
async fn gives(portal: &Portal, house: &House, rule: RuleId) -> Uuid {
    let entry = new_uuid();
    run(
        portal,
        &format!(
            "INSERT INTO content_item (organization_id, id, title, body, minutes) VALUES ('{}', '{entry}', 'Swollen legs', 'Put them up.', 1);
             UPDATE clinical_rule SET action = 'ASSIGN_CONTENT', content_id = '{entry}', action_params = '{{\"word\": \"Because of your weight.\"}}' WHERE id = '{rule}'",
            house.organization
        ),
    )
    .await;
    entry
}

/// Fires the rule on weight once more, after what was closed; what was given then.
async fn again(portal: &Portal, house: &House, patient: PatientId, hours_ahead: f64) -> i64 {
    let metric = Metric::Weight;
    measured(portal, patient, metric, &[(-hours_ahead, 80.0)]).await;
    assert_eq!(look(portal, house, Cause::Reading, &[patient], metric).await.recovered, 1);
    measured(portal, patient, metric, &[(-hours_ahead - 0.01, 160.0)]).await;
    assert_eq!(look(portal, house, Cause::Reading, &[patient], metric).await.raised, 1);
    ask(portal, &format!("SELECT count(*) FROM content_assignment WHERE patient_id = '{patient}'")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_four_follows_and_is_in_the_books() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let ada = house.patient(&portal, house.clinic, "1").await;
    let heart = rule(&portal, house.organization, "HEART_RATE", "'>', 120, 1, 3", "INFO").await;
    let visit = rule(&portal, house.organization, "SPO2", "'<', 92, 1, 3", "HIGH").await;
    let task = rule(&portal, house.organization, "GLUCOSE", "'>', 12, 1, 3", "WARNING").await;
    let weight = rule(&portal, house.organization, "WEIGHT", "'>', 150, 1, 3", "WARNING").await;
    run(&portal, &format!("UPDATE clinical_rule SET action = 'SUGGEST_VISIT' WHERE id = '{visit}'")).await;
    run(&portal, &format!("UPDATE clinical_rule SET action = 'ASSIGN_TASK', action_params = '{{\"role\": \"CARER\"}}' WHERE id = '{task}'")).await;
    let entry = gives(&portal, &house, weight).await;
    for (metric, value) in
        [(Metric::HeartRate, 130.0), (Metric::Spo2, 88.0), (Metric::Glucose, 14.0), (Metric::Weight, 160.0)]
    {
        measured(&portal, ada, metric, &[(1.0, value)]).await;
        assert_eq!(look(&portal, &house, Cause::Reading, &[ada], metric).await.raised, 1, "{metric}");
        assert_eq!(look(&portal, &house, Cause::Reading, &[ada], metric).await.raised, 0, "{metric}: it is open");
    }
    let fact = |rule: RuleId, words: &str| {
        format!(
            "dedupe_key = 'rule:{rule}:{ada}' AND status = 'ACTIVE' AND seen_count = 2 AND payload ->> 'facts' LIKE '%{words}%'"
        )
    };
    assert_eq!(alerts(&portal, &format!("dedupe_key = 'rule:{heart}:{ada}' AND severity = 'INFO'")).await, 1);
    assert_eq!(alerts(&portal, &fact(visit, "Suggested%A visit")).await, 1);
    assert_eq!(
        alerts(&portal, &format!("dedupe_key = 'rule:{visit}:{ada}' AND payload ->> 'suggests' = 'visit'")).await,
        1
    );
    assert_eq!(alerts(&portal, &format!("dedupe_key = 'rule:{heart}:{ada}' AND payload ? 'suggests'")).await, 0);
    assert_eq!(alerts(&portal, &fact(task, "Given%A task")).await, 1);
    assert_eq!(alerts(&portal, &fact(weight, "Given to read%Swollen legs")).await, 1);
    let tasks = format!(
        "SELECT count(*) FROM task WHERE patient_id = '{ada}' AND assignee_role = 'CARER' AND kind = 'RULE' AND is_open"
    );
    assert_eq!(ask(&portal, &tasks).await, 1);
    let given = format!(
        "SELECT count(*) FROM content_assignment AS a JOIN rule_execution AS e ON e.id = a.rule_execution_id AND e.rule_id = '{weight}'
           JOIN audit_event AS h ON h.resource_type = 'content_assignment' AND h.action = 'CREATE' AND h.resource_id = a.id AND h.patient_id = a.patient_id
            AND h.details ->> 'rule_execution' = e.id::text
          WHERE a.patient_id = '{ada}' AND a.content_id = '{entry}' AND e.outcome = 'RAISED' AND e.result ->> 'given' = 'CONTENT'
            AND position('weight'::bytea IN a.note_enc) = 0"
    );
    assert_eq!(ask(&portal, &given).await, 1, "given once, by this run, with encrypted words, and audited");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_given_twice_while_it_waits_and_nothing_that_is_archived() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let ada = house.patient(&portal, house.clinic, "1").await;
    let weight = rule(&portal, house.organization, "WEIGHT", "'>', 150, 1, 3", "WARNING").await;
    let entry = gives(&portal, &house, weight).await;
    measured(&portal, ada, Metric::Weight, &[(1.0, 160.0)]).await;
    assert_eq!(look(&portal, &house, Cause::Reading, &[ada], Metric::Weight).await.raised, 1);
    let said = |what: &str| {
        format!("SELECT count(*) FROM rule_execution WHERE rule_id = '{weight}' AND result ->> 'given' = '{what}'")
    };

    assert_eq!(again(&portal, &house, ada, 0.05).await, 1, "a new alert, but it still waits to be read");
    assert_eq!(ask(&portal, &said("WAITS")).await, 1);
    run(&portal, READ).await;
    assert_eq!(again(&portal, &house, ada, 0.1).await, 2, "it was read, and it happens again");
    run(&portal, &format!("UPDATE content_item SET status = 'ARCHIVED' WHERE id = '{entry}'")).await;
    run(&portal, READ).await;
    assert_eq!(again(&portal, &house, ada, 0.15).await, 2, "what is archived is not given");
    assert_eq!(ask(&portal, &said("ARCHIVED")).await, 1);
    assert_eq!(alerts(&portal, "is_open AND payload ->> 'facts' LIKE '%Swollen legs is archived%'").await, 1);
    let clinician = house.person(&portal, almoner::access::Role::Clinician, Some(house.clinic)).await;
    let page = clinician.get(&format!("/rules/{weight}")).await;
    assert!(
        page.body.contains("is archived, so nothing is given") && page.body.contains("nothing given"),
        "{}",
        page.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_made_in_the_editor_gives_a_patient_something_to_read() {
    let portal = Portal::start().await;
    run(&portal, "DELETE FROM rule_touch; UPDATE clinical_rule SET enabled = false WHERE metric = 'HEART_RATE'").await;
    let entries = sqlx::query!(
        "SELECT id, title FROM content_item WHERE title IN ('Sleep better', 'Flu clinic of last year') ORDER BY title"
    );
    let entries = entries.fetch_all(&portal.admin).await.expect("entries");
    let (archived, entry) = (entries[0].id.to_string(), entries[1].id.to_string());
    let clinician = portal.sign_in("clinician").await;
    let form = clinician.get("/rules/new").await;
    assert!(form.body.contains("Sleep better (English, 1 min)") && !form.body.contains("Flu clinic"), "{}", form.body);
    let typed = |reading| {
        [
            ("name", "Heart racing"),
            ("place", "01900000-0000-7000-8002-000000000001"),
            ("subject", "HEART_RATE"),
            ("op", ">"),
            ("threshold", "140"),
            ("min_count", "1"),
            ("window_days", "1"),
            ("severity", "INFO"),
            ("action", "ASSIGN_CONTENT"),
            ("reading", reading),
            ("word", "Your heart beat fast. Rest helps."),
            ("resolves", "true"),
            ("priority", "0"),
        ]
    };
    for nothing in ["", archived.as_str(), "01900000-0000-7000-8002-000000000001"] {
        let refused = clinician.post("/rules/new", &typed(nothing)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("id=\"reading-error\""), "{}", refused.body);
    }
    let made = clinician.post("/rules/new", &typed(entry.as_str())).await;
    let rule = made.location().strip_suffix("/dry-run").expect("tried at once").to_owned();
    let edit = clinician.get(&format!("{rule}/edit")).await;
    assert!(edit.body.contains(">Your heart beat fast. Rest helps.</textarea>"), "{}", edit.body);
    assert_eq!(
        clinician.post(&format!("{rule}/on"), &[("row_version", "1"), ("although", "true")]).await.location(),
        rule
    );

    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(portal.app.clone(), work::all()).run(stop.clone()));
    let patient = portal.sign_in("patient").await;
    let reading = [("patient", "01900000-0000-7000-8006-000000000004"), ("heart_rate", "150")];
    assert_eq!(patient.post("/my/readings/new", &reading).await.location(), "/my/readings");
    let given = format!(
        "SELECT count(*) FROM content_assignment WHERE content_id = '{entry}' AND rule_execution_id IS NOT NULL"
    );
    let until = Instant::now() + Duration::from_secs(20);
    while ask(&portal, &given).await == 0 && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    worker.await.expect("the worker ends");
    let list = patient.get("/my/reading").await;
    assert!(list.body.contains("Sleep better") && list.body.contains("Your heart beat fast"), "{}", list.body);
    let chart = clinician.get("/patients/01900000-0000-7000-8006-000000000004/reading").await;
    assert!(chart.body.contains("by a rule"), "{}", chart.body);
    let page = clinician.get(&rule).await;
    for words in ["give the patient “Sleep better” to read", "Raised an alert", "gave it to read", "fired once"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
}
