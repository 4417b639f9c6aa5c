//! What the record says of a patient's health, in plain words; and the list of who opened it.

use reqwest::StatusCode;

use super::{as_person, demo};
use crate::support::{Portal, run};

#[tokio::test(flavor = "multi_thread")]
async fn problems_and_allergies_are_told_in_plain_words_to_those_who_may_know() {
    let portal = Portal::start().await;
    let (organization, patient) = (demo(1, 1), demo(6, 4));
    run(
        &portal.admin,
        &format!(
            "INSERT INTO condition (organization_id, id, patient_id, text, status, onset) VALUES
           ('{organization}', gen_random_uuid(), '{patient}', 'Broken <b>arm</b>', 'RESOLVED', '2001-03-02'),
           ('{organization}', gen_random_uuid(), '{patient}', 'Entered by mistake', 'ENTERED_IN_ERROR', NULL);
         INSERT INTO allergy (organization_id, id, patient_id, substance, reaction, severity) VALUES
           ('{organization}', gen_random_uuid(), '{patient}', 'Peanuts', 'Swelling of the throat', 'SEVERE')"
        ),
    )
    .await;
    let page = portal.sign_in("patient").await.get("/my/health").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text("[aria-labelledby=allergies]").contains("Peanuts"));
    assert!(page.text("[aria-labelledby=allergies]").contains("Can be dangerous"));
    assert!(page.text("[aria-labelledby=problems] details").contains("Broken <b>arm</b>"), "markup is text");
    assert!(!page.body.contains("Entered by mistake"));
    assert!(page.body.contains("tel:999"));
    // A brother with visits and messages, and a daughter without results, do not get there.
    for email in ["rafael.reyes@example.com", "margaret.whitfield@example.com"] {
        let person = as_person(&portal, email).await;
        assert_eq!(person.get("/my/health").await.status, StatusCode::NOT_FOUND, "{email}");
        assert!(!person.get("/my").await.body.contains("/my/health"), "{email}");
    }
    // The mother's look at it is in the list of the child's record.
    let mother = as_person(&portal, "rosa.lopez@example.com").await;
    mother.post("/my/switch", &[("patient", &demo(6, 50))]).await;
    assert!(mother.get("/my/health").await.text("h1").contains("Amina Khan"));
    let log = portal.sign_in("compliance").await.get(&format!("/patients/{}/access-log", demo(6, 50))).await;
    assert!(log.body.contains("Rosa Lopez"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_accesses_goes_back_page_by_page_and_loses_nothing() {
    let portal = Portal::start().await;
    let patient = demo(6, 26);
    run(
        &portal.admin,
        &format!(
        "INSERT INTO audit_event (organization_id, actor_kind, actor_id, acting_role, action, resource_type, patient_id)
         SELECT '{}', 'USER', '{}', 'CLINICIAN', 'VIEW', 'patient', '{patient}' FROM generate_series(1, 120)",
        demo(1, 1),
        demo(3, 1)
    ),
    )
    .await;
    let father = as_person(&portal, "jonathan.bell@example.com").await;
    let mut path = "/my/access".to_owned();
    let mut seen = Vec::new();
    for _ in 0..10 {
        let page = father.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        let entries = page.texts("section.card ul.rows li");
        assert!(entries.len() <= 50);
        seen.extend(entries);
        match page.attributes("a.btn.wide", "href").into_iter().find(|link| link.contains("before=")) {
            Some(older) => path = older,
            None => break,
        }
    }
    let opened = seen.iter().filter(|one| one.contains("Dr Miriam Haas") && one.contains("Opened your record")).count();
    assert_eq!(opened, 120);
    // Nonsense is the first page; nobody else's list is reached by it.
    for odd in ["x", "-1", "99999999999999999999999", "9223372036854775807"] {
        assert_eq!(father.get(&format!("/my/access?before={odd}")).await.status, StatusCode::OK, "{odd}");
    }
}
