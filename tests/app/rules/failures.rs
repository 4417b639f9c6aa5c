//! A rule that fails keeps nothing else from being looked at, and says so.

use std::time::{Duration, Instant};

use almoner::access::Role;
use almoner::jobs::{Worker, work};
use almoner::readings::metric::Metric;
use almoner::rules::Cause;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::evaluation::{alerts, look, measured, rule, run};
use crate::patients::ask;
use crate::support::{House, Portal};

#[tokio::test(flavor = "multi_thread")]
async fn the_others_go_on_it_is_kept_said_once_and_tried_again() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let (ada, eve) = (house.patient(&portal, house.clinic, "1").await, house.patient(&portal, house.clinic, "2").await);
    let wrong = rule(&portal, house.organization, "HEART_RATE", "'>', 120, 1, 3", "WARNING").await;
    let right = rule(&portal, house.organization, "HEART_RATE", "'>', 110, 1, 3", "INFO").await;
    run(&portal, "DELETE FROM job").await;
    // Alerts of this one cannot be kept, whatever the reason.
    run(&portal, &format!(
        "CREATE FUNCTION public.breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF NEW.dedupe_key LIKE 'rule:{wrong}:%' THEN RAISE EXCEPTION 'Ada is ill' USING ERRCODE = 'check_violation', CONSTRAINT = 'made_to_fail'; END IF;
           RETURN NEW; END $$;
         CREATE TRIGGER breaks BEFORE INSERT ON alert FOR EACH ROW EXECUTE FUNCTION public.breaks()"
    ))
    .await;
    for patient in [ada, eve] {
        measured(&portal, patient, Metric::HeartRate, &[(1.0, 130.0)]).await;
    }
    let tally = look(&portal, &house, Cause::Reading, &[ada, eve], Metric::HeartRate).await;
    assert_eq!((tally.raised, tally.failed, tally.looked), (2, 1, 2), "the other rule is at work");
    let kept = |rule, outcome: &str| {
        format!(
            "SELECT count(*) FROM rule_execution WHERE rule_id = '{rule}' AND rule_version = 1 AND outcome = '{outcome}'"
        )
    };
    assert_eq!(ask(&portal, &kept(right, "RAISED")).await, 2);
    let why = format!(
        "{} AND result = jsonb_build_object('error', 'The database refused it (made_to_fail)')",
        kept(wrong, "FAILED")
    );
    assert_eq!(ask(&portal, &why).await, 2, "for each patient, with the reason and nothing of the record");
    assert_eq!(ask(&portal, &kept(wrong, "RAISED")).await, 0);
    let said = format!(
        "SELECT count(*) FROM alert WHERE type = 'RULE_FAILED' AND severity = 'HIGH' AND facility_id = '{}' AND is_open AND seen_count = ",
        house.clinic
    );
    assert_eq!(ask(&portal, &format!("{said}1 AND body LIKE '%not looked at for 2 patients%'")).await, 1);
    look(&portal, &house, Cause::Reading, &[ada, eve], Metric::HeartRate).await;
    assert_eq!(ask(&portal, &format!("{said}2")).await, 1, "said once");
    let clinician = house.person(&portal, Role::Clinician, Some(house.clinic)).await;
    let page = clinician.get(&format!("/rules/{wrong}")).await;
    for words in ["failed 4 times", "The database refused it (made_to_fail)", "nobody is watched by it"] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    assert!(!page.body.contains("Ada is ill"), "{}", page.body);

    // Once its cause is gone, the next sweep brings it to mind, without a new reading.
    run(&portal, "DROP TRIGGER breaks ON alert; DROP FUNCTION public.breaks").await;
    run(&portal, &format!(
        "INSERT INTO job (id, organization_id, kind, max_attempts) VALUES (gen_random_uuid(), '{}', 'rules.missing', 5)", house.organization
    ))
    .await;
    let stop = CancellationToken::new();
    let worker = tokio::spawn(Worker::new(portal.app.clone(), work::all()).run(stop.clone()));
    let until = Instant::now() + Duration::from_secs(20);
    while ask(&portal, &kept(wrong, "RAISED")).await < 2 && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    worker.await.expect("the worker ends");
    assert_eq!(alerts(&portal, &format!("dedupe_key LIKE 'rule:{wrong}:%' AND is_open")).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_one_patient_is_raised_for_the_others() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let wrong = rule(&portal, house.organization, "HEART_RATE", "'>', 120, 1, 3", "WARNING").await;
    let mut patients = Vec::new();
    for number in 0..11 {
        let patient = house.patient(&portal, house.clinic, &format!("N{number}")).await;
        measured(&portal, patient, Metric::HeartRate, &[(1.0, 130.0)]).await;
        patients.push(patient);
    }
    run(
        &portal,
        &format!(
            "CREATE FUNCTION public.breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF NEW.patient_id = '{}' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
         CREATE TRIGGER breaks BEFORE INSERT ON alert FOR EACH ROW EXECUTE FUNCTION public.breaks()",
            patients[6]
        ),
    )
    .await;
    let tally = look(&portal, &house, Cause::Reading, &patients, Metric::HeartRate).await;
    assert_eq!((tally.raised, tally.failed), (10, 1));
    let kept = format!("SELECT count(*) FROM rule_execution WHERE rule_id = '{wrong}' AND outcome = 'FAILED'");
    assert_eq!(
        ask(&portal, &format!("{kept} AND patient_id = '{}' AND result ->> 'error' LIKE '%(P0001)'", patients[6]))
            .await,
        1
    );
    assert_eq!(ask(&portal, &kept).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_good_is_not_tried_for_ever() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let ada = house.patient(&portal, house.clinic, "1").await;
    let wrong = rule(&portal, house.organization, "HEART_RATE", "'>', 120, 1, 3", "WARNING").await;
    for failures in 1..=4 {
        run(&portal, &format!(
            "DELETE FROM job; DELETE FROM rule_touch;
             INSERT INTO rule_execution (organization_id, id, rule_id, rule_version, patient_id, cause, triggered, outcome)
             VALUES ('{org}', gen_random_uuid(), '{wrong}', 1, '{ada}', 'READING', false, 'FAILED');
             INSERT INTO job (id, organization_id, kind, max_attempts) VALUES (gen_random_uuid(), '{org}', 'rules.missing', 5)",
            org = house.organization
        ))
        .await;
        let looks = format!("SELECT count(*) FROM rule_execution WHERE rule_id = '{wrong}' AND outcome = 'NOTHING'");
        let before = ask(&portal, &looks).await;
        let stop = CancellationToken::new();
        let worker = tokio::spawn(Worker::new(portal.app.clone(), work::all()).run(stop.clone()));
        let until = Instant::now() + Duration::from_secs(20);
        let open = "SELECT count(*) FROM job WHERE kind = 'rules.missing' AND state NOT IN ('DONE', 'DEAD')";
        while ask(&portal, open).await > 0 && Instant::now() < until {
            sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
        worker.await.expect("the worker ends");
        assert_eq!(ask(&portal, &looks).await - before, i64::from(failures < 4), "after {failures}");
    }
}
