//! Documents: what is taken in, what is refused, who sees it, and that nothing is left of what did not arrive.

mod bad_input;
mod bucket;
mod downloads;
mod life;
mod names;
mod policies;
mod reach;
mod shared;
mod store;

use std::path::Path;
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use uuid::Uuid;

use crate::patients::ask;
use crate::support::{Browser, Portal, Reply};

/// Northgate Health of the demo data.
pub const NORTHGATE: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8001_0000_0000_0001);

/// A file that is a PDF by its looks, of `size` bytes.
pub fn pdf(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let letters = (0..size.saturating_sub(bytes.len()))
        .map(|at| b'a' + u8::try_from((at / 7 + at / 1000) % 26).expect("a letter"));
    bytes.extend(letters);
    bytes
}

pub fn file(name: &str, bytes: impl Into<Vec<u8>>) -> Part {
    Part::bytes(bytes.into()).file_name(name.to_owned())
}

/// Sends files by the form of a page, as a browser without scripts does.
pub async fn send(browser: &Browser, page: &str, files: Vec<Part>) -> Reply {
    let form = files.into_iter().fold(Form::new().text("category", "LETTER"), |form, part| form.part("file", part));
    post(browser, page, form).await
}

pub async fn post(browser: &Browser, page: &str, form: Form) -> Reply {
    browser.send(browser.request(Method::POST, page).multipart(form)).await
}

/// Documents and versions in the database.
pub async fn rows(portal: &Portal) -> (i64, i64) {
    let own = format!("organization_id = '{NORTHGATE}' AND created_at > now() - interval '10 minutes'");
    (
        ask(portal, &format!("SELECT count(*) FROM document WHERE {own}")).await,
        ask(
            portal,
            &format!("SELECT count(*) FROM document_version WHERE {own} AND upload_key IS DISTINCT FROM 'demo'"),
        )
        .await,
    )
}

/// Files in the store, half-written ones included.
pub fn objects(portal: &Portal) -> Vec<String> {
    let mut found = Vec::new();
    collect(&portal.files_dir(), &mut found);
    found
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), found);
        } else {
            found.push(entry.path().display().to_string());
        }
    }
}

/// What is taken away goes a moment after the answer: waits until so many files are left.
pub async fn settles(portal: &Portal, expected: usize) {
    for _ in 0..200 {
        if objects(portal).len() == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("left over: {:#?}, not {expected}", objects(portal));
}

/// The address of the newest document that a page lists.
pub fn first(page: &Reply) -> String {
    let links = page.attributes("#list a.pt", "href");
    links.into_iter().next().unwrap_or_else(|| panic!("no document: {}", page.body))
}

/// The address of the newest file that the page of a document lists.
pub fn download(page: &Reply) -> String {
    page.attributes("#versions a", "href").into_iter().next().unwrap_or_else(|| panic!("no version: {}", page.body))
}

/// A case that the clerk of the demo opened, in progress with the caseworker.
pub async fn a_case(portal: &Portal) -> Uuid {
    let id = almoner::ids::new_uuid();
    crate::support::run(
        &portal.admin,
        &format!(
            "INSERT INTO cases (organization_id, id, number, facility_id, title, status, assigned_to_id, created_by_id)
             SELECT '{NORTHGATE}', '{id}', 9001, '01900000-0000-7000-8002-000000000001', 'A rail', 'IN_PROGRESS',
                    (SELECT id FROM app_user WHERE email = 'caseworker@example.com'), (SELECT id FROM app_user WHERE email = 'clerk@example.com')"
        ),
    )
    .await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_in_encrypted_and_comes_out_as_it_was() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", crate::patients::okafor(&portal).await);
    let before = objects(&portal).len();
    let content = pdf(300_000);
    let reply = send(&clinician, &page, vec![file("../Brief „Müller“.pdf", content.clone())]).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, page.as_str()), "{}", reply.body);
    let list = clinician.get(&page).await;
    assert!(list.text("#list").contains("Brief „Müller“.pdf"), "{}", list.text("#list"));
    assert!(list.text("#list").contains("Letter"));
    let document = clinician.get(&first(&list)).await;
    let answer = clinician.request(Method::GET, &download(&document)).send().await.expect("an answer");
    let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(header("content-type"), "application/pdf");
    assert_eq!(header("content-length"), "300000");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").starts_with("sandbox"), "{}", header("content-security-policy"));
    assert!(header("content-disposition").starts_with("attachment;"));
    assert!(header("content-disposition").ends_with("filename*=UTF-8''Brief%20%E2%80%9EM%C3%BCller%E2%80%9C.pdf"));
    assert_eq!(answer.bytes().await.expect("bytes"), content);
    let stored = objects(&portal);
    assert_eq!(stored.len(), before + 1);
    let raw = stored.iter().map(|path| std::fs::read(path).expect("a file")).find(|raw| raw.len() > 300_000);
    let raw = raw.expect("the sealed file");
    assert!(raw.starts_with(b"ALMF") && !raw.windows(8).any(|window| window == b"%PDF-1.7"), "nothing in clear");
    let mine =
        "actor_kind = 'USER' AND resource_type = 'document' AND patient_id IS NOT NULL AND request_id IS NOT NULL";
    for (action, count) in [("CREATE", 1), ("VIEW", 1), ("EXPORT", 1)] {
        let events = ask(&portal, &format!("SELECT count(*) FROM audit_event WHERE {mine} AND action = '{action}' AND at > now() - interval '1 minute'")).await;
        assert_eq!(events, count, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_files_at_once_and_each_refusal_beside_the_field() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", crate::patients::okafor(&portal).await);
    let before = (rows(&portal).await, objects(&portal).len());
    let files = vec![file("one.pdf", pdf(1000)), file("two.exe", b"MZ".to_vec()), file("three.txt", "Dear all,\n")];
    let reply = send(&clinician, &page, files).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text("#file-error").contains("two.exe: files whose name ends in .exe are not accepted"));
    assert!(reply.text("#errors").contains("two.exe"));
    assert!(reply.text(".note").contains("Added: one.pdf, three.txt"), "{}", reply.text(".note"));
    assert_eq!(rows(&portal).await, (before.0.0 + 2, before.0.1 + 2));
    settles(&portal, before.1 + 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_twice_adds_once() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", crate::patients::okafor(&portal).await);
    let before = (rows(&portal).await, objects(&portal).len());
    let key = clinician.get(&page).await.field("idempotency_key");
    let form = || Form::new().text("idempotency_key", key.clone()).part("file", file("one.pdf", pdf(1000)));
    let (a, b) = tokio::join!(post(&clinician, &page, form()), post(&clinician, &page, form()));
    let c = post(&clinician, &page, form()).await;
    for reply in [a, b, c] {
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    }
    assert_eq!(rows(&portal).await, (before.0.0 + 1, before.0.1 + 1));
    settles(&portal, before.1 + 1).await;
}
