//! What can be done to an alert: asked for by a form, decided by the model, kept with its audit.

use chrono_tz::Tz;
use serde_json::json;

use super::model::{Alert, AlertReason, Mover, Reason, Refusal, Snooze};
use super::queries::row::Row;
use super::queries::save::{self, Columns};
use crate::access::Permission;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Audited, By, Event};
use crate::ids::UserId;
use crate::outbox::{self, Notice};

/// The kinds of moves a person makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Take notice.
    Acknowledge,
    /// Give it to somebody, or to nobody.
    Assign,
    /// Put it aside.
    Snooze,
    /// Give it back to the queue.
    HandBack,
    /// Close it as dealt with.
    Resolve,
    /// Close it as needing nothing.
    Dismiss,
    /// Open it again.
    Reopen,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Acknowledge, Self::Assign, Self::Snooze, Self::HandBack, Self::Resolve, Self::Dismiss, Self::Reopen];

    /// The last part of its address.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledgement",
            Self::Assign => "assignment",
            Self::Snooze => "snooze",
            Self::HandBack => "return",
            Self::Resolve => "resolution",
            Self::Dismiss => "dismissal",
            Self::Reopen => "reopening",
        }
    }

    /// The value in the form for many alerts; not every move is made for many.
    #[must_use]
    pub fn of_bulk(action: &str) -> Option<Self> {
        Some(match action {
            "acknowledge" => Self::Acknowledge,
            "assign" => Self::Assign,
            "snooze" => Self::Snooze,
            "resolve" => Self::Resolve,
            "dismiss" => Self::Dismiss,
            _ => return None,
        })
    }

    /// The value in the form for many alerts.
    #[must_use]
    pub const fn action(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Assign => "assign",
            Self::Snooze => "snooze",
            Self::HandBack => "return",
            Self::Resolve => "resolve",
            Self::Dismiss => "dismiss",
            Self::Reopen => "reopen",
        }
    }

    /// The words on its button.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Acknowledge => "Acknowledge",
            Self::Assign => "Assign",
            Self::Snooze => "Snooze",
            Self::HandBack => "Return to the queue",
            Self::Resolve => "Resolve",
            Self::Dismiss => "Dismiss",
            Self::Reopen => "Reopen",
        }
    }

    /// What happened, to continue "Alert …" or "8 …".
    #[must_use]
    pub const fn past(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledged",
            Self::Assign => "assigned",
            Self::Snooze => "snoozed",
            Self::HandBack => "returned to the queue",
            Self::Resolve => "resolved",
            Self::Dismiss => "dismissed",
            Self::Reopen => "reopened",
        }
    }

    /// What a role needs for it.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::Acknowledge | Self::HandBack => Permission::AcknowledgeAlerts,
            Self::Assign | Self::Snooze => Permission::HandleAlerts,
            Self::Resolve => Permission::ResolveAlerts,
            Self::Dismiss => Permission::DismissAlerts,
            Self::Reopen => Permission::ReopenAlerts,
        }
    }

    /// The reasons to choose from, where it asks for one of a list.
    #[must_use]
    pub const fn reasons(self) -> &'static [AlertReason] {
        match self {
            Self::Resolve => &AlertReason::TO_RESOLVE,
            Self::Dismiss => &AlertReason::TO_DISMISS,
            Self::Acknowledge | Self::Assign | Self::Snooze | Self::HandBack | Self::Reopen => &[],
        }
    }
}

/// A move with what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Take notice.
    Acknowledge,
    /// Give it to somebody, or to nobody.
    Assign(Option<UserId>),
    /// Put it aside for so long.
    Snooze(Snooze),
    /// Give it back to the queue.
    HandBack,
    /// Close it as dealt with.
    Resolve(Reason),
    /// Close it as needing nothing.
    Dismiss(Reason),
    /// Open it again, for a reason in words.
    Reopen(String),
}

impl Move {
    /// Without its data.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Acknowledge => Kind::Acknowledge,
            Self::Assign(_) => Kind::Assign,
            Self::Snooze(_) => Kind::Snooze,
            Self::HandBack => Kind::HandBack,
            Self::Resolve(_) => Kind::Resolve,
            Self::Dismiss(_) => Kind::Dismiss,
            Self::Reopen(_) => Kind::Reopen,
        }
    }

    /// Asks the rules.
    ///
    /// # Errors
    /// Where they refuse.
    pub fn apply(&self, alert: Alert, mover: Mover, now: Timestamp, zone: Tz) -> Result<Alert, Refusal> {
        match self {
            Self::Acknowledge => alert.acknowledge(mover, now),
            Self::Assign(to) => alert.assign(mover, *to),
            Self::Snooze(choice) => alert.snooze(mover, now, choice.until(now, zone)),
            Self::HandBack => alert.hand_back(mover),
            Self::Resolve(reason) => alert.resolve(mover, now, reason.clone()),
            Self::Dismiss(reason) => alert.dismiss(mover, now, reason.clone()),
            Self::Reopen(_) => alert.reopen(mover),
        }
    }
}

/// How a move went.
#[derive(Debug)]
pub enum Outcome {
    /// It is done, and written down: the alert as it is now, but for the name of a new assignee.
    Done(Audited, Box<Row>),
    /// The rules refused.
    Refused(Refusal),
}

/// Carries out a move of an alert that this transaction has locked. `now` is the database's.
///
/// # Errors
/// Where the database does not answer.
pub async fn carry_out(
    tx: &mut Tx,
    by: &By,
    row: &Row,
    what: &Move,
    mover: Mover,
    now: Timestamp,
    zone: Tz,
) -> Result<Outcome> {
    let moved = match what.apply(row.alert(), mover, now, zone) {
        Ok(moved) => moved,
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    let before = Columns::of(row);
    let mut after = before.moved(&moved);
    if let Move::Reopen(reason) = what {
        after = after.because(reason.clone());
    }
    let action = if what.kind() == Kind::Assign { Action::Assigned } else { Action::StatusChanged };
    let (proof, row_version) = keep(tx, by, row, &before, &after, action, true).await?;
    if let Move::Assign(Some(person)) = what {
        let notice = Notice::new(outbox::Kind::AlertAssigned, row.id, format!("/alerts/{}", row.id)).tell(*person);
        outbox::schedule(tx, notice).await?;
    }
    Ok(Outcome::Done(proof, Box::new(after.onto(row, by, row_version))))
}

/// Takes back what `user` did to this alert within the last ten seconds. None where there is nothing to take back, or
/// somebody has been there since.
///
/// # Errors
/// Where the database does not answer.
pub async fn undo(tx: &mut Tx, by: &By, row: &Row, user: UserId) -> Result<Option<Audited>> {
    let Some(last) = save::last_move(tx, by.organization.uuid(), row.id, user).await? else { return Ok(None) };
    if last.row_version != Some(row.row_version) {
        return Ok(None);
    }
    let now = Columns::of(row);
    let before = now.before(&last.changes)?;
    let (proof, _) = keep(tx, by, row, &now, &before, Action::Update, false).await?;
    Ok(Some(proof))
}

/// Saves, and writes down what changed and whether it can be undone. Answers the version that this made, too.
pub async fn keep(
    tx: &mut Tx,
    by: &By,
    row: &Row,
    before: &Columns,
    after: &Columns,
    action: Action,
    undoable: bool,
) -> Result<(Audited, i64)> {
    let changes = before.changes(after)?;
    let row_version = save::save(tx, by, row, after).await?;
    let details = if undoable {
        json!({ "row_version": row_version, "undo": true })
    } else {
        json!({ "row_version": row_version })
    };
    let event = Event::new(action, "alert")
        .of(row.id)
        .about(row.patient_id)
        .at(row.facility_id)
        .changing(changes)
        .with(details);
    Ok((events::record(tx, by, event).await?, row_version))
}
