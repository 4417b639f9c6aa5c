//! Files that come with messages: seen, saved and refused.

use almoner::ids::new_uuid;
use reqwest::StatusCode;

use super::demo_thread;
use crate::documents::{objects, pdf, settles};
use crate::patients::ask;
use crate::support::{Browser, Portal, Reply, run};

/// A picture of one dot, as small as they come.
fn dot() -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(2, 2).write_to(&mut out, image::ImageFormat::Png).expect("a picture");
    out.into_inner()
}

/// Sends an answer of staff with files.
async fn send(staff: &Browser, here: &str, words: &str, files: &[(&str, &[u8])]) -> Reply {
    let page = staff.get(here).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let (key, seen) = (page.field("idempotency_key"), page.field("seen"));
    let fields = [("idempotency_key", key.as_str()), ("seen", seen.as_str()), ("content", words)];
    staff.post_files(&format!("{here}/messages"), &fields, files).await
}

/// Links to files on a page, the last first.
fn links(page: &Reply) -> Vec<String> {
    let mut all = page.attributes(".files a", "href");
    all.reverse();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_both_ways_and_only_who_reads_the_message_gets_them() {
    let portal = Portal::start().await;
    let (staff, patient) = (portal.sign_in("assistant").await, portal.sign_in("patient").await);
    let (here, mine) = (format!("/threads/{}", demo_thread(2)), format!("/my/messages/{}", demo_thread(2)));
    let plan = pdf(4_000);
    let sent = send(&staff, &here, "The plan and a picture", &[("Plan.pdf", &plan), ("knee.png", &dot())]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let key = new_uuid().to_string();
    let fields = [("idempotency_key", key.as_str()), ("content", "My list")];
    for _ in 0..2 {
        let sent = patient.post_files(&mine, &fields, &[("list.txt", b"one\ntwo\n")]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    }

    for (browser, at) in [(&staff, &here), (&patient, &mine)] {
        let page = browser.get(at).await;
        let shown = page.texts(".files li");
        assert_eq!(
            shown.iter().filter(|line| line.contains("list.txt") && line.contains("Text, 8 B")).count(),
            1,
            "{shown:?}"
        );
        assert!(shown.iter().any(|line| line.contains("Plan.pdf") && line.contains("PDF, 4 kB")), "{shown:?}");
        let all = links(&page);
        let saved = browser.get(&all[2]).await;
        assert!(saved.header("content-disposition").is_some_and(|text| text.starts_with("attachment")));
        assert_eq!((saved.status, saved.body), (StatusCode::OK, String::from_utf8_lossy(&plan).into_owned()));
        let picture = page.attributes(".files img", "src").pop().expect("a picture");
        let drawn = browser.get(&picture).await;
        assert_eq!((drawn.status, drawn.header("content-type")), (StatusCode::OK, Some("image/jpeg")));
    }
    let told = "SELECT count(*) FROM audit_event WHERE resource_type = 'document' AND action = 'EXPORT' AND patient_id = '01900000-0000-7000-8006-000000000004'";
    assert_eq!(ask(&portal, told).await, 2, "each download, with the patient");

    let link = links(&staff.get(&here).await).remove(0);
    let (carer, stranger) = (portal.sign_in("carer").await, portal.visitor());
    stranger.sign_in("clinician@southgate.example.com").await;
    for other in [&carer, &stranger] {
        assert_eq!(other.get(&link).await.status, StatusCode::NOT_FOUND);
        assert_eq!(other.get(&format!("{link}/preview")).await.status, StatusCode::NOT_FOUND);
    }
    let id = link.rsplit('/').next().expect("an id");
    let elsewhere = format!("/my/messages/{}/files/{id}", demo_thread(1));
    assert_eq!(patient.get(&elsewhere).await.status, StatusCode::NOT_FOUND, "another conversation's");
    assert_eq!(staff.get(&format!("/documents/{id}")).await.status, StatusCode::NOT_FOUND, "no page of documents");
    let printed = staff.get(&format!("{here}/print")).await;
    assert!(printed.body.contains("Plan.pdf (PDF, 4\u{a0}kB)"), "{}", printed.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_refused_holds_the_message_back_and_keeps_the_words() {
    let portal = Portal::start().await;
    let (staff, patient) = (portal.sign_in("assistant").await, portal.sign_in("patient").await);
    let before = objects(&portal).len();
    let (here, mine) = (format!("/threads/{}", demo_thread(2)), format!("/my/messages/{}", demo_thread(2)));
    let good = pdf(2_000);
    let bad: [(&str, &[u8]); 2] = [("good.pdf", &good), ("setup.exe", b"MZ\x90\0")];
    let count = "SELECT count(*) FROM message WHERE thread_id = '01900000-0000-7000-80f1-000000000002'";
    let messages = ask(&portal, count).await;
    for refused in [
        send(&staff, &here, "Look at these", &bad).await,
        patient.post_files(&mine, &[("content", "Look at these")], &bad).await,
    ] {
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        let said = refused.text("#file-error");
        assert!(said.contains("setup.exe") && said.contains("was not sent"), "{said}");
        assert_eq!(refused.text("textarea[name='content']"), "Look at these");
    }
    let new = patient.get("/my/messages/new").await;
    let fields: Vec<(String, String)> = ["patient", "idempotency_key", "message_key"]
        .map(|name| (name.to_owned(), new.field(name)))
        .into_iter()
        .chain([("category".to_owned(), "HEALTH".to_owned()), ("content".to_owned(), "A rash".to_owned())])
        .collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let refused = patient.post_files("/my/messages/new", &fields, &[("empty.png", b"")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text("#file-error").contains("empty.png: it is empty"), "{}", refused.body);
    let many: Vec<(&str, &[u8])> = (0..11).map(|_| ("a.txt", b"a".as_slice())).collect();
    let refused = patient.post_files(&mine, &[("content", "Eleven")], &many).await;
    assert!(refused.text("#file-error").contains("only 10 can be added at once"), "{}", refused.body);
    // What came with a message that is not sent for another reason is said too.
    let refused = patient.post_files(&mine, &[("content", " ")], &[("good.pdf", &good)]).await;
    assert!(refused.text("#file-error").contains("Choose your files again"), "{}", refused.body);
    let full = "UPDATE document_usage SET quota_bytes = used_bytes + 1000";
    run(&portal.admin, full).await;
    for refused in [
        send(&staff, &here, "No room", &[("good.pdf", &good)]).await,
        patient.post_files(&mine, &[("content", "No room")], &[("good.pdf", &good)]).await,
    ] {
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text("#file-error").contains("not enough room"), "{}", refused.body);
        assert_eq!(refused.text("textarea[name='content']"), "No room");
    }
    assert_eq!(ask(&portal, count).await, messages, "nothing was sent");
    settles(&portal, before).await;

    let sent = patient.post_files("/my/messages/new", &fields, &[("rash.png", &dot())]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    assert_eq!(links(&patient.get(sent.location()).await).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_a_message_taken_back_stays_for_staff_and_goes_for_the_patient() {
    let portal = Portal::start().await;
    let (staff, patient) = (portal.sign_in("assistant").await, portal.sign_in("patient").await);
    let (here, mine) = (format!("/threads/{}", demo_thread(2)), format!("/my/messages/{}", demo_thread(2)));
    let sent = send(&staff, &here, "Of somebody else", &[("wrong.txt", b"not yours")]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    let link = links(&patient.get(&mine).await).remove(0);
    assert_eq!(patient.get(&link).await.body, "not yours");
    let path = staff.get(&here).await.attributes("a[href$='/retraction']", "href").pop().expect("the last");
    assert_eq!(staff.post(&path, &[("text", "Another patient's")]).await.status, StatusCode::SEE_OTHER);
    assert!(!patient.get(&mine).await.body.contains("wrong.txt"));
    assert_eq!(patient.get(&link).await.status, StatusCode::NOT_FOUND);
    assert_eq!(staff.get(&links(&staff.get(&here).await)[0]).await.body, "not yours");
}

/// Past the application: who adds a file to what.
#[tokio::test(flavor = "multi_thread")]
async fn the_database_adds_files_to_a_message_only_while_its_writer_writes_it() {
    let portal = Portal::start().await;
    let attempt = async |role: &str, number: u32, first: &str, message: &str| {
        let (document, organization) = (new_uuid(), "01900000-0000-7000-8001-000000000001");
        let user = format!("01900000-0000-7000-8003-{number:012}");
        let all = format!(
            "BEGIN; SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{organization}|{user}|{role}|01900000-0000-7000-8002-000000000001'; {first};
             INSERT INTO document (organization_id, id, bucket, title, message_id, created_by_id) VALUES ('{organization}', '{document}', 'MESSAGE_FILES', 'a.txt', '{message}', '{user}');
             INSERT INTO document_version (organization_id, id, document_id, filename, storage_key, mime_type, file_size, sha256, uploaded_by_id)
             VALUES ('{organization}', '{document}', '{document}', 'a.txt', '{document}', 'text/plain', 1, decode(repeat('00', 32), 'hex'), '{user}'); ROLLBACK"
        );
        let mut conn = portal.admin.acquire().await.expect("a connection");
        #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
        let result = sqlx::raw_sql(&all).execute(&mut *conn).await.map(|_| ()).map_err(|error| error.to_string());
        run(&mut *conn, "ROLLBACK").await;
        result
    };
    let thread = demo_thread(1);
    let said = "01900000-0000-7000-80f2-000000000001";
    let refused = |result: Result<(), String>| result.is_err_and(|why| why.contains("row-level security"));
    assert!(refused(attempt("PATIENT", 11, "SELECT 1", said).await), "her own, but long said");
    assert!(refused(attempt("MEDICAL_ASSISTANT", 2, "SELECT 1", said).await), "somebody else's");
    let new = new_uuid().to_string();
    let say = |id: &str| {
        format!(
            "INSERT INTO message (organization_id, id, thread_id, sender_side, content_enc, created_by_id) VALUES (ctx.organization(), '{id}', '{thread}', 'STAFF', 'x', ctx.actor())"
        )
    };
    assert_eq!(attempt("MEDICAL_ASSISTANT", 2, &say(&new), &new).await, Ok(()));
    assert!(refused(attempt("CLERK", 3, "SELECT 1", &new).await));
}
