//! What the templates of the queue print.

use askama::Template;

use super::filter::Filter;
use super::item::{Can, Item, Time};
use super::model::Mover;
use super::queries::around::{Around, Other};
use crate::access::{Actor, Permission, Role};
use crate::charts::LineChart;
use crate::ids::AlertId;
use crate::web::filters;
use crate::web::format;
use crate::web::shell::Shell;
use crate::web::ui::{Allergies, Chip, Choice, Order, Pager, Tab};

/// The whole page.
#[derive(Debug, Template)]
#[template(path = "alerts/index.html")]
pub struct Index {
    /// The frame.
    pub shell: Shell,
    /// The queue.
    pub queue: Queue,
}

/// The parts of it that a change of the filter replaces.
#[derive(Debug, Template)]
#[template(path = "alerts/_answer.html")]
pub struct Answer<'a> {
    /// The queue.
    pub queue: &'a Queue,
}

/// Only the pane beside the queue.
#[derive(Debug, Template)]
#[template(path = "alerts/_preview_alone.html")]
pub struct PaneAlone {
    /// The alert in it.
    pub pane: Pane,
}

/// The pill that says how many alerts are newer than the page.
#[derive(Debug, Template)]
#[template(path = "alerts/_newer.html")]
pub struct Newer {
    /// The list as it is now.
    pub href: String,
    /// How many.
    pub newer: usize,
    /// Of what.
    pub noun: &'static str,
}

/// After a move: the pane, and the row and the tabs that changed with it.
#[derive(Debug, Template)]
#[template(path = "alerts/_moved.html")]
pub struct Moved {
    /// The alert as it is now.
    pub pane: Pane,
    /// The same for its row.
    pub item: Item,
    /// Whether the row still belongs to the list.
    pub stays: bool,
    /// The tabs with their counts.
    pub tabs: Vec<Tab>,
    /// Where this filter gets a name.
    pub save: String,
    /// Whether it has one.
    pub saved: bool,
    /// Whether this person takes alerts.
    pub handles: bool,
}

/// Somebody was faster: the same, with a note before it.
#[derive(Debug, Template)]
#[template(path = "alerts/_conflict.html")]
pub struct Conflict {
    /// The alert as it is now.
    pub moved: Moved,
    /// Who did what, when.
    pub words: String,
}

/// What the person may do at all, whatever the alert.
#[derive(Clone, Copy, Debug)]
pub struct May {
    /// Raise an alert by hand.
    pub raise: bool,
    /// Take a list out.
    pub export: bool,
    /// Acknowledge.
    pub acknowledge: bool,
    /// Assign and snooze.
    pub handle: bool,
    /// Resolve.
    pub resolve: bool,
    /// Dismiss.
    pub dismiss: bool,
}

impl May {
    /// What the role of `actor` allows.
    #[must_use]
    pub const fn of(actor: &Actor) -> Self {
        Self {
            raise: actor.may(Permission::RaiseAlerts),
            export: actor.may(Permission::ExportAlerts),
            acknowledge: actor.may(Permission::AcknowledgeAlerts),
            handle: actor.may(Permission::HandleAlerts),
            resolve: actor.may(Permission::ResolveAlerts),
            dismiss: actor.may(Permission::DismissAlerts),
        }
    }
}

/// The queue and everything around it.
#[derive(Debug)]
pub struct Queue {
    /// The moment.
    pub time: Time,
    /// What was asked for.
    pub filter: Filter,
    /// "31 open · 3 critical".
    pub meta: String,
    /// The tabs.
    pub tabs: Vec<Tab>,
    /// The words in the filter, as they were typed.
    pub typed: String,
    /// What chooses the whole list, where it has more than this page.
    pub all: Option<String>,
    /// The filters in force.
    pub chips: Vec<Chip>,
    /// The same tab without filters.
    pub clear: String,
    /// Menus of the filter.
    pub severities: Vec<Choice>,
    /// Menus of the filter.
    pub types: Vec<Choice>,
    /// Menus of the filter.
    pub statuses: Vec<Choice>,
    /// Menus of the filter.
    pub people: Vec<Choice>,
    /// Menus of the filter.
    pub places: Vec<Choice>,
    /// Orders to choose from.
    pub sorts: Vec<Choice>,
    /// This list sorted by severity, and whether it is.
    pub by_severity: String,
    /// This list sorted by severity, and whether it is.
    pub severity_order: Option<Order>,
    /// This list sorted by name, and whether it is.
    pub by_patient: String,
    /// This list sorted by name, and whether it is.
    pub patient_order: Option<Order>,
    /// The rows.
    pub items: Vec<Item>,
    /// What to say where there are none.
    pub nothing: &'static str,
    /// Pages before and after.
    pub pager: Pager,
    /// This list from its first page.
    pub here: String,
    /// This very page, to come back to after an action.
    pub back: String,
    /// Where to ask for what is newer.
    pub newer: String,
    /// The list as a file.
    pub csv: String,
    /// The list on paper.
    pub print: String,
    /// Where this filter gets a name.
    pub save: String,
    /// What the role allows.
    pub may: May,
    /// The alert looked at.
    pub selected: Option<AlertId>,
    /// The pane beside the list.
    pub pane: Option<Pane>,
}

impl Queue {
    /// Whether `item` is the one in the pane.
    fn looks_at(&self, item: &Item) -> bool {
        self.selected == Some(item.row.id)
    }
}

/// One alert with what is needed to decide about it.
#[derive(Debug)]
pub struct Pane {
    /// The moment.
    pub time: Time,
    /// The alert.
    pub item: Item,
    /// The readings.
    pub chart: Option<LineChart>,
    /// What the patient reacts to.
    pub allergies: Allergies,
    /// Other open alerts of the patient.
    pub others: Vec<Other>,
    /// What this person may do.
    pub can: Can,
    /// The chart of the patient.
    pub chart_href: String,
    /// Where the conversation about it is, or where one begins.
    pub message_href: Option<String>,
    /// The visit that it suggests: where to ask for it, or the one that there is.
    pub visit: Option<VisitLink>,
    /// The list to come back to.
    pub back: String,
}

/// A visit that an alert suggests.
#[derive(Debug)]
pub struct VisitLink {
    /// Where to.
    pub href: String,
    /// `Visit on Tuesday 24 November, 10:00`
    pub words: String,
    /// Beside the words.
    pub icon: &'static str,
}

impl Pane {
    /// The pane of `item` as `mover` sees it.
    #[must_use]
    pub fn new(item: Item, around: &mut Around, mover: Mover, time: Time, back: String) -> Self {
        let allergies = match (item.row.allergy_status.as_deref(), std::mem::take(&mut around.allergies)) {
            (_, known) if !known.is_empty() => Allergies::Known(known),
            (Some("NONE_KNOWN"), _) => Allergies::NoneKnown,
            (Some("KNOWN"), _) => Allergies::Unavailable,
            (_, _) => Allergies::NotRecorded,
        };
        Self {
            chart: item.chart(time.zone),
            can: Can::of(&item.row.alert(), mover, time.now),
            message_href: message_href(&item, mover.role),
            visit: visit_link(&item, around, mover.role, time.zone),
            chart_href: item.row.patient_id.map(|id| format!("/patients/{id}")).unwrap_or_default(),
            others: std::mem::take(&mut around.others),
            allergies,
            time,
            item,
            back,
        }
    }

    /// Why it fired, from the source or in the words of the alert.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.item.evidence.why.as_deref().or(Some(self.item.row.body.as_str())).filter(|why| !why.is_empty())
    }

    /// Given and family name of who has it.
    #[must_use]
    pub fn assignee(&self) -> Option<String> {
        let row = &self.item.row;
        row.assignee_last.as_ref().map(|last| format!("{} {last}", row.assignee_first.as_deref().unwrap_or_default()))
    }

    /// Why it was closed.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let row = &self.item.row;
        match (row.reason_code.map(super::model::AlertReason::label), &row.reason_text) {
            (Some(label), Some(text)) => Some(format!("{label}. {text}")),
            (Some(label), None) => Some(label.to_owned()),
            (None, text) => text.clone(),
        }
    }

    /// What the form's own button does.
    #[must_use]
    pub const fn main(&self) -> &'static str {
        if self.can.acknowledge { "acknowledgement" } else { "return" }
    }

    /// The page that asks for more before it does `what`.
    #[must_use]
    pub fn link(&self, what: &str) -> String {
        let back: String = url::form_urlencoded::byte_serialize(self.back.as_bytes()).collect();
        format!("/alerts/{}/{what}?back={back}", self.item.row.id)
    }
}

/// Where the conversation about an alert is, or where one with its patient begins; none for who may not write.
fn message_href(item: &Item, role: Role) -> Option<String> {
    if !role.may(Permission::UseMessages) {
        return None;
    }
    match (item.row.thread_id, item.row.patient_id) {
        (Some(thread), _) => Some(format!("/threads/{thread}")),
        (None, Some(patient)) => Some(format!("/threads/new?patient={patient}")),
        (None, None) => None,
    }
}

/// The visit that an open alert suggests: the next one that is planned, the request that was made for it, or where to ask. Each for who may.
fn visit_link(item: &Item, around: &Around, role: Role, zone: chrono_tz::Tz) -> Option<VisitLink> {
    if !item.evidence.suggests_visit || !item.row.status.is_open() || item.row.patient_id.is_none() {
        return None;
    }
    let (permission, href, words, icon) = match (&around.visit, &around.asked) {
        (Some(visit), _) => {
            let words = visit.at.with_timezone(&zone).format("Visit on %A %-d %B, %H:%M").to_string();
            (Permission::ViewSchedule, format!("/visits/{}", visit.id), words, "calendar-check")
        }
        (None, Some(asked)) => {
            let words = format!("Visit asked for, R-{}", asked.number);
            (Permission::ViewVisitRequests, format!("/visit-requests/{}", asked.id), words, "calendar-days")
        }
        (None, None) => {
            let href = format!("/visit-requests/new?alert={}", item.row.id);
            (Permission::RequestVisits, href, "Ask for a visit".to_owned(), "calendar-plus")
        }
    };
    role.may(permission).then_some(VisitLink { href, words, icon })
}

/// "31 open · 3 critical · oldest unacknowledged 11 h".
#[must_use]
pub fn meta(around: &Around, time: &Time) -> String {
    let shown = |count| format::capped(count, crate::web::badges::COUNT_CAP - 1);
    let mut meta = format!("{} open · {} critical", shown(around.open), shown(around.critical));
    if let Some(since) = around.waiting_since {
        meta.push_str(" · oldest unacknowledged ");
        meta.push_str(&format::relative(since, time.now));
    }
    meta
}
