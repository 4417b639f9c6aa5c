//! Logs and metrics, neither of which ever holds anything about a patient.
//!
//! Logs go to standard error (standard output is for what commands answer): for people on a terminal, JSON elsewhere;
//! `RUST_LOG` chooses what is told. Metrics are served in Prometheus' format on an address of their own, away from the
//! public one.

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use metrics::{Unit, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::server::{self, Readiness, Stop};

/// What is told unless `RUST_LOG` says otherwise. PostgreSQL's notices are about our own statements.
const DEFAULT_FILTER: &str = "info,sqlx::postgres::notice=error";

/// Upper ends of the histogram's buckets, in seconds: fine around the 15 ms that a page may take.
const BUCKETS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// How often the recorder tidies what it has gathered between two scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts logging. Call once, first.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        log.with_target(false).compact().try_init()
    } else {
        log.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
    started.ok(); // a second call, in tests, changes nothing
    std::panic::set_hook(Box::new(log_panic));
}

/// Logs where it happened, and what was said if that is in the source. A message that was put together may quote
/// what it was working on.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload().downcast_ref::<&str>().copied().unwrap_or("(not logged: it may hold data)");
    tracing::error!(at, "A bug: panicked: {message}");
}

/// Starts gathering metrics. Call once, before the first request.
pub fn metrics() -> Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()
        .context("metrics are gathered already")?;
    describe_histogram!("http_request_duration_seconds", Unit::Seconds, "Time to answer, by route and status");
    describe_gauge!("http_requests_in_flight", "Requests that are being answered");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Memory in use");
    Ok(handle)
}

/// Serves the metrics until the process stops.
pub async fn serve_metrics(listener: TcpListener, handle: PrometheusHandle, ready: &Readiness) -> Result<()> {
    let stopping = ready.stopping();
    let shutdown = async {
        stopping.await;
        Stop::Interrupt
    };
    let upkeep = async {
        loop {
            tokio::time::sleep(UPKEEP).await;
            handle.run_upkeep();
        }
    };
    tokio::select! {
        served = server::serve(listener, metrics_router(handle.clone()), Arc::new(Readiness::new()), shutdown) => served,
        never = upkeep => never,
    }
}

fn metrics_router(handle: PrometheusHandle) -> Router {
    let metrics = async move || {
        if let Some(bytes) = resident_memory() {
            gauge!("process_resident_memory_bytes").set(bytes);
        }
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
    };
    Router::new().route("/metrics", get(metrics))
}

/// The memory of this process in bytes, where the system tells.
fn resident_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kib) * 1024.0)
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn metrics_name_the_route_and_never_the_address() {
        let handle = metrics().expect("the only recorder of the unit tests");
        let page = Router::new().route("/patients/{id}", get(async || "page"));
        let portal = crate::web::headers::frame(page, false);
        let request = Request::get("/patients/ada?q=lovelace").body(Body::empty()).expect("a request");
        portal.oneshot(request).await.expect("an answer");

        let request = Request::get("/metrics").body(Body::empty()).expect("a request");
        let response = metrics_router(handle).oneshot(request).await.expect("an answer");
        let text = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let text = std::str::from_utf8(&text).expect("text");
        assert!(
            text.contains(r#"http_request_duration_seconds_count{method="GET",route="/patients/{id}",status="200"} 1"#)
        );
        assert!(text.contains("process_resident_memory_bytes"));
        assert!(!text.contains("ada") && !text.contains("lovelace"), "{text}");
    }
}
