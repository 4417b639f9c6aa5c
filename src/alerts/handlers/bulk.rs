//! `POST /alerts/bulk`: one move of many alerts, in one request and one transaction; says how each went.

use serde_json::json;

use super::asking::{self, Trouble};
use super::{back, criteria, list_of, mover};
use crate::alerts::filter::Position;
use crate::alerts::forms::{BULK_LIMIT, RawMove};
use crate::alerts::item::Can;
use crate::alerts::model::Refusal;
use crate::alerts::moves::{self, Kind, Move, Outcome};
use crate::alerts::queries::{list, one, save};
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
    if raw.all == "1" {
        return ask_for_all(&ctx, tx, kind, raw).await;
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

/// The whole list instead of one page of it: shown before anything moves, so that nobody moves what they have not seen.
async fn ask_for_all(ctx: &Ctx, mut tx: Tx, kind: Kind, mut raw: RawMove) -> Page {
    let filter = list_of(back(&raw.back));
    let criteria = criteria(ctx, &mut tx, &filter).await?;
    let most = usize::from(BULK_LIMIT);
    let mut rows = list::page(&mut tx, &criteria, &filter, &Position::default(), BULK_LIMIT.into()).await?;
    let more = rows.len() > most;
    rows.truncate(most);
    let found = rows.len();
    let now = one::now(&mut tx).await?;
    rows.retain(|row| Can::of(&row.alert(), mover(ctx), now).do_this(kind));
    if rows.is_empty() {
        let nothing = Flash::problem(format!("No alert in this list can be {} by you as it stands", kind.past()));
        return Ok(ctx.redirect(back(&raw.back), Some(&nothing)));
    }
    let mut note = Vec::new();
    if more {
        note.push(format!("These are the first {most} of the list. Come back for the others."));
    }
    match found - rows.len() {
        0 => {}
        1 => note.push(format!("1 alert of the list is left out: it cannot be {} by you as it stands.", kind.past())),
        n => note
            .push(format!("{n} alerts of the list are left out: they cannot be {} by you as they stand.", kind.past())),
    }
    raw.id = rows.iter().map(|row| format!("{}.{}", row.id, row.row_version)).collect();
    let trouble = Trouble { note: Some(note.join(" ")).filter(|note| !note.is_empty()), ..Trouble::none() };
    asking::page(ctx, tx, kind, rows, &raw, trouble).await
}

async fn move_all(ctx: &Ctx, tx: &mut Tx, chosen: &[(AlertId, i64)], what: &Move) -> Result<Tally> {
    let ids: Vec<_> = chosen.iter().map(|(id, _)| id.uuid()).collect();
    let rows = one::lock(tx, ctx.actor.organization, &ids).await?;
    let now = one::now(tx).await?;
    let seen =
        if rows.len() == chosen.len() { rows.len() } else { one::find(tx, ctx.actor.organization, &ids).await?.len() };
    // What has gone out of sight meanwhile counts as changed; what is seen and cannot be locked may not be changed.
    let mut tally = Tally { changed: chosen.len() - seen, refused: seen - rows.len(), ..Tally::default() };
    if let Move::Assign(Some(person)) = what {
        for facility in asking::facilities(&rows) {
            asking::check_assignee(ctx, tx, *person, facility).await?;
        }
    }
    for row in &rows {
        let as_seen = chosen.iter().any(|(id, version)| *id == row.id && *version == row.row_version);
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
