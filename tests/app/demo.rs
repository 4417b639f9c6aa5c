//! The demo data: what it holds, what it hides, and where it does not go.

use almoner::db;
use almoner::demo::{self, Outcome};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::support::{PASSWORD, Portal, run};

/// Open alerts that Dr Haas may see.
const OPEN: &str = "SELECT count(*) FROM alert JOIN app_user AS u ON u.email = 'clinician@example.com' AND u.organization_id = alert.organization_id
                    WHERE is_open AND facility_id IS NOT NULL";

/// The superuser of the portal's database.
fn admin_options(portal: &Portal) -> PgConnectOptions {
    (*portal.admin.connect_options()).clone()
}

async fn count(portal: &Portal, sql: &'static str) -> i64 {
    #[expect(clippy::disallowed_methods, reason = "tests look past the application")]
    sqlx::query_scalar(sql).fetch_one(&portal.admin).await.expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_looks_like_a_busy_morning() {
    let portal = Portal::start().await;
    let counted = |and: &str| -> &'static str { Box::leak(format!("{OPEN} {and}").into_boxed_str()) };
    assert_eq!(count(&portal, OPEN).await, 31);
    assert_eq!(count(&portal, counted("AND severity = 'CRITICAL'")).await, 3);
    assert_eq!(count(&portal, counted("AND assignee_id = u.id")).await, 7);
    assert_eq!(count(&portal, counted("AND assignee_id IS NULL")).await, 12);
    assert_eq!(count(&portal, counted("AND alert.status = 'SNOOZED'")).await, 4);
    assert_eq!(count(&portal, counted("AND patient_id IS NULL")).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn filling_again_changes_nothing() {
    let portal = Portal::start().await;
    let admin = admin_options(&portal);
    let before = count(&portal, "SELECT count(*) FROM audit_event").await;
    assert_eq!(demo::fill(&portal.app, &admin).await.expect("it is the demo"), Outcome::WasThere);
    assert_eq!(count(&portal, "SELECT count(*) FROM audit_event").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_holds_anything_else_is_left_alone() {
    let portal = Portal::start().await;
    let name = format!("{}_other", portal.database_name());
    run(&portal.admin, &format!("CREATE DATABASE {name}")).await;
    let options = admin_options(&portal).database(&name);
    db::migrate(options.clone()).await.expect("the migrations run");
    let mut conn = options.connect().await.expect("a connection");
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    sqlx::query("INSERT INTO organization (id, name) VALUES (gen_random_uuid(), 'A real one')")
        .execute(&mut conn)
        .await
        .expect("a row");
    let refused = demo::fill(&portal.app, &options).await.expect_err("it is not the demo");
    assert!(refused.to_string().contains("empty database only"), "{refused}");
    #[expect(clippy::disallowed_methods, reason = "tests look past the application")]
    let people: i64 = sqlx::query_scalar("SELECT count(*) FROM app_user").fetch_one(&mut conn).await.expect("a number");
    assert_eq!(people, 0);
    conn.close().await.expect("closed");
    run(&portal.admin, &format!("DROP DATABASE {name}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_demo_account_signs_in() {
    let portal = Portal::start().await;
    #[expect(clippy::disallowed_methods, reason = "tests look past the application")]
    let emails: Vec<String> = sqlx::query_scalar("SELECT email FROM app_user WHERE status = 'ACTIVE' ORDER BY email")
        .fetch_all(&portal.admin)
        .await
        .expect("accounts");
    assert_eq!(emails.len(), 24);
    for email in emails {
        let reply = portal.visitor().post("/sign-in", &[("email", email.as_str()), ("password", PASSWORD)]).await;
        assert_eq!(reply.status, 303, "{email}: {}", reply.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_protected_is_nowhere_in_clear() {
    let portal = Portal::start().await;
    // Every row of every table as text, with byte strings as the text they might hold.
    let words = [
        "1042331",
        "104 2331",
        "7946 0472",
        "442079460472",
        "marisol.reyes@example.org",
        "Elm Walk",
        "Chidi Okafor",
        "ALB-4",
        "demo-secret",
        "passing urine",
        "Carmen Ortiz",
    ];
    #[expect(clippy::disallowed_methods, reason = "tests look past the application")]
    let tables: Vec<String> = sqlx::query_scalar("SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'facility'")
        .fetch_all(&portal.admin)
        .await
        .expect("tables");
    assert!(tables.len() > 15, "{tables:?}");
    for table in tables {
        for word in words {
            let hex = hex::encode(word);
            let sql =
                format!("SELECT count(*) FROM {table} AS t WHERE t::text LIKE '%{word}%' OR t::text LIKE '%{hex}%'");
            #[expect(clippy::disallowed_methods, reason = "tests look past the application")]
            let found: i64 = sqlx::query_scalar(&sql).fetch_one(&portal.admin).await.expect("a number");
            assert_eq!(found, 0, "{word} is in {table}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_record_number_in_two_organizations_has_two_indexes() {
    let portal = Portal::start().await;
    let same = "SELECT count(DISTINCT medical_record_number_bidx) FROM patient WHERE id IN ('01900000-0000-7000-8006-000000000001', '01900000-0000-7000-8006-000000000091')";
    assert_eq!(count(&portal, same).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_of_the_migrations_is_enough_to_fill_it() {
    let portal = Portal::start().await;
    let name = format!("{}_empty", portal.database_name());
    run(&portal.admin, &format!("CREATE DATABASE {name}")).await;
    let options = admin_options(&portal).database(&name);
    db::migrate(options.clone()).await.expect("the migrations run");
    let migrator = options.username("almoner_migrator");
    assert_eq!(demo::fill(&portal.app, &migrator).await.expect("filled"), Outcome::Filled);
    run(&portal.admin, &format!("DROP DATABASE {name}")).await;
}
