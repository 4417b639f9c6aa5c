//! Who may import whom, and how long a file may be: the rules of `docs/architecture.md`, kept.

use std::fs;
use std::path::{Path, PathBuf};

/// Import no slice.
const PLATFORM: [&str; 16] = [
    "access",
    "clock",
    "ids",
    "named",
    "error",
    "db",
    "phi",
    "events",
    "live",
    "jobs",
    "files",
    "outbox",
    "web",
    "charts",
    "server",
    "telemetry",
];

/// Import platform only, and may be imported by every slice.
const GROUND: [&str; 5] = ["accounts", "patients", "facilities", "comments", "saved_views"];

/// May import any slice.
const COMPOSERS: [&str; 10] =
    ["chart", "search", "audit", "portal", "design", "ingest", "admin", "home", "demo", "notifications"];

/// Put everything together.
const TOP: [&str; 11] =
    ["app", "backup", "health", "routes", "lib", "main", "config", "commands", "serve", "doctor", "seed"];

/// What one work slice may use of another. The page of a case shows what is done and kept about it; nothing there knows more of a case
/// than `cases::head` says.
const NEIGHBOURS: [(&str, &[&str]); 9] = [
    ("alerts", &[]),
    ("cases", &["comments", "documents", "tasks", "casework"]),
    ("casework", &["cases", "tasks"]),
    ("documents", &["cases"]),
    ("tasks", &["cases"]),
    // Rules look at readings, raise alerts, give tasks and things to read; none of these knows of them.
    ("rules", &["alerts", "content", "readings", "tasks"]),
    ("weekly", &["readings"]),
    ("visits", &["alerts"]),
    ("messages", &["alerts", "documents"]),
];

/// Calls from the platform into the ground that the platform cannot do without.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("web", "accounts"),
    ("live", "accounts"),
    ("jobs", "accounts"),
    ("jobs", "alerts"),
    ("jobs", "audit"),
    ("jobs", "readings"),
    ("jobs", "rules"),
    ("jobs", "weekly"),
    ("jobs", "casework"),
    ("jobs", "visits"),
    ("jobs", "messages"),
    ("jobs", "documents"),
    ("jobs", "notifications"),
    ("patients", "facilities"),
];

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    found
        .into_iter()
        .map(|path| {
            let first = path.strip_prefix(&root).expect("inside src").components().next().expect("a name");
            let module = first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("a source file");
            (module, path, text)
        })
        .collect()
}

/// The modules of this crate that a source names.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.split("crate::").skip(1).filter_map(|rest| {
        let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        (!name.is_empty()).then_some(name)
    })
}

fn may_import(from: &str, to: &str) -> bool {
    let lowest = PLATFORM.contains(&to) || to == "MIGRATOR" || to == "app" || to == "config";
    if from == to || lowest || EXCEPTIONS.contains(&(from, to)) {
        return true;
    }
    if TOP.contains(&from) || COMPOSERS.contains(&from) {
        return true;
    }
    if PLATFORM.contains(&from) || GROUND.contains(&from) {
        return false;
    }
    GROUND.contains(&to) || NEIGHBOURS.iter().any(|(slice, others)| *slice == from && others.contains(&to))
}

#[test]
fn modules_import_only_what_they_may() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        for import in imports(&text) {
            if !may_import(&module, import) {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_program_starts_on_one_screen() {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs");
    let lines = fs::read_to_string(main).expect("main.rs").lines().count();
    assert!(lines <= 40, "src/main.rs has {lines} lines");
}

#[test]
fn templates_hold_no_style_and_no_script() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut wrong = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("a template");
            for forbidden in [" style=\"", "<style", "<script>", " onclick=", " hx-on", "javascript:"] {
                if text.contains(forbidden) {
                    wrong.push(format!("{} has {forbidden}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
