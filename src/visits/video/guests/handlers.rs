//! Guests as staff handle them: inviting, withdrawing, letting in.

use askama::Template;
use axum::http::StatusCode;
use chrono_tz::Tz;
use serde_json::json;
use uuid::Uuid;

use super::{RawGuest, queries};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::VisitId;
use crate::visits::handlers::visits::show_page;
use crate::visits::queries::visits::{self, VisitRow};
use crate::visits::refusal::told;
use crate::visits::video::handlers::{own, room};
use crate::web::flash::Flash;
use crate::web::form::{Form, Id, Ids};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::{Ctx, Page};

/// The link, shown once.
#[derive(Debug, Template)]
#[template(path = "visits/guest_link.html")]
struct LinkPage {
    shell: Shell,
    row: VisitRow,
    name: String,
    link: String,
    zone: Tz,
}

async fn found(ctx: &Ctx, tx: &mut Tx, id: VisitId) -> Result<VisitRow> {
    visits::find(tx, &ctx.actor, id).await?.ok_or(Error::NotFound)
}

/// `POST /visits/{id}/guests`: a link, shown once.
pub async fn invite(ctx: Ctx, mut tx: Tx, Id(visit): Id<VisitId>, Form(raw): Form<RawGuest>) -> Page {
    let row = found(&ctx, &mut tx, visit).await?;
    let (name, kind) = match super::read(&ctx, &mut tx, &row, &raw).await? {
        Ok(read) => read,
        Err(errors) => return show_page(&ctx, tx, visit, raw, errors).await,
    };
    let link = super::invite(&ctx, &mut tx, &row, &name, kind).await?;
    let shell = ctx.shell(&mut tx, "Link for a guest", Area::Schedule).await?;
    tx.commit().await?;
    ctx.whole_page(StatusCode::OK, &LinkPage { shell, row, name, link, zone: ctx.actor.zone })
}

/// After a change: the list in the page of the call, which goes on, or back to where the visit is.
async fn back(ctx: &Ctx, visit: VisitId, location: &str, words: &str) -> Page {
    let flash = Flash::ok(words);
    if !ctx.hx.partial {
        return Ok(ctx.redirect(location, Some(&flash)));
    }
    let tx = ctx.app.db.begin(&ctx.actor).await?;
    let page = room(ctx, tx, visit).await?;
    ctx.fragment_or_redirect(&page.as_guests(), location, flash)
}

/// `POST /visits/{id}/guests/{guest}/removal`: the link works no more.
pub async fn withdraw(ctx: Ctx, mut tx: Tx, Ids(visit, guest): Ids<VisitId, Uuid>) -> Page {
    let row = found(&ctx, &mut tx, visit).await?;
    super::withdraw(&ctx, &mut tx, &row, guest).await?;
    tx.commit().await?;
    back(&ctx, visit, &format!("/visits/{visit}"), "The link works no more").await
}

/// `POST /visits/{id}/guests/{guest}/admission`: who holds the visit lets a guest in.
pub async fn admit(ctx: Ctx, mut tx: Tx, Ids(visit, guest): Ids<VisitId, Uuid>) -> Page {
    let row = own(&ctx, &mut tx, visit).await?;
    let here = format!("/visits/{visit}/video");
    if !queries::admit(&mut tx, ctx.actor.organization, visit, guest).await.map_err(told)? {
        return Ok(ctx.redirect(&here, Some(&Flash::problem("This guest does not wait any more"))));
    }
    let event = Event::new(Action::Update, "visit_guest").of(guest).about(Some(row.patient_id));
    let details = json!({ "visit": visit, "admitted": true });
    events::record(&mut tx, &ctx.by(), event.at(Some(row.facility_id)).with(details)).await?;
    tx.commit().await?;
    back(&ctx, visit, &here, "The guest is let in").await
}
