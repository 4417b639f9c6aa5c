//! Answers in JSON, all of one shape: `data`, `error`, `meta`.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::error::Error;
use crate::ids::{AlertId, RequestId};

/// Field and what is wrong with it.
pub(super) type FieldErrors = BTreeMap<String, String>;

/// Why a message was not taken.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Not signed by a service account that may do this. Which of the many reasons it is, nobody learns.
    Unsigned,
    /// Signed well, but too long ago.
    Stale,
    /// Not JSON, or not an object.
    NotJson,
    /// These fields are wrong.
    Fields(FieldErrors),
    /// Anything else.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Refusal {
    /// One wrong field.
    pub(super) fn field(name: &str, message: &str) -> Self {
        Self::Fields(BTreeMap::from([(name.to_owned(), message.to_owned())]))
    }

    pub(super) fn into_response(self, request: RequestId) -> Response {
        let none = FieldErrors::new();
        match self {
            Self::Unsigned => refuse(
                StatusCode::UNAUTHORIZED,
                "The signature is wrong, or there is no such service account.",
                &none,
                request,
            ),
            Self::Stale => refuse(
                StatusCode::UNAUTHORIZED,
                "webhook-timestamp is more than five minutes away from our clock.",
                &none,
                request,
            ),
            Self::NotJson => refuse(StatusCode::BAD_REQUEST, "The body is not a JSON object.", &none, request),
            Self::Fields(fields) => {
                refuse(StatusCode::UNPROCESSABLE_ENTITY, "Some fields are wrong; nothing was done.", &fields, request)
            }
            // The outer layer makes JSON of it.
            Self::Failed(error) => error.into_response(),
        }
    }
}

/// The message was taken, now or before.
pub(super) fn taken(alert: AlertId, new: bool, request: RequestId) -> Response {
    Json(json!({ "data": { "alert": alert, "new": new }, "error": null, "meta": { "request_id": request } }))
        .into_response()
}

fn refuse(status: StatusCode, message: &str, fields: &FieldErrors, request: RequestId) -> Response {
    let mut error = json!({ "status": status.as_u16(), "message": message });
    if !fields.is_empty() {
        error["fields"] = json!(fields);
    }
    (status, Json(json!({ "data": Value::Null, "error": error, "meta": { "request_id": request } }))).into_response()
}
