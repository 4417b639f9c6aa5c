//! The chart of one patient.

use reqwest::StatusCode;
use uuid::Uuid;

use crate::patients::{ask, okafor};
use crate::support::Portal;

#[tokio::test(flavor = "multi_thread")]
async fn every_section_shows_who_it_is_about_and_is_one_event_in_the_audit() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    let sections = [
        "",
        "/alerts",
        "/details",
        "/allergies",
        "/conditions",
        "/flags",
        "/contacts",
        "/coverage",
        "/care-team",
        "/documents",
        "/access-log",
        "/print",
    ];
    for (count, section) in sections.iter().enumerate() {
        let page = clinician.get(&format!("/patients/{id}{section}")).await;
        assert_eq!(page.status, StatusCode::OK, "{section}: {}", page.body);
        assert!(page.text(".pban").contains("OKAFOR, Adaeze"), "{section}");
        assert!(page.text(".pban .alg").contains("penicillin"), "{section}: {}", page.text(".pban .alg"));
        assert!(!page.text("title").to_lowercase().contains("okafor"), "no name in titles");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        let views = format!(
            "SELECT count(*) FROM audit_event WHERE patient_id = '{id}' AND action IN ('VIEW', 'PRINT') AND actor_kind = 'USER' AND request_id IS NOT NULL AND at > now() - interval '1 minute'"
        );
        assert_eq!(ask(&portal, &views).await, i64::try_from(count).unwrap() + 1, "{section}");
    }
    assert!(clinician.get(&format!("/patients/{id}/access-log")).await.body.contains("Printed the chart"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_section_is_a_tab_or_in_the_menu_and_the_open_one_a_tab() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    for (section, label) in [("", "Summary"), ("/documents", "Documents"), ("/access-log", "Access log")] {
        let page = clinician.get(&format!("/patients/{id}{section}")).await;
        let names = "nav[aria-label='Chart sections']";
        assert_eq!(page.texts(&format!("{names} > a[aria-current='page']")), [label]);
        let (tabs, menu) = (page.texts(&format!("{names} > a")), page.texts(&format!("{names} .pop > a")));
        assert_eq!(tabs.len(), if section == "/access-log" { 9 } else { 8 }, "{tabs:?}");
        let narrow = page.texts(&format!("{names} .pop .more a"));
        assert!(tabs.iter().all(|tab| !menu.contains(tab)), "{menu:?}");
        assert!(narrow.iter().all(|only_there| tabs.contains(only_there)), "{narrow:?}");
        assert_eq!(tabs.len() + menu.len(), 18, "{tabs:?} {menu:?}");
        assert_eq!(page.texts(&format!("{names} > a.w")).len(), narrow.len(), "a phone has the same in its menu");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_seen_answers_like_what_does_not_exist() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let nobody = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);
    let stranger = portal.visitor();
    stranger.sign_in("clinician@southgate.example.com").await;
    for section in ["", "/details", "/edit", "/allergies", "/print", "/status", "/deletion"] {
        let theirs = stranger.get(&format!("/patients/{id}{section}")).await;
        let none = stranger.get(&format!("/patients/{nobody}{section}")).await;
        assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{section}");
        assert_eq!(theirs.body_without_ids(), none.body_without_ids(), "{section}");
    }
    assert_eq!(stranger.get("/patients/not-an-id").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_a_chart_is_told_that_somebody_else_changed_it() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let (clinician, assistant) = (portal.sign_in("clinician").await, portal.sign_in("assistant").await);
    let page = clinician.get(&format!("/patients/{id}/allergies")).await;
    let trigger = page.attributes("#chart-changed", "hx-trigger").remove(0);
    assert!(trigger.starts_with(&format!("chart-changed-{id} from:body")), "{trigger}");
    let ask = page.attributes("#chart-changed", "hx-get").remove(0);
    let views = "SELECT count(*) FROM audit_event WHERE action = 'VIEW'";
    let before = crate::patients::ask(&portal, views).await;
    let words = async |browser: &crate::support::Browser| browser.hx_get(&ask).await.texts("a.fresh").concat();
    assert_eq!(words(&clinician).await, "");
    assistant.get(&format!("/patients/{id}")).await;
    assert_eq!(words(&clinician).await, "", "looking changes nothing");
    let allergy = [("substance", "iodine"), ("severity", "MILD"), ("status", "ACTIVE")];
    let saved = assistant.post(&format!("/patients/{id}/allergies"), &allergy).await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{}", saved.body);
    assert!(words(&clinician).await.contains("Changed while you were reading"));
    assert_eq!(words(&assistant).await, "", "they know what they did");
    assert!(crate::patients::ask(&portal, views).await <= before + 2, "asking is no view");
    let stranger = portal.visitor();
    stranger.sign_in("clinician@southgate.example.com").await;
    assert_eq!(stranger.hx_get(&ask).await.status, StatusCode::NOT_FOUND);
    assert_eq!(clinician.hx_get(&format!("/patients/{id}/newer?since=x")).await.status, StatusCode::BAD_REQUEST);
}

/// A section, what is typed there, the field that must not be empty, and what the list shows.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str);

#[tokio::test(flavor = "multi_thread")]
async fn small_records_are_added_once_changed_and_removed() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    let cases: [Case; 5] = [
        (
            "allergies",
            &[("substance", "Latex test"), ("reaction", "hives"), ("severity", "MILD"), ("status", "ACTIVE")],
            "substance",
            "Latex test",
        ),
        (
            "conditions",
            &[
                ("text", "Gout test"),
                ("status", "ACTIVE"),
                ("onset_day", "1"),
                ("onset_month", "2"),
                ("onset_year", "2020"),
            ],
            "text",
            "Gout test",
        ),
        ("flags", &[("code", "HEARING_IMPAIRED"), ("note", "left ear")], "code", "Hard of hearing"),
        (
            "contacts",
            &[("name", "Emeka Test"), ("relationship", "son"), ("phone", "020 7946 0111"), ("is_emergency", "true")],
            "name",
            "Emeka Test",
        ),
        ("coverage", &[("payer", "Test Mutual"), ("member_id", "M 12")], "payer", "Test Mutual"),
    ];
    for (section, fields, required, shown) in cases {
        let path = format!("/patients/{id}/{section}");
        let page = clinician.get(&path).await;
        let key = page.field("idempotency_key");
        let before = page.attributes("#list li a", "href").len();
        let empty = clinician.post(&path, &[("idempotency_key", &key)]).await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY, "{section}");
        assert!(
            empty.attributes("#errors a", "href").contains(&format!("#{required}")),
            "{section}: {}",
            empty.text("#errors")
        );
        let mut form = fields.to_vec();
        form.push(("idempotency_key", &key));
        for _ in 0..2 {
            let added = clinician.post(&path, &form).await;
            assert_eq!(added.status, StatusCode::SEE_OTHER, "{section}: {}", added.body);
        }
        let list = clinician.get(&path).await;
        assert!(list.text("#list").contains(shown), "{section}: {}", list.text("#list"));
        assert_eq!(list.attributes("#list li a", "href").len(), before + 1, "{section}: sent twice, made once");
        let entry = format!("{path}/{key}");
        let version = clinician.get(&entry).await.field("row_version");
        form.push(("row_version", &version));
        assert_eq!(clinician.post(&entry, &form).await.status, StatusCode::SEE_OTHER, "{section}");
        let stale = clinician.post(&entry, &form).await;
        assert_eq!(stale.status, StatusCode::CONFLICT, "{section}");
        let version = clinician.get(&entry).await.field("row_version");
        let removed = clinician.post(&format!("{entry}/removal"), &[("row_version", &version)]).await;
        assert_eq!(removed.status, StatusCode::SEE_OTHER, "{section}: {}", removed.body);
        assert_eq!(clinician.get(&entry).await.status, StatusCode::NOT_FOUND, "{section}");
        let events = format!(
            "SELECT count(*) FROM audit_event WHERE resource_id = '{key}' AND action IN ('CREATE', 'UPDATE', 'DELETE')"
        );
        assert_eq!(ask(&portal, &events).await, 3, "{section}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_clinicians_write_problems() {
    let portal = Portal::start().await;
    let path = format!("/patients/{}/conditions", okafor(&portal).await);
    let assistant = portal.sign_in("assistant").await;
    let page = assistant.get(&path).await;
    assert!(page.status == StatusCode::OK && !page.body.contains("Add problem"));
    let reply = assistant.post(&path, &[("text", "Gout"), ("status", "ACTIVE")]).await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_on_allergies_follows_its_list() {
    let portal = Portal::start().await;
    let id = okafor(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    let path = format!("/patients/{id}/allergies");
    let refused = clinician.post(&format!("/patients/{id}/allergy-status"), &[("row_version", "1")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "listed allergies are not wiped by a word");
    for entry in clinician.get(&path).await.attributes("#list li a", "href") {
        let version = clinician.get(&entry).await.field("row_version");
        let reply = clinician.post(&format!("{entry}/removal"), &[("row_version", &version)]).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER);
    }
    let page = clinician.get(&path).await;
    assert!(page.text(".alg").contains("not recorded"), "{}", page.text(".alg"));
    let version = page.field("row_version");
    let said = clinician.post(&format!("/patients/{id}/allergy-status"), &[("row_version", &version)]).await;
    assert_eq!(said.status, StatusCode::SEE_OTHER, "{}", said.body);
    assert!(clinician.get(&path).await.text(".alg").contains("No known allergies"));
}
