//! `script/bench`: measures the portal against PostgreSQL itself, and writes the table of `docs/performance.md`.
//!
//! One thread asks over eight kept-alive connections, in the same machine as the portal and its database. Then
//! pgbench runs the statements that the portal was seen to run. Everything is the release build, with fsync on.

mod app;
mod database;
mod days;
mod files;
mod http;
mod ingestion;
mod measure;
mod pgbench;
mod plans;
mod processor;
mod races;
mod report;
mod scenario;
mod statements;
mod weights;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use almoner::db::cluster::{Cluster, DbRole};
use anyhow::{Context as _, Result};
use clap::Parser;
use sqlx::{ConnectOptions as _, PgConnection};

use app::Portal;
use database::Size;
use http::Connection;
use measure::{Figures, Plan};
use report::{Line, Report};
use scenario::{Group, Scenario};
use statements::{Log, Statement};

/// Requests of each kind whose statements pgbench repeats in turn.
const CAPTURED: usize = 8;
/// Connections of the run in which requests hardly wait for each other.
pub const CALM: usize = 2;
const LARGE: Size = Size {
    name: "large",
    patients: 200_000,
    alerts: 1_000_000,
    open: 40_000,
    cases: 200_000,
    visits: 1_000_000,
    messages: 5_000_000,
    readings: 10_000_000,
};
/// A twentieth, and a tenth of the readings.
const SMALL: Size = Size {
    name: "small",
    patients: 10_000,
    alerts: 50_000,
    open: 2_000,
    cases: 10_000,
    visits: 50_000,
    messages: 250_000,
    readings: 1_000_000,
};

/// How to measure.
#[derive(Debug, Parser)]
struct Options {
    /// Cargo says so.
    #[arg(long, hide = true)]
    bench: bool,
    /// Length of one run in seconds.
    #[arg(long, env = "BENCH_SECONDS", default_value_t = 10)]
    seconds: u64,
    /// Runs of which the median counts.
    #[arg(long, env = "BENCH_RUNS", default_value_t = 3)]
    runs: usize,
    /// Connections of the portal's users, and of pgbench.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// Seconds before the first run that are not counted.
    #[arg(long, default_value_t = 3)]
    warm_up: u64,
    /// The portal.
    #[arg(long, default_value = "target/release/almoner")]
    program: PathBuf,
    /// pgbench, of the same version as the server.
    #[arg(long, default_value = "pgbench")]
    pgbench: PathBuf,
    /// Where the databases are kept.
    #[arg(long, default_value = "target/bench")]
    root: PathBuf,
    /// The port to listen on.
    #[arg(long, default_value_t = 3999)]
    port: u16,
    /// Measure the large database only, and write nothing into docs/.
    #[arg(long)]
    brief: bool,
    /// Make only one in so many of the visits, messages and readings, where time or disk is short. Says so nowhere: write it beside the figures.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    share: u32,
    /// Measure only the pages whose label contains this, in any case, and write nothing into docs/.
    #[arg(long)]
    only: Option<String>,
}

impl Options {
    /// Whether `--only` leaves this.
    fn wants(&self, label: &str) -> bool {
        self.only.as_ref().is_none_or(|only| label.to_lowercase().contains(&only.to_lowercase()))
    }
}

fn main() -> Result<()> {
    let options = Options::parse();
    // One thread: the machine's cores are for what is measured.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(bench(&options))
}

async fn bench(options: &Options) -> Result<()> {
    std::fs::create_dir_all(&options.root)?;
    let mut report = Report::default();
    if options.wants(files::LABEL) {
        report.files = files::measure(options).await?;
        if options.only.is_some() {
            report.print_documents();
            return Ok(());
        }
    }
    let large = database::prepare(&options.program, &options.root, LARGE.shared(options.share))?;
    let brief = options.brief || options.only.is_some();
    let small = if brief {
        None
    } else {
        Some(database::prepare(&options.program, &options.root, SMALL.shared(options.share))?)
    };
    // Only the readings that come in are measured with the jobs running: a short look does not wait for them to have sealed everything.
    for data in [Some(&large), small.as_ref()].into_iter().flatten().filter(|_| !brief) {
        settle(options, data).await?;
    }
    let mut bench = Bench::start(options, &large).await?;
    report.start = bench.portal.start;
    let chart = bench.sample_patient().await?;
    report.weights = weights::weigh(&mut bench.connections[0], &chart).await?;
    for scenario in Scenario::ALL.into_iter().filter(|scenario| scenario.is_wanted(options)) {
        report.lines.push(bench.measure(scenario, true).await?);
    }
    if options.wants(races::LABEL) {
        report.race = Some(races::measure(&mut bench.admin, &bench.connections[0], options.runs).await?);
    }
    report.memory = bench.portal.memory()?;
    report.plans = std::mem::take(&mut bench.plans);
    bench.stop().await?;
    if options.wants(ingestion::LABEL) {
        report.ingestion = Some(ingestion::measure(options, &large).await?);
    }
    if let Some(small) = small {
        let mut bench = Bench::start(options, &small).await?;
        for scenario in Scenario::ALL {
            report.small.push(bench.measure(scenario, false).await?.portal);
        }
        bench.stop().await?;
    }
    report.print();
    std::fs::write(options.root.join("plans.txt"), &report.plans)?;
    println!("The plans of all statements are in {}.", options.root.join("plans.txt").display());
    if brief { Ok(()) } else { report.write(Path::new("docs/performance.md")) }
}

/// Lets the jobs seal what a new database brought into the audit.
async fn settle(options: &Options, data: &Path) -> Result<()> {
    let portal = Portal::start_with_jobs(&options.program, data, options.port).await?;
    database::settle(&mut Cluster::open(data)?.options(DbRole::Admin).connect().await?).await?;
    portal.stop()
}

/// A connection for each account.
async fn everybody(portal: &Portal, emails: &[String]) -> Result<Vec<Connection>> {
    let mut connections = Vec::new();
    for email in emails {
        connections.push(Connection::sign_in(portal.address, email).await?);
    }
    Ok(connections)
}

/// A running portal with everybody signed in.
struct Bench<'a> {
    options: &'a Options,
    portal: Portal,
    cluster: Cluster,
    admin: PgConnection,
    data: PathBuf,
    emails: Vec<String>,
    connections: Vec<Connection>,
    /// Who else asks, with their connections.
    others: Vec<(Group, Vec<String>, Vec<Connection>)>,
    plans: String,
}

impl<'a> Bench<'a> {
    async fn start(options: &'a Options, data: &Path) -> Result<Self> {
        let portal = Portal::start(&options.program, data, options.port).await?;
        let cluster = Cluster::open(data)?;
        let mut admin = cluster.options(DbRole::Admin).connect().await?;
        // Sign-ins of earlier runs are nobody's guesses.
        database::run_sql(&mut admin, "DELETE FROM rate_limit; CHECKPOINT").await?;
        let emails: Vec<String> = (1..=options.connections)
            .map(|n| if n == 1 { "bench@example.com".into() } else { format!("bench.{n:02}@example.com") })
            .collect();
        let chairs: Vec<String> =
            (1..=options.connections).map(|n| format!("chair.{n:02}@bench.example.com")).collect();
        let patients = days::patients(&mut admin, options.connections).await?;
        let connections = everybody(&portal, &emails).await?;
        let mut others = Vec::new();
        for (group, emails) in [(Group::Chairs, chairs), (Group::Patients, patients)] {
            let connections = everybody(&portal, &emails).await?;
            others.push((group, emails, connections));
        }
        let data = data.to_owned();
        Ok(Self { options, portal, cluster, admin, data, emails, connections, others, plans: String::new() })
    }

    async fn stop(self) -> Result<()> {
        drop(self.admin);
        drop(self.connections);
        drop(self.others);
        self.portal.stop()
    }

    async fn requests(&mut self, scenario: Scenario) -> Result<Vec<Plan>> {
        match scenario {
            Scenario::Triage => Ok(plans::triage(&self.connections)),
            Scenario::Chart => plans::charts(&mut self.admin, &self.connections, &self.emails, false).await,
            Scenario::HeavyChart => plans::charts(&mut self.admin, &self.connections, &self.emails, true).await,
            Scenario::Search => plans::searches(&mut self.connections).await,
            Scenario::Acknowledgement => {
                plans::acknowledgements(&mut self.admin, &self.connections, &self.emails).await
            }
            Scenario::CaseList => Ok(plans::case_lists(&self.connections)),
            Scenario::CasePage => plans::cases(&mut self.admin, &self.connections, &self.emails).await,
            Scenario::SensorChart => days::sensors(&mut self.admin, &self.connections, &self.emails, false).await,
            Scenario::Year => days::sensors(&mut self.admin, &self.connections, &self.emails, true).await,
            Scenario::Week => days::weeks(&mut self.admin, &self.connections, &self.emails).await,
            Scenario::Requests => Ok(days::requests(&self.connections)),
            Scenario::Inbox => Ok(days::inboxes(&self.connections)),
            Scenario::Thread => days::threads(&mut self.admin, &self.connections, &self.emails).await,
            Scenario::PortalHome => Ok(days::homes(&self.connections)),
        }
    }

    /// Lets another group ask instead of the clinicians, or these again.
    fn change_places(&mut self, with: Group) {
        if let Some((_, emails, connections)) = self.others.iter_mut().find(|(group, ..)| *group == with) {
            std::mem::swap(&mut self.emails, emails);
            std::mem::swap(&mut self.connections, connections);
        }
    }

    async fn sample_patient(&mut self) -> Result<String> {
        let plans = plans::charts(&mut self.admin, &self.connections, &self.emails, true).await?;
        let line = String::from_utf8_lossy(&plans[0].requests[0]).into_owned();
        Ok(line.split(' ').nth(1).context("a path")?.to_owned())
    }

    /// The portal's figures, and pgbench's where it is asked for.
    async fn measure(&mut self, scenario: Scenario, compare: bool) -> Result<Line> {
        self.change_places(scenario.group());
        let line = self.measure_as_they_sit(scenario, compare).await;
        self.change_places(scenario.group());
        line
    }

    async fn measure_as_they_sit(&mut self, scenario: Scenario, compare: bool) -> Result<Line> {
        eprintln!("{} …", scenario.label());
        for connection in &mut self.connections {
            connection.reopen().await?;
        }
        let portal = self.portal_figures(scenario).await?;
        let mut line = Line { label: scenario.label(), portal, calm: None, pgbench: None };
        if compare {
            line.calm = Some(self.calm_figures(scenario).await?);
            let statements = self.capture(scenario).await?;
            if let Some(first) = statements.first() {
                let plans = database::explain(&self.cluster.options(DbRole::Runtime), first).await?;
                writeln!(self.plans, "==== {} ====\n\n{plans}", scenario.label())?;
            }
            if scenario != Scenario::Acknowledgement {
                line.pgbench = Some(self.pgbench_figures(&statements)?);
            }
        }
        Ok(line)
    }

    async fn portal_figures(&mut self, scenario: Scenario) -> Result<Figures> {
        let length = Duration::from_secs(self.options.seconds);
        let mut runs = Vec::new();
        for number in 0..=self.options.runs {
            let plans = self.requests(scenario).await?;
            let warm_up = number == 0;
            if warm_up && plans.iter().any(|plan| plan.once) {
                continue;
            }
            let length = if warm_up { Duration::from_secs(self.options.warm_up) } else { length };
            let before = self.portal.processor(&self.data)?;
            let mut figures = measure::run(&mut self.connections, &plans, length).await?;
            figures.processor = self.portal.processor(&self.data)?.per_request(before, figures.requests);
            if !warm_up {
                let (portal, database) = figures.processor;
                eprintln!(
                    "  {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, processor {portal:.2} + {database:.2} ms",
                    figures.rate, figures.p50, figures.p99
                );
                runs.push(figures);
            }
            if scenario == Scenario::Acknowledgement {
                self.take_back().await?;
            }
        }
        Ok(measure::median(runs))
    }

    /// One run in which nobody waits for a processor: as many ask at once as the machine has.
    async fn calm_figures(&mut self, scenario: Scenario) -> Result<Figures> {
        let plans = self.requests(scenario).await?;
        let length = Duration::from_secs(self.options.seconds);
        let people = CALM.min(self.connections.len());
        let figures = measure::run(&mut self.connections[..people], &plans[..people], length).await?;
        eprintln!("  {CALM} at a time: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms", figures.rate, figures.p50, figures.p99);
        if scenario == Scenario::Acknowledgement {
            self.take_back().await?;
        }
        Ok(figures)
    }

    /// Undoes what the acknowledgements did, so that the next run finds the same.
    async fn take_back(&mut self) -> Result<()> {
        let sql = "UPDATE alert SET status = 'ACTIVE', acknowledged_at = NULL, acknowledged_by_id = NULL, ack_expires_at = NULL
                   WHERE status = 'ACKNOWLEDGED' AND acknowledged_at > now() - INTERVAL '10 minutes'";
        database::run_sql(&mut self.admin, sql).await?;
        database::run_sql(&mut self.admin, "VACUUM (ANALYZE) alert").await?;
        database::run_sql(&mut self.admin, "CHECKPOINT").await
    }

    async fn capture(&mut self, scenario: Scenario) -> Result<Vec<Vec<Statement>>> {
        let plans = self.requests(scenario).await?;
        let log = Log::start(&mut self.admin, &self.data).await?;
        let mut captured: Vec<Vec<Statement>> = Vec::new();
        // A connection of the portal tells its parameters only from its second use after the log was opened.
        let people = self.connections.len();
        for number in 0..CAPTURED * 3 {
            let who = number % people;
            let requests = &plans[who].requests;
            captured.push(log.of(&mut self.connections[who], &requests[number / people % requests.len()]).await?);
        }
        log.stop(&mut self.admin).await?;
        captured.retain(|request| !request.is_empty() && request.iter().all(Statement::is_complete));
        captured.truncate(CAPTURED);
        Ok(captured)
    }

    fn pgbench_figures(&self, statements: &[Vec<Statement>]) -> Result<Figures> {
        let socket = self.cluster.options(DbRole::Admin).get_socket().context("the cluster has a socket")?.clone();
        let folder = self.options.root.join("pgbench");
        let mut runs = Vec::new();
        for _ in 0..self.options.runs {
            let figures = pgbench::run(
                &self.options.pgbench,
                &socket,
                &folder,
                statements,
                self.connections.len(),
                Duration::from_secs(self.options.seconds),
            )?;
            eprintln!("  pgbench {:.0}/s, p50 {:.1} ms, p99 {:.1} ms", figures.rate, figures.p50, figures.p99);
            runs.push(figures);
        }
        Ok(measure::median(runs))
    }
}
