//! Which pages a document is opened by. Each shelf has routes, and so permissions, of its own; by those of one, nothing of
//! the other is found.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::model::Subject;

/// The pages by which a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// `/documents/…`: documents of cases and charts.
    Records,
    /// `/policies/…`
    Policies,
}

impl Shelf {
    /// Whether documents of `subject` are opened by these pages.
    pub const fn holds(self, subject: Subject) -> bool {
        matches!(self, Self::Policies) == subject.are_policies()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Shelf {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(if parts.uri.path().starts_with("/policies/") { Self::Policies } else { Self::Records })
    }
}
