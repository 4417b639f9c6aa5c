//! `/content`: the library, and what is written in it.

use askama::Template;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::model::{self, Block};
use super::queries::{self, Item, Version};
use crate::access::Permission;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::patients::fields::Typed;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::ui::{Choice, Tab};
use crate::web::{Ctx, Page};

/// Entries on the page. A library of more than this wants a search.
const SHOWN: i64 = 500;

/// The library.
#[derive(Template)]
#[template(path = "content/index.html")]
struct Index {
    shell: Shell,
    tabs: Vec<Tab>,
    items: Vec<Item>,
    may_edit: bool,
}

/// Which part of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    view: String,
}

/// `GET /content`
pub async fn list(ctx: Ctx, mut tx: Tx, Query(wanted): Query<Wanted>) -> Page {
    let archived = wanted.view == "archived";
    let items = queries::list(&mut tx, ctx.actor.organization, archived, SHOWN).await?;
    let shell = ctx.shell(&mut tx, "Library", Area::Library).await?;
    tx.commit().await?;
    let tab = |href: &str, label: &str, current| Tab { href: href.into(), label: label.into(), count: None, current };
    let tabs = vec![tab("/content", "In use", !archived), tab("/content?view=archived", "Archived", archived)];
    ctx.whole_page(StatusCode::OK, &Index { shell, tabs, items, may_edit: ctx.actor.may(Permission::EditContent) })
}

/// One entry.
#[derive(Template)]
#[template(path = "content/show.html")]
struct Show {
    shell: Shell,
    item: Item,
    blocks: Vec<Block>,
    versions: Vec<Version>,
    may_edit: bool,
    zone: chrono_tz::Tz,
}

/// `GET /content/{id}`
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<Uuid>) -> Page {
    let item = queries::find(&mut tx, ctx.actor.organization, id).await?;
    let versions = queries::versions(&mut tx, ctx.actor.organization, id).await?;
    let shell = ctx.shell(&mut tx, "Library", Area::Library).await?;
    tx.commit().await?;
    let blocks = item.body.as_deref().map(model::blocks).unwrap_or_default();
    let may_edit = ctx.actor.may(Permission::EditContent);
    ctx.whole_page(StatusCode::OK, &Show { shell, item, blocks, versions, may_edit, zone: ctx.actor.zone })
}

/// The form.
#[derive(Template)]
#[template(path = "content/form.html")]
struct FormPage {
    shell: Shell,
    title: &'static str,
    typed: Typed,
    errors: FormErrors,
    conflict: bool,
    languages: Vec<Choice>,
    action: String,
    cancel: String,
}

/// `GET /content/new`
pub async fn ask(ctx: Ctx, tx: Tx) -> Page {
    let typed = Typed::default().put("language", "en").put("key", queries::key().to_string());
    form(&ctx, tx, None, typed, (StatusCode::OK, FormErrors::default())).await
}

/// `POST /content/new`. Sent twice, it is added once.
pub async fn add(ctx: Ctx, mut tx: Tx, Form(typed): Form<Typed>) -> Page {
    let words = match model::parse(&typed) {
        Ok(words) => words,
        Err(errors) => return form(&ctx, tx, None, typed, (StatusCode::UNPROCESSABLE_ENTITY, errors)).await,
    };
    let id: Uuid = typed.get("key").parse().unwrap_or_else(|_| queries::key());
    if queries::add(&mut tx, ctx.actor.organization, id, &words, ctx.actor.user).await? {
        events::record(&mut tx, &ctx.by(), Event::new(Action::Create, "content_item").of(id)).await?;
    }
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/content/{id}"), Some(&Flash::ok("Added to the library"))))
}

/// `GET /content/{id}/edit`
pub async fn ask_change(ctx: Ctx, mut tx: Tx, Id(id): Id<Uuid>) -> Page {
    let item = queries::find(&mut tx, ctx.actor.organization, id).await?;
    let typed = Typed::default()
        .put("title", item.title)
        .put_some("body", item.body.as_deref())
        .put_some("link", item.link.as_deref())
        .put("language", item.language)
        .put("minutes", item.minutes.to_string())
        .put("row_version", item.row_version.to_string());
    form(&ctx, tx, Some(id), typed, (StatusCode::OK, FormErrors::default())).await
}

/// `POST /content/{id}/edit`: another version.
pub async fn change(ctx: Ctx, mut tx: Tx, Id(id): Id<Uuid>, Form(typed): Form<Typed>) -> Page {
    let before = queries::find(&mut tx, ctx.actor.organization, id).await?;
    let words = match model::parse(&typed) {
        Ok(words) => words,
        Err(errors) => return form(&ctx, tx, Some(id), typed, (StatusCode::UNPROCESSABLE_ENTITY, errors)).await,
    };
    let read = typed.get("row_version").parse().map_err(|_| Error::BadRequest("The form is missing its version."))?;
    let Some(version) = queries::change(&mut tx, ctx.actor.organization, (id, read), &words).await? else {
        let typed = typed.put("row_version", before.row_version.to_string());
        return form(&ctx, tx, Some(id), typed, (StatusCode::CONFLICT, FormErrors::default())).await;
    };
    if version != before.version {
        let event = Event::new(Action::Update, "content_item").of(id).with(json!({ "version": version }));
        events::record(&mut tx, &ctx.by(), event).await?;
    }
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/content/{id}"), Some(&Flash::ok(format!("Saved as version {version}")))))
}

/// `POST /content/{id}/status`
pub async fn set_status(ctx: Ctx, mut tx: Tx, Id(id): Id<Uuid>, Form(typed): Form<Typed>) -> Page {
    queries::find(&mut tx, ctx.actor.organization, id).await?;
    let (status, done) = match typed.get("status") {
        "ARCHIVED" => ("ARCHIVED", "Archived: it is not given any more"),
        "PUBLISHED" => ("PUBLISHED", "In use again"),
        _ => return Err(Error::BadRequest("The form did not say what to do.")),
    };
    if queries::set_status(&mut tx, ctx.actor.organization, id, status).await? {
        let event = Event::new(Action::StatusChanged, "content_item").of(id).with(json!({ "status": status }));
        events::record(&mut tx, &ctx.by(), event).await?;
    }
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/content/{id}"), Some(&Flash::ok(done))))
}

async fn form(
    ctx: &Ctx,
    mut tx: Tx,
    id: Option<Uuid>,
    typed: Typed,
    (status, errors): (StatusCode, FormErrors),
) -> Result<axum::response::Response> {
    let title = if id.is_some() { "Change what there is to read" } else { "Something new to read" };
    let shell = ctx.shell(&mut tx, title, Area::Library).await?;
    tx.commit().await?;
    let page = FormPage {
        languages: model::LANGUAGES
            .iter()
            .map(|(code, name)| Choice::new(*code, *name, typed.get("language") == *code))
            .collect(),
        action: id.map_or_else(|| "/content/new".to_owned(), |id| format!("/content/{id}/edit")),
        cancel: id.map_or_else(|| "/content".to_owned(), |id| format!("/content/{id}")),
        conflict: status == StatusCode::CONFLICT,
        title,
        typed,
        errors,
        shell,
    };
    ctx.whole_page(status, &page)
}
