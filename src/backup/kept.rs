//! What lies in the folder of backups: the newest dumps, and the documents beside them.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

/// How many backups are kept, newest first. One a day makes a week.
const KEPT: usize = 7;

/// What our backups are called: this, the time, and the ending.
const OURS: &str = "almoner-";
const WHOLE: &str = ".dump";

/// What a backup ends in that is not verified yet.
pub(super) const UNFINISHED: &str = ".unfinished";

/// After so long, nobody writes an unfinished backup any more.
const CUT_OFF: Duration = Duration::from_hours(24);

/// Removes all but the newest [`KEPT`] backups, and what one left that was cut off. What else lies in the folder is not ours.
pub(super) fn thin_out(folder: &Path) -> anyhow::Result<()> {
    let mut whole = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let Some(name) = name.to_str().filter(|name| name.starts_with(OURS)) else { continue };
        if name.ends_with(WHOLE) {
            whole.push(path);
        } else if name.ends_with(UNFINISHED) && entry.metadata()?.modified()?.elapsed().unwrap_or_default() > CUT_OFF {
            fs::remove_file(path)?;
        }
    }
    // The name holds the time.
    whole.sort();
    let surplus = whole.len().saturating_sub(KEPT);
    for old in whole.iter().take(surplus) {
        fs::remove_file(old)?;
    }
    Ok(())
}

/// Copies every file of `from` that `to` does not have yet, with its folders, and says how many. A copy is whole or
/// not there; what an upload has not finished is left out.
pub(super) fn copy_missing(from: &Path, to: &Path) -> anyhow::Result<u64> {
    if !from.exists() {
        return Ok(0);
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    let mut copied = 0;
    for entry in fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copied += copy_missing(&source, &target)?;
        } else if !entry.file_name().to_string_lossy().contains('#') && !target.exists() {
            let unfinished = to.join(format!("{}#copy", entry.file_name().to_string_lossy()));
            match fs::copy(&source, &unfinished) {
                Ok(_) => {}
                // Swept up meanwhile: it belonged to no document.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && !source.exists() => continue,
                Err(error) => return Err(error).with_context(|| format!("cannot copy {}", source.display())),
            }
            fs::File::open(&unfinished)?.sync_all()?;
            fs::rename(&unfinished, &target)?;
            copied += 1;
        }
    }
    Ok(copied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn documents_are_copied_once_and_whole() {
        let folder = std::env::temp_dir().join(format!("almoner-copies-{}", std::process::id()));
        let (from, to) = (folder.join("from"), folder.join("to"));
        fs::create_dir_all(from.join("org/ab")).unwrap();
        fs::write(from.join("org/ab/one"), "1").unwrap();
        fs::write(from.join("org/ab/two#1"), "half").unwrap();
        assert_eq!(copy_missing(&from, &to).unwrap(), 1);
        assert_eq!(fs::read_to_string(to.join("org/ab/one")).unwrap(), "1");
        assert!(!to.join("org/ab/two#1").exists());
        fs::write(from.join("org/ab/two"), "2").unwrap();
        assert_eq!(copy_missing(&from, &to).unwrap(), 1, "only what is new");
        assert_eq!(copy_missing(&folder.join("nowhere"), &to).unwrap(), 0);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn only_the_newest_are_kept_and_what_others_put_there_stays() {
        let folder = std::env::temp_dir().join(format!("almoner-backups-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for day in 1..=9 {
            fs::write(folder.join(format!("almoner-202611{day:02}-020000.dump")), "x").unwrap();
        }
        for name in [
            "a-database-of-others.dump",
            "almoner-20261109-020000.dump.unfinished",
            "almoner-20251101-020000.dump.unfinished",
        ] {
            fs::write(folder.join(name), "x").unwrap();
        }
        let long_ago = std::time::SystemTime::from(Clock::System.now()) - 2 * CUT_OFF;
        let cut_off =
            fs::File::options().write(true).open(folder.join("almoner-20251101-020000.dump.unfinished")).unwrap();
        cut_off.set_modified(long_ago).unwrap();
        thin_out(&folder).unwrap();
        let mut left: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(left.len(), KEPT + 2, "{left:?}");
        assert_eq!(left[..2], ["a-database-of-others.dump", "almoner-20261103-020000.dump"]);
        assert_eq!(left[8], "almoner-20261109-020000.dump.unfinished");
    }
}
