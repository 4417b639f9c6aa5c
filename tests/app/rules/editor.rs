//! The editor of rules: made, tried, switched on, changed, excepted; and what nobody may.

use almoner::access::Role;
use reqwest::StatusCode;

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
        list.contains("If oxygen saturation is below 90 % in 2 readings within 1 day, raise a CRITICAL alert."),
        "{list}"
    );

    let form = clinician.get("/rules/new").await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(!form.body.contains(">Everywhere<"), "rules of the organization are not theirs");
    let rule = made(&clinician, &typed("Tried", clinic)).await;
    let page = clinician.get(&rule).await;
    assert!(
        page.body
            .contains("If systolic blood pressure is above 160 mmHg in 2 readings within 3 days, raise a HIGH alert.")
    );
    assert!(page.body.contains("Version 1") && page.body.contains("Call today."), "{}", page.body);

    let tried = clinician.get(&format!("{rule}/dry-run")).await;
    assert!(tried.body.contains("Would have fired once for 1 patient in 90 days"), "{}", tried.body);
    assert!(tried.body.contains("OKAFOR"), "{}", tried.body);
    let views = "SELECT count(*) FROM audit_event WHERE resource_type = 'clinical_rule' AND action = 'VIEW' AND details ? 'dry_run' AND cardinality(patient_ids) = 1";
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

    let place = format!("/rules/{rule}/facilities/01900000-0000-7000-8002-000000000002");
    assert_eq!(clinician.get(&place).await.status, StatusCode::OK);
    assert_eq!(clinician.post(&place, &fields("85")).await.location(), format!("/rules/{rule}"));
    assert!(clinician.get(&format!("/rules/{rule}")).await.body.contains("below 85 %"));
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
