//! The first start: making the cluster.

use std::fs;
use std::io::Write as _;
use std::process::{Output, Stdio};

use anyhow::{Context as _, Result, bail};

use super::account::Account;
use super::binaries::Binaries;
use super::place::Place;
use super::{DATABASE, DbRole, settings};

/// Makes the cluster with its database beside its final place and moves it there when it is whole, so that a first
/// start that was cut short is simply done again.
pub(super) fn create(binaries: &Binaries, account: &Account, place: &Place) -> Result<()> {
    let unfinished = place.home.join("data.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).context("cannot remove what an unfinished first start left")?;
    }
    let mut initdb = account.command(binaries.program("initdb"));
    initdb.arg("--pgdata").arg(&unfinished).args(["--username", DbRole::Admin.as_str()]);
    initdb.args([
        "--encoding=UTF8",
        "--data-checksums",
        "--auth-local=peer",
        "--auth-host=reject",
        "--no-sync",
        "--no-instructions",
    ]);
    if binaries.major >= 17 {
        initdb.args(["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]);
    } else {
        initdb.arg("--locale=C.UTF-8");
    }
    check("initdb", &initdb.current_dir(&place.home).output()?)?;
    settings::write(place, account, &unfinished)?;

    // one process, no connections: nobody can come in between
    let mut single = account.command(binaries.program("postgres"));
    single.args(["--single", "-F", "-D"]).arg(&unfinished).arg("postgres").current_dir(&place.home);
    let mut single = single.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = single.stdin.take() {
        writeln!(input, "CREATE DATABASE {DATABASE}")?;
    }
    check("postgres --single", &single.wait_with_output()?)?;

    // everything so far was left to the system's cache; now it is made to last, once
    let mut sync = account.command(binaries.program("initdb"));
    sync.arg("--sync-only").arg("--pgdata").arg(&unfinished).current_dir(&place.home);
    check("initdb --sync-only", &sync.output()?)?;
    fs::rename(&unfinished, &place.data).context("cannot put the new cluster in its place")?;
    fs::File::open(&place.home)?.sync_all().context("cannot make the new cluster last")
}

/// `postgres --single` exits with 0 whatever its statements came to, so its words count too.
fn check(program: &str, output: &Output) -> Result<()> {
    let words = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || words.contains("ERROR:") || words.contains("FATAL:") {
        bail!("{program} could not make the database cluster: {}", words.trim());
    }
    Ok(())
}
