//! What can be done to where a case stands: asked for by a form, decided by the model, kept with its history and audit.

use serde_json::json;

use super::model::{Kind, Move, Mover, Refusal};
use super::queries::people::{self, Concerned};
use super::queries::row::Row;
use super::queries::write;
use crate::access::Role;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, By, Event, StatusChange};
use crate::ids::UserId;
use crate::outbox::{self, Notice};

/// How a move went.
#[derive(Debug)]
pub enum Outcome {
    /// It is done, and written down.
    Done,
    /// The rules refused.
    Refused(Refusal),
    /// The case is no longer as it was seen: the transaction must not be committed.
    Stale,
}

/// Carries out a move of a case that was read in this transaction.
///
/// # Errors
/// Where the database does not answer or its own state machine refuses.
pub async fn carry_out(
    tx: &mut Tx,
    by: &By,
    row: &Row,
    open_tasks: i64,
    what: &Move,
    mover: Mover,
    now: Timestamp,
) -> Result<Outcome> {
    let case = row.case(open_tasks);
    let moved = match case.apply(what, mover, now) {
        Ok(moved) => moved,
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    let (from, to) = (row.status, moved.state.status());
    // Before the move: who declines does not see the case afterwards.
    let concerned = people::concerned(tx, by.organization, row.id).await?;
    let change = StatusChange {
        subject: "case",
        id: row.id.uuid(),
        from: Some(from.as_str()),
        to: to.as_str(),
        reason: what.reason(),
        patient: row.patient_id,
        facility: row.facility_id,
    };
    events::status_change(tx, by, &change).await?;
    let away = what.kind() == Kind::Decline && mover.role == Role::Caseworker;
    if !write::save(tx, by.organization, row, &moved, what, away).await? {
        return Ok(Outcome::Stale);
    }
    let mut changes = serde_json::Map::new();
    if from != to {
        changes.insert("status".to_owned(), json!({ "before": from, "after": to }));
    }
    let (before, after) = (row.assignee_id, moved.state.caseworker());
    if before != after {
        let id = |person: Option<UserId>| person.map(UserId::uuid);
        changes.insert("assigned_to_id".to_owned(), json!({ "before": id(before), "after": id(after) }));
    }
    let action = if what.kind().asks_person() { Action::Assigned } else { Action::StatusChanged };
    let event = Event::new(action, "case")
        .of(row.id)
        .about(row.patient_id)
        .at(row.facility_id)
        .changing(serde_json::Value::Object(changes))
        .with(json!({ "move": what.kind() }));
    events::record(tx, by, event).await?;
    tell(tx, what, row, concerned).await?;
    Ok(Outcome::Done)
}

/// Tells everybody whom it concerns, each once: who has to do something now, and the others that it moved.
async fn tell(tx: &mut Tx, what: &Move, row: &Row, concerned: Concerned) -> Result<()> {
    let notice = |kind| Notice::new(kind, row.id, format!("/cases/{}", row.id));
    let mut others = concerned.around;
    if matches!(what, Move::Assign(_) | Move::SendBack(_) | Move::Complete(_) | Move::Return(_)) {
        outbox::call_off(tx, outbox::Kind::CaseWaiting, row.id).await?;
    }
    if matches!(what, Move::Reassign(..)) {
        // They do not see it any more.
        others.retain(|other| Some(*other) != row.assignee_id.map(UserId::uuid));
    }
    if let Some((kind, person)) = told(what, row) {
        outbox::schedule(tx, notice(kind).tell(person)).await?;
        others.retain(|other| *other != person.uuid());
    }
    if matches!(what, Move::Submit | Move::Decline(_) | Move::Finish) {
        others.retain(|other| !concerned.chairs.contains(other));
        outbox::schedule(tx, notice(outbox::Kind::CaseWaiting).tell_all(concerned.chairs)).await?;
    }
    if !others.is_empty() {
        outbox::schedule(tx, notice(outbox::Kind::CaseMoved).tell_all(others)).await?;
    }
    Ok(())
}

/// Who has something to do after a move.
fn told(what: &Move, row: &Row) -> Option<(outbox::Kind, UserId)> {
    match what {
        Move::Assign(to) | Move::Reassign(to, _) => Some((outbox::Kind::CaseAssigned, *to)),
        Move::SendBack(_) => Some((outbox::Kind::CaseReturned, row.creator_id)),
        Move::Return(_) | Move::Reopen(_) => row.assignee_id.map(|worker| (outbox::Kind::CaseReturned, worker)),
        Move::Submit | Move::Start | Move::Decline(_) | Move::Finish | Move::Complete(_) => None,
    }
}
