//! What the portal says to PostgreSQL for one request, read from PostgreSQL's own log.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use sqlx::PgConnection;

use super::database::run_sql;
use super::http::Connection;

/// How long the last line of the log may take.
const SETTLE: Duration = Duration::from_millis(60);

/// Stands for the end of a line while the log is read line by line.
const LINE_END: &str = "\u{1}";

/// A statement with its parameters.
#[derive(Clone, Debug)]
pub struct Statement {
    pub sql: String,
    /// None is NULL.
    pub parameters: Vec<Option<String>>,
}

/// The log of a cluster, from now on.
pub struct Log {
    file: PathBuf,
}

impl Log {
    /// Has every statement logged.
    pub async fn start(admin: &mut PgConnection, data_dir: &Path) -> Result<Self> {
        for setting in ["log_min_duration_statement = 0", "log_error_verbosity = 'default'"] {
            run_sql(admin, &format!("ALTER SYSTEM SET {setting}")).await?;
        }
        run_sql(admin, "SELECT pg_reload_conf()").await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let files = fs::read_dir(data_dir.join("postgres/log"))?.filter_map(|entry| {
            let path = entry.ok()?.path();
            (path.extension()? == "log" && path.file_name()?.to_str()?.starts_with("postgresql-")).then_some(path)
        });
        let newest = files.max_by_key(|path| path.metadata().and_then(|file| file.modified()).ok());
        Ok(Self { file: newest.context("PostgreSQL writes no log")? })
    }

    /// The statements of one request.
    pub async fn of(&self, connection: &mut Connection, request: &[u8]) -> Result<Vec<Statement>> {
        let before = fs::metadata(&self.file)?.len();
        connection.exchange(request).await?;
        tokio::time::sleep(SETTLE).await;
        let mut file = fs::File::open(&self.file)?;
        file.seek(SeekFrom::Start(before))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(parse(&text))
    }

    /// Back to silence.
    pub async fn stop(self, admin: &mut PgConnection) -> Result<()> {
        for setting in ["log_min_duration_statement", "log_error_verbosity"] {
            run_sql(admin, &format!("ALTER SYSTEM RESET {setting}")).await?;
        }
        run_sql(admin, "SELECT pg_reload_conf()").await
    }
}

/// Reads the log: statements of the portal in the order in which they ended.
fn parse(log: &str) -> Vec<Statement> {
    // A line that begins with a tab goes on with the one before; comments in SQL end with theirs, so line ends are kept.
    let joined = log.replace("\n\t", LINE_END);
    let mut found: Vec<Statement> = Vec::new();
    for line in joined.lines().filter(|line| line.contains(" almoner_runtime ")) {
        if let Some((_, detail)) = line.split_once("DETAIL:  parameters: ") {
            if let Some(last) = found.last_mut() {
                last.parameters = parameters(detail);
            }
            continue;
        }
        let Some((_, said)) = line.split_once(" ms  ") else { continue };
        let sql = if let Some(simple) = said.strip_prefix("statement: ") {
            simple
        } else if let Some((_, prepared)) = said.strip_prefix("execute ").and_then(|said| said.split_once(": ")) {
            prepared
        } else {
            // How long parsing and binding took, before the same statement is executed; their parameters come again.
            found.push(Statement { sql: String::new(), parameters: Vec::new() });
            continue;
        };
        found.push(Statement { sql: sql.replace(LINE_END, "\n"), parameters: Vec::new() });
    }
    let idle = |sql: &str| {
        sql.is_empty()
            || sql.starts_with("ROLLBACK")
            || sql.contains("live.changes")
            || sql.starts_with("LISTEN")
            || sql.contains("FROM job")
    };
    found.retain(|statement| !idle(&statement.sql));
    found
}

/// `$1 = 'it''s', $2 = NULL`.
fn parameters(detail: &str) -> Vec<Option<String>> {
    let mut values = Vec::new();
    let mut rest = detail;
    while let Some((_, after)) = rest.split_once(" = ") {
        if let Some(quoted) = after.strip_prefix('\'') {
            let mut value = String::new();
            let mut letters = quoted.char_indices().peekable();
            let mut end = quoted.len();
            while let Some((at, letter)) = letters.next() {
                if letter == '\'' && letters.next_if(|(_, next)| *next == '\'').is_none() {
                    end = at + 1;
                    break;
                }
                value.push(letter);
            }
            values.push(Some(value));
            rest = quoted.get(end..).unwrap_or_default();
        } else {
            values.push(None);
            rest = after.strip_prefix("NULL").unwrap_or_default();
        }
    }
    values
}

impl Statement {
    /// Whether the log told its parameters.
    pub fn is_complete(&self) -> bool {
        !self.sql.contains("$1") || !self.parameters.is_empty()
    }

    /// The statement with each `$n` as `put` writes it.
    pub fn with(&self, mut put: impl FnMut(usize, Option<&str>) -> String) -> String {
        let mut text = String::with_capacity(self.sql.len() + 64);
        let mut letters = self.sql.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter != '$' {
                text.push(letter);
                continue;
            }
            let mut number = String::new();
            while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                number.push(digit);
            }
            match number.parse::<usize>() {
                Ok(at) => text.push_str(&put(at, self.parameters.get(at.wrapping_sub(1)).and_then(Option::as_deref))),
                Err(_) => text.push('$'),
            }
        }
        text
    }
}
