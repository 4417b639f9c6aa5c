//! Plain data for the components in `templates/components/`: what a page fills and a macro prints.

use std::fmt::{self, Display};

use askama::filters::HtmlSafe;
use chrono::{DateTime, Utc};

/// The one scale that every severity, priority and result of the domain is shown on. Colour is never alone: the class
/// brings a shape, and the template always prints a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Octagon: critical, red, stat.
    Crit,
    /// Triangle: high, orange, urgent.
    High,
    /// Diamond: warning, yellow, out of range.
    Warn,
    /// Circle with i: informative, low, routine.
    Info,
    /// Circle with tick: green, in range, done.
    Ok,
    /// Circle with bar: no range, dismissed, cancelled.
    None,
}

impl Tone {
    /// The class in the stylesheet.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Crit => "crit",
            Self::High => "high",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Ok => "ok",
            Self::None => "none",
        }
    }
}

impl Display for Tone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.class())
    }
}

impl HtmlSafe for Tone {}

impl AsRef<str> for Tone {
    fn as_ref(&self) -> &str {
        self.class()
    }
}

/// The drawing of a [`Tone`] or its class, as SVG; the macro `ui::shape` prints it.
pub fn shape(tone: impl AsRef<str>) -> &'static str {
    macro_rules! drawing {
        ($tone:literal, $fill:literal, $glyph:literal) => {
            concat!(
                r#"<svg class="shp "#,
                $tone,
                r#"" viewBox="0 0 24 24" aria-hidden="true">"#,
                $fill,
                r#"<path class="g" d=""#,
                $glyph,
                r#""/></svg>"#
            )
        };
    }
    match tone.as_ref() {
        "crit" => {
            drawing!(
                "crit",
                r#"<path class="f" d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4z"/>"#,
                "M12 6.5v6.5M12 17h.01"
            )
        }
        "high" => drawing!("high", r#"<path class="f" d="M12 1.6 23.4 22H.6z"/>"#, "M12 9v6M12 18.4h.01"),
        "warn" => drawing!("warn", r#"<path class="f" d="M12 .8 23.2 12 12 23.2.8 12z"/>"#, "M12 7v6M12 16.6h.01"),
        "info" => drawing!("info", r#"<circle class="f" cx="12" cy="12" r="11"/>"#, "M12 11v6M12 7h.01"),
        "ok" => drawing!("ok", r#"<circle class="f" cx="12" cy="12" r="11"/>"#, "M7 12.5l3.4 3.4L17 9"),
        _ => drawing!("none", r#"<circle class="f" cx="12" cy="12" r="11"/>"#, "M7 12h10"),
    }
}

/// One tab of a saved view or of a chart's sections.
#[derive(Clone, Debug, Default)]
pub struct Tab {
    /// Address.
    pub href: String,
    /// Words.
    pub label: String,
    /// What it holds, capped.
    pub count: Option<String>,
    /// Whether it is the one shown.
    pub current: bool,
}

/// One filter in force, and the address without it.
#[derive(Clone, Debug)]
pub struct Chip {
    /// "Status: open".
    pub label: String,
    /// The same list without this filter.
    pub href: String,
}

/// The foot of a list with keyset paging.
#[derive(Clone, Debug, Default)]
pub struct Pager {
    /// "1–50 of 99+".
    pub range: String,
    /// The page before.
    pub previous: Option<String>,
    /// The page after.
    pub next: Option<String>,
}

/// The order of a sorted column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// A to Z, old to new.
    Ascending,
    /// Z to A, new to old.
    Descending,
}

impl Order {
    /// The value of `aria-sort`.
    pub const fn aria(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        }
    }

    /// The icon beside the column's name.
    pub const fn icon(self) -> &'static str {
        match self {
            Self::Ascending => "arrow-up",
            Self::Descending => "arrow-down",
        }
    }
}

/// One choice of a select, of radio cards or of a menu of check boxes.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is read.
    pub label: String,
    /// A line below the label; may be empty.
    pub hint: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

impl Choice {
    /// A choice without a hint.
    pub fn new(value: impl Into<String>, label: impl Into<String>, chosen: bool) -> Self {
        Self { value: value.into(), label: label.into(), hint: String::new(), chosen }
    }
}

/// One step of a stepper.
#[derive(Clone, Debug)]
pub struct Step {
    /// "Pending review".
    pub label: String,
    /// "since 20-Nov"; may be empty.
    pub note: String,
    /// Where the work is.
    pub state: StepState,
}

/// How far a [`Step`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// Behind us.
    Done,
    /// Here.
    Current,
    /// To come.
    Next,
}

/// Something this role could do to a record; refused actions stay visible with their reason.
#[derive(Clone, Debug)]
pub struct Action {
    /// Words on the button; "…" at the end when more is asked.
    pub label: String,
    /// Name in the icon sprite.
    pub icon: &'static str,
    /// A sentence below: what follows, or why not.
    pub why: String,
    /// What the button does.
    pub kind: ActionKind,
    /// The letter that presses it; a blank for none.
    pub key: char,
}

/// What an [`Action`] does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// Posts the form to this address; the first of them is the main one.
    Primary(String),
    /// Posts the form to this address.
    Post(String),
    /// As `Post`, for what cannot be taken back.
    Danger(String),
    /// Goes to a page that asks for more.
    Page(String),
    /// Not now, or not by this role; `Action::why` says so.
    Blocked,
}

/// What is known about allergies: never a blank (PAB-0064).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allergies {
    /// Substance and reaction of each.
    Known(Vec<(String, String)>),
    /// Asked, and there are none.
    NoneKnown,
    /// Nobody has asked yet.
    NotRecorded,
    /// Could not be read just now.
    Unavailable,
}

/// A marked fact beside the name: "High risk", "Interpreter: Igbo".
#[derive(Clone, Debug)]
pub struct Flag {
    /// Its colour; `Tone::None` for a plain fact.
    pub tone: Tone,
    /// Name in the icon sprite.
    pub icon: &'static str,
    /// Words.
    pub word: String,
}

/// Who this page is about: the same on every page of a chart.
#[derive(Clone, Debug)]
pub struct Banner {
    /// The chart's summary.
    pub href: String,
    /// "OKAFOR, Adaeze".
    pub name: String,
    /// "Ms".
    pub title: Option<String>,
    /// "AO".
    pub initials: String,
    /// "14-Jul-1958 (68y)".
    pub born: String,
    /// "Female".
    pub sex: String,
    /// "104 2331".
    pub mrn: String,
    /// "020 7946 0472".
    pub phone: Option<String>,
    /// "Dr M. Haas".
    pub provider: Option<String>,
    /// Marked facts.
    pub flags: Vec<Flag>,
    /// What is known about allergies.
    pub allergies: Allergies,
    /// "12-Oct-2026 (68y)" when they have died.
    pub died: Option<String>,
    /// Why this record is closed to most, when it is: "Staff member's own record".
    pub restricted: Option<String>,
    /// Whose chart, and as of when (microseconds), where the page is to say that it has changed since.
    pub watch: Option<(String, i64)>,
}

/// What happened, in a timeline.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: "Bob Caseworker", or "Almoner" for what happened by itself.
    pub who: String,
    /// Initials for what a person said; an icon otherwise.
    pub initials: Option<String>,
    /// Name in the icon sprite.
    pub icon: &'static str,
    /// The rest of the sentence: "moved this from New to Pending review".
    pub what: String,
    /// What was said.
    pub said: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tone_has_its_own_shape() {
        let tones = [Tone::Crit, Tone::High, Tone::Warn, Tone::Info, Tone::Ok, Tone::None];
        let shapes: std::collections::HashSet<_> = tones.into_iter().map(shape).collect();
        assert_eq!(shapes.len(), tones.len());
        assert_eq!(shape("crit"), shape(Tone::Crit));
    }
}
