//! Saved views: a filter gets a name, for oneself or for the team.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::alerts::filter::{Filter, RawFilter};
use crate::alerts::queries::around::{SavedView, around};
use crate::alerts::queries::views::{self, NewView};
use crate::alerts::view_page::ViewPage;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::SavedViewId;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// The longest name of a view.
const NAME_CHARS: usize = 80;

/// The longest filter that can be kept.
const QUERY_CHARS: usize = 2_000;

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawView {
    /// The name.
    pub name: String,
    /// The filter.
    pub query: String,
    /// `true` to share it.
    pub shared: String,
    /// `true` to open the queue with it.
    pub is_default: String,
    /// Whether words were typed, which a view does not keep.
    #[serde(skip)]
    pub words: bool,
}

/// `GET /alerts/views?…`: asks for a name for this filter.
pub async fn ask(ctx: Ctx, tx: Tx, Query(raw): Query<RawFilter>) -> Page {
    let (filter, _) = raw.parse()?;
    let raw = RawView { query: kept(&filter), words: filter.find.is_some(), ..RawView::default() };
    page(&ctx, tx, raw, filter.saved, FormErrors::default()).await
}

/// `POST /alerts/views`
pub async fn save(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawView>) -> Page {
    let mut errors = FormErrors::default();
    let name = errors.required("name", &raw.name, "Give the view a name");
    if name.chars().count() > NAME_CHARS {
        errors.add("name", "Use 80 characters or fewer");
    }
    if !errors.is_empty() {
        return page(&ctx, tx, raw, None, errors).await;
    }
    let new = NewView {
        id: SavedViewId::new(),
        name,
        query: checked(&raw.query)?,
        shared: raw.shared == "true",
        is_default: raw.is_default == "true",
    };
    let id = views::keep(&mut tx, &ctx.by(), ctx.actor.user, &new).await?;
    events::record(&mut tx, &ctx.by(), Event::new(Action::Create, "saved_view").of(id)).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/alerts?saved={id}&{}", new.query), Some(&Flash::ok("View saved"))))
}

/// `POST /alerts/views/{id}/removal`
pub async fn remove(ctx: Ctx, mut tx: Tx, Id(id): Id<SavedViewId>) -> Page {
    views::remove(&mut tx, ctx.actor.organization, ctx.actor.user, id).await?;
    events::record(&mut tx, &ctx.by(), Event::new(Action::Delete, "saved_view").of(id)).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/alerts?view=open", Some(&Flash::ok("View removed"))))
}

/// What a view keeps of a filter: not the words, which are sealed for one person and may be a name.
fn kept(filter: &Filter) -> String {
    Filter { saved: None, find: None, ..filter.clone() }.query()
}

/// The filter as this program writes it: what is kept can be opened again.
fn checked(query: &str) -> Result<String> {
    let raw: RawFilter = serde_html_form::from_str(query)
        .map_err(|_| Error::BadRequest("This filter cannot be read. Open the list and try again."))?;
    let (filter, _) = raw.parse()?;
    let query = kept(&filter);
    if query.len() > QUERY_CHARS {
        return Err(Error::Unprocessable("This filter is too long to be kept.".to_owned()));
    }
    Ok(query)
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
