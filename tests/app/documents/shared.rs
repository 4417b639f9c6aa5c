//! What staff share with patients, what is said of documents, and how another slice opens its bucket.

use reqwest::StatusCode;

use super::{NORTHGATE, a_case, file, first, pdf, send};
use crate::patients::ask;
use crate::support::{Browser, Portal, Reply, run};

/// The demo's patient with an account of her own: Marisol Reyes.
const REYES: &str = "/patients/01900000-0000-7000-8006-000000000004/documents";

async fn set(browser: &Browser, document: &str, shared: &str) -> Reply {
    let page = browser.get(document).await;
    let version = page.attributes("#share input[name=row_version]", "value").pop().unwrap_or_else(|| "1".to_owned());
    browser.post(&format!("{document}/share"), &[("shared", shared), ("row_version", &version)]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_reads_what_is_shared_and_nothing_else() {
    let portal = Portal::start().await;
    let patient = portal.sign_in("patient").await;
    assert!(patient.get("/my").await.attributes("nav a", "href").contains(&"/my/documents".to_owned()));
    let list = patient.get("/my/documents").await;
    assert_eq!(list.texts("main .rows b"), ["Exercises for the knee.pdf", "Discharge letter.pdf"], "{}", list.body);
    assert!(list.text("main .rows").contains("by Dr Miriam Haas"), "{}", list.text("main .rows"));

    let clinician = portal.sign_in("clinician").await;
    send(&clinician, REYES, vec![file("plan.pdf", pdf(3000)), file("private.txt", "Not for her")]).await;
    let page = clinician.get(REYES).await;
    let links = page.attributes("#list a.pt", "href");
    let titles = page.texts("#list a.pt");
    let plan = links[titles.iter().position(|title| title == "plan.pdf").expect("listed")].clone();
    let own = plan.replace("/documents/", "/my/documents/");
    for path in [format!("{own}/file"), format!("{own}/preview"), plan.clone()] {
        assert!(!patient.get(&path).await.status.is_success(), "{path} before it is shared");
    }
    assert_eq!(set(&clinician, &plan, "yes").await.status, StatusCode::SEE_OTHER);
    assert!(clinician.get(&plan).await.text("#share").contains("The patient can read it"));
    assert!(patient.get("/my/documents").await.text("main .rows").contains("plan.pdf"));
    let saved = patient.get(&format!("{own}/file")).await;
    assert_eq!((saved.status, saved.header("content-length")), (StatusCode::OK, Some("3000")));
    assert!(saved.header("content-disposition").is_some_and(|value| value.starts_with("attachment")));
    assert_eq!(patient.get(&format!("{own}/preview")).await.header("content-type"), Some("application/pdf"));
    let exports = "SELECT count(*) FROM audit_event WHERE action = 'EXPORT' AND resource_type = 'document' AND acting_role = 'PATIENT' AND patient_id IS NOT NULL";
    assert_eq!(ask(&portal, exports).await, 1);
    let shares = "SELECT count(*) FROM audit_event WHERE action = 'UPDATE' AND resource_type = 'document' AND details ->> 'shared_with_patient' = 'true'";
    assert_eq!(ask(&portal, shares).await, 1);
    assert_eq!(patient.get(&plan).await.status, StatusCode::FORBIDDEN, "the pages of staff stay closed");

    // The newest version, and only that.
    send(&clinician, &format!("{plan}/versions"), vec![file("plan-2.txt", "New plan")]).await;
    assert_eq!(patient.get(&format!("{own}/file")).await.body, "New plan");
    // No longer; and again, until it is archived.
    assert_eq!(set(&clinician, &plan, "no").await.status, StatusCode::SEE_OTHER);
    assert_eq!(patient.get(&format!("{own}/file")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(set(&clinician, &plan, "yes").await.status, StatusCode::SEE_OTHER);
    let version = clinician.get(&format!("{plan}/archive")).await.field("row_version");
    clinician.post(&format!("{plan}/archive"), &[("reason", "Wrong"), ("row_version", &version)]).await;
    assert_eq!(patient.get(&format!("{own}/file")).await.status, StatusCode::NOT_FOUND);
    assert!(!patient.get("/my/documents").await.text("main .rows").contains("plan.pdf"));
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_a_part_that_proxies_may_or_may_not_have() {
    let portal = Portal::start().await;
    let brother = portal.visitor();
    brother.sign_in("rafael.reyes@example.com").await;
    assert_eq!(brother.get("/my/documents").await.status, StatusCode::NOT_FOUND, "visits and messages only");
    assert!(!brother.get("/my").await.body.contains("/my/documents"));
    let patient = portal.sign_in("patient").await;
    let own = patient.get("/my/documents").await.attributes("main .rows a", "href").pop().expect("a document");
    assert_eq!(brother.get(&own).await.status, StatusCode::NOT_FOUND);
    // Somebody else's, though it is shared with them.
    let other = "/my/documents/01900000-0000-7000-8900-000000000001/file";
    assert_eq!(patient.get(other).await.status, StatusCode::NOT_FOUND);
    assert_eq!(portal.sign_in("clinician").await.get("/my/documents").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_change_a_chart_shares_and_only_what_is_in_one() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    send(&clinician, REYES, vec![file("plan.pdf", pdf(300))]).await;
    let plan = first(&clinician.get(REYES).await);
    for (role, status) in [("compliance", 403), ("carer", 403), ("owner", 403), ("clerk", 404), ("patient", 403)] {
        assert_eq!(set(&portal.sign_in(role).await, &plan, "yes").await.status.as_u16(), status, "{role}");
    }
    let share = format!("{plan}/share");
    let stale = clinician.post(&share, &[("shared", "yes"), ("row_version", "0")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!(clinician.post(&share, &[("shared", "perhaps")]).await.status, StatusCode::BAD_REQUEST);
    let clerk = portal.sign_in("clerk").await;
    let page = format!("/cases/{}/documents", a_case(&portal).await);
    send(&clerk, &page, vec![file("quote.pdf", pdf(500))]).await;
    let quote = first(&clerk.get(&page).await);
    assert_eq!(set(&clerk, &quote, "yes").await.status, StatusCode::NOT_FOUND, "those of cases are for staff");
    let forced =
        format!("UPDATE document SET shared_at = now() WHERE organization_id = '{NORTHGATE}' AND case_id IS NOT NULL");
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    let refused = sqlx::query(&forced).execute(&portal.admin).await.expect_err("refused");
    let rule = refused.as_database_error().and_then(|error| error.constraint()).unwrap_or_default().to_owned();
    assert!(["document_shared_of_patient", "document_shared_complete"].contains(&rule.as_str()), "{rule}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_a_document_can_be_put_right() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    send(&clinician, REYES, vec![file("scan0042.pdf", pdf(300))]).await;
    let document = first(&clinician.get(REYES).await);
    let edit = format!("{document}/edit");
    let form = clinician.get(&edit).await;
    assert_eq!(form.field("title"), "scan0042.pdf");
    let version = form.field("row_version");
    let fields = |title: &'static str, category: &'static str, day: &'static str| {
        vec![
            ("title", title),
            ("category", category),
            ("expires_on_day", day),
            ("expires_on_month", "2"),
            ("expires_on_year", "2031"),
        ]
    };
    for (title, category, day, field) in
        [(" ", "LETTER", "1", "title"), ("x", "SONG", "1", "category"), ("x", "LETTER", "31", "expires_on")]
    {
        let mut all = fields(title, category, day);
        all.push(("row_version", &version));
        let reply = clinician.post(&edit, &all).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(!reply.text(&format!("#{field}-error")).is_empty(), "{field}");
    }
    let mut good = fields("Letter of the surgeon", "LETTER", "1");
    good.push(("row_version", &version));
    assert_eq!(clinician.post(&edit, &good).await.status, StatusCode::SEE_OTHER);
    assert_eq!(clinician.post(&edit, &good).await.status, StatusCode::CONFLICT, "it changed meanwhile");
    let shown = clinician.get(&document).await;
    assert!(shown.text(".head h2").contains("Letter of the surgeon") && shown.text("#facts").contains("01-Feb-2031"));
    let silent = "SELECT count(*) FROM audit_event WHERE resource_type = 'document' AND (details::text LIKE '%surgeon%' OR changes::text LIKE '%surgeon%')";
    assert_eq!(ask(&portal, silent).await, 0, "the audit says which fields, not what they say");
}

/// What `kit.document_bucket` gives another slice: here roles alone decide.
#[tokio::test(flavor = "multi_thread")]
async fn another_slice_opens_its_bucket_with_two_conditions() {
    let portal = Portal::start().await;
    run(
        &portal.admin,
        "SET ROLE almoner_owner; CALL kit.document_bucket('MESSAGE_FILES', $$(SELECT ctx.role() IN ('CLINICIAN', 'PATIENT'))$$, $$(SELECT ctx.role() = 'CLINICIAN')$$); RESET ROLE",
    )
    .await;
    let (message, user) = ("01900000-0000-7000-80f2-000000000001", "01900000-0000-7000-8003-000000000001");
    let become_them =
        |role: &str| format!("SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{NORTHGATE}|{user}|{role}|*'");
    let (document, other) = (almoner::ids::new_uuid(), almoner::ids::new_uuid());
    let version = |id: uuid::Uuid| {
        format!(
            "INSERT INTO document_version (organization_id, id, document_id, filename, storage_key, mime_type, file_size, sha256, uploaded_by_id)
             VALUES ('{NORTHGATE}', '{id}', '{document}', 'a.txt', '{id}', 'text/plain', 1, decode(repeat('00', 32), 'hex'), '{user}')"
        )
    };
    let new = format!(
        "INSERT INTO document (organization_id, id, bucket, title, message_id, created_by_id) VALUES ('{NORTHGATE}', '{document}', 'MESSAGE_FILES', 'a.txt', '{message}', '{user}')"
    );
    let act = async |role: &str, statements: &[&str]| {
        let all = format!("BEGIN; {}; {}; COMMIT", become_them(role), statements.join("; "));
        let mut conn = portal.admin.acquire().await.expect("a connection");
        #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
        let result = sqlx::raw_sql(&all).execute(&mut *conn).await.map(|_| ()).map_err(|error| error.to_string());
        run(&mut *conn, "ROLLBACK").await;
        result
    };
    assert!(act("PATIENT", &[&new, &version(document)]).await.is_err_and(|why| why.contains("row-level security")));
    assert_eq!(act("CLINICIAN", &[&new, &version(document)]).await, Ok(()));
    assert!(
        act("CLINICIAN", &[&version(other)]).await.is_err_and(|why| why.contains("row-level security")),
        "one each"
    );
    let none = "DO $$ BEGIN UPDATE document SET title = 'b' WHERE bucket = 'MESSAGE_FILES'; IF FOUND THEN RAISE 'changed'; END IF; END $$";
    assert_eq!(act("CLINICIAN", &[none]).await, Ok(()));
    let seen = |count: i32| {
        format!(
            "DO $$ BEGIN IF (SELECT count(*) FROM document WHERE message_id = '{message}') <> {count} THEN RAISE 'not {count}'; END IF; END $$"
        )
    };
    assert_eq!(act("PATIENT", &[&seen(1)]).await, Ok(()));
    assert_eq!(act("CLERK", &[&seen(0)]).await, Ok(()));
}
