//! PostgreSQL's configuration, written anew at every start.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::account::Account;
use super::place::Place;
use super::{DATABASE, DbRole, PORT};

const MIB: u64 = 1024 * 1024;

/// Share of the memory that goes to PostgreSQL's own cache, at most: the rows and indexes that a large practice
/// touches all day (a million alerts are some 600 MB) fit, and the system's page cache keeps the rest.
const SHARED_BUFFERS_MAX: u64 = 1024 * MIB;
const SHARED_BUFFERS_MIN: u64 = 32 * MIB;

/// What to assume where the memory cannot be read.
const MEMORY_UNKNOWN: u64 = 2048 * MIB;

/// Writes `postgresql.conf`, `pg_hba.conf` and `pg_ident.conf` into `data`.
pub(super) fn write(place: &Place, account: &Account, data: &Path) -> Result<()> {
    let files = [
        ("postgresql.conf", server(place, memory())),
        ("pg_hba.conf", "# Written by Almoner at every start.\nlocal all all peer map=almoner\n".to_owned()),
        ("pg_ident.conf", identities(&account.client)),
    ];
    for (name, text) in files {
        let path = data.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        account.own(&path)?;
    }
    Ok(())
}

/// Lets the account that Almoner runs as, and no other, log in, and that only as Almoner's roles.
fn identities(client: &str) -> String {
    let lines = DbRole::ALL.map(|role| format!("almoner \"{client}\" {}\n", role.as_str()));
    format!("# Written by Almoner at every start.\n{}", lines.concat())
}

fn server(place: &Place, memory: u64) -> String {
    let shared_buffers = (memory / 4).clamp(SHARED_BUFFERS_MIN, SHARED_BUFFERS_MAX) / MIB;
    let cache = (memory / 2 / MIB).max(128);
    let maintenance = (memory / 32 / MIB).clamp(32, 256);
    format!(
        "\
# Written by Almoner at every start. Your own settings: {extra}
cluster_name = '{DATABASE}'

# One way in: a socket in a directory that is closed to others.
listen_addresses = ''
port = {PORT}
unix_socket_directories = {socket}
unix_socket_permissions = 0700
max_connections = 100

# What has been acknowledged stays.
fsync = on
full_page_writes = on
synchronous_commit = on

# A quarter of the memory, up to 1 GB; the rest caches files.
shared_buffers = {shared_buffers}MB
effective_cache_size = {cache}MB
maintenance_work_mem = {maintenance}MB
work_mem = 8MB
max_wal_size = 1GB
checkpoint_completion_target = 0.9
random_page_cost = 1.1

# Many short queries from many people: compiling them costs more than it saves, and one core each keeps the
# slowest quick (and Docker's 64 MB of /dev/shm sufficient).
jit = off
max_parallel_workers_per_gather = 0

# Large tables are tidied after the same amount of work as small ones.
autovacuum_vacuum_scale_factor = 0.05
autovacuum_vacuum_insert_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.02

# A week of logs. Terse: the details of an error can quote a whole row, and rows are health records.
logging_collector = on
log_directory = {log}
log_filename = 'postgresql-%a.log'
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
log_file_mode = 0600
log_error_verbosity = terse
log_checkpoints = off
log_line_prefix = '%m [%p] %q%u '

timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
lc_monetary = 'C'
lc_numeric = 'C'
lc_time = 'C'
default_text_search_config = 'pg_catalog.english'

include_if_exists = {extra}
",
        socket = quoted(&place.socket),
        log = quoted(&place.log),
        extra = quoted(&place.home.join("extra.conf")),
    )
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "''"))
}

/// The memory of the machine, or of the container if that is less, in bytes.
fn memory() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total_kib(&text)).map(|kib| kib * 1024);
    let container = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
        .iter()
        .find_map(|path| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok());
    machine.into_iter().chain(container).min().unwrap_or(MEMORY_UNKNOWN)
}

fn total_kib(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn place() -> Place {
        let home = PathBuf::from("/data/o'clock");
        Place { data: home.join("data"), log: home.join("log"), socket: home.join("run"), home }
    }

    #[test]
    fn the_cache_is_a_quarter_of_the_memory_up_to_a_gigabyte() {
        assert!(server(&place(), 2048 * MIB).contains("\nshared_buffers = 512MB\n"));
        assert!(server(&place(), 24 * 1024 * MIB).contains("\nshared_buffers = 1024MB\n"));
        assert!(server(&place(), 64 * MIB).contains("\nshared_buffers = 32MB\n"));
    }

    #[test]
    fn a_quote_in_the_path_is_doubled() {
        assert!(server(&place(), MIB).contains("unix_socket_directories = '/data/o''clock/run'"));
    }

    #[test]
    fn only_the_account_of_almoner_may_log_in() {
        let text = identities("ward clerk");
        assert_eq!(text.lines().count(), 4);
        assert!(text.lines().skip(1).all(|line| line.starts_with("almoner \"ward clerk\" almoner_")));
    }

    #[test]
    fn the_memory_of_the_machine_is_read() {
        assert_eq!(total_kib("MemTotal:       24689428 kB\nMemFree: 1 kB\n"), Some(24_689_428));
        assert_eq!(total_kib("nothing"), None);
    }
}
