//! The portal: whom the pages are about, what proxies see, who invited whom, and changes that patients ask for.

use reqwest::StatusCode;
use sqlx::PgConnection;

use crate::support::{Browser, Portal};

mod changes;
mod health;
mod invitations;
mod people;
mod proxies;

/// A browser signed in as an account of the demo.
async fn as_person(portal: &Portal, email: &str) -> Browser {
    let browser = portal.visitor();
    browser.sign_in(email).await;
    browser
}

/// The id of a demo record: `demo(6, 20)` is patient 20.
fn demo(kind: u32, number: u32) -> String {
    format!("01900000-0000-7000-8{kind:03}-{number:012}")
}

/// Takes the place of a person of the demo's first organization, as the application does.
async fn become_them(conn: &mut PgConnection, user: u32, role: &str, facilities: &str) {
    let context = format!("{}|{}|{role}|{facilities}", demo(1, 1), demo(3, user));
    crate::support::run(&mut *conn, "BEGIN").await;
    crate::support::run(&mut *conn, &format!("SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{context}'")).await;
}

/// The number that a statement answers.
async fn number(conn: &mut PgConnection, sql: &str) -> i64 {
    #[expect(clippy::disallowed_methods, reason = "tests say what they please")]
    sqlx::query_scalar(sql).fetch_one(conn).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The code with which the database refuses a statement; empty where it does not. Nothing is left of either.
async fn refusal(conn: &mut PgConnection, sql: &str) -> String {
    crate::support::run(&mut *conn, "SAVEPOINT attempt").await;
    #[expect(clippy::disallowed_methods, reason = "tests say what they please")]
    let result = sqlx::raw_sql(sql).execute(&mut *conn).await;
    crate::support::run(&mut *conn, "ROLLBACK TO attempt").await;
    match result {
        Ok(_) => String::new(),
        Err(error) => error.as_database_error().and_then(|error| error.code().map(Into::into)).unwrap_or_default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_with_several_patients_chooses_and_sees_whom_they_look_at() {
    let portal = Portal::start().await;
    let mother = as_person(&portal, "rosa.lopez@example.com").await;
    // Nobody is chosen for her.
    assert_eq!(mother.get("/my").await.location(), "/my/switch");
    let choices = mother.get("/my/switch").await;
    assert_eq!(choices.texts(".people b"), ["Amina Khan", "Mateo Lopez"]);
    for (child, name) in [(50, "Amina Khan"), (51, "Mateo Lopez")] {
        let switched = mother.post("/my/switch", &[("patient", &demo(6, child))]).await;
        assert_eq!(switched.location(), "/my");
        for page in ["/my", "/my/access", "/my/details"] {
            let page = mother.get(page).await;
            assert_eq!(page.status, StatusCode::OK);
            assert_eq!(page.text(".whom b"), name);
        }
    }
    // Somebody else's patient cannot be chosen; nor can nobody.
    for other in [demo(6, 1), demo(6, 91), "x".to_owned(), String::new()] {
        assert_eq!(mother.post("/my/switch", &[("patient", &other)]).await.status, StatusCode::NOT_FOUND, "{other}");
    }
    assert_eq!(mother.get("/my").await.text(".whom b"), "Mateo Lopez");
    // A second browser of hers starts anew.
    let second = as_person(&portal, "rosa.lopez@example.com").await;
    assert_eq!(second.get("/my").await.location(), "/my/switch");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_patient_alone_sees_no_banner_and_a_proxy_always_does() {
    let portal = Portal::start().await;
    assert!(portal.sign_in("patient").await.get("/my").await.texts(".whom").is_empty());
    let daughter = as_person(&portal, "margaret.whitfield@example.com").await;
    let page = daughter.get("/my").await;
    assert_eq!(page.text(".whom b"), "George Whitfield");
    assert!(!page.body.contains("/my/switch"), "there is nobody else to look at");
    // A father who is a patient too starts with himself.
    let father = as_person(&portal, "jonathan.bell@example.com").await;
    assert!(father.get("/my").await.text(".whom").contains("Jonathan Bell (you)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_does_says_for_whom() {
    let portal = Portal::start().await;
    let daughter = as_person(&portal, "margaret.whitfield@example.com").await;
    assert_eq!(daughter.get("/my/details").await.status, StatusCode::OK);
    let said = sqlx::query_scalar!(
        r#"SELECT details ->> 'acting_for' FROM audit_event WHERE actor_id = $1 AND patient_id = $2 ORDER BY seq DESC LIMIT 1"#,
        demo(3, 73).parse::<uuid::Uuid>().unwrap(),
        demo(6, 6).parse::<uuid::Uuid>().unwrap(),
    );
    assert_eq!(said.fetch_one(&portal.admin).await.unwrap().as_deref(), Some("CARER"));
    // Staff read it in the chart, and a patient reads it of themselves.
    let log = portal.sign_in("compliance").await.get(&format!("/patients/{}/access-log", demo(6, 6))).await;
    assert!(log.body.contains("Margaret Whitfield") && log.body.contains("Carer, for the patient"));
    let brother = as_person(&portal, "rafael.reyes@example.com").await;
    assert_eq!(brother.get("/my").await.status, StatusCode::OK);
    let page = portal.sign_in("patient").await.get("/my/access").await;
    let entries = page.texts("ul.rows li");
    assert!(
        entries.iter().any(|entry| entry.contains("Rafael Reyes") && entry.contains("Looked at these pages for you")),
        "{entries:#?}"
    );
    let people = portal.sign_in("patient").await.get("/my/people").await;
    assert!(people.text("[aria-labelledby=now]").contains("Rafael Reyes"));
}
