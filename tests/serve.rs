//! The program as people run it: started, killed, starved and stopped, on a data directory of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::{Client, StatusCode, redirect};

/// How long to wait until the portal is well again after its database. Generous: it only ends tests that fail;
/// `docs/operations.md` promises five seconds, and the test prints what it took.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running `almoner serve`.
struct Program {
    child: Child,
    address: SocketAddr,
    client: Client,
}

impl Program {
    /// Starts it on `data`, on a free port, and waits until it says where it is.
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let mut child = command(data)
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.by_ref().map_while(Result::ok).find(|line| line.contains("http://"));
        assert!(line.is_some(), "the program never said where it is");
        std::thread::spawn(move || lines.for_each(drop));
        let client = Client::builder().cookie_store(true).redirect(redirect::Policy::none()).build().expect("a client");
        Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)), client }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.client.get(self.url(path)).send().await.expect("an answer");
        (response.status(), response.text().await.expect("a text"))
    }

    async fn sign_in(&self) -> StatusCode {
        let form = [("email", "clinician@example.com"), ("password", "password123")];
        let request = self.client.post(self.url("/sign-in")).header("sec-fetch-site", "same-origin").form(&form);
        request.send().await.expect("an answer").status()
    }

    /// Waits until `path` answers with `status`, for `patience` at most.
    async fn wait_for(&self, path: &str, status: StatusCode, patience: Duration) {
        let start = Instant::now();
        loop {
            let (found, body) = self.get(path).await;
            if found == status {
                return;
            }
            assert!(start.elapsed() < patience, "{path} still answers {found} after {patience:?}: {body}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().expect("a process id")), signal).expect("it runs");
    }

    fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_almoner"));
    command.env_remove("DATABASE_URL").env("ALMONER_DATA_DIR", data).env("RUST_LOG", "warn");
    command
}

/// An empty data directory; removed afterwards.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("almoner-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The process id of the PostgreSQL in a data directory.
fn postgres(data: &Path) -> Pid {
    let file = std::fs::read_to_string(data.join("postgres/data/postmaster.pid")).expect("PostgreSQL runs");
    Pid::from_raw(file.lines().next().and_then(|line| line.trim().parse().ok()).expect("a process id"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_directory_becomes_a_demo_that_survives_being_killed() {
    let data = Directory::new("demo");
    let mut program = Program::start(&data.0, &["--demo"]);
    let (status, page) = program.get("/sign-in").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("clinician@example.com"), "the demo accounts are offered");
    assert_eq!(program.sign_in().await, StatusCode::SEE_OTHER);
    let (status, before) = program.get("/alerts").await;
    assert_eq!(status, StatusCode::OK);

    program.signal(Signal::SIGKILL);
    program.wait();
    let program = Program::start(&data.0, &["--demo"]);
    assert_eq!(program.sign_in().await, StatusCode::SEE_OTHER);
    let (_, after) = program.get("/alerts").await;
    assert_eq!(alerts(&before), alerts(&after), "the demo is not put in twice, and nothing is lost");
}

/// The identifiers of the alerts on a page.
fn alerts(page: &str) -> Vec<&str> {
    let mut ids: Vec<&str> = page
        .split("/alerts/")
        .skip(1)
        .filter_map(|rest| rest.get(..36))
        .filter(|id| id.bytes().filter(|b| *b == b'-').count() == 4)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert!(!ids.is_empty(), "no alerts on the page");
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn without_demo_there_are_no_demo_accounts() {
    let data = Directory::new("real");
    let program = Program::start(&data.0, &[]);
    let (_, page) = program.get("/sign-in").await;
    assert!(!page.contains("example.com"), "{page}");
    assert_ne!(program.sign_in().await, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_program_on_the_same_directory_says_so_and_leaves() {
    let data = Directory::new("second");
    let program = Program::start(&data.0, &[]);
    let second = command(&data.0).args(["serve", "--listen", "127.0.0.1:0"]).output().expect("it runs");
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(words.contains("Another Almoner is already using"), "{words}");
    assert_eq!(second.status.code(), Some(75));
    assert_eq!(program.get("/healthz").await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_dies_is_a_page_that_says_so_and_then_well_again() {
    let data = Directory::new("outage");
    let program = Program::start(&data.0, &["--demo"]);
    assert_eq!(program.sign_in().await, StatusCode::SEE_OTHER);
    let down = postgres(&data.0);
    kill(down, Signal::SIGSTOP).expect("it runs");
    kill(down, Signal::SIGKILL).expect("it runs");
    let mut said = false;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let (status, page) = program.get("/alerts").await;
        if status == StatusCode::OK {
            break;
        }
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{page}");
        assert!(page.contains("Not available just now"), "{page}");
        assert!(!page.contains("postgres") && !page.contains("sqlx"), "no causes on the page: {page}");
        said = true;
    }
    program.wait_for("/alerts", StatusCode::OK, PATIENCE).await;
    program.wait_for("/readyz", StatusCode::OK, PATIENCE).await;
    println!("well again after {:?}; said meanwhile that it was not: {said}", start.elapsed());
}

/// A disk of its own for a data directory, small enough to be filled. Mounting one takes root.
struct SmallDisk(Directory);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<Self> {
        let directory = Directory::new("disk");
        let size = format!("size={megabytes}m,mode=755");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&directory.0).status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(directory))
    }

    /// Takes all the space there is, and gives it back when the file is removed.
    fn fill(&self) -> PathBuf {
        let filler = self.0.0.join("filler");
        let mut file = std::fs::File::create(&filler).expect("a file");
        let block = vec![0_u8; 64 * 1024];
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
        filler
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_shows_nothing_that_was_not_written_down_and_ends_with_the_shortage() {
    let Some(disk) = SmallDisk::mount(320) else {
        eprintln!("skipped: mounting a disk to fill takes root");
        return;
    };
    let program = Program::start(&disk.0.0, &["--demo"]);
    assert_eq!(program.sign_in().await, StatusCode::SEE_OTHER);
    let filler = disk.fill();
    // Every view is an audit row: sooner or later the table has to grow, and cannot.
    let mut refused = None;
    for _ in 0..5_000 {
        let (status, page) = program.get("/alerts").await;
        if status != StatusCode::OK {
            refused = Some((status, page));
            break;
        }
    }
    let (status, page) = refused.expect("a page that could not be written down was not shown");
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{page}");
    assert!(page.contains("Not available just now") && !page.contains("OKAFOR"), "{page}");
    std::fs::remove_file(filler).expect("the filler");
    program.wait_for("/readyz", StatusCode::OK, PATIENCE).await;
    program.wait_for("/alerts", StatusCode::OK, PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_under_load_drops_no_request() {
    let data = Directory::new("drain");
    let mut program = Program::start(&data.0, &["--demo"]);
    let stopping = Arc::new(AtomicBool::new(false));
    let (answered, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut browsers = Vec::new();
    for _ in 0..8 {
        let (stopping, answered, dropped) = (Arc::clone(&stopping), Arc::clone(&answered), Arc::clone(&dropped));
        let url = program.url("/sign-in");
        browsers.push(tokio::spawn(async move {
            let client = Client::new();
            loop {
                match client.get(&url).send().await {
                    Ok(response) => {
                        assert!(response.status().is_success() || response.status() == StatusCode::SERVICE_UNAVAILABLE);
                        match response.text().await {
                            Ok(_) => answered.fetch_add(1, Ordering::Relaxed),
                            Err(_) => dropped.fetch_add(1, Ordering::Relaxed),
                        };
                    }
                    // Nobody listens any more: not a request that was dropped.
                    Err(error) if error.is_connect() && stopping.load(Ordering::Relaxed) => return,
                    Err(_) => {
                        dropped.fetch_add(1, Ordering::Relaxed);
                        return;
                    }
                }
            }
        }));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    stopping.store(true, Ordering::Relaxed);
    program.signal(Signal::SIGTERM);
    for browser in browsers {
        browser.await.expect("no answer was an error");
    }
    assert!(program.wait().success(), "the exit code is 0");
    assert!(answered.load(Ordering::Relaxed) > 50, "there was load");
    assert_eq!(dropped.load(Ordering::Relaxed), 0, "requests were dropped");
}
