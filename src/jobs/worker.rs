//! The worker: claims, runs, and writes down how it went.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use rand::Rng as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::queue::{self, Fate};
use super::{Handlers, JobContext, failure};
use crate::app::App;
use crate::db::signals::Signal;
use crate::error::{Error, Result};
use crate::ids::new_uuid;

/// Jobs at once in one process: they wait for the database most of the time, and pages come first.
const SLOTS: usize = 4;

/// The rhythm of a worker. Tests use a quicker one.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a worker may hold a job without a sign of life. It gives one every third of that.
    pub lease: Duration,
    /// The shortest wait between looks at the queue. Commits of this process wake the worker at once; this is for what
    /// other replicas enqueue, and for what becomes due.
    pub poll: Duration,
    /// The longest: reached when there is nothing to do.
    pub idle_poll: Duration,
    /// How long jobs under way may take to end when the process does.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            lease: Duration::from_mins(1),
            poll: Duration::from_secs(1),
            idle_poll: Duration::from_secs(5),
            grace: Duration::from_secs(20),
        }
    }
}

/// Does the jobs of one process.
#[derive(Clone, Debug)]
pub struct Worker {
    app: App,
    handlers: Handlers,
    name: String,
    pace: Pace,
}

impl Worker {
    /// A worker that knows these kinds of work.
    #[must_use]
    pub fn new(app: App, handlers: Handlers) -> Self {
        let name = format!("{}-{}", std::process::id(), new_uuid().simple());
        Self { app, handlers, name, pace: Pace::default() }
    }

    /// At another pace.
    #[must_use]
    pub const fn at(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Works until told to stop; then what is under way is finished or given back.
    pub async fn run(self, stop: CancellationToken) {
        let mut running = JoinSet::new();
        let mut wait = self.pace.poll;
        let mut look_for_dead = Instant::now();
        while !stop.is_cancelled() {
            if look_for_dead <= Instant::now() {
                self.take_back().await;
                look_for_dead = Instant::now() + self.pace.lease / 2;
            }
            let free = SLOTS.saturating_sub(running.len());
            let claimed = self.claim(free).await;
            if !claimed.is_empty() {
                wait = self.pace.poll;
            }
            for job in claimed {
                let worker = self.clone();
                running.spawn(async move { worker.attempt(job).await });
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.app.db.signals.wait(Signal::Job) => wait = self.pace.poll,
                Some(_) = running.join_next(), if !running.is_empty() => wait = self.pace.poll,
                // A little by chance, so that replicas do not look all at once.
                () = sleep(wait.mul_f64(rand::rng().random_range(0.8..1.2))) => wait = (wait * 2).min(self.pace.idle_poll),
            }
        }
        self.wind_up(running).await;
    }

    async fn claim(&self, free: usize) -> Vec<JobContext> {
        if free == 0 {
            return Vec::new();
        }
        let claim = async {
            let mut tx = self.app.db.begin_system().await?;
            let most = i64::try_from(free).unwrap_or(1);
            let jobs = queue::claim(&mut tx, &self.name, &self.handlers.kinds(), most, self.pace.lease).await?;
            tx.commit().await?;
            Ok::<_, Error>(jobs)
        };
        claim.await.unwrap_or_else(|error| {
            warn!(%error, "Cannot look for jobs");
            Vec::new()
        })
    }

    /// Jobs of workers that have died go back into the queue.
    async fn take_back(&self) {
        let take_back = async {
            loop {
                let mut tx = self.app.db.begin_system().await?;
                if !queue::reclaim(&mut tx).await? {
                    return Ok::<_, Error>(());
                }
                tx.commit().await?;
            }
        };
        if let Err(error) = take_back.await {
            warn!(%error, "Cannot take back jobs of workers that have died");
        }
    }

    /// One attempt, with signs of life while it lasts.
    async fn attempt(&self, job: JobContext) {
        let Some(work) = self.handlers.of(&job.kind) else { return };
        let started = Instant::now();
        let work = AssertUnwindSafe(work(self.app.clone(), job.clone())).catch_unwind();
        let mut work = std::pin::pin!(work);
        let beat = self.pace.lease / 3;
        let mut alive = interval_at(started + beat, beat);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let outcome = loop {
            tokio::select! {
                outcome = &mut work => break outcome,
                _ = alive.tick() => if !self.still_held(&job).await {
                    warn!(job.id = %job.id, "Lost the lease of job {}: another worker has it", job.id);
                    return;
                },
            }
        };
        let outcome = match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(failure::describe(&error)),
            Err(_) => Err("it panicked; the log says where".to_owned()),
        };
        metrics::histogram!("almoner_job_seconds", "kind" => job.kind.clone()).record(started.elapsed().as_secs_f64());
        if let Err(error) = self.settle(&job, outcome).await {
            // Nothing is lost: the lease runs out, and it is tried again.
            warn!(job.id = %job.id, %error, "Cannot write down how job {} went", job.id);
        }
    }

    /// True also where the database does not answer: the fence decides in the end.
    async fn still_held(&self, job: &JobContext) -> bool {
        let renew = async {
            let mut tx = self.app.db.begin_system().await?;
            let held = queue::renew(&mut tx, job.id, job.fence, self.pace.lease).await?;
            tx.commit().await?;
            Ok::<_, Error>(held)
        };
        renew.await.unwrap_or(true)
    }

    async fn settle(&self, job: &JobContext, outcome: Result<(), String>) -> Result<()> {
        let mut tx = self.app.db.begin_system().await?;
        let name = match outcome {
            Ok(()) => {
                // Nothing to do where `JobContext::commit` has done it.
                queue::finish(&mut tx, job.id, job.fence).await?;
                "done"
            }
            Err(text) => match queue::fail(&mut tx, job.id, job.fence, &text, failure::pause(job.attempt)).await? {
                Fate::Again => {
                    info!(job.id = %job.id, job.kind, "Attempt {} at job {} failed: {text}", job.attempt, job.id);
                    "failed"
                }
                Fate::Dead => {
                    error!(job.id = %job.id, job.kind, "Gave up on job {} after {} attempts: {text}", job.id, job.attempt);
                    "dead"
                }
                Fate::Lost => "lost",
            },
        };
        metrics::counter!("almoner_jobs_total", "kind" => job.kind.clone(), "outcome" => name).increment(1);
        tx.commit().await
    }

    async fn wind_up(&self, mut running: JoinSet<()>) {
        if timeout(self.pace.grace, async { while running.join_next().await.is_some() {} }).await.is_ok() {
            return;
        }
        running.shutdown().await;
        let release = async {
            let mut tx = self.app.db.begin_system().await?;
            let count = queue::release(&mut tx, &self.name).await?;
            tx.commit().await?;
            Ok::<_, Error>(count)
        };
        match release.await {
            Ok(count) => info!("Gave back {count} unfinished jobs"),
            Err(error) => warn!(%error, "Cannot give back unfinished jobs: their leases will run out"),
        }
    }
}
