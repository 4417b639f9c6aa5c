//! `POST /cases/{id}/transition`: what is done to where one case stands.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::{asking, mover, show};
use crate::cases::forms::{RawMove, Which};
use crate::cases::head::reference;
use crate::cases::model::{Kind, Move, Refusal};
use crate::cases::moves::{self, Outcome};
use crate::cases::panels;
use crate::cases::queries::one;
use crate::db::Tx;
use crate::error::{Error, Problem};
use crate::ids::CaseId;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::{Ctx, Page};

/// `GET …?move=send_back`: asks for what the move needs.
pub async fn ask(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>, Query(which): Query<Which>) -> Page {
    let row = show::read(&ctx, &mut tx, id).await?;
    let kind = which.kind()?;
    asking::page(&ctx, tx, kind, row, &RawMove::default(), asking::Trouble::default()).await
}

/// Load, decide, store, record, commit, answer.
pub async fn act(
    ctx: Ctx,
    mut tx: Tx,
    Id(id): Id<CaseId>,
    Query(which): Query<Which>,
    Form(raw): Form<RawMove>,
) -> Page {
    let row = match one::lock(&mut tx, ctx.actor.organization, &[id.uuid()]).await?.pop() {
        Some(row) => row,
        // Seen, and not theirs to change: the model says why.
        None => match show::read(&ctx, &mut tx, id).await {
            Err(Error::NotFound) => return Ok(gone()),
            read => read?,
        },
    };
    let kind = which.kind()?;
    let head = show::head_of(&row);
    let open_tasks = panels::open_tasks(&mut tx, ctx.actor.organization, &head).await?;
    if raw.version()? != row.row_version {
        let words = asking::what_happened(&ctx, &mut tx, &row).await?;
        return asking::page(&ctx, tx, kind, row, &raw, asking::Trouble::conflict(words)).await;
    }
    if let Err(Refusal::Person(_)) = row.case(open_tasks).ask(kind, mover(&ctx)) {
        return Err(Error::Forbidden);
    }
    let what = match raw.parse(kind) {
        Ok(what) => what,
        Err(errors) => return asking::page(&ctx, tx, kind, row, &raw, asking::Trouble::wrong(errors)).await,
    };
    if let Move::Assign(person) | Move::Reassign(person, _) = &what
        && !asking::is_caseworker(&ctx, &mut tx, *person, row.facility_id).await?
    {
        let trouble = asking::Trouble::wrong(FormErrors::one("person", "Choose a caseworker of this place"));
        return asking::page(&ctx, tx, kind, row, &raw, trouble).await;
    }
    match moves::carry_out(&mut tx, &ctx.by(), &row, open_tasks, &what, mover(&ctx), ctx.now()).await? {
        Outcome::Done => {
            tx.commit().await?;
            Ok(ctx.redirect(
                &after(&ctx, kind, id),
                Some(&Flash::ok(format!("{} {}", reference(row.number), kind.past()))),
            ))
        }
        Outcome::Refused(Refusal::Person(_)) => Err(Error::Forbidden),
        Outcome::Refused(Refusal::State(_)) => {
            let words = asking::what_happened(&ctx, &mut tx, &row).await?;
            asking::page(&ctx, tx, kind, row, &raw, asking::Trouble::conflict(words)).await
        }
        Outcome::Refused(Refusal::Rule(words)) => {
            let field = if kind.asks_person() { "person" } else { "move" };
            let trouble = asking::Trouble::wrong(FormErrors::one(field, words));
            asking::page(&ctx, tx, kind, row, &raw, trouble).await
        }
        Outcome::Stale => stale(ctx, tx, id, kind, &raw).await,
    }
}

/// Nothing that this person may see. They may have seen it when they opened the page: then somebody was faster. Whoever
/// never saw it gets the same answer.
fn gone() -> Response {
    let status = StatusCode::NOT_FOUND;
    let words = "This case is not yours to see. If it was when you opened the page, somebody has given it to somebody else \
                 meanwhile. What you sent changed nothing.";
    let mut response = status.into_response();
    let problem = Problem { status, detail: Some(words.to_owned()), retry_after: None, step_up: false };
    response.extensions_mut().insert(problem);
    response
}

/// Somebody moved it between reading and writing: what was half done is dropped, and the page says what happened.
async fn stale(ctx: Ctx, tx: Tx, id: CaseId, kind: Kind, raw: &RawMove) -> Page {
    drop(tx);
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    let row = show::read(&ctx, &mut tx, id).await?;
    let words = asking::what_happened(&ctx, &mut tx, &row).await?;
    asking::page(&ctx, tx, kind, row, raw, asking::Trouble::conflict(words)).await
}

/// Who declines does not see the case any more.
fn after(ctx: &Ctx, kind: Kind, id: CaseId) -> String {
    if kind == Kind::Decline && ctx.actor.role == crate::access::Role::Caseworker {
        "/cases?view=mine".to_owned()
    } else {
        format!("/cases/{id}")
    }
}
