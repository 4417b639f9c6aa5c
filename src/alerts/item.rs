//! An alert as it is shown: the row, the evidence read, the record number revealed, and what this person may do.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::evidence::Evidence;
use super::model::{Alert, AlertReason, AlertStatus, AlertType, Closure, Mover, Reason, State};
use super::moves::Kind;
use super::queries::row::Row;
use crate::charts::{self, LineChart, Spark};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::events::Audited;
use crate::ids::{OrganizationId, UserId};
use crate::phi::Keyring;
use crate::web::format;

/// How many readings the small line of a row shows.
const SPARK_READINGS: usize = 7;

/// The moment and the place of a page.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    /// The moment of the request.
    pub now: Timestamp,
    /// The zone in which times are shown.
    pub zone: Tz,
}

impl Time {
    /// The day it is there.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.now.with_timezone(&self.zone).date_naive()
    }
}

/// An alert ready to be shown.
#[derive(Debug)]
pub struct Item {
    /// The alert.
    pub row: Row,
    /// What speaks for it.
    pub evidence: Evidence,
    /// The record number of its patient, grouped for reading.
    pub mrn: Option<String>,
}

impl Item {
    /// Reads the evidence and reveals the record number; the view has been written down, `proof` says so.
    ///
    /// # Errors
    /// Where the record number does not open.
    pub fn reveal(row: Row, keys: &Keyring, organization: OrganizationId, proof: &Audited) -> Result<Self> {
        let mrn = match (row.patient_id, &row.patient_mrn) {
            (Some(patient), Some(sealed)) => {
                let number = keys
                    .open(organization, "patient", "medical_record_number", patient.uuid(), sealed)
                    .map_err(anyhow::Error::from)?;
                Some(format::grouped(number.reveal(proof)))
            }
            (_, _) => None,
        };
        Ok(Self { evidence: Evidence::read(&row.payload), mrn, row })
    }

    /// `A-2331`.
    #[must_use]
    pub fn reference(&self) -> String {
        format!("A-{}", self.row.number)
    }

    /// `OKAFOR, Adaeze`.
    #[must_use]
    pub fn patient(&self) -> Option<String> {
        self.row
            .patient_last
            .as_ref()
            .map(|last| format::person(last, self.row.patient_first.as_deref().unwrap_or_default(), None))
    }

    /// `OKAFOR, Adaeze (Ms)`.
    #[must_use]
    pub fn patient_with_title(&self) -> Option<String> {
        let first = self.row.patient_first.as_deref().unwrap_or_default();
        self.row.patient_last.as_ref().map(|last| format::person(last, first, self.row.patient_title.as_deref()))
    }

    /// `68y Female, 104 2331`.
    #[must_use]
    pub fn facts(&self, time: &Time) -> String {
        let age = self.row.patient_born.map(|born| format::age(born, time.today()));
        let who: Vec<_> = age.into_iter().chain(self.sex()).filter(|word| !word.is_empty()).collect();
        let who = (!who.is_empty()).then(|| who.join(" "));
        who.into_iter().chain(self.mrn.clone()).collect::<Vec<_>>().join(", ")
    }

    /// `Born 14-Jul-1958 (68y) · Female · MRN 104 2331`; what is not known is said.
    #[must_use]
    pub fn identity(&self, time: &Time) -> String {
        let born = self.row.patient_born.map_or_else(
            || "Date of birth not recorded".to_owned(),
            |born| format!("Born {} ({})", format::date(born), format::age(born, time.today())),
        );
        let sex = self.sex().unwrap_or_else(|| "Sex not recorded".to_owned());
        let mrn = self.mrn.as_ref().map_or_else(|| "No MRN".to_owned(), |mrn| format!("MRN {mrn}"));
        format!("{born} · {sex} · {mrn}")
    }

    fn sex(&self) -> Option<String> {
        let text = self.row.patient_sex.as_deref()?.to_lowercase().replace('_', " ");
        let mut letters = text.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect())
    }

    /// What the alert is about, in words.
    #[must_use]
    pub fn kind(&self) -> String {
        self.row.kind.parse::<AlertType>().map_or_else(|_| sentence(&self.row.kind), |kind| kind.label().to_owned())
    }

    /// The state as a tag beside the title; nothing for new alerts, which are the rule.
    #[must_use]
    pub fn tag(&self, time: &Time) -> Option<String> {
        match self.row.status {
            AlertStatus::Active => None,
            AlertStatus::Snoozed => Some(self.state(time)),
            AlertStatus::Acknowledged | AlertStatus::Resolved | AlertStatus::Dismissed => {
                Some(self.row.status.label().to_owned())
            }
        }
    }

    /// The state in words: `New`, `Snoozed to 14:00`.
    #[must_use]
    pub fn state(&self, time: &Time) -> String {
        match (self.row.status, self.row.snoozed_until) {
            (AlertStatus::Snoozed, Some(until)) => {
                format!("Snoozed to {}", format::short_stamp(until, time.now, time.zone))
            }
            (status, _) => status.label().to_owned(),
        }
    }

    /// Family name of who has it.
    #[must_use]
    pub fn assignee(&self) -> Option<&str> {
        self.row.assignee_last.as_deref()
    }

    /// Initials of who has it.
    #[must_use]
    pub fn assignee_initials(&self) -> String {
        let part = |name: &Option<String>| name.as_deref().unwrap_or_default().to_owned();
        format::initials(&part(&self.row.assignee_first), &part(&self.row.assignee_last))
    }

    /// The latest readings as a small line.
    #[must_use]
    pub fn spark(&self) -> Option<Spark> {
        let series = self.evidence.series.first()?;
        let values: Vec<f64> = series.points.iter().map(|(_, value)| *value).collect();
        let latest = values.get(values.len().saturating_sub(SPARK_READINGS)..)?;
        (latest.len() > 1).then(|| charts::spark(latest, series.range))
    }

    /// All readings as rows of a table: when, and the value of each series.
    #[must_use]
    pub fn readings(&self) -> Vec<(Timestamp, Vec<String>)> {
        let value = |place: usize| {
            move |series: &super::evidence::Series| {
                series.points.get(place).map_or_else(String::new, |(_, value)| format::number(*value, 2))
            }
        };
        let first = self.evidence.series.first().map(|series| series.points.as_slice()).unwrap_or_default();
        first
            .iter()
            .enumerate()
            .map(|(place, (at, _))| (*at, self.evidence.series.iter().map(value(place)).collect()))
            .collect()
    }

    /// All readings as a chart.
    #[must_use]
    pub fn chart(&self, zone: Tz) -> Option<LineChart> {
        let first = self.evidence.series.first()?;
        let labels: Vec<_> =
            first.points.iter().map(|(at, _)| format::day_month(at.with_timezone(&zone).date_naive())).collect();
        let values: Vec<Vec<f64>> =
            self.evidence.series.iter().map(|series| series.points.iter().map(|(_, value)| *value).collect()).collect();
        // A second line needs a reading for every label of the first.
        let lines: Vec<_> = self
            .evidence
            .series
            .iter()
            .zip(&values)
            .filter(|(_, values)| values.len() == labels.len())
            .map(|(series, values)| charts::Series { name: &series.name, values, band: series.range })
            .collect();
        let title = format!("{}, last {} readings", self.row.title, labels.len());
        Some(charts::line_chart("evidence", &title, &first.unit, &labels, &lines))
    }
}

impl Row {
    /// What decides about a move of this alert.
    #[must_use]
    pub fn alert(&self) -> Alert {
        let nobody = UserId::NIL;
        let closure = || Closure {
            by: self.resolved_by.unwrap_or(nobody),
            at: self.resolved_at.unwrap_or(self.raised_at),
            reason: Reason { code: self.reason_code.unwrap_or(AlertReason::Other), text: self.reason_text.clone() },
        };
        let state = match self.status {
            AlertStatus::Active => State::Active,
            AlertStatus::Acknowledged => State::Acknowledged {
                by: self.acknowledged_by.unwrap_or(nobody),
                at: self.acknowledged_at.unwrap_or(self.raised_at),
            },
            AlertStatus::Snoozed => State::Snoozed {
                by: self.moved_by.unwrap_or(nobody),
                until: self.snoozed_until.unwrap_or(self.raised_at),
            },
            AlertStatus::Resolved => State::Resolved(closure()),
            AlertStatus::Dismissed => State::Dismissed(closure()),
        };
        Alert { severity: self.severity, assignee: self.assignee_id, state }
    }
}

/// What this person may do with an alert as it stands.
#[derive(Clone, Copy, Debug, Default)]
pub struct Can {
    /// Take notice.
    pub acknowledge: bool,
    /// Give it to somebody.
    pub assign: bool,
    /// Have it given to themselves, which they have not yet.
    pub take: bool,
    /// Put it aside.
    pub snooze: bool,
    /// Give it back to the queue.
    pub hand_back: bool,
    /// Close it as dealt with.
    pub resolve: bool,
    /// Close it as needing nothing.
    pub dismiss: bool,
    /// Open it again.
    pub reopen: bool,
}

impl Can {
    /// Asks the rules themselves, so that a button and its refusal cannot disagree.
    #[must_use]
    pub fn of(alert: &Alert, mover: Mover, now: Timestamp) -> Self {
        let reason = || Reason { code: AlertReason::Expected, text: None };
        let soon = now + chrono::TimeDelta::minutes(1);
        let assign = alert.clone().assign(mover, Some(mover.user)).is_ok();
        Self {
            acknowledge: alert.clone().acknowledge(mover, now).is_ok(),
            assign,
            take: assign && alert.assignee != Some(mover.user),
            snooze: alert.clone().snooze(mover, now, soon).is_ok(),
            hand_back: alert.clone().hand_back(mover).is_ok(),
            resolve: alert.clone().resolve(mover, now, reason()).is_ok(),
            dismiss: alert.clone().dismiss(mover, now, reason()).is_ok(),
            reopen: alert.clone().reopen(mover).is_ok(),
        }
    }

    /// Whether this move is among them.
    #[must_use]
    pub const fn do_this(&self, kind: Kind) -> bool {
        match kind {
            Kind::Acknowledge => self.acknowledge,
            Kind::Assign => self.assign,
            Kind::Snooze => self.snooze,
            Kind::HandBack => self.hand_back,
            Kind::Resolve => self.resolve,
            Kind::Dismiss => self.dismiss,
            Kind::Reopen => self.reopen,
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn nothing(&self) -> bool {
        !(self.acknowledge
            || self.assign
            || self.snooze
            || self.hand_back
            || self.resolve
            || self.dismiss
            || self.reopen)
    }
}

/// `SOME_NEW_TYPE` as `Some new type`: sources may name types that this version does not know.
fn sentence(name: &str) -> String {
    let words = name.to_lowercase().replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
