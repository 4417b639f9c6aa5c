//! `almoner serve`: from nothing to a running portal, and back to nothing without losing a request.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::cli::{self, UserCommand};
use crate::app::{self, App};
use crate::audit::{self, cli::AuditCommand};
use crate::config::{Common, Serve};
use crate::db::{self, Db, Source};
use crate::ingest::cli::ServiceAccountCommand;
use crate::outbox::Courier;
use crate::phi::{Keyring, MasterKey};
use crate::visits::video::ice::Ice;
use crate::web::assets;
use crate::{demo, ingest, jobs, server, telemetry};

/// Serves until told to stop.
///
/// # Errors
/// Where the set-up does not allow it; the message says what to do.
pub async fn run(common: &Common, serve: &Serve) -> anyhow::Result<()> {
    let source = tokio::task::block_in_place(|| Source::serve(common))?;
    prepare_schema(&source).await?;
    let app = application(common, serve, &source)?;
    if serve.demo {
        demo::fill(&app, &source.admin).await?;
    }
    let listener =
        TcpListener::bind(serve.listen).await.with_context(|| format!("cannot listen on {}", serve.listen))?;
    announce(serve, &app);
    assets::prepare();
    let stop = CancellationToken::new();
    let background = if serve.no_jobs { TaskTracker::new() } else { start_jobs(&app, &stop) };
    let metrics = start_metrics(serve.metrics_listen, &app).await?;
    server::serve(listener, app::router(&app)?, Arc::clone(&app.ready), server::stop_signal()).await?;
    stop.cancel();
    background.close();
    background.wait().await;
    if let Some(metrics) = metrics {
        metrics.await??;
    }
    app.db.close().await;
    tokio::task::block_in_place(|| drop(source));
    Ok(())
}

/// `almoner migrate`.
///
/// # Errors
/// Where the database does not answer or a migration fails.
pub async fn migrate(common: &Common) -> anyhow::Result<()> {
    let source = tokio::task::block_in_place(|| Source::command(common))?;
    db::migrate(source.admin.clone()).await?;
    println!("The database schema is up to date.");
    Ok(())
}

/// `almoner user`.
///
/// # Errors
/// In words, for whoever typed the command.
pub async fn user(common: &Common, command: &UserCommand) -> anyhow::Result<()> {
    let source = tokio::task::block_in_place(|| Source::command(common))?;
    prepare_schema(&source).await?;
    let keys = Keyring::new(master_key(common, source.is_private())?);
    let db = Db::open(source.runtime.clone());
    let done = cli::run(command, &db, &keys).await;
    db.close().await;
    tokio::task::block_in_place(|| drop(source));
    done
}

/// `almoner audit`.
///
/// # Errors
/// Where the audit is not as it was sealed.
pub async fn audit(common: &Common, command: &AuditCommand) -> anyhow::Result<()> {
    let source = tokio::task::block_in_place(|| Source::command(common))?;
    let keys = Keyring::new(master_key(common, source.is_private())?);
    let db = Db::open(source.runtime.clone());
    let done = audit::cli::run(command, &db, &keys, &common.data_dir).await;
    db.close().await;
    tokio::task::block_in_place(|| drop(source));
    done
}

/// `almoner service-account`.
///
/// # Errors
/// In words, for whoever typed the command.
pub async fn service_account(common: &Common, command: &ServiceAccountCommand) -> anyhow::Result<()> {
    let source = tokio::task::block_in_place(|| Source::command(common))?;
    prepare_schema(&source).await?;
    let keys = Keyring::new(master_key(common, source.is_private())?);
    let app = App::new(Db::open(source.runtime.clone()), keys, common.data_dir.clone());
    let done = ingest::cli::run(&app, command).await;
    app.db.close().await;
    tokio::task::block_in_place(|| drop(source));
    done
}

/// The application on the database of `source`, without anything running yet.
///
/// # Errors
/// Where the master key is missing or damaged.
pub fn application(common: &Common, serve: &Serve, source: &Source) -> anyhow::Result<App> {
    let keys = Keyring::new(master_key(common, source.is_private())?);
    let mut app = App::new(Db::open(source.runtime.clone()), keys, common.data_dir.clone());
    app.files = common.files()?;
    app.demo = serve.demo;
    app.public_url = serve.public_url.clone().map(Arc::new);
    app.trusted_proxies = serve.trusted_proxies.clone().into();
    let portal = serve.public_url.clone().or_else(|| format!("http://{}", serve.listen).parse().ok());
    app.courier = Arc::new(Courier::new(&serve.outbox, portal)?);
    app.ice = Arc::new(Ice::new(&serve.video)?);
    Ok(app)
}

/// The key from the environment, else from the file. Only a private instance may make one: a replica that made
/// its own could read nothing and would write what nobody else can read.
pub(crate) fn master_key(common: &Common, private: bool) -> anyhow::Result<MasterKey> {
    if let Some(text) = &common.master_key {
        return MasterKey::parse(text).context("ALMONER_MASTER_KEY is not a key");
    }
    let file = common.data_dir.join("keys/master.key");
    let open = if private { MasterKey::from_file_or_new } else { |path: &Path| MasterKey::from_file(path) };
    open(&file).with_context(|| format!("the master key {} cannot be used", file.display()))
}

/// A private database is brought up to date; somebody else's is only looked at.
pub(crate) async fn prepare_schema(source: &Source) -> anyhow::Result<()> {
    if source.is_private() {
        return db::migrate(source.admin.clone()).await;
    }
    let pending = db::pending_migrations(&source.admin).await?;
    ensure!(pending == 0, "the database is {pending} migrations behind this program: run `almoner migrate` first");
    Ok(())
}

fn announce(serve: &Serve, app: &App) {
    if app.demo {
        println!("DEMO: the people and records here are made up. Do not put real ones in.");
    }
    println!("Almoner is at http://{}", serve.listen);
}

/// Timers and workers, until `stop`.
fn start_jobs(app: &App, stop: &CancellationToken) -> TaskTracker {
    let tasks = TaskTracker::new();
    tasks.spawn(jobs::schedule::run(app.clone(), jobs::work::all(), stop.clone()));
    tasks.spawn(jobs::Worker::new(app.clone(), jobs::work::all()).run(stop.clone()));
    tasks
}

/// Metrics on an address of their own, where one is given.
async fn start_metrics(
    listen: Option<SocketAddr>,
    app: &App,
) -> anyhow::Result<Option<JoinHandle<anyhow::Result<()>>>> {
    let Some(address) = listen else { return Ok(None) };
    let handle = telemetry::metrics()?;
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} for metrics"))?;
    let ready = Arc::clone(&app.ready);
    Ok(Some(tokio::spawn(async move { telemetry::serve_metrics(listener, handle, &ready).await })))
}
