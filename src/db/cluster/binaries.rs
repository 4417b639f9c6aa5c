//! Finding PostgreSQL's programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

/// The oldest major version that has what the schema uses (`security_invoker` views).
pub const OLDEST_MAJOR: u32 = 15;

/// Where distributions keep versioned installations; `*` is any one folder.
const USUAL_PLACES: [(&str, &str); 3] =
    [("/usr/lib/postgresql", "bin"), ("/usr/local/opt", "bin"), ("/opt/homebrew/opt", "bin")];

/// A PostgreSQL installation: the folder that holds `postgres` and `initdb`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// The folder.
    pub directory: PathBuf,
    /// Its major version.
    pub major: u32,
}

impl Binaries {
    /// The newest installation, or the one of the `wanted` major version, which an existing cluster needs.
    pub fn find(wanted: Option<&str>) -> Result<Self> {
        let found = Self::all();
        let known = || found.iter().map(|one| one.major.to_string()).collect::<Vec<_>>().join(", ");
        let wanted_major = match wanted {
            Some(text) => Some(text.trim().parse::<u32>()?),
            None => None,
        };
        let best = found
            .iter()
            .filter(|one| wanted_major.map_or(one.major >= OLDEST_MAJOR, |major| one.major == major))
            .max_by_key(|one| one.major);
        match (best, wanted_major) {
            (Some(best), _) => Ok(best.clone()),
            (None, Some(major)) => bail!(
                "The database was made by PostgreSQL {major}, which is not installed (found: {}). Install \
                 PostgreSQL {major}, or restore a backup into a new data directory",
                if found.is_empty() { "none".to_owned() } else { known() },
            ),
            (None, None) if found.is_empty() => bail!(
                "PostgreSQL is not installed. Install the server ({OLDEST_MAJOR} or newer; on Debian and Ubuntu \
                 'apt-get install postgresql'), or set DATABASE_URL to a server elsewhere"
            ),
            (None, None) => {
                bail!("PostgreSQL {OLDEST_MAJOR} or newer is needed, but only {} is installed", known())
            }
        }
    }

    /// Every installation, in no particular order of preference.
    pub fn all() -> Vec<Self> {
        let mut folders = BTreeSet::new();
        for folder in on_path().chain(in_usual_places()).chain(told_by_pg_config()) {
            // /usr/local/bin/postgres may be a link into the real folder, where its companions are
            if let Ok(program) = folder.join("postgres").canonicalize()
                && let Some(real) = program.parent()
                && real.join("initdb").exists()
            {
                folders.insert(real.to_path_buf());
            }
        }
        folders
            .into_iter()
            .filter_map(|directory| {
                let major = major_version(&directory.join("postgres"))?;
                Some(Self { directory, major })
            })
            .collect()
    }

    /// The path of one program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

fn on_path() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn in_usual_places() -> impl Iterator<Item = PathBuf> {
    USUAL_PLACES.into_iter().flat_map(|(parent, below)| {
        let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
        entries.map(move |entry| entry.path().join(below)).collect::<Vec<_>>()
    })
}

fn told_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    output.status.success().then(|| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

fn major_version(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    parse_major(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` or `… 18beta1`.
fn parse_major(text: &str) -> Option<u32> {
    let version = text.split_once("(PostgreSQL) ")?.1;
    let digits = version.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("postgres (PostgreSQL) 17\n"), Some(17));
        assert_eq!(parse_major("something else"), None);
    }
}
