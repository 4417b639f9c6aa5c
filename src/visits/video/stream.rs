//! What an open page of a call hears: how the session stands, and what the other browsers say.
//!
//! Server-sent events. `state` says the status and whether the other side is there; a page whose status is another one loads itself anew.
//! It names the guests who were let in, so that a browser talks to nobody else, and says who holds the visit how many wait for that.
//! `signal` is a message of another browser; its id is its place, so that a browser that comes back misses none. The database is asked
//! twice a second: calls are few, and their browsers may be at different replicas.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::guests::{self, Bearer};
use super::model::{Party, Seat, SessionStatus};
use super::queries;
use super::signals::{self, NewSignal};
use crate::access::Actor;
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::By;
use crate::ids::{OrganizationId, VisitId};
use crate::live;
use crate::visits::refusal::told;
use crate::web::places::{Place, Places};

/// How often the database is asked.
const POLL: Duration = Duration::from_millis(500);

/// How often it is noted that the page is open.
const SEEN: Duration = Duration::from_secs(15);

/// How often the session of the person is looked at again.
const RECHECK: Duration = Duration::from_mins(1);

/// A line that says nothing, so that proxies see life.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Pages of a call that one person, or one guest, may have open at once: each asks the database twice a second. One left open on every device, and
/// some that broke off and are not missed yet.
static LISTENING: Places<(VisitId, Uuid)> = Places::new(16);

/// With whose eyes a page looks.
#[derive(Clone, Debug)]
pub enum Eyes {
    /// Somebody signed in, on their side of the call.
    Person(Arc<Actor>, Party),
    /// A guest's browser, at whose link the caller has looked.
    Guest(Bearer),
}

impl Eyes {
    async fn begin(&self, app: &App) -> Result<Tx> {
        match self {
            Self::Person(actor, _) => app.db.begin(actor).await,
            Self::Guest(bearer) => app.db.begin_worker(bearer.organization).await,
        }
    }

    fn organization(&self) -> OrganizationId {
        match self {
            Self::Person(actor, _) => actor.organization,
            Self::Guest(bearer) => bearer.organization,
        }
    }

    /// The account, or the link of a guest.
    fn whose(&self) -> Uuid {
        match self {
            Self::Person(actor, _) => actor.user.uuid(),
            Self::Guest(bearer) => bearer.id,
        }
    }

    const fn seat(&self) -> Seat {
        match self {
            Self::Person(_, party) => Seat::Of(*party),
            Self::Guest(bearer) => Seat::Guest(bearer.id),
        }
    }
}

/// How things stand for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    status: SessionStatus,
    /// Whether the other side is there.
    here: bool,
    /// The guests who were let in.
    guests: Vec<Uuid>,
    /// How many guests wait for that; none where it is not for this page to know.
    knocks: Option<usize>,
}

/// A page of a call.
struct Watcher {
    _place: Place<(VisitId, Uuid)>,
    app: App,
    eyes: Eyes,
    visit: VisitId,
    /// The place of the last message that was passed on.
    last: i64,
    told: Option<State>,
    queue: VecDeque<Event>,
    seen: Instant,
    checked: Instant,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    over: bool,
}

/// The stream of a page that shows the waiting room or the call. The caller has found out that the visit is theirs.
#[must_use]
pub fn events(app: &App, eyes: Eyes, visit: VisitId, headers: &HeaderMap, since: i64) -> Response {
    let place = match LISTENING.take((visit, eyes.whose())) {
        Ok(place) => place,
        Err(full) => return full.into_response(),
    };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let stopping = Box::pin(app.ready.stopping());
    let now = Instant::now();
    let watcher = Watcher {
        _place: place,
        app: app.clone(),
        eyes,
        visit,
        last: last.unwrap_or(since),
        told: None,
        queue: VecDeque::new(),
        seen: now,
        checked: now + RECHECK,
        stopping,
        over: false,
    };
    let events = stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    let answer = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    ([(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")], answer)
        .into_response()
}

impl Watcher {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            if self.told.is_some() {
                tokio::select! {
                    () = sleep(POLL) => {}
                    // The browser comes back, to another process or to the next one here.
                    () = &mut self.stopping => return None,
                }
            }
            // Where the database does not answer the stream ends, and the browser tries again.
            if self.look().await.is_err() {
                return None;
            }
        }
    }

    async fn look(&mut self) -> Result<()> {
        let now = Instant::now();
        if now >= self.checked {
            self.checked = now + RECHECK;
            if let Eyes::Person(actor, _) = &self.eyes
                && !live::goes_on(&self.app, actor).await?
            {
                self.over = true;
                return Ok(());
            }
        }
        let organization = self.eyes.organization();
        let mut tx = self.eyes.begin(&self.app).await?;
        let session = queries::find(&mut tx, organization, self.visit).await?;
        let status = match (&self.eyes, &session) {
            (Eyes::Guest(bearer), _) => bearer.status(&mut tx, session.as_ref()).await?,
            (Eyes::Person(..), Some(session)) => session.status,
            (Eyes::Person(..), None) => {
                self.over = true;
                return Ok(());
            }
        };
        let seat = self.eyes.seat();
        let present = guests::queries::present(&mut tx, organization, self.visit).await?;
        let state = State {
            status,
            here: session.as_ref().is_some_and(|session| session.is_here(seat.looks_for())),
            guests: present.iter().filter(|guest| guest.admitted).map(|guest| guest.id).collect(),
            knocks: (seat == Seat::Of(Party::Provider))
                .then(|| present.iter().filter(|guest| !guest.admitted && guest.here).count()),
        };
        if let Some(session) = session.filter(|_| status == SessionStatus::Active) {
            for signal in signals::heard(&mut tx, organization, session.id, seat, self.last).await? {
                self.last = signal.position;
                let who = signal.guest_id.map_or(signal.party, |guest| guest.to_string());
                let data = json!({ "who": who, "kind": signal.kind, "from": signal.sender, "to": signal.recipient, "body": signal.body });
                self.queue
                    .push_back(Event::default().event("signal").id(signal.position.to_string()).data(data.to_string()));
            }
        }
        if now >= self.seen && status.is_open() {
            self.seen = now + SEEN;
            match &self.eyes {
                Eyes::Person(_, party) => queries::seen(&mut tx, organization, self.visit, *party).await,
                Eyes::Guest(bearer) => bearer.seen(&mut tx).await,
            }
            .map_err(told)?;
            tx.commit().await?;
        }
        if self.told.as_ref() != Some(&state) {
            let data = json!({ "status": state.status.as_str(), "here": state.here, "guests": state.guests, "knocks": state.knocks });
            self.queue.push_front(Event::default().event("state").data(data.to_string()));
            self.told = Some(state);
        }
        self.over = status == SessionStatus::Ended;
        Ok(())
    }
}

/// What a page heard before it was made.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Since {
    /// The place of the last message then.
    pub since: i64,
}

/// What a browser sends to the others.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawSignal {
    /// `hello`, `offer`, `answer`, `candidate` or `bye`.
    pub kind: String,
    /// The page that sends it.
    pub from: String,
    /// The page that it is for.
    pub to: String,
    /// SDP or candidate.
    pub body: String,
}

/// Leaves a message for the other browsers. Only who was let in gets this far: the database asks again.
///
/// # Errors
/// Where there is no call, or this is no message.
pub async fn send(mut tx: Tx, by: &By, visit: VisitId, seat: Seat, raw: &RawSignal) -> Result<Response> {
    let session = queries::find(&mut tx, by.organization, visit).await?.ok_or(Error::NotFound)?;
    if session.status != SessionStatus::Active {
        return Err(Error::Conflict("This call is over.".to_owned()));
    }
    let recipient = Some(raw.to.as_str()).filter(|to| !to.is_empty());
    let signal =
        NewSignal { session: session.id, seat, kind: &raw.kind, sender: &raw.from, recipient, body: &raw.body };
    signals::send(&mut tx, by, &signal).await.map_err(told)?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
