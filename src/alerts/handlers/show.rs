//! `GET /alerts/{id}` and the comments on it.

use axum::response::Response;
use serde::Deserialize;

use super::{back, mover, time};
use crate::alerts::forms::RawMove;
use crate::alerts::item::Item;
use crate::alerts::pages::{Pane, PaneAlone};
use crate::alerts::queries::around::around;
use crate::alerts::queries::row::Row;
use crate::alerts::queries::{one, story};
use crate::alerts::show_page::{Show, actions, entries};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{AlertId, CommentId};
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

/// What was typed as a comment.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Said {
    /// The words.
    pub comment: String,
    /// The identifier of the comment, made with the form.
    pub idempotency_key: String,
}

/// `POST /alerts/{id}/comments`
pub async fn comment(ctx: Ctx, mut tx: Tx, Id(id): Id<AlertId>, Form(said): Form<Said>) -> Page {
    let row = one::find(&mut tx, ctx.actor.organization, &[id.uuid()]).await?.pop().ok_or(Error::NotFound)?;
    let mut errors = FormErrors::default();
    let text = errors.text("comment", &said.comment);
    if text.is_empty() {
        errors.add("comment", "Write something first");
    }
    if !errors.is_empty() {
        return page(&ctx, tx, row, &said, errors).await;
    }
    let key = said.idempotency_key.parse().unwrap_or_else(|_| CommentId::new());
    let organization = ctx.actor.organization;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let sealed = keys.seal(organization, "comment", "body", key.uuid(), &text).map_err(anyhow::Error::from)?;
    if story::add_comment(&mut tx, &ctx.by(), &row, key, ctx.actor.user, &sealed).await? {
        let event = Event::new(Action::Commented, "alert").of(row.id).about(row.patient_id).at(row.facility_id);
        events::record(&mut tx, &ctx.by(), event).await?;
    }
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/alerts/{id}#story"), Some(&Flash::ok("Comment added"))))
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
    let comments = story::comments(&mut tx, organization, row.id).await?;
    let mut around = around(&mut tx, &ctx.actor, row.patient_id, Some(row.id)).await?;
    let shell = ctx.shell(&mut tx, format!("Alert A-{}", row.number), Area::Alerts).await?;
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let entries = entries(steps, comments, keys, organization, &proof)?;
    let item = Item::reveal(row, keys, organization, &proof)?;
    tx.commit().await?;
    let home = format!("/alerts/{}", item.row.id);
    let pane = Pane::new(item, &mut around, mover(ctx), time(ctx), home);
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Show {
        actions: actions(&pane, &ctx.actor),
        may_comment: ctx.actor.may(crate::access::Permission::CommentOnAlerts),
        key: if said.idempotency_key.is_empty() { CommentId::new().to_string() } else { said.idempotency_key.clone() },
        comment: said.comment.clone(),
        errors,
        entries,
        pane,
        shell,
    };
    if status == StatusCode::OK { ctx.page(&page, &page) } else { Ok(html(status, page.render()?)) }
}
