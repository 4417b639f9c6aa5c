//! `GET /alerts/{id}` and the comments on it.

use axum::response::Response;

use super::{back, mover, time};
use crate::access::Permission;
use crate::alerts::forms::RawMove;
use crate::alerts::item::Item;
use crate::alerts::pages::{Pane, PaneAlone};
use crate::alerts::queries::around::around;
use crate::alerts::queries::row::Row;
use crate::alerts::queries::{one, story};
use crate::alerts::show_page::{Show, actions, entries};
use crate::comments::{self, Said, Subject};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::AlertId;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

use askama::Template;
use axum::http::StatusCode;

/// The alert: a page, or the pane beside the queue.
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<AlertId>, Query(raw): Query<RawMove>) -> Page {
    let row = one::find(&mut tx, ctx.actor.organization, &[id.uuid()]).await?.pop().ok_or(Error::NotFound)?;
    if ctx.hx.partial {
        return pane(&ctx, tx, row, &raw).await;
    }
    page(&ctx, tx, row, &Said::default(), FormErrors::default()).await
}

/// `POST /alerts/{id}/comments`
pub async fn comment(ctx: Ctx, mut tx: Tx, Id(id): Id<AlertId>, Form(said): Form<Said>) -> Page {
    let row = one::find(&mut tx, ctx.actor.organization, &[id.uuid()]).await?.pop().ok_or(Error::NotFound)?;
    match said.parse() {
        Err(errors) => page(&ctx, tx, row, &said, errors).await,
        Ok((key, text)) => {
            comments::add(&ctx, &mut tx, &subject(&row), key, &text, &[]).await?;
            tx.commit().await?;
            Ok(ctx.redirect(&format!("/alerts/{id}#story"), Some(&Flash::ok("Comment added"))))
        }
    }
}

fn subject(row: &Row) -> Subject {
    Subject { kind: "alert", id: row.id.uuid(), facility: row.facility_id, patient: row.patient_id }
}

async fn pane(ctx: &Ctx, mut tx: Tx, row: Row, raw: &RawMove) -> Result<Response> {
    let organization = ctx.actor.organization;
    let event = Event::new(Action::View, "alert").of(row.id).about(row.patient_id).at(row.facility_id);
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    let mut around = around(&mut tx, &ctx.actor, row.patient_id, Some(row.id)).await?;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let item = Item::reveal(row, keys, organization, &proof)?;
    tx.commit().await?;
    let pane = Pane::new(item, &mut around, mover(ctx), time(ctx), back(&raw.back).to_owned());
    ctx.fragment(&PaneAlone { pane })
}

async fn page(ctx: &Ctx, mut tx: Tx, row: Row, said: &Said, errors: FormErrors) -> Result<Response> {
    let organization = ctx.actor.organization;
    let event = Event::new(Action::View, "alert").of(row.id).about(row.patient_id).at(row.facility_id);
    let proof = events::record(&mut tx, &ctx.by(), event).await?;
    let steps = story::steps(&mut tx, organization, row.id).await?;
    let said_before = comments::of(&mut tx, organization, &subject(&row)).await?;
    let cases = if ctx.actor.may(Permission::ViewCases) {
        story::cases(&mut tx, organization, row.id).await?
    } else {
        Vec::new()
    };
    let mut around = around(&mut tx, &ctx.actor, row.patient_id, Some(row.id)).await?;
    let shell = ctx.shell(&mut tx, format!("Alert A-{}", row.number), Area::Alerts).await?;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let entries = entries(steps, comments::entries(said_before, keys, organization, &proof)?);
    let item = Item::reveal(row, keys, organization, &proof)?;
    tx.commit().await?;
    let home = format!("/alerts/{}", item.row.id);
    let pane = Pane::new(item, &mut around, mover(ctx), time(ctx), home);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Show {
        actions: actions(&pane, &ctx.actor),
        may_comment: ctx.actor.may(Permission::CommentOnAlerts),
        key: said.key(),
        comment: said.comment.clone(),
        errors,
        entries,
        cases,
        pane,
        shell,
    };
    if status == StatusCode::OK { ctx.page(&page, &page) } else { Ok(html(status, page.render()?)) }
}
