//! Work for later: done once, tried again, given up, and never by two workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use almoner::app::App;
use almoner::error::Error;
use almoner::ids::{OrganizationId, UserId, new_uuid};
use almoner::jobs::{self, Handlers, NewJob, Pace, Worker};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::Portal;

const QUICK: Pace = Pace {
    lease: Duration::from_millis(600),
    poll: Duration::from_millis(50),
    idle_poll: Duration::from_millis(50),
    grace: Duration::from_millis(300),
};

/// A worker that stops with the test.
struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    fn start(app: &App, handlers: Handlers) -> Self {
        Self::at(app, handlers, QUICK)
    }

    fn at(app: &App, handlers: Handlers, pace: Pace) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(Worker::new(app.clone(), handlers).at(pace).run(stop.clone()));
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.expect("the worker ends");
    }
}

struct Job {
    state: String,
    attempts: i32,
    error: Option<String>,
}

async fn organization(portal: &Portal) -> OrganizationId {
    let id = OrganizationId::new();
    sqlx::query!("INSERT INTO organization (id, name) VALUES ($1, 'Queue')", id.uuid())
        .execute(&portal.admin)
        .await
        .expect("the database answers");
    id
}

/// As a clinician does it: in a request's transaction, behind row-level security.
async fn enqueue(portal: &Portal, job: NewJob, organization: OrganizationId) -> bool {
    let mut tx = portal.app.db.begin(&clinician(organization)).await.expect("the database answers");
    let added = jobs::enqueue(&mut tx, job).await.expect("the database answers");
    tx.commit().await.expect("the database answers");
    added
}

fn clinician(organization: OrganizationId) -> almoner::access::Actor {
    let actor = serde_json::json!({
        "session": new_uuid(), "user": UserId::new(), "organization": organization, "role": "CLINICIAN", "roles": ["CLINICIAN"],
        "facilities": "All", "name": "Dr Ada Test", "family_name": "Test", "initials": "AT", "place": "Here", "zone": "Europe/London",
        "preferences": {"theme": "system", "density": "compact", "locale": "en-GB", "shortcuts": true},
        "last_seen_at": "2026-01-01T00:00:00Z", "stepped_up_at": null
    });
    serde_json::from_value(actor).expect("the database answers")
}

async fn jobs_of(portal: &Portal, kind: &str) -> Vec<Job> {
    sqlx::query_as!(Job, "SELECT state, attempts, last_error AS error FROM job WHERE kind = $1 ORDER BY id", kind)
        .fetch_all(&portal.admin)
        .await
        .expect("the jobs")
}

async fn the_job(portal: &Portal, kind: &str) -> Job {
    let mut jobs = jobs_of(portal, kind).await;
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}

/// Waits until the only job of `kind` is in `state`.
async fn until(portal: &Portal, kind: &str, state: &str) -> Job {
    let look = async {
        loop {
            let job = the_job(portal, kind).await;
            if job.state == state {
                return job;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), look).await.unwrap_or_else(|_| panic!("{kind} does not become {state}"))
}

/// Pauses between attempts are not waited for.
async fn hurry(portal: &Portal) {
    sqlx::query!("UPDATE job SET run_at = NOW() WHERE state = 'QUEUED'")
        .execute(&portal.admin)
        .await
        .expect("the database answers");
}

#[tokio::test]
async fn a_job_is_done_once_and_at_once_after_the_commit() {
    let portal = Portal::start().await;
    let organization = organization(&portal).await;
    let ran = Arc::new(AtomicU32::new(0));
    let slow = Pace { poll: Duration::from_mins(1), idle_poll: Duration::from_mins(1), ..QUICK };
    let counter = Arc::clone(&ran);
    let handlers = Handlers::new().on("test.count", move |app, job| {
        let counter = Arc::clone(&counter);
        async move {
            let wanted: UserId = job.id_of("user")?;
            assert_ne!(wanted.uuid(), uuid::Uuid::nil());
            let tx = job.begin(&app).await?;
            counter.fetch_add(1, Ordering::SeqCst);
            job.commit(tx).await
        }
    });
    let worker = Running::at(&portal.app, handlers, slow);
    sleep(Duration::from_millis(200)).await;

    let before = Instant::now();
    assert!(
        enqueue(&portal, NewJob::within(organization, "test.count").with("user", UserId::new()), organization).await
    );
    until(&portal, "test.count", "DONE").await;
    assert!(before.elapsed() < Duration::from_secs(30), "woken, not polled");
    assert_eq!(ran.load(Ordering::SeqCst), 1);
    worker.stop().await;
}

#[tokio::test]
async fn without_a_commit_there_is_no_job() {
    let portal = Portal::start().await;
    let organization = organization(&portal).await;
    let mut tx = portal.app.db.begin(&clinician(organization)).await.unwrap();
    assert!(jobs::enqueue(&mut tx, NewJob::within(organization, "test.never")).await.unwrap());
    drop(tx);
    assert!(jobs_of(&portal, "test.never").await.is_empty());
}

#[tokio::test]
async fn nobody_enqueues_for_another_organization() {
    let portal = Portal::start().await;
    let (ours, theirs) = (organization(&portal).await, organization(&portal).await);
    let mut tx = portal.app.db.begin(&clinician(ours)).await.unwrap();
    assert!(matches!(jobs::enqueue(&mut tx, NewJob::within(theirs, "test.foreign")).await, Err(Error::Forbidden)));
}

#[tokio::test]
async fn a_key_keeps_a_waiting_job_alone() {
    let portal = Portal::start().await;
    let organization = organization(&portal).await;
    let job = NewJob::within(organization, "test.once").once("test.once");
    assert!(enqueue(&portal, job.clone(), organization).await);
    assert!(!enqueue(&portal, job, organization).await);
    assert_eq!(jobs_of(&portal, "test.once").await.len(), 1);
}

#[tokio::test]
async fn a_failing_job_is_tried_again_and_then_given_up() {
    let portal = Portal::start().await;
    let organization = organization(&portal).await;
    let handlers =
        Handlers::new().on("test.fail", |_, _| async { Err(Error::Internal(anyhow::anyhow!("no such printer"))) });
    let worker = Running::start(&portal.app, handlers);
    enqueue(&portal, NewJob::within(organization, "test.fail").attempts(2), organization).await;

    let first = until_attempts(&portal, "test.fail", 1).await;
    assert_eq!((first.state.as_str(), first.error.as_deref()), ("QUEUED", Some("no such printer")));
    let pause = sqlx::query_scalar!(
        r#"SELECT EXTRACT(EPOCH FROM run_at - NOW())::float8 AS "s!" FROM job WHERE kind = 'test.fail'"#
    );
    assert!(pause.fetch_one(&portal.admin).await.unwrap() > 3.0, "not at once");

    hurry(&portal).await;
    let last = until(&portal, "test.fail", "DEAD").await;
    assert_eq!(last.attempts, 2);
    worker.stop().await;
}

async fn until_attempts(portal: &Portal, kind: &str, attempts: i32) -> Job {
    let look = async {
        loop {
            let job = the_job(portal, kind).await;
            if job.attempts == attempts && job.state != "RUNNING" {
                return job;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), look).await.expect("the attempt ends")
}

#[tokio::test]
async fn a_panic_is_a_failure_and_the_worker_goes_on() {
    let portal = Portal::start().await;
    let organization = organization(&portal).await;
    let handlers = Handlers::new()
        .on("test.panic", |_, _| async { panic!("Ada Okafor") })
        .on("test.after", |_, _| async { Ok(()) });
    let worker = Running::start(&portal.app, handlers);
    enqueue(&portal, NewJob::within(organization, "test.panic").attempts(1), organization).await;
    let job = until(&portal, "test.panic", "DEAD").await;
    assert_eq!(job.error.as_deref(), Some("it panicked; the log says where"));
    enqueue(&portal, NewJob::within(organization, "test.after"), organization).await;
    until(&portal, "test.after", "DONE").await;
    worker.stop().await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_neither_finishes_nor_writes() {
    let portal = Portal::start().await;
    let organization = organization(&portal).await;
    let refused = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&refused);
    let handlers = Handlers::new().on("test.lease", move |app, job| {
        let seen = Arc::clone(&seen);
        async move {
            let tx = job.begin(&app).await?;
            if job.attempt == 1 {
                // Somebody else takes the job while this one is busy: as when a machine stands still for a minute.
                let mut system = app.db.begin_system().await?;
                sqlx::query!("UPDATE job SET state = 'QUEUED', locked_by = NULL, locked_until = NULL, fence = fence + 1 WHERE id = $1", job.id.uuid())
                    .execute(&mut *system)
                    .await?;
                system.commit().await?;
                let outcome = job.commit(tx).await;
                seen.fetch_add(u32::from(outcome.is_err()), Ordering::SeqCst);
                return outcome;
            }
            job.commit(tx).await
        }
    });
    let worker = Running::start(&portal.app, handlers);
    enqueue(&portal, NewJob::within(organization, "test.lease"), organization).await;
    let job = until(&portal, "test.lease", "DONE").await;
    assert_eq!((job.attempts, refused.load(Ordering::SeqCst)), (2, 1));
    worker.stop().await;
}

#[tokio::test]
async fn the_job_of_a_dead_worker_is_taken_over() {
    let portal = Portal::start().await;
    let organization = organization(&portal).await;
    enqueue(&portal, NewJob::within(organization, "test.orphan"), organization).await;
    sqlx::query!("UPDATE job SET state = 'RUNNING', attempts = 1, fence = 1, locked_by = 'gone', locked_until = NOW() - INTERVAL '1 second'")
        .execute(&portal.admin)
        .await
        .unwrap();
    let worker = Running::start(&portal.app, Handlers::new().on("test.orphan", |_, _| async { Ok(()) }));
    assert_eq!(until(&portal, "test.orphan", "DONE").await.attempts, 2);
    worker.stop().await;
}

#[tokio::test]
async fn a_long_job_keeps_its_lease_and_two_workers_share_the_queue() {
    let portal = Portal::start().await;
    let organization = organization(&portal).await;
    let ran = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&ran);
    let handlers = Handlers::new().on("test.long", move |_, _| {
        let counter = Arc::clone(&counter);
        async move {
            counter.fetch_add(1, Ordering::SeqCst);
            sleep(QUICK.lease * 2).await;
            Ok(())
        }
    });
    let replica = portal.replica().await;
    let workers = [Running::start(&portal.app, handlers.clone()), Running::start(&replica.app, handlers)];
    for _ in 0..6 {
        enqueue(&portal, NewJob::within(organization, "test.long"), organization).await;
    }
    let done = async {
        while jobs_of(&portal, "test.long").await.iter().any(|job| job.state != "DONE") {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), done).await.expect("all are done");
    assert_eq!(ran.load(Ordering::SeqCst), 6);
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test]
async fn what_cannot_end_in_time_is_given_back() {
    let portal = Portal::start().await;
    let organization = organization(&portal).await;
    let worker = Running::start(&portal.app, Handlers::new().on("test.endless", |_, _| std::future::pending()));
    enqueue(&portal, NewJob::within(organization, "test.endless"), organization).await;
    until(&portal, "test.endless", "RUNNING").await;
    worker.stop().await;
    let job = the_job(&portal, "test.endless").await;
    assert_eq!((job.state.as_str(), job.attempts), ("QUEUED", 0));
}
