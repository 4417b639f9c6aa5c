//! One message that the answer to an action leaves for the next page.

use serde::{Deserialize, Serialize};

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Done.
    Ok,
    /// Not done.
    Problem,
}

/// A way back: a form with one button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// Where to post.
    pub action: String,
    /// What the button says.
    pub label: String,
}

/// The message. Never a name, never anything clinical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// How it went.
    pub kind: Kind,
    /// What to say.
    pub text: String,
    /// The way back, where there is one.
    pub undo: Option<Undo>,
}

impl Flash {
    /// It is done.
    #[must_use]
    pub fn ok(text: impl Into<String>) -> Self {
        Self { kind: Kind::Ok, text: text.into(), undo: None }
    }

    /// It is not done.
    #[must_use]
    pub fn problem(text: impl Into<String>) -> Self {
        Self { kind: Kind::Problem, text: text.into(), undo: None }
    }

    /// With a way back.
    #[must_use]
    pub fn with_undo(mut self, action: impl Into<String>) -> Self {
        self.undo = Some(Undo { action: action.into(), label: "Undo".to_owned() });
        self
    }
}
