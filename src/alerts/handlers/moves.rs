//! `POST /alerts/{id}/…`: what is done to one alert, and the pages that ask for more before it is done.

use axum::extract::OriginalUri;
use axum::http::StatusCode;
use axum::response::Response;

use super::answer;
use super::{asking, back, mover};
use crate::alerts::forms::RawMove;
use crate::alerts::model::Refusal;
use crate::alerts::moves::{self, Kind, Outcome};
use crate::alerts::queries::one;
use crate::alerts::queries::row::Row;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::AlertId;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::{Ctx, Page};

/// `POST …/acknowledgement`
pub async fn acknowledge(ctx: Ctx, tx: Tx, Id(id): Id<AlertId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Acknowledge, raw).await
}

/// `POST …/assignment`
pub async fn assign(ctx: Ctx, tx: Tx, Id(id): Id<AlertId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Assign, raw).await
}

/// `POST …/snooze`
pub async fn snooze(ctx: Ctx, tx: Tx, Id(id): Id<AlertId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Snooze, raw).await
}

/// `POST …/return`
pub async fn hand_back(ctx: Ctx, tx: Tx, Id(id): Id<AlertId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::HandBack, raw).await
}

/// `POST …/resolution`
pub async fn resolve(ctx: Ctx, tx: Tx, Id(id): Id<AlertId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Resolve, raw).await
}

/// `POST …/dismissal`
pub async fn dismiss(ctx: Ctx, tx: Tx, Id(id): Id<AlertId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Dismiss, raw).await
}

/// `POST …/reopening`
pub async fn reopen(ctx: Ctx, tx: Tx, Id(id): Id<AlertId>, Form(raw): Form<RawMove>) -> Page {
    act(ctx, tx, id, Kind::Reopen, raw).await
}

/// `GET …/{assignment,snooze,resolution,dismissal,reopening}`: asks for what the move needs.
pub async fn ask(
    ctx: Ctx,
    mut tx: Tx,
    OriginalUri(uri): OriginalUri,
    Id(id): Id<AlertId>,
    Query(mut raw): Query<RawMove>,
) -> Page {
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    let kind = Kind::ALL.into_iter().find(|kind| kind.path() == last).ok_or(Error::NotFound)?;
    let row = one::find(&mut tx, ctx.actor.organization, &[id.uuid()]).await?.pop().ok_or(Error::NotFound)?;
    raw.row_version = row.row_version.to_string();
    asking::page(&ctx, tx, kind, vec![row], &raw, asking::Trouble::none()).await
}

/// `POST …/undo`: takes back what this person did within the last ten seconds.
pub async fn undo(ctx: Ctx, mut tx: Tx, Id(id): Id<AlertId>, Query(raw): Query<RawMove>) -> Page {
    let row = lock(&ctx, &mut tx, id).await?;
    let undone = moves::undo(&mut tx, &ctx.by(), &row, ctx.actor.user).await?.is_some();
    tx.commit().await?;
    let flash = if undone {
        Flash::ok("Undone: the alert is as it was")
    } else {
        Flash::problem("Too late to undo: ten seconds have passed, or the alert has changed since")
    };
    let place = if raw.back.is_empty() { format!("/alerts/{id}") } else { back(&raw.back).to_owned() };
    Ok(ctx.redirect(&place, Some(&flash)))
}

/// Load, decide, store, record, commit, answer.
async fn act(ctx: Ctx, mut tx: Tx, id: AlertId, kind: Kind, raw: RawMove) -> Page {
    let row = lock(&ctx, &mut tx, id).await?;
    let what = match raw.parse(kind, ctx.actor.user) {
        Ok(what) => what,
        Err(errors) => return asking::page(&ctx, tx, kind, vec![row], &raw, asking::Trouble::wrong(errors)).await,
    };
    if raw.version()? != row.row_version {
        return conflict(&ctx, tx, kind, row, &raw).await;
    }
    if let moves::Move::Assign(Some(person)) = &what {
        asking::check_assignee(&ctx, &mut tx, *person, row.facility_id).await?;
    }
    match moves::carry_out(&mut tx, &ctx.by(), &row, &what, mover(&ctx), row.read_at, ctx.actor.zone).await? {
        Outcome::Done(proof, row) => answer::done(&ctx, tx, kind, *row, &raw, &proof).await,
        Outcome::Refused(Refusal::Person(_)) => Err(Error::Forbidden),
        Outcome::Refused(Refusal::State(_)) => conflict(&ctx, tx, kind, row, &raw).await,
        Outcome::Refused(Refusal::Rule(words)) => {
            let trouble = asking::Trouble::wrong(FormErrors::one("until", words));
            asking::page(&ctx, tx, kind, vec![row], &raw, trouble).await
        }
    }
}

/// The alert, kept for this transaction. What a person sees but may not change (a carer, what is not assigned to them)
/// cannot be locked: that is forbidden rather than not found.
async fn lock(ctx: &Ctx, tx: &mut Tx, id: AlertId) -> Result<Row> {
    if let Some(row) = one::lock(tx, ctx.actor.organization, &[id.uuid()]).await?.pop() {
        return Ok(row);
    }
    let seen = one::find(tx, ctx.actor.organization, &[id.uuid()]).await?;
    Err(if seen.is_empty() { Error::NotFound } else { Error::Forbidden })
}

/// Somebody was faster: says who did what and when, and keeps what was typed.
async fn conflict(ctx: &Ctx, mut tx: Tx, kind: Kind, row: Row, raw: &RawMove) -> Result<Response> {
    let words = answer::what_happened(ctx, &mut tx, &row).await?;
    if ctx.hx.partial {
        return answer::conflict(ctx, tx, row, raw, words).await;
    }
    asking::page(
        ctx,
        tx,
        kind,
        vec![row],
        raw,
        asking::Trouble { status: StatusCode::CONFLICT, conflict: Some(words), ..asking::Trouble::none() },
    )
    .await
}
