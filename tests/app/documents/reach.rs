//! Who reaches which documents.

use reqwest::StatusCode;
use uuid::Uuid;

use super::{a_case, download, file, first, pdf, send};
use crate::patients::okafor;
use crate::support::{Browser, Portal};

async fn statuses(browser: &Browser, paths: &[String]) -> Vec<u16> {
    let mut found = Vec::new();
    for path in paths {
        found.push(browser.get(path).await.status.as_u16());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_a_case_follow_who_sees_the_case() {
    let portal = Portal::start().await;
    let page = format!("/cases/{}/documents", a_case(&portal).await);
    let clerk = portal.sign_in("clerk").await;
    send(&clerk, &page, vec![file("quote.pdf", pdf(500))]).await;
    let document = first(&clerk.get(&page).await);
    let paths = [page.clone(), document.clone(), download(&clerk.get(&document).await)];
    let more = |browser: Browser| {
        let page = page.clone();
        async move { send(&browser, &page, vec![file("more.txt", "More")]).await.status.as_u16() }
    };
    for (role, seen, adds) in [
        ("clerk", 200, 303),
        ("chair", 200, 303),
        ("caseworker", 200, 303),
        ("compliance", 200, 403),
        ("clinician", 404, 404),
        ("manager", 404, 404),
        ("carer", 404, 403),
        ("owner", 404, 403),
        ("admin", 403, 403),
        ("patient", 403, 403),
    ] {
        let browser = portal.sign_in(role).await;
        assert_eq!(statuses(&browser, &paths).await, [seen; 3], "{role}");
        assert_eq!(more(browser).await, adds, "{role} adds");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_a_chart_are_for_those_who_care_for_the_patient() {
    let portal = Portal::start().await;
    let page = format!("/patients/{}/documents", okafor(&portal).await);
    let clinician = portal.sign_in("clinician").await;
    send(&clinician, &page, vec![file("letter.pdf", pdf(500))]).await;
    let document = first(&clinician.get(&page).await);
    let paths = [page.clone(), document.clone(), download(&clinician.get(&document).await)];
    for (role, list, seen, adds) in [
        ("clinician", 200, 200, 303),
        ("assistant", 200, 200, 303),
        ("compliance", 200, 200, 403),
        ("clerk", 403, 404, 404),
        ("chair", 403, 404, 404),
        ("owner", 403, 404, 403),
        ("admin", 403, 403, 403),
        ("patient", 403, 403, 403),
    ] {
        let browser = portal.sign_in(role).await;
        assert_eq!(statuses(&browser, &paths).await, [list, seen, seen], "{role}");
        let status = send(&browser, &page, vec![file("more.txt", "More")]).await.status.as_u16();
        assert_eq!(status, adds, "{role} adds");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_foreign_or_does_not_exist_is_not_found() {
    let portal = Portal::start().await;
    let patient = okafor(&portal).await;
    let page = format!("/patients/{patient}/documents");
    let clinician = portal.sign_in("clinician").await;
    send(&clinician, &page, vec![file("one.pdf", pdf(500))]).await;
    let one = first(&clinician.get(&page).await);
    let file_of_one = download(&clinician.get(&one).await);
    send(&clinician, &page, vec![file("two.pdf", pdf(700))]).await;
    let two = first(&clinician.get(&page).await);
    let stranger = portal.visitor();
    stranger.sign_in("clinician@southgate.example.com").await;
    let nothing = Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);
    for path in [page.clone(), one.clone(), file_of_one.clone(), format!("{one}/archive")] {
        assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in [
        page,
        format!("{one}/versions"),
        format!("/documents/{nothing}/versions"),
        format!("/cases/{nothing}/documents"),
    ] {
        let reply = send(&stranger, &path, vec![file("a.pdf", pdf(500))]).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
    }
    let crossed = file_of_one.replace(&one, &two);
    assert_eq!(clinician.get(&crossed).await.status, StatusCode::NOT_FOUND, "a version of another document");
    let visitor = portal.visitor().get(&file_of_one).await;
    assert!(visitor.location().starts_with("/sign-in"));
}
