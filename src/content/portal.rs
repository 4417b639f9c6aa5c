//! `/my/reading`: what a patient was given to read. That they opened it is recorded when they do.

use askama::Template;
use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::model::{self, Block};
use super::queries::{self, Given, Item};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::web::form::Id;
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::whom::{self, Scope, Whom};
use crate::web::{Ctx, Page, filters};

/// What was given, with the words to the patient.
struct Line {
    row: Given,
    note: Option<String>,
}

/// The list.
#[derive(Template)]
#[template(path = "content/my.html")]
struct List {
    shell: Shell,
    own: Whom,
    lines: Vec<Line>,
}

/// One thing to read.
#[derive(Template)]
#[template(path = "content/read.html")]
struct Read {
    shell: Shell,
    own: Whom,
    note: Option<String>,
    item: Item,
    blocks: Vec<Block>,
}

/// `GET /my/reading`
pub async fn list(ctx: Ctx, mut tx: Tx) -> Page {
    let (own, lines) = given(&ctx, &mut tx).await?;
    let shell = ctx.shell(&mut tx, "Things to read", Area::MyHome).await?;
    tx.commit().await?;
    ctx.whole_page(StatusCode::OK, &List { shell, own, lines })
}

/// `GET /my/reading/{id}`
pub async fn open(ctx: Ctx, mut tx: Tx, Id(id): Id<Uuid>) -> Page {
    let (own, lines) = given(&ctx, &mut tx).await?;
    let line = lines.into_iter().find(|line| line.row.id == id).ok_or(Error::NotFound)?;
    let item = queries::find(&mut tx, ctx.actor.organization, line.row.content_id).await?;
    if queries::open(&mut tx, ctx.actor.organization, id).await? {
        let event = Event::new(Action::Update, "content_assignment").of(id).about(Some(own.patient));
        let event = event.at(Some(own.facility_id)).with(json!({ "opened_version": item.version }));
        events::record(&mut tx, &ctx.by(), event).await?;
    }
    let shell = ctx.shell(&mut tx, "Something to read", Area::MyHome).await?;
    tx.commit().await?;
    let blocks = item.body.as_deref().map(model::blocks).unwrap_or_default();
    ctx.whole_page(StatusCode::OK, &Read { shell, own, note: line.note, item, blocks })
}

/// What the patient of the page was given; the view is written down.
async fn given(ctx: &Ctx, tx: &mut Tx) -> Result<(Whom, Vec<Line>)> {
    let own = whom::current_for(tx, &ctx.actor, Scope::Results).await?;
    let organization = ctx.actor.organization;
    let rows = queries::given(tx, organization, own.patient, false).await?;
    let event = Event::new(Action::View, "content_assignment").about(Some(own.patient)).at(Some(own.facility_id));
    let proof = events::record(tx, &ctx.by(), event.with(json!({ "page": "portal reading" }))).await?;
    let keys = ctx.app.keys(tx, organization).await?;
    let line = |row: Given| -> Result<Line> {
        let note = match &row.note_enc {
            Some(sealed) => {
                let opened = keys.open(organization, "content_assignment", "note", row.id, sealed);
                Some(opened.map_err(anyhow::Error::from)?.reveal(&proof).clone())
            }
            None => None,
        };
        Ok(Line { row, note })
    };
    let lines = rows.into_iter().map(line).collect::<Result<_>>()?;
    Ok((own, lines))
}
