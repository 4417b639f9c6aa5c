//! Saved views: a filter gets a name, for oneself or for the team.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::cases::filter::{Filter, RawFilter};
use crate::cases::pages::ViewPage;
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
pub(super) const PAGE: &str = "cases";

/// `GET /cases/views?…`: asks for a name for this filter.
pub async fn ask(ctx: Ctx, tx: Tx, Query(raw): Query<RawFilter>) -> Page {
    let filter = raw.parse()?;
    let query = kept(&filter);
    let raw = RawView { query, ..RawView::default() };
    page(&ctx, tx, raw, filter.saved, FormErrors::default()).await
}

/// `POST /cases/views`
pub async fn save(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawView>) -> Page {
    let mut errors = FormErrors::default();
    let name = raw.name(&mut errors);
    if !errors.is_empty() {
        return page(&ctx, tx, raw, None, errors).await;
    }
    let new = raw.view(name, checked(&raw)?)?;
    let id = saved_views::keep(&ctx, &mut tx, PAGE, &new).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/cases?saved={id}&{}", new.query), Some(&Flash::ok("View saved"))))
}

/// `POST /cases/views/{id}/removal`
pub async fn remove(ctx: Ctx, mut tx: Tx, Id(id): Id<SavedViewId>) -> Page {
    saved_views::remove(&ctx, &mut tx, PAGE, id).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/cases?view=open", Some(&Flash::ok("View removed"))))
}

/// A filter without where in the list it was, and without what somebody looked for: that is sealed for them alone.
fn kept(filter: &Filter) -> String {
    Filter { saved: None, find: None, trail: Vec::new(), ..filter.clone() }.query()
}

/// The filter as this program writes it: what is kept can be opened again.
fn checked(view: &RawView) -> Result<String> {
    Ok(kept(&view.filter::<RawFilter>()?.parse()?))
}

async fn page(
    ctx: &Ctx,
    mut tx: Tx,
    form: RawView,
    saved: Option<SavedViewId>,
    errors: FormErrors,
) -> Result<Response> {
    let views: Vec<SavedView> = saved_views::all(&mut tx, ctx.actor.organization, ctx.actor.user, PAGE).await?;
    let shell = ctx.shell(&mut tx, "Save this view", Area::Cases).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let known = views.iter().find(|view| Some(view.id) == saved && view.own);
    let page = ViewPage {
        shell,
        view_name: known.map_or(form.name, |view| view.name.clone()),
        shared: known.map_or(form.shared == "true", |view| view.shared),
        is_default: known.map_or(form.is_default == "true", |view| view.is_default),
        query: form.query,
        errors,
        own: views.into_iter().filter(|view| view.own).collect(),
    };
    Ok(html(status, page.render()?))
}
