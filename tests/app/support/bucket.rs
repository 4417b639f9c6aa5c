//! An S3-compatible server on a port of its own, which checks signatures and keeps what it gets in a directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use almoner::files::{self, Files};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use url::Url;

/// Who the portal is there.
const KEY: &str = "almoner";

/// And how it proves it.
const SECRET: &str = "only-the-tests-know-this";

/// A sort of request: whether a line "METHOD address" is one.
pub type Sort = fn(&str) -> bool;

/// A server with one empty bucket, `clinic`. It ends with the test.
pub struct Bucket {
    root: PathBuf,
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Method and address of every request.
    asked: Mutex<Vec<String>>,
    /// So many requests are answered with 503 before the next one is heard.
    busy: AtomicUsize,
    /// Requests with such a line are answered with 403.
    forbidden: Mutex<Option<Sort>>,
}

impl State {
    /// How a request is turned away before it is heard.
    fn refuses(&self, line: &str) -> Option<u16> {
        // s3s-fs makes a bucket for whoever asks for one that is not there.
        if !line.contains(" /clinic/") && !line.contains(" /clinic?") {
            return Some(404);
        }
        let forbidden = *self.forbidden.lock().expect("nobody panics");
        if forbidden.is_some_and(|forbids| forbids(line)) {
            return Some(403);
        }
        let takes = |left: usize| left.checked_sub(1);
        self.busy.fetch_update(Ordering::SeqCst, Ordering::SeqCst, takes).ok().map(|_| 503)
    }
}

impl Bucket {
    pub async fn start() -> Self {
        let root = std::env::temp_dir().join(format!("almoner-bucket-{}", almoner::ids::new_uuid()));
        std::fs::create_dir_all(root.join("clinic")).expect("a directory");
        let mut builder = S3ServiceBuilder::new(FileSystem::new(&root).expect("a directory"));
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let (service, state) = (builder.build(), Arc::new(State::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(listen(listener, service, Arc::clone(&state)));
        Self { root, address, state }
    }

    /// The environment of who uses it.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.environment_with(SECRET)
    }

    /// The environment of who has this secret.
    pub fn environment_with(&self, secret: &str) -> Vec<(String, String)> {
        let endpoint = format!("http://{}", self.address);
        [
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", secret),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT", &endpoint),
            ("AWS_ALLOW_HTTP", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// `s3://clinic/almoner`, as the portal opens it in service.
    pub fn files(&self) -> Files {
        Self::open("s3://clinic/almoner", self.environment())
    }

    /// Any bucket, with any settings.
    pub fn open(url: &str, settings: Vec<(String, String)>) -> Files {
        let url = Url::parse(url).expect("an address");
        Files::in_store(files::bucket(&url, settings).expect("settings of a bucket"), None)
    }

    /// The directory behind `s3://clinic/almoner`.
    pub fn directory(&self) -> PathBuf {
        self.root.join("clinic/almoner")
    }

    /// What is kept.
    pub fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        collect(&self.root.join("clinic"), &mut found);
        found
    }

    /// Parts of files that have neither come to an end nor been called off.
    pub fn parts(&self) -> usize {
        let entries = std::fs::read_dir(&self.root).expect("a directory").flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".upload")).count()
    }

    /// The requests since the last time, whose line holds `what`.
    pub fn asked(&self, what: &str) -> usize {
        let all = std::mem::take(&mut *self.state.asked.lock().expect("nobody panics"));
        all.iter().filter(|line| line.contains(what)).count()
    }

    /// Forbids requests with such a line, as to a key without that right; or none any more.
    pub fn forbid(&self, what: Option<Sort>) {
        *self.state.forbidden.lock().expect("nobody panics") = what;
    }

    /// Answers the next `requests` with 503.
    pub fn be_busy(&self, requests: usize) {
        self.state.busy.store(requests, Ordering::SeqCst);
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.root).ok();
    }
}

async fn listen(listener: TcpListener, service: S3Service, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (service, state) = (service.clone(), Arc::clone(&state));
        let service = service_fn(move |request: Request<Incoming>| {
            let line = format!("{} {}", request.method(), request.uri());
            let refused = state.refuses(&line);
            state.asked.lock().expect("nobody panics").push(line);
            let service = service.clone();
            async move {
                if let Some(status) = refused {
                    let answer = Response::builder().status(status).body(s3s::Body::from(String::new()));
                    return Ok(answer.expect("an answer"));
                }
                let answer = service.call(request.map(s3s::Body::from)).await;
                answer.map_err(|error| std::io::Error::other(format!("{error:?}")))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}
