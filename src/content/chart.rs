//! `/patients/{id}/reading`: what a patient was given to read, when they opened it, and the form to give more.

use askama::Template;
use axum::http::StatusCode;
use uuid::Uuid;

use super::give;
use super::queries::{self, Given};
use crate::access::Permission;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::PatientId;
use crate::patients::fields::Typed;
use crate::patients::record::{self, Record};
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Ids};
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Choice, Tab};
use crate::web::{Ctx, Page};

/// Entries to choose from.
pub(super) const CHOICES: i64 = 500;

/// A line of the list: what was given, and why.
struct Line {
    row: Given,
    note: Option<String>,
}

/// The section.
#[derive(Template)]
#[template(path = "content/chart.html")]
struct Section {
    shell: Shell,
    banner: Banner,
    sections: Vec<Tab>,
    here: String,
    lines: Vec<Line>,
    /// What can be given; nothing for those who give nothing.
    choices: Vec<Choice>,
    note: String,
    errors: FormErrors,
    now: crate::clock::Timestamp,
    zone: chrono_tz::Tz,
}

/// `GET /patients/{id}/reading`
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "reading").await?;
    page(&ctx, tx, record, &Typed::default(), FormErrors::default()).await
}

/// `POST /patients/{id}/reading`
pub async fn assign(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Form(typed): Form<Typed>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "reading").await?;
    let mut errors = FormErrors::default();
    let note = errors.text("note", typed.get("note"));
    let content: Option<Uuid> = typed.get("content").parse().ok();
    if content.is_none() {
        errors.add("content", "Choose what to give");
    }
    let (true, Some(content)) = (errors.is_empty(), content) else {
        return page(&ctx, tx, record, &typed, errors).await;
    };
    queries::find(&mut tx, ctx.actor.organization, content).await?;
    let whom = (id, Some(record.stored.facility_id));
    let note = Some(note.as_str()).filter(|note| !note.is_empty());
    let given = give::give(&ctx.app, &mut tx, &ctx.by(), whom, content, None, note).await?;
    tx.commit().await?;
    let flash = match given {
        Some(_) => Flash::ok("Given. The patient sees it under Things to read."),
        None => Flash::ok("This waits to be read already."),
    };
    Ok(ctx.redirect(&record.href("reading"), Some(&flash)))
}

/// `POST /patients/{id}/reading/{given}/withdrawal`
pub async fn withdraw(ctx: Ctx, mut tx: Tx, Ids(id, given): Ids<PatientId, Uuid>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "reading").await?;
    if !queries::withdraw(&mut tx, ctx.actor.organization, id, given).await? {
        return Err(Error::NotFound);
    }
    let event = Event::new(Action::Delete, "content_assignment").of(given).about(Some(id));
    events::record(&mut tx, &ctx.by(), event.at(Some(record.stored.facility_id))).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&record.href("reading"), Some(&Flash::ok("Taken back. The patient does not see it any more."))))
}

async fn page(
    ctx: &Ctx,
    mut tx: Tx,
    record: Record,
    typed: &Typed,
    errors: FormErrors,
) -> Result<axum::response::Response> {
    let organization = ctx.actor.organization;
    let rows = queries::given(&mut tx, organization, record.id(), true).await?;
    let may_assign = ctx.actor.may(Permission::AssignContent) && record.stored.deleted_at.is_none();
    let items = if may_assign { super::published(&mut tx, organization).await? } else { Vec::new() };
    let shell = record.shell(ctx, &mut tx, "reading").await?;
    tx.commit().await?;
    let keys = ctx.app.keyring();
    let line = |row: Given| -> Result<Line> {
        let note = match &row.note_enc {
            Some(sealed) => {
                let opened = keys.open(organization, "content_assignment", "note", row.id, sealed);
                Some(opened.map_err(anyhow::Error::from)?.reveal(&record.audited).clone())
            }
            None => None,
        };
        Ok(Line { row, note })
    };
    let chosen = typed.get("content");
    let choice = |item: super::Entry| Choice::new(item.id.to_string(), item.words, item.id.to_string() == chosen);
    let status = if errors.is_empty() { StatusCode::OK } else { record::REFUSED };
    let page = Section {
        banner: record.banner(ctx),
        sections: record.sections(ctx, "reading"),
        here: record.href("reading"),
        lines: rows.into_iter().map(line).collect::<Result<_>>()?,
        choices: items.into_iter().map(choice).collect(),
        note: typed.get("note").to_owned(),
        errors,
        now: ctx.now(),
        zone: ctx.actor.zone,
        shell,
    };
    ctx.whole_page(status, &page)
}
