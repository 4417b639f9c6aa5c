//! What a `kill -9` left running: a postmaster whose Almoner is gone, or backends whose postmaster is gone.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::PORT;
use super::place::{Place, READY_POLL};

/// The steps by which leftovers are stopped, each with the time it is given: a clean shutdown, an immediate one, and
/// the kind that nothing withstands. PostgreSQL recovers from each.
const STEPS: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_mins(1)),
    (Signal::SIGQUIT, Duration::from_secs(5)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];

/// Stops every PostgreSQL process that still works in this cluster, and removes the lock files of a dead one.
///
/// Only called while we hold the data directory, so nothing that runs there is another Almoner's. The files are
/// removed because PostgreSQL would refuse to start when the process id in them now belongs to somebody else
/// (containers hand out the same few numbers again and again); no process of the cluster is left by then.
pub(super) fn clear(place: &Place) -> Result<()> {
    let Some(postmaster) = place.postmaster() else { return Ok(()) };
    for (signal, patience) in STEPS {
        let running = running(&place.data);
        if running.is_empty() {
            break;
        }
        let leader = running.iter().copied().find(|pid| pid.as_raw() == postmaster.pid);
        if leader.is_none() && signal == Signal::SIGINT {
            continue; // a clean shutdown is the postmaster's to lead; without one, backends can only be ended
        }
        tracing::warn!(?signal, "Stopping PostgreSQL processes that an earlier run left behind");
        for pid in leader.map_or(running, |pid| vec![pid]) {
            kill(pid, signal).ok(); // gone by itself is as good
        }
        wait_until_gone(&place.data, patience);
    }
    if !running(&place.data).is_empty() {
        bail!("PostgreSQL processes of {} cannot be stopped", place.data.display());
    }
    for file in [place.data.join("postmaster.pid"), place.socket.join(format!(".s.PGSQL.{PORT}.lock"))] {
        fs::remove_file(file).ok(); // a clean shutdown has removed them itself
    }
    Ok(())
}

fn wait_until_gone(data: &Path, patience: Duration) {
    let begun = Instant::now();
    while !running(data).is_empty() && begun.elapsed() < patience {
        std::thread::sleep(READY_POLL);
    }
}

/// The PostgreSQL processes that have made `data` their working directory, as all of a cluster's do.
fn running(data: &Path) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let here = fs::read_link(entry.path().join("cwd")).ok()? == data;
            let postgres = fs::read_link(entry.path().join("exe")).ok()?.to_string_lossy().contains("postgres");
            (here && postgres).then(|| Pid::from_raw(pid))
        })
        .collect()
}
