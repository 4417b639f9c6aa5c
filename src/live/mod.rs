//! Live pages: `GET /live` tells a browser *that* something changed, and the browser asks again as itself.
//!
//! Server-sent events, with these names and no content:
//!
//! - `queue-changed`: alerts within this person's reach changed;
//! - `messages-changed`: conversations within this person's reach changed;
//! - `visits-changed`: visits within this person's reach changed, or somebody came into a waiting room;
//! - `chart-changed-{patient}`: a record within reach changed. The chart of that patient listens for its own name;
//! - `cases-changed`: a case of the organization changed, or a task of one; which one is not said, and whoever hears of it asks as themselves;
//! - `tasks-changed`: a task within reach changed: the badge and an open list ask again;
//! - `reload`: more happened than can be told; whatever listens should ask again;
//! - `session-ended`: sign-in is needed, and the stream ends.
//!
//! They say that totals changed, never by how much, so a message twice or a message too many does no harm. The id of a
//! message is a watermark of the whole database (`live.changes`): a browser that comes back with it, to this replica or
//! another, gets what it missed, or `reload`.
//!
//! What a page asks for on such an event carries `Almoner-Automatic`, and does not keep the session alive.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};

use crate::access::Permission::UseStaffPages;
use crate::web::{Ctx, Routes};

mod connection;
mod hub;
mod queries;

pub use hub::Live;
pub use queries::goes_on;

use self::connection::Connection;

/// A line that says nothing, so that proxies see life: nginx gives up after 60 s of silence, others after 30.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// The route.
pub fn routes() -> Routes {
    Routes::new().get("/live", UseStaffPages, show)
}

async fn show(ctx: Ctx, headers: HeaderMap) -> Response {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let events = events(Connection::new(&ctx, last));
    let answer = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // The second header keeps nginx from collecting the stream.
    ([(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")], answer)
        .into_response()
}

fn events(connection: Connection) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(connection, |mut connection| async move {
        let message = connection.next().await?;
        Some((Ok(message.into_event()), connection))
    })
}
