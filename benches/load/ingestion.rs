//! Readings from another system, a thousand in a signed message, with a rule that looks at each.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use almoner::clock::{Clock, Timestamp};
use almoner::db::cluster::{Cluster, DbRole};
use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use futures::future::try_join_all;
use hmac::{Hmac, Mac as _};
use serde_json::json;
use sha2::Sha256;
use sqlx::{ConnectOptions as _, PgConnection};

use super::Options;
use super::app::Portal;
use super::database::{pairs, run_sql};
use super::http::Connection;
use super::measure::{self, Figures};

/// What `--only` knows it by.
pub const LABEL: &str = "Ingestion of readings";
/// Readings of a message.
pub const BATCH: usize = 1_000;
/// Messages under way at once.
pub const SENDERS: usize = 2;
/// What watches them.
const RULE: &str = "Pulse of the benchmark";
/// How long the rules may be behind, in tenths of a second.
const PATIENCE: u32 = 1_200;
/// Patients of a message.
const PATIENTS: usize = 100;

/// Another system, as the portal knows it.
struct Sender {
    account: String,
    key: Vec<u8>,
    patients: Vec<String>,
    begun: Timestamp,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Ingestion {
    /// The rate is that of readings; the times are those of messages.
    pub figures: Figures,
    /// How long after the last message the rule had looked at everything, in seconds.
    pub behind: f64,
}

/// Messages as fast as they are answered, the median of the runs. The jobs run too: they look at what arrives.
pub async fn measure(options: &Options, data: &Path) -> Result<Ingestion> {
    eprintln!("{LABEL} …");
    let portal = Portal::start_with_jobs(&options.program, data, options.port).await?;
    let mut admin = Cluster::open(data)?.options(DbRole::Admin).connect().await?;
    let sender = Sender::new(options, &mut admin, data).await?;
    let found = sender.run(options, &mut admin, &portal, data).await;
    sender.take_back(&mut admin).await?;
    drop(admin);
    portal.stop()?;
    found
}

impl Sender {
    async fn run(&self, options: &Options, conn: &mut PgConnection, portal: &Portal, data: &Path) -> Result<Ingestion> {
        let mut connections = Vec::new();
        for _ in 0..SENDERS {
            connections.push(Connection::open(portal.address).await?);
        }
        let (mut runs, mut latest) = (Vec::new(), 0.0_f64);
        let mut sent = 0;
        for number in 0..=options.runs {
            let seconds = if number == 0 { options.warm_up } else { options.seconds };
            for connection in &mut connections {
                connection.reopen().await?;
            }
            let before = portal.processor(data)?;
            let begun = Instant::now();
            let loops = connections.iter_mut().enumerate().map(|(which, connection)| {
                // A part of the numbers for each connection and run: no reading is sent twice.
                self.send(connection, sent + which * 1_000_000, Duration::from_secs(seconds))
            });
            let mut times: Vec<u32> = try_join_all(loops).await?.concat();
            let took = begun.elapsed();
            let behind = caught_up(conn).await?;
            let mut figures = measure::figures(&mut times, took);
            figures.processor = portal.processor(data)?.per_request(before, figures.requests);
            #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
            let each = BATCH as f64;
            figures.rate *= each;
            sent += SENDERS * 1_000_000;
            if number > 0 {
                eprintln!(
                    "  {:.0} readings/s, p99 {:.1} ms for {BATCH}, rules {behind:.1} s later",
                    figures.rate, figures.p99
                );
                runs.push(figures);
                latest = behind.max(latest);
            }
        }
        Ok(Ingestion { figures: measure::median(runs), behind: latest })
    }

    /// Leaves what the audit has of it, and the rule, which watches nothing any more.
    async fn take_back(&self, conn: &mut PgConnection) -> Result<()> {
        let sql = format!(
            "UPDATE clinical_rule SET enabled = false WHERE name = '{RULE}';
             DELETE FROM observation WHERE effective_at > now() - INTERVAL '2 days' AND created_by_id = '{}'",
            self.account
        );
        run_sql(conn, &sql).await?;
        run_sql(conn, "VACUUM (ANALYZE) observation").await
    }

    /// Makes an account for this run, and has a rule watch that never fires: it is looked at all the same.
    async fn new(options: &Options, conn: &mut PgConnection, data: &Path) -> Result<Self> {
        let begun = Clock::System.now();
        let output = Command::new(&options.program)
            .args(["service-account", "add", "--organization", "Benchmark Health", "--readings", "--name"])
            .arg(format!("Bench {begun}"))
            .arg("--data-dir")
            .arg(data)
            .output()
            .context("almoner does not start")?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let field =
            |name: &str| said.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned());
        let (account, secret) = field("Account:")
            .zip(field("Secret:"))
            .with_context(|| format!("no service account: {said}{}", String::from_utf8_lossy(&output.stderr)))?;
        let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").context("an unknown kind of secret")?)?;
        let sql = format!(
            "SELECT DISTINCT o.patient_id::text, '' FROM observation AS o WHERE o.code = 'HEART_RATE' AND o.effective_at > now() - INTERVAL '10 days' LIMIT {}",
            PATIENTS * 10
        );
        let patients: Vec<String> = pairs(conn, &sql).await?.into_iter().map(|(patient, _)| patient).collect();
        ensure!(patients.len() >= PATIENTS, "too few patients measure their pulse");
        let sql = format!(
            "UPDATE clinical_rule SET enabled = true WHERE name = '{RULE}';
             INSERT INTO clinical_rule (organization_id, id, name, metric, op, threshold, window_days, severity, enabled)
             SELECT o.id, gen_random_uuid(), '{RULE}', 'HEART_RATE', '>', 300, 7, 'WARNING', true FROM organization AS o
              WHERE o.settings ? 'benchmark' AND NOT EXISTS (SELECT FROM clinical_rule AS r WHERE r.name = '{RULE}')"
        );
        run_sql(conn, &sql).await?;
        Ok(Self { account, key, patients, begun })
    }

    async fn send(&self, connection: &mut Connection, first: usize, length: Duration) -> Result<Vec<u32>> {
        let begun = Instant::now();
        let mut times = Vec::new();
        while begun.elapsed() < length {
            let number = first + times.len();
            let request = self.message(connection, number)?;
            let asked = Instant::now();
            let reply = connection.exchange(&request).await?;
            times.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
            let said = connection.text(reply).1;
            ensure!(
                reply.status == 200 && said.contains(&format!("\"kept\":{BATCH}")),
                "readings were answered {}: {said}",
                reply.status
            );
        }
        Ok(times)
    }

    /// A message of pulses, each of its own moment, and its signature.
    fn message(&self, connection: &Connection, number: usize) -> Result<Vec<u8>> {
        let each = BATCH / PATIENTS;
        let reading = |place: usize| {
            let patient = &self.patients[(number * PATIENTS + place / each) % self.patients.len()];
            let at = self.begun - TimeDelta::minutes(5)
                + TimeDelta::microseconds(i64::try_from(number * each + place % each).unwrap_or(0));
            json!({ "patient": patient, "metric": "HEART_RATE", "at": at, "value": 60 + (number + place) % 40 })
        };
        let readings: Vec<_> = (0..BATCH).map(reading).collect();
        let body = json!({ "readings": readings }).to_string();
        let (id, now) = (format!("{}-{number}", self.begun.timestamp_micros()), Clock::System.now().timestamp());
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).ok().context("an impossible key")?;
        let mac = mac.chain_update(format!("{id}.{now}.{body}"));
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        let headers = format!(
            "almoner-account: {}\r\nwebhook-id: {id}\r\nwebhook-timestamp: {now}\r\nwebhook-signature: v1,{signature}\r\n",
            self.account
        );
        Ok(connection.json("/ingest/observations", &body, &headers))
    }
}

/// Waits until rules have looked at everything that arrived; how long that took, in seconds.
async fn caught_up(conn: &mut PgConnection) -> Result<f64> {
    let begun = Instant::now();
    for _ in 0..PATIENCE {
        if pairs(conn, "SELECT id::text, '' FROM rule_touch LIMIT 1").await?.is_empty() {
            return Ok(begun.elapsed().as_secs_f64());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the rules do not catch up")
}
