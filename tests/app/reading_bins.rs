//! What is kept beside the readings for charts over long times says what the readings say.

use reqwest::StatusCode;
use sqlx::types::Uuid;

use crate::patients::{ask, okafor};
use crate::support::{Portal, run};

/// How many bins say anything else than the readings that stand, one way or the other.
async fn wrong(portal: &Portal) -> i64 {
    ask(
        portal,
        "WITH told AS (SELECT organization_id, patient_id, code, date_bin('3 hours', effective_at, '2000-01-01 00:00+00') AS at, max(effective_at) AS last_at,
                              min(value_num) AS low, max(value_num) AS high, min(value2_num) AS second_low, max(value2_num) AS second_high, count(*)::integer AS readings
                         FROM observation WHERE status = 'FINAL' GROUP BY 1, 2, 3, 4),
              kept AS (SELECT organization_id, patient_id, code, at, last_at, low, high, second_low, second_high, readings FROM observation_bin WHERE readings > 0)
         SELECT (SELECT count(*) FROM (SELECT * FROM told EXCEPT SELECT * FROM kept) AS missing)
              + (SELECT count(*) FROM (SELECT * FROM kept EXCEPT SELECT * FROM told) AS surplus)",
    )
    .await
}

/// Readings of the heart rate, one each `every`, so many, until now: 70, but 150 once and 45 once.
async fn measured(portal: &Portal, patient: Uuid, every: &str, readings: i64) {
    run(
        &portal.admin,
        &format!(
            "INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, unit, source)
             SELECT p.organization_id, gen_random_uuid(), p.id, 'HEART_RATE', now() - n * INTERVAL '{every}',
                    CASE n WHEN {readings} / 3 THEN 150 WHEN {readings} / 2 THEN 45 ELSE 70 END, '/min', 'DEVICE'
               FROM patient AS p, generate_series(1, {readings}) AS n WHERE p.id = '{patient}'"
        ),
    )
    .await;
}

const NO_PULSE: &str = "UPDATE observation SET status = 'ENTERED_IN_ERROR', status_reason = 'test' WHERE code = 'HEART_RATE' AND status = 'FINAL'";

#[tokio::test(flavor = "multi_thread")]
async fn they_follow_what_arrives_and_what_is_corrected() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    assert!(ask(&portal, "SELECT count(*) FROM observation_bin").await > 500, "the demo has readings");
    assert_eq!(wrong(&portal).await, 0, "of the demo, in both organizations");

    measured(&portal, id, "7 minutes", 2_000).await;
    assert_eq!(wrong(&portal).await, 0, "what arrived");
    let extremes = "UPDATE observation SET status = 'ENTERED_IN_ERROR', status_reason = 'test' WHERE code = 'HEART_RATE' AND status = 'FINAL' AND value_num <> 70";
    run(&portal.admin, extremes).await;
    assert_eq!(wrong(&portal).await, 0, "without what was the highest and the lowest");
    run(&portal.admin, NO_PULSE).await;
    assert_eq!(wrong(&portal).await, 0, "a bin is empty where no reading stands");
    assert_eq!(ask(&portal, "SELECT sum(readings) FROM observation_bin WHERE code = 'HEART_RATE'").await, 0);

    let assistant = portal.sign_in("assistant").await;
    let path = format!("/patients/{id}/vitals/new");
    assert_eq!(assistant.get(&path).await.status, StatusCode::OK);
    let typed = assistant.post(&path, &[("heart_rate", "71"), ("systolic", "152"), ("diastolic", "94")]).await;
    assert_eq!(typed.status, StatusCode::SEE_OTHER, "{}", typed.body);
    assert_eq!(wrong(&portal).await, 0, "what was typed");
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_right_after_many_have_written_at_once() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    run(&portal.admin, NO_PULSE).await;
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let pool = portal.admin.clone();
            tokio::spawn(async move {
                for turn in 0..15 {
                    // All in the same two bins; every third time somebody takes back what they wrote before.
                    let sql = if turn % 3 == 2 {
                        format!("UPDATE observation SET status = 'ENTERED_IN_ERROR', status_reason = 'test' WHERE device_vendor IS NULL AND code = 'HEART_RATE' AND status = 'FINAL' AND metadata ->> 'writer' = '{writer}' AND value_num = {}", 60 + turn - 1)
                    } else {
                        format!(
                            "INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, unit, source, metadata)
                             SELECT p.organization_id, gen_random_uuid(), p.id, 'HEART_RATE', TIMESTAMPTZ '2026-06-01 02:59:50+00' + {} * INTERVAL '1 second',
                                    {}, '/min', 'DEVICE', '{{\"writer\": \"{writer}\"}}' FROM patient AS p WHERE p.id = '{id}'",
                            writer * 3 + turn,
                            60 + turn
                        )
                    };
                    run(&pool, &sql).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("written");
    }
    assert_eq!(
        ask(&portal, "SELECT count(*) FROM observation WHERE code = 'HEART_RATE' AND status = 'FINAL'").await,
        30
    );
    assert!(ask(&portal, "SELECT count(*) FROM observation_bin WHERE code = 'HEART_RATE'").await >= 1);
    assert_eq!(wrong(&portal).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_of_a_year_counts_and_shows_what_the_readings_say() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    run(&portal.admin, NO_PULSE).await;
    measured(&portal, id, "50 minutes", 11_000).await;
    let clinician = portal.sign_in("clinician").await;
    let drawn = clinician.get(&format!("/patients/{id}/vitals/heart-rate?days=365")).await.body;
    let counted = ask(
        &portal,
        "SELECT count(*) FROM observation WHERE code = 'HEART_RATE' AND status = 'FINAL' AND effective_at > now() - INTERVAL '365 days'",
    )
    .await;
    assert!(drawn.contains(&format!("{counted} readings in this time; each column of pixels shows")), "{counted}");
    // One reading of thousands is out of the range on either side, and is never left out.
    assert!(drawn.contains(r#"class="hi""#) && drawn.contains(r#"class="lo""#));

    // Both ends of the time cut a bin in two: what lies outside is not counted.
    let off = ask(
        &portal,
        &format!(
            "SELECT count(*) FROM generate_series(1, 40) AS n
              CROSS JOIN LATERAL (SELECT now() - INTERVAL '300 days' - n * INTERVAL '11 minutes' AS from_at, now() - n * INTERVAL '17 minutes' AS to_at) AS span
              CROSS JOIN LATERAL (SELECT sum(c.readings) AS readings, min(c.low) AS low, max(c.high) AS high, min(c.at) AS first, max(c.at) AS last, count(*) AS columns
                                    FROM patient AS p, kit.reading_columns(p.organization_id, p.id, ARRAY['HEART_RATE'], from_at, to_at, INTERVAL '12 hours', 1000) AS c
                                   WHERE p.id = '{id}') AS shown
              CROSS JOIN LATERAL (SELECT count(*) AS readings, min(o.value_num) AS low, max(o.value_num) AS high, max(o.effective_at) AS last
                                    FROM observation AS o WHERE o.patient_id = '{id}' AND o.code = 'HEART_RATE' AND o.status = 'FINAL' AND o.effective_at BETWEEN from_at AND to_at) AS told
              WHERE (shown.readings, shown.low, shown.high, shown.last) IS DISTINCT FROM (told.readings, told.low, told.high, told.last)
                 OR shown.first < from_at OR shown.columns NOT BETWEEN 590 AND 602"
        ),
    )
    .await;
    assert_eq!(off, 0, "of forty stretches");
}
