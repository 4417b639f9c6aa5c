//! Invitations: the letter, the link, and what staff do about access afterwards.

use reqwest::StatusCode;

use super::{as_person, demo};
use crate::support::{Browser, PASSWORD, Portal, Reply, run};

const SENTENCE: &str = "seven purple herons by the canal";

async fn invite(staff: &Browser, patient: u32, fields: &[(&str, &str)]) -> Reply {
    let own = if fields.len() == 1 { "?who=self" } else { "" };
    staff.post(&format!("/patients/{}/portal/new{own}", demo(6, patient)), fields).await
}

/// The path of the link in a letter.
fn link(letter: &Reply) -> String {
    let address = letter.text(".link");
    address.find("/invitation/").map_or_else(|| panic!("no link: {}", letter.body), |at| address[at..].to_owned())
}

fn answer<'a>(day: &'a str, month: &'a str, year: &'a str, password: &'a str) -> [(&'a str, &'a str); 4] {
    [("date_of_birth_day", day), ("date_of_birth_month", month), ("date_of_birth_year", year), ("password", password)]
}

const PROXY: [(&str, &str); 6] = [
    ("first_name", "Karin"),
    ("last_name", "Lindqvist"),
    ("email", "karin@example.com"),
    ("relationship", "PARTNER"),
    ("scope_visits", "true"),
    ("scope_details", "true"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_is_invited_accepts_once_and_sees_their_own_pages() {
    let portal = Portal::start().await;
    let staff = portal.sign_in("assistant").await;
    let letter = invite(&staff, 2, &[("email", "Bo.Lindqvist@Example.com")]).await;
    assert_eq!(letter.status, StatusCode::OK, "{}", letter.body);
    assert!(letter.header("cache-control").is_some_and(|value| value.contains("no-store")));
    let link = link(&letter);
    let visitor = portal.visitor();
    let page = visitor.get(&link).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Northgate Clinic") && page.body.contains("bo.lindqvist@example.com"));
    assert!(!page.body.contains("LINDQVIST") && !page.body.contains("Lindqvist"), "the link alone names no patient");
    // A weak password costs no attempt; a wrong day does.
    for (day, month, year, password, field) in [
        ("2", "3", "1952", "short", "password"),
        ("", "", "", SENTENCE, "date_of_birth"),
        ("31", "2", "1952", SENTENCE, "date_of_birth"),
        ("3", "3", "1952", SENTENCE, "date_of_birth"),
    ] {
        let refused = visitor.post(&link, &answer(day, month, year, password)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{day} {password}");
        assert!(refused.attributes(".esum a", "href").contains(&format!("#{field}")), "{}", refused.text(".esum"));
        assert!(!refused.body.contains(SENTENCE), "no password comes back");
    }
    let done = visitor.post(&link, &answer("2", "March", "1952", SENTENCE)).await;
    assert!(done.body.contains("You are ready"), "{}", done.body);
    assert_eq!(visitor.get(&link).await.status, StatusCode::NOT_FOUND, "good once");
    assert_eq!(visitor.post(&link, &answer("2", "3", "1952", SENTENCE)).await.status, StatusCode::NOT_FOUND);
    let signed_in = visitor.post("/sign-in", &[("email", "bo.lindqvist@example.com"), ("password", SENTENCE)]).await;
    assert_eq!(signed_in.status, StatusCode::SEE_OTHER);
    let home = visitor.get("/my").await;
    assert!(home.text("h1").contains("Bo"), "{}", home.text("h1"));
    let kept = sqlx::query!(
        r#"SELECT (SELECT COUNT(*) FROM status_change WHERE subject_kind = 'portal_account' AND patient_id = $1) AS "moves!",
                  (SELECT COUNT(*) FROM audit_event WHERE resource_type = 'portal_account' AND patient_id = $1) AS "events!""#,
        demo(6, 2).parse::<uuid::Uuid>().unwrap(),
    );
    let kept = kept.fetch_one(&portal.admin).await.unwrap();
    assert_eq!((kept.moves, kept.events), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_answers_an_old_letter_and_a_new_one() {
    let portal = Portal::start().await;
    let staff = portal.sign_in("assistant").await;
    let first = link(&invite(&staff, 2, &PROXY).await);
    let visitor = portal.visitor();
    for _ in 0..5 {
        assert!([422, 404].contains(&visitor.post(&first, &answer("1", "1", "1950", SENTENCE)).await.status.as_u16()));
    }
    assert_eq!(visitor.post(&first, &answer("2", "3", "1952", SENTENCE)).await.status, StatusCode::NOT_FOUND);
    let list = staff.get(&format!("/patients/{}/portal", demo(6, 2))).await;
    assert!(list.body.contains("make a new one"));
    let account = list.attributes("ul.req a", "href").pop().unwrap();
    let second = link(&staff.post(&format!("{account}/letter"), &[]).await);
    let third = link(&staff.post(&format!("{account}/letter"), &[]).await);
    assert_eq!(visitor.get(&second).await.status, StatusCode::NOT_FOUND, "a newer letter was made");
    run(&portal.admin, "UPDATE portal_invitation SET expires_at = now() - INTERVAL '1 second' WHERE withdrawn_at IS NULL AND used_at IS NULL").await;
    assert_eq!(visitor.get(&third).await.status, StatusCode::NOT_FOUND, "too old");
    let fourth = link(&staff.post(&format!("{account}/letter"), &[]).await);
    assert!(visitor.post(&fourth, &answer("2", "3", "1952", SENTENCE)).await.body.contains("You are ready"));
    assert_eq!(staff.post(&format!("{account}/letter"), &[]).await.status, StatusCode::CONFLICT, "accepted already");
    for nonsense in ["/invitation/x", "/invitation/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(visitor.get(nonsense).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_with_an_account_proves_the_password_they_have() {
    let portal = Portal::start().await;
    let staff = portal.sign_in("assistant").await;
    let mut fields = PROXY;
    fields[2] = ("email", "rosa.lopez@example.com");
    let link = link(&invite(&staff, 2, &fields).await);
    let visitor = portal.visitor();
    for (year, password) in [("1952", SENTENCE), ("1953", PASSWORD)] {
        let refused = visitor.post(&link, &answer("2", "3", year, password)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text(".esum").contains("date of birth or the password"), "which of them is not told");
    }
    assert!(visitor.post(&link, &answer("2", "3", "1952", PASSWORD)).await.body.contains("You are ready"));
    let mother = as_person(&portal, "rosa.lopez@example.com").await;
    assert_eq!(mother.get("/my/switch").await.texts(".people b").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_that_cannot_be_are_refused_with_what_was_typed() {
    let portal = Portal::start().await;
    let staff = portal.sign_in("assistant").await;
    for (index, value, field) in [(0, "", "first_name"), (2, "nobody", "email"), (3, "SELF", "relationship")] {
        let mut fields = PROXY;
        fields[index].1 = value;
        let refused = invite(&staff, 2, &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(refused.attributes(".esum a", "href").contains(&format!("#{field}")));
        assert_eq!(refused.field("last_name"), "Lindqvist");
    }
    // An address of another organization: its existence is all that can be told.
    let mut fields = PROXY;
    fields[2].1 = "clinician@southgate.example.com";
    let refused = invite(&staff, 2, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.field("first_name"), "Karin");
    // Twice the same person.
    assert_eq!(invite(&staff, 2, &PROXY).await.status, StatusCode::OK);
    assert_eq!(invite(&staff, 2, &PROXY).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    // The patient has an account, or no date of birth.
    assert_eq!(invite(&staff, 4, &[("email", "another@example.com")]).await.status, StatusCode::CONFLICT);
    assert_eq!(invite(&staff, 41, &PROXY).await.status, StatusCode::CONFLICT);
    // Not theirs to give.
    assert_eq!(invite(&portal.sign_in("clinician").await, 2, &PROXY).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_stop_and_end_access_at_once_with_a_reason() {
    let portal = Portal::start().await;
    let staff = portal.sign_in("assistant").await;
    let daughter = as_person(&portal, "margaret.whitfield@example.com").await;
    assert_eq!(daughter.get("/my/details").await.status, StatusCode::OK);
    let account = format!("/patients/{}/portal/{}", demo(6, 6), demo(10, 75));
    let version = staff.get(&account).await.field("row_version");
    let without = staff.post(&format!("{account}/status"), &[("status", "SUSPENDED"), ("row_version", &version)]).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    let why = ("reason", "The family asked us to wait.");
    let suspend = [("status", "SUSPENDED"), ("row_version", &version), why];
    assert_eq!(staff.post(&format!("{account}/status"), &suspend).await.status, StatusCode::SEE_OTHER);
    assert_eq!(daughter.get("/my/details").await.status, StatusCode::NOT_FOUND, "at the next click");
    // A stale form is told so, and keeps the reason.
    let stale =
        staff.post(&format!("{account}/status"), &[("status", "REVOKED"), ("row_version", &version), why]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("The family asked us to wait."));
    let version = staff.get(&account).await.field("row_version");
    let again = [("status", "ACTIVE"), ("row_version", version.as_str())];
    assert_eq!(staff.post(&format!("{account}/status"), &again).await.status, StatusCode::SEE_OTHER);
    assert_eq!(daughter.get("/my/details").await.status, StatusCode::OK);
    // Fewer things to see, from now on.
    let version = staff.get(&account).await.field("row_version");
    let fewer = [("scope_visits", "true"), ("row_version", version.as_str())];
    assert_eq!(staff.post(&account, &fewer).await.status, StatusCode::SEE_OTHER);
    assert_eq!(daughter.get("/my/details").await.status, StatusCode::NOT_FOUND);
    assert_eq!(daughter.get("/my").await.status, StatusCode::OK);
    let version = staff.get(&account).await.field("row_version");
    assert_eq!(
        staff.post(&account, &[("row_version", version.as_str())]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let revoke = [("status", "REVOKED"), ("row_version", version.as_str()), why];
    assert_eq!(staff.post(&format!("{account}/status"), &revoke).await.status, StatusCode::SEE_OTHER);
    assert!(daughter.get("/my").await.body.contains("Nothing to show yet"));
    let back = [("status", "ACTIVE"), ("row_version", "9")];
    assert_eq!(
        staff.post(&format!("{account}/status"), &back).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "for good"
    );
    // Invited again, she starts anew.
    let fields = [
        ("first_name", "Margaret"),
        ("last_name", "Whitfield"),
        ("email", "margaret.whitfield@example.com"),
        ("relationship", "CARER"),
        ("scope_visits", "true"),
    ];
    assert_eq!(invite(&staff, 6, &fields).await.status, StatusCode::OK);
    // The account of one patient cannot be reached through the chart of another.
    let other = format!("/patients/{}/portal/{}", demo(6, 4), demo(10, 75));
    assert_eq!(staff.get(&other).await.status, StatusCode::NOT_FOUND);
}
