//! One browser's stream: what of all changes concerns this person, and for how long.

use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::hub::{Batch, Change, Live, Missed, Subscription};
use super::queries;
use crate::access::{Actor, Permission};
use crate::app::App;
use crate::web::Ctx;

/// How often the session is looked at again. Changes of accounts and sessions are heard of at once besides.
const RECHECK: Duration = Duration::from_mins(1);

/// Pause before a browser comes back after the stream broke.
const RETRY: Duration = Duration::from_secs(2);

/// Kinds of records that say who may be signed in, and as what.
const ACCOUNTS: [&str; 3] = ["user_session", "app_user", "membership"];

/// What is told as a change of cases: a case, what there is to do in one, and what is kept about it.
const CASES: [&str; 3] = ["case", "task", "document"];

/// Kinds of records that the alert queue shows.
const QUEUE: [&str; 2] = ["alert", "comment"];

/// Kinds of records that the inbox shows.
const INBOX: [&str; 2] = ["thread", "message"];

/// Kinds of records that the day list and the arrivals show.
const VISITS: [&str; 3] = ["visit", "visit_request", "virtual_session"];

/// One message. The last one of a batch carries the watermark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    name: Option<String>,
    id: Option<i64>,
    retry: Option<Duration>,
}

impl Message {
    fn named(name: impl Into<String>) -> Self {
        Self { name: Some(name.into()), id: None, retry: None }
    }

    pub(super) fn into_event(self) -> Event {
        let mut event = Event::default();
        if let Some(name) = self.name {
            // Without data, browsers do not pass an event on.
            event = event.event(name).data("1");
        }
        if let Some(id) = self.id {
            event = event.id(id.to_string());
        }
        if let Some(retry) = self.retry {
            event = event.retry(retry);
        }
        event
    }
}

/// The state of a stream.
pub(super) struct Connection {
    app: App,
    actor: Arc<Actor>,
    receiver: Receiver<Arc<Batch>>,
    outbox: VecDeque<Message>,
    recheck: Interval,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    over: bool,
}

impl Connection {
    pub(super) fn new(ctx: &Ctx, last: Option<i64>) -> Self {
        let Subscription { receiver, missed, upto, .. } = Live::connect(&ctx.app, last);
        let mut recheck = interval_at(Instant::now() + RECHECK, RECHECK);
        recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut connection = Self {
            app: ctx.app.clone(),
            actor: Arc::clone(&ctx.actor),
            receiver,
            // Something at once, so that the browser knows that it is connected.
            outbox: VecDeque::from([Message { name: None, id: upto, retry: Some(RETRY) }]),
            recheck,
            stopping: Box::pin(ctx.app.ready.stopping()),
            over: false,
        };
        match missed {
            Missed::Batches(batches) => {
                for batch in &batches {
                    connection.outbox.extend(messages(&connection.actor, batch));
                }
            }
            Missed::Unknown => connection.outbox.push_back(Message::named("reload")),
        }
        connection
    }

    /// The next message; none at the end.
    pub(super) async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.outbox.pop_front() {
                return Some(message);
            }
            if self.over {
                return None;
            }
            tokio::select! {
                batch = self.receiver.recv() => self.hear(batch).await,
                _ = self.recheck.tick() => self.check().await,
                // The browser comes back, to another process or to the next one here.
                () = &mut self.stopping => self.over = true,
            }
        }
    }

    async fn hear(&mut self, heard: Result<Arc<Batch>, RecvError>) {
        match heard {
            Ok(batch) => {
                if batch.changes.iter().any(|change| concerns_accounts(&self.actor, change)) {
                    self.check().await;
                }
                if !self.over {
                    self.outbox.extend(messages(&self.actor, &batch));
                }
            }
            Err(RecvError::Lagged(_)) => self.outbox.push_back(Message::named("reload")),
            Err(RecvError::Closed) => self.over = true,
        }
    }

    /// Ends the stream with the session. A database that does not answer ends nothing: the next look will tell.
    async fn check(&mut self) {
        if matches!(queries::goes_on(&self.app, &self.actor).await, Ok(false)) {
            self.outbox.push_back(Message::named("session-ended"));
            self.over = true;
        }
    }
}

fn concerns_accounts(actor: &Actor, change: &Change) -> bool {
    change.organization == actor.organization && ACCOUNTS.contains(&change.resource.as_str())
}

/// What of a batch concerns `actor`, each thing said once.
fn messages(actor: &Actor, batch: &Batch) -> Vec<Message> {
    let mut names = BTreeSet::new();
    for change in batch.changes.iter().filter(|change| within_reach(actor, change)) {
        if QUEUE.contains(&change.resource.as_str()) && actor.may(Permission::ViewAlerts) {
            names.insert("queue-changed".to_owned());
        }
        if CASES.contains(&change.resource.as_str()) && actor.may(Permission::ViewCases) {
            names.insert("cases-changed".to_owned());
        }
        if change.resource == "task" && actor.may(Permission::WorkOnTasks) {
            names.insert("tasks-changed".to_owned());
        }
        if INBOX.contains(&change.resource.as_str()) && actor.may(Permission::UseMessages) {
            names.insert("messages-changed".to_owned());
        }
        if VISITS.contains(&change.resource.as_str()) && actor.may(Permission::ViewSchedule) {
            names.insert("visits-changed".to_owned());
        }
        if let Some(patient) = change.patient
            && change.resource != "case"
            && actor.may(Permission::ViewPatients)
        {
            names.insert(format!("chart-changed-{patient}"));
        }
    }
    let mut messages: Vec<Message> = names.into_iter().map(Message::named).collect();
    if let Some(last) = messages.last_mut() {
        last.id = Some(batch.next);
    }
    messages
}

/// Cases belong to people more than to places: whoever may have some hears that one changed, and asks as themselves.
fn within_reach(actor: &Actor, change: &Change) -> bool {
    change.organization == actor.organization
        && (change.resource == "case" || change.facility.is_none_or(|facility| actor.facilities.contains(facility)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Facilities, Preferences, Role};
    use crate::clock::Timestamp;
    use crate::ids::{FacilityId, OrganizationId, PatientId, SessionId, UserId};

    fn actor(role: Role, facilities: Facilities) -> Actor {
        let preferences =
            Preferences { theme: "system".into(), density: "compact".into(), locale: "en-GB".into(), shortcuts: true };
        Actor {
            session: SessionId::new(),
            user: UserId::new(),
            organization: OrganizationId::new(),
            role,
            roles: vec![role],
            facilities,
            name: String::new(),
            family_name: String::new(),
            initials: String::new(),
            place: String::new(),
            zone: chrono_tz::UTC,
            preferences,
            last_seen_at: Timestamp::UNIX_EPOCH,
            stepped_up_at: None,
        }
    }

    fn names(actor: &Actor, changes: Vec<Change>) -> Vec<String> {
        messages(actor, &Batch { next: 5, changes }).into_iter().filter_map(|message| message.name).collect()
    }

    fn alert(organization: OrganizationId, facility: Option<FacilityId>, patient: Option<PatientId>) -> Change {
        Change { organization, facility, patient, resource: "alert".into() }
    }

    #[test]
    fn only_what_is_within_reach_is_heard() {
        let (here, there) = (FacilityId::new(), FacilityId::new());
        let actor = actor(Role::Clinician, Facilities::Only(vec![here]));
        let ours = actor.organization;
        assert_eq!(names(&actor, vec![alert(ours, Some(here), None)]), ["queue-changed"]);
        assert_eq!(names(&actor, vec![alert(ours, None, None)]), ["queue-changed"]);
        assert!(names(&actor, vec![alert(ours, Some(there), Some(PatientId::new()))]).is_empty());
        assert!(names(&actor, vec![alert(OrganizationId::new(), None, None)]).is_empty());
    }

    #[test]
    fn each_thing_is_said_once_and_the_last_message_carries_the_watermark() {
        let (actor, patient) = (actor(Role::Clinician, Facilities::All), PatientId::new());
        let change = alert(actor.organization, None, Some(patient));
        let said = messages(&actor, &Batch { next: 5, changes: vec![change.clone(), change] });
        let ids: Vec<_> = said.iter().map(|message| message.id).collect();
        assert_eq!(ids, [None, Some(5)]);
        assert_eq!(said[0].name.as_deref(), Some(format!("chart-changed-{patient}").as_str()));
    }

    #[test]
    fn who_sees_no_record_hears_of_none() {
        let admin = actor(Role::Admin, Facilities::All);
        assert!(names(&admin, vec![alert(admin.organization, None, Some(PatientId::new()))]).is_empty());
    }
}
