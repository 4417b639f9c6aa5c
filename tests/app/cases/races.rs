//! Two people, or one person in two windows, make a move at the same moment: one wins, the other reads what happened.

use reqwest::StatusCode;

use super::{Board, Person};

/// Where the case stands, and who does what at the same time as who does what. Every move is here, against itself and
/// against those that lead elsewhere from the same state.
const RACES: [(&str, [(&str, &str); 2]); 19] = [
    ("NEW", [("clerk", "submit"), ("clerk", "submit")]),
    ("PENDING_REVIEW", [("chair", "assign"), ("other chair", "assign")]),
    ("PENDING_REVIEW", [("chair", "send_back"), ("other chair", "send_back")]),
    ("PENDING_REVIEW", [("chair", "assign"), ("other chair", "send_back")]),
    ("ASSIGNED", [("worker", "start"), ("worker", "start")]),
    ("ASSIGNED", [("worker", "start"), ("worker", "decline")]),
    ("ASSIGNED", [("worker", "start"), ("chair", "decline")]),
    ("ASSIGNED", [("worker", "start"), ("chair", "reassign")]),
    ("ASSIGNED", [("worker", "decline"), ("worker", "decline")]),
    ("ASSIGNED", [("worker", "decline"), ("chair", "reassign")]),
    ("ASSIGNED", [("chair", "decline"), ("other chair", "decline")]),
    ("ASSIGNED", [("chair", "reassign"), ("other chair", "reassign")]),
    ("IN_PROGRESS", [("worker", "finish"), ("worker", "finish")]),
    ("IN_PROGRESS", [("worker", "finish"), ("chair", "reassign")]),
    ("IN_PROGRESS", [("chair", "reassign"), ("other chair", "reassign")]),
    ("PENDING_COMPLETION", [("chair", "complete"), ("other chair", "complete")]),
    ("PENDING_COMPLETION", [("chair", "return"), ("other chair", "return")]),
    ("PENDING_COMPLETION", [("chair", "complete"), ("other chair", "return")]),
    ("COMPLETED", [("chair", "reopen"), ("other chair", "reopen")]),
];

fn who<'a>(board: &'a Board, name: &str) -> &'a Person {
    match name {
        "clerk" => &board.clerk,
        "chair" => &board.chair,
        "other chair" => &board.other_chair,
        _ => &board.worker,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_moves_at_once_one_wins_and_the_other_gets_a_page_that_says_so() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    let mut wrong = Vec::new();
    for (from, [one, other]) in RACES {
        board.put(id, from).await;
        let before = board.state(id).await;
        let history = moves(&board, id).await;
        let replies = tokio::join!(
            board.act_on(who(&board, one.0), id, one.1, before.version),
            board.act_on(who(&board, other.0), id, other.1, before.version)
        );
        let (won, lost) = match (replies.0.status, replies.1.status) {
            (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER) => (2, None),
            (StatusCode::SEE_OTHER, _) => (1, Some(replies.1)),
            (_, StatusCode::SEE_OTHER) => (1, Some(replies.0)),
            (_, _) => (0, None),
        };
        // Whoever can still see the case reads who did what; whose case it no longer is reads that.
        let told = lost.is_some_and(|reply| match reply.status {
            StatusCode::CONFLICT => reply.text("#conflict").contains("A. Byron moved it"),
            StatusCode::NOT_FOUND => reply.body.contains("given it to somebody else"),
            _ => false,
        });
        let once = board.state(id).await.version == before.version + 1 && moves(&board, id).await == history + 1;
        if won != 1 || !told || !once {
            wrong.push(format!("{from}: {one:?} and {other:?}: {won} won, the other was told: {told}, once: {once}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_its_words_and_a_move_do_not_overwrite_each_other() {
    let board = Board::meet().await;
    for round in 0..4 {
        let id = board.open("Before").await;
        let version = board.state(id).await.version;
        let (edit, move_on) = (format!("/cases/{id}/edit"), version.to_string());
        let mut fields = board.fields("After");
        fields.push(("row_version", &move_on));
        let (changed, moved) =
            tokio::join!(board.clerk.browser.post(&edit, &fields), board.act_on(&board.clerk, id, "submit", version));
        let state = board.state(id).await;
        let saved = changed.status == StatusCode::SEE_OTHER;
        let submitted = moved.status == StatusCode::SEE_OTHER;
        assert!(saved != submitted, "round {round}: {} {}", changed.status, moved.status);
        assert_eq!((state.version, state.status == "PENDING_REVIEW"), (version + 1, submitted), "round {round}");
        let loser = if saved { moved } else { changed };
        assert_eq!(loser.status, StatusCode::CONFLICT, "round {round}");
    }
}

async fn moves(board: &Board, id: almoner::ids::CaseId) -> i64 {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM status_change WHERE subject_id = $1"#, id.uuid())
        .fetch_one(&board.portal.admin)
        .await
        .expect("the history")
}
