//! What is noted of every request: its number, a span for the log, how long it took.
//!
//! Neither logs nor metrics see the address itself, which may hold a searched name: only the route it matched.

use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{Gauge, gauge, histogram};
use tracing::{Instrument as _, Level, info_span};

use crate::ids::RequestId;

/// A request that takes longer shows up in the log.
const SLOW: Duration = Duration::from_secs(1);

/// The outermost layer.
pub(super) async fn layer(mut request: Request, next: Next) -> Response {
    let id = RequestId::new();
    request.extensions_mut().insert(id);
    let method = method_label(request.method());
    let path = request.extensions().get::<MatchedPath>().cloned();
    let route = path.as_ref().map_or("none", MatchedPath::as_str);
    let span = info_span!("request", request.id = %id, method, route);
    let in_flight = InFlight::begin();
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = begun.elapsed();
    drop(in_flight);
    note(&span, method, route, &response, took);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    if let Ok(value) = HeaderValue::from_str(&format!("app;dur={:.1}", took.as_secs_f64() * 1000.0)) {
        headers.insert(HeaderName::from_static("server-timing"), value);
    }
    response
}

fn note(span: &tracing::Span, method: &'static str, route: &str, response: &Response, took: Duration) {
    let status = response.status();
    let labels = [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.as_str().to_owned())];
    histogram!("http_request_duration_seconds", &labels).record(took.as_secs_f64());
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let _entered = span.enter();
    if status.is_server_error() || took > SLOW {
        tracing::event!(Level::WARN, status = status.as_u16(), ms, "Answered {status} in {ms} ms");
    } else {
        tracing::event!(Level::DEBUG, status = status.as_u16(), ms, "Answered {status} in {ms} ms");
    }
}

/// The methods there are, and one word for what clients make up.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Counts a request as under way until it is answered or its client has gone.
struct InFlight(Gauge);

impl InFlight {
    fn begin() -> Self {
        let gauge = gauge!("http_requests_in_flight");
        gauge.increment(1);
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
