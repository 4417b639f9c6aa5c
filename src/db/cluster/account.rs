//! Which operating-system account runs PostgreSQL, and which one may connect.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use nix::unistd::{Gid, Uid, User, chown, geteuid};

/// Accounts that a root Almoner hands PostgreSQL to, the best first.
const UNPRIVILEGED: [&str; 3] = ["postgres", "almoner", "nobody"];

/// The account that PostgreSQL runs as.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub name: String,
    uid: Uid,
    gid: Gid,
    /// The account that Almoner itself runs as, the only one that PostgreSQL lets in.
    pub client: String,
    /// Whether starting a process means changing account.
    switch: bool,
}

impl Account {
    /// Our own account; for root, the owner of the existing cluster `data`, else an unprivileged account.
    pub fn choose(data: &Path) -> Result<Self> {
        let me = User::from_uid(geteuid())?.with_context(|| {
            format!("The user id {} has no name in /etc/passwd, which PostgreSQL needs to know who connects", geteuid())
        })?;
        let owner = data.metadata().ok().map(|found| Uid::from_raw(found.uid()));
        if !me.uid.is_root() {
            if let Some(owner) = owner.filter(|owner| *owner != me.uid) {
                bail!(
                    "{} belongs to {}, but Almoner is running as {}: run it as before, or give the directory to {} \
                     (chown -R)",
                    data.display(),
                    User::from_uid(owner)?.map_or_else(|| format!("user {owner}"), |user| user.name),
                    me.name,
                    me.name,
                );
            }
            return Ok(Self { name: me.name.clone(), uid: me.uid, gid: me.gid, client: me.name, switch: false });
        }
        let runner = match owner.filter(|owner| !owner.is_root()) {
            Some(owner) => User::from_uid(owner)?
                .with_context(|| format!("{} belongs to user id {owner}, which has no name", data.display()))?,
            None => UNPRIVILEGED
                .iter()
                .find_map(|name| User::from_name(name).ok().flatten())
                .context("PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody' to run it")?,
        };
        Ok(Self { name: runner.name, uid: runner.uid, gid: runner.gid, client: me.name, switch: true })
    }

    /// A command that runs as this account, in its own process group (Ctrl-C at a terminal must reach Almoner
    /// alone) and without our environment (it may hold secrets).
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").process_group(0).stdin(Stdio::null());
        if self.switch {
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
        }
        command
    }

    /// Gives a file or directory to this account.
    pub fn own(&self, path: &Path) -> Result<()> {
        if self.switch {
            chown(path, Some(self.uid), Some(self.gid))
                .with_context(|| format!("cannot give {} to {}", path.display(), self.name))?;
        }
        Ok(())
    }

    /// Whether this account can enter `directory`. Asked by trying: permissions have more parts than mode bits.
    pub fn can_enter(&self, directory: &Path) -> bool {
        !self.switch || self.command("true").current_dir(directory).status().is_ok_and(|status| status.success())
    }

    /// Whether `path` belongs to this account.
    pub fn owns(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok_and(|found| found.uid() == self.uid.as_raw())
    }

    /// A number that tells this account's directories in /tmp from others'.
    pub fn uid(&self) -> u32 {
        self.uid.as_raw()
    }
}
