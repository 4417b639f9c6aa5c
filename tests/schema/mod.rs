//! What the tests of the schema stand on: a PostgreSQL, databases in it, and SQL as text. The application is not involved.

use std::path::Path;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use almoner::db;
use almoner::db::cluster::{Cluster, DbRole};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection};
use tokio::sync::OnceCell;

static SERVER: OnceLock<Server> = OnceLock::new();
static TEMPLATE: OnceCell<Database> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Started by this run, or named by `TEST_DATABASE_URL` (a superuser).
enum Server {
    Own(Cluster),
    Given(PgConnectOptions),
}

impl Server {
    fn options(&self, role: DbRole) -> PgConnectOptions {
        match (self, role) {
            (Self::Own(cluster), role) => cluster.options(role),
            (Self::Given(options), DbRole::Admin) => options.clone(),
            (Self::Given(options), role) => options.clone().username(role.as_str()),
        }
    }
}

/// A database of one test.
#[derive(Clone, Debug)]
pub struct Database {
    name: String,
}

impl Database {
    /// An empty database.
    pub async fn empty() -> Self {
        Self::with("").await
    }

    /// A database with the whole schema in it.
    pub async fn migrated() -> Self {
        let template = TEMPLATE
            .get_or_init(|| async {
                let database = Self::empty().await;
                db::migrate(database.options(DbRole::Admin)).await.expect("the migrations run");
                database
            })
            .await;
        Self::with(&format!("TEMPLATE {}", template.name)).await
    }

    /// An empty database, made with options of `CREATE DATABASE`.
    pub async fn with(options: &str) -> Self {
        let first = SERVER.get().is_none();
        let server = tokio::task::spawn_blocking(|| SERVER.get_or_init(start)).await.expect("PostgreSQL starts");
        let name = format!("schema_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut conn = server.options(DbRole::Admin).database("postgres").connect().await.expect("PostgreSQL answers");
        if first {
            drop_leftovers(&mut conn).await;
        }
        run(&mut conn, &format!("CREATE DATABASE {name} {options}")).await.expect("a new database");
        Self { name }
    }

    /// How to connect to it.
    pub fn options(&self, role: DbRole) -> PgConnectOptions {
        SERVER.get().expect("started").options(role).database(&self.name)
    }

    /// A connection.
    pub async fn connect(&self, role: DbRole) -> PgConnection {
        self.options(role).connect().await.expect("PostgreSQL answers")
    }
}

fn start() -> Server {
    if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
        return Server::Given(PgConnectOptions::from_str(&url).expect("TEST_DATABASE_URL is an address"));
    }
    // One directory for each file of tests: they may run at the same time.
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(concat!("postgres-", env!("CARGO_CRATE_NAME")));
    Server::Own(Cluster::start(&directory).expect("the cluster starts"))
}

/// Databases of runs that are over: their names carry the process.
async fn drop_leftovers(conn: &mut PgConnection) {
    for name in lines(conn, "SELECT datname::text FROM pg_database WHERE datname ~ '^schema_[0-9]+_[0-9]+$'")
        .await
        .expect("the list")
    {
        let process = name.split('_').nth(1).unwrap_or_default();
        if !Path::new("/proc").join(process).exists() {
            // Another run may be dropping it too.
            run(conn, &format!("DROP DATABASE IF EXISTS {name}")).await.ok();
        }
    }
}

/// Runs one or more statements.
pub async fn run(conn: &mut PgConnection, sql: &str) -> sqlx::Result<u64> {
    #[expect(clippy::disallowed_methods, reason = "these tests are about SQL that the application cannot write")]
    let done = conn.execute(sqlx::raw_sql(sql)).await?;
    Ok(done.rows_affected())
}

/// The rows of a query with one text column.
pub async fn lines(conn: &mut PgConnection, sql: &str) -> sqlx::Result<Vec<String>> {
    #[expect(clippy::disallowed_methods, reason = "these tests are about SQL that the application cannot write")]
    sqlx::query_scalar::<_, String>(sql).fetch_all(conn).await
}
