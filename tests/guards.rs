//! What the database holds to whatever it is asked: the states of alerts, the door for other systems, history, live changes.

mod schema;

use almoner::db::cluster::DbRole;
use futures::future::join_all;
use schema::{Database, lines, run};
use sqlx::PgConnection;
use sqlx::postgres::PgDatabaseError;

const ORGANIZATION: &str = "10000000-0000-7000-8000-000000000001";
const FACILITY: &str = "f0000000-0000-7000-8000-000000000001";
const ACTOR: &str = "a0000000-0000-7000-8000-000000000001";
const OTHER: &str = "a0000000-0000-7000-8000-000000000002";
const PATIENT: &str = "b0000000-0000-7000-8000-000000000001";
const ACCOUNT: &str = "d0000000-0000-7000-8000-000000000001";
const ALERT: &str = "e0000000-0000-7000-8000-000000000001";

/// Which moves there are and who makes them: **y** always, **w** where the alert is INFO or WARNING, **h** whoever holds it, **-** never.
/// A move that is not here is nobody's.
const MOVES: &str = "
    from         to            CLINICIAN  MEDICAL_ASSISTANT  CARER  MANAGER
    ACTIVE       ACKNOWLEDGED  y          y                  h      y
    ACTIVE       SNOOZED       y          y                  -      y
    ACTIVE       RESOLVED      y          w                  -      -
    ACTIVE       DISMISSED     y          -                  -      -
    ACKNOWLEDGED ACTIVE        h          h                  h      h
    ACKNOWLEDGED SNOOZED       y          y                  -      y
    ACKNOWLEDGED RESOLVED      y          w                  -      -
    ACKNOWLEDGED DISMISSED     y          -                  -      -
    SNOOZED      ACTIVE        h          h                  h      h
    SNOOZED      RESOLVED      y          w                  -      -
    SNOOZED      DISMISSED     y          -                  -      -
    RESOLVED     ACTIVE        y          -                  -      -
    DISMISSED    ACTIVE        y          -                  -      -";

const STATES: [&str; 5] = ["ACTIVE", "ACKNOWLEDGED", "SNOOZED", "RESOLVED", "DISMISSED"];

/// Two organizations would add nothing here: the matrix has them.
async fn stage() -> (Database, PgConnection) {
    let database = Database::migrated().await;
    let mut conn = database.connect(DbRole::Admin).await;
    let scene = format!(
        "INSERT INTO organization (id, name) VALUES ('{ORGANIZATION}', 'North');
         INSERT INTO facility (organization_id, id, name, kind) VALUES ('{ORGANIZATION}', '{FACILITY}', 'Here', 'CLINIC'),
            ('{ORGANIZATION}', 'f0000000-0000-7000-8000-000000000002', 'There', 'CLINIC');
         INSERT INTO app_user (organization_id, id, email, first_name, last_name) VALUES
            ('{ORGANIZATION}', '{ACTOR}', '1@north.example', 'A', 'B'), ('{ORGANIZATION}', '{OTHER}', '2@north.example', 'A', 'B');
         INSERT INTO patient (organization_id, id, facility_id, first_name, last_name, name_key, given_key, date_of_birth, medical_record_number_enc, medical_record_number_bidx)
            VALUES ('{ORGANIZATION}', '{PATIENT}', '{FACILITY}', 'A', 'B', 'b a', 'a b', '1950-01-01', 'x', 'number');
         INSERT INTO service_account (organization_id, id, name, scopes, secret_enc) VALUES ('{ORGANIZATION}', '{ACCOUNT}', 'Feed', '{{alerts_ingest}}', 'x')"
    );
    run(&mut conn, &scene).await.expect("the scene is set");
    (database, conn)
}

fn acting_as(role: &str, actor: &str) -> String {
    format!("SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{ORGANIZATION}|{actor}|{role}|{FACILITY}'")
}

/// An alert in a state, as the superuser writes it.
fn alert_in(status: &str, severity: &str, assignee: &str) -> String {
    format!(
        "INSERT INTO alert (organization_id, id, patient_id, type, severity, title, status, assignee_id, acknowledged_at, acknowledged_by_id, snoozed_until,
                            resolved_at, resolved_by_id, reason_code)
         SELECT '{ORGANIZATION}', '{ALERT}', '{PATIENT}', 'BP_HIGH_TREND', '{severity}', 'x', s, '{assignee}',
                CASE WHEN s = 'ACKNOWLEDGED' THEN now() END, CASE WHEN s = 'ACKNOWLEDGED' THEN '{OTHER}'::uuid END, CASE WHEN s = 'SNOOZED' THEN now() + INTERVAL '30 minutes' END,
                CASE WHEN s IN ('RESOLVED', 'DISMISSED') THEN now() END, CASE WHEN s IN ('RESOLVED', 'DISMISSED') THEN '{OTHER}'::uuid END,
                CASE WHEN s IN ('RESOLVED', 'DISMISSED') THEN 'EXPECTED' END
         FROM (VALUES ('{status}')) AS v (s)"
    )
}

/// The same alert moved, with everything that belongs to the state.
fn moved_to(status: &str) -> String {
    let fields = match status {
        "ACTIVE" => {
            "snoozed_until = NULL, acknowledged_at = NULL, acknowledged_by_id = NULL, resolved_at = NULL, resolved_by_id = NULL, reason_code = NULL, reason_text = 'It came back'"
        }
        "ACKNOWLEDGED" => {
            "acknowledged_at = now(), acknowledged_by_id = (SELECT ctx.actor()), snoozed_until = NULL, resolved_at = NULL, resolved_by_id = NULL"
        }
        "SNOOZED" => "snoozed_until = now() + INTERVAL '30 minutes', resolved_at = NULL, resolved_by_id = NULL",
        _ => "resolved_at = now(), resolved_by_id = (SELECT ctx.actor()), reason_code = 'TREATMENT_CHANGED'",
    };
    format!("UPDATE alert SET status = '{status}', {fields} WHERE id = '{ALERT}'")
}

/// Rows changed, or the name of the rule that refuses.
async fn attempt(conn: &mut PgConnection, statement: &str) -> Result<u64, String> {
    run(conn, "SAVEPOINT attempt").await.expect("a savepoint");
    match run(conn, statement).await {
        Ok(rows) => Ok(rows),
        Err(error) => {
            run(conn, "ROLLBACK TO attempt").await.expect("back");
            let refused = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
            let refused = refused.unwrap_or_else(|| panic!("{statement}: {error}"));
            Err(refused.constraint().unwrap_or_else(|| refused.code()).to_owned())
        }
    }
}

fn expected(from: &str, to: &str, role: &str) -> char {
    let mut rows = MOVES.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let column = rows.next().expect("a heading").iter().position(|name| *name == role).expect("a role");
    rows.find(|row| row[0] == from && row[1] == to).and_then(|row| row[column].chars().next()).unwrap_or('-')
}

#[tokio::test]
async fn an_alert_makes_the_moves_of_its_state_machine_and_no_other() {
    let (_database, mut conn) = stage().await;
    for role in ["CLINICIAN", "MEDICAL_ASSISTANT", "CARER", "MANAGER"] {
        for (from, to) in STATES.iter().flat_map(|from| STATES.map(|to| (*from, to))).filter(|(from, to)| from != to) {
            for (severity, holder) in [("WARNING", true), ("WARNING", false), ("CRITICAL", true), ("CRITICAL", false)] {
                let allowed = match expected(from, to, role) {
                    'y' => true,
                    'w' => severity == "WARNING",
                    'h' => holder,
                    _ => false,
                };
                run(
                    &mut conn,
                    &format!(
                        "BEGIN; {}; {}",
                        alert_in(from, severity, if holder { ACTOR } else { OTHER }),
                        acting_as(role, ACTOR)
                    ),
                )
                .await
                .expect("arranged");
                let done = attempt(&mut conn, &moved_to(to)).await;
                assert_eq!(
                    done == Ok(1),
                    allowed,
                    "{role} moves {from} to {to}, {severity}, holder {holder}: {done:?}"
                );
                run(&mut conn, "ROLLBACK").await.expect("the end");
            }
        }
    }
}

#[tokio::test]
async fn each_refusal_has_a_name_that_a_form_can_show() {
    let (_database, mut conn) = stage().await;
    let where_ = format!("WHERE id = '{ALERT}'");
    for (state, severity, statement, rule) in [
        (
            "ACTIVE",
            "CRITICAL",
            "status = 'SNOOZED', snoozed_until = now() + INTERVAL '61 minutes'",
            "alert_snooze_critical",
        ),
        ("ACTIVE", "HIGH", "status = 'SNOOZED', snoozed_until = now()", "alert_snooze_ahead"),
        ("ACTIVE", "HIGH", "status = 'SNOOZED'", "alert_snooze_complete"),
        ("SNOOZED", "HIGH", "snoozed_until = now() + INTERVAL '1 day'", "alert_transition"),
        ("ACKNOWLEDGED", "HIGH", "acknowledged_by_id = (SELECT ctx.actor())", "alert_transition"),
        (
            "RESOLVED",
            "HIGH",
            "status = 'SNOOZED', snoozed_until = now() + INTERVAL '1 hour', resolved_at = NULL",
            "alert_transition",
        ),
        ("ACTIVE", "HIGH", "status = 'ACKNOWLEDGED'", "alert_acknowledged_complete"),
        ("ACTIVE", "HIGH", "status = 'RESOLVED'", "alert_closed_complete"),
        (
            "ACTIVE",
            "HIGH",
            "status = 'DISMISSED', resolved_at = now(), resolved_by_id = (SELECT ctx.actor())",
            "alert_closed_complete",
        ),
        (
            "ACTIVE",
            "HIGH",
            "status = 'DISMISSED', resolved_at = now(), resolved_by_id = (SELECT ctx.actor()), reason_code = 'OTHER', reason_text = ' '",
            "alert_reason_other_explained",
        ),
        (
            "ACTIVE",
            "HIGH",
            "status = 'DISMISSED', resolved_at = now(), resolved_by_id = (SELECT ctx.actor()), reason_code = 'BORED'",
            "alert_reason_code_known",
        ),
        (
            "RESOLVED",
            "HIGH",
            "status = 'ACTIVE', resolved_at = NULL, resolved_by_id = NULL, reason_code = NULL",
            "alert_reopen_reason",
        ),
        ("ACTIVE", "HIGH", "status = 'CLOSED'", "alert_transition"),
        ("ACTIVE", "HIGH", "severity = 'INFO'", "42501"),
        ("ACTIVE", "HIGH", "title = 'Nothing'", "42501"),
        ("ACTIVE", "HIGH", "status_changed_at = now()", "42501"),
    ] {
        run(&mut conn, &format!("BEGIN; {}; {}", alert_in(state, severity, ACTOR), acting_as("CLINICIAN", ACTOR)))
            .await
            .expect("arranged");
        assert_eq!(
            attempt(&mut conn, &format!("UPDATE alert SET {statement} {where_}")).await,
            Err(rule.to_owned()),
            "{statement}"
        );
        run(&mut conn, "ROLLBACK").await.expect("the end");
    }
    run(&mut conn, &format!("BEGIN; {}", acting_as("CLINICIAN", ACTOR))).await.expect("a role");
    assert_eq!(attempt(&mut conn, &alert_in("RESOLVED", "HIGH", ACTOR)).await, Err("alert_begins_active".to_owned()));
    run(&mut conn, "ROLLBACK").await.expect("the end");
    // The owner of the tables may repair, but not against the shape of the machine, nor the severity by hand.
    run(
        &mut conn,
        &format!(
            "BEGIN; {}; SET LOCAL app.ctx = '{ORGANIZATION}|{ACTOR}|CLINICIAN|*'",
            alert_in("ACTIVE", "HIGH", ACTOR)
        ),
    )
    .await
    .expect("arranged");
    assert_eq!(
        attempt(&mut conn, &format!("UPDATE alert SET severity = 'INFO' {where_}")).await,
        Err("alert_severity_fixed".to_owned())
    );
    run(&mut conn, "ROLLBACK").await.expect("the end");
}

#[tokio::test]
async fn an_undo_is_for_the_same_person_at_once_and_once() {
    let (_database, mut conn) = stage().await;
    let begin = |state: &str| {
        format!("BEGIN; {}; {}", alert_in(state, "WARNING", OTHER), acting_as("MEDICAL_ASSISTANT", ACTOR))
    };
    let undo =
        "UPDATE alert SET status = previous_status, resolved_at = NULL, resolved_by_id = NULL, reason_code = NULL";

    run(&mut conn, &begin("SNOOZED")).await.expect("arranged");
    assert_eq!(attempt(&mut conn, &moved_to("RESOLVED")).await, Ok(1));
    assert_eq!(attempt(&mut conn, undo).await, Ok(1), "back to SNOOZED, until when it was");
    assert_eq!(
        lines(&mut conn, "SELECT status || coalesce(previous_status, '') FROM alert WHERE snoozed_until > now()")
            .await
            .expect("the alert"),
        ["SNOOZED"]
    );
    run(&mut conn, "ROLLBACK").await.expect("the end");

    // A carer snoozes nothing, but takes back a return: to the moment until which it was snoozed, and to no other.
    run(&mut conn, &format!("BEGIN; {}; {}", alert_in("SNOOZED", "WARNING", OTHER), acting_as("CARER", OTHER)))
        .await
        .expect("arranged");
    assert_eq!(attempt(&mut conn, &moved_to("ACTIVE")).await, Ok(1));
    let back = |until: &str| format!("UPDATE alert SET status = 'SNOOZED', snoozed_until = {until}");
    let longer = attempt(&mut conn, &back("previous_snoozed_until + INTERVAL '1 minute'")).await;
    assert_eq!(longer, Err("alert_transition_role".to_owned()));
    assert_eq!(attempt(&mut conn, &back("previous_snoozed_until")).await, Ok(1));
    run(&mut conn, "ROLLBACK").await.expect("the end");

    run(&mut conn, &begin("ACTIVE")).await.expect("arranged");
    assert_eq!(attempt(&mut conn, &moved_to("RESOLVED")).await, Ok(1));
    run(&mut conn, &acting_as("MEDICAL_ASSISTANT", OTHER)).await.expect("a colleague");
    assert_eq!(attempt(&mut conn, undo).await, Err("alert_transition_role".to_owned()), "a colleague does not undo");
    run(&mut conn, &acting_as("MEDICAL_ASSISTANT", ACTOR)).await.expect("the same person");
    run(&mut conn, "RESET ROLE; ALTER TABLE alert DISABLE TRIGGER alert_guard; UPDATE alert SET status_changed_at = now() - INTERVAL '16 seconds';
                    ALTER TABLE alert ENABLE TRIGGER alert_guard; SET LOCAL ROLE almoner_app")
    .await
    .expect("time passes");
    assert_eq!(attempt(&mut conn, undo).await, Err("alert_transition_role".to_owned()), "nor does anybody later");
    run(&mut conn, "ROLLBACK").await.expect("the end");
}

#[tokio::test]
async fn timers_return_alerts_when_it_is_time_and_not_before() {
    let (_database, mut conn) = stage().await;
    let worker = format!(
        "SET LOCAL ROLE almoner_worker; SET LOCAL app.ctx = '{ORGANIZATION}|00000000-0000-0000-0000-000000000000|SERVICE|*'"
    );
    let refused = Err("alert_transition_role".to_owned());
    for (state, column) in [("SNOOZED", "snoozed_until"), ("ACKNOWLEDGED", "ack_expires_at")] {
        for (deadline, expected) in
            [("now() - INTERVAL '1 second'", Ok(1)), ("now() + INTERVAL '1 minute'", refused.clone())]
        {
            let arranged = format!(
                "BEGIN; {}; ALTER TABLE alert DISABLE TRIGGER alert_guard; UPDATE alert SET {column} = {deadline}; ALTER TABLE alert ENABLE TRIGGER alert_guard; {worker}",
                alert_in(state, "HIGH", ACTOR)
            );
            run(&mut conn, &arranged).await.expect("arranged");
            let returned = "UPDATE alert SET status = 'ACTIVE', snoozed_until = NULL, acknowledged_at = NULL, acknowledged_by_id = NULL, ack_expires_at = NULL";
            assert_eq!(attempt(&mut conn, returned).await, expected, "{state} {deadline}");
            run(&mut conn, "ROLLBACK").await.expect("the end");
        }
    }
}

fn ingest_context() -> String {
    format!("SET LOCAL ROLE almoner_ingest; SET LOCAL app.ctx = '{ORGANIZATION}|{ACCOUNT}|SERVICE|'")
}

fn raised(message: &str, severity: &str, more: &str) -> String {
    format!(
        "SELECT concat_ws(' ', alert_id, is_new, is_repeat) FROM ingest.raise_alert('{message}', gen_random_uuid(), 'BP_HIGH_TREND', '{severity}', 'Pressure high'{more})"
    )
}

#[tokio::test]
async fn another_system_raises_an_alert_once_and_counts_it_up_while_it_is_open() {
    let (_database, mut conn) = stage().await;
    let by_number = ", record_number_bidx => 'number', dedupe_key => 'bp'";
    run(&mut conn, &format!("BEGIN; {}", ingest_context())).await.expect("a role");
    let first = lines(&mut conn, &raised("1", "WARNING", by_number)).await.expect("raised").remove(0);
    let again = lines(&mut conn, &raised("1", "WARNING", by_number)).await.expect("known").remove(0);
    let id = first.split(' ').next().expect("an id");
    assert!(first.ends_with(" t f") && again == format!("{id} t t"), "answered as before: {first}, {again}");
    run(&mut conn, "COMMIT; BEGIN").await.expect("committed");

    run(&mut conn, &format!("SET LOCAL app.ctx = '{ORGANIZATION}|{ACTOR}|CLINICIAN|*'; UPDATE alert SET status = 'SNOOZED', snoozed_until = now() + INTERVAL '1 day'; COMMIT; BEGIN"))
        .await
        .expect("snoozed");
    run(&mut conn, &ingest_context()).await.expect("a role");
    assert_eq!(lines(&mut conn, &raised("2", "INFO", by_number)).await.expect("counted"), [format!("{id} f f")]);
    run(&mut conn, "RESET ROLE").await.expect("back");
    let look = "SELECT concat_ws(' ', severity, status, seen_count, facility_id) FROM alert";
    assert_eq!(
        lines(&mut conn, look).await.expect("the alert"),
        [format!("WARNING SNOOZED 2 {FACILITY}")],
        "no worse: it sleeps on"
    );
    run(&mut conn, &ingest_context()).await.expect("a role");
    lines(&mut conn, &raised("3", "CRITICAL", by_number)).await.expect("counted");
    run(&mut conn, "RESET ROLE").await.expect("back");
    assert_eq!(
        lines(&mut conn, look).await.expect("the alert"),
        [format!("CRITICAL ACTIVE 3 {FACILITY}")],
        "worse: it wakes"
    );
    let history = lines(
        &mut conn,
        "SELECT concat_ws(' ', coalesce(from_status, '-'), to_status, reason) FROM status_change ORDER BY at",
    )
    .await
    .expect("the history");
    assert_eq!(history, ["- ACTIVE", "SNOOZED ACTIVE Severity rose to CRITICAL"]);
    let audit = lines(&mut conn, "SELECT concat_ws(' ', actor_kind, action, patient_id) FROM audit_event ORDER BY seq")
        .await
        .expect("the audit");
    assert_eq!(
        audit,
        [format!("SERVICE CREATE {PATIENT}"), format!("SERVICE UPDATE {PATIENT}"), format!("SERVICE UPDATE {PATIENT}")]
    );
}

#[tokio::test]
async fn a_service_account_does_what_it_may_and_nothing_else() {
    let (_database, mut conn) = stage().await;
    let elsewhere = ", facility_id => 'f0000000-0000-7000-8000-000000000002'";
    for (before, call, rule) in [
        ("SELECT 1", raised("1", "HIGH", ", patient_id => gen_random_uuid()"), "alert_patient_fk"),
        ("SELECT 1", raised("1", "HIGH", ", record_number_bidx => 'unknown'"), "alert_patient_fk"),
        (
            "INSERT INTO alert (organization_id, id, type, severity, title, dedupe_key) SELECT id, gen_random_uuid(), 'T1', 'INFO', 'x', 'bp' FROM organization",
            raised("1", "HIGH", ", record_number_bidx => 'number', dedupe_key => 'bp'"),
            "alert_open_once",
        ),
        ("SELECT 1", raised("1", "URGENT", ""), "alert_severity_known"),
        ("SELECT 1", raised("", "HIGH", ""), "ingest_receipt_message_id_length"),
        ("UPDATE service_account SET revoked_at = now()", raised("1", "HIGH", ""), "42501"),
        ("UPDATE service_account SET expires_at = now()", raised("1", "HIGH", ""), "42501"),
        ("UPDATE service_account SET scopes = '{lab_feed}'", raised("1", "HIGH", ""), "42501"),
        (
            "UPDATE service_account SET facility_id = 'f0000000-0000-7000-8000-000000000001'",
            raised("1", "HIGH", elsewhere),
            "42501",
        ),
        ("SELECT 1", "SELECT 'x' FROM alert".to_owned(), "42501"),
        ("SELECT 1", "SELECT 'x' FROM live.changes(0)".to_owned(), "42501"),
    ] {
        run(&mut conn, &format!("BEGIN; {before}; {}", ingest_context())).await.expect("arranged");
        assert_eq!(attempt(&mut conn, &call).await, Err(rule.to_owned()), "{before}; {call}");
        run(&mut conn, "ROLLBACK").await.expect("the end");
    }
    run(
        &mut conn,
        &format!("BEGIN; SET LOCAL ROLE almoner_app; SET LOCAL app.ctx = '{ORGANIZATION}|{ACCOUNT}|SERVICE|*'"),
    )
    .await
    .expect("a person");
    assert_eq!(attempt(&mut conn, &raised("1", "HIGH", "")).await, Err("42501".to_owned()), "people use the pages");
}

#[tokio::test]
async fn many_senders_at_once_make_one_alert() {
    let (database, mut conn) = stage().await;
    let send = |message: String| {
        let database = database.clone();
        async move {
            let mut conn = database.connect(DbRole::Runtime).await;
            run(&mut conn, &format!("BEGIN; {}", ingest_context())).await.expect("a role");
            let answer =
                lines(&mut conn, &raised(&message, "HIGH", ", dedupe_key => 'bp'")).await.expect("raised").remove(0);
            run(&mut conn, "COMMIT").await.expect("committed");
            answer
        }
    };
    let different = join_all((0..8).map(|n| send(n.to_string()))).await;
    assert_eq!(different.iter().filter(|answer| answer.ends_with(" t f")).count(), 1, "{different:?}");
    let same = join_all((0..8).map(|_| send("same".to_owned()))).await;
    assert_eq!(same.iter().filter(|answer| answer.ends_with(" f f")).count(), 1, "{same:?}");
    assert_eq!(lines(&mut conn, "SELECT seen_count::text FROM alert").await.expect("one alert"), ["9"]);
}

#[tokio::test]
async fn history_is_not_rewritten_by_anybody() {
    let (_database, mut conn) = stage().await;
    run(&mut conn, &format!("INSERT INTO status_change (organization_id, subject_kind, subject_id, to_status) VALUES ('{ORGANIZATION}', 'alert', '{ALERT}', 'ACTIVE');
                             INSERT INTO audit_event (organization_id, actor_kind, action, resource_type) VALUES ('{ORGANIZATION}', 'SYSTEM', 'VIEW', 'alert')"))
        .await
        .expect("history");
    for (table, column) in [("audit_event", "action"), ("status_change", "to_status")] {
        run(&mut conn, "BEGIN").await.expect("a transaction");
        for statement in [
            format!("UPDATE {table} SET {column} = 'X'"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
        ] {
            assert_eq!(
                attempt(&mut conn, &statement).await,
                Err(format!("{table}_append_only")),
                "{statement} as the superuser"
            );
        }
        run(&mut conn, "ROLLBACK").await.expect("the end");
    }
}

#[tokio::test]
async fn a_change_that_commits_late_is_told_late_and_not_forgotten() {
    let (database, mut conn) = stage().await;
    let mut slow = database.connect(DbRole::Admin).await;
    let mut worker = database.connect(DbRole::Runtime).await;
    let note = |kind: &str| {
        format!(
            "INSERT INTO audit_event (organization_id, actor_kind, action, resource_type, facility_id) VALUES ('{ORGANIZATION}', 'SYSTEM', 'UPDATE', '{kind}', '{FACILITY}')"
        )
    };
    let changes = |since: &str| {
        format!("SELECT concat_ws(' ', next, resource_type) FROM live.changes({since}) ORDER BY resource_type")
    };
    run(&mut worker, "SET ROLE almoner_worker").await.expect("a role");
    let start = lines(&mut worker, &changes("9223372036854775807")).await.expect("the watermark").remove(0);

    run(&mut slow, &format!("BEGIN; {}", note("late"))).await.expect("under way");
    run(&mut conn, &note("early")).await.expect("committed");
    run(&mut conn, &note("early").replace("'UPDATE'", "'VIEW'")).await.expect("a view, which nobody is told of");
    let meanwhile = lines(&mut worker, &changes(&start)).await.expect("changes");
    assert!(meanwhile.iter().all(|line| !line.contains("late")), "{meanwhile:?}");
    run(&mut slow, "COMMIT").await.expect("committed");

    let mut since = meanwhile[0].split(' ').next().expect("the watermark").to_owned();
    let mut told: Vec<String> =
        meanwhile.iter().filter_map(|line| line.split(' ').nth(1)).map(ToOwned::to_owned).collect();
    // Other databases of the server may hold the watermark back for a moment.
    for _ in 0..100 {
        if told.len() >= 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let more = lines(&mut worker, &changes(&since)).await.expect("changes");
        told.extend(more.iter().filter_map(|line| line.split(' ').nth(1)).map(ToOwned::to_owned));
        more[0].split(' ').next().expect("the watermark").clone_into(&mut since);
    }
    told.sort();
    assert_eq!(told, ["early", "late"], "each once");
}
