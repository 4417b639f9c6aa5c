//! Every kind of deferred work, and the function that does it.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::{JobContext, chores};
use crate::app::App;
use crate::error::Result;
use crate::{alerts, audit, casework, documents, messages, notifications, readings, rules, visits, weekly};

/// What does the work of one kind.
type Work = dyn Fn(App, JobContext) -> BoxFuture<'static, Result<()>> + Send + Sync;

/// Kind of job → the function that does it.
#[derive(Clone, Default)]
pub struct Handlers {
    by_kind: HashMap<&'static str, Arc<Work>>,
}

/// All work of the portal: one line per kind.
#[must_use]
pub fn all() -> Handlers {
    Handlers::new()
        .on("sessions.purge", chores::purge_sessions)
        .on("alerts.wake", alerts::jobs::wake)
        .on("alerts.unconfirmed", alerts::jobs::unconfirmed)
        .on("cases.overdue", casework::jobs::overdue)
        .on("visits.holds", visits::jobs::end_holds)
        .on("visits.remind", visits::jobs::remind)
        .on("visits.unmarked", visits::jobs::unmarked)
        .on("visits.calls", visits::jobs::end_calls)
        .on("visits.reminders", visits::jobs::remind_patients)
        .on("messages.unanswered", messages::jobs::unanswered)
        .on("notifications.deliver", notifications::jobs::deliver)
        .on("notifications.purge", notifications::jobs::purge)
        .on("audit.seal", audit::seal)
        .on("audit.patients", audit::index_patients)
        .on("weekly.summaries", weekly::jobs::summarise)
        .on("readings.partitions", readings::jobs::make_partitions)
        .on("rules.evaluate", rules::jobs::evaluate)
        .on("rules.missing", rules::jobs::missing)
        .on("rules.purge", rules::jobs::purge)
        .on("readings.check_import", readings::jobs::check_import)
        .on("readings.take_import", readings::jobs::take_import)
        .on("readings.sweep_imports", readings::jobs::sweep_imports)
        .on("documents.sweep", documents::jobs::sweep)
        .on("jobs.purge", chores::purge_jobs)
        .on("limits.purge", chores::purge_limits)
}

impl Handlers {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `work` does the jobs of this kind. It may be called twice for one job, so it is written to do no harm then; work
    /// that ends in [`JobContext::commit`] takes effect once.
    #[must_use]
    pub fn on<F, W>(mut self, kind: &'static str, work: F) -> Self
    where
        F: Fn(App, JobContext) -> W + Send + Sync + 'static,
        W: Future<Output = Result<()>> + Send + 'static,
    {
        self.by_kind.insert(kind, Arc::new(move |app, job| Box::pin(work(app, job))));
        self
    }

    /// Whether anything does jobs of this kind.
    #[must_use]
    pub fn knows(&self, kind: &str) -> bool {
        self.by_kind.contains_key(kind)
    }

    pub(super) fn of(&self, kind: &str) -> Option<&Work> {
        self.by_kind.get(kind).map(AsRef::as_ref)
    }

    pub(super) fn kinds(&self) -> Vec<String> {
        self.by_kind.keys().map(|kind| (*kind).to_owned()).collect()
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.by_kind.keys()).finish()
    }
}
