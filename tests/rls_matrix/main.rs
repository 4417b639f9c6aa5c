//! The second lock, tried: every persona and every database role, with every verb, on every table, by raw SQL.
//!
//! What is expected stands in `docs/row-level-security.md`, for people; this test reads it there.

#[path = "../schema/mod.rs"]
mod schema;

mod scene;
mod tables;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use almoner::db::cluster::DbRole;
use schema::{Database, lines, run};
use sqlx::PgConnection;

use scene::{ALL, Persona, Place, SCENE};
use tables::{TABLES, Table};

const DOCUMENT: &str = include_str!("../../docs/row-level-security.md");

#[derive(Clone, Copy)]
enum Verb {
    Read,
    Add,
    Change,
}

impl Verb {
    const ALL: [Self; 3] = [Self::Read, Self::Add, Self::Change];

    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Add => "add",
            Self::Change => "change",
        }
    }
}

async fn stage() -> PgConnection {
    let database = Database::migrated().await;
    let mut conn = database.connect(DbRole::Admin).await;
    run(&mut conn, SCENE).await.expect("the scene is set");
    conn
}

#[tokio::test]
async fn every_persona_reaches_what_the_document_says_and_nothing_else() {
    let mut conn = stage().await;
    let mut actual = heading();
    for table in TABLES {
        let _ = writeln!(actual, "{}", table.label);
        let mut answers: Vec<Vec<String>> = Vec::new();
        for persona in &ALL {
            answers.push(try_all(&mut conn, table, persona).await);
        }
        for (index, verb) in Verb::ALL.iter().enumerate() {
            let _ = writeln!(
                actual,
                "  {:<10}{}",
                verb.name(),
                columns(answers.iter().map(|answer| answer[index].as_str()))
            );
        }
    }
    let documented = DOCUMENT
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("a text block in the document");
    assert!(documented == actual, "docs/row-level-security.md says otherwise; the database says:\n{actual}");
}

fn heading() -> String {
    format!("{:12}{}\n", "", columns(ALL.iter().map(|persona| persona.short)))
}

fn columns<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for cell in cells {
        let _ = write!(line, "{cell:<5}");
    }
    line.truncate(line.trim_end().len());
    line
}

/// What a persona reaches of a table: the places for each verb, or a dash.
async fn try_all(conn: &mut PgConnection, table: &Table, persona: &Persona) -> Vec<String> {
    run(conn, "BEGIN").await.expect("a transaction");
    let mut rows = Vec::new();
    for place in Place::of(table, persona) {
        rows.push((place, table.arrange(conn, place, persona).await));
    }
    run(conn, &persona.become_them()).await.expect("a role");
    let mut answers = Vec::new();
    for verb in Verb::ALL {
        let mut reached = String::new();
        for (place, row) in &rows {
            let statement = match verb {
                Verb::Read => table.read(row),
                Verb::Add => match table.add(*place, persona) {
                    Some(statement) => statement,
                    None => continue,
                },
                Verb::Change => table.change(row),
            };
            if attempt(conn, &statement).await {
                reached.push(place.letter());
            }
        }
        answers.push(if reached.is_empty() { "-".to_owned() } else { reached });
    }
    run(conn, "ROLLBACK").await.expect("the end");
    answers
}

/// Whether a statement reached a row. Refused by the database's rules about data counts as reached: those are asked later.
async fn attempt(conn: &mut PgConnection, statement: &str) -> bool {
    run(conn, "SAVEPOINT attempt").await.expect("a savepoint");
    let reached = match run(conn, statement).await {
        Ok(rows) => rows == 1,
        Err(error) => {
            let code = error
                .as_database_error()
                .and_then(|error| error.code().map(std::borrow::Cow::into_owned))
                .unwrap_or_default();
            match code.as_str() {
                "42501" => false,
                // A guard of a state machine, which is asked before the policy: not for them, or not like this.
                "23514" => false,
                "23505" => true,
                _ => panic!("{statement}: {error}"),
            }
        }
    };
    run(conn, "ROLLBACK TO attempt").await.expect("back");
    reached
}

#[tokio::test]
async fn the_matrix_tries_every_table() {
    let mut conn = stage().await;
    let known = lines(
        &mut conn,
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname <> '_sqlx_migrations'",
    )
    .await
    .expect("the tables");
    let tried: BTreeSet<&str> = TABLES.iter().map(|table| table.name).collect();
    let missing: Vec<_> = known.iter().filter(|name| !tried.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "add to tests/rls_matrix/tables.rs: {missing:?}");
}

#[tokio::test]
async fn nobody_deletes_records() {
    let mut conn = stage().await;
    for table in TABLES {
        for persona in &ALL {
            run(&mut conn, "BEGIN").await.expect("a transaction");
            run(&mut conn, &persona.become_them()).await.expect("a role");
            for verb in ["DELETE FROM", "TRUNCATE"] {
                let allowed = verb == "DELETE FROM"
                    && matches!(
                        (persona.short, table.name),
                        ("WRK", "job" | "rule_touch") | ("AUT", "rate_limit" | "auth.session")
                    );
                run(&mut conn, "SAVEPOINT attempt").await.expect("a savepoint");
                let done = run(&mut conn, &format!("{verb} {}", table.name)).await.is_ok();
                assert_eq!(done, allowed, "{verb} {} as {}", table.name, persona.short);
                run(&mut conn, "ROLLBACK TO attempt").await.expect("back");
            }
            run(&mut conn, "ROLLBACK").await.expect("the end");
        }
    }
}

#[tokio::test]
async fn nothing_moves_to_another_facility_of_another_team_or_organization() {
    let mut conn = stage().await;
    let clinician = ALL.iter().find(|persona| persona.short == "CLI").expect("a clinician");
    run(&mut conn, "BEGIN").await.expect("a transaction");
    run(&mut conn, &clinician.become_them()).await.expect("a role");
    let here = Place::Here.patient(clinician);
    for (column, value) in [
        ("facility_id", Place::There.facility()),
        ("facility_id", Place::Foreign.facility()),
        ("organization_id", Place::Foreign.organization()),
    ] {
        let moved = format!("UPDATE patient SET {column} = '{value}' WHERE id = '{here}'");
        assert!(!attempt(&mut conn, &moved).await, "{moved}");
    }
    assert!(
        attempt(&mut conn, &format!("UPDATE patient SET height_cm = 170 WHERE id = '{here}'")).await,
        "she may change the rest"
    );
}

#[tokio::test]
async fn a_clerk_sees_headers_and_a_clinician_needs_none() {
    let mut conn = stage().await;
    for (short, expected) in [("CLK", 1), ("CHR", 1), ("CW", 1), ("CLI", 0), ("ADM", 0), ("PAT", 0), ("NOB", 0)] {
        let persona = ALL.iter().find(|persona| persona.short == short).expect("a persona");
        run(&mut conn, "BEGIN").await.expect("a transaction");
        run(&mut conn, &persona.become_them()).await.expect("a role");
        let (here, there) = (Place::Here.patient(persona), Place::There.patient(persona));
        for query in [
            "SELECT last_name FROM headers.find('here')".to_owned(),
            format!("SELECT last_name FROM headers.of_patients(ARRAY['{here}', '{there}']::uuid[])"),
            "SELECT last_name FROM headers.by_record_number('here'::bytea)".to_owned(),
        ] {
            let found = lines(&mut conn, &query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
            assert_eq!(found.len(), expected, "{short}: {query}");
        }
        for query in ["SELECT last_name FROM headers.find('there')", "SELECT last_name FROM headers.find('foreign')"] {
            assert!(lines(&mut conn, query).await.expect("an answer").is_empty(), "{short}: {query}");
        }
        run(&mut conn, "ROLLBACK").await.expect("the end");
    }
}

#[tokio::test]
async fn secrets_are_not_even_selected() {
    let mut conn = stage().await;
    let admin = ALL.iter().find(|persona| persona.short == "ADM").expect("an administrator");
    run(&mut conn, "BEGIN").await.expect("a transaction");
    run(&mut conn, &admin.become_them()).await.expect("a role");
    for secret in
        ["app_user.password_hash", "user_session.token_hash", "user_token.token_hash", "service_account.secret_enc"]
    {
        let (table, column) = secret.split_once('.').expect("a table and a column");
        assert!(!attempt(&mut conn, &format!("SELECT {column} FROM {table} LIMIT 1")).await, "{secret}");
        assert!(!attempt(&mut conn, &format!("UPDATE app_user SET first_name = (SELECT {column}::text FROM {table} LIMIT 1) WHERE id = ctx.actor()")).await, "{secret}");
    }
}
