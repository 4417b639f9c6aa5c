//! `POST /cases/bulk`: gives many cases to one caseworker, in one request and one transaction; says how each went.

use std::collections::HashMap;

use super::{asking, back, mover};
use crate::cases::forms::RawMove;
use crate::cases::model::{CaseStatus, Kind, Move};
use crate::cases::moves::{self, Outcome};
use crate::cases::queries::one;
use crate::db::Tx;
use crate::error::Error;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors};
use crate::web::{Ctx, Page};

/// How many went how.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    changed: usize,
    elsewhere: usize,
    wrong_place: usize,
}

/// Assigns all chosen cases that wait for it and are still as they were seen.
pub async fn assign(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawMove>) -> Page {
    let chosen = raw.chosen()?;
    if chosen.is_empty() {
        return Ok(ctx.redirect(back(&raw.back), Some(&Flash::problem("Select at least one case first"))));
    }
    let organization = ctx.actor.organization;
    let ids: Vec<_> = chosen.iter().map(|(id, _)| id.uuid()).collect();
    let what = match raw.parse(Kind::Assign) {
        Ok(what) => what,
        Err(errors) => {
            let rows = one::find(&mut tx, organization, &ids).await?;
            let asked = if raw.asked.is_empty() { FormErrors::default() } else { errors };
            let trouble = if asked.is_empty() { asking::Trouble::default() } else { asking::Trouble::wrong(asked) };
            return asking::page_for_many(&ctx, tx, rows, &raw, trouble).await;
        }
    };
    let Move::Assign(person) = &what else { return Err(Error::NotFound) };
    let rows = one::lock(&mut tx, organization, &ids).await?;
    let mut tally = Tally { changed: chosen.len() - rows.len(), ..Tally::default() };
    let now = ctx.now();
    let mut works_at = HashMap::new();
    for row in &rows {
        let as_seen = chosen.iter().any(|(id, version)| *id == row.id && *version == row.row_version);
        if !as_seen {
            tally.changed += 1;
        } else if row.status != CaseStatus::PendingReview {
            tally.elsewhere += 1;
        } else {
            let here = match works_at.get(&row.facility_id) {
                Some(here) => *here,
                None => asking::is_caseworker(&ctx, &mut tx, *person, row.facility_id).await?,
            };
            works_at.insert(row.facility_id, here);
            if !here {
                tally.wrong_place += 1;
                continue;
            }
            match moves::carry_out(&mut tx, &ctx.by(), row, 0, &what, mover(&ctx), now).await? {
                Outcome::Done => tally.done += 1,
                Outcome::Refused(_) => tally.changed += 1,
                // Its history is written and it is not: nothing of this is kept. It was locked, so this does not happen.
                Outcome::Stale => {
                    return Err(Error::Conflict("The cases changed meanwhile. Nothing was assigned.".to_owned()));
                }
            }
        }
    }
    tx.commit().await?;
    Ok(ctx.redirect(back(&raw.back), Some(&tally.flash())))
}

impl Tally {
    /// "8 assigned, 2 had changed meanwhile".
    fn flash(&self) -> Flash {
        let mut words = vec![format!("{} assigned", self.done)];
        let others = [
            (self.changed, "had changed meanwhile"),
            (self.elsewhere, "not waiting for review"),
            (self.wrong_place, "at a place where this person does not work"),
        ];
        words.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
        let words = words.join(", ");
        if self.done == 0 { Flash::problem(words) } else { Flash::ok(words) }
    }
}
