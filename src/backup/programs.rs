//! PostgreSQL's own programs, and how they learn where the database is.

use std::process::Command;

use anyhow::{Context as _, ensure};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::Common;
use crate::db::Source;
use crate::db::cluster::{Binaries, DbRole};

/// One of PostgreSQL's programs, told where the database is by its environment: arguments are for everybody to see.
pub(super) fn tool(source: &Source, common: &Common, by: Option<&SecretString>, name: &str) -> anyhow::Result<Command> {
    let given = by.or(common.migrate_url.as_ref()).or(common.database_url.as_ref());
    let (binaries, address) = match (&source.cluster, given) {
        (Some(cluster), _) => (cluster.binaries()?, cluster.url(DbRole::Admin)),
        (None, Some(url)) => (Binaries::find(None)?, url.expose_secret().to_owned()),
        (None, None) => anyhow::bail!("there is no database"),
    };
    let mut command = Command::new(binaries.program(name));
    for (variable, value) in environment(&Url::parse(&address).ok().context("the address of the database is none")?) {
        command.env(variable, value);
    }
    Ok(command)
}

/// The variables of libpq for an address. Its parts are encoded there (a socket's folder as host, a password with a colon)
/// and plain in the environment.
fn environment(url: &Url) -> Vec<(&'static str, String)> {
    let query = |key: &str| url.query_pairs().find(|(name, _)| name == key).map(|(_, value)| value.into_owned());
    let present = |text: &str| (!text.is_empty()).then(|| percent_decode_str(text).decode_utf8_lossy().into_owned());
    [
        ("PGHOST", query("host").or_else(|| url.host_str().and_then(present))),
        ("PGPORT", query("port").or_else(|| url.port().map(|port| port.to_string()))),
        ("PGUSER", query("user").or_else(|| present(url.username()))),
        ("PGPASSWORD", query("password").or_else(|| url.password().and_then(present))),
        ("PGDATABASE", present(url.path().trim_start_matches('/'))),
        ("PGSSLMODE", query("sslmode")),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// Runs it to its end. What it says is told only where it fails.
pub(super) fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot run {program}"))?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_becomes_variables() {
        let url = Url::parse("postgres://me:secret@db.example:5433/almoner?sslmode=require").unwrap();
        let expected = [
            ("PGHOST", "db.example"),
            ("PGPORT", "5433"),
            ("PGUSER", "me"),
            ("PGPASSWORD", "secret"),
            ("PGDATABASE", "almoner"),
            ("PGSSLMODE", "require"),
        ];
        assert_eq!(environment(&url), expected.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn what_is_encoded_in_an_address_is_plain_in_the_variables() {
        let url = Url::parse("postgres://a%20user:p%40ss%3A@%2Frun%2Fpostgres:5432/al%6Doner").unwrap();
        let expected = [
            ("PGHOST", "/run/postgres"),
            ("PGPORT", "5432"),
            ("PGUSER", "a user"),
            ("PGPASSWORD", "p@ss:"),
            ("PGDATABASE", "almoner"),
        ];
        assert_eq!(environment(&url), expected.map(|(name, value)| (name, value.to_owned())));
    }
}
