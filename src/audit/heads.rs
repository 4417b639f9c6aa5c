//! The heads of the chain outside the database: whoever can rewrite the database cannot rewrite these unnoticed.
//!
//! A file in the data directory with a line of JSON per segment, signed with a key that comes from the master key.
//! Copy it somewhere else from time to time; `almoner audit verify --heads FILE` takes any copy.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::Result;
use crate::ids::OrganizationId;
use crate::phi::Keyring;

/// One segment, as it was when it was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub organization: OrganizationId,
    pub number: i64,
    pub events: usize,
    pub hash: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    head: Head,
    signature: String,
}

/// Where the heads are kept.
pub(super) fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("audit-heads.jsonl")
}

/// Adds a head, on disk before it returns.
pub(super) fn append(app: &App, head: &Head) -> Result<()> {
    let line = Line { head: head.clone(), signature: sign(app.keyring(), head) };
    let text = serde_json::to_string(&line)? + "\n";
    let path = file(&app.data_dir);
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()
    };
    Ok(write().with_context(|| format!("the audit's heads cannot be written to {}", path.display()))?)
}

/// The heads of a file whose signatures are ours, and how many lines were not.
pub(super) fn read(path: &Path, keys: &Keyring) -> anyhow::Result<(Vec<Head>, usize)> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("the heads cannot be read from {}", path.display()))?;
    let mut forged = 0;
    let heads = text.lines().filter_map(|line| {
        let line: Option<Line> = serde_json::from_str(line).ok();
        let head = line.filter(|line| sign(keys, &line.head) == line.signature).map(|line| line.head);
        forged += usize::from(head.is_none());
        head
    });
    let heads = heads.collect();
    Ok((heads, forged))
}

fn sign(keys: &Keyring, head: &Head) -> String {
    hex::encode(
        keys.sign("audit-heads", &format!("{}|{}|{}|{}", head.organization, head.number, head.events, head.hash)),
    )
}
