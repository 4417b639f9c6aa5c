//! Saved views: a filter gets a name, for oneself or for the team.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::alerts::filter::{Filter, RawFilter};
use crate::alerts::queries::around::around;
use crate::alerts::view_page::ViewPage;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::SavedViewId;
use crate::saved_views::{self, RawView, SavedView};
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// The page that these are views of.
pub(super) const PAGE: &str = "alerts";

/// `GET /alerts/views?…`: asks for a name for this filter.
pub async fn ask(ctx: Ctx, tx: Tx, Query(raw): Query<RawFilter>) -> Page {
    let (filter, _) = raw.parse()?;
    let raw = RawView { query: kept(&filter), words: filter.find.is_some(), ..RawView::default() };
    page(&ctx, tx, raw, filter.saved, FormErrors::default()).await
}

/// `POST /alerts/views`
pub async fn save(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawView>) -> Page {
    let mut errors = FormErrors::default();
    let name = raw.name(&mut errors);
    if !errors.is_empty() {
        return page(&ctx, tx, raw, None, errors).await;
    }
    let new = raw.view(name, checked(&raw)?)?;
    let id = saved_views::keep(&ctx, &mut tx, PAGE, &new).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/alerts?saved={id}&{}", new.query), Some(&Flash::ok("View saved"))))
}

/// `POST /alerts/views/{id}/removal`
pub async fn remove(ctx: Ctx, mut tx: Tx, Id(id): Id<SavedViewId>) -> Page {
    saved_views::remove(&ctx, &mut tx, PAGE, id).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/alerts?view=open", Some(&Flash::ok("View removed"))))
}

/// What a view keeps of a filter: not the words, which are sealed for one person and may be a name.
fn kept(filter: &Filter) -> String {
    Filter { saved: None, find: None, ..filter.clone() }.query()
}

/// The filter as this program writes it: what is kept can be opened again.
fn checked(view: &RawView) -> Result<String> {
    let (filter, _) = view.filter::<RawFilter>()?.parse()?;
    Ok(kept(&filter))
}

async fn page(
    ctx: &Ctx,
    mut tx: Tx,
    form: RawView,
    saved: Option<SavedViewId>,
    errors: FormErrors,
) -> Result<Response> {
    let views: Vec<SavedView> = around(&mut tx, &ctx.actor, None, None).await?.views;
    let shell = ctx.shell(&mut tx, "Save this view", Area::Alerts).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let known = views.iter().find(|view| Some(view.id) == saved && view.own).cloned();
    let own = views.into_iter().filter(|view| view.own).collect();
    Ok(html(status, ViewPage { shell, form, errors, known, own }.render()?))
}
