//! `almoner seed`: made-up patients, alerts, cases, visits, messages and readings by the hundred thousand, to measure with.
//!
//! They go into an organization of their own, beside the demo or into an empty database, never beside real records.
//! One task makes batches while two connections write them; what is protected is sealed like any other record.

mod alerts;
mod cases;
mod clinic;
mod ground;
mod messages;
mod people;
mod portal;
mod random;
mod readings;
mod requests;
mod visits;
mod words;

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::sync::{Mutex, mpsc};

use crate::config::{Common, Seed};
use crate::db::Source;
use crate::phi::Keyring;
use crate::serve;

use clinic::Clinic;
use ground::Ground;

/// Rows per statement: large enough that the round trip does not matter, small enough to stay in the cache.
const BATCH: usize = 2_000;
/// Connections that write at once.
const WRITERS: usize = 2;
/// Conversations of each patient who writes.
const CONVERSATIONS: usize = 10;
/// How often progress is told.
const TELL: Duration = Duration::from_secs(2);

/// Rows on their way into the database.
enum Batch {
    People(Box<people::People>),
    Alerts(Box<alerts::Alerts>),
    Cases(Box<cases::Cases>),
    Visits(Box<visits::Visits>),
    Requests(Box<requests::Requests>),
    Accounts(Box<portal::Accounts>),
    Threads(Box<messages::Threads>),
    Messages(Box<messages::Messages>),
    Readings(Box<readings::Readings>),
}

/// Fills the database of `common`.
///
/// # Errors
/// Where it holds real records, cannot be reached, or refuses a row.
pub async fn run(common: &Common, wanted: &Seed) -> anyhow::Result<()> {
    let source = tokio::task::block_in_place(|| Source::command(common))?;
    serve::prepare_schema(&source).await?;
    let keys = Arc::new(Keyring::new(serve::master_key(common, source.is_private())?));
    let ground = Arc::new(ground::prepare(&source.admin, &keys, wanted.facilities.max(1)).await?);
    let started = Instant::now();
    let boards = if wanted.cases > 0 { cases::boards(&source.admin, &ground).await? } else { Vec::new() };
    let rows = fill(&source.admin, &ground, boards, &keys, wanted).await?;
    let took = started.elapsed();
    println!("Wrote {rows} rows in {:.1} s: {:.0} rows/s.", took.as_secs_f64(), per_second(rows, took));
    println!("Vacuuming and analysing …");
    vacuum(&source.admin).await?;
    println!("Done. Sign in as {} with the password of the demo.", ground::FIRST_ACCOUNT);
    tokio::task::block_in_place(|| drop(source));
    Ok(())
}

/// Makes and writes everything; how many rows it was.
async fn fill(
    admin: &PgConnectOptions,
    ground: &Arc<Ground>,
    boards: Vec<cases::Board>,
    keys: &Arc<Keyring>,
    wanted: &Seed,
) -> anyhow::Result<u64> {
    let written = Arc::new(AtomicU64::new(0));
    let telling = tokio::spawn(tell(Arc::clone(&written)));
    let ids = Arc::new({
        let (ground, keys, count) = (Arc::clone(ground), Arc::clone(keys), wanted.patients as usize);
        write(admin, ground.clone(), &written, move |send| {
            people::make(&ground, &keys, count, BATCH, |batch| send(Batch::People(Box::new(batch))))
        })
        .await?
    });
    let (maker, patients, size) = (Arc::clone(ground), Arc::clone(&ids), wanted.clone());
    write(admin, Arc::clone(ground), &written, move |send| {
        alerts::make(&maker, &patients, &size, BATCH, |batch| send(Batch::Alerts(Box::new(batch))));
        Ok(())
    })
    .await?;
    let (maker, sealer, size, patients) = (Arc::clone(ground), Arc::clone(keys), wanted.clone(), Arc::clone(&ids));
    write(admin, Arc::clone(ground), &written, move |send| {
        cases::make(&maker, &boards, &sealer, &patients, &size, BATCH, |batch| send(Batch::Cases(Box::new(batch))))
    })
    .await?;
    if wanted.visits > 0 || wanted.messages > 0 || wanted.readings > 0 {
        let clinics = Arc::new(clinic::open(admin, ground, &ids).await?);
        fill_visits(admin, ground, &clinics, wanted, &written).await?;
        fill_messages(admin, ground, &clinics, keys, wanted, &written).await?;
        let (maker, total) = (Arc::clone(ground), wanted.readings as usize);
        write(admin, Arc::clone(ground), &written, move |send| {
            readings::make(&maker, &clinics, total, BATCH, |batch| send(Batch::Readings(Box::new(batch))));
            Ok(())
        })
        .await?;
    }
    telling.abort();
    Ok(written.load(Ordering::Relaxed))
}

/// Visits, and the queue of requests.
async fn fill_visits(
    admin: &PgConnectOptions,
    ground: &Arc<Ground>,
    clinics: &Arc<Vec<Clinic>>,
    wanted: &Seed,
    written: &Arc<AtomicU64>,
) -> anyhow::Result<()> {
    let mut conn = connect(admin, ground).await?;
    let before = visits::first_day(&mut conn, ground).await?;
    conn.close().await?;
    let (maker, places, total) = (Arc::clone(ground), Arc::clone(clinics), wanted.visits as usize);
    let spare = write(admin, Arc::clone(ground), written, move |send| {
        Ok(visits::make(&maker, &places, total, before, BATCH, |batch| send(Batch::Visits(Box::new(batch)))))
    })
    .await?;
    let (maker, places) = (Arc::clone(ground), Arc::clone(clinics));
    write(admin, Arc::clone(ground), written, move |send| {
        requests::make(&maker, &places, total, &spare, |batch| send(Batch::Requests(Box::new(batch))));
        Ok(())
    })
    .await
}

/// The accounts of patients, and what was written.
async fn fill_messages(
    admin: &PgConnectOptions,
    ground: &Arc<Ground>,
    clinics: &Arc<Vec<Clinic>>,
    keys: &Arc<Keyring>,
    wanted: &Seed,
    written: &Arc<AtomicU64>,
) -> anyhow::Result<()> {
    let total = (wanted.messages as usize).div_ceil(messages::MESSAGES);
    let (maker, places) = (Arc::clone(ground), Arc::clone(clinics));
    let accounts = (total / CONVERSATIONS).max(clinics.len());
    write(admin, Arc::clone(ground), written, move |send| {
        portal::make(&maker, &places, accounts, BATCH, |batch| send(Batch::Accounts(Box::new(batch))));
        Ok(())
    })
    .await?;
    let people = Arc::new(portal::people(admin, ground, clinics).await?);
    let (maker, places, writers) = (Arc::clone(ground), Arc::clone(clinics), Arc::clone(&people));
    let talks = write(admin, Arc::clone(ground), written, move |send| {
        let send = |batch| send(Batch::Threads(Box::new(batch)));
        Ok(messages::threads(&maker, &places, &writers, total, BATCH, send))
    })
    .await?;
    let (maker, places, keys) = (Arc::clone(ground), Arc::clone(clinics), Arc::clone(keys));
    write(admin, Arc::clone(ground), written, move |send| {
        let send = |batch| send(Batch::Messages(Box::new(batch)));
        messages::messages(&maker, &places, &people, &keys, &talks, BATCH, send)
    })
    .await
}

/// Runs `make` on a thread of its own and writes what it sends.
async fn write<T: Send + 'static>(
    admin: &PgConnectOptions,
    ground: Arc<Ground>,
    written: &Arc<AtomicU64>,
    make: impl FnOnce(&dyn Fn(Batch)) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let (sender, receiver) = mpsc::channel(WRITERS);
    let maker = tokio::task::spawn_blocking(move || {
        // A writer that failed has hung up and tells why itself.
        make(&|batch| drop(sender.blocking_send(batch)))
    });
    let receiver = Arc::new(Mutex::new(receiver));
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| tokio::spawn(writer(admin.clone(), Arc::clone(&ground), Arc::clone(&receiver), Arc::clone(written))))
        .collect();
    // The receiver is theirs alone: when they fail, the maker notices.
    drop(receiver);
    for writer in writers {
        writer.await??;
    }
    maker.await?
}

async fn writer(
    admin: PgConnectOptions,
    ground: Arc<Ground>,
    batches: Arc<Mutex<mpsc::Receiver<Batch>>>,
    written: Arc<AtomicU64>,
) -> anyhow::Result<()> {
    let mut conn = connect(&admin, &ground).await?;
    loop {
        let next = batches.lock().await.recv().await;
        let rows = match next {
            Some(Batch::People(people)) => people::write(&mut conn, &ground, &people).await?,
            Some(Batch::Alerts(alerts)) => alerts::write(&mut conn, &ground, &alerts).await?,
            Some(Batch::Cases(cases)) => cases::write(&mut conn, &ground, &cases).await?,
            Some(Batch::Visits(visits)) => visits::write(&mut conn, &ground, &visits).await?,
            Some(Batch::Requests(requests)) => requests::write(&mut conn, &ground, &requests).await?,
            Some(Batch::Accounts(accounts)) => portal::write(&mut conn, &ground, &accounts).await?,
            Some(Batch::Threads(threads)) => messages::write_threads(&mut conn, &ground, &threads).await?,
            Some(Batch::Messages(messages)) => messages::write_messages(&mut conn, &ground, &messages).await?,
            Some(Batch::Readings(readings)) => readings::write(&mut conn, &ground, &readings).await?,
            None => break,
        };
        written.fetch_add(rows, Ordering::Relaxed);
    }
    Ok(conn.close().await?)
}

/// A connection as the owner of the tables, inside the organization.
async fn connect(admin: &PgConnectOptions, ground: &Ground) -> anyhow::Result<PgConnection> {
    let mut conn = admin.connect().await.context("cannot connect to the database to fill it")?;
    // A power cut costs no more than the last batch of made-up rows.
    let settings =
        format!("SET ROLE almoner_owner; SET app.ctx = '{}|||*'; SET synchronous_commit = off", ground.organization);
    run_sql(&mut conn, &settings).await?;
    Ok(conn)
}

async fn vacuum(admin: &PgConnectOptions) -> anyhow::Result<()> {
    let mut conn = admin.connect().await.context("cannot connect to the database to vacuum it")?;
    run_sql(&mut conn, "SET ROLE almoner_owner").await?;
    let tables = [
        "patient",
        "patient_contact",
        "condition",
        "allergy",
        "care_team_member",
        "alert",
        "cases",
        "status_change",
        "comment",
        "audit_event",
        "staff",
        "availability",
        "slot",
        "visit",
        "visit_participant",
        "visit_request",
        "app_user",
        "membership",
        "portal_account",
        "thread",
        "thread_participant",
        "message",
        "observation",
    ];
    for table in tables {
        run_sql(&mut conn, &format!("VACUUM (ANALYZE) {table}")).await?;
    }
    Ok(conn.close().await?)
}

/// Runs statements that cannot be prepared.
async fn run_sql(conn: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "settings and VACUUM cannot be prepared")]
    conn.execute(sqlx::raw_sql(sql)).await?;
    Ok(())
}

/// Says how far it is, on one line where a person watches.
async fn tell(written: Arc<AtomicU64>) {
    let started = Instant::now();
    let mut before = 0;
    loop {
        tokio::time::sleep(TELL).await;
        let rows = written.load(Ordering::Relaxed);
        let lead = if std::io::stderr().is_terminal() { "\r" } else { "" };
        let end = if lead.is_empty() { "\n" } else { "" };
        eprint!(
            "{lead}{rows} rows after {} s, {:.0} rows/s{end}",
            started.elapsed().as_secs(),
            per_second(rows - before, TELL)
        );
        before = rows;
    }
}

fn per_second(rows: u64, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rows = rows as f64;
    rows / took.as_secs_f64().max(0.001)
}
