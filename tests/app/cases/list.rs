//! The list: what it finds, in which order, page by page, and what it says when it changes.

use reqwest::StatusCode;

use super::Board;

fn titles(reply: &crate::support::Reply) -> Vec<String> {
    reply.texts("#queue tbody a.pt")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_sorted_filtered_and_paged() {
    let board = Board::meet().await;
    for number in 0..14 {
        board.open(&format!("Rail {number:02}")).await;
    }
    let browser = &board.clerk.browser;
    let first = browser.get("/cases?view=mine").await;
    assert_eq!(titles(&first).len(), 12);
    assert_eq!(titles(&first)[0], "Rail 00", "the oldest first");
    let next = first.attributes("a[rel='next']", "href").remove(0);
    let second = browser.get(&next).await;
    assert_eq!(titles(&second), ["Rail 12", "Rail 13"]);
    let back = second.attributes("a[rel='prev']", "href").remove(0);
    assert_eq!(titles(&browser.get(&back).await), titles(&first));
    assert_eq!(titles(&browser.get("/cases?sort=newest").await)[0], "Rail 13");
    assert_eq!(titles(&browser.get("/cases?sort=due").await).len(), 12);
    assert!(titles(&browser.get("/cases?priority=LOW").await).is_empty());
    assert!(titles(&browser.get("/cases?overdue=1").await).is_empty());
    assert_eq!(browser.get("/cases?view=nonsense").await.status, StatusCode::BAD_REQUEST);
    let tabs = first.texts(".tabs a");
    assert!(tabs.contains(&"My work 14".to_owned()) && tabs.contains(&"New 14".to_owned()), "{tabs:?}");
    assert_eq!(browser.get("/cases.csv?view=new").await.body.lines().count(), 15);
    assert!(browser.get("/cases/print").await.text("table").contains("Rail 13"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_reads_for_every_reach_and_every_tab() {
    let board = Board::meet().await;
    let id = board.open("Rail").await;
    board.put(id, "ASSIGNED").await;
    let everywhere = super::person(&board.portal, &board.house, almoner::access::Role::Chair, None).await;
    for browser in [&board.clerk.browser, &board.chair.browser, &board.worker.browser, &everywhere.browser] {
        for sort in ["priority", "due", "newest"] {
            for view in ["mine", "open", "new", "review", "work", "completion", "overdue", "completed"] {
                let reply = browser.get(&format!("/cases?view={view}&sort={sort}&after=3.1700000000000000.{id}")).await;
                assert_eq!(reply.status, StatusCode::OK, "{view} {sort}: {}", reply.body);
            }
            assert_eq!(titles(&browser.get(&format!("/cases?view=work&sort={sort}")).await), ["Rail"], "{sort}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_looked_for_without_standing_in_the_address() {
    let board = Board::meet().await;
    for title in ["Home adaptation grant", "Homecare hours", "Transport"] {
        board.open(title).await;
    }
    let browser = &board.clerk.browser;
    let reply = browser.post("/cases/search", &[("q", "home"), ("view", "open")]).await;
    assert!(!reply.location().contains("home"), "{}", reply.location());
    assert_eq!(titles(&browser.get(reply.location()).await), ["Home adaptation grant", "Homecare hours"]);
    for typed in ["CASE-3", "case 3", "3"] {
        let reply = browser.post("/cases/search", &[("q", typed)]).await;
        assert_eq!(titles(&browser.get(reply.location()).await), ["Transport"], "{typed}");
    }
    let reply = browser.hx_post("/cases/search", &[("q", "trans")]).await;
    assert_eq!(titles(&reply), ["Transport"]);
    assert!(reply.header("hx-push-url").is_some_and(|address| address.starts_with("/cases?")));
    let token = board.clerk.browser.post("/cases/search", &[("q", "home")]).await.location().to_owned();
    assert!(titles(&board.chair.browser.get(&token).await).is_empty(), "a token is for one person");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_saved_shared_and_taken_away() {
    let board = Board::meet().await;
    board.open("Rail").await;
    let browser = &board.chair.browser;
    let form = browser.get("/cases/views?view=review&priority=URGENT").await;
    let query = form.field("query");
    let reply =
        browser.post("/cases/views", &[("name", "Urgent reviews"), ("query", &query), ("shared", "true")]).await;
    let page = browser.get(reply.location()).await;
    assert_eq!(page.texts(".tabs [aria-current='page']"), ["Urgent reviews"]);
    let shared = board.other_chair.browser.get("/cases").await;
    assert!(shared.texts(".tabs a").contains(&"Urgent reviews (shared)".to_owned()));
    let remove = browser.get("/cases/views").await.attributes("#own-views form", "action").remove(0);
    assert_eq!(browser.post(&remove, &[]).await.status, StatusCode::SEE_OTHER);
    assert!(!browser.get("/cases").await.body.contains("Urgent reviews"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_list_learns_that_cases_changed() {
    let board = Board::meet().await;
    let id = board.open("Rail").await;
    let page = board.chair.browser.get("/cases").await;
    let ask = page.attributes("#queue [hx-trigger^='cases-changed']", "hx-get").remove(0);
    assert!(board.chair.browser.hx_get(&ask).await.texts(".fresh").is_empty());
    board.act(&board.clerk, id, "submit").await;
    assert_eq!(board.chair.browser.hx_get(&ask).await.text(".fresh"), "1 newer changed case");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_by_its_words_is_narrowed_by_every_menu() {
    let board = Board::meet().await;
    let (new, assigned) = (board.open("Rail, left").await, board.open("Rail, right").await);
    board.put(assigned, "ASSIGNED").await;
    let browser = &board.chair.browser;
    let (worker, other) = (board.worker.id.to_string(), board.other_worker.id.to_string());
    let (clinic, home) = (board.house.clinic.to_string(), board.house.home.to_string());
    for (name, value, found) in [
        ("view", "completed", &["Rail, left", "Rail, right"][..]),
        ("status", "NEW", &["Rail, left"]),
        ("priority", "LOW", &[]),
        ("who", &worker, &["Rail, right"]),
        ("who", &other, &[]),
        ("who", "nobody", &["Rail, left"]),
        ("facility", &clinic, &["Rail, left", "Rail, right"]),
        ("facility", &home, &[]),
        ("overdue", "1", &[]),
    ] {
        let reply = browser.post("/cases/search", &[("q", "rail"), (name, value)]).await;
        let page = browser.get(reply.location()).await;
        assert_eq!(titles(&page), found, "{name}={value}");
        let file = browser.get(&reply.location().replacen("/cases", "/cases.csv", 1)).await;
        assert_eq!(file.body.lines().count(), found.len() + 1, "{name}={value} as a file");
    }
    assert_ne!(new, assigned);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_stay_as_they_are_while_cases_come_in() {
    let board = Board::meet().await;
    for number in 0..30 {
        board.open(&format!("Rail {number:02}")).await;
    }
    let browser = &board.clerk.browser;
    for (sort, newest_first) in [("priority", false), ("due", false), ("newest", true)] {
        let mut seen = Vec::new();
        let mut next = Some(format!("/cases?view=new&sort={sort}"));
        while let Some(href) = next {
            let page = browser.get(&href).await;
            seen.extend(titles(&page));
            next = page.attributes("a[rel='next']", "href").pop();
            if seen.len() == 12 {
                // It comes before what is shown, or after: neither moves what is on the next pages.
                board.open(&format!("Between {sort}")).await;
            }
        }
        let mut rails: Vec<_> = seen.iter().filter(|title| title.starts_with("Rail")).cloned().collect();
        assert_eq!(rails.len(), 30, "{sort}: {seen:?}");
        rails.dedup();
        assert_eq!(rails.len(), 30, "{sort}: none twice");
        assert_eq!(rails.is_sorted(), !newest_first, "{sort}");
    }
}
