//! Reading the audit, sealing it, and noticing what was changed afterwards.

use std::sync::Arc;

use almoner::app::App;
use almoner::audit;
use almoner::audit::cli::{self, AuditCommand};
use almoner::ids::OrganizationId;
use clap::Parser;
use reqwest::StatusCode;

use crate::support::Portal;

#[derive(Parser)]
struct Command {
    #[command(subcommand)]
    command: AuditCommand,
}

/// The application with a data directory of its own, where the heads go.
fn with_own_directory(portal: &Portal) -> App {
    let mut app = portal.app.clone();
    let directory = std::env::temp_dir().join(portal.database_name());
    std::fs::create_dir_all(&directory).expect("a directory");
    app.data_dir = Arc::new(directory);
    app
}

async fn organizations(portal: &Portal) -> Vec<OrganizationId> {
    let ids = sqlx::query_scalar!(r#"SELECT id AS "id: OrganizationId" FROM organization ORDER BY created_at"#);
    ids.fetch_all(&portal.admin).await.expect("the database answers")
}

/// What the jobs do each minute.
async fn seal(portal: &Portal, app: &App) {
    for organization in organizations(portal).await {
        audit::seal_organization(app, organization).await.expect("sealed");
        audit::index_organization(app, organization).await.expect("indexed");
    }
}

/// What `almoner audit verify` says.
async fn verify(app: &App) -> Result<(), String> {
    let command = Command::parse_from(["test", "verify"]);
    cli::run(&command.command, &app.db, app.keyring(), &app.data_dir).await.map_err(|error| error.to_string())
}

/// Changes the audit as somebody could who owns the machine.
async fn tamper(portal: &Portal, statement: &str) {
    let sql = format!("SET session_replication_role = replica; {statement}; SET session_replication_role = DEFAULT");
    crate::support::run(&portal.admin, &sql).await;
}

#[tokio::test]
async fn compliance_reads_the_audit_and_others_do_not() {
    let portal = Portal::start().await;
    let browser = portal.sign_in("compliance").await;
    let page = browser.get("/admin/audit").await;
    assert_eq!(page.status, StatusCode::OK);
    let rows = page.texts("tbody tr");
    assert_eq!(rows.len(), 50);
    assert!(rows[0].contains("Login") && rows[0].contains("Compliance"), "{}", rows[0]);
    let next = page.attributes("nav.pager a[rel=next]", "href").remove(0);
    let older = browser.get(&next).await;
    assert!(!older.texts("tbody tr").is_empty());
    assert_ne!(older.texts("tbody tr")[0], rows[49]);
    for role in ["clinician", "admin", "patient", "clerk"] {
        assert_eq!(portal.sign_in(role).await.get("/admin/audit").await.status, StatusCode::FORBIDDEN, "{role}");
    }
}

#[tokio::test]
async fn the_audit_is_filtered_and_looking_at_it_is_in_it() {
    let portal = Portal::start().await;
    let browser = portal.sign_in("compliance").await;
    let page = browser.get("/admin/audit?action=EXPORT").await;
    assert!(page.texts("tbody tr td:nth-child(3)").iter().all(|action| action == "Export"));
    let page = browser.get("/admin/audit?kind=audit_event").await;
    assert!(page.texts("tbody tr").iter().any(|row| row.contains("View")), "the view before this one");
    let patients = browser.get("/admin/audit?kind=patient").await.attributes("tbody td a", "href");
    let one = browser.get(&patients[0]).await;
    assert!(!one.texts(".chip").is_empty());
    let names = one.texts("tbody td a");
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    for nonsense in
        ["?action=x'--&person=1&from=0&to=9999999-99-99", "?from=2026-11-21&to=2020-01-01", "?before=-1&patient=%25"]
    {
        assert_eq!(browser.get(&format!("/admin/audit{nonsense}")).await.status, StatusCode::OK, "{nonsense}");
    }
    assert_eq!(browser.get("/admin/audit?action=%00").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_audit_leaves_as_a_file_only_with_a_fresh_password() {
    let portal = Portal::start().await;
    let browser = portal.sign_in("compliance").await;
    let file = browser.get("/admin/audit.csv?action=LOGIN").await;
    assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, Some("text/csv; charset=utf-8")));
    assert!(file.body.starts_with("seq,at,who,role,action,"));
    sqlx::query!("UPDATE user_session SET stepped_up_at = NOW() - INTERVAL '6 minutes'")
        .execute(&portal.admin)
        .await
        .unwrap();
    let asked = browser.get("/admin/audit.csv?action=LOGIN").await;
    assert_eq!(asked.location(), "/me/step-up?next=%2Fadmin%2Faudit.csv%3Faction%3DLOGIN");
    assert!(browser.get("/admin/audit?action=EXPORT").await.texts("tbody tr")[0].contains("Audit event"));
}

#[tokio::test]
async fn what_was_written_is_sealed_and_verified() {
    let portal = Portal::start().await;
    let app = with_own_directory(&portal);
    seal(&portal, &app).await;
    let compliance = portal.sign_in("compliance").await;
    seal(&portal, &app).await;
    assert_eq!(verify(&app).await, Ok(()));
    let left = sqlx::query_scalar!(
        r#"SELECT COUNT(*) AS "count!" FROM audit_event AS e
            WHERE NOT EXISTS (SELECT FROM audit_segment AS s WHERE s.organization_id = e.organization_id AND s.seqs @> e.seq)"#
    );
    assert_eq!(left.fetch_one(&portal.admin).await.unwrap(), 0, "everything is sealed");
    assert!(compliance.get("/admin/audit").await.body.contains("Sealed up to"));
    // Heads that somebody wrote without the key.
    let heads = app.data_dir.join("audit-heads.jsonl");
    let forged = std::fs::read_to_string(&heads).unwrap().replace("\"number\":1,", "\"number\":9,");
    std::fs::write(&heads, forged).unwrap();
    assert!(verify(&app).await.is_err_and(|words| words.contains("not signed")));
}

#[tokio::test]
async fn what_was_changed_after_sealing_is_noticed() {
    for change in [
        "UPDATE audit_event SET action = 'VIEW' WHERE seq = (SELECT MIN(seq) FROM audit_event WHERE action = 'EXPORT')",
        "DELETE FROM audit_event WHERE seq = (SELECT MIN(seq) FROM audit_event WHERE action = 'LOGIN_FAILED')",
        "DELETE FROM audit_segment",
    ] {
        let portal = Portal::start().await;
        let app = with_own_directory(&portal);
        seal(&portal, &app).await;
        tamper(&portal, change).await;
        let verdict = verify(&app).await;
        assert!(verdict.as_ref().is_err_and(|words| words.contains("tampered")), "{change}: {verdict:?}");
    }
}

#[tokio::test]
async fn patients_see_who_looked_and_only_at_them() {
    let portal = Portal::start().await;
    seal(&portal, &with_own_directory(&portal)).await;
    let browser = portal.sign_in("patient").await;
    let home = browser.get("/my").await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.text("h1").contains("Marisol"));
    let page = browser.get("/my/access").await;
    let entries = page.texts("ul.rows li");
    assert!(entries.iter().any(|entry| entry.contains("Opened your record")), "{entries:#?}");
    assert!(entries.iter().any(|entry| entry.contains("Saw your name in a list")), "{entries:#?}");
    assert!(entries.iter().all(|entry| !entry.contains("no longer listed")), "{entries:#?}");
    let details = browser.get("/my/details").await;
    assert_eq!(details.status, StatusCode::OK);
    assert!(details.texts("dd").iter().any(|value| value.contains("Northgate")) || !details.texts("dd").is_empty());
    // Whose pages these are is kept with the session: an address cannot name somebody else.
    let other = sqlx::query_scalar!(
        r#"SELECT id FROM patient WHERE id NOT IN (SELECT patient_id FROM portal_account) LIMIT 1"#
    );
    let other = other.fetch_one(&portal.admin).await.unwrap().to_string();
    assert_eq!(browser.get(&format!("/my/details?of={other}")).await.texts("dd"), details.texts("dd"));
    assert_eq!(browser.post("/my/switch", &[("patient", &other)]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(portal.sign_in("clinician").await.get("/my").await.status, StatusCode::FORBIDDEN);
}
