//! What the database itself refuses, whatever the program asks.

use almoner::access::Role;
use sqlx::{Postgres, Transaction};

use super::Board;

const STATES: [&str; 6] = ["NEW", "PENDING_REVIEW", "ASSIGNED", "IN_PROGRESS", "PENDING_COMPLETION", "COMPLETED"];

/// A transaction of the portal's role with this person in this role at the clinic.
async fn acting(board: &Board, person: almoner::ids::UserId, role: Role) -> Transaction<'static, Postgres> {
    let mut tx = board.portal.admin.begin_with("BEGIN").await.expect("a transaction");
    let context = format!("{}|{person}|{}|{}", board.house.organization, role.as_str(), board.house.clinic);
    crate::support::run(&mut *tx, &format!("SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{context}'")).await;
    tx
}

/// How many rows a statement changed; none where it was refused.
#[expect(clippy::disallowed_methods, reason = "the statement is chosen by the test")]
async fn changed(tx: &mut Transaction<'_, Postgres>, sql: &str) -> u64 {
    sqlx::query(sql).execute(&mut **tx).await.map_or(0, |done| done.rows_affected())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_role_sees_moves_or_changes_a_case_not_even_in_the_name_of_those_on_it() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    let mut wrong = Vec::new();
    let others = Role::ALL.into_iter().filter(|role| !matches!(role, Role::Clerk | Role::Chair | Role::Caseworker));
    for role in others {
        for from in STATES {
            board.put(id, from).await;
            for person in [board.clerk.id, board.chair.id, board.worker.id] {
                for to in STATES.into_iter().filter(|to| *to != from) {
                    let worker = match to {
                        "NEW" | "PENDING_REVIEW" => "NULL".to_owned(),
                        _ => format!("'{}'", board.worker.id),
                    };
                    let mut tx = acting(&board, person, role).await;
                    let sql = format!(
                        "UPDATE cases SET status = '{to}', assigned_to_id = {worker}, move_reason = 'because' WHERE id = '{id}'"
                    );
                    if changed(&mut tx, &sql).await > 0 {
                        wrong.push(format!("{role:?} moves from {from} to {to}"));
                    }
                }
                let mut tx = acting(&board, person, role).await;
                if changed(&mut tx, &format!("UPDATE cases SET title = 'Mine' WHERE id = '{id}'")).await > 0 {
                    wrong.push(format!("{role:?} changes the title in {from}"));
                }
                let mut tx = acting(&board, person, role).await;
                let seen = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM cases"#).fetch_one(&mut *tx).await;
                if seen.expect("a count") > 0 && role != Role::Compliance {
                    wrong.push(format!("{role:?} sees it in {from}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_deletes_a_case_or_rewrites_its_number_its_author_or_the_times_of_its_moves() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    let mut wrong = Vec::new();
    for (person, role) in [
        (board.clerk.id, Role::Clerk),
        (board.chair.id, Role::Chair),
        (board.worker.id, Role::Caseworker),
        (board.chair.id, Role::Admin),
        (board.chair.id, Role::Owner),
    ] {
        for sql in [
            "DELETE FROM cases",
            "UPDATE cases SET deleted_at = now()",
            "UPDATE cases SET number = 1",
            "UPDATE cases SET created_by_id = assigned_to_id",
            "UPDATE cases SET finished_by_id = NULL",
            "UPDATE cases SET completed_at = now() - INTERVAL '1 year'",
            "UPDATE cases SET row_version = 1",
            "UPDATE cases SET organization_id = gen_random_uuid()",
            "DELETE FROM status_change",
            "UPDATE status_change SET reason = 'another'",
            "UPDATE case_counter SET last_number = 0",
        ] {
            board.put(id, "IN_PROGRESS").await;
            let mut tx = acting(&board, person, role).await;
            if changed(&mut tx, sql).await > 0 {
                wrong.push(format!("{role:?}: {sql}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_stays_at_a_place_where_its_caseworker_works() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    board.put(id, "ASSIGNED").await;
    let mut tx = board.portal.admin.begin_with("BEGIN").await.expect("a transaction");
    let places = format!("{},{}", board.house.clinic, board.house.home);
    let context = format!("{}|{}|CHAIR|{places}", board.house.organization, board.chair.id);
    crate::support::run(&mut *tx, &format!("SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{context}'")).await;
    let home = board.house.home.uuid();
    let refused =
        sqlx::query!("UPDATE cases SET facility_id = $2 WHERE id = $1", id.uuid(), home).execute(&mut *tx).await;
    let refused = refused.expect_err("the caseworker works at the clinic only");
    let rule = refused.as_database_error().and_then(|error| error.constraint().map(str::to_owned));
    assert_eq!(rule.as_deref(), Some("cases_assignee_caseworker"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_people_on_it_sees_exactly_their_cases_by_raw_sql() {
    let board = Board::meet().await;
    let id = board.open("Second bathroom rail").await;
    board.put(id, "ASSIGNED").await;
    let mut wrong = Vec::new();
    for (who, person, role, sees) in [
        ("creator", board.clerk.id, Role::Clerk, 1),
        ("assignee", board.worker.id, Role::Caseworker, 1),
        ("chair", board.chair.id, Role::Chair, 1),
        ("other caseworker", board.other_worker.id, Role::Caseworker, 0),
        ("chair as clerk", board.chair.id, Role::Clerk, 0),
        ("chair as manager", board.chair.id, Role::Manager, 0),
        ("compliance", board.chair.id, Role::Compliance, 1),
    ] {
        let mut tx = acting(&board, person, role).await;
        let seen = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM cases"#).fetch_one(&mut *tx).await;
        let seen = seen.expect("a count");
        let told = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM status_change WHERE subject_kind = 'case'"#);
        let told = told.fetch_one(&mut *tx).await.expect("a count");
        if seen != sees || (told > 0) != (sees > 0) {
            wrong.push(format!("{who} sees {seen} cases and {told} moves"));
        }
    }
    let mut tx = board.portal.admin.begin_with("BEGIN").await.expect("a transaction");
    crate::support::run(&mut *tx, "SET LOCAL ROLE almoner_app").await;
    let nobody = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM cases"#).fetch_one(&mut *tx).await;
    assert_eq!(nobody.expect("a count"), 0, "without a context there are no rows");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
