//! The pages of rules.

use askama::Template;
use chrono_tz::Tz;

use super::dry_run::DryRun;
use super::history::{Counts, Run, Version};
use super::model::{DOERS, Definition, Given, Op, RuleAction, Severity, Subject};
use super::store::Stored;
use crate::access::Role;
use crate::clock::Timestamp;
use crate::facilities::Facility;
use crate::patients::fields::Typed;
use crate::web::form::FormErrors;
use crate::web::format;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Choice, Tab};

/// A rule in a list.
#[derive(Debug)]
pub struct Line {
    /// As it is kept.
    pub rule: Stored,
    /// What it says.
    pub definition: Definition,
}

impl Line {
    /// Of a rule.
    pub fn new(rule: Stored) -> Self {
        Self { definition: rule.definition(), rule }
    }
}

/// All rules.
#[derive(Debug, Template)]
#[template(path = "rules/index.html")]
pub struct IndexPage {
    /// The frame.
    pub shell: Shell,
    /// The rules.
    pub lines: Vec<Line>,
    /// Whether this person may add some.
    pub may_edit: bool,
}

/// A rule as it was.
#[derive(Debug)]
pub struct Past {
    /// Which and when.
    pub version: Version,
    /// What changed, in words.
    pub words: Vec<String>,
}

/// One rule.
#[derive(Debug, Template)]
#[template(path = "rules/show.html")]
pub struct ShowPage {
    /// The frame.
    pub shell: Shell,
    /// The rule.
    pub line: Line,
    /// Exceptions from it.
    pub exceptions: Vec<Line>,
    /// How it was.
    pub past: Vec<Past>,
    /// What it has done.
    pub runs: Vec<Run>,
    /// How often it was looked at.
    pub counts: Counts,
    /// Whether this person may change it.
    pub may_edit: bool,
    /// Facilities that may yet have an exception.
    pub places: Vec<Facility>,
    /// For moments.
    pub zone: Tz,
}

impl Run {
    /// What came of it.
    pub(super) fn word(&self) -> &'static str {
        match self.outcome.as_str() {
            "RAISED" => "Raised an alert",
            "REPEATED" => "Counted up an open alert",
            "HELD_BACK" => "Held back: fires for too many",
            "RECOVERED" => "Closed its alert: recovered",
            "FAILED" => "Failed",
            _ => "Nothing",
        }
    }

    /// What was given with the alert, or why it failed.
    pub(super) fn more(&self) -> Option<&str> {
        let given = self.given.as_deref().and_then(|given| given.parse::<Given>().ok());
        given.map(Given::label).or(self.error.as_deref())
    }

    /// The tone of it and an icon, so that it is never colour alone.
    pub(super) fn sign(&self) -> (&'static str, &'static str) {
        match self.outcome.as_str() {
            "RAISED" => ("high", "bell"),
            "RECOVERED" => ("ok", "check"),
            "HELD_BACK" => ("warn", "bell-off"),
            "FAILED" => ("crit", "triangle-alert"),
            _ => ("", "rotate-ccw"),
        }
    }

    pub(super) fn name(&self) -> String {
        format::person(&self.last_name, &self.first_name, None)
    }
}

/// The editor.
#[derive(Debug, Template)]
#[template(path = "rules/edit.html")]
pub struct EditPage {
    /// The frame.
    pub shell: Shell,
    /// The heading.
    pub heading: String,
    /// What was typed.
    pub typed: Typed,
    /// What is wrong.
    pub errors: FormErrors,
    /// Where the form goes.
    pub action: String,
    /// The way out.
    pub back: String,
    /// What is watched, where that is fixed.
    pub fixed: Option<String>,
    /// The version that was read.
    pub version: Option<i64>,
    /// Where it may hold.
    pub places: Vec<Choice>,
    /// What can be given to read.
    pub readings: Vec<Choice>,
    /// Whether the rule is at work.
    pub enabled: bool,
}

impl EditPage {
    fn choices<T: Copy>(
        &self,
        field: &str,
        all: &[T],
        name: fn(T) -> &'static str,
        label: fn(T) -> &'static str,
    ) -> Vec<Choice> {
        all.iter().map(|one| Choice::new(name(*one), label(*one), self.typed.get(field) == name(*one))).collect()
    }

    fn subjects(&self) -> Vec<Choice> {
        let choice = |subject: Subject| {
            let words = subject.words();
            let label = format!("{}{}, {}", words[..1].to_uppercase(), &words[1..], subject.metric.unit());
            Choice::new(subject.name(), label, self.typed.get("subject") == subject.name())
        };
        Subject::all().map(choice).collect()
    }

    fn ops(&self) -> Vec<Choice> {
        self.choices("op", Op::ALL, Op::as_str, Op::label)
    }

    fn severities(&self) -> Vec<Choice> {
        self.choices("severity", Severity::ALL, Severity::as_str, Severity::label)
    }

    fn doers(&self) -> Vec<Choice> {
        self.choices("doer", &DOERS, Role::as_str, Role::label)
    }

    fn actions(&self) -> Vec<Choice> {
        self.choices("action", RuleAction::ALL, RuleAction::as_str, RuleAction::label)
    }
}

/// What a rule would have done.
#[derive(Debug, Template)]
#[template(path = "rules/dry_run.html")]
pub struct DryRunPage {
    /// The frame.
    pub shell: Shell,
    /// The rule.
    pub line: Line,
    /// What it would have done.
    pub run: DryRun,
    /// Whether this person may switch it on.
    pub may_edit: bool,
    /// What is wrong.
    pub errors: FormErrors,
    /// For moments.
    pub zone: Tz,
}

impl DryRunPage {
    fn listed(&self) -> impl Iterator<Item = (String, String, usize, Timestamp)> {
        self.run.fired.iter().take(super::dry_run::LISTED).map(|one| {
            (
                format!("/patients/{}", one.patient),
                format::person(&one.last_name, &one.first_name, None),
                one.times,
                one.latest,
            )
        })
    }

    fn here(&self) -> String {
        format!("/rules/{}", self.line.rule.id)
    }

    fn unlisted(&self) -> usize {
        self.run.fired.len().saturating_sub(super::dry_run::LISTED)
    }
}

/// A rule as it holds for a patient.
#[derive(Debug)]
pub struct Held {
    /// The rule itself.
    pub root: Line,
    /// What holds: the rule, or an exception from it.
    pub holding: Line,
}

impl Held {
    /// Whether an exception for this patient holds.
    pub fn own(&self) -> bool {
        self.holding.rule.patient.is_some()
    }

    /// Whose words hold.
    pub fn whose(&self) -> &'static str {
        match (self.holding.rule.patient, self.holding.rule.overrides) {
            (Some(_), _) => "This patient's own",
            (None, Some(_)) => "The facility's own",
            (None, None) => "As everywhere",
        }
    }
}

/// The rules of a patient.
#[derive(Debug, Template)]
#[template(path = "rules/patient.html")]
pub struct PatientPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// The sections of the chart.
    pub sections: Vec<Tab>,
    /// The rules.
    pub rules: Vec<Held>,
    /// Whether this person may make exceptions.
    pub may_edit: bool,
    /// The address of this page.
    pub here: String,
}

/// An exception, for a patient or a facility.
#[derive(Debug, Template)]
#[template(path = "rules/exception.html")]
pub struct ExceptionPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Option<Banner>,
    /// For which place, where it is about one.
    pub place: Option<String>,
    /// The rule.
    pub root: Line,
    /// What was typed.
    pub typed: Typed,
    /// What is wrong.
    pub errors: FormErrors,
    /// Where the form goes.
    pub action: String,
    /// The way out.
    pub back: String,
    /// The version of the exception there is.
    pub version: Option<i64>,
    /// What it would have done, and what the rule without it, where what was typed makes sense.
    pub tried: Option<Tried>,
}

/// What an exception would have done.
#[derive(Debug)]
pub struct Tried {
    /// As it is typed.
    pub typed: String,
    /// The rule without the exception.
    pub root: String,
    /// Whether it would fire for nearly everyone.
    pub nearly_everyone: bool,
}

impl ExceptionPage {
    fn severities(&self) -> Vec<Choice> {
        Severity::ALL
            .iter()
            .map(|one| Choice::new(one.as_str(), one.label(), self.typed.get("severity") == one.as_str()))
            .collect()
    }

    fn counts(&self) -> bool {
        matches!(self.root.definition.condition.op, Op::Above | Op::Below)
    }

    fn limits(&self) -> bool {
        self.root.definition.condition.op != Op::Missing
    }

    fn limit_label(&self) -> String {
        let condition = &self.root.definition.condition;
        let word = if self.counts() { "Limit" } else { "Change of at least" };
        format!("{word} ({})", condition.subject.metric.unit())
    }
}
