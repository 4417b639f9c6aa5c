//! A closed loop: each connection asks as soon as it was answered.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::future::try_join_all;

use super::http::Connection;

/// What one run, or the median of several, gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Requests answered in a second.
    pub rate: f64,
    /// Half of the answers came within so many milliseconds.
    pub p50: f64,
    /// 99 of 100 did.
    pub p99: f64,
    /// How many were answered.
    pub requests: usize,
    /// Processor time of each in the portal and in PostgreSQL, in milliseconds.
    pub processor: (f64, f64),
}

/// What a connection asks, over and over.
pub struct Plan {
    /// The requests, as bytes.
    pub requests: Vec<Vec<u8>>,
    /// What each is answered with.
    pub status: u16,
    /// Whether each request is good once only.
    pub once: bool,
}

/// Lets every connection follow its plan for `length`, or to the end of what is good once only.
pub async fn run(connections: &mut [Connection], plans: &[Plan], length: Duration) -> Result<Figures> {
    let started = Instant::now();
    let loops = connections.iter_mut().zip(plans).map(|(connection, plan)| follow(connection, plan, started, length));
    let mut times: Vec<u32> = try_join_all(loops).await?.concat();
    Ok(figures(&mut times, started.elapsed()))
}

async fn follow(connection: &mut Connection, plan: &Plan, started: Instant, length: Duration) -> Result<Vec<u32>> {
    let mut times = Vec::with_capacity(64 * 1024);
    let mut next = 0;
    loop {
        let asked = Instant::now();
        if asked - started >= length || (plan.once && next == plan.requests.len()) {
            return Ok(times);
        }
        let reply = connection.exchange(&plan.requests[next % plan.requests.len()]).await?;
        times.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
        ensure!(
            reply.status == plan.status,
            "answered with {} instead of {}: {}",
            reply.status,
            plan.status,
            connection.text(reply).1
        );
        next += 1;
    }
}

/// Rate and percentiles of latencies in microseconds.
pub fn figures(times: &mut [u32], took: Duration) -> Figures {
    times.sort_unstable();
    let at = |part: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index into a list of samples"
        )]
        let index = ((times.len() as f64 * part) as usize).min(times.len().saturating_sub(1));
        times.get(index).map_or(0.0, |micros| f64::from(*micros) / 1000.0)
    };
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = times.len() as f64 / took.as_secs_f64();
    Figures { rate, p50: at(0.5), p99: at(0.99), requests: times.len(), processor: (0.0, 0.0) }
}

/// The run with the median rate.
pub fn median(mut runs: Vec<Figures>) -> Figures {
    runs.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}
