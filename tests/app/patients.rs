//! Finding patients and keeping their records.

use reqwest::StatusCode;

use crate::support::{Browser, Portal};

/// Follows the redirect that a search answers with.
async fn find(browser: &Browser, typed: &str) -> crate::support::Reply {
    let reply = browser.post("/patients/search", &[("q", typed)]).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    let location = reply.header("location").expect("a location").to_owned();
    assert!(!location.contains(typed) || typed.is_empty(), "what is typed is not for addresses: {location}");
    browser.get(&location).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_is_found_by_the_beginning_of_either_name() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    for typed in ["oka", "OKAFOR", "Okafor, Ad", "adae", "Adaeze Oka"] {
        let reply = find(&clinician, typed).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert!(reply.body.contains("OKAFOR, Adaeze"), "{typed}: {}", reply.body);
    }
    let nobody = find(&clinician, "kafor").await;
    assert!(nobody.body.contains("Nobody found"));
}
