//! What is refused, in words, with nothing left of it.

use std::time::Duration;

use almoner::files::{Files, Place, Scanner};
use bytes::Bytes;
use futures::stream;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{NORTHGATE, file, objects, pdf, post, rows, send, settles};
use crate::patients::{ask, okafor};
use crate::support::{Browser, Portal, run};

struct Scene {
    portal: Portal,
    clinician: Browser,
    page: String,
    before: ((i64, i64), usize),
}

async fn scene_of(portal: Portal) -> Scene {
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    let before = (rows(&portal).await, objects(&portal).len());
    Scene { portal, clinician, page, before }
}

async fn scene() -> Scene {
    scene_of(Portal::start().await).await
}

impl Scene {
    async fn nothing_is_left(&self) {
        assert_eq!(rows(&self.portal).await, self.before.0);
        settles(&self.portal, self.before.1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_named_with_the_reason() {
    let scene = scene().await;
    let html = "<!doctype html><script>alert(1)</script>";
    for (name, content, expected) in [
        ("report.pdf.exe", b"MZ\x90\0".to_vec(), "files whose name ends in .exe are not accepted"),
        ("report.pdf", b"MZ\x90\0".to_vec(), "its name says PDF, but that is not what it holds"),
        ("photo.jpg", html.as_bytes().to_vec(), "its name says JPEG image, but that is not what it holds"),
        ("page.txt", html.as_bytes().to_vec(), "its name says Text, but that is not what it holds"),
        ("page.html", html.as_bytes().to_vec(), "files whose name ends in .html are not accepted"),
        ("archive.zip", b"PK\x03\x04\x14\0\0\0".to_vec(), "files whose name ends in .zip are not accepted"),
        ("late.csv", [b"a,b\n".repeat(5000), vec![0], b"c".repeat(10)].concat(), "its name says CSV table"),
        ("empty.pdf", Vec::new(), "it is empty"),
        ("README", b"hello".to_vec(), "its name has no ending"),
        ("..", b"hello".to_vec(), "it has no name that can be shown"),
    ] {
        let reply = send(&scene.clinician, &scene.page, vec![file(name, content)]).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", reply.body);
        assert!(reply.text("#file-error").contains(expected), "{name}: {}", reply.text("#file-error"));
        assert!(reply.text("title").starts_with("Error: "));
        assert_eq!(
            reply.attributes("select[name=category] option[selected]", "value"),
            ["LETTER"],
            "what was chosen stays"
        );
    }
    let none = post(&scene.clinician, &scene.page, Form::new().text("category", "LETTER")).await;
    assert!(none.text("#file-error").contains("Choose at least one file"));
    let empty_field = Form::new().part("file", Part::bytes(Vec::new()).file_name(""));
    assert!(
        post(&scene.clinician, &scene.page, empty_field).await.text("#file-error").contains("Choose at least one file")
    );
    let odd = Form::new().text("category", "PASSPORT").text("expires_on_day", "31").text("expires_on_month", "2");
    let odd =
        post(&scene.clinician, &scene.page, odd.text("expires_on_year", "2027").part("file", file("a.pdf", pdf(100))))
            .await;
    assert!(odd.text("#category-error").contains("Choose a kind") && !odd.text("#expires_on-error").is_empty());
    let plain = scene.clinician.post(&scene.page, &[("file", "x")]).await;
    assert_eq!(plain.status, StatusCode::BAD_REQUEST);
    assert!(plain.body.contains("not a form with files"), "{}", plain.body);
    scene.nothing_is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_fit_and_one_byte_more_does_not() {
    let scene = scene().await;
    let part = |size: usize| {
        let head = Bytes::from(pdf(1 << 20));
        let pieces = size.div_ceil(1 << 20);
        let body = stream::iter((0..pieces).map(move |n| {
            let length = (size - n * (1 << 20)).min(1 << 20);
            Ok::<_, std::io::Error>(head.slice(..length))
        }));
        Part::stream(Body::wrap_stream(body)).file_name("large.pdf")
    };
    let reply = send(&scene.clinician, &scene.page, vec![part(104_857_601)]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        reply.text("#file-error").contains("larger than 100 MB (104,857,600 bytes)"),
        "{}",
        reply.text("#file-error")
    );
    scene.nothing_is_left().await;
    let reply = send(&scene.clinician, &scene.page, vec![part(104_857_600)]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    assert_eq!(ask(&scene.portal, "SELECT max(file_size) FROM document_version").await, 104_857_600);
}

/// A form of one file that breaks off after `sent` bytes of it, as raw bytes.
pub fn broken_form(sent: usize) -> Vec<u8> {
    let head = "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n";
    [head.as_bytes(), &pdf(sent)].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_off_was_never_there() {
    let scene = scene().await;
    let request = || {
        scene.clinician.request(Method::POST, &scene.page).header("content-type", "multipart/form-data; boundary=edge")
    };
    // The form ends in the middle of a file, though the request is whole: with a length and without.
    let whole = scene.clinician.send(request().body(broken_form(200_000))).await;
    assert_eq!(whole.status, StatusCode::BAD_REQUEST);
    assert!(whole.body.contains("did not arrive whole"), "{}", whole.body);
    let chunked = Body::wrap_stream(stream::iter([Ok::<_, std::io::Error>(broken_form(200_000))]));
    assert_eq!(scene.clinician.send(request().body(chunked)).await.status, StatusCode::BAD_REQUEST);
    scene.nothing_is_left().await;
    // The connection breaks: the client goes away, or its length was a lie.
    for length in [None, Some("5000000")] {
        let pieces = stream::unfold(0, |turn| async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            match turn {
                0 => Some((Ok(broken_form(3_000_000)), 1)),
                _ => Some((Err(std::io::Error::other("the cable")), 2)),
            }
        });
        let mut request = request().body(Body::wrap_stream(pieces));
        if let Some(length) = length {
            request = request.header("content-length", length);
        }
        assert!(request.send().await.is_err(), "nobody is there to be answered");
        scene.nothing_is_left().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_meanwhile_saves_nothing_and_leads_to_the_sign_in() {
    let scene = scene().await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(4);
    let body = Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
    let request = scene.clinician.request(Method::POST, &scene.page);
    let request = request.header("content-type", "multipart/form-data; boundary=edge").body(body);
    let answer = tokio::spawn(request.send());
    sender.send(Ok(broken_form(2_000_000))).await.expect("taken");
    tokio::time::sleep(Duration::from_millis(300)).await;
    run(&scene.portal.admin, "UPDATE user_session SET ended_at = now(), end_reason = 'REVOKED' WHERE ended_at IS NULL")
        .await;
    sender.send(Ok(b"\r\n--edge--\r\n".to_vec())).await.expect("taken");
    drop(sender);
    let answer = answer.await.expect("no panic").expect("an answer");
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(answer.headers()["location"].to_str().expect("text").starts_with("/sign-in"));
    scene.nothing_is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_uploads_at_once_never_exceed_the_quota_together() {
    let scene = scene().await;
    run(
        &scene.portal.admin,
        &format!("INSERT INTO document_usage (organization_id) VALUES ('{NORTHGATE}') ON CONFLICT DO NOTHING"),
    )
    .await;
    run(
        &scene.portal.admin,
        &format!("UPDATE document_usage SET quota_bytes = used_bytes + 350000 WHERE organization_id = '{NORTHGATE}'"),
    )
    .await;
    let uploads = (0..20).map(|n| send(&scene.clinician, &scene.page, vec![file(&format!("{n}.pdf"), pdf(100_000))]));
    let replies = futures::future::join_all(uploads).await;
    let (taken, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == StatusCode::SEE_OTHER);
    assert_eq!(taken.len(), 3);
    for reply in refused {
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(reply.text("#file-error").contains("not enough room"), "{}", reply.text("#file-error"));
    }
    let left = format!("SELECT quota_bytes - used_bytes FROM document_usage WHERE organization_id = '{NORTHGATE}'");
    assert_eq!(ask(&scene.portal, &left).await, 50_000);
    assert_eq!(rows(&scene.portal).await, (scene.before.0.0 + 3, scene.before.0.1 + 3));
    settles(&scene.portal, scene.before.1 + 3).await;
    assert!(scene.clinician.get(&scene.page).await.text("#file-hint").contains("room for 50"));
}

/// A clamd that finds something in every file that says EICAR.
async fn clamd() -> Scanner {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut command = [0; 10];
                stream.read_exact(&mut command).await.expect("a command");
                assert_eq!(&command, b"zINSTREAM\0");
                let mut file = Vec::new();
                loop {
                    let Ok(length) = stream.read_u32().await else { return };
                    if length == 0 {
                        break;
                    }
                    let mut piece = vec![0; length as usize];
                    stream.read_exact(&mut piece).await.expect("a piece");
                    file.extend(piece);
                }
                let found = file.windows(5).any(|window| window == b"EICAR");
                let answer: &[u8] = if found { b"stream: Eicar-Test-Signature FOUND\0" } else { b"stream: OK\0" };
                stream.write_all(answer).await.ok();
            });
        }
    });
    Scanner::Tcp(address.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_virus_scanner_has_the_last_word() {
    let scanner = clamd().await;
    let portal = Portal::start_with(|app| {
        let Place::Local(directory) = app.files.place().clone() else { panic!("a directory") };
        app.files = Files::new(Place::Local(directory), Some(scanner));
    })
    .await;
    let scene = scene_of(portal).await;
    let bad = [pdf(90_000), b"X5O!P%@AP-EICAR-STANDARD".to_vec()].concat();
    let reply = send(&scene.clinician, &scene.page, vec![file("bad.pdf", bad)]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text("#file-error").contains("bad.pdf: the virus scanner found Eicar-Test-Signature in it"));
    scene.nothing_is_left().await;
    let good = send(&scene.clinician, &scene.page, vec![file("good.pdf", pdf(90_000))]).await;
    assert_eq!(good.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_virus_scanner_nothing_is_taken_in() {
    let portal = Portal::start_with(|app| {
        let Place::Local(directory) = app.files.place().clone() else { panic!("a directory") };
        app.files = Files::new(Place::Local(directory), Some(Scanner::Unix("/nowhere/clamd.ctl".into())));
    })
    .await;
    let scene = scene_of(portal).await;
    let reply = send(&scene.clinician, &scene.page, vec![file("good.pdf", pdf(1000))]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text("#file-error").contains("the virus scanner cannot be reached"));
    scene.nothing_is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_fields_without_end_is_not_read_to_its_end() {
    let scene = scene().await;
    let words = "x".repeat(40 * 1024);
    let form = (0..200).fold(Form::new(), |form, number| form.text(format!("field{number}"), words.clone()));
    let request = scene.clinician.request(Method::POST, &scene.page).multipart(form);
    let response = request.send().await.expect("an answer, though it comes before all is sent");
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let refused = (0..200).map(|number| (format!("{number}.exe"), b"MZ".as_slice())).collect::<Vec<_>>();
    let refused: Vec<_> = refused.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let reply = scene.clinician.post_files(&scene.page, &[], &refused).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE, "neither are files");
    scene.nothing_is_left().await;
}
