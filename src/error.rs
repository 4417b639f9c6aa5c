//! What can go wrong, and what the person sees of it.
//!
//! A handler returns an [`Error`]; the response carries a [`Problem`]; one outer layer (`web::error_page`) turns
//! that into the page, the htmx fragment or the JSON that fits the request. Causes are logged with the request id
//! and never shown.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// The result of anything a request does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request makes no sense, for the reason given (shown).
    #[error("bad request: {0}")]
    BadRequest(&'static str),
    /// Nobody is signed in.
    #[error("not signed in")]
    SignedOut,
    /// The password has to be asked for again first.
    #[error("step-up needed")]
    StepUp,
    /// The role may not do this.
    #[error("forbidden")]
    Forbidden,
    /// No such record, or none that this person may see: the same answer.
    #[error("not found")]
    NotFound,
    /// The record is not in the state that the request assumed, for the reason given (shown).
    #[error("conflict: {0}")]
    Conflict(String),
    /// The input cannot be accepted, for the reason given (shown).
    #[error("unprocessable: {0}")]
    Unprocessable(String),
    /// The body is larger than any form.
    #[error("too large")]
    TooLarge,
    /// Too much at once.
    #[error("too many requests")]
    TooMany {
        /// Seconds until another attempt makes sense.
        retry_after: u64,
    },
    /// There is no room left for files.
    #[error("no room left for files: {0}")]
    Full(#[source] object_store::Error),
    /// The store of files does not answer.
    #[error("the store of files: {0}")]
    Storage(#[source] object_store::Error),
    /// The database does not answer.
    #[error("unavailable: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// Anything that is our own fault.
    #[error("internal error: {0:#}")]
    Internal(#[source] anyhow::Error),
}

impl Error {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::StepUp | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Unavailable(_) | Self::Storage(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// What to say where the disk is full.
pub const NO_ROOM: &str =
    "There is no room left for files on this server. Nothing was saved. Tell whoever runs the system.";

/// What to say where the store of files is away.
pub const NO_STORE: &str = "We cannot use the place where files are kept. Nothing was saved. Try again in a moment; if it \
    stays like this, tell whoever runs the system.";

/// What the outer layer needs to answer with a page.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// A sentence for the person, where there is more to say than the status.
    pub detail: Option<String>,
    /// Seconds until another attempt makes sense.
    pub retry_after: Option<u64>,
    /// The person has to give their password again, rather than being refused for good.
    pub step_up: bool,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        match &self {
            Self::Unavailable(cause) => tracing::warn!(error = %cause, "The database is unavailable"),
            Self::Full(cause) => tracing::error!(error = %cause, "There is no room left for files"),
            Self::Storage(cause) => tracing::error!(error = %cause, "The store of files is unavailable"),
            Self::Internal(cause) => tracing::error!(error = causes(cause), "Request failed"),
            Self::BadRequest(_)
            | Self::SignedOut
            | Self::StepUp
            | Self::Forbidden
            | Self::NotFound
            | Self::Conflict(_)
            | Self::Unprocessable(_)
            | Self::TooLarge
            | Self::TooMany { .. } => {}
        }
        let status = self.status();
        let step_up = matches!(self, Self::StepUp);
        let (detail, retry_after) = match self {
            Self::BadRequest(detail) => (Some(detail.to_owned()), None),
            Self::Conflict(detail) | Self::Unprocessable(detail) => (Some(detail), None),
            Self::TooMany { retry_after } => (None, Some(retry_after)),
            Self::Unavailable(_) => (None, Some(5)),
            Self::Full(_) => (Some(NO_ROOM.to_owned()), None),
            Self::Storage(_) => (Some(NO_STORE.to_owned()), Some(30)),
            Self::SignedOut | Self::StepUp | Self::Forbidden | Self::NotFound | Self::TooLarge | Self::Internal(_) => {
                (None, None)
            }
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(Problem { status, detail, retry_after, step_up });
        response
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error)
            }
            sqlx::Error::Database(ref inner) => match inner.code().as_deref() {
                // Class 57 (operator intervention: shutting down, starting up) and 53 (out of disk, memory, connections).
                Some(code) if code.starts_with("57P") || code.starts_with("53") => Self::Unavailable(error),
                // A policy's WITH CHECK or a missing grant: the second lock said no.
                Some("42501") => Self::Forbidden,
                // The state machines in the schema raise this.
                Some("AL409") => Self::Conflict(inner.message().to_owned()),
                _ => Self::Internal(error.into()),
            },
            _ => Self::Internal(error.into()),
        }
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(current) = cause {
            if let Some(io) = current.downcast_ref::<std::io::Error>()
                && matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
            {
                return Self::Full(error);
            }
            cause = current.source();
        }
        Self::Storage(error)
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<askama::Error> for Error {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.into())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.into())
    }
}

/// The causes of an error in words that may be logged.
fn causes(error: &anyhow::Error) -> String {
    let mut words = Vec::new();
    for cause in error.chain() {
        match without_values(cause) {
            Some(known) => {
                words.push(known);
                break;
            }
            None => words.push(cause.to_string()),
        }
    }
    words.join(": ")
}

/// What may be said of an error whose own words quote the values that it complains about: those of the database and of JSON. None for any other.
#[must_use]
pub fn without_values(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(error) = cause.downcast_ref::<sqlx::Error>() {
        return Some(from_database(error));
    }
    let error = cause.downcast_ref::<serde_json::Error>()?;
    Some(format!("JSON cannot be read ({:?} error)", error.classify()))
}

fn from_database(error: &sqlx::Error) -> String {
    let Some(inner) = error.as_database_error() else {
        return match error {
            sqlx::Error::RowNotFound => "a row that should be there is not".to_owned(),
            _ => "the database gave an answer that cannot be read".to_owned(),
        };
    };
    let named = |what, name: Option<&str>| name.map_or_else(String::new, |name| format!(", {what} {name}"));
    let code = inner.code().unwrap_or_default();
    format!(
        "the database refused it: {code}{}{}",
        named("constraint", inner.constraint()),
        named("table", inner.table())
    )
}

/// Turns the violation of a named constraint into something to say to the person.
pub trait OnConstraint<T> {
    /// Where the error is the violation of the constraint `name`, answers with `meaning` instead.
    ///
    /// # Errors
    /// `meaning()` for that constraint, else the error as it was.
    fn on_constraint(self, name: &str, meaning: impl FnOnce() -> Error) -> Result<T>;
}

impl<T> OnConstraint<T> for std::result::Result<T, sqlx::Error> {
    fn on_constraint(self, name: &str, meaning: impl FnOnce() -> Error) -> Result<T> {
        self.map_err(|error| match error.as_database_error().and_then(|e| e.constraint()) {
            Some(constraint) if constraint == name => meaning(),
            _ => error.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn what_is_logged_quotes_nothing() {
        let json = serde_json::from_str::<u8>("\"Marisol Reyes\"").context("a draft").expect_err("no number");
        assert!(format!("{json:#}").contains("Marisol"), "it would");
        assert_eq!(causes(&json), "a draft: JSON cannot be read (Data error)");
        let row = anyhow::Error::from(sqlx::Error::RowNotFound).context("the page");
        assert_eq!(causes(&row), "the page: a row that should be there is not");
        assert_eq!(causes(&anyhow::anyhow!("plain").context("words")), "words: plain");
    }
}
