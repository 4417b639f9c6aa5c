//! Versions, the end of a document, and what the database itself refuses.

use reqwest::StatusCode;
use sqlx::Connection as _;

use super::{NORTHGATE, a_case, download, file, first, objects, pdf, rows, send};
use crate::patients::{ask, okafor};
use crate::support::Portal;

#[tokio::test(flavor = "multi_thread")]
async fn a_document_has_versions_and_an_end_with_a_reason() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    send(&clinician, &page, vec![file("plan.pdf", pdf(1000))]).await;
    let document = first(&clinician.get(&page).await);
    let old = download(&clinician.get(&document).await);
    let added = send(&clinician, &format!("{document}/versions"), vec![file("plan-2.txt", "New plan")]).await;
    assert_eq!((added.status, added.location()), (StatusCode::SEE_OTHER, document.as_str()), "{}", added.body);
    let shown = clinician.get(&document).await;
    assert_eq!(shown.texts("#versions b"), ["Version 2", "Version 1"]);
    assert_eq!(clinician.get(&download(&shown)).await.body, "New plan");
    assert!(clinician.get(&old).await.body.starts_with("%PDF-1.7"), "the old one stays readable");
    let wrong = send(&clinician, &format!("{document}/versions"), vec![file("a.exe", "x"), file("b.txt", "y")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text("#file-error").contains("only 1 can be added at once"), "{}", wrong.text("#file-error"));

    let both = send(&clinician, &format!("{document}/versions"), vec![file("a.txt", "x"), file("b.txt", "y")]).await;
    assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY, "which of them it is, nobody guesses");
    assert_eq!(both.texts("#versions b"), ["Version 2", "Version 1"]);

    let archive = format!("{document}/archive");
    let asked = clinician.get(&archive).await;
    let version = asked.field("row_version");
    let silent = clinician.post(&archive, &[("reason", " "), ("row_version", &version)]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.text("#reason-error").contains("Say why"));
    let stale = clinician.post(&archive, &[("reason", "Old"), ("row_version", "0")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let done =
        clinician.post(&archive, &[("reason", "Superseded by the letter of May"), ("row_version", &version)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let list = clinician.get(&page).await;
    assert!(list.text("#list").contains("Archived: Superseded by the letter of May"));
    for reply in [
        send(&clinician, &format!("{document}/versions"), vec![file("b.txt", "y")]).await,
        clinician.post(&archive, &[("reason", "Again"), ("row_version", &version)]).await,
        clinician.get(&archive).await,
    ] {
        assert_eq!(reply.status, StatusCode::CONFLICT, "{}", reply.body);
    }
    assert_eq!(clinician.get(&download(&clinician.get(&document).await)).await.status, StatusCode::OK, "and readable");
    let moves = "SELECT count(*) FROM status_change WHERE subject_kind = 'document' AND to_status = 'ARCHIVED' AND reason LIKE 'Superseded%'";
    assert_eq!(ask(&portal, moves).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completed_case_takes_no_more_documents() {
    let portal = Portal::start().await;
    let case = a_case(&portal).await;
    let clerk = portal.sign_in("clerk").await;
    let page = format!("/cases/{case}/documents");
    let before = (rows(&portal).await, objects(&portal).len());
    assert_eq!(send(&clerk, &page, vec![file("quote.pdf", pdf(500))]).await.status, StatusCode::SEE_OTHER);
    assert!(clerk.get(&page).await.text("nav.crumbs").contains("CASE-9001"));
    let details = "SELECT count(*) FROM audit_event WHERE action = 'CREATE' AND resource_type = 'document' AND details ->> 'case_id' = ";
    assert_eq!(ask(&portal, &format!("{details}'{case}'")).await, 1, "for the time line of the case");
    assert_eq!(send(&clerk, &page, vec![file("wrong.pdf", pdf(700))]).await.status, StatusCode::SEE_OTHER);
    let archive = format!("{}/archive", first(&clerk.get(&page).await));
    let version = clerk.get(&archive).await.field("row_version");
    let archived = clerk.post(&archive, &[("reason", "The wrong case"), ("row_version", &version)]).await;
    assert_eq!(archived.status, StatusCode::SEE_OTHER, "{}", archived.body);
    crate::support::run(
        &portal.admin,
        &format!("ALTER TABLE cases DISABLE TRIGGER cases_guard; UPDATE cases SET status = 'COMPLETED', completed_at = now(), completed_by_id = created_by_id WHERE id = '{case}'; ALTER TABLE cases ENABLE TRIGGER cases_guard"),
    )
    .await;
    let late = send(&clerk, &page, vec![file("late.pdf", pdf(500))]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("the case is completed"), "{}", late.body);
    let list = clerk.get(&page).await;
    assert!(list.attributes("form[data-upload]", "action").is_empty() && list.body.contains("This case is completed"));
    assert_eq!(rows(&portal).await, (before.0.0 + 2, before.0.1 + 2));
    assert_eq!(objects(&portal).len(), before.1 + 2);
}

/// What somebody with the database's own tools tries, and the rule that stops them.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_what_is_no_document() {
    let portal = Portal::start().await;
    let patient = okafor(&portal).await;
    let case = a_case(&portal).await;
    let clinician = portal.sign_in("clinician").await;
    send(&clinician, &format!("/patients/{patient}/documents"), vec![file("a.pdf", pdf(100))]).await;
    let new = |columns: &str, values: &str| {
        format!(
            "INSERT INTO document (organization_id, id, title, bucket{columns}) VALUES ('{NORTHGATE}', gen_random_uuid(), 'x', {values})"
        )
    };
    let version = |values: &str| {
        format!(
            "INSERT INTO document_version (organization_id, id, document_id, version, filename, storage_key, mime_type, file_size, sha256, uploaded_by_id)
             SELECT organization_id, gen_random_uuid(), document_id, 1, {values}, uploaded_by_id FROM document_version WHERE file_size = 100"
        )
    };
    let good = "'a.pdf', gen_random_uuid()::text, 'application/pdf', 5, sha256 ";
    for (statement, rule) in [
        (new("", "'CASE_FILES'"), "document_one_subject"),
        (new(", case_id, patient_id", &format!("'CASE_FILES', '{case}', '{patient}'")), "document_one_subject"),
        (new(", patient_id", &format!("'CASE_FILES', '{patient}'")), "document_subject_of_bucket"),
        (new(", case_id", "'CASE_FILES', gen_random_uuid()"), "document_case_fk"),
        (new(", case_id, status", &format!("'CASE_FILES', '{case}', 'DRAFT'")), "document_begins_published"),
        (new(", case_id, category", &format!("'CASE_FILES', '{case}', 'SONG'")), "document_category_known"),
        (new(", case_id", &format!("'SECRETS', '{case}'")), "document_bucket_known"),
        (version(&good.replace(", 5,", ", 0,")), "document_version_file_size_limit"),
        (version(&good.replace(", 5,", ", 104857601,")), "document_version_file_size_limit"),
        (version(&good.replace("'a.pdf'", "'../a.pdf'")), "document_version_filename_clean"),
        (version(&good.replace("'a.pdf'", "E'a\\nb.pdf'")), "document_version_filename_clean"),
        (version(&good.replace("gen_random_uuid()::text", "storage_key")), "document_version_storage_key_unique"),
        (version(&good.replace("gen_random_uuid()::text", "'../../etc'")), "document_version_storage_key_shape"),
        (version(&good.replace("sha256 ", "'\\x00' ")), "document_version_sha256_length"),
        ("UPDATE document_version SET filename = 'b.pdf'".to_owned(), "document_version_fixed"),
        ("UPDATE document_version SET sha256 = sha256 || sha256".to_owned(), "document_version_fixed"),
        ("UPDATE document SET status = 'ARCHIVED' WHERE title = 'a.pdf'".to_owned(), "document_archive_reason_present"),
        (
            format!(
                "UPDATE document SET patient_id = NULL, case_id = '{case}', bucket = 'CASE_FILES' WHERE title = 'a.pdf'"
            ),
            "document_subject_fixed",
        ),
        ("UPDATE document SET status = 'DRAFT' WHERE title = 'a.pdf'".to_owned(), "document_transition"),
        ("UPDATE document_usage SET used_bytes = -1".to_owned(), "document_usage_used_positive"),
    ] {
        let mut conn = portal.admin.acquire().await.expect("a connection");
        let mut tx = conn.begin().await.expect("a transaction");
        #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
        let refused = sqlx::query(&statement).execute(&mut *tx).await.expect_err(&statement);
        let constraint =
            refused.as_database_error().and_then(|error| error.constraint()).unwrap_or_default().to_owned();
        assert_eq!(constraint, rule, "{statement}: {refused}");
    }
    // A document without a file is refused at the end.
    let empty = new(", case_id", &format!("'CASE_FILES', '{case}'"));
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    let refused = sqlx::query(&empty).execute(&portal.admin).await.expect_err("no version");
    assert_eq!(refused.as_database_error().and_then(|error| error.constraint()), Some("document_has_version"));
}
