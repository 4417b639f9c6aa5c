//! Readings: typed by staff and patients, shown, corrected, taken out.

use almoner::readings::metric::Metric;
use reqwest::StatusCode;
use sqlx::Row as _;

use crate::patients::{ask, okafor};
use crate::support::Portal;

async fn reyes(portal: &Portal) -> String {
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query_scalar("SELECT id::text FROM patient WHERE name_key = 'reyes marisol'")
        .fetch_one(&portal.admin)
        .await
        .expect("Ms Reyes")
}

async fn count(portal: &Portal, condition: &str) -> i64 {
    ask(portal, &format!("SELECT count(*) FROM observation WHERE {condition}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_metrics_holds_the_numbers_of_the_program() {
    let portal = Portal::start().await;
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    let rows = sqlx::query("SELECT * FROM metric").fetch_all(&portal.admin).await.expect("the table");
    assert_eq!(rows.len(), Metric::ALL.len());
    for row in rows {
        let metric: Metric = row.get::<&str, _>("code").parse().expect("known to the program");
        let name = metric.as_str();
        assert_eq!(
            (row.get::<&str, _>("label"), row.get::<&str, _>("unit")),
            (metric.label(), metric.unit()),
            "{name}"
        );
        assert_eq!(row.get::<Option<&str>, _>("second_label"), metric.second_label(), "{name}");
        let age = row.get::<Option<i32>, _>("holds_from_age");
        assert_eq!(age, metric.holds_from_age().map(u32::cast_signed), "{name}");
        for (prefix, limits) in [("", Some(metric.limits())), ("second_", metric.second_limits())] {
            let held = |column: &str| row.get::<Option<f64>, _>(format!("{prefix}{column}").as_str());
            assert_eq!(held("possible_low").zip(held("possible_high")), limits.map(|one| one.possible), "{name}");
            assert_eq!(held("likely_low").zip(held("likely_high")), limits.map(|one| one.likely), "{name}");
            assert_eq!(
                held("reference_low").zip(held("reference_high")),
                limits.and_then(|one| one.reference),
                "{name}"
            );
            assert_eq!(held("critical_low"), limits.and_then(|one| one.critical_low), "{name}");
            assert_eq!(held("critical_high"), limits.and_then(|one| one.critical_high), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_what_is_impossible() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let tries = [
        ("'SPO2', now(), 101, NULL, '%'", "observation_value_possible"),
        ("'WEIGHT', now(), 'NaN', NULL, 'kg'", "observation_value_possible"),
        ("'WEIGHT', now(), 'Infinity', NULL, 'kg'", "observation_value_possible"),
        ("'WEIGHT', now(), 1e308, NULL, 'kg'", "observation_value_possible"),
        ("'WEIGHT', now(), 80, NULL, 'lb'", "observation_unit"),
        ("'BLOOD_PRESSURE', now(), 80, 120, 'mmHg'", "observation_second_possible"),
        ("'BLOOD_PRESSURE', now(), 120, NULL, 'mmHg'", "observation_second_complete"),
        ("'WEIGHT', now() + interval '1 day', 80, NULL, 'kg'", "observation_effective_at_possible"),
        ("'WEIGHT', '1899-12-31', 80, NULL, 'kg'", "observation_effective_at_possible"),
        ("'SHOE_SIZE', now(), 42, NULL, 'EU'", "observation_code_known"),
    ];
    for (values, constraint) in tries {
        let sql = format!(
            "INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, value2_num, unit, source)
             SELECT organization_id, gen_random_uuid(), id, {values}, 'DEVICE' FROM patient WHERE id = '{id}'"
        );
        #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
        let refused = sqlx::query(&sql).execute(&portal.admin).await.expect_err(values);
        assert_eq!(refused.as_database_error().and_then(|error| error.constraint()), Some(constraint), "{values}");
    }
}

/// What the database makes of a reading that comes without a judgement.
async fn guarded(portal: &Portal, patient: &str, values: &str) -> Option<String> {
    let sql = format!(
        "INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, value2_num, unit, source)
         SELECT organization_id, gen_random_uuid(), id, {values}, 'DEVICE' FROM patient WHERE id = '{patient}' RETURNING interpretation"
    );
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query_scalar(&sql).fetch_one(&portal.admin).await.expect(values)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_judges_nobody_for_whom_the_range_does_not_hold() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await.to_string();
    let birthday = |years: i32| {
        format!(
            "(SELECT date_of_birth + make_interval(years => {years}) FROM patient AS p WHERE p.id = patient.id)::timestamp AT TIME ZONE 'UTC'"
        )
    };
    let tries = [
        ("'BLOOD_PRESSURE'", 18, "190, 95, 'mmHg'", Some("CRITICALLY_HIGH")),
        ("'HEART_RATE'", 16, "95, NULL, '/min'", Some("HIGH")),
        ("'TEMPERATURE'", 16, "34, NULL, '°C'", Some("CRITICALLY_LOW")),
        ("'SLEEP'", 18, "8, NULL, 'h'", Some("NORMAL")),
    ];
    for (code, years, rest, word) in tries {
        let on = birthday(years);
        let grown = guarded(&portal, &id, &format!("{code}, {on}, {rest}")).await;
        assert_eq!(grown.as_deref(), word, "{code} on the birthday");
        let child = guarded(&portal, &id, &format!("{code}, {on} - INTERVAL '1 second', {rest}")).await;
        assert_eq!(child, None, "{code} on the day before");
    }
    let glucose = guarded(&portal, &id, &format!("'GLUCOSE', {}, 2.5, NULL, 'mmol/L'", birthday(3))).await;
    assert_eq!(glucose.as_deref(), Some("CRITICALLY_LOW"), "holds at every age");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_is_not_read_against_the_ranges_of_adults() {
    let portal = Portal::start().await;
    let id = "01900000-0000-7000-8006-000000000020";
    let theirs = format!("patient_id = '{id}' AND code IN ('TEMPERATURE', 'HEART_RATE', 'SPO2')");
    assert!(count(&portal, &theirs).await > 0, "the demo measures the temperature of the newborn");
    let clinician = portal.sign_in("clinician").await;
    let form = [("temperature", "40.2"), ("temperature_unit", "°C"), ("heart_rate", "140"), ("spo2", "90")];
    let saved = clinician.post(&format!("/patients/{id}/vitals/new"), &form).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    assert_eq!(count(&portal, &format!("{theirs} AND interpretation IS NOT NULL")).await, 0);

    let note = "The reference range is for people from 16 on.";
    for path in ["", "/vitals", "/vitals/print", "/vitals/temperature", "/vitals/heart-rate"] {
        let page = clinician.get(&format!("/patients/{id}{path}")).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        assert!(page.text("main").contains(note), "{path}: {}", page.text("main"));
        assert!(!page.body.contains(", reference ") && !page.body.contains("Critical"), "{path}");
    }
    let weight = clinician.get(&format!("/patients/{id}/vitals/weight")).await;
    assert!(!weight.text("main").contains("The reference range"), "there is none at any age");
    let file = clinician.get(&format!("/patients/{id}/vitals.csv?metric=temperature&days=7")).await;
    assert!(file.body.contains(",40.2,,°C,,Staff,"), "{}", file.body);
    let grown = clinician.get(&format!("/patients/{}/vitals", okafor(&portal).await)).await;
    assert!(!grown.text("main").contains(note));
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_record_readings_once_in_the_units_they_have() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let assistant = portal.sign_in("assistant").await;
    let path = format!("/patients/{id}/vitals/new");
    assert_eq!(assistant.get(&path).await.status, StatusCode::OK);
    let form = [
        ("systolic", "152"),
        ("diastolic", "94"),
        ("weight", "181.4"),
        ("weight_unit", "lb"),
        ("temperature", "98.6"),
        ("temperature_unit", "°F"),
        ("on", "2026-11-01"),
        ("at", "08:30"),
    ];
    for _ in 0..2 {
        let reply = assistant.post(&path, &form).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
        assert_eq!(reply.location(), format!("/patients/{id}/vitals"));
    }
    let here = format!("patient_id = '{id}' AND effective_at = '2026-11-01 08:30+00'");
    // Pressure, weight, temperature, and the body mass index that follows from the weight.
    assert_eq!(count(&portal, &here).await, 4);
    assert_eq!(count(&portal, &format!("{here} AND code = 'WEIGHT' AND value_num = 82.2817 AND source = 'CLINICIAN' AND metadata #>> '{{given,unit}}' = 'lb'")).await, 1);
    assert_eq!(count(&portal, &format!("{here} AND code = 'TEMPERATURE' AND value_num = 37")).await, 1);
    assert_eq!(count(&portal, &format!("{here} AND code = 'BLOOD_PRESSURE' AND interpretation = 'HIGH'")).await, 1);
    assert_eq!(
        count(
            &portal,
            &format!("{here} AND code = 'BMI' AND derivation = 'kg/m²' AND value_json ->> 'heightCm' = '168.2'")
        )
        .await,
        1
    );
    let written = "SELECT count(*) FROM audit_event WHERE resource_type = 'observation' AND action = 'CREATE' AND details ->> 'readings' = '4' AND at > now() - interval '1 minute'";
    assert_eq!(ask(&portal, written).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_named_and_nothing_is_half_kept() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    let path = format!("/patients/{id}/vitals/new");
    let before = count(&portal, "true").await;
    let cases: [(&str, &[(&str, &str)]); 10] = [
        ("weight", &[("weight", "NaN"), ("heart_rate", "70")]),
        ("weight", &[("weight", "1e308"), ("heart_rate", "70")]),
        ("weight", &[("weight", "82,3"), ("heart_rate", "70")]),
        ("weight", &[("weight", "0"), ("heart_rate", "70")]),
        ("weight", &[("weight", "-80"), ("heart_rate", "70")]),
        ("spo2", &[("spo2", "101"), ("heart_rate", "70")]),
        ("diastolic", &[("systolic", "80"), ("diastolic", "120"), ("heart_rate", "70")]),
        ("on", &[("weight", "80"), ("on", "2999-01-01"), ("at", "08:00")]),
        ("on", &[("weight", "80"), ("on", "1899-12-31"), ("at", "08:00")]),
        ("on", &[("weight", "80"), ("on", "1950-01-01"), ("at", "08:00")]),
    ];
    for (field, fields) in cases {
        let reply = clinician.post(&path, fields).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{fields:?}");
        assert_eq!(reply.attributes(".esum a", "href"), [format!("#{field}")], "{fields:?}: {}", reply.body);
        assert!(reply.text("title").starts_with("Error: "));
        if field != "on" {
            assert_eq!(reply.field(field), fields.iter().find(|(name, _)| name == &field).expect("typed").1, "kept");
        }
    }
    assert_eq!(count(&portal, "true").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unlikely_is_asked_about() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    let path = format!("/patients/{id}/vitals/new");
    let asked = clinician.post(&path, &[("weight", "400")]).await;
    assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(asked.text(".note.warn").contains("Weight 400.0 kg is unusually high"), "{}", asked.body);
    let sure = asked.attributes("#sure", "value").remove(0);
    assert_eq!(
        clinician.post(&path, &[("weight", "410"), ("sure", &sure)]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(clinician.post(&path, &[("weight", "400"), ("sure", &sure)]).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chart_shows_what_was_measured_and_the_mistake_too() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    for path in ["", "/vitals", "/vitals?days=365", "/vitals/print"] {
        let page = clinician.get(&format!("/patients/{id}{path}")).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        assert!(page.body.contains("Systolic latest 184 mmHg, reference 90 to 139"), "{path}");
    }
    let vitals = clinician.get(&format!("/patients/{id}/vitals")).await;
    assert!(
        vitals.text("main").contains("Criteria for a GLP-1 medicine met: index 29.1 with"),
        "{}",
        vitals.text("main")
    );
    let page = clinician.get(&format!("/patients/{id}/vitals/blood-pressure?days=90&with=heart-rate")).await;
    assert_eq!(page.attributes("svg.ch.wide", "role").len(), 2, "{}", page.body);
    assert_eq!(clinician.get(&format!("/patients/{id}/vitals/shoe-size")).await.status, StatusCode::NOT_FOUND);

    let link = page.attributes("#readings a[href$='/error']", "href").remove(0);
    assert_eq!(clinician.post(&link, &[("reason", " ")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let done = clinician.post(&link, &[("reason", "Cuff on the wrong arm")]).await;
    assert_eq!(done.location(), format!("/patients/{id}/vitals/blood-pressure"));
    let page = clinician.get(done.location()).await;
    assert_eq!(page.text("del"), "184/112");
    assert!(page.text("#readings").contains("Cuff on the wrong arm"));
    assert!(!page.body.contains("Systolic latest 184"), "no longer counted");
    assert_eq!(clinician.post(&link, &[("reason", "again")]).await.status, StatusCode::CONFLICT);

    let file = clinician.get(&format!("/patients/{id}/vitals.csv?metric=blood-pressure&days=7")).await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    assert!(
        file.body.contains("Cuff on the wrong arm") && file.body.contains(",174,106,mmHg,High,Device,Withings,,"),
        "{}",
        file.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_is_drawn_and_ends() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{id}/vitals/weight");
    let goal = format!("{page}/goal");
    assert_eq!(clinician.post(&goal, &[("low", "90"), ("high", "80")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(clinician.post(&goal, &[("low", "NaN"), ("high", "")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for (high, seen) in [("80", true), ("79", true), ("", false)] {
        assert_eq!(clinician.post(&goal, &[("low", ""), ("high", high)]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(clinician.get(&page).await.body.contains(&format!("goal {high}.")), seen, "{high}");
    }
    let kept = format!("SELECT count(*) FROM goal WHERE patient_id = '{id}' AND ended_at IS NOT NULL");
    assert_eq!(ask(&portal, &kept).await, 2, "goals that ended are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_types_a_reading_sees_it_and_takes_it_back() {
    let portal = Portal::start().await;
    let id = reyes(&portal).await;
    let patient = portal.sign_in("patient").await;
    let page = patient.get("/my/readings").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    assert!(page.body.contains("Glucose latest 12.4 mmol/L"), "{}", page.body);

    let form = patient.get("/my/readings/new").await;
    assert_eq!(form.field("patient"), id);
    let elsewhere =
        [("patient", "00000000-0000-0000-0000-000000000009"), ("glucose", "210"), ("glucose_unit", "mg/dL")];
    assert_eq!(patient.post("/my/readings/new", &elsewhere).await.status, StatusCode::CONFLICT);
    let fields = [("patient", id.as_str()), ("glucose", "210"), ("glucose_unit", "mg/dL")];
    let saved = patient.post("/my/readings/new", &fields).await;
    assert_eq!(saved.location(), "/my/readings", "{}", saved.body);
    assert_eq!(
        count(
            &portal,
            &format!("patient_id = '{id}' AND value_num = 11.6566 AND source = 'MANUAL' AND interpretation = 'HIGH'")
        )
        .await,
        1
    );

    let clinician = portal.sign_in("clinician").await;
    assert!(clinician.get(&format!("/patients/{id}/vitals")).await.body.contains("Glucose latest 11.66 mmol/L"));

    let page = patient.get("/my/readings").await;
    let mistake = page.attributes("a[href$='/error']", "href").remove(0);
    let done = patient.post(&mistake, &[("patient", &id), ("reason", "Not fasting")]).await;
    assert_eq!(done.location(), "/my/readings", "{}", done.body);
    assert!(patient.get("/my/readings").await.body.contains("Glucose latest 12.4 mmol/L"));
    // What a device sent is not the patient's to take back.
    let other = format!(
        "SELECT count(*) FROM observation WHERE patient_id = '{id}' AND created_by_id IS DISTINCT FROM '01900000-0000-7000-8003-000000000011' AND status = 'FINAL' AND code = 'A1C'"
    );
    assert!(ask(&portal, &other).await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn proxies_without_the_scope_and_owners_see_no_reading() {
    let portal = Portal::start().await;
    let brother = portal.visitor();
    brother.sign_in("rafael.reyes@example.com").await;
    assert_eq!(brother.get("/my/readings").await.status, StatusCode::NOT_FOUND);
    assert_eq!(brother.post("/my/readings/new", &[("weight", "80")]).await.status, StatusCode::NOT_FOUND);
    let id = okafor(&portal).await;
    let owner = portal.sign_in("owner").await;
    assert_eq!(owner.get(&format!("/patients/{id}/vitals")).await.status, StatusCode::FORBIDDEN);
    let chart = owner.get(&format!("/patients/{id}")).await;
    assert_eq!(chart.status, StatusCode::OK);
    assert!(!chart.body.contains("id=\"vitals\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_views_have_the_shapes_of_older_systems() {
    let portal = Portal::start().await;
    for query in [
        "SELECT count(*) FROM measurement WHERE type = 'BLOOD_PRESSURE' AND value ->> 'systolic' = '184' AND source = 'DEVICE'",
        "SELECT count(*) FROM vital_reading WHERE systolic_bp = 184 AND diastolic_bp = 112",
        "SELECT least(count(*), 1) FROM hrv_reading WHERE sdnn_ms IS NOT NULL AND abs(rmssd_ms - sdnn_ms * 0.85) < 0.01 AND context = 'UNKNOWN'",
        "SELECT least(count(*), 1) FROM bmi_reading WHERE abs(bmi - weight_kg / (height_cm / 100) ^ 2) < 0.01",
    ] {
        assert_eq!(ask(&portal, query).await, 1, "{query}");
    }
}

/// So many readings of the heart rate, one a minute until now: 70, but 150 once and 45 once.
async fn minutes(portal: &Portal, patient: sqlx::types::Uuid, readings: i64) {
    let sql = format!(
        "INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, unit, source)
         SELECT p.organization_id, gen_random_uuid(), p.id, 'HEART_RATE', date_trunc('minute', now()) - n * interval '1 minute',
                CASE n WHEN {readings} / 3 THEN 150 WHEN {readings} / 2 THEN 45 ELSE 70 END, '/min', 'DEVICE'
           FROM patient AS p, generate_series(1, {readings}) AS n WHERE p.id = '{patient}' ON CONFLICT DO NOTHING"
    );
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query(&sql).execute(&portal.admin).await.expect("readings");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_joins_few_readings_and_shows_columns_of_many() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query("UPDATE observation SET status = 'ENTERED_IN_ERROR', status_reason = 'test' WHERE code = 'HEART_RATE' AND status = 'FINAL'")
        .execute(&portal.admin)
        .await
        .expect("a clean sheet");
    let clinician = portal.sign_in("clinician").await;
    let path = format!("/patients/{id}/vitals/heart-rate?days=7");

    minutes(&portal, id, 300).await;
    let few = clinician.get(&path).await.body;
    assert!(few.contains("300 readings in this time</p>") && few.contains("<polyline"), "a line");
    assert!(!few.contains(r#"class="ln rg""#));

    minutes(&portal, id, 9_000).await;
    let many = clinician.get(&path).await.body;
    let counted =
        count(&portal, "code = 'HEART_RATE' AND status = 'FINAL' AND effective_at > now() - interval '7 days'").await;
    assert!(many.contains(&format!("{counted} readings in this time; each column of pixels shows")), "{counted}");
    assert!(many.contains(r#"class="ln rg""#) && !many.contains("<polyline"));
    for drawn in [few, many] {
        // One reading of hundreds is out of the range on either side, and is never left out.
        assert!(drawn.contains(r#"class="hi""#) && drawn.contains(r#"class="lo""#));
    }
}
