//! Processor time, as the kernel counts it: unlike requests in a second it does not depend on who else is at work.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Clock ticks per second in `/proc`: the same on every Linux that people run.
const TICKS: u64 = 100;

/// What the portal and its PostgreSQL have used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Processor {
    pub portal: Duration,
    pub database: Duration,
}

impl Processor {
    /// Since their start. `data` is the portal's directory.
    pub fn used(portal: u32, data: &Path) -> Result<Self> {
        let file = fs::read_to_string(data.join("postgres/data/postmaster.pid"))?;
        let postmaster: u32 = file.lines().next().context("no postmaster")?.trim().parse()?;
        let mut database = 0;
        for entry in fs::read_dir("/proc")? {
            let Some(Ok(process)) = entry?.file_name().to_str().map(str::parse) else { continue };
            // A process that ends meanwhile is counted with its parent.
            let Some(stat) = Stat::of(process) else { continue };
            if process == postmaster || stat.parent == postmaster {
                database += stat.own;
            }
            if process == postmaster {
                database += stat.children;
            }
        }
        let portal = Stat::of(portal).context("the portal has ended")?.own;
        let time = |ticks: u64| Duration::from_millis(ticks * 1000 / TICKS);
        Ok(Self { portal: time(portal), database: time(database) })
    }

    /// What was used between `before` and now, for each of `requests`, in milliseconds: portal and database.
    pub fn per_request(self, before: Self, requests: usize) -> (f64, f64) {
        let requests = u32::try_from(requests.max(1)).unwrap_or(u32::MAX);
        let each = |after: Duration, before: Duration| {
            after.saturating_sub(before).as_secs_f64() * 1000.0 / f64::from(requests)
        };
        (each(self.portal, before.portal), each(self.database, before.database))
    }
}

struct Stat {
    parent: u32,
    /// Ticks of the process, and of its children that have ended.
    own: u64,
    children: u64,
}

impl Stat {
    fn of(process: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name stands in brackets and may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: ticks(11)? + ticks(12)?,
            children: ticks(13)? + ticks(14)?,
        })
    }
}
