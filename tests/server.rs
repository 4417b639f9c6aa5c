//! The accept loop: its limits, and an end that drops nobody.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use almoner::server::{Limits, Readiness, Stop, serve_with};
use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use futures::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<Stop>,
    done: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    async fn start(router: Router, limits: Limits) -> Self {
        Self::with(Arc::new(Readiness::new()), router, limits).await
    }

    async fn with(ready: Arc<Readiness>, router: Router, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (stop, stopped) = oneshot::channel();
        let shutdown = async { stopped.await.unwrap_or(Stop::Interrupt) };
        let done = tokio::spawn(serve_with(listener, router, ready, shutdown, limits));
        Self { address, stop, done }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn stop(self, stop: Stop) -> Duration {
        let begun = Instant::now();
        self.stop.send(stop).expect("still running");
        self.done.await.expect("no panic").expect("a clean end");
        begun.elapsed()
    }
}

fn quick() -> Limits {
    Limits { grace: Duration::from_secs(1), drain: Duration::from_secs(30), ..Limits::default() }
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(20)).await;
    "done"
}

#[tokio::test]
async fn handlers_know_who_is_calling() {
    let router =
        Router::new().route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string()));
    let server = Running::start(router, quick()).await;
    let body = reqwest::get(server.url("/")).await.expect("an answer").text().await.expect("a body");
    assert_eq!(body, "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_under_load_drops_no_request() {
    let served = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&served);
    let handler = async move || {
        tokio::time::sleep(Duration::from_millis(20)).await;
        counter.fetch_add(1, Ordering::Relaxed);
        "done"
    };
    let server = Running::start(Router::new().route("/", get(handler)), quick()).await;
    let url = server.url("/");
    let stopping = Arc::new(AtomicBool::new(false));

    // half of them keep their connection as long as they are let, half take a new one each time
    let clients: Vec<_> = (0..64)
        .map(|number| {
            let kept = number % 2;
            let client = reqwest::Client::builder().pool_max_idle_per_host(kept).build().expect("a client");
            let (url, stopping) = (url.clone(), Arc::clone(&stopping));
            tokio::spawn(async move {
                let mut answers = 0;
                loop {
                    match client.get(&url).send().await {
                        Ok(response) => {
                            assert_eq!(response.status(), 200);
                            assert_eq!(response.text().await.expect("a whole body"), "done");
                            answers += 1;
                        }
                        // the door is closed, and we were told so before anything was sent
                        Err(error) if error.is_connect() && stopping.load(Ordering::Relaxed) => return answers,
                        Err(error) => panic!("a request was dropped: {error:?}"),
                    }
                }
            })
        })
        .collect();

    tokio::time::sleep(Duration::from_millis(500)).await;
    stopping.store(true, Ordering::Relaxed);
    let took = server.stop(Stop::Terminate).await;
    let mut answers = 0;
    for client in clients {
        answers += client.await.expect("no request was dropped");
    }
    println!("{answers} requests answered, none dropped, stopped in {took:?}");
    assert_eq!(answers, served.load(Ordering::Relaxed));
    assert!(answers > 64, "{answers}");
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[tokio::test]
async fn the_process_is_not_ready_before_it_closes_its_door() {
    let ready = Arc::new(Readiness::new());
    assert!(!ready.is_ready());
    let server = Running::with(Arc::clone(&ready), Router::new().route("/", get(slow)), quick()).await;
    reqwest::get(server.url("/")).await.expect("an answer");
    assert!(ready.is_ready());

    let Running { address, stop, done } = server;
    stop.send(Stop::Terminate).expect("still running");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(ready.is_stopping() && !ready.is_ready());
    let late = reqwest::get(format!("http://{address}/")).await.expect("an answer in the grace time");
    assert_eq!(late.headers()["connection"], "close");
    done.await.expect("no panic").expect("a clean end");
    assert!(TcpStream::connect(address).await.is_err(), "the door is still open");
}

#[tokio::test]
async fn a_stream_of_events_ends_with_the_process() {
    let ready = Arc::new(Readiness::new());
    let watched = Arc::clone(&ready);
    let live = async move || {
        let events = futures::stream::once(async { Ok::<_, std::io::Error>(Event::default().data("hello")) });
        Sse::new(events.chain(futures::stream::pending()).take_until(watched.stopping()))
    };
    let server = Running::with(ready, Router::new().route("/live", get(live)), quick()).await;
    let response = reqwest::get(server.url("/live")).await.expect("an answer");
    let reader = tokio::spawn(response.text());
    tokio::time::sleep(Duration::from_millis(50)).await;
    let took = server.stop(Stop::Interrupt).await;
    assert!(took < Duration::from_secs(20), "the stream held up the end for {took:?}");
    assert_eq!(reader.await.expect("no panic").expect("a whole body"), "data: hello\n\n");
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_off() {
    let router = Router::new().route("/", get(async || std::future::pending::<&'static str>().await));
    let server = Running::start(router, Limits { drain: Duration::from_millis(200), ..quick() }).await;
    let request = tokio::spawn(reqwest::get(server.url("/")));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(server.stop(Stop::Interrupt).await < Duration::from_secs(20));
    request.abort();
}

/// Sends bytes one after the other and answers how long the connection was kept.
async fn dribble(address: SocketAddr, bytes: &[u8], pause: Duration) -> Duration {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let begun = Instant::now();
    for byte in bytes {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        let mut answer = [0; 256];
        match tokio::time::timeout(pause, stream.read(&mut answer)).await {
            Err(_) => {}
            Ok(_) => break, // closed, or told off
        }
    }
    begun.elapsed()
}

#[tokio::test]
async fn a_client_that_dribbles_its_request_is_cut_off() {
    let limits = Limits { head: Duration::from_millis(300), ..quick() };
    let server = Running::start(Router::new().route("/", get(slow)), limits).await;
    let request = b"GET / HTTP/1.1\r\nHost: almoner\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let kept = dribble(server.address, request, Duration::from_millis(50)).await;
    assert!(kept > Duration::from_millis(250) && kept < Duration::from_secs(20), "{kept:?}");
}

#[tokio::test]
async fn a_second_request_may_not_dribble_either_but_a_quiet_connection_is_kept() {
    let limits = Limits { head: Duration::from_millis(200), idle: Duration::from_mins(1), ..quick() };
    let server = Running::start(Router::new().route("/", get(slow)), limits).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let mut answer = vec![0; 1024];
    for _ in 0..2 {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: almoner\r\n\r\n").await.expect("sent");
        assert!(stream.read(&mut answer).await.expect("an answer") > 0);
        tokio::time::sleep(Duration::from_millis(400)).await; // longer than a head may take
    }
    stream.write_all(b"GET / HT").await.expect("sent");
    let begun = Instant::now();
    stream.read_to_end(&mut answer).await.ok();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_quiet_connection_is_closed_in_the_end() {
    let limits = Limits { idle: Duration::from_millis(200), ..quick() };
    let server = Running::start(Router::new().route("/", get(slow)), limits).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    let begun = Instant::now();
    stream.read_to_end(&mut Vec::new()).await.ok();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_client_answered_early_may_finish_sending_and_hears_the_answer() {
    let refuse = async || (StatusCode::PAYLOAD_TOO_LARGE, "too large");
    let limits = Limits { head: Duration::from_millis(100), ..quick() };
    let server = Running::start(Router::new().route("/", post(refuse).get(slow)), limits).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(b"POST / HTTP/1.1\r\nHost: almoner\r\nContent-Length: 8000000\r\n\r\n").await.expect("sent");
    for _ in 0..8 {
        stream.write_all(&vec![b'x'; 1_000_000]).await.expect("the rest is taken");
        tokio::time::sleep(Duration::from_millis(30)).await; // together longer than a head may take
    }
    let mut answer = [0; 1024];
    let length = stream.read(&mut answer).await.expect("an answer");
    assert!(answer[..length].starts_with(b"HTTP/1.1 413"), "{}", String::from_utf8_lossy(&answer[..length]));
    stream.write_all(b"GET / HTTP/1.1\r\nHost: almoner\r\n\r\n").await.expect("the connection is kept");
    let length = stream.read(&mut answer).await.expect("another answer");
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..length]));
}

#[tokio::test]
async fn a_client_that_goes_on_sending_does_not_hold_up_the_end() {
    let refuse = async || (StatusCode::PAYLOAD_TOO_LARGE, "too large");
    let server = Running::start(Router::new().route("/", post(refuse)), quick()).await;
    let mut stream = TcpStream::connect(server.address).await.expect("a connection");
    stream.write_all(b"POST / HTTP/1.1\r\nHost: almoner\r\nContent-Length: 8000000\r\n\r\nx").await.expect("sent");
    assert!(stream.read(&mut [0; 1024]).await.expect("an answer") > 0);
    let took = server.stop(Stop::Interrupt).await;
    assert!(took < Duration::from_secs(20), "{took:?}");
}

#[tokio::test]
async fn connections_past_the_cap_wait_for_room() {
    let limits = Limits { connections: 1, ..quick() };
    let server = Running::start(Router::new().route("/", get(slow)), limits).await;
    let first = TcpStream::connect(server.address).await.expect("a connection");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut waiting = TcpStream::connect(server.address).await.expect("the kernel takes it");
    waiting.write_all(b"GET / HTTP/1.1\r\nHost: almoner\r\n\r\n").await.expect("sent");
    let mut answer = [0; 1024];
    let early = tokio::time::timeout(Duration::from_millis(200), waiting.read(&mut answer)).await;
    assert!(early.is_err(), "served past the cap");
    drop(first);
    assert!(waiting.read(&mut answer).await.expect("an answer") > 0);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Running::start(Router::new().route("/", get(slow)), quick()).await;
    let client = reqwest::Client::new();
    let huge = "a".repeat(40 * 1024);
    let response = client.get(server.url("/")).header("x-large", huge).send().await.expect("an answer");
    assert_eq!(response.status(), 431);
}
