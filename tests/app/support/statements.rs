//! How many statements a request costs, by the driver's own record of them.
//!
//! The driver tells each statement to the log, inside the span of its request; the answer's `x-request-id` says which
//! request that was. So requests of other tests, at the same time, do not count. `BEGIN` is sent past that record: it
//! is the one round trip that is not in the number.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use super::Reply;

/// Statements by the number of their request.
static COUNTED: LazyLock<Mutex<HashMap<String, Vec<String>>>> = LazyLock::new(|| {
    let wanted = Targets::new().with_target("sqlx::query", Level::DEBUG).with_target("almoner", Level::INFO);
    let subscriber = tracing_subscriber::registry().with(Counter.with_filter(wanted));
    tracing::subscriber::set_global_default(subscriber).expect("nobody else listens in the tests");
    Mutex::default()
});

/// What a new connection does once; which request meets it is chance.
const SETTINGS: [&str; 2] = ["SET plan_cache_mode", "SET ROLE almoner_auth"];

/// Begins to count. Ask for it before the request.
pub fn count_statements() {
    LazyLock::force(&COUNTED);
}

/// The beginnings of the statements behind `reply`, in their order.
pub fn statements(reply: &Reply) -> Vec<String> {
    let request = reply.header("x-request-id").expect("every answer has a number");
    COUNTED.lock().unwrap_or_else(PoisonError::into_inner).remove(request).unwrap_or_default()
}

struct Counter;

/// The request that a span belongs to.
struct Request(String);

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Counter {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut wanted = Wanted { name: "request.id", value: None };
        attributes.record(&mut wanted);
        if let (Some(request), Some(span)) = (wanted.value, context.span(id)) {
            span.extensions_mut().insert(Request(request));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut wanted = Wanted { name: "summary", value: None };
        event.record(&mut wanted);
        let Some(scope) = context.event_scope(event).filter(|_| event.metadata().target() == "sqlx::query") else {
            return;
        };
        for span in scope {
            if let Some(Request(request)) = span.extensions().get::<Request>() {
                let summary = wanted.value.clone().unwrap_or_default();
                if SETTINGS.iter().any(|setting| summary.starts_with(setting)) {
                    continue;
                }
                let mut counted = COUNTED.lock().unwrap_or_else(PoisonError::into_inner);
                counted.entry(request.clone()).or_default().push(summary);
            }
        }
    }
}

/// One field of a span or an event.
struct Wanted {
    name: &'static str,
    value: Option<String>,
}

impl Visit for Wanted {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == self.name {
            self.value = Some(format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == self.name {
            self.value = Some(value.to_owned());
        }
    }
}
