//! Forms: what was typed, what is wrong with it, and the message beside each field.
//!
//! A form is a struct of strings, `parse`d into domain input or into itself with [`FormErrors`]; the page comes
//! back with everything that was typed.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::{Error, Result};

/// The longest text that a one-line field accepts, in characters.
pub const LINE_CHARS: usize = 255;

/// The longest text that a many-line field accepts, in characters.
pub const TEXT_CHARS: usize = 10_000;

/// What is wrong, field by field, in the order in which the fields were read: that of the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormErrors(Vec<(&'static str, String)>);

impl FormErrors {
    /// Says what is wrong with `field`. The first message stays.
    pub fn add(&mut self, field: &'static str, message: impl Into<String>) {
        if self.get(field).is_none() {
            self.0.push((field, message.into()));
        }
    }

    /// The message beside `field`.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(wrong, _)| *wrong == field).map(|(_, message)| message.as_str())
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Field and message, for the summary at the top.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(field, message)| (*field, message.as_str()))
    }

    /// One wrong field.
    #[must_use]
    pub fn one(field: &'static str, message: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, message);
        errors
    }

    /// A required line of text, trimmed.
    pub fn required(&mut self, field: &'static str, value: &str, missing: &str) -> String {
        let text = self.line(field, value);
        if text.is_empty() {
            self.add(field, missing);
        }
        text
    }

    /// A line of text, trimmed; control characters are refused.
    pub fn line(&mut self, field: &'static str, value: &str) -> String {
        let text = value.trim();
        if text.chars().count() > LINE_CHARS {
            self.add(field, format!("Use {LINE_CHARS} characters or fewer"));
        } else if text.chars().any(char::is_control) {
            self.add(field, "Use letters, numbers and punctuation only");
        }
        text.to_owned()
    }

    /// A text of several lines, trimmed; control characters other than line breaks and tabs are refused.
    pub fn text(&mut self, field: &'static str, value: &str) -> String {
        let text = value.trim().replace("\r\n", "\n");
        if text.chars().count() > TEXT_CHARS {
            self.add(field, "Use 10,000 characters or fewer");
        } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.add(field, "Use letters, numbers, punctuation and line breaks only");
        }
        text
    }
}

/// The body of a form. Repeated fields become lists; what is not a form, not UTF-8 or holds NUL is refused.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let body = bytes::Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            http::StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
            _ => Error::BadRequest("The form did not arrive whole. Send it again."),
        })?;
        decode(&body).map(Self)
    }
}

/// The query of a list or search, read like a form.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        decode(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

/// Reads an encoded form.
///
/// # Errors
/// Where it is none, is not UTF-8 or holds NUL.
pub fn decode<T: DeserializeOwned>(encoded: &[u8]) -> Result<T> {
    for (name, value) in url::form_urlencoded::parse(encoded) {
        if name.contains(['\0', char::REPLACEMENT_CHARACTER]) || value.contains(['\0', char::REPLACEMENT_CHARACTER]) {
            return Err(Error::BadRequest(
                "The form holds characters that cannot be read. Remove them and send it again.",
            ));
        }
    }
    serde_html_form::from_bytes(encoded).map_err(|_| {
        Error::BadRequest(
            "The form is missing something or holds something unexpected. Go back, reload the page and try again.",
        )
    })
}

/// An identifier in a path. One that is not a UUID names nothing: not found.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<T: From<Uuid> + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let axum::extract::Path(id) =
            axum::extract::Path::<Uuid>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        Ok(Self(T::from(id)))
    }
}

/// Two identifiers in a path.
#[derive(Clone, Copy, Debug)]
pub struct Ids<T, U>(pub T, pub U);

impl<T: From<Uuid> + Send, U: From<Uuid> + Send, S: Send + Sync> FromRequestParts<S> for Ids<T, U> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let axum::extract::Path((first, second)) =
            axum::extract::Path::<(Uuid, Uuid)>::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        Ok(Self(T::from(first), U::from(second)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Sample {
        name: String,
        #[serde(default)]
        sev: Vec<String>,
    }

    #[test]
    fn repeated_fields_become_a_list() {
        let sample: Sample = decode(b"name=Ada&sev=HIGH&sev=INFO").unwrap();
        assert_eq!(sample, Sample { name: "Ada".into(), sev: vec!["HIGH".into(), "INFO".into()] });
    }

    #[test]
    fn errors_come_in_the_order_of_the_form_and_the_first_of_a_field_stays() {
        let mut errors = FormErrors::one("title", "Enter a title");
        errors.add("place", "Choose a place");
        errors.add("due", "Enter a date");
        errors.add("title", "Use fewer letters");
        let all: Vec<_> = errors.iter().collect();
        assert_eq!(all, [("title", "Enter a title"), ("place", "Choose a place"), ("due", "Enter a date")]);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for body in [&b"name=%00"[..], b"name=%FF", b"sev=HIGH"] {
            assert!(matches!(decode::<Sample>(body), Err(Error::BadRequest(_))), "{body:?}");
        }
    }

    #[test]
    fn a_line_is_trimmed_and_measured_in_characters() {
        let mut errors = FormErrors::default();
        assert_eq!(errors.line("a", "  Élise "), "Élise");
        assert_eq!(errors.required("b", " ", "Enter a name"), "");
        errors.line("c", &"é".repeat(LINE_CHARS));
        errors.line("d", &"é".repeat(LINE_CHARS + 1));
        assert_eq!(errors.iter().map(|(field, _)| field).collect::<Vec<_>>(), ["b", "d"]);
    }
}
