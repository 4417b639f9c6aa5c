//! What a patient says to an offer, and the end of a request.

use super::handlers::{RawAnswer, own};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::VisitRequestId;
use crate::visits::moves;
use crate::visits::queries::requests::RequestRow;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::{Ctx, Page};

/// The request behind an offer, kept for this answer; not found unless it is about the patient looked at.
async fn asked(ctx: &Ctx, tx: &mut Tx, id: VisitRequestId, raw: &RawAnswer) -> Result<RequestRow> {
    let own = own(ctx, tx).await?;
    let row = moves::lock_request(tx, ctx, id).await?;
    own.agrees(&raw.patient)?;
    if row.patient_id == own.patient { Ok(row) } else { Err(Error::NotFound) }
}

/// What went on meanwhile, said on the list of visits rather than on a page without a way on.
fn told(ctx: &Ctx, error: Error) -> Page {
    match error {
        Error::Conflict(words) => Ok(ctx.redirect("/my/visits", Some(&Flash::problem(words)))),
        other => Err(other),
    }
}

/// `POST /my/offers/{id}/acceptance`: yes. Said twice, it is one visit.
pub async fn accept(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitRequestId>, Form(raw): Form<RawAnswer>) -> Page {
    let row = asked(&ctx, &mut tx, id, &raw).await?;
    let again = row.visit_id.is_some();
    let visit = match moves::accept(&mut tx, &ctx.by(), &row, None).await {
        Ok(visit) => visit,
        Err(error) => return told(&ctx, error),
    };
    tx.commit().await?;
    let words = if again { "You have said yes already. This is your visit" } else { "Thank you. Your visit is booked" };
    Ok(ctx.redirect(&format!("/my/visits/{visit}"), Some(&Flash::ok(words))))
}

/// `POST /my/offers/{id}/refusal`: not at that time.
pub async fn refuse(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitRequestId>, Form(raw): Form<RawAnswer>) -> Page {
    let row = asked(&ctx, &mut tx, id, &raw).await?;
    let mut errors = FormErrors::default();
    let note = errors.line("reason", &raw.reason);
    let note = (!note.is_empty() && errors.is_empty()).then_some(note);
    if let Err(error) = moves::decline(&mut tx, &ctx.by(), &row, note.as_deref()).await {
        return told(&ctx, error);
    }
    tx.commit().await?;
    Ok(ctx.redirect("/my/visits", Some(&Flash::ok("Thank you for telling us. We look for another time"))))
}

/// `POST /my/offers/{id}/withdrawal`: no visit is needed any more.
pub async fn withdraw(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitRequestId>, Form(raw): Form<RawAnswer>) -> Page {
    let row = asked(&ctx, &mut tx, id, &raw).await?;
    if !row.status.is_open() {
        return Ok(ctx.redirect("/my/visits", Some(&Flash::problem("This request is closed already"))));
    }
    if let Err(error) = moves::withdraw(&mut tx, &ctx.by(), &row, None).await {
        return told(&ctx, error);
    }
    tx.commit().await?;
    Ok(ctx.redirect("/my/visits", Some(&Flash::ok("Your request is withdrawn"))))
}
