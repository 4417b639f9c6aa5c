//! The portal as people run it: the release binary in a process of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::http::Connection;
use super::processor::Processor;

/// How long a start may take before it is given up.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running portal. It stops when this is dropped.
pub struct Portal {
    child: Child,
    pub address: SocketAddr,
    /// From the start of the process to the first "ready".
    pub start: Duration,
}

impl Portal {
    /// Starts it without its jobs: what they do with made-up records is not what is measured.
    pub async fn start(program: &Path, data: &Path, port: u16) -> Result<Self> {
        Self::start_with(program, data, port, &["--no-jobs"]).await
    }

    /// Starts it with its jobs.
    pub async fn start_with_jobs(program: &Path, data: &Path, port: u16) -> Result<Self> {
        Self::start_with(program, data, port, &[]).await
    }

    async fn start_with(program: &Path, data: &Path, port: u16, flags: &[&str]) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let begun = Instant::now();
        let child = Command::new(program)
            .arg("serve")
            .args(flags)
            .arg("--listen")
            .arg(address.to_string())
            .arg("--data-dir")
            .arg(data)
            .env("RUST_LOG", "warn")
            .stdout(Stdio::null())
            .spawn()
            .context("almoner does not start")?;
        let mut portal = Self { child, address, start: Duration::ZERO };
        while !ready(address).await {
            if begun.elapsed() > PATIENCE || portal.child.try_wait()?.is_some() {
                bail!("almoner did not become ready");
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        portal.start = begun.elapsed();
        Ok(portal)
    }

    /// Memory of the process: now, and at its highest, in MB. PostgreSQL's is not in it.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib / 1024)
        };
        Ok((field("VmRSS:").context("no VmRSS")?, field("VmHWM:").context("no VmHWM")?))
    }

    /// Forgets the highest memory so far.
    pub fn forget_highest(&self) -> Result<()> {
        Ok(std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")?)
    }

    /// Processor time of the portal and its database since they began.
    pub fn processor(&self, data: &Path) -> Result<Processor> {
        Processor::used(self.child.id(), data)
    }

    /// Stops it as an operator does, and waits until its database has stopped too.
    pub fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            Command::new("kill").arg(self.child.id().to_string()).status().ok();
            self.child.wait().ok();
        }
    }
}

async fn ready(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else { return false };
    let request = connection.get("/readyz", "");
    connection.exchange(&request).await.is_ok_and(|reply| reply.status == 200)
}
