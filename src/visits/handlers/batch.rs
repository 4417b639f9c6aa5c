//! Many visits at once.

use super::visits::{RawVisit, looked_at};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::VisitId;
use crate::visits::model::VisitStatus;
use crate::visits::moves;
use crate::web::flash::Flash;
use crate::web::form::Form;
use crate::web::{Ctx, Page};

/// Visits moved by one form: as many as a day has.
const BATCH: usize = 200;

/// `POST /visits/batch`: one move for many visits, each on its own: what one refuses stops no other.
pub async fn batch(ctx: Ctx, tx: Tx, Form(raw): Form<RawVisit>) -> Page {
    drop(tx);
    let back = format!("/schedule?layout=day&date={}", super::day(&ctx, &raw.date)?);
    let to = VisitStatus::from_name(&raw.to);
    let to = to.filter(|to| matches!(to, VisitStatus::CheckedIn | VisitStatus::NoShow | VisitStatus::Cancelled));
    let to = to.ok_or(Error::BadRequest("Choose what to do with the visits."))?;
    let reason = raw.reason.trim();
    if raw.id.is_empty() || raw.id.len() > BATCH {
        return Ok(ctx.redirect(&back, Some(&Flash::problem("Choose at least one visit"))));
    }
    if to == VisitStatus::Cancelled && reason.is_empty() {
        return Ok(ctx.redirect(&back, Some(&Flash::problem("Give a reason to cancel visits"))));
    }
    let (mut done, mut refused) = (0, 0);
    for name in &raw.id {
        match one_of_many(&ctx, name, to, reason).await {
            Ok(()) => done += 1,
            Err(Error::Unavailable(cause)) => return Err(Error::Unavailable(cause)),
            Err(_) => refused += 1,
        }
    }
    let words = match (done, refused) {
        (done, 0) => Flash::ok(format!("{done} changed")),
        (done, refused) => {
            Flash::problem(format!("{done} changed, {refused} not: they have moved on or may not go there"))
        }
    };
    Ok(ctx.redirect(&back, Some(&words)))
}

async fn one_of_many(ctx: &Ctx, name: &str, to: VisitStatus, reason: &str) -> Result<()> {
    let (id, version) = name.split_once('.').ok_or(Error::NotFound)?;
    let id: VisitId = id.parse().map_err(|_| Error::NotFound)?;
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    let raw = RawVisit { row_version: version.to_owned(), ..RawVisit::default() };
    let row = looked_at(ctx, &mut tx, id, &raw).await?;
    moves::advance(&mut tx, &ctx.by(), &row, to, Some(reason), None).await?;
    tx.commit().await
}
