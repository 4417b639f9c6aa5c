//! What the pages of cases may ask of the database: as much for fifty cases as for one.

use super::{Board, Person};
use crate::support::{count_statements, statements};

/// Asks once so that statements are prepared and keys unlocked, then again; the statements of the second answer.
async fn taken(person: &Person, path: &str) -> Vec<String> {
    count_statements();
    person.browser.get(path).await;
    let reply = person.browser.get(path).await;
    assert_eq!(reply.status, 200, "{path}");
    statements(&reply)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_the_queue_and_the_page_take_as_many_for_fifty_cases_as_for_one() {
    let board = Board::meet().await;
    let id = board.open("Rail").await;
    board.act(&board.clerk, id, "submit").await;
    let page = format!("/cases/{id}");
    let pages = [
        (&board.clerk, "/cases?view=open&rows=50", 8),
        (&board.chair, "/cases?view=open&rows=50", 9),
        (&board.chair, "/cases/review", 6),
        (&board.chair, page.as_str(), 16),
    ];
    let mut few = Vec::new();
    for (person, path, _) in pages {
        few.push(taken(person, path).await);
    }
    for number in 0..30 {
        let id = board.open(&format!("Rail {number}")).await;
        board.act(&board.clerk, id, "submit").await;
    }
    let mut wrong = Vec::new();
    for ((person, path, budget), few) in pages.into_iter().zip(few) {
        let many = taken(person, path).await;
        if many.len() != few.len() || many.len() > budget {
            wrong.push(format!("{:?} {path}: {} for one, for many {}: {many:#?}", person.role, few.len(), many.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
