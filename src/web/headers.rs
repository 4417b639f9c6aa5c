//! What every answer carries, whatever it is: the browser's orders, and compression.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate as _, SizeAbove};

use super::observe;

/// Everything from ourselves, nothing inline, nothing else: no script or style can be smuggled into a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Set on every answer that does not say otherwise itself.
const ALWAYS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    // pages hold health records: neither the browser nor anything on the way keeps them
    (header::CACHE_CONTROL, "no-store"),
];

/// Two years, as browsers' lists ask for.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000";

/// Answers below this size fit one packet, compressed or not.
const COMPRESS_FROM: u64 = 1024;

/// Puts the outermost layers around the whole portal: the request's number, span, metrics and `Server-Timing`, the
/// security headers, and compression. `https` says whether people reach the portal over TLS.
pub fn frame<S: Clone + Send + Sync + 'static>(router: Router<S>, https: bool) -> Router<S> {
    router.layer(compression()).layer(from_fn_with_state(https, secure)).layer(from_fn(observe::layer))
}

/// gzip at a level of the middle: on the alert queue the best one takes three times as long for a twentieth fewer bytes.
/// Streams of events and what is compressed already are left alone, and so are files: who resumes a download counts
/// their bytes.
fn compression() -> CompressionLayer<impl tower_http::compression::Predicate> {
    CompressionLayer::new()
        .quality(CompressionLevel::Precise(4))
        .compress_when(DefaultPredicate::new().and(SizeAbove::new(COMPRESS_FROM)).and(is_page))
}

/// Whether an answer is made for this request, rather than a file that says which of its parts may be asked for.
fn is_page(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    !headers.contains_key(header::ACCEPT_RANGES)
}

async fn secure(State(https): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        set_default(headers, name, value);
    }
    if https {
        set_default(headers, header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT_SECURITY);
    }
    response
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::response::IntoResponse;
    use axum::response::sse::{Event, Sse};
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(router: Router, path: &str, https: bool) -> Response {
        let request = Request::get(path).header("accept-encoding", "gzip").body(Body::empty()).expect("a request");
        frame(router, https).oneshot(request).await.expect("an answer")
    }

    fn page(size: usize) -> impl IntoResponse {
        ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], "a".repeat(size))
    }

    #[tokio::test]
    async fn every_answer_carries_the_security_headers() {
        let router = Router::new().route("/", get(async || page(10)));
        for path in ["/", "/nowhere"] {
            let response = ask(router.clone(), path, false).await;
            for (name, value) in ALWAYS {
                assert_eq!(response.headers().get(&name).expect("set"), value, "{path} {name}");
            }
            assert!(!response.headers().contains_key("strict-transport-security"));
            let timing = response.headers()["server-timing"].to_str().expect("text").to_owned();
            assert!(timing.starts_with("app;dur="), "{timing}");
            let id = response.headers()["x-request-id"].to_str().expect("text");
            assert_eq!(uuid::Uuid::parse_str(id).expect("a UUID").get_version_num(), 7);
        }
        let response = ask(router, "/", true).await;
        assert_eq!(response.headers()["strict-transport-security"], STRICT_TRANSPORT_SECURITY);
    }

    #[tokio::test]
    async fn an_answer_may_be_stricter_or_cacheable_by_itself() {
        let headers = [(header::CACHE_CONTROL, "immutable"), (header::CONTENT_SECURITY_POLICY, "sandbox")];
        let response = ask(Router::new().route("/", get(async move || headers)), "/", false).await;
        assert_eq!(response.headers()["cache-control"], "immutable");
        assert_eq!(response.headers()["content-security-policy"], "sandbox");
    }

    #[tokio::test]
    async fn pages_are_compressed_but_not_small_ones_nor_streams() {
        let events = async || {
            let event = Event::default().data("a".repeat(5000));
            Sse::new(futures::stream::once(async { Ok::<_, std::io::Error>(event) }))
        };
        let router = Router::new()
            .route("/large", get(async || page(5000)))
            .route("/small", get(async || page(100)))
            .route("/live", get(events));
        assert_eq!(ask(router.clone(), "/large", false).await.headers()["content-encoding"], "gzip");
        for path in ["/small", "/live"] {
            assert!(!ask(router.clone(), path, false).await.headers().contains_key("content-encoding"), "{path}");
        }
    }
}
