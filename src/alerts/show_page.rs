//! What the page of one alert prints.

use askama::Template;

use super::model::AlertStatus;
use super::moves::Kind;
use super::pages::Pane;
use super::queries::story::{CaseLine, Step, VISIT_ASKED, VISIT_BOOKED};
use crate::access::Actor;
use crate::web::filters;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::{Action, ActionKind, Entry};

/// The page.
#[derive(Debug, Template)]
#[template(path = "alerts/show.html")]
pub struct Show {
    /// The frame.
    pub shell: Shell,
    /// The alert.
    pub pane: Pane,
    /// What this person may do, and what not and why.
    pub actions: Vec<Action>,
    /// Its story, the latest first.
    pub entries: Vec<Entry>,
    /// The cases that came of it, as far as this person sees them.
    pub cases: Vec<CaseLine>,
    /// Whether this person may say something.
    pub may_comment: bool,
    /// The identifier of the next comment.
    pub key: String,
    /// What was typed.
    pub comment: String,
    /// What is wrong with it.
    pub errors: FormErrors,
}

impl Show {
    /// Where a comment goes.
    fn comments(&self) -> String {
        format!("/alerts/{}/comments", self.pane.item.row.id)
    }
}

/// Moves and comments as one story, the latest first.
pub fn entries(steps: Vec<Step>, comments: Vec<Entry>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = steps.into_iter().map(moved).chain(comments).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    entries
}

fn moved(step: Step) -> Entry {
    let to = step.to_status.parse::<AlertStatus>();
    let what = match (to, step.from_status.is_none()) {
        (_, true) => "raised this alert",
        (Ok(AlertStatus::Active), false) => "returned this to the queue",
        (Ok(AlertStatus::Acknowledged), false) => "acknowledged this",
        (Ok(AlertStatus::Snoozed), false) => "snoozed this",
        (Ok(AlertStatus::Resolved), false) => "resolved this",
        (Ok(AlertStatus::Dismissed), false) => "dismissed this",
        (Err(_), false) if step.to_status == VISIT_ASKED => "asked for a visit",
        (Err(_), false) if step.to_status == VISIT_BOOKED => "booked a visit",
        (Err(_), false) => "changed this",
    };
    let icon = match to {
        Ok(AlertStatus::Active) if step.from_status.is_none() => "bell",
        Ok(AlertStatus::Active) => "rotate-ccw",
        Ok(AlertStatus::Acknowledged) => "check",
        Ok(AlertStatus::Snoozed) => "clock",
        Ok(AlertStatus::Resolved) => "list-checks",
        Ok(AlertStatus::Dismissed) => "x",
        Err(_) if step.to_status == VISIT_ASKED => "calendar-days",
        Err(_) if step.to_status == VISIT_BOOKED => "calendar-check",
        Err(_) => "info",
    };
    let who = match (step.first_name, step.last_name) {
        (Some(first), Some(last)) => format!("{first} {last}"),
        (_, _) if step.service => "Another system".to_owned(),
        (_, _) => "Almoner".to_owned(),
    };
    Entry { at: step.at, who, initials: None, icon, what: what.to_owned(), said: step.reason }
}

/// Every move with its button, or with the reason why there is none.
#[must_use]
pub fn actions(pane: &Pane, actor: &Actor) -> Vec<Action> {
    let can = &pane.can;
    let open = pane.item.row.status.is_open();
    let base = format!("/alerts/{}", pane.item.row.id);
    let possible = [
        (Kind::Acknowledge, can.acknowledge, "check", 'e'),
        (Kind::Assign, can.assign, "user-plus", 'a'),
        (Kind::Snooze, can.snooze, "clock", 'h'),
        (Kind::HandBack, can.hand_back, "rotate-ccw", ' '),
        (Kind::Resolve, can.resolve, "list-checks", 'r'),
        (Kind::Dismiss, can.dismiss, "x", ' '),
        (Kind::Reopen, can.reopen, "rotate-ccw", ' '),
    ];
    let relevant = |kind| match kind {
        Kind::Reopen => !open,
        Kind::HandBack => can.hand_back,
        Kind::Acknowledge => pane.item.row.status == AlertStatus::Active,
        Kind::Assign | Kind::Snooze | Kind::Resolve | Kind::Dismiss => open,
    };
    possible
        .into_iter()
        .filter(|(kind, ..)| relevant(*kind))
        .map(|(kind, can, icon, key)| {
            let href = format!("{base}/{}", kind.path());
            let (what, label) = match kind {
                Kind::Acknowledge => (ActionKind::Primary(href), kind.label().to_owned()),
                Kind::HandBack => (ActionKind::Post(href), kind.label().to_owned()),
                Kind::Assign | Kind::Snooze | Kind::Resolve | Kind::Dismiss | Kind::Reopen => {
                    (ActionKind::Page(href), format!("{}…", kind.label()))
                }
            };
            if can {
                return Action { label, icon, why: String::new(), kind: what, key };
            }
            Action { label, icon, why: refusal(kind, actor, pane), kind: ActionKind::Blocked, key: ' ' }
        })
        .collect()
}

/// Why this person cannot do it.
fn refusal(kind: Kind, actor: &Actor, pane: &Pane) -> String {
    match kind {
        _ if !actor.may(kind.permission()) => format!("The role {} cannot do this.", actor.role.label().to_lowercase()),
        Kind::Acknowledge => "You can acknowledge what is assigned to you.".to_owned(),
        Kind::Resolve => "A clinician has to resolve alerts that are high or critical.".to_owned(),
        Kind::Snooze if pane.item.row.status == AlertStatus::Snoozed => {
            "It is snoozed already. Return it to the queue first.".to_owned()
        }
        Kind::Snooze | Kind::Assign | Kind::HandBack | Kind::Dismiss | Kind::Reopen => {
            "Not as the alert stands now.".to_owned()
        }
    }
}
