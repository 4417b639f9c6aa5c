//! Runs PostgreSQL as a child process and starts it again when it dies.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::account::Account;
use super::binaries::Binaries;
use super::leftovers;
use super::place::{Place, READY_POLL};

/// How long PostgreSQL may take for a clean shutdown before it is told to stop at once.
const STOP_PATIENCE: Duration = Duration::from_mins(1);

/// Pause before a restart, doubled at each failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The thread that looks after PostgreSQL.
#[derive(Debug)]
pub(super) struct Supervisor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopping: AtomicBool,
    /// The running child. Set and cleared under the lock, so that a signal never goes to a stranger.
    child: Mutex<Option<Pid>>,
}

impl Supervisor {
    /// Starts PostgreSQL and waits until it takes connections.
    ///
    /// One thread starts every child: the kernel ends the child when the *thread* that started it ends
    /// (`PR_SET_PDEATHSIG`), and the threads of an async runtime come and go.
    pub fn start(binaries: Binaries, account: Account, place: Place) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let (tell, told) = mpsc::sync_channel(1);
        let runner = Runner { binaries, account, place, shared: Arc::clone(&shared) };
        let thread = std::thread::Builder::new().name("postgres".into()).spawn(move || runner.run(&tell))?;
        told.recv().context("the thread that runs PostgreSQL ended")??;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Stops PostgreSQL: a fast shutdown, which is clean, or an immediate one if that takes too long.
    pub fn stop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.shared.stopping.store(true, Ordering::SeqCst);
        thread.thread().unpark();
        self.shared.signal(Signal::SIGINT);
        let begun = Instant::now();
        while !thread.is_finished() {
            if begun.elapsed() > STOP_PATIENCE {
                tracing::warn!("PostgreSQL takes too long to stop; stopping it at once, it recovers at the next start");
                self.shared.signal(Signal::SIGQUIT);
                break;
            }
            std::thread::sleep(READY_POLL);
        }
        thread.join().ok();
    }
}

impl Shared {
    fn signal(&self, signal: Signal) {
        if let Some(pid) = *self.child.lock().unwrap_or_else(PoisonError::into_inner) {
            kill(pid, signal).ok();
        }
    }

    fn set_child(&self, pid: Option<Pid>) {
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = pid;
    }

    fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }
}

struct Runner {
    binaries: Binaries,
    account: Account,
    place: Place,
    shared: Arc<Shared>,
}

impl Runner {
    /// Runs until told to stop. The outcome of the first start is told; later ones are logged and tried again.
    fn run(&self, tell: &mpsc::SyncSender<Result<()>>) {
        let mut child = match self.launch() {
            Ok(child) => child,
            Err(error) => return tell.send(Err(error)).unwrap_or_default(),
        };
        tell.send(Ok(())).ok();
        while let Some(next) = self.watch(&mut child) {
            child = next;
        }
    }

    /// Waits for the child to end, then starts the next one; `None` when told to stop.
    fn watch(&self, child: &mut Child) -> Option<Child> {
        self.wait(child);
        let mut pause = FIRST_PAUSE;
        while !self.shared.stopping() {
            tracing::error!("PostgreSQL has ended by itself; starting it again");
            std::thread::park_timeout(pause);
            match self.launch() {
                Ok(next) => {
                    tracing::info!("PostgreSQL is running again");
                    return Some(next);
                }
                Err(error) => tracing::error!("PostgreSQL does not start: {error:#}"),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        None
    }

    fn launch(&self) -> Result<Child> {
        leftovers::clear(&self.place)?;
        let output = self.place.log.join("start.log");
        let log = File::create(&output).with_context(|| format!("cannot write {}", output.display()))?;
        let mut command = self.account.command(self.binaries.program("postgres"));
        command.arg("-D").arg(&self.place.data).current_dir(&self.place.home);
        command.stdout(log.try_clone()?).stderr(Stdio::from(log));
        die_with_us(&mut command);
        let mut child = command.spawn().context("cannot run PostgreSQL")?;
        self.shared.set_child(Some(pid(&child)));
        if self.shared.stopping() {
            self.shared.signal(Signal::SIGINT); // `stop` may have looked before there was a child
        }
        self.wait_until_ready(&mut child)?;
        Ok(child)
    }

    /// Recovery after a crash may take minutes: as long as the process lives there is hope.
    fn wait_until_ready(&self, child: &mut Child) -> Result<()> {
        let expected = pid(child).as_raw();
        loop {
            if self.place.postmaster().is_some_and(|postmaster| postmaster.pid == expected && postmaster.ready) {
                return Ok(());
            }
            if ended_without_reaping(pid(child)) {
                self.wait(child);
                bail!("PostgreSQL ended while starting: {}", self.last_words());
            }
            std::thread::sleep(READY_POLL);
        }
    }

    /// Waits for the end without giving the process id free until nobody can signal it any more.
    fn wait(&self, child: &mut Child) {
        waitid(Id::Pid(pid(child)), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).ok();
        self.shared.set_child(None);
        child.wait().ok();
    }

    /// The end of what PostgreSQL said, to tell the reader why it did not start.
    fn last_words(&self) -> String {
        let newest = std::fs::read_dir(&self.place.log)
            .into_iter()
            .flatten()
            .flatten()
            .max_by_key(|entry| entry.metadata().and_then(|found| found.modified()).ok());
        let text = newest.and_then(|entry| std::fs::read_to_string(entry.path()).ok()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let said = lines[lines.len().saturating_sub(5)..].join("; ");
        format!("{said} (see {})", self.place.log.display())
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}

fn ended_without_reaping(pid: Pid) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
    !matches!(waitid(Id::Pid(pid), flags), Ok(nix::sys::wait::WaitStatus::StillAlive))
}

/// Has the kernel shut PostgreSQL down (fast, clean) when Almoner is gone, however it went.
#[expect(unsafe_code, reason = "the only way to run code between fork and exec; prctl is async-signal-safe")]
fn die_with_us(command: &mut std::process::Command) {
    #[cfg(target_os = "linux")]
    // SAFETY: the closure makes one system call, allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| nix::sys::prctl::set_pdeathsig(Signal::SIGINT).map_err(std::io::Error::from));
    }
}
