//! A time limit for the head of a request, separate from the one for a quiet connection.
//!
//! hyper has one timer for both: short, it cuts connections that a proxy keeps open; long, it lets a client dribble.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// What a connection is doing: quiet, sending the head of a request, or busy with requests of which something is still
/// to be sent or answered.
#[derive(Debug, Default)]
pub(super) struct Phase {
    arriving: AtomicBool,
    under_way: AtomicUsize,
}

/// A request whose body or answer is under way. The connection is quiet when the last is gone.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<Phase>);

impl Phase {
    pub fn head_has_arrived(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.arriving.store(false, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// The first byte after a quiet time begins a head.
    fn byte_has_arrived(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) == 0 && !self.arriving.swap(true, Ordering::Relaxed)
    }

    fn is_arriving(&self) -> bool {
        self.arriving.load(Ordering::Relaxed)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that fails when a head has been arriving for too long.
#[derive(Debug)]
pub(super) struct HeadTimeout<S> {
    stream: S,
    phase: Arc<Phase>,
    allowed: Duration,
    /// Made with the first head and reused.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> HeadTimeout<S> {
    pub fn new(stream: S, allowed: Duration, phase: Arc<Phase>) -> Self {
        Self { stream, phase, allowed, timer: None }
    }

    fn begin(&mut self) {
        let end = Instant::now() + self.allowed;
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(end),
            None => self.timer = Some(Box::pin(tokio::time::sleep_until(end))),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadTimeout<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before && self.phase.byte_has_arrived() {
            self.begin();
        } else if self.phase.is_arriving()
            && let Some(timer) = &mut self.timer
            && timer.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadTimeout<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
