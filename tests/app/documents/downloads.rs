//! Downloads: in parts, once in the audit, and looks that save nothing.

use reqwest::{Method, Response, StatusCode};

use super::{download, file, first, pdf, send};
use crate::patients::{ask, okafor};
use crate::support::{Browser, Portal};

pub async fn get(browser: &Browser, path: &str, headers: &[(&str, &str)]) -> Response {
    let request =
        headers.iter().fold(browser.request(Method::GET, path), |request, (name, value)| request.header(*name, *value));
    request.send().await.expect("an answer")
}

async fn exports(portal: &Portal) -> i64 {
    ask(portal, "SELECT count(*) FROM audit_event WHERE action = 'EXPORT' AND resource_type = 'document' AND at > now() - interval '1 minute'").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_resumes_and_is_in_the_audit_once() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    let content = pdf(200_000);
    send(&clinician, &page, vec![file("a.pdf", content.clone())]).await;
    let path = download(&clinician.get(&first(&clinician.get(&page).await)).await);
    let whole = get(&clinician, &path, &[("accept-encoding", "gzip")]).await;
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert!(!whole.headers().contains_key("content-encoding"));
    let etag = whole.headers()["etag"].to_str().expect("text").to_owned();
    drop(whole);
    assert_eq!(exports(&portal).await, 1);
    for (range, from, to) in
        [("bytes=65530-65545", 65_530, 65_546), ("bytes=131072-", 131_072, 200_000), ("bytes=-5", 199_995, 200_000)]
    {
        let part = get(&clinician, &path, &[("range", range), ("if-range", &etag)]).await;
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(part.headers()["content-range"].to_str().unwrap(), format!("bytes {from}-{}/200000", to - 1));
        assert_eq!(part.bytes().await.expect("bytes"), content[from..to], "{range}");
    }
    assert_eq!(exports(&portal).await, 1, "who resumes does not download again");
    let other = get(&clinician, &path, &[("range", "bytes=5-"), ("if-range", "\"another\"")]).await;
    assert_eq!((other.status(), other.content_length()), (StatusCode::OK, Some(200_000)));
    let unproven = get(&clinician, &path, &[("range", "bytes=5-")]).await;
    assert_eq!(unproven.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(exports(&portal).await, 3, "without proof it is a download of its own");
    let beyond = get(&clinician, &path, &[("range", "bytes=200000-")]).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.headers()["content-range"], "bytes */200000");
    assert_eq!(get(&clinician, &path, &[("if-none-match", &etag)]).await.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(exports(&portal).await, 3);
    let colleague = portal.sign_in("assistant").await;
    let stolen = get(&colleague, &path, &[("range", "bytes=5-"), ("if-range", &etag)]).await;
    assert_eq!(stolen.status(), StatusCode::OK, "the proof is for the session that began");
    assert_eq!(exports(&portal).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_are_drawn_anew_and_readers_are_framed_by_us_only() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    let mut png = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(40, 20).write_to(&mut png, image::ImageFormat::Png).expect("a picture");
    // What hides behind the end of the picture does not come through.
    let content = [png.into_inner(), b"<script>alert(1)</script>".to_vec()].concat();
    send(&clinician, &page, vec![file("photo.png", content)]).await;
    let document = clinician.get(&first(&clinician.get(&page).await)).await;
    let source = document.attributes("img.preview", "src").remove(0);
    let picture = get(&clinician, &source, &[]).await;
    assert_eq!(picture.headers()["content-type"], "image/jpeg");
    let bytes = picture.bytes().await.expect("bytes");
    assert!(bytes.starts_with(b"\xff\xd8\xff") && !bytes.windows(8).any(|window| window == b"<script>"));
    send(&clinician, &page, vec![file("broken.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec())]).await;
    let broken = clinician.get(&first(&clinician.get(&page).await)).await;
    let broken = clinician.get(&broken.attributes("img.preview", "src").remove(0)).await;
    assert_eq!(broken.status, StatusCode::UNPROCESSABLE_ENTITY);
    send(&clinician, &page, vec![file("a.pdf", pdf(1000)), file("b.txt", "Dear all,")]).await;
    let list = clinician.get(&page).await;
    for href in list.attributes("#list a.pt", "href").into_iter().take(2) {
        let document = clinician.get(&href).await;
        let preview = download(&document).replace("/file", "/preview");
        let shown = get(&clinician, &preview, &[]).await;
        if document.body.contains("b.txt") {
            assert_eq!(shown.status(), StatusCode::NOT_FOUND, "text is saved, not shown");
        } else {
            assert_eq!(shown.headers()["content-type"], "application/pdf");
            assert_eq!(shown.headers()["x-frame-options"], "SAMEORIGIN");
            let policy = shown.headers()["content-security-policy"].to_str().expect("text").to_owned();
            assert!(policy.contains("frame-ancestors 'self'") && policy.contains("default-src 'none'"), "{policy}");
            assert!(shown.headers()["content-disposition"].to_str().expect("text").starts_with("inline;"));
        }
    }
}
