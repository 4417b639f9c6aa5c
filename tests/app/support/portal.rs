//! A portal on a database of its own, listening on a port of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use almoner::app::{self, App};
use almoner::clock::Clock;
use almoner::db::Db;
use almoner::files::Files;
use almoner::server;
use sqlx::PgPool;
use tokio::net::TcpListener;

use super::browser::Browser;
use super::database::{self, TestDatabase};

/// A running portal. It ends with the test.
pub struct Portal {
    /// What the portal itself works with.
    pub app: App,
    /// The superuser's view of its database, past every policy.
    pub admin: PgPool,
    address: SocketAddr,
    database: Arc<TestDatabase>,
}

impl Portal {
    /// A portal with the demo data.
    pub async fn start() -> Self {
        Self::start_at(Clock::System).await
    }

    /// A portal with the demo data, whose clock says what the test wants.
    pub async fn start_at(clock: Clock) -> Self {
        Self::on(Arc::new(database::fresh().await), clock, |_| ()).await
    }

    /// A portal with the demo data, set up as the test wants.
    pub async fn start_with(set_up: impl FnOnce(&mut App)) -> Self {
        Self::on(Arc::new(database::fresh().await), Clock::System, set_up).await
    }

    /// Waits until what is committed is heard by the streams that are open.
    pub async fn listens(&self) {
        let begun = std::time::Instant::now();
        while !self.app.live.is_listening() {
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "nobody listens");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }

    /// Where this portal keeps files.
    pub fn files_dir(&self) -> std::path::PathBuf {
        self.database.files_dir()
    }

    /// Another replica on the same database.
    pub async fn replica(&self) -> Self {
        self.replica_with(|_| ()).await
    }

    /// Another replica on the same database, set up as the test wants.
    pub async fn replica_with(&self, set_up: impl FnOnce(&mut App)) -> Self {
        Self::on(Arc::clone(&self.database), self.app.clock.clone(), set_up).await
    }

    /// A browser where nobody has signed in.
    pub fn visitor(&self) -> Browser {
        Browser::new(self.address)
    }

    /// A browser signed in as the demo account of `role`, in lower case: `clinician`.
    pub async fn sign_in(&self, role: &str) -> Browser {
        let browser = self.visitor();
        browser.sign_in(&format!("{role}@example.com")).await;
        browser
    }

    /// How to reach this portal's database with the login of the portal.
    pub fn runtime_options(&self) -> sqlx::postgres::PgConnectOptions {
        self.database.runtime.clone()
    }

    /// The name of this portal's database.
    pub fn database_name(&self) -> &str {
        &self.database.name
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    async fn on(database: Arc<TestDatabase>, clock: Clock, set_up: impl FnOnce(&mut App)) -> Self {
        let mut app = App::new(Db::open(database.runtime.clone()), database::keyring(), std::env::temp_dir());
        app.clock = clock;
        app.demo = true;
        app.files = Files::local(database.files_dir());
        set_up(&mut app);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (router, ready) = (app::router(&app).expect("a router"), Arc::clone(&app.ready));
        tokio::spawn(async move { server::serve(listener, router, ready, std::future::pending()).await });
        Self { app, admin: database.admin.clone(), address, database }
    }
}
