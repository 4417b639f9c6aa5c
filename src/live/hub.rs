//! One listener for each process, and a broadcast to its connections.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::queries;
use crate::app::App;
use crate::db::signals::Signal;
use crate::ids::{FacilityId, OrganizationId, PatientId};

/// How often the database is asked for what other replicas have changed. A person sees no difference below a second.
const POLL: Duration = Duration::from_millis(500);

/// Commits of this process are asked for at once, but not more often than this: a busy minute is one question, not
/// thousands.
const MERGE: Duration = Duration::from_millis(100);

/// A page that was opened this long ago or less may have been made before a change and connected after it.
const FRESH: Duration = Duration::from_secs(5);

/// The listener goes on for this long after the last connection ends: between two pages a browser has none.
const LINGER: Duration = Duration::from_mins(1);

/// How much is remembered for browsers that come back. Whoever missed more is told to reload.
const REMEMBERED: usize = 256;

/// Batches that a slow connection may be behind before it is told to reload instead.
const BEHIND: usize = 64;

/// Something changed, somewhere. No content: whoever hears of it asks as themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub organization: OrganizationId,
    pub facility: Option<FacilityId>,
    pub patient: Option<PatientId>,
    pub resource: String,
}

/// What changed up to a watermark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub next: i64,
    pub changes: Vec<Change>,
}

/// The broadcast of a process. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Live {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sender: broadcast::Sender<Arc<Batch>>,
    memory: Mutex<Memory>,
}

/// What happened lately, for who comes back.
#[derive(Debug, Default)]
struct Memory {
    /// Whether the listener was started.
    listening: bool,
    /// From which watermark on everything is remembered, while the listener listens.
    from: Option<i64>,
    /// Up to where it has heard.
    upto: i64,
    batches: VecDeque<(Instant, Arc<Batch>)>,
}

/// What a new connection missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    /// These.
    Batches(Vec<Arc<Batch>>),
    /// Nobody knows.
    Unknown,
}

/// The listening end of one connection.
pub(super) struct Subscription {
    /// What will be heard.
    pub receiver: broadcast::Receiver<Arc<Batch>>,
    /// What was missed since the last connection of this browser, or since its page was made.
    pub missed: Missed,
    /// The watermark, where one is known yet.
    pub upto: Option<i64>,
    is_first: bool,
}

impl Default for Live {
    fn default() -> Self {
        let (sender, _) = broadcast::channel(BEHIND);
        Self { inner: Arc::new(Inner { sender, memory: Mutex::default() }) }
    }
}

impl Live {
    /// One more connection of `app`. The first one starts the listener.
    pub(super) fn connect(app: &App, last: Option<i64>) -> Subscription {
        let subscription = app.live.subscribe(last);
        if subscription.is_first {
            tokio::spawn(run(app.clone()));
        }
        subscription
    }

    fn subscribe(&self, last: Option<i64>) -> Subscription {
        // All under the lock: nothing falls between what was missed and what is heard.
        let mut memory = self.memory();
        let is_first = !std::mem::replace(&mut memory.listening, true);
        let receiver = self.inner.sender.subscribe();
        Subscription { receiver, missed: memory.missed(last), upto: memory.from.map(|_| memory.upto), is_first }
    }

    /// Whether the listener listens: what is committed from now on is heard.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.memory().from.is_some()
    }

    fn listeners(&self) -> usize {
        self.inner.sender.receiver_count()
    }

    fn publish(&self, batch: Batch) {
        let mut memory = self.memory();
        memory.upto = batch.next;
        if batch.changes.is_empty() {
            return;
        }
        let batch = Arc::new(batch);
        memory.remember(Arc::clone(&batch));
        // Nobody may listen: that is no failure.
        self.inner.sender.send(batch).ok();
    }

    fn wake_up(&self, watermark: i64) {
        *self.memory() = Memory { listening: true, from: Some(watermark), upto: watermark, batches: VecDeque::new() };
    }

    fn fall_asleep(&self) -> bool {
        let mut memory = self.memory();
        // Under the lock: nobody subscribes in between.
        if self.listeners() > 0 {
            return false;
        }
        *memory = Memory::default();
        true
    }

    /// Held for moments only, and a panic leaves the memory usable.
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.inner.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn remember(&mut self, batch: Arc<Batch>) {
        if self.batches.len() == REMEMBERED
            && let Some((_, oldest)) = self.batches.pop_front()
        {
            self.from = Some(oldest.next);
        }
        self.batches.push_back((Instant::now(), batch));
    }

    fn missed(&self, last: Option<i64>) -> Missed {
        match (last, self.from) {
            (None, _) => Missed::Batches(self.select(|at, _| at.elapsed() < FRESH)),
            (Some(last), Some(from)) if last >= from => Missed::Batches(self.select(|_, batch| batch.next > last)),
            (Some(_), _) => Missed::Unknown,
        }
    }

    fn select(&self, wanted: impl Fn(&Instant, &Batch) -> bool) -> Vec<Arc<Batch>> {
        self.batches.iter().filter(|(at, batch)| wanted(at, batch)).map(|(_, batch)| Arc::clone(batch)).collect()
    }
}

/// Listens for the connections of this process, until a while after the last one ends.
async fn run(app: App) {
    let mut awake = Awake(Some(app.live.clone()));
    tokio::select! {
        () = app.ready.stopping() => {}
        // It has fallen asleep in good order; by now somebody may have started another.
        () = listen(&app, &app.live) => awake.0 = None,
    }
}

/// However the listener ends, the next connection starts it anew.
struct Awake(Option<Live>);

impl Drop for Awake {
    fn drop(&mut self) {
        if let Some(live) = &self.0 {
            *live.memory() = Memory::default();
        }
    }
}

/// From the first connection until a while after the last.
async fn listen(app: &App, live: &Live) {
    let mut watermark = first_watermark(app).await;
    live.wake_up(watermark);
    let mut needed = Instant::now();
    let mut failing = false;
    loop {
        if live.listeners() > 0 {
            needed = Instant::now();
        } else if needed.elapsed() > LINGER && live.fall_asleep() {
            return;
        }
        tokio::select! {
            () = sleep(POLL) => {}
            () = app.db.signals.wait(Signal::Change) => sleep(MERGE).await,
        }
        match queries::changes(app, watermark).await {
            Ok(batch) => {
                watermark = batch.next;
                failing = false;
                live.publish(batch);
            }
            Err(error) => {
                if !failing {
                    warn!(%error, "Cannot ask for changes: pages are not live for now");
                }
                failing = true;
            }
        }
    }
}

async fn first_watermark(app: &App) -> i64 {
    loop {
        match queries::watermark(app).await {
            Ok(watermark) => return watermark,
            Err(error) => {
                warn!(%error, "Cannot ask for changes: pages are not live for now");
                sleep(POLL * 4).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(next: i64) -> Batch {
        let organization = OrganizationId::new();
        Batch { next, changes: vec![Change { organization, facility: None, patient: None, resource: "alert".into() }] }
    }

    fn nexts(missed: &Missed) -> Option<Vec<i64>> {
        match missed {
            Missed::Batches(batches) => Some(batches.iter().map(|batch| batch.next).collect()),
            Missed::Unknown => None,
        }
    }

    #[test]
    fn who_comes_back_gets_what_was_missed_or_hears_that_nobody_knows() {
        let live = Live::default();
        assert_eq!(nexts(&live.subscribe(None).missed), Some(vec![]));
        assert_eq!(nexts(&live.subscribe(Some(7)).missed), None, "nobody listened");
        live.wake_up(10);
        for next in [11, 12, 13] {
            live.publish(batch(next));
        }
        assert_eq!(nexts(&live.subscribe(Some(11)).missed), Some(vec![12, 13]));
        assert_eq!(nexts(&live.subscribe(Some(13)).missed), Some(vec![]));
        assert_eq!(nexts(&live.subscribe(Some(9)).missed), None);
        assert_eq!(nexts(&live.subscribe(None).missed), Some(vec![11, 12, 13]), "the page may be older");
    }

    #[test]
    fn memory_is_bounded() {
        let live = Live::default();
        live.wake_up(0);
        for next in 1..=1_000 {
            live.publish(batch(next));
        }
        assert_eq!(nexts(&live.subscribe(Some(10)).missed), None);
        assert_eq!(nexts(&live.subscribe(Some(999)).missed), Some(vec![1_000]));
        assert_eq!(live.memory().batches.len(), REMEMBERED);
    }

    #[test]
    fn the_listener_sleeps_only_when_nobody_listens() {
        let live = Live::default();
        live.wake_up(1);
        let connection = live.subscribe(None);
        assert!(!live.fall_asleep());
        drop(connection);
        assert!(live.fall_asleep());
    }
}
