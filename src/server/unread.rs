//! What a client sends after it has been answered.
//!
//! A form that is too large is refused before all of it has arrived. Were the connection closed then, the system would
//! reset it for the bytes that nobody read, and the client would throw away the answer that says what is wrong. So what
//! is still on its way is taken and forgotten for a while: a "lingering close" (RFC 9112, section 9.6).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::Readiness;
use super::head::UnderWay;

/// How long an answered client may go on sending, and how long it may be silent meanwhile: as in nginx.
const LINGER: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(5);

/// A body whose rest is read by nobody but us.
pub(super) struct Unread {
    /// Something until it is dropped.
    rest: Option<(Incoming, UnderWay)>,
    ready: Arc<Readiness>,
}

impl Unread {
    pub fn new(body: Incoming, under_way: UnderWay, ready: Arc<Readiness>) -> Self {
        Self { rest: Some((body, under_way)), ready }
    }
}

impl Body for Unread {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match &mut self.rest {
            Some((body, _)) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.as_ref().is_none_or(|(body, _)| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.rest.as_ref().map(|(body, _)| body.size_hint()).unwrap_or_default()
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let Some((mut body, under_way)) = self.rest.take().filter(|(body, _)| !body.is_end_stream()) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let stopping = self.ready.stopping();
        runtime.spawn(async move {
            let rest = async { while let Ok(Some(Ok(_))) = timeout(SILENCE, body.frame()).await {} };
            tokio::select! {
                _ = timeout(LINGER, rest) => {}
                () = stopping => {}
            }
            drop(under_way);
        });
    }
}
