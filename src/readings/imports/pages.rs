//! The pages of imports.

use askama::Template;
use chrono_tz::Tz;

use super::State;
use super::queries::Import;
use super::report::Report;
use crate::readings::metric::Metric;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Tab};
use crate::web::whom::Whom;

/// The form to send a file, and what was sent before.
#[derive(Debug, Template)]
#[template(path = "readings/imports.html")]
pub struct ImportsPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// The sections of the chart.
    pub sections: Vec<Tab>,
    /// All readings of the patient.
    pub vitals: String,
    /// The address of this page.
    pub here: String,
    /// Goes with the form.
    pub patient: String,
    /// What was sent, the latest first.
    pub imports: Vec<Import>,
    /// What is wrong with the form.
    pub errors: FormErrors,
    /// Whether a file can be sent.
    pub may_send: bool,
    /// For moments.
    pub zone: Tz,
}

/// The same in the portal.
#[derive(Debug, Template)]
#[template(path = "readings/my_imports.html")]
pub struct MyImportsPage {
    /// The frame.
    pub shell: Shell,
    /// Whose.
    pub own: Whom,
    /// The address of this page.
    pub here: String,
    /// Goes with the form.
    pub patient: String,
    /// What was sent, the latest first.
    pub imports: Vec<Import>,
    /// What is wrong with the form.
    pub errors: FormErrors,
    /// For moments.
    pub zone: Tz,
}

/// One import: how far it is, what it would bring, or what it brought.
#[derive(Debug, Template)]
#[template(path = "readings/import.html")]
pub struct ImportPage {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// The sections of the chart.
    pub sections: Vec<Tab>,
    /// Where one came from.
    pub back: String,
    /// All readings.
    pub readings: String,
    /// The import.
    pub one: Shown,
    /// Goes with every form.
    pub patient: String,
}

/// The same in the portal.
#[derive(Debug, Template)]
#[template(path = "readings/my_import.html")]
pub struct MyImportPage {
    /// The frame.
    pub shell: Shell,
    /// Whose.
    pub own: Whom,
    /// Where one came from.
    pub back: String,
    /// All readings.
    pub readings: String,
    /// The import.
    pub one: Shown,
    /// Goes with every form.
    pub patient: String,
}

/// How far the work is, for a page that looks again.
#[derive(Debug, Template)]
#[template(path = "readings/_import_progress_alone.html")]
pub struct Progress<'a> {
    /// The import.
    pub one: &'a Shown,
}

/// An import as both pages show it.
#[derive(Debug)]
pub struct Shown {
    /// The address of it.
    pub here: String,
    /// The import.
    pub import: Import,
    /// What is wrong with the form.
    pub errors: FormErrors,
    /// For moments.
    pub zone: Tz,
}

/// A line of the table: metric, readings, unlikely, known, from, to.
pub type MetricLine = (Metric, u64, u64, u64, String, String);

impl Shown {
    /// Numbers to show: those of the report, or of the preview.
    #[must_use]
    pub fn numbers(&self) -> Option<&Report> {
        match self.import.state {
            State::Ready => self.import.preview.as_ref(),
            State::Done => self.import.report.as_ref(),
            State::Checking | State::Importing | State::Refused | State::Discarded => None,
        }
        .map(|json| &json.0)
    }

    /// Whether it is the preview that is shown.
    #[must_use]
    pub fn is_preview(&self) -> bool {
        self.import.state == State::Ready
    }

    /// Whether a job is at work.
    #[must_use]
    pub const fn works(&self) -> bool {
        self.import.state.works()
    }

    /// Lines of the table.
    #[must_use]
    pub fn lines(&self, report: &Report) -> Vec<MetricLine> {
        let day = |at: crate::clock::Timestamp| crate::web::format::date(at.with_timezone(&self.zone).date_naive());
        report
            .metrics
            .iter()
            .map(|(metric, taken)| {
                (*metric, taken.readings, taken.unlikely, taken.known, day(taken.first), day(taken.last))
            })
            .collect()
    }

    /// What the work is.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        match self.import.state {
            State::Checking => "The file is being read. Nothing is saved yet.",
            _ => "The readings are being taken in. You can leave this page: it goes on.",
        }
    }
}

impl Import {
    /// As a shape and words.
    #[must_use]
    pub const fn tone(&self) -> (&'static str, &'static str) {
        let tone = match self.state {
            State::Checking | State::Importing => "info",
            State::Ready => "warn",
            State::Done => "ok",
            State::Refused => "crit",
            State::Discarded => "none",
        };
        (tone, self.state.label())
    }

    /// How large the file is.
    #[must_use]
    pub fn written_size(&self) -> String {
        crate::web::format::file_size(self.size.unsigned_abs())
    }

    /// What the file is, in words.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.kind.map_or("File", super::Kind::label)
    }
}
