//! `almoner audit verify`.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};

use super::verify::Verdict;
use super::{heads, queries, verify};
use crate::db::Db;
use crate::phi::Keyring;

/// What to do with the audit.
#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// Recompute the chain of sealed segments and name the first that is not as it was sealed.
    Verify(Verify),
}

/// Against what to verify.
#[derive(Clone, Debug, Args)]
pub struct Verify {
    /// A copy of the signed heads, kept somewhere else; the one in the data directory without.
    #[arg(long)]
    heads: Option<PathBuf>,
}

/// Carries out one command.
///
/// # Errors
/// Where an audit is not as it was sealed, so that scripts notice.
pub async fn run(command: &AuditCommand, db: &Db, keys: &Keyring, data_dir: &Path) -> anyhow::Result<()> {
    let AuditCommand::Verify(settings) = command;
    let file = settings.heads.clone().unwrap_or_else(|| heads::file(data_dir));
    let (signed, forged) =
        if file.exists() || settings.heads.is_some() { heads::read(&file, keys)? } else { (Vec::new(), 0) };
    let mut broken = 0;
    let mut tx = db.begin_system().await?;
    for (organization, name) in queries::organizations(&mut tx).await? {
        match verify::organization(db, organization, &signed).await? {
            Verdict::Intact { segments, events } => {
                println!("{name}: intact, {events} events in {segments} sealed segments.");
            }
            Verdict::Broken { segment, why } => {
                broken += 1;
                println!("{name}: segment {segment} is NOT as it was sealed: {why}.");
            }
        }
    }
    println!("Compared with {} signed heads from {}.", signed.len(), file.display());
    if forged > 0 {
        bail!("{forged} lines of {} are not signed with this instance's key", file.display());
    }
    if broken > 0 {
        bail!("the audit of {broken} organization{} was tampered with", if broken == 1 { "" } else { "s" });
    }
    Ok(())
}
