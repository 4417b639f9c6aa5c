//! One PostgreSQL for the whole run, one template in it, and a copy of that for each test.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use almoner::app::App;
use almoner::db::cluster::{Cluster, DbRole};
use almoner::db::{self, Db};
use almoner::demo;
use almoner::files::Files;
use almoner::phi::{Keyring, MasterKey};
use secrecy::SecretString;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Executor, PgPool};

/// A master key that everybody knows.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Nothing here has to survive a power cut, and little of it is worth room on the disk.
const SETTINGS: &str = "fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 128MB
shared_buffers = 128MB
";

static SERVER: OnceLock<Server> = OnceLock::new();
static COPIES: AtomicU32 = AtomicU32::new(0);

/// A PostgreSQL with a migrated and filled template.
struct Server {
    place: Place,
    template: String,
}

/// Where it is: started by this run, or named by `TEST_DATABASE_URL` (a superuser).
enum Place {
    Own(Cluster),
    Given(PgConnectOptions),
}

impl Place {
    fn options(&self, role: DbRole) -> PgConnectOptions {
        match (self, role) {
            (Self::Own(cluster), role) => cluster.options(role),
            (Self::Given(options), DbRole::Admin) => options.clone(),
            (Self::Given(options), role) => options.clone().username(role.as_str()),
        }
    }
}

/// A database of one test.
pub struct TestDatabase {
    pub name: String,
    pub runtime: PgConnectOptions,
    /// As the superuser, past every policy: for arranging and for looking.
    pub admin: PgPool,
}

impl TestDatabase {
    /// Where a portal on it keeps files.
    pub fn files_dir(&self) -> PathBuf {
        files_dir(&self.name)
    }
}

fn files_dir(database: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("files-{database}"))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Files of runs that are over.
fn drop_left_files() {
    for entry in fs::read_dir(env!("CARGO_TARGET_TMPDIR")).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix("files-")?.split('_').nth(1));
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

impl Drop for TestDatabase {
    /// A hundred tests leave a gigabyte where each leaves its database.
    fn drop(&mut self) {
        fs::remove_dir_all(self.files_dir()).ok();
        let Some(Server { place, .. }) = SERVER.get() else { return };
        let (options, name) = (place.options(DbRole::Admin).database("postgres"), self.name.clone());
        // On a thread of its own: the runtime of the test may be ending, and nobody waits here.
        std::thread::spawn(move || {
            let own = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            own.block_on(async {
                let mut conn = options.connect().await.expect("PostgreSQL answers");
                run(&mut conn, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
            });
        });
    }
}

/// The keys of the demo data.
pub fn keyring() -> Keyring {
    Keyring::new(MasterKey::parse(&SecretString::from(MASTER_KEY)).expect("the key is well formed"))
}

/// A fresh copy of the template.
pub async fn fresh() -> TestDatabase {
    let server = server().await;
    let name = format!("test_{}_{}", std::process::id(), COPIES.fetch_add(1, Ordering::Relaxed));
    let mut conn =
        server.place.options(DbRole::Admin).database("postgres").connect().await.expect("PostgreSQL answers");
    run(&mut conn, &format!("CREATE DATABASE {name} TEMPLATE {}", server.template)).await;
    copy(&files_dir(&server.template), &files_dir(&name)).expect("the files of the demo are copied");
    let admin =
        PgPoolOptions::new().max_connections(4).connect_lazy_with(server.place.options(DbRole::Admin).database(&name));
    TestDatabase { runtime: server.place.options(DbRole::Runtime).database(&name), admin, name }
}

/// Runs statements that cannot be prepared.
pub async fn run(executor: impl Executor<'_>, sql: &str) {
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    executor.execute(sqlx::raw_sql(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn server() -> &'static Server {
    // Started on a thread with a runtime of its own: it outlives the runtime of the test that came first.
    tokio::task::spawn_blocking(|| SERVER.get_or_init(start)).await.expect("PostgreSQL starts")
}

fn start() -> Server {
    let place = match std::env::var("TEST_DATABASE_URL") {
        Ok(url) => Place::Given(PgConnectOptions::from_str(&url).expect("TEST_DATABASE_URL is an address")),
        Err(_) => Place::Own(own_cluster()),
    };
    let template = format!("template_{}", std::process::id());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(fill(&place, &template));
    Server { place, template }
}

/// A cluster of this run's own, so that no run waits for, or recovers from, what the one before has left; those of runs
/// that are over go.
fn own_cluster() -> Cluster {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix("postgres-"));
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // A PostgreSQL that still stops there ends at once. The cluster may be elsewhere, behind a link.
            fs::canonicalize(entry.path().join("postgres")).and_then(fs::remove_dir_all).ok();
            fs::remove_dir_all(entry.path()).ok();
        }
    }
    let own = all.join(format!("postgres-{}", std::process::id()));
    drop(Cluster::start(&own).expect("the cluster is made"));
    fs::write(own.join("postgres/extra.conf"), SETTINGS).expect("settings for PostgreSQL");
    Cluster::start(&own).expect("the cluster starts")
}

async fn fill(place: &Place, template: &str) {
    let mut conn = place.options(DbRole::Admin).database("postgres").connect().await.expect("PostgreSQL answers");
    drop_leftovers(&mut conn).await;
    run(&mut conn, &format!("CREATE DATABASE {template}")).await;
    let admin = place.options(DbRole::Admin).database(template);
    db::migrate(admin.clone()).await.expect("the migrations run");
    let database = Db::open(place.options(DbRole::Runtime).database(template));
    drop_left_files();
    let mut app = App::new(database, keyring(), std::env::temp_dir());
    app.files = Files::local(files_dir(template));
    demo::fill(&app, &admin).await.expect("the demo data goes in");
    app.db.close().await;
}

/// Databases of runs that are over.
async fn drop_leftovers(conn: &mut sqlx::PgConnection) {
    #[expect(clippy::disallowed_methods, reason = "tests reach past the application")]
    let names: Vec<String> = sqlx::query_scalar(
        r"SELECT datname FROM pg_database WHERE datname ~ '^(test|template)_\d+' AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = pg_database.datname)",
    )
    .fetch_all(&mut *conn)
    .await
    .expect("the list of databases");
    for name in names {
        let alive = name.split('_').nth(1).is_some_and(|pid| Path::new("/proc").join(pid).exists());
        if !alive {
            run(&mut *conn, &format!("DROP DATABASE IF EXISTS {name}")).await;
        }
    }
}
