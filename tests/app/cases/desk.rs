//! The clerk's desk: opening, numbering, changing, drafts.

use almoner::ids::CaseId;
use futures::future::join_all;
use reqwest::StatusCode;

use super::{Board, id_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_case_goes_from_the_desk_to_completion_and_back() {
    let board = Board::meet().await;
    let id = board.open("Home adaptation grant").await;
    let page = board.clerk.browser.get(&format!("/cases/{id}")).await;
    assert_eq!(page.text("h1"), "Home adaptation grant");
    assert!(page.text("#summary").contains("Asks for a rail."));
    assert_eq!(page.texts(".steps [aria-current='step'] b"), ["New"]);
    for (person, what, status) in [
        (&board.clerk, "submit", "PENDING_REVIEW"),
        (&board.chair, "assign", "ASSIGNED"),
        (&board.worker, "start", "IN_PROGRESS"),
        (&board.worker, "finish", "PENDING_COMPLETION"),
        (&board.chair, "return", "IN_PROGRESS"),
        (&board.worker, "finish", "PENDING_COMPLETION"),
        (&board.chair, "complete", "COMPLETED"),
        (&board.chair, "reopen", "IN_PROGRESS"),
        (&board.chair, "reassign", "IN_PROGRESS"),
    ] {
        let reply = board.act(person, id, what).await;
        assert_eq!((reply.status, board.state(id).await.status.as_str()), (StatusCode::SEE_OTHER, status), "{what}");
    }
    let page = board.other_worker.browser.get(&format!("/cases/{id}")).await;
    assert!(page.text("#can").contains("Ask for completion"), "{}", page.body);
    assert_eq!(board.worker.browser.get(&format!("/cases/{id}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_cases_at_once_get_twenty_numbers_without_a_gap() {
    let board = Board::meet().await;
    let titles: Vec<_> = (0..20).map(|number| format!("Case {number}")).collect();
    let replies = join_all(titles.iter().map(|title| {
        let fields = board.fields(title);
        let browser = board.clerk.browser.clone();
        async move { browser.post("/cases/new", &fields).await }
    }))
    .await;
    for reply in &replies {
        id_of(reply);
    }
    let numbers = sqlx::query_scalar!(
        "SELECT number FROM cases WHERE organization_id = $1 ORDER BY number",
        board.house.organization.uuid()
    )
    .fetch_all(&board.portal.admin)
    .await
    .expect("numbers");
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_sent_twice_makes_one_case_and_uses_one_number() {
    let board = Board::meet().await;
    let key = CaseId::new().to_string();
    let mut fields = board.fields("Once");
    fields.push(("idempotency_key", &key));
    let first = board.clerk.browser.post("/cases/new", &fields).await;
    let second = board.clerk.browser.post("/cases/new", &fields).await;
    assert_eq!(first.location(), second.location());
    board.open("Next").await;
    let numbers = sqlx::query_scalar!(
        "SELECT number FROM cases WHERE organization_id = $1 ORDER BY number",
        board.house.organization.uuid()
    )
    .fetch_all(&board.portal.admin)
    .await
    .expect("numbers");
    assert_eq!(numbers, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_comes_back_with_everything_that_was_typed() {
    let board = Board::meet().await;
    let mut fields = board.fields("   ");
    fields.push(("record_number", "999 0000"));
    let reply = board.clerk.browser.post("/cases/new", &fields).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reply.attributes("#errors a", "href"), ["#title"]);
    assert_eq!(reply.text("#description"), "Asks for a rail.");
    let mut fields = board.fields("Fine");
    fields.push(("record_number", "999 0000"));
    let reply = board.clerk.browser.post("/cases/new", &fields).await;
    assert_eq!(reply.attributes("#errors a", "href"), ["#record_number"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_concerned_is_named_by_number_and_shown_as_a_header_only() {
    let board = Board::meet().await;
    let patient = board.house.patient(&board.portal, board.house.clinic, "104 2331").await;
    let mut fields = board.fields("About somebody");
    fields.push(("record_number", "1042331"));
    let id = id_of(&board.clerk.browser.post("/cases/new", &fields).await);
    let page = board.clerk.browser.get(&format!("/cases/{id}")).await;
    let summary = page.text("#summary");
    assert!(summary.contains("OKAFOR, Ada, MRN 104 2331") && !summary.contains("1958"), "{summary}");
    assert!(page.attributes("#summary dd a", "href").is_empty(), "no way to the chart");
    let seen = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM audit_event WHERE resource_id = $1 AND action = 'VIEW' AND patient_id = $2"#,
        id.uuid(),
        patient.uuid()
    )
    .fetch_one(&board.portal.admin)
    .await
    .expect("the audit");
    assert_eq!(seen, 1, "the view is written down");
    let stored = sqlx::query_scalar!("SELECT description_enc FROM cases WHERE id = $1", id.uuid())
        .fetch_one(&board.portal.admin)
        .await
        .expect("the case");
    assert!(!String::from_utf8_lossy(&stored.expect("a description")).contains("rail"), "encrypted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_form_shows_both_values_and_saves_nothing_until_it_is_sent_again() {
    let board = Board::meet().await;
    let id = board.open("Before").await;
    let form = board.clerk.browser.get(&format!("/cases/{id}/edit")).await;
    let version = form.field("row_version");
    let path = format!("/cases/{id}/edit");
    let change = |title: &'static str, version: &str| {
        let mut fields: Vec<(String, String)> =
            board.fields(title).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        fields.push(("row_version".to_owned(), version.to_owned()));
        fields
    };
    let send = async |fields: Vec<(String, String)>| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        board.clerk.browser.post(&path, &fields).await
    };
    assert_eq!(send(change("Theirs", &version)).await.status, StatusCode::SEE_OTHER);
    let reply = send(change("Mine", &version)).await;
    assert_eq!(reply.status, StatusCode::CONFLICT);
    assert_eq!(reply.texts("#conflict tbody td"), ["Theirs", "Mine"]);
    assert_eq!(reply.field("title"), "Mine");
    assert_eq!(send(change("Mine", &reply.field("row_version"))).await.status, StatusCode::SEE_OTHER);
    assert_eq!(board.clerk.browser.get(&format!("/cases/{id}")).await.text("h1"), "Mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_waits_for_its_writer_until_it_is_sent_or_discarded() {
    let board = Board::meet().await;
    let browser = &board.clerk.browser;
    let kept = browser.hx_post("/cases/new/draft", &board.fields("Half a ti")).await;
    assert!(kept.text("#draft-kept").starts_with("Draft kept"), "{}", kept.body);
    let form = browser.get("/cases/new").await;
    assert_eq!((form.field("title").as_str(), form.text("#description").as_str()), ("Half a ti", "Asks for a rail."));
    assert!(form.text(".note").contains("Your draft of"));
    assert_eq!(board.chair.browser.get("/cases/new").await.field("title"), "", "nobody else sees it");
    let sealed = sqlx::query_scalar!("SELECT payload_enc FROM form_draft WHERE user_id = $1", board.clerk.id.uuid())
        .fetch_one(&board.portal.admin)
        .await
        .expect("the draft");
    assert!(!String::from_utf8_lossy(&sealed.expect("its fields")).contains("Half"), "encrypted");

    // Without a script the button does the same.
    let reply = browser.post("/cases/new/draft", &board.fields("Half a title")).await;
    assert_eq!(reply.location(), "/cases/new");
    assert_eq!(browser.get("/cases/new").await.field("title"), "Half a title");
    browser.post("/cases/new/draft", &[("discard", "1")]).await;
    assert_eq!(browser.get("/cases/new").await.field("title"), "");

    browser.post("/cases/new/draft", &board.fields("Sent")).await;
    board.open("Sent").await;
    assert_eq!(browser.get("/cases/new").await.field("title"), "", "sent is not a draft any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_submission_only_the_chair_changes_what_it_says() {
    let board = Board::meet().await;
    let id = board.open("Submitted").await;
    board.act(&board.clerk, id, "submit").await;
    assert_eq!(board.clerk.browser.get(&format!("/cases/{id}/edit")).await.status, StatusCode::CONFLICT);
    assert_eq!(board.chair.browser.get(&format!("/cases/{id}/edit")).await.status, StatusCode::OK);
    board.put(id, "COMPLETED").await;
    assert_eq!(board.chair.browser.get(&format!("/cases/{id}/edit")).await.status, StatusCode::CONFLICT);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_have_no_gap_where_some_of_many_forms_at_once_are_refused() {
    let board = Board::meet().await;
    let titles: Vec<_> = (0..24).map(|number| format!("Case {number}")).collect();
    // Each third form is sent twice, each fourth names somebody whom nobody knows.
    let forms = titles.iter().enumerate().flat_map(|(number, title)| {
        let key = CaseId::new().to_string();
        let times = if number % 3 == 0 { 2 } else { 1 };
        std::iter::repeat_n((number, title.as_str(), key), times)
    });
    let sent = forms.map(|(number, title, key)| {
        let (fields, browser) = (board.fields(title), board.clerk.browser.clone());
        async move {
            let mut fields: Vec<(&str, &str)> = fields;
            if number % 4 == 1 {
                fields.push(("record_number", "999 0000"));
            }
            let fields: Vec<_> = fields.into_iter().chain([("idempotency_key", key.as_str())]).collect();
            browser.post("/cases/new", &fields).await.status
        }
    });
    let refused = join_all(sent).await.into_iter().filter(|status| *status == StatusCode::UNPROCESSABLE_ENTITY).count();
    let numbers = sqlx::query_scalar!(
        "SELECT number FROM cases WHERE organization_id = $1 ORDER BY number",
        board.house.organization.uuid()
    );
    let numbers = numbers.fetch_all(&board.portal.admin).await.expect("numbers");
    assert_eq!(numbers, (1..=18).collect::<Vec<_>>());
    assert!(refused >= 6, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_is_assigned_does_not_move_to_a_place_where_its_caseworker_does_not_work() {
    let board = Board::meet().await;
    let id = board.open("Rail").await;
    board.put(id, "ASSIGNED").await;
    let chair = super::person(&board.portal, &board.house, almoner::access::Role::Chair, None).await;
    let home = board.house.home.to_string();
    let version = board.state(id).await.version.to_string();
    let fields = [("title", "Rail"), ("priority", "HIGH"), ("facility_id", home.as_str()), ("row_version", &version)];
    let reply = chair.browser.post(&format!("/cases/{id}/edit"), &fields).await;
    assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reply.attributes("#errors a", "href"), ["#facility_id"]);
    board.put(id, "PENDING_REVIEW").await;
    let version = board.state(id).await.version.to_string();
    let fields = [("title", "Rail"), ("priority", "HIGH"), ("facility_id", home.as_str()), ("row_version", &version)];
    assert_eq!(chair.browser.post(&format!("/cases/{id}/edit"), &fields).await.status, StatusCode::SEE_OTHER);
}
