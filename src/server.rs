//! The HTTP server: an accept loop with limits, and an end that drops nobody.
//!
//! `axum::serve` has no time limits at all: a client that sends one byte of a header now and then keeps its
//! connection for ever. Here a request's head has [`Limits::head`] to arrive, a quiet connection lives for
//! [`Limits::idle`], and there are never more than [`Limits::connections`] of them. How long a *request* may take is
//! the business of `web::headers`.
//!
//! The end: not ready first, so that a proxy sends no more; after a short grace no new connections; then what is
//! under way is finished, within [`Limits::drain`]. Answers given meanwhile close their connection.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;

pub use self::readiness::Readiness;

mod head;
mod readiness;
mod unread;

use self::head::{HeadTimeout, Phase};
use self::unread::Unread;

/// File descriptors kept for the database, files and logs when connections are counted.
const SPARE_FILES: u64 = 256;

/// The wait after `accept` failed for want of file descriptors or memory.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// The time that connections have, once no new ones are taken, to deliver a request that is already on its way: hyper
/// closes one that has not been read from yet.
const LINGER: Duration = Duration::from_millis(250);

/// What a connection may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many connections there are at most; further ones wait in the kernel.
    pub connections: usize,
    /// How long the head of a request may take to arrive.
    pub head: Duration,
    /// How large it may be, in bytes.
    pub head_bytes: usize,
    /// How long a connection may be quiet between requests. Longer than proxies keep theirs (60 s in nginx), so that
    /// it is the proxy that closes: the other way round a request could meet a closing connection.
    pub idle: Duration,
    /// How long new connections are still taken after "not ready", for proxies to notice.
    pub grace: Duration,
    /// How long requests under way may take to end.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 8_192,
            head: Duration::from_secs(10),
            head_bytes: 32 * 1024,
            idle: Duration::from_secs(75),
            grace: Duration::from_secs(2),
            drain: Duration::from_secs(25),
        }
    }
}

/// Who wants us to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A supervisor (SIGTERM): proxies get a moment to notice.
    Terminate,
    /// Somebody at a terminal (SIGINT): nobody to wait for.
    Interrupt,
}

/// Waits for SIGTERM or SIGINT.
pub async fn stop_signal() -> Stop {
    let listen = || -> std::io::Result<_> { Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)) };
    match listen() {
        Ok((mut terminate, mut interrupt)) => tokio::select! {
            _ = terminate.recv() => Stop::Terminate,
            _ = interrupt.recv() => Stop::Interrupt,
        },
        Err(error) => {
            tracing::error!(%error, "Cannot listen for signals: stopping will not be graceful");
            std::future::pending().await
        }
    }
}

/// Serves `router` until `shutdown` resolves, and returns when every request has its answer.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    ready: Arc<Readiness>,
    shutdown: impl Future<Output = Stop>,
) -> Result<()> {
    serve_with(listener, router, ready, shutdown, Limits::default()).await
}

/// The same with other limits.
pub async fn serve_with(
    listener: TcpListener,
    router: Router,
    ready: Arc<Readiness>,
    shutdown: impl Future<Output = Stop>,
    limits: Limits,
) -> Result<()> {
    let server = Server {
        listener,
        room: Arc::new(Semaphore::new(affordable(limits.connections))),
        shared: Arc::new(Shared { router, ready, limits }),
        open: GracefulShutdown::new(),
    };
    let ready = &server.shared.ready;
    ready.set_ready();
    let stop = tokio::select! {
        stop = shutdown => stop,
        never = server.accept_for_ever() => match never {},
    };
    ready.set_stopping();
    if stop == Stop::Terminate {
        tokio::time::timeout(limits.grace, server.accept_for_ever()).await.ok();
    }
    server.drain().await
}

struct Server {
    listener: TcpListener,
    room: Arc<Semaphore>,
    shared: Arc<Shared>,
    open: GracefulShutdown,
}

/// What every connection needs.
struct Shared {
    router: Router,
    ready: Arc<Readiness>,
    limits: Limits,
}

impl Server {
    async fn accept_for_ever(&self) -> Infallible {
        loop {
            let permit = self.permit().await;
            match self.listener.accept().await {
                Ok((stream, peer)) => self.spawn(stream, peer, permit),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "Cannot accept connections");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            }
        }
    }

    async fn permit(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.room).acquire_owned().await {
            Ok(permit) => permit,
            Err(_) => std::future::pending().await, // the semaphore is never closed
        }
    }

    fn spawn(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        let connection = connection(Arc::clone(&self.shared), stream, peer, self.open.watcher());
        tokio::spawn(async move {
            connection.await;
            drop(permit);
        });
    }

    /// Takes those in whom the kernel has already greeted, closes the door, and waits for everybody to leave.
    async fn drain(self) -> Result<()> {
        let listener = self.listener.into_std().context("cannot stop listening")?;
        while let Ok((stream, peer)) = listener.accept() {
            stream.set_nonblocking(true)?;
            let stream = TcpStream::from_std(stream)?;
            tokio::spawn(connection(Arc::clone(&self.shared), stream, peer, self.open.watcher()));
        }
        drop(listener);
        tracing::info!(connections = self.open.count(), "Finishing what is under way");
        if self.open.count() > 0 {
            tokio::time::sleep(LINGER).await;
        }
        if tokio::time::timeout(self.shared.limits.drain, self.open.shutdown()).await.is_err() {
            tracing::warn!("Some requests did not end in time and are cut off");
        }
        Ok(())
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, peer: SocketAddr, open: Watcher) {
    stream.set_nodelay(true).ok(); // an answer is written at once; waiting to fill a packet only delays it
    let phase = Arc::new(Phase::default());
    let io = TokioIo::new(HeadTimeout::new(stream, shared.limits.head, Arc::clone(&phase)));
    let limits = shared.limits;
    let service = service_fn(move |request: Request<Incoming>| {
        let (shared, answering, sending) = (Arc::clone(&shared), phase.head_has_arrived(), phase.head_has_arrived());
        async move {
            let unread = |body| Body::new(Unread::new(body, sending, Arc::clone(&shared.ready)));
            let mut request = request.map(unread);
            request.extensions_mut().insert(ConnectInfo(peer));
            let mut response = shared.router.clone().oneshot(request).await?;
            if shared.ready.is_stopping() {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            drop(answering);
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes * 2)
        .serve_connection(io, service);
    if let Err(error) = open.watch(connection).await {
        tracing::debug!(%error, "Connection ended early"); // timeouts, and clients that went away
    }
}

/// Whether the failure of `accept` concerns only the connection that it would have been.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// As many of the `wanted` connections as the process may have files open; raises that limit as far as it may go
/// (1,024 is the usual start, for the sake of programs of the last century).
fn affordable(wanted: usize) -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return wanted };
    let files = hard.min(wanted as u64 + SPARE_FILES).max(soft);
    let files = setrlimit(Resource::RLIMIT_NOFILE, files, hard).map_or(soft, |()| files);
    wanted.min(usize::try_from(files.saturating_sub(SPARE_FILES)).unwrap_or(wanted)).max(1)
}
