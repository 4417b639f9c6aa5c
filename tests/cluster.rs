//! The private PostgreSQL cluster: first start, restart, crashes, a second Almoner, other users.
//!
//! A crash needs a process to kill: the test binary runs itself again as the "Almoner" of the story
//! (`holder`, below), as root and, where the tests run as root, as an ordinary user too.
#![expect(clippy::disallowed_methods, reason = "the tables of these tests are not in the schema that macros check")]

use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use almoner::db::cluster::{Cluster, ClusterError, DbRole};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use sqlx::{Connection as _, PgConnection, Row as _};

/// A folder of its own for each test, removed afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("almoner-cluster-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a scratch folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("open to other users");
        Self(path)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

async fn connect(cluster: &Cluster, role: DbRole) -> PgConnection {
    PgConnection::connect_with(&cluster.options(role)).await.expect("a connection")
}

/// Writes a row and waits for PostgreSQL's word that it is safe.
fn remember(cluster: &Cluster, what: &str) {
    run(async {
        let mut db = connect(cluster, DbRole::Admin).await;
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS memory (what text)").execute(&mut db).await.expect("a table");
        sqlx::query("INSERT INTO memory VALUES ($1)").bind(what).execute(&mut db).await.expect("a row");
        db.close().await.expect("a clean end");
    });
}

fn remembered(cluster: &Cluster) -> Vec<String> {
    run(async {
        let mut db = connect(cluster, DbRole::Admin).await;
        let rows = sqlx::query("SELECT what FROM memory ORDER BY what").fetch_all(&mut db).await.expect("rows");
        rows.iter().map(|row| row.get(0)).collect()
    })
}

fn setting(cluster: &Cluster, name: &str) -> String {
    run(async {
        let mut db = connect(cluster, DbRole::Admin).await;
        sqlx::query("SELECT current_setting($1)").bind(name).fetch_one(&mut db).await.expect("a setting").get(0)
    })
}

fn alive(pid: i32) -> bool {
    // a zombie that its new parent has not collected yet is dead enough
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The process that the tests kill: starts the cluster, says so, and stops it when its input ends.
#[test]
#[ignore = "run by the other tests as a process of its own"]
fn holder() {
    let data = std::env::var_os("CLUSTER_TEST_DATA").expect("the data directory");
    match Cluster::start(Path::new(&data)) {
        Ok(cluster) => {
            remember(&cluster, "holder");
            println!("READY {}", cluster.pid().expect("a process"));
            std::io::stdin().read_to_end(&mut Vec::new()).expect("the end of input");
            cluster.stop();
        }
        Err(error) => println!("FAILED {error}"),
    }
}

struct Holder {
    process: Child,
    postgres: i32,
    /// Kept open, or the holder's last words would end it.
    output: BufReader<ChildStdout>,
}

impl Holder {
    fn start(scratch: &Scratch, user: Option<&str>) -> Result<Self, String> {
        let program = scratch.0.join("holder"); // where an ordinary user can reach it
        if !program.exists() {
            fs::copy(std::env::current_exe().expect("this program"), &program).expect("a copy");
        }
        let mut command = Command::new(program);
        command.args(["--exact", "holder", "--ignored", "--nocapture"]).current_dir(&scratch.0);
        command.env("CLUSTER_TEST_DATA", scratch.data()).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(user) = user {
            let user = User::from_name(user).expect("users").expect("the user");
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        // Another test may have forked while the copy was open for writing; its child holds it until it has become another program.
        let begun = Instant::now();
        let mut process = loop {
            match command.spawn() {
                Err(error)
                    if error.kind() == ErrorKind::ExecutableFileBusy && begun.elapsed() < Duration::from_secs(10) =>
                {
                    std::thread::sleep(Duration::from_millis(5));
                }
                process => break process.expect("the holder"),
            }
        };
        let output = BufReader::new(process.stdout.take().expect("its output"));
        let mut holder = Self { process, postgres: 0, output };
        for line in holder.output.by_ref().lines().map_while(Result::ok) {
            // the harness writes the name of the test on the same line
            if let Some((_, pid)) = line.split_once("READY ") {
                holder.postgres = pid.trim().parse().expect("a number");
                return Ok(holder);
            }
            if let Some((_, error)) = line.split_once("FAILED ") {
                holder.process.wait().expect("its end");
                return Err(error.to_owned());
            }
        }
        Err("the holder said nothing".to_owned())
    }

    fn kill(&mut self) {
        self.process.kill().expect("kill -9");
        self.process.wait().expect("its end");
    }

    fn stop(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().expect("its end").success());
    }
}

#[test]
fn the_first_start_makes_a_safe_cluster_and_the_next_is_quick() {
    let scratch = Scratch::new();
    let begun = Instant::now();
    let cluster = Cluster::start(&scratch.data()).expect("first start");
    println!("first start: {:?}", begun.elapsed());
    remember(&cluster, "first");
    for (name, value) in [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("jit", "off"),
        ("server_encoding", "UTF8"),
        ("lc_ctype", "C.UTF-8"),
    ] {
        assert_eq!(setting(&cluster, name), value, "{name}");
    }
    let postgres = cluster.pid().expect("a process");
    cluster.stop();
    assert!(!alive(postgres), "PostgreSQL is still running");

    // the best of three: other tests are using the disk
    let restart = || {
        let begun = Instant::now();
        Cluster::start(&scratch.data()).expect("another start").stop();
        begun.elapsed()
    };
    let took = (0..3).map(|_| restart()).min().expect("three times");
    println!("restart and stop: {took:?}");
    let cluster = Cluster::start(&scratch.data()).expect("the last start");
    assert_eq!(remembered(&cluster), ["first"]);
}

#[test]
fn a_first_start_that_was_cut_short_is_done_again() {
    let scratch = Scratch::new();
    fs::create_dir_all(scratch.data()).expect("data");
    Cluster::start(&scratch.data()).expect("first start").stop();
    let home = scratch.data().join("postgres");
    fs::rename(home.join("data"), home.join("data.new")).expect("as if never finished");
    let cluster = Cluster::start(&scratch.data()).expect("a start from the beginning");
    remember(&cluster, "again");
    assert!(!home.join("data.new").exists());
}

#[test]
fn only_the_account_of_almoner_gets_in() {
    let scratch = Scratch::new();
    let cluster = Cluster::start(&scratch.data()).expect("a start");
    let socket = scratch.data().join("postgres/run");
    assert_eq!(socket.metadata().expect("the socket's folder").permissions().mode() & 0o777, 0o700);
    run(async {
        // the roles that migrations make can be used; until then PostgreSQL knows only its superuser
        connect(&cluster, DbRole::Admin).await.ping().await.expect("an answer");
    });
    if geteuid().is_root() {
        // PostgreSQL's own account may enter the folder, but the map does not let it in
        let owner = User::from_uid(socket.metadata().expect("metadata").uid().into()).expect("users").expect("owner");
        for user in [owner.name.as_str(), "nobody"] {
            let psql = cluster.binaries().expect("binaries").program("psql");
            let user = User::from_name(user).expect("users").expect("the user");
            let output = Command::new(psql)
                .args(["-c", "SELECT 1", &cluster.url(DbRole::Admin)])
                .uid(user.uid.as_raw())
                .gid(user.gid.as_raw())
                .output()
                .expect("psql");
            assert!(!output.status.success(), "{} got in", user.name);
        }
        let output =
            Command::new("psql").args(["-Atc", "SELECT 1", &cluster.url(DbRole::Admin)]).output().expect("psql");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n", "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_second_almoner_on_the_same_directory_is_told_so() {
    let scratch = Scratch::new();
    let first = Cluster::start(&scratch.data()).expect("the first");
    let error = Cluster::start(&scratch.data()).expect_err("the second");
    assert!(matches!(error, ClusterError::InUse { pid: Some(_), .. }), "{error:?}");
    assert!(error.to_string().starts_with("Another Almoner is already using "), "{error}");

    // a command attaches instead, and leaves PostgreSQL running
    let attached = Cluster::open(&scratch.data()).expect("attached");
    remember(&attached, "attached");
    attached.stop();
    assert_eq!(remembered(&first), ["attached"]);
}

#[test]
fn a_long_path_gets_a_short_socket() {
    let scratch = Scratch::new();
    let data = scratch.0.join("a-rather-long-name/".repeat(6)).join("data");
    let cluster = Cluster::start(&data).expect("a start");
    remember(&cluster, "long");
    assert_eq!(remembered(&cluster), ["long"]);
    let socket = PathBuf::from(setting(&cluster, "unix_socket_directories"));
    assert!(!socket.starts_with(&data));
    assert_eq!(socket.metadata().expect("metadata").permissions().mode() & 0o777, 0o700);
    cluster.stop();
    fs::remove_dir_all(socket).expect("removed");
}

#[test]
fn postgres_killed_while_serving_is_started_again() {
    let scratch = Scratch::new();
    let cluster = Cluster::start(&scratch.data()).expect("a start");
    remember(&cluster, "before");
    let killed = cluster.pid().expect("a process");
    kill(Pid::from_raw(killed), Signal::SIGKILL).expect("kill -9");
    let begun = Instant::now();
    wait_for("PostgreSQL is back", || run(PgConnection::connect_with(&cluster.options(DbRole::Admin))).is_ok());
    println!("back after kill -9: {:?}", begun.elapsed());
    assert_ne!(cluster.pid(), Some(killed));
    assert_eq!(remembered(&cluster), ["before"]);
}

/// The users to play Almoner: ourselves, and an ordinary user when we are root.
fn users() -> Vec<Option<&'static str>> {
    if geteuid().is_root() { vec![None, Some("nobody")] } else { vec![None] }
}

fn open_to(user: Option<&str>, scratch: &Scratch) {
    if let Some(user) = user {
        let user = User::from_name(user).expect("users").expect("the user");
        nix::unistd::chown(&scratch.0, Some(user.uid), Some(user.gid)).expect("chown");
    }
}

#[test]
fn killing_almoner_takes_postgres_along_and_the_next_start_recovers() {
    for user in users() {
        let scratch = Scratch::new();
        open_to(user, &scratch);
        let mut holder = Holder::start(&scratch, user).expect("a start");
        holder.kill();
        // straight away, while PostgreSQL is still going down
        let second = Holder::start(&scratch, user).expect("a start after kill -9");
        assert!(!alive(holder.postgres), "the old PostgreSQL is still running");
        assert_ne!(second.postgres, holder.postgres);
        second.stop();
    }
}

#[test]
fn killing_both_loses_nothing() {
    for user in users() {
        let scratch = Scratch::new();
        open_to(user, &scratch);
        let mut holder = Holder::start(&scratch, user).expect("a start");
        kill(Pid::from_raw(holder.postgres), Signal::SIGSTOP).expect("no time for a clean shutdown");
        holder.kill();
        kill(Pid::from_raw(holder.postgres), Signal::SIGKILL).expect("kill -9");
        assert!(scratch.data().join("postgres/data/postmaster.pid").exists(), "nothing was left behind");
        Holder::start(&scratch, user).expect("a start after both were killed").stop();
        if user.is_none() {
            let cluster = Cluster::start(&scratch.data()).expect("a start");
            assert_eq!(remembered(&cluster), ["holder", "holder"]);
        }
    }
}

#[test]
fn an_orphaned_postgres_is_stopped_and_replaced() {
    let scratch = Scratch::new();
    let mut holder = Holder::start(&scratch, None).expect("a start");
    // stopped, it does not hear the kernel's signal in time: as if it had been missed
    kill(Pid::from_raw(holder.postgres), Signal::SIGSTOP).expect("stopped");
    holder.kill();
    assert!(alive(holder.postgres));
    let orphan = holder.postgres;
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        kill(Pid::from_raw(orphan), Signal::SIGCONT).ok();
    });
    let cluster = Cluster::start(&scratch.data()).expect("a start");
    assert!(!alive(orphan));
    assert_eq!(remembered(&cluster), ["holder"]);
}

#[test]
fn a_stale_postmaster_file_that_names_a_stranger_is_no_obstacle() {
    let scratch = Scratch::new();
    let mut holder = Holder::start(&scratch, None).expect("a start");
    kill(Pid::from_raw(holder.postgres), Signal::SIGSTOP).expect("stopped");
    holder.kill();
    kill(Pid::from_raw(holder.postgres), Signal::SIGKILL).expect("kill -9");
    let file = scratch.data().join("postgres/data/postmaster.pid");
    let text = fs::read_to_string(&file).expect("left behind");
    wait_for("it is gone", || !alive(holder.postgres));
    // the number now belongs to a process of the same account that has nothing to do with us
    let owner = file.metadata().expect("metadata").uid();
    let mut stranger = Command::new("sleep").arg("60").uid(owner).spawn().expect("a stranger");
    let changed = text.replacen(&holder.postgres.to_string(), &stranger.id().to_string(), 1);
    fs::write(&file, changed).expect("written");
    let cluster = Cluster::start(&scratch.data()).expect("a start");
    assert_eq!(remembered(&cluster), ["holder"]);
    assert!(stranger.try_wait().expect("alive").is_none(), "the stranger was killed");
    stranger.kill().expect("its end");
    stranger.wait().expect("its end");
}

#[test]
fn another_users_cluster_is_refused_in_words() {
    if !geteuid().is_root() {
        return; // needs two users
    }
    let scratch = Scratch::new();
    let data = scratch.data();
    Cluster::start(&data).expect("as root").stop();
    let nobody = User::from_name("nobody").expect("users").expect("nobody");
    for path in [data.clone(), data.join("lock"), data.join("postgres")] {
        nix::unistd::chown(&path, Some(nobody.uid), None).expect("chown");
    }
    let error = Holder::start(&scratch, Some("nobody")).err().expect("refused");
    assert!(error.contains("but Almoner is running as nobody"), "{error}");
}

#[test]
fn root_keeps_the_database_elsewhere_when_postgres_cannot_reach_the_directory() {
    if !geteuid().is_root() {
        return; // an ordinary user's PostgreSQL reaches what its user reaches
    }
    let scratch = Scratch::new();
    fs::set_permissions(&scratch.0, fs::Permissions::from_mode(0o700)).expect("closed, as /root is");
    let cluster = Cluster::start(&scratch.data()).expect("a start");
    remember(&cluster, "elsewhere");
    cluster.stop();
    let link = fs::read_link(scratch.data().join("postgres")).expect("a link");
    assert!(link.starts_with("/var/lib/almoner"));
    assert_eq!(remembered(&Cluster::start(&scratch.data()).expect("again")), ["elsewhere"]);
    fs::remove_dir_all(link).expect("removed");
}
