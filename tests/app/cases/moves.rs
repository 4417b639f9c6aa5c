//! What is done to cases: by whom, from which state, alone and against each other, by form and by raw SQL.

use almoner::access::Role;
use almoner::ids::CaseId;
use reqwest::StatusCode;
use uuid::Uuid;

use super::{Board, Person, person};

const STATES: [&str; 6] = ["NEW", "PENDING_REVIEW", "ASSIGNED", "IN_PROGRESS", "PENDING_COMPLETION", "COMPLETED"];

/// The table of `docs/domain.md`: move, from, to, and who makes it on the board.
const MOVES: [(&str, &str, &str, &[&str]); 11] = [
    ("submit", "NEW", "PENDING_REVIEW", &["clerk"]),
    ("assign", "PENDING_REVIEW", "ASSIGNED", &["chair"]),
    ("send_back", "PENDING_REVIEW", "NEW", &["chair"]),
    ("start", "ASSIGNED", "IN_PROGRESS", &["worker"]),
    ("decline", "ASSIGNED", "PENDING_REVIEW", &["worker", "chair"]),
    ("reassign", "ASSIGNED", "ASSIGNED", &["chair"]),
    ("reassign", "IN_PROGRESS", "IN_PROGRESS", &["chair"]),
    ("finish", "IN_PROGRESS", "PENDING_COMPLETION", &["worker"]),
    ("complete", "PENDING_COMPLETION", "COMPLETED", &["chair"]),
    ("return", "PENDING_COMPLETION", "IN_PROGRESS", &["chair"]),
    ("reopen", "COMPLETED", "IN_PROGRESS", &["chair"]),
];

const KINDS: [&str; 10] =
    ["submit", "assign", "send_back", "start", "decline", "reassign", "finish", "complete", "return", "reopen"];

fn expected(what: &str, from: &str, who: &str) -> Option<&'static str> {
    MOVES
        .iter()
        .find(|(kind, state, _, _)| *kind == what && *state == from)
        .and_then(|(_, _, to, people)| people.contains(&who).then_some(*to))
}

fn people(board: &Board) -> [(&'static str, &Person); 4] {
    [("clerk", &board.clerk), ("chair", &board.chair), ("worker", &board.worker), ("other worker", &board.other_worker)]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_person_moves_cases_as_the_table_says_and_illegal_moves_change_nothing() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    let mut wrong = Vec::new();
    for (who, person) in people(&board) {
        for what in KINDS {
            for from in STATES {
                board.put(id, from).await;
                let before = board.state(id).await;
                let reply = board.act(person, id, what).await;
                let after = board.state(id).await;
                let moved = (after.version > before.version).then_some(after.status.as_str());
                let polite = reply.status == StatusCode::SEE_OTHER
                    || matches!(reply.status, StatusCode::CONFLICT | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND);
                if !polite || moved != expected(what, from, who) {
                    wrong.push(format!("{who} {what} from {from}: {} {moved:?}", reply.status));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_makes_exactly_the_moves_of_the_table() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    let mut wrong = Vec::new();
    for (who, person) in people(&board) {
        for from in STATES {
            for to in STATES {
                board.put(id, from).await;
                let caseworker =
                    if matches!(to, "NEW" | "PENDING_REVIEW") { None } else { Some(board.worker.id.uuid()) };
                let mut tx = board.portal.admin.begin_with("BEGIN").await.expect("a transaction");
                let context = format!(
                    "{}|{}|{}|{}",
                    board.house.organization,
                    person.id,
                    person.role.as_str(),
                    board.house.clinic
                );
                crate::support::run(&mut *tx, &format!("SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{context}'"))
                    .await;
                let moved = sqlx::query!(
                    "UPDATE cases SET status = $2, assigned_to_id = $3, move_reason = 'because', closure_reason = NULL WHERE id = $1 AND status <> $2",
                    id.uuid(),
                    to,
                    caseworker,
                )
                .execute(&mut *tx)
                .await
                .is_ok_and(|done| done.rows_affected() == 1);
                // Declining is a function of its own for the caseworker, who then no longer sees the case.
                let listed = MOVES.iter().any(|(kind, a, b, people)| {
                    *kind != "reassign"
                        && *a == from
                        && *b == to
                        && people.contains(&who)
                        && !(*kind == "decline" && who == "worker")
                });
                if moved != listed {
                    wrong.push(format!("{who} {from} to {to}: {moved}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_asks_for_reasons_and_for_a_second_pair_of_eyes() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    let chair = format!("{}|{}|CHAIR|{}", board.house.organization, board.chair.id, board.house.clinic);
    let own = format!("{}|{}|CHAIR|{}", board.house.organization, board.worker.id, board.house.clinic);
    for (state, context, change, rule) in [
        ("PENDING_REVIEW", &chair, "status = 'NEW'", "cases_move_reason_present"),
        ("PENDING_REVIEW", &chair, "status = 'NEW', move_reason = '  '", "cases_move_reason_present"),
        ("PENDING_COMPLETION", &chair, "status = 'IN_PROGRESS'", "cases_move_reason_present"),
        ("COMPLETED", &chair, "status = 'IN_PROGRESS'", "cases_move_reason_present"),
        ("COMPLETED", &chair, "title = 'Another'", "cases_completed_fixed"),
        ("PENDING_COMPLETION", &own, "status = 'COMPLETED'", "cases_own_work"),
        ("PENDING_REVIEW", &chair, "status = 'ASSIGNED', assigned_to_id = created_by_id", "cases_assignee_caseworker"),
        ("NEW", &chair, "title = '  '", "case_title_not_empty"),
    ] {
        board.put(id, state).await;
        let mut tx = board.portal.admin.begin_with("BEGIN").await.expect("a transaction");
        crate::support::run(&mut *tx, &format!("SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{context}'")).await;
        #[expect(clippy::disallowed_methods, reason = "the change is chosen above")]
        let refused = sqlx::query(&format!("UPDATE cases SET {change} WHERE id = '{id}'")).execute(&mut *tx).await;
        let refused = refused.expect_err(change);
        let name = refused.as_database_error().and_then(|error| error.constraint().map(str::to_owned));
        assert_eq!(name.as_deref(), Some(rule), "{change}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_kept_with_its_history_its_reason_and_its_audit() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    board.act(&board.clerk, id, "submit").await;
    let reply = board.act(&board.chair, id, "send_back").await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.body);
    let history = sqlx::query!(
        "SELECT from_status, to_status, reason, changed_by_id FROM status_change WHERE subject_id = $1 ORDER BY at",
        id.uuid()
    )
    .fetch_all(&board.portal.admin)
    .await
    .expect("the history");
    let story: Vec<_> = history.iter().map(|one| (one.from_status.as_deref(), one.to_status.as_str())).collect();
    assert_eq!(story, [(None, "NEW"), (Some("NEW"), "PENDING_REVIEW"), (Some("PENDING_REVIEW"), "NEW")]);
    assert_eq!(history[2].reason.as_deref(), Some("Because it is so"));
    assert_eq!(history[2].changed_by_id, Some(board.chair.id.uuid()));
    let actions = sqlx::query_scalar!(
        "SELECT action FROM audit_event WHERE resource_id = $1 AND resource_type = 'case' AND action <> 'VIEW' ORDER BY at",
        id.uuid()
    )
    .fetch_all(&board.portal.admin)
    .await
    .expect("the audit");
    assert_eq!(actions, ["CREATE", "STATUS_CHANGED", "STATUS_CHANGED"]);
    let page = board.clerk.browser.get(&format!("/cases/{id}")).await;
    assert!(page.text("#summary").contains("Because it is so"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_chairs_assign_at_once_and_one_of_them_learns_what_happened() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    board.act(&board.clerk, id, "submit").await;
    let version = board.state(id).await.version;
    let (one, other) = tokio::join!(
        board.act_on(&board.chair, id, "assign", version),
        board.act_on(&board.other_chair, id, "assign", version)
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409], "{} {}", one.body, other.body);
    let loser = if one.status == StatusCode::CONFLICT { one } else { other };
    assert!(loser.text("#conflict").contains("A. Byron moved it"), "{}", loser.body);
    assert_eq!(board.state(id).await.version, version + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_without_its_reason_or_to_somebody_else_comes_back_with_the_field() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    board.act(&board.clerk, id, "submit").await;
    let version = board.state(id).await.version.to_string();
    let send = async |what: &str, person: &str| {
        let fields = [("row_version", version.as_str()), ("person", person), ("reason", " ")];
        board.chair.browser.post(&format!("/cases/{id}/transition?move={what}"), &fields).await
    };
    for (what, someone, field) in [
        ("send_back", String::new(), "reason"),
        ("assign", String::new(), "person"),
        ("assign", board.clerk.id.to_string(), "person"),
    ] {
        let reply = send(what, &someone).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}");
        assert_eq!(reply.attributes("#errors a", "href"), [format!("#{field}")], "{what}");
    }
    assert_eq!(board.state(id).await.status, "PENDING_REVIEW");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_completes_their_own_work_whatever_other_role_they_have() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    board.put(id, "PENDING_COMPLETION").await;
    sqlx::query!(
        "INSERT INTO membership (organization_id, id, user_id, facility_id, role) VALUES ($1, $2, $3, $4, 'CHAIR')",
        board.house.organization.uuid(),
        almoner::ids::new_uuid(),
        board.worker.id.uuid(),
        board.house.clinic.uuid(),
    )
    .execute(&board.portal.admin)
    .await
    .expect("a second role");
    board.worker.browser.post("/me/role", &[("role", "CHAIR")]).await;
    let page = board.worker.browser.get(&format!("/cases/{id}")).await;
    assert!(page.text("#can").contains("It is your own work"), "{}", page.body);
    assert_eq!(board.act(&board.worker, id, "complete").await.status, StatusCode::FORBIDDEN);
    assert_eq!(board.act(&board.chair, id, "complete").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_declines_does_not_see_the_case_any_more() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    board.put(id, "ASSIGNED").await;
    let reply = board.act(&board.worker, id, "decline").await;
    assert_eq!((reply.status, reply.location()), (StatusCode::SEE_OTHER, "/cases?view=mine"));
    assert_eq!(board.worker.browser.get(&format!("/cases/{id}")).await.status, StatusCode::NOT_FOUND);
    let state = board.state(id).await;
    assert_eq!((state.status.as_str(), state.assignee), ("PENDING_REVIEW", None));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_cases_are_assigned_in_one_request_and_each_is_accounted_for() {
    let board = Board::meet().await;
    let mut ids = Vec::new();
    for title in ["One", "Two", "Three", "Four"] {
        let id = board.open(title).await;
        if title != "Four" {
            board.act(&board.clerk, id, "submit").await;
        }
        ids.push((id, board.state(id).await.version));
    }
    // The third changed after it was seen, the fourth does not wait for review.
    ids[2].1 -= 1;
    let mut body = format!("person={}&asked=1&back=/cases/review", board.worker.id);
    for (id, version) in &ids {
        body.extend(["&id=", &id.to_string(), ".", &version.to_string()]);
    }
    let reply = board.chair.browser.post_raw("/cases/bulk", body).await;
    assert_eq!(reply.location(), "/cases/review");
    let page = board.chair.browser.get("/cases/review").await;
    assert_eq!(page.text(".flash span"), "2 assigned, 1 had changed meanwhile, 1 not waiting for review");
    let assigned: Vec<_> =
        page.texts("#workload tbody td:nth-child(2)").into_iter().filter(|count| count == "2").collect();
    assert_eq!(assigned.len(), 1, "{}", page.body);
    for (place, status) in ["ASSIGNED", "ASSIGNED", "PENDING_REVIEW", "NEW"].into_iter().enumerate() {
        assert_eq!(board.state(ids[place].0).await.status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_chair_of_another_place_cannot_touch_it() {
    let board = Board::meet().await;
    let stranger = person(&board.portal, &board.house, Role::Chair, Some(board.house.home)).await;
    let id = board.open("Second bathroom rail").await;
    board.act(&board.clerk, id, "submit").await;
    assert_eq!(board.act(&stranger, id, "assign").await.status, StatusCode::NOT_FOUND);
}

/// Who was told what of a case, by the list behind the bell, the latest last.
async fn told(board: &Board, id: CaseId) -> Vec<(String, Uuid)> {
    sqlx::query!(
        "SELECT kind, recipient_id FROM notification WHERE subject_id = $1 AND channel = 'IN_APP' AND status <> 'CANCELLED' ORDER BY created_at, kind, recipient_id",
        id.uuid()
    )
    .fetch_all(&board.portal.admin)
    .await
    .expect("the outbox")
    .into_iter()
    .map(|row| (row.kind, row.recipient_id))
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_move_is_told_to_whom_it_concerns_and_to_nobody_else() {
    let board = Board::meet().await;
    let id = board.open("A rail for the bath").await;
    let follows = board.chair.browser.post(&format!("/cases/{id}/following"), &[]).await;
    assert_eq!(follows.status, StatusCode::SEE_OTHER, "{}", follows.body);
    let line = |kind: &str, person: &Person| (kind.to_owned(), person.id.uuid());
    let (clerk, chair, other, worker) = (&board.clerk, &board.chair, &board.other_chair, &board.worker);
    let expect = async |expected: Vec<(String, Uuid)>, why: &str| {
        let mut expected = expected;
        expected.sort();
        let mut all = told(&board, id).await;
        all.sort();
        assert_eq!(all, expected, "{why}");
        crate::support::run(
            &board.portal.admin,
            "UPDATE notification SET status = 'CANCELLED', sent_at = NULL WHERE status = 'SENT'",
        )
        .await;
    };
    board.act(clerk, id, "submit").await;
    expect(vec![line("case.waiting", chair), line("case.waiting", other)], "submitted").await;
    board.act(chair, id, "assign").await;
    expect(vec![line("case.assigned", worker), line("case.moved", clerk)], "assigned").await;
    board.act(worker, id, "start").await;
    expect(vec![line("case.moved", clerk), line("case.moved", chair)], "started: who opened it and who follows it")
        .await;
    board.act(worker, id, "finish").await;
    let both = [line("case.waiting", chair), line("case.waiting", other), line("case.moved", clerk)];
    assert_eq!(told(&board, id).await.len(), both.len());
    board.act(other, id, "return").await;
    expect(
        vec![
            line("case.returned", worker),
            line("case.moved", chair),
            line("case.moved", clerk),
            line("case.moved", clerk),
        ],
        "returned: it waits for no chair any more",
    )
    .await;
    let mail = "SELECT count(*) FROM notification WHERE kind = 'case.assigned' AND channel = 'EMAIL'";
    assert!(crate::patients::ask(&board.portal, mail).await > 0);
    board.act(worker, id, "finish").await;
    let bell = other.browser.get("/notifications").await;
    assert!(bell.body.contains("A case waits for a chair") && !bell.body.contains("for the bath"), "{}", bell.body);
}
