//! What htmx says of a request.

use axum::http::HeaderMap;

/// The facts that decide between a page and a fragment.
#[derive(Clone, Debug, Default)]
pub struct Hx {
    /// Made by htmx.
    pub request: bool,
    /// Wants a fragment: made by htmx, partial, and not to restore history.
    pub partial: bool,
    /// Made by the page itself (a live update, or a stream that comes back), not by a person: never extends a session.
    pub automatic: bool,
}

impl Hx {
    /// Reads the headers of htmx 4.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let request = text("hx-request") == Some("true");
        let whole = text("hx-request-type") == Some("full") || text("hx-history-restore-request") == Some("true");
        // A stream of the browser's own kind cannot carry headers of ours.
        let automatic = text("almoner-automatic").is_some() || text("accept") == Some("text/event-stream");
        Self { request, partial: request && !whole, automatic }
    }
}
