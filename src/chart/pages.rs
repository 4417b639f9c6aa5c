//! The pages and panels of the chart.

use askama::Template;

use super::panels::{Column, OpenAlert, OpenTask, Panel};
use crate::access::{Permission, Role};
use crate::patients::model::{ConditionStatus, PatientStatus};
use crate::patients::record::{ActivityItem, Contact, Record};
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Tab, Tone};
use crate::web::{Ctx, badges, filters};

/// Says that somebody else has changed the chart, or nothing.
#[derive(Debug, Template)]
#[template(path = "chart/_newer.html")]
pub struct Newer {
    /// Whether it has changed.
    pub changed: bool,
    /// The chart.
    pub href: String,
}

/// The summary.
#[derive(Debug, Template)]
#[template(path = "chart/summary.html")]
pub struct Summary {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// The sections.
    pub sections: Vec<Tab>,
    /// Whether the record is deleted.
    pub deleted: bool,
    /// The panels of the wide column.
    pub main: Vec<Panel>,
    /// The panels of the narrow column.
    pub side: Vec<Panel>,
    /// Printed from here.
    pub print: String,
    /// Where the record is edited, by whom may.
    pub edit: Option<String>,
    /// Where the status is changed, by whom may.
    pub status: Option<String>,
}

impl Summary {
    /// The page.
    pub fn new(ctx: &Ctx, shell: Shell, record: &Record, panels: Vec<Panel>) -> Self {
        let (main, side) = panels.into_iter().partition(|panel| panel.column == Column::Main);
        let may_edit = ctx.actor.may(Permission::EditPatients);
        Self {
            shell,
            banner: record.banner(ctx),
            sections: record.sections(ctx, ""),
            deleted: record.stored.deleted_at.is_some(),
            main,
            side,
            print: record.href("print"),
            edit: may_edit.then(|| record.href("edit")),
            status: may_edit.then(|| record.href("status")),
        }
    }
}

/// Open alerts, the worst first.
#[derive(Debug, Template)]
#[template(path = "chart/_alerts.html")]
pub struct AlertsPanel {
    alerts: Vec<(Tone, &'static str, OpenAlert)>,
    asks: bool,
    count: String,
    all: String,
    now: crate::clock::Timestamp,
    zone: chrono_tz::Tz,
}

impl AlertsPanel {
    /// The panel.
    pub fn new(ctx: &Ctx, record: &Record, alerts: Vec<OpenAlert>) -> Self {
        let open = alerts.first().map_or(0, |alert| alert.open);
        Self {
            count: badges::capped(open).unwrap_or_else(|| "0".to_owned()),
            all: record.href("alerts"),
            asks: ctx.actor.may(Permission::RequestVisits),
            now: ctx.now(),
            zone: ctx.actor.zone,
            alerts: alerts.into_iter().map(|alert| (tone(&alert.severity), word(&alert.severity), alert)).collect(),
        }
    }
}

/// Cases about the patient.
#[derive(Debug, Template)]
#[template(path = "chart/_cases.html")]
pub struct CasesPanel {
    /// Those that this person sees.
    pub cases: Vec<crate::cases::About>,
}

/// Open tasks, the first due first.
#[derive(Debug, Template)]
#[template(path = "chart/_tasks.html")]
pub struct TasksPanel {
    tasks: Vec<(OpenTask, bool)>,
    count: String,
    all: String,
    add: Option<String>,
    zone: chrono_tz::Tz,
}

impl TasksPanel {
    /// The panel.
    pub fn new(ctx: &Ctx, record: &Record, tasks: Vec<OpenTask>) -> Self {
        let open = tasks.first().map_or(0, |task| task.open);
        let may_add = ctx.actor.may(Permission::GivePatientTasks) && record.stored.deleted_at.is_none();
        let now = ctx.now();
        let line = |mut task: OpenTask| {
            let role = task.doer.as_deref().and_then(|name| name.parse::<Role>().ok());
            match role {
                Some(Role::Patient) => task.doer = Some("the patient".to_owned()),
                Some(role) => task.doer = Some(format!("any {}", role.label().to_lowercase())),
                None => {}
            }
            let overdue = task.due_at.is_some_and(|due| due < now);
            (task, overdue)
        };
        Self {
            count: badges::capped(open).unwrap_or_else(|| "0".to_owned()),
            all: record.href("tasks"),
            add: may_add.then(|| record.href("tasks/new")),
            zone: ctx.actor.zone,
            tasks: tasks.into_iter().map(line).collect(),
        }
    }
}

fn tone(severity: &str) -> Tone {
    match severity {
        "CRITICAL" => Tone::Crit,
        "HIGH" => Tone::High,
        "WARNING" => Tone::Warn,
        _ => Tone::Info,
    }
}

fn word(severity: &str) -> &'static str {
    match severity {
        "CRITICAL" => "Critical",
        "HIGH" => "High",
        "WARNING" => "Warning",
        _ => "Info",
    }
}

/// Problems, those of today first.
#[derive(Debug, Template)]
#[template(path = "chart/_problems.html")]
pub struct ProblemsPanel<'a> {
    /// The record.
    pub record: &'a Record,
}

impl ProblemsPanel<'_> {
    fn past(status: &str) -> Option<&'static str> {
        ConditionStatus::from_name(status)
            .filter(|status| *status != ConditionStatus::Active)
            .map(ConditionStatus::label)
    }
}

/// The people to call.
#[derive(Debug, Template)]
#[template(path = "chart/_contacts.html")]
pub struct ContactsPanel<'a> {
    /// The people.
    pub contacts: Vec<Contact>,
    /// The record.
    pub record: &'a Record,
}

/// What moved lately.
#[derive(Debug, Template)]
#[template(path = "chart/_activity.html")]
pub struct ActivityPanel<'a> {
    record: &'a Record,
    now: crate::clock::Timestamp,
    zone: chrono_tz::Tz,
}

impl<'a> ActivityPanel<'a> {
    /// The panel.
    pub fn new(ctx: &Ctx, record: &'a Record) -> Self {
        Self { record, now: ctx.now(), zone: ctx.actor.zone }
    }

    /// `Alert acknowledged`
    fn words(item: &ActivityItem) -> String {
        let subject = match item.subject.as_str() {
            "patient" => "record",
            "thread" => "conversation",
            subject => subject,
        };
        let to = match (item.subject.as_str(), item.to.as_str()) {
            ("patient", to) => PatientStatus::from_name(to).map_or(to, |status| status.label()),
            ("alert", "ACTIVE") => "in the queue",
            ("thread", "AWAITING_STAFF") => "waits for us",
            ("thread", "AWAITING_PATIENT") => "answered",
            (_, to) => to,
        };
        let to = to.replace('_', " ").to_lowercase();
        format!("{} {to}", subject.replace('_', " "))
    }
}

/// Where, how tall, since when.
#[derive(Debug, Template)]
#[template(path = "chart/_record.html")]
pub struct RecordPanel<'a> {
    /// The record.
    pub record: &'a Record,
}

/// Who looks after them.
#[derive(Debug, Template)]
#[template(path = "chart/_care_team.html")]
pub struct CareTeamPanel<'a> {
    /// The record.
    pub record: &'a Record,
}

/// Who pays.
#[derive(Debug, Template)]
#[template(path = "chart/_coverage.html")]
pub struct CoveragePanel<'a> {
    /// The record.
    pub record: &'a Record,
}

/// A section that holds panels only.
#[derive(Debug, Template)]
#[template(path = "chart/section.html")]
pub struct Section {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// The sections.
    pub sections: Vec<Tab>,
    /// What it holds.
    pub panels: Vec<String>,
}

/// All facts of the record.
#[derive(Debug, Template)]
#[template(path = "chart/_details.html")]
pub struct Details<'a> {
    /// The record.
    pub record: &'a Record,
    /// Where it is edited, by whom may.
    pub edit: Option<String>,
    /// Where it is deleted, by whom may.
    pub delete: Option<String>,
    /// Where the status is changed, by whom may.
    pub status: Option<String>,
    /// For moments.
    pub zone: chrono_tz::Tz,
}

impl Details<'_> {
    fn address(&self) -> Vec<&str> {
        let opened = &self.record.opened;
        [&opened.address, &opened.city, &opened.state, &opened.zip_code]
            .into_iter()
            .filter_map(|line| line.as_deref())
            .collect()
    }
}

/// The chart on paper.
#[derive(Debug, Template)]
#[template(path = "chart/print.html")]
pub struct Print {
    /// The frame.
    pub shell: Shell,
    /// Who it is about.
    pub banner: Banner,
    /// Back to the screen.
    pub back: String,
    /// What it holds.
    pub panels: Vec<String>,
}
