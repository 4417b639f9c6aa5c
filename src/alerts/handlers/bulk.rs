//! `POST /alerts/bulk`: one move of many alerts, in one request and one transaction; says how each went.

use serde_json::json;

use super::asking::{self, Trouble};
use super::{back, mover};
use crate::alerts::forms::RawMove;
use crate::alerts::model::Refusal;
use crate::alerts::moves::{self, Kind, Move, Outcome};
use crate::alerts::queries::{one, save};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{AlertId, RequestId};
use crate::web::flash::Flash;
use crate::web::form::{Form, Id, Query};
use crate::web::{Ctx, Page};

/// How many went how.
#[derive(Debug, Default)]
struct Tally {
    done: Vec<AlertId>,
    changed: usize,
    refused: usize,
}

/// Moves all chosen alerts that are still as they were seen.
pub async fn post(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawMove>) -> Page {
    let kind = Kind::of_bulk(&raw.action).ok_or(Error::BadRequest("Choose what to do with the alerts."))?;
    if !ctx.actor.may(kind.permission()) {
        return Err(Error::Forbidden);
    }
    let mut chosen = raw.chosen()?;
    chosen.sort_unstable();
    chosen.dedup_by_key(|(id, _)| *id);
    if chosen.is_empty() {
        return Ok(ctx.redirect(back(&raw.back), Some(&Flash::problem("Select at least one alert first"))));
    }
    let ids: Vec<_> = chosen.iter().map(|(id, _)| id.uuid()).collect();
    let what = match raw.parse(kind, ctx.actor.user) {
        Ok(what) => what,
        Err(errors) => {
            let rows = one::find(&mut tx, ctx.actor.organization, &ids).await?;
            let trouble = if raw.asked.is_empty() { Trouble::none() } else { Trouble::wrong(errors) };
            return asking::page(&ctx, tx, kind, rows, &raw, trouble).await;
        }
    };
    let tally = move_all(&ctx, &mut tx, &chosen, &what).await?;
    let request = ctx.request;
    note(&ctx, &mut tx, request, &tally).await?;
    tx.commit().await?;
    Ok(ctx.redirect(back(&raw.back), Some(&tally.flash(kind, request, back(&raw.back)))))
}

/// `POST /alerts/bulk/{request}/undo`: takes back what that request did, each alert that nobody has touched since.
pub async fn undo(ctx: Ctx, mut tx: Tx, Id(request): Id<RequestId>, Query(raw): Query<RawMove>) -> Page {
    let ids = save::batch(&mut tx, ctx.actor.organization, request, ctx.actor.user).await?.ok_or(Error::NotFound)?;
    let rows = one::lock(&mut tx, ctx.actor.organization, &ids).await?;
    let mut undone = 0;
    for row in &rows {
        undone += usize::from(moves::undo(&mut tx, &ctx.by(), row, ctx.actor.user).await?.is_some());
    }
    tx.commit().await?;
    let flash = if undone == ids.len() {
        Flash::ok(format!("Undone: {undone} alerts are as they were"))
    } else {
        Flash::problem(format!(
            "{undone} of {} undone; the others have changed since, or ten seconds have passed",
            ids.len()
        ))
    };
    Ok(ctx.redirect(back(&raw.back), Some(&flash)))
}

async fn move_all(ctx: &Ctx, tx: &mut Tx, chosen: &[(AlertId, i64)], what: &Move) -> Result<Tally> {
    let ids: Vec<_> = chosen.iter().map(|(id, _)| id.uuid()).collect();
    let rows = one::lock(tx, ctx.actor.organization, &ids).await?;
    let now = one::now(tx).await?;
    let seen =
        if rows.len() == chosen.len() { rows.len() } else { one::find(tx, ctx.actor.organization, &ids).await?.len() };
    // What has gone out of sight meanwhile counts as changed; what is seen and cannot be locked may not be changed.
    let mut tally = Tally { changed: chosen.len() - seen, refused: seen - rows.len(), ..Tally::default() };
    for row in &rows {
        let as_seen = chosen.iter().any(|(id, version)| *id == row.id && *version == row.row_version);
        if let Move::Assign(Some(person)) = what {
            asking::check_assignee(ctx, tx, *person, row.facility_id).await?;
        }
        if !as_seen {
            tally.changed += 1;
            continue;
        }
        match moves::carry_out(tx, &ctx.by(), row, what, mover(ctx), now, ctx.actor.zone).await? {
            Outcome::Done(..) => tally.done.push(row.id),
            Outcome::Refused(Refusal::State(_)) => tally.changed += 1,
            Outcome::Refused(Refusal::Person(_) | Refusal::Rule(_)) => tally.refused += 1,
        }
    }
    Ok(tally)
}

/// Remembers which alerts went together, so that they can be taken back together.
async fn note(ctx: &Ctx, tx: &mut Tx, request: RequestId, tally: &Tally) -> Result<()> {
    let ids: Vec<_> = tally.done.iter().map(ToString::to_string).collect();
    let event = Event::new(Action::Update, "alert_batch").of(request).with(json!({ "alerts": ids }));
    events::record(tx, &ctx.by(), event).await?;
    Ok(())
}

impl Tally {
    /// "8 acknowledged, 2 had changed meanwhile".
    fn flash(&self, kind: Kind, request: RequestId, home: &str) -> Flash {
        let mut words = vec![format!("{} {}", self.done.len(), kind.past())];
        if self.changed > 0 {
            words.push(format!("{} had changed meanwhile", self.changed));
        }
        if self.refused > 0 {
            words.push(format!("{} not allowed", self.refused));
        }
        let words = words.join(", ");
        if self.done.is_empty() {
            return Flash::problem(words);
        }
        let back: String = url::form_urlencoded::byte_serialize(home.as_bytes()).collect();
        Flash::ok(words).with_undo(format!("/alerts/bulk/{request}/undo?back={back}"))
    }
}
