//! What a request may cost, and where it may come from.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use url::Url;

use crate::error::Problem;

/// The largest form. Uploads raise it on their own route.
pub const FORM_BYTES: usize = 1024 * 1024;

/// The longest address, with its query.
pub const URI_BYTES: usize = 8 * 1024;

/// Requests under way at most. At 3,000 a second this many wait 170 ms; who comes on top is told at once to come back
/// rather than made to wait for an answer that nobody reads any more.
const IN_FLIGHT: usize = 512;

/// Uploads under way at most: each holds a few megabytes for as long as it lasts.
const UPLOADS: usize = 64;

/// How long an answer may take before the person is told to try again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Paths that may stay open for ever, and must not take the others' places.
const LONG: [&str; 1] = ["/live"];

/// Paths that must answer however full it is: it is now that a supervisor wants to know.
const VITAL: [&str; 2] = ["/healthz", "/readyz"];

/// Machines call these from anywhere, and prove who they are by a signature over the body.
const SIGNED: &str = "/ingest/";

/// Puts the limits around the portal's routes. Goes inside the layer that turns bare answers into pages, so that a
/// refusal here looks like any other.
///
/// `public_url` is the address people use, where a proxy may hide it from us.
///
/// `uploads` are the paths that take in files: slow ones get their time there, in places of their own.
pub fn limit<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    public_url: Option<&Url>,
    uploads: Vec<&'static str>,
) -> Result<Router<S>> {
    let gate = Gate {
        room: Arc::new(Semaphore::new(IN_FLIGHT)),
        timeout: ANSWER_TIMEOUT,
        uploads: uploads.into(),
        upload_room: Arc::new(Semaphore::new(UPLOADS)),
    };
    limit_by(router, public_url, gate)
}

/// How many get in, and how long they may stay.
#[derive(Clone)]
struct Gate {
    room: Arc<Semaphore>,
    timeout: Duration,
    uploads: Arc<[&'static str]>,
    upload_room: Arc<Semaphore>,
}

impl Gate {
    /// Whether a request brings files to a path that takes them.
    fn is_upload(&self, request: &Request) -> bool {
        request.method() == Method::POST
            && request.extensions().get::<MatchedPath>().is_some_and(|path| self.uploads.contains(&path.as_str()))
    }
}

fn limit_by<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    public_url: Option<&Url>,
    gate: Gate,
) -> Result<Router<S>> {
    let csrf = CsrfLayer::new().with_insecure_bypass(|_, uri| uri.path().starts_with(SIGNED));
    let csrf = match public_url {
        Some(url) => csrf
            .add_trusted_origin(url.origin().ascii_serialization())
            .with_context(|| format!("{url} is no address of a web site"))?,
        None => csrf,
    };
    Ok(router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(csrf)
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(from_fn_with_state(gate, pass)))
}

async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    if request.uri().path_and_query().is_some_and(|uri| uri.as_str().len() > URI_BYTES) {
        return StatusCode::URI_TOO_LONG.into_response();
    }
    let path = request.uri().path();
    if LONG.contains(&path) {
        return next.run(request).await;
    }
    if gate.is_upload(&request) {
        // Stalled ones are cut by who reads them (see `documents::upload`).
        return match gate.upload_room.try_acquire() {
            Ok(_place) => next.run(request).await,
            Err(_) => unavailable(10),
        };
    }
    let place = gate.room.try_acquire();
    if place.is_err() && !VITAL.contains(&path) {
        tracing::warn!("Turned a request away: too many are under way");
        return unavailable(1);
    }
    if let Ok(response) = tokio::time::timeout(gate.timeout, next.run(request)).await {
        return response;
    }
    tracing::error!("Gave a request up after {} s", gate.timeout.as_secs());
    unavailable(5)
}

fn unavailable(retry_after: u64) -> Response {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = status.into_response();
    response.extensions_mut().insert(Problem { status, detail: None, retry_after: Some(retry_after), step_up: false });
    response
}

/// The panic itself is logged by the hook of `telemetry`.
fn panicked(_: Box<dyn Any + Send>) -> Response<Body> {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};
    use futures::future::join_all;
    use tower::ServiceExt as _;

    use super::*;

    /// Little room, little time.
    fn gate() -> Gate {
        Gate {
            room: Arc::new(Semaphore::new(8)),
            timeout: Duration::from_secs(5),
            uploads: Arc::new(["/files"]),
            upload_room: Arc::new(Semaphore::new(1)),
        }
    }

    fn router(gate: Gate) -> Router {
        let slow = async || {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "slow"
        };
        let router = Router::new()
            .route("/", get(async || "page").post(async |body: String| body.len().to_string()))
            .route("/slow", get(slow))
            .route("/live", get(slow))
            .route("/healthz", get(async || "well"))
            .route("/panic", get(async || -> &'static str { panic!("a bug") }))
            .route("/ingest/alerts", post(async || "taken"));
        let public_url = "https://portal.example.org/".parse().expect("a URL");
        limit_by(router, Some(&public_url), gate).expect("limits")
    }

    async fn status(request: axum::http::request::Builder, body: impl Into<Body>) -> u16 {
        let request = request.header("host", "almoner.test").body(body.into()).expect("a request");
        router(gate()).oneshot(request).await.expect("an answer").status().as_u16()
    }

    #[tokio::test]
    async fn forms_are_taken_from_our_own_pages_only() {
        for (headers, expected) in [
            (vec![("sec-fetch-site", "same-origin")], 200),
            (vec![("sec-fetch-site", "none")], 200),
            (vec![("sec-fetch-site", "cross-site")], 403),
            (vec![("sec-fetch-site", "same-site")], 403),
            (vec![("origin", "http://almoner.test")], 200),
            (vec![("origin", "https://portal.example.org")], 200),
            (vec![("origin", "https://evil.example")], 403),
            (vec![("origin", "null")], 403),
            (vec![], 200),
        ] {
            let request =
                headers.iter().fold(Request::post("/"), |request, (name, value)| request.header(*name, *value));
            assert_eq!(status(request, "a=b").await, expected, "{headers:?}");
        }
        let machine = Request::post("/ingest/alerts").header("origin", "https://workflows.example");
        assert_eq!(status(machine, "{}").await, 200);
    }

    #[tokio::test]
    async fn a_body_of_more_than_a_megabyte_is_refused() {
        assert_eq!(status(Request::post("/"), "a".repeat(FORM_BYTES)).await, 200);
        assert_eq!(status(Request::post("/"), "a".repeat(FORM_BYTES + 1)).await, 413);
    }

    #[tokio::test]
    async fn an_address_of_more_than_eight_kilobytes_is_refused() {
        assert_eq!(status(Request::get(format!("/?q={}", "a".repeat(8000))), "").await, 200);
        assert_eq!(status(Request::get(format!("/?q={}", "a".repeat(9000))), "").await, 414);
    }

    #[tokio::test]
    async fn a_bug_in_one_request_is_a_500_for_it_alone() {
        assert_eq!(status(Request::get("/panic"), "").await, 500);
    }

    #[tokio::test]
    async fn an_answer_that_takes_too_long_is_given_up_but_not_a_stream() {
        let router = router(Gate { timeout: Duration::from_millis(50), ..gate() });
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            router.clone().oneshot(request).await.expect("an answer").status().as_u16()
        };
        assert_eq!(ask("/slow").await, 503);
        assert_eq!(ask("/live").await, 200);
    }

    #[tokio::test]
    async fn an_upload_may_take_its_time_in_a_place_of_its_own() {
        let slow = async || tokio::time::sleep(Duration::from_millis(200)).await;
        let router = Router::new().route("/files", post(slow).get(slow));
        let router = limit_by(router, None, Gate { timeout: Duration::from_millis(50), ..gate() }).expect("limits");
        let ask = async |method: Method| {
            let request = Request::builder().method(method).uri("/files").body(Body::empty()).expect("a request");
            router.clone().oneshot(request).await.expect("an answer").status().as_u16()
        };
        assert_eq!(ask(Method::POST).await, 200);
        assert_eq!(ask(Method::GET).await, 503, "only what brings files");
        assert_eq!(tokio::join!(ask(Method::POST), ask(Method::POST)), (200, 503), "only so many at once");
    }

    #[tokio::test]
    async fn when_it_is_full_the_next_is_turned_away_at_once_but_the_supervisor_is_answered() {
        let router = router(gate());
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            router.clone().oneshot(request).await.expect("an answer").status().as_u16()
        };
        let crowd = join_all((0..8).map(|_| ask("/slow")));
        let late = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            (ask("/").await, ask("/healthz").await)
        };
        let (_, answers) = tokio::join!(crowd, late);
        assert_eq!(answers, (503, 200));
        assert_eq!(ask("/").await, 200);
    }
}
