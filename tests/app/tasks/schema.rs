//! The same rules, asked of the database past the application.

use sqlx::{Connection, Executor, PgConnection, PgPool};
use uuid::Uuid;

use super::{case, task};
use crate::support::Portal;

const ORGANIZATION: &str = "01900000-0000-7000-8001-000000000001";

fn user(n: u32) -> String {
    format!("01900000-0000-7000-8003-{n:012}")
}

/// Rows, or the name of the rule that refused.
async fn attempt(conn: &mut PgConnection, sql: &str) -> Result<u64, String> {
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    conn.execute(sqlx::raw_sql(sql)).await.map(|done| done.rows_affected()).map_err(|error| {
        let inner = error.as_database_error().unwrap_or_else(|| panic!("{sql}: {error}"));
        inner.constraint().map_or_else(|| inner.message().to_owned(), ToOwned::to_owned)
    })
}

/// One statement as a person, taken back afterwards.
async fn as_person(pool: &PgPool, role: &str, who: u32, sql: &str) -> Result<u64, String> {
    let mut conn = pool.acquire().await.expect("a connection");
    attempt(&mut conn, "BEGIN").await.expect("begun");
    enter(&mut conn, role, who).await;
    let result = attempt(&mut conn, sql).await;
    attempt(&mut conn, "ROLLBACK").await.expect("taken back");
    result
}

async fn enter(conn: &mut PgConnection, role: &str, who: u32) {
    let context = format!("SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{ORGANIZATION}|{}|{role}|*'", user(who));
    attempt(conn, &context).await.expect("somebody");
}

fn moved(id: Uuid, to: &str) -> String {
    format!("UPDATE task SET status = '{to}', reason = 'because' WHERE id = '{id}'")
}

#[tokio::test]
async fn a_task_makes_the_moves_of_its_state_machine_and_no_other() {
    let portal = Portal::start().await;
    // One task of Bob's case in each state, made by John, assigned to Bob.
    let states = ["READY", "IN_PROGRESS", "DONE", "MISSED", "DECLINED", "CANCELLED"];
    let mut ids = Vec::new();
    for state in states {
        let id = almoner::ids::new_uuid();
        sqlx::query!(
            "INSERT INTO task (organization_id, id, kind, case_id, title, assignee_id, status, done_at, done_by_id, created_by_id, status_changed_at)
             SELECT organization_id, $1, 'CASE', id, 'x', assigned_to_id, $2, CASE $2 WHEN 'DONE' THEN now() END, CASE $2 WHEN 'DONE' THEN assigned_to_id END,
                    created_by_id, now() - INTERVAL '1 hour' FROM cases WHERE id = $3",
            id,
            state,
            case(17),
        )
        .execute(&portal.admin)
        .await
        .unwrap();
        ids.push(id);
    }
    let mut wrong = Vec::new();
    for (role, who) in [("CASEWORKER", 5), ("CHAIR", 4), ("CLERK", 3)] {
        for (from, id) in states.iter().zip(&ids) {
            for to in states.iter().filter(|to| *to != from) {
                let expected = match (*from, *to) {
                    ("READY", "IN_PROGRESS" | "DECLINED") | ("IN_PROGRESS", "DONE") => role == "CASEWORKER",
                    // The clerk made it.
                    ("READY" | "IN_PROGRESS", "CANCELLED") => role != "CASEWORKER",
                    ("DONE", "READY") => role == "CHAIR",
                    _ => false,
                };
                let result = as_person(&portal.admin, role, who, &moved(*id, to)).await;
                if result.is_ok() != expected {
                    wrong.push(format!("{role} {from} to {to}: {result:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let without = format!("UPDATE task SET status = 'DECLINED' WHERE id = '{}'", ids[0]);
    assert_eq!(as_person(&portal.admin, "CASEWORKER", 5, &without).await, Err("task_reason_present".to_owned()));
    let closed = format!("UPDATE task SET title = 'y' WHERE id = '{}'", ids[4]);
    assert_eq!(as_person(&portal.admin, "CASEWORKER", 5, &closed).await, Err("task_closed_fixed".to_owned()));
    let born_done = format!(
        "INSERT INTO task (organization_id, id, kind, case_id, title, created_by_id) VALUES ('{ORGANIZATION}', '{}', 'CASE', '{}', ' ', '{}')",
        Uuid::max(),
        case(17),
        user(5)
    );
    assert_eq!(as_person(&portal.admin, "CASEWORKER", 5, &born_done).await, Err("task_title_present".to_owned()));
}

#[tokio::test]
async fn who_does_not_see_the_case_does_not_see_its_tasks() {
    let portal = Portal::start().await;
    let read = format!("SELECT 1 FROM task WHERE id = '{}'", task(4));
    for (role, who, rows) in [
        ("CASEWORKER", 5, 1),
        ("CASEWORKER", 14, 0),
        ("CHAIR", 4, 1),
        ("CLERK", 3, 1),
        ("CLERK", 14, 0),
        ("COMPLIANCE", 9, 1),
        ("OWNER", 8, 0),
        ("CLINICIAN", 1, 0),
        ("MANAGER", 7, 0),
        ("CARER", 6, 0),
        ("ADMIN", 10, 0),
        ("PATIENT", 11, 0),
    ] {
        assert_eq!(as_person(&portal.admin, role, who, &read).await, Ok(rows), "{role} {who}");
    }
    let history = format!("SELECT 1 FROM status_change WHERE subject_id = '{}' LIMIT 1", task(4));
    for (role, who, rows) in [("CASEWORKER", 5, 1), ("OWNER", 8, 0), ("CLINICIAN", 1, 0), ("MANAGER", 7, 0)] {
        assert_eq!(as_person(&portal.admin, role, who, &history).await, Ok(rows), "history as {role}");
    }
    let change = format!("UPDATE task SET priority = 'LOW' WHERE id = '{}'", task(4));
    for (role, who) in [("COMPLIANCE", 9), ("OWNER", 8), ("CASEWORKER", 14), ("CLINICIAN", 1)] {
        assert_eq!(as_person(&portal.admin, role, who, &change).await, Ok(0), "{role}");
    }
    // Where it belongs is what the case says.
    let elsewhere = format!(
        "UPDATE task SET facility_id = NULL, patient_id = NULL WHERE id = '{}' AND facility_id IS NOT NULL",
        task(4)
    );
    let mut tx = portal.admin.acquire().await.unwrap();
    attempt(&mut tx, "BEGIN").await.expect("begun");
    enter(&mut tx, "CASEWORKER", 5).await;
    assert_eq!(attempt(&mut tx, &elsewhere).await, Ok(1));
    assert_eq!(attempt(&mut tx, &elsewhere).await, Ok(1), "it is there again");
    attempt(&mut tx, "ROLLBACK").await.expect("taken back");
}

#[tokio::test]
async fn a_case_with_open_tasks_does_not_wait_for_completion() {
    let portal = Portal::start().await;
    let finish = |n| format!("UPDATE cases SET status = 'PENDING_COMPLETION' WHERE id = '{}'", case(n));
    assert_eq!(as_person(&portal.admin, "CASEWORKER", 5, &finish(17)).await, Err("cases_open_tasks".to_owned()));
    let cancel =
        format!("UPDATE task SET status = 'CANCELLED', reason = 'x' WHERE case_id = '{}' AND is_open", case(17));
    attempt(&mut portal.admin.acquire().await.unwrap(), &cancel).await.unwrap();
    assert_eq!(as_person(&portal.admin, "CASEWORKER", 5, &finish(17)).await, Ok(1));
}

#[tokio::test]
async fn a_task_added_while_the_case_moves_waits_and_is_refused() {
    let portal = Portal::start().await;
    let mut mover = portal.admin.acquire().await.unwrap().detach();
    let mut adder = portal.admin.acquire().await.unwrap().detach();
    let cancel =
        format!("UPDATE task SET status = 'CANCELLED', reason = 'x' WHERE case_id = '{}' AND is_open", case(17));
    attempt(&mut mover, &cancel).await.unwrap();
    attempt(&mut mover, "BEGIN").await.expect("begun");
    enter(&mut mover, "CASEWORKER", 5).await;
    assert_eq!(
        attempt(&mut mover, &format!("UPDATE cases SET status = 'PENDING_COMPLETION' WHERE id = '{}'", case(17))).await,
        Ok(1)
    );
    let add = format!(
        "INSERT INTO task (organization_id, id, kind, case_id, title, created_by_id) VALUES ('{ORGANIZATION}', '{}', 'CASE', '{}', 'late', '{}')",
        almoner::ids::new_uuid(),
        case(17),
        user(4)
    );
    let late = async {
        attempt(&mut adder, "BEGIN").await.expect("begun");
        enter(&mut adder, "CHAIR", 4).await;
        attempt(&mut adder, &add).await
    };
    let moves = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        attempt(&mut mover, "COMMIT").await
    };
    let (late, moved) = tokio::join!(late, moves);
    assert_eq!((late, moved), (Err("task_case_open".to_owned()), Ok(0)));
    mover.close().await.unwrap();
}

#[tokio::test]
async fn open_tasks_go_with_the_case_to_the_next_caseworker() {
    let portal = Portal::start().await;
    let mut conn = portal.admin.acquire().await.unwrap();
    attempt(&mut conn, "BEGIN").await.expect("begun");
    enter(&mut conn, "CHAIR", 4).await;
    let reassign = format!(
        "UPDATE cases SET assigned_to_id = '{}', move_reason = 'Bob is ill' WHERE id = '{}'",
        user(14),
        case(17)
    );
    assert_eq!(attempt(&mut conn, &reassign).await, Ok(1));
    attempt(&mut conn, "COMMIT").await.unwrap();
    let tasks = sqlx::query!("SELECT assignee_id, status FROM task WHERE case_id = $1", case(17))
        .fetch_all(&portal.admin)
        .await
        .unwrap();
    for row in tasks {
        let ana = row.assignee_id.map(|id| id.to_string()) == Some(user(14));
        assert_eq!(ana, matches!(row.status.as_str(), "READY" | "IN_PROGRESS"), "what is done stays with who did it");
    }
    let audited = sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM audit_event WHERE action = 'ASSIGNED' AND resource_type = 'task' AND details ->> 'with_case' = $1"#,
        case(17).to_string()
    );
    assert_eq!(audited.fetch_one(&portal.admin).await.unwrap(), 2);
}
