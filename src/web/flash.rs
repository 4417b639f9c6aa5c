//! One message that the answer to an action leaves for the next page.

use askama::Template;
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

    /// Whether it is not done, for templates.
    #[must_use]
    pub fn is_problem(&self) -> bool {
        self.kind == Kind::Problem
    }
}

/// The part of an htmx answer that shows a message, whatever else the answer swaps.
#[derive(Clone, Copy, Debug, Template)]
#[template(path = "components/_flash.html")]
pub struct FlashPartial<'a> {
    /// What to say.
    pub flash: &'a Flash,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partial_holds_a_real_form_and_escapes_its_text() {
        let flash = Flash::ok("<b>Done").with_undo("/alerts/1/undo");
        let html = FlashPartial { flash: &flash }.render().unwrap();
        assert!(html.contains("hx-target=\"#flash\""), "{html}");
        assert!(html.contains("method=\"post\" action=\"/alerts/1/undo\""), "{html}");
        assert!(html.contains("&#60;b&#62;Done"), "{html}");
    }
}
