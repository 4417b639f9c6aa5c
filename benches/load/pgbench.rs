//! The same statements by pgbench, prepared: how fast PostgreSQL alone answers them on this machine.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::measure::{Figures, figures};
use super::statements::Statement;

/// How long every connection of pgbench plans its statements: that is not counted. Each script prepares its own, so that it takes seconds.
const PLANNING: Duration = Duration::from_secs(8);

/// Writes one script per captured request and runs them all, in turn, from `clients` connections on one thread.
pub fn run(
    program: &Path,
    socket: &Path,
    folder: &Path,
    requests: &[Vec<Statement>],
    clients: usize,
    length: Duration,
) -> Result<Figures> {
    let mut command = Command::new(program);
    fs::create_dir_all(folder)?;
    for old in fs::read_dir(folder)? {
        fs::remove_file(old?.path())?;
    }
    for (number, statements) in requests.iter().enumerate() {
        let (script, variables) = script(number, statements);
        let file = folder.join(format!("{number:02}.sql"));
        fs::write(&file, script)?;
        command.arg("--file").arg(&file);
        for (name, value) in variables {
            command.arg("--define").arg(format!("{name}={value}"));
        }
    }
    let output = command
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--log", "--port=5432", "--username=almoner_runtime"])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={}", (PLANNING + length).as_secs()))
        .arg(format!("--log-prefix={}", folder.join("log").display()))
        .arg("--host")
        .arg(socket)
        .arg("almoner")
        // Outside a transaction the portal's statements run as this role, on connections of their own. Plans are made once, as there.
        .env("PGOPTIONS", "-c role=almoner_auth -c plan_cache_mode=force_generic_plan")
        .output()
        .context("pgbench does not start")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && said.contains("number of failed transactions: 0"), "pgbench failed:\n{said}");
    let mut done: Vec<(f64, u32)> = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log")) {
            done.extend(fs::read_to_string(&path)?.lines().filter_map(transaction));
        }
    }
    let begin = done.iter().map(|(at, _)| *at).fold(f64::INFINITY, f64::min) + PLANNING.as_secs_f64();
    let end = begin + length.as_secs_f64();
    let mut times: Vec<u32> =
        done.into_iter().filter(|(at, _)| (begin..end).contains(at)).map(|(_, took)| took).collect();
    ensure!(!times.is_empty(), "pgbench did nothing:\n{said}");
    Ok(figures(&mut times, length))
}

/// A line of pgbench's log: when a transaction ended, in seconds, and how long it took, in microseconds.
fn transaction(line: &str) -> Option<(f64, u32)> {
    let mut fields = line.split(' ').skip(2);
    let took = fields.next()?.parse().ok()?;
    let (seconds, micros) = (fields.nth(1)?.parse::<f64>().ok()?, fields.next()?.parse::<f64>().ok()?);
    Some((seconds + micros / 1_000_000.0, took))
}

/// One transaction of pgbench, with the variables it needs.
fn script(number: usize, statements: &[Statement]) -> (String, Vec<(String, String)>) {
    let (mut text, mut variables) = (String::new(), Vec::new());
    for (line, statement) in statements.iter().enumerate() {
        if statement.sql.starts_with("BEGIN") {
            // One message in the portal, and so one round trip here.
            let parts = statement.sql.split(';').map(str::trim).filter(|part| !part.is_empty());
            text.push_str("\\startpipeline\n");
            for part in parts {
                text.push_str(part);
                text.push_str(";\n");
            }
            text.push_str("\\endpipeline\n");
            continue;
        }
        let sql = statement.with(|at, value| match value {
            Some(value) => {
                let name = format!("v{number}_{line}_{at}");
                if !variables.iter().any(|(known, _)| *known == name) {
                    variables.push((name.clone(), value.to_owned()));
                }
                format!(":{name}")
            }
            None => "NULL".to_owned(),
        });
        writeln!(text, "{sql};").unwrap_or_default();
    }
    (text, variables)
}
