//! Raising, commenting, and everything that forms can get wrong.

use reqwest::StatusCode;
use uuid::Uuid;

use super::{act, one};
use crate::support::Portal;

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_raised_once_however_often_the_form_is_sent() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let form = clinician.get("/alerts/new").await;
    let key = form.field("idempotency_key");
    let fields = [
        ("idempotency_key", key.as_str()),
        ("mrn", "104 2331"),
        ("type", "BP_HIGH_TREND"),
        ("severity", "HIGH"),
        ("title", "Dizzy on the stairs"),
        ("body", "Twice this morning"),
    ];
    for _ in 0..2 {
        let reply = clinician.post("/alerts/new", &fields).await;
        assert_eq!(
            (reply.status, reply.location()),
            (StatusCode::SEE_OTHER, format!("/alerts/{key}").as_str()),
            "{}",
            reply.body
        );
    }
    let page = clinician.get(&format!("/alerts/{key}")).await;
    assert!(page.body.contains("OKAFOR, Adaeze") && page.text("h1") == "Dizzy on the stairs");
    let raised = sqlx::query_scalar!("SELECT count(*) FROM alert WHERE title = 'Dizzy on the stairs'");
    assert_eq!(raised.fetch_one(&portal.admin).await.expect("a count"), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_wrong_comes_back_with_what_was_typed() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let fields = [("mrn", "000 0000"), ("title", ""), ("body", "Typed <already>"), ("severity", "FATAL")];
    let reply = clinician.post("/alerts/new", &fields).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    let errors = reply.texts("#errors li").join("|");
    for message in
        ["no patient with this record number", "Say in one line", "Choose what it is about", "Choose how urgent"]
    {
        assert!(errors.contains(message), "{message}: {errors}");
    }
    assert_eq!(reply.text("textarea[name=body]"), "Typed <already>");
    assert!(reply.text("title").starts_with("Error:"));
    let alert = one(&portal, "ACTIVE", "HIGH").await;
    for (what, fields, message) in [
        ("resolution", [("reason", ""), ("text", "")], "Choose a reason"),
        ("resolution", [("reason", "OTHER"), ("text", " ")], "Say what the other reason is"),
        ("resolution", [("reason", "DUPLICATE"), ("text", "")], "Choose a reason"),
        ("snooze", [("until", "forever"), ("text", "")], "Choose for how long"),
        ("assignment", [("who", "somebody"), ("text", "")], "Choose who takes it"),
    ] {
        let reply = act(&clinician, &alert, what, &fields).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{what} {fields:?}");
        assert!(reply.text("#errors").contains(message), "{message}: {}", reply.text("#errors"));
    }
    let critical = one(&portal, "ACTIVE", "CRITICAL").await;
    let reply = act(&clinician, &critical, "snooze", &[("until", "4h")]).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(reply.text("#errors").contains("one hour at most"));
    let stranger = act(&clinician, &alert, "assignment", &[("who", &Uuid::nil().to_string())]).await;
    assert_eq!(stranger.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_politely_everywhere() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let alert = one(&portal, "ACTIVE", "HIGH").await;
    for query in [
        "view=x",
        "sev=x",
        "type=x",
        "status=x",
        "who=x",
        "facility=x",
        "sort=x",
        "rows=13",
        "after=x",
        "before=1.2",
        "selected=x",
        "q=%00",
        "q=%FF",
        "q=okafor",
        "from=x",
    ] {
        for path in ["/alerts", "/alerts/newer", "/alerts.csv", "/alerts/print", "/alerts/views"] {
            let reply = clinician.get(&format!("{path}?{query}")).await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{path}?{query}");
        }
    }
    let long = "x".repeat(20_000);
    for (path, body) in [
        (format!("/alerts/{}/resolution", alert.id), "reason=%00&row_version=1".to_owned()),
        (format!("/alerts/{}/resolution", alert.id), "reason=%FF&row_version=1".to_owned()),
        (format!("/alerts/{}/acknowledgement", alert.id), String::new()),
        (format!("/alerts/{}/comments", alert.id), format!("comment={long}")),
        (format!("/alerts/{}/comments", alert.id), "comment=%01".to_owned()),
        ("/alerts/bulk".to_owned(), "action=explode".to_owned()),
        ("/alerts/bulk".to_owned(), "action=acknowledge&id=1.2.3".to_owned()),
        (
            "/alerts/bulk".to_owned(),
            format!("action=acknowledge{}", "&id=0192f0c1-0000-7000-8000-000000000000.1".repeat(201)),
        ),
        ("/alerts/new".to_owned(), format!("title={long}")),
        ("/alerts/views".to_owned(), format!("name={long}&query=")),
    ] {
        let reply = clinician.post_raw(&path, body).await;
        assert!(reply.status.is_client_error(), "{path}: {}", reply.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_reach_answers_like_what_does_not_exist() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let foreign = sqlx::query_scalar!(
        "SELECT id FROM alert WHERE organization_id <> (SELECT organization_id FROM app_user WHERE email = 'clinician@example.com') LIMIT 1"
    )
    .fetch_one(&portal.admin)
    .await
    .expect("the other organization has alerts");
    let unknown = Uuid::from_u128(7);
    for path in ["", "/resolution", "/snooze"] {
        let (theirs, none) = (
            clinician.get(&format!("/alerts/{foreign}{path}")).await,
            clinician.get(&format!("/alerts/{unknown}{path}")).await,
        );
        assert_eq!(theirs.status, StatusCode::NOT_FOUND);
        assert_eq!(theirs.body_without_ids(), none.body_without_ids(), "{path}");
    }
    let fields = [
        ("row_version", "1"),
        ("reason", "EXPECTED"),
        ("text", "x"),
        ("who", "me"),
        ("until", "15m"),
        ("comment", "x"),
    ];
    for what in [
        "acknowledgement",
        "assignment",
        "snooze",
        "return",
        "resolution",
        "dismissal",
        "reopening",
        "undo",
        "comments",
    ] {
        let theirs = clinician.post(&format!("/alerts/{foreign}/{what}"), &fields).await;
        let none = clinician.post(&format!("/alerts/{unknown}/{what}"), &fields).await;
        assert_eq!((theirs.status, theirs.body_without_ids()), (none.status, none.body_without_ids()), "{what}");
        assert_eq!(theirs.status, StatusCode::NOT_FOUND, "{what}");
    }
    let selected = clinician.get(&format!("/alerts?selected={foreign}")).await;
    assert!(selected.text("#preview").contains("Blood pressure very high"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comment_is_kept_once_encrypted_and_read_back() {
    let portal = Portal::start().await;
    let clinician = portal.sign_in("clinician").await;
    let alert = one(&portal, "ACTIVE", "HIGH").await;
    let page = clinician.get(&format!("/alerts/{}", alert.id)).await;
    let key = page.field("idempotency_key");
    for _ in 0..2 {
        let reply = clinician
            .post(
                &format!("/alerts/{}/comments", alert.id),
                &[("comment", "Called <the> ward"), ("idempotency_key", &key)],
            )
            .await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    }
    let page = clinician.get(&format!("/alerts/{}", alert.id)).await;
    assert_eq!(page.texts("#story .said").iter().filter(|said| said.contains("Called <the> ward")).count(), 1);
    let stored =
        sqlx::query_scalar!("SELECT body_enc FROM comment WHERE id = $1", key.parse::<Uuid>().expect("a uuid"));
    let stored = stored.fetch_one(&portal.admin).await.expect("a comment");
    assert!(!stored.windows(6).any(|part| part == b"Called"));
    let empty = clinician.post(&format!("/alerts/{}/comments", alert.id), &[("comment", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        portal.sign_in("owner").await.post(&format!("/alerts/{}/comments", alert.id), &[("comment", "x")]).await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_without_a_patient_is_shown_on_every_page() {
    let portal = Portal::start().await;
    let owner = portal.sign_in("owner").await;
    let bare = sqlx::query_scalar!(
        "SELECT id FROM alert WHERE patient_id IS NULL AND facility_id IS NULL
           AND organization_id = (SELECT organization_id FROM app_user WHERE email = 'owner@example.com') LIMIT 1"
    )
    .fetch_one(&portal.admin)
    .await
    .expect("the demo has an alert of the whole organization");
    for path in [
        format!("/alerts/{bare}"),
        format!("/alerts?selected={bare}"),
        "/alerts/print".to_owned(),
        "/alerts.csv".to_owned(),
    ] {
        let page = owner.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
    }
    assert!(owner.get(&format!("/alerts/{bare}")).await.body.contains("No patient"));
    assert!(owner.hx_get(&format!("/alerts/{bare}")).await.body.contains("No patient"));
}
