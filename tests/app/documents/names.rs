//! Names and contents that somebody chose with care.

use reqwest::{Method, StatusCode};

use super::{download, file, first, objects, rows, send};
use crate::patients::okafor;
use crate::support::{Portal, run};

#[tokio::test(flavor = "multi_thread")]
async fn no_name_is_a_path_or_says_what_it_does_not_show() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    for (raw, expected) in [
        (r"..\\..\\windows\\evil.txt", "evil.txt"),
        ("../../../etc/evil.txt", "evil.txt"),
        ("a\u{ad}\u{200b}b\tc.txt", "abc.txt"),
        ("letter\u{202e}txt.txt", "lettertxt.txt"),
        ("<img src=x onerror=alert(1)>.txt", "<img src=x onerror=alert(1)>.txt"),
    ] {
        let head = format!("--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{raw}\"\r\n\r\n");
        let body = format!("{head}Dear all,\r\n--edge--\r\n");
        let request =
            clinician.request(Method::POST, &page).header("content-type", "multipart/form-data; boundary=edge");
        let reply = clinician.send(request.body(body)).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{raw:?}: {}", reply.body);
        let list = clinician.get(&page).await;
        assert_eq!(list.texts("#list a.pt").first().map(String::as_str), Some(expected), "{raw:?}");
        assert!(!list.body.contains("<img src=x"), "it is text, whatever it looks like");
        let answer = clinician.get(&download(&clinician.get(&first(&list)).await)).await;
        let header = answer.header("content-disposition").expect("a name").to_owned();
        assert!(header.starts_with("attachment; filename=\"") && !header.contains(".."), "{header}");
    }
    // What no header may hold is told apart from what broke off.
    let body = "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\u{1}\u{7f}b.txt\"\r\n\r\nDear all,\r\n--edge--\r\n";
    let request = clinician.request(Method::POST, &page).header("content-type", "multipart/form-data; boundary=edge");
    let reply = clinician.send(request.body(body)).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.body.contains("Rename it, and send it again"), "{}", reply.body);
    for path in objects(&portal) {
        assert!(!path.contains("evil") && !path.contains("letter"), "no name is in the store: {path}");
    }
}

/// A ZIP that says of its one entry that it holds four gigabytes.
fn zip_bomb() -> Vec<u8> {
    let mut zip = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0".to_vec();
    zip.extend(900_000_u32.to_le_bytes());
    zip.extend(0xffff_fff0_u32.to_le_bytes());
    zip.extend(b"\x13\0\0\0[Content_Types].xml");
    zip.extend(vec![0; 900_000]);
    zip
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_grow_when_opened_is_never_opened() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    let before = rows(&portal).await;
    let bare = send(&clinician, &page, vec![file("bomb.zip", zip_bomb())]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bare.text("#file-error").contains("files whose name ends in .zip are not accepted"));
    assert_eq!(rows(&portal).await, before);
    // As an office document it is bytes like any others: kept, given back, not looked into.
    let kept = send(&clinician, &page, vec![file("bomb.docx", zip_bomb())]).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.body);
    let document = clinician.get(&first(&clinician.get(&page).await)).await;
    assert!(document.attributes("img.preview", "src").is_empty());
    let preview = download(&document).replace("/file", "/preview");
    assert_eq!(clinician.get(&preview).await.status, StatusCode::NOT_FOUND);
    // A picture that says it is 60,000 by 60,000 is kept too, but never drawn.
    let mut png = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(10, 10).write_to(&mut png, image::ImageFormat::Png).expect("a picture");
    let mut png = png.into_inner();
    png[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    png[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    assert_eq!(send(&clinician, &page, vec![file("huge.png", png)]).await.status, StatusCode::SEE_OTHER);
    let document = clinician.get(&first(&clinician.get(&page).await)).await;
    let shown = clinician.get(&document.attributes("img.preview", "src").remove(0)).await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(shown.body.contains("cannot be shown here"), "{}", shown.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_record_takes_nothing_more() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let patient = okafor(&portal).await;
    let page = format!("/patients/{patient}/documents");
    let before = (rows(&portal).await, objects(&portal).len());
    run(&portal.admin, &format!("UPDATE patient SET deleted_at = now() WHERE id = '{patient}'")).await;
    let reply = send(&clinician, &page, vec![file("late.txt", "Dear all,")]).await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert!(reply.body.contains("Nothing can be added here any more"), "{}", reply.body);
    assert_eq!((rows(&portal).await, objects(&portal).len()), before);
}
