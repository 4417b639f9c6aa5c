//! The editor of rules: made, tried, switched on, changed, excepted; and what nobody may.

use almoner::access::Role;
use reqwest::StatusCode;

use super::evaluation::run;
use crate::patients::ask;
use crate::support::{Browser, House, Portal};

/// A rule as it is typed.
fn typed<'a>(name: &'a str, place: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("name", name),
        ("place", place),
        ("subject", "BLOOD_PRESSURE"),
        ("op", ">"),
        ("threshold", "160"),
        ("min_count", "2"),
        ("window_days", "3"),
        ("severity", "HIGH"),
        ("action", "ALERT"),
        ("advice", "Call today."),
        ("resolves", "true"),
        ("priority", "0"),
    ]
}

fn with<'a>(mut fields: Vec<(&'a str, &'a str)>, name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    for field in fields.iter_mut().filter(|field| field.0 == name) {
        field.1 = value;
    }
    fields
}

/// The path of the rule that was made.
async fn made(browser: &Browser, fields: &[(&str, &str)]) -> String {
    let reply = browser.post("/rules/new", fields).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    reply.location().strip_suffix("/dry-run").expect("tried at once").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_made_tried_on_history_switched_on_and_changed_with_every_version_kept() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let clinic = "01900000-0000-7000-8002-000000000001";
    let list = clinic_list(&clinician).await;
    assert!(
        list.contains("If oxygen saturation is below 90 % in 2 readings within 1 day, raise a critical alert."),
        "{list}"
    );

    let form = clinician.get("/rules/new").await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(!form.body.contains(">Everywhere<"), "rules of the organization are not theirs");
    let rule = made(&clinician, &typed("Tried", clinic)).await;
    let page = clinician.get(&rule).await;
    assert!(
        page.body
            .contains("If systolic blood pressure is above 160 mmHg in 2 readings within 3 days, raise a high alert.")
    );
    assert!(page.body.contains("Version 1") && page.body.contains("Call today."), "{}", page.body);

    let tried = clinician.get(&format!("{rule}/dry-run")).await;
    assert!(tried.body.contains("Would have fired 2 times for 2 patients in 90 days"), "{}", tried.body);
    assert!(tried.body.contains("OKAFOR"), "{}", tried.body);
    let views = "SELECT count(*) FROM audit_event WHERE resource_type = 'clinical_rule' AND action = 'VIEW' AND details ? 'dry_run' AND cardinality(patient_ids) = 2";
    assert_eq!(ask(&portal, views).await, 1, "whose names were shown is in the books");

    let on = clinician.post(&format!("{rule}/on"), &[("row_version", "1")]).await;
    assert_eq!(on.location(), rule, "{}", on.body);
    let twice = clinician.post(&format!("{rule}/on"), &[("row_version", "1")]).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let mut change = with(typed("Tried", clinic), "threshold", "165");
    change.push(("row_version", "2"));
    assert_eq!(clinician.post(&format!("{rule}/edit"), &change).await.location(), rule);
    let page = clinician.get(&rule).await;
    assert!(page.body.contains("Limit: 160 → 165") || page.body.contains("Limit: 160.0 → 165.0"), "{}", page.body);
    assert!(page.body.contains("Switched on"), "{}", page.body);
    let id = rule.rsplit('/').next().expect("an id");
    let versions =
        format!("SELECT count(*) FROM clinical_rule_version WHERE rule_id = '{id}' AND made_by_id IS NOT NULL");
    assert_eq!(ask(&portal, &versions).await, 3);
    assert_eq!(
        ask(
            &portal,
            &format!("SELECT count(*) FROM audit_event WHERE resource_id = '{id}' AND action IN ('CREATE', 'UPDATE')")
        )
        .await,
        3
    );
    assert_eq!(clinician.post(&format!("{rule}/off"), &[("row_version", "3")]).await.location(), rule);
}

async fn clinic_list(browser: &Browser) -> String {
    let list = browser.get("/rules").await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.body);
    list.body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_said_beside_its_field_and_nothing_is_kept() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let clinic = "01900000-0000-7000-8002-000000000001";
    let rules = "SELECT count(*) FROM clinical_rule";
    let before = ask(&portal, rules).await;
    for (field, value, words) in [
        ("name", " ", "Give the rule a name"),
        ("subject", "SHOE_SIZE", "Choose what is watched"),
        ("op", "between", "Choose what is asked of it"),
        ("threshold", "NaN", "Give a number"),
        ("threshold", "160,5", "a comma could mean thousands"),
        ("threshold", "60", "this would fire for everyone"),
        ("threshold", "1e308", "Give a number"),
        ("threshold", "-160", "Give a number"),
        ("threshold", "0", "lies between"),
        ("threshold", "301", "lies between"),
        ("min_count", "0", "whole number from 1 to 20"),
        ("window_days", "91", "whole number from 1 to 90"),
        ("severity", "AWFUL", "Choose how grave it is"),
        ("place", "01900000-0000-7000-8002-000000000003", "Choose where it holds"),
        ("place", "", "Choose where it holds"),
    ] {
        let reply = clinician.post("/rules/new", &with(typed("Senseless", clinic), field, value)).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {value}");
        assert!(
            reply.body.contains(&format!("id=\"{field}-error\"")) && reply.body.contains(words),
            "{field} {value}: {}",
            reply.body
        );
    }
    assert_eq!(ask(&portal, rules).await, before);
    made(&clinician, &typed("Twice", clinic)).await;
    let again = clinician.post("/rules/new", &typed("TWICE", clinic)).await;
    assert!(again.body.contains("There is a rule of this name already"), "{}", again.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_rules_that_make_no_sense() {
    let portal = Portal::start().await;
    let house = House::build(&portal).await;
    let other = "(SELECT id FROM content_item WHERE title = 'Sleep better')";
    let too_much = format!("'WEIGHT', 1, '>', 80, 1, 7, 'ALERT', {other}");
    let anothers = format!("'WEIGHT', 1, '>', 80, 1, 7, 'ASSIGN_CONTENT', {other}");
    // Metric, part, operator, limit, count, days, action and what is given.
    for (values, constraint) in [
        ("'SHOE_SIZE', 1, '>', 42, 1, 7, 'ALERT', NULL", "clinical_rule_metric_known"),
        ("'WEIGHT', 2, '>', 80, 1, 7, 'ALERT', NULL", "clinical_rule_part_known"),
        ("'WEIGHT', 1, 'between', 80, 1, 7, 'ALERT', NULL", "clinical_rule_op_known"),
        ("'WEIGHT', 1, '>', 'NaN', 1, 7, 'ALERT', NULL", "clinical_rule_threshold_finite"),
        ("'WEIGHT', 1, '>', 'Infinity', 1, 7, 'ALERT', NULL", "clinical_rule_threshold_finite"),
        ("'WEIGHT', 1, '>', 1e308, 1, 7, 'ALERT', NULL", "clinical_rule_threshold_finite"),
        ("'WEIGHT', 1, '>', -1, 1, 7, 'ALERT', NULL", "clinical_rule_threshold_finite"),
        ("'WEIGHT', 1, '>', NULL, 1, 7, 'ALERT', NULL", "clinical_rule_threshold_complete"),
        ("'WEIGHT', 1, 'missing', 80, 1, 7, 'ALERT', NULL", "clinical_rule_threshold_complete"),
        ("'WEIGHT', 1, '>', 80, 0, 7, 'ALERT', NULL", "clinical_rule_min_count_bounded"),
        ("'WEIGHT', 1, '>', 80, 1, 91, 'ALERT', NULL", "clinical_rule_window_days_bounded"),
        ("'WEIGHT', 1, '>', 80, 1, 7, 'CALL_ALL', NULL", "clinical_rule_action_known"),
        ("'WEIGHT', 1, '>', 80, 1, 7, 'ASSIGN_CONTENT', NULL", "clinical_rule_content_complete"),
        (too_much.as_str(), "clinical_rule_content_complete"),
        (anothers.as_str(), "clinical_rule_content_fk"),
    ] {
        let sql = format!(
            "INSERT INTO clinical_rule (organization_id, id, name, severity, metric, part, op, threshold, min_count, window_days, action, content_id)
             SELECT '{}', gen_random_uuid(), 'Senseless', 'HIGH', {values}",
            house.organization
        );
        #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
        let refused = sqlx::query(&sql).execute(&portal.admin).await.expect_err(values);
        assert_eq!(refused.as_database_error().and_then(|error| error.constraint()), Some(constraint), "{values}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_for_nearly_everyone_is_switched_on_only_by_who_says_so() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let clinic = "01900000-0000-7000-8002-000000000001";
    let fields = with(with(typed("Everyone", clinic), "threshold", "95"), "min_count", "1");
    let rule = made(&clinician, &fields).await;
    let tried = clinician.get(&format!("{rule}/dry-run")).await;
    assert!(tried.body.contains("It would fire for nearly everyone who is measured"), "{}", tried.body);
    let refused = clinician.post(&format!("{rule}/on"), &[("row_version", "1")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let on = clinician.post(&format!("{rule}/on"), &[("row_version", "1"), ("although", "true")]).await;
    assert_eq!(on.location(), rule, "{}", on.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn exceptions_hold_for_a_patient_or_a_facility_and_end() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let chart = "/patients/01900000-0000-7000-8006-000000000004/rules";
    let rule = "01900000-0000-7000-8fe0-000000000003";
    let page = clinician.get(chart).await;
    assert!(page.body.contains("Oxygen saturation low") && page.body.contains("As everywhere"), "{}", page.body);
    let form = clinician.get(&format!("{chart}/{rule}")).await;
    assert_eq!((form.field("threshold").as_str(), form.field("min_count").as_str()), ("90", "2"));
    let fields = |threshold| {
        [("enabled", "true"), ("threshold", threshold), ("min_count", "2"), ("window_days", "1"), ("severity", "HIGH")]
    };
    assert!(form.body.contains("The rule without this exception"), "{}", form.body);
    let refused = clinician.post(&format!("{chart}/{rule}"), &fields("101")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    let saved = clinician.post(&format!("{chart}/{rule}"), &fields("86")).await;
    assert_eq!(saved.location(), chart, "{}", saved.body);
    let page = clinician.get(chart).await;
    assert!(
        page.body.contains("below 86 %") && page.body.contains("This patient&#39;s own")
            || page.body.contains("This patient's own"),
        "{}",
        page.body
    );
    let form = clinician.get(&format!("{chart}/{rule}")).await;
    let version = form.field("row_version");
    assert_eq!(
        clinician.post(&format!("{chart}/{rule}/end"), &[("row_version", version.as_str())]).await.location(),
        chart
    );
    assert!(!clinician.get(chart).await.body.contains("below 86 %"));

    // What is not excepted follows the rule.
    let own = made(&clinician, &typed("Followed", "01900000-0000-7000-8002-000000000001")).await;
    let id = own.rsplit('/').next().expect("an id");
    let excepted =
        [("enabled", "true"), ("threshold", "170"), ("min_count", "2"), ("window_days", "3"), ("severity", "HIGH")];
    assert_eq!(clinician.post(&format!("{chart}/{id}"), &excepted).await.location(), chart);
    let mut change = with(with(typed("Renamed", ""), "advice", "Call tomorrow."), "threshold", "150");
    change.push(("row_version", "1"));
    assert_eq!(clinician.post(&format!("{own}/edit"), &change).await.location(), own);
    let followed = format!(
        "SELECT count(*) FROM clinical_rule AS r JOIN clinical_rule_version AS v ON v.rule_id = r.id AND v.version = 2
          WHERE r.overrides_id = '{id}' AND r.name = 'Renamed' AND r.action_params ->> 'text' = 'Call tomorrow.' AND r.threshold = 170"
    );
    assert_eq!(ask(&portal, &followed).await, 1);

    let place = format!("/rules/{rule}/facilities/01900000-0000-7000-8002-000000000002");
    assert_eq!(clinician.get(&place).await.status, StatusCode::OK);
    assert_eq!(clinician.post(&place, &fields("85")).await.location(), format!("/rules/{rule}"));
    assert!(clinician.get(&format!("/rules/{rule}")).await.body.contains("below 85 %"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_is_tried_on_the_history_of_whom_it_is_for_and_nothing_is_kept() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let okafor = "01900000-0000-7000-8006-000000000001";
    let path = format!("/patients/{okafor}/rules/01900000-0000-7000-8fe0-000000000001");
    run(
        &portal,
        &format!(
            "DELETE FROM observation WHERE patient_id = '{okafor}' AND code = 'BLOOD_PRESSURE';
             INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, value2_num, unit, source)
             SELECT organization_id, gen_random_uuid(), id, 'BLOOD_PRESSURE', now() - days * INTERVAL '1 day', value, 80, 'mmHg', 'DEVICE'
               FROM patient, (VALUES (3, 150), (10, 172), (20, 185), (40, 150), (80, 190), (100, 200)) AS told (days, value) WHERE id = '{okafor}'"
        ),
    )
    .await;
    let exceptions = "SELECT count(*) FROM clinical_rule WHERE overrides_id IS NOT NULL";
    let before = ask(&portal, exceptions).await;
    let form = clinician.get(&path).await;
    assert_eq!(
        form.body.matches("Would have fired 2 times for this patient in 90 days, last on ").count(),
        2,
        "{}",
        form.body
    );
    let fields = |threshold, enabled, try_it| {
        [
            ("enabled", enabled),
            ("threshold", threshold),
            ("min_count", "1"),
            ("window_days", "1"),
            ("severity", "HIGH"),
            ("try", try_it),
        ]
    };
    for (threshold, enabled, words) in [
        ("170", "true", "<b>Would have fired 3 times for this patient"),
        ("188", "true", "<b>Would have fired once for this patient"),
        ("195", "true", "<b>Would not have fired for this patient in 90 days."),
        ("170", "", "<b>Is not at work here. If it were: Would have fired 3 times"),
    ] {
        let tried = clinician.post(&path, &fields(threshold, enabled, "true")).await;
        assert_eq!(tried.status, StatusCode::OK);
        assert!(tried.body.contains(words), "{threshold}: {}", tried.body);
        assert_eq!(tried.field("threshold"), threshold, "what was typed stays");
        assert!(tried.body.contains("The rule without this exception: Would have fired 2 times"), "{}", tried.body);
    }
    assert_eq!(clinician.post(&path, &fields("400", "true", "true")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let place = "/rules/01900000-0000-7000-8fe0-000000000001/facilities/01900000-0000-7000-8002-000000000001";
    let tried = clinician.post(place, &fields("170", "true", "true")).await;
    assert!(
        tried.body.contains(" patients in 90 days") || tried.body.contains(" patient in 90 days"),
        "{}",
        tried.body
    );
    assert_eq!(ask(&portal, exceptions).await, before, "nothing is kept");
    assert_eq!(clinician.post(&path, &fields("170", "true", "")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(ask(&portal, exceptions).await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_read_rules_or_nothing_of_them_and_the_organizations_are_changed_by_who_reaches_all() {
    let portal = Portal::start().await;
    let rule = "/rules/01900000-0000-7000-8fe0-000000000001";
    for role in ["assistant", "manager"] {
        let browser = portal.sign_in(role).await;
        assert_eq!(browser.get(rule).await.status, StatusCode::OK, "{role}");
        assert_eq!(
            browser.post(&format!("{rule}/off"), &[("row_version", "1")]).await.status,
            StatusCode::FORBIDDEN,
            "{role}"
        );
    }
    for role in ["carer", "owner", "admin", "clerk"] {
        assert_eq!(portal.sign_in(role).await.get("/rules").await.status, StatusCode::FORBIDDEN, "{role}");
    }
    let clinician = portal.sign_in("clinician").await;
    let page = clinician.get(rule).await;
    assert!(!page.body.contains("Switch off"), "{}", page.body);
    assert_eq!(clinician.post(&format!("{rule}/off"), &[("row_version", "1")]).await.status, StatusCode::CONFLICT);

    let house = House::build(&portal).await;
    let everywhere = house.person(&portal, Role::Clinician, None).await;
    let own = made(&everywhere, &typed("Everywhere", "")).await;
    assert_eq!(everywhere.post(&format!("{own}/on"), &[("row_version", "1")]).await.location(), own);
    assert_eq!(clinician.get(&own).await.status, StatusCode::NOT_FOUND, "another organization's");
}
