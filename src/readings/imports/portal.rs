//! Files that patients send, and who acts for them.

use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::json;

use super::handlers::{find, keep, moved, say_no, say_yes};
use super::pages::{MyImportPage, MyImportsPage, Shown};
use super::{queries, upload};
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::ids::ReadingImportId;
use crate::patients::fields::Typed;
use crate::patients::record::REFUSED;
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::nav::Area;
use crate::web::whom::{self, Scope, Whom};

const HERE: &str = "/my/readings/imports";

/// `GET /my/readings/imports`
pub async fn list(ctx: Ctx, tx: Tx) -> Page {
    page(&ctx, tx, FormErrors::default()).await
}

async fn page(ctx: &Ctx, mut tx: Tx, errors: FormErrors) -> Page {
    let own = opened(ctx, &mut tx).await?;
    let imports = queries::latest(&mut tx, ctx.actor.organization, own.patient).await?;
    let shell = ctx.shell(&mut tx, "Readings from a file", Area::MyReadings).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let patient = own.patient.to_string();
    let page = MyImportsPage { shell, own, here: HERE.to_owned(), patient, imports, errors, zone: ctx.actor.zone };
    ctx.whole_page(status, &page)
}

/// `POST /my/readings/imports`
pub async fn send(ctx: Ctx, request: Request) -> Page {
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    let sent = queries::sent(&mut tx, ctx.actor.organization, own.patient).await?;
    drop(tx);
    if let Err(words) = sent.takes(1) {
        return page(&ctx, ctx.app.db.begin(&ctx.actor).await?, FormErrors::one("file", words)).await;
    }
    let received = upload::receive(&ctx, request).await?;
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    own.agrees(&received.patient)?;
    match keep(&ctx, tx, own.patient, received).await? {
        Ok(import) => Ok(ctx.redirect(&format!("{HERE}/{import}"), None)),
        Err(errors) => page(&ctx, ctx.app.db.begin(&ctx.actor).await?, errors).await,
    }
}

/// `GET /my/readings/imports/{import}`
pub async fn show(ctx: Ctx, tx: Tx, Id(import): Id<ReadingImportId>) -> Page {
    one(&ctx, tx, import, FormErrors::default()).await
}

async fn one(ctx: &Ctx, mut tx: Tx, import: ReadingImportId, errors: FormErrors) -> Page {
    let own = opened(ctx, &mut tx).await?;
    let import = find(ctx, &mut tx, own.patient, import).await?;
    let shell = ctx.shell(&mut tx, "Readings from a file", Area::MyReadings).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let page = MyImportPage {
        shell,
        back: HERE.to_owned(),
        readings: "/my/readings".to_owned(),
        one: Shown { here: format!("{HERE}/{}", import.id), import, errors, zone: ctx.actor.zone },
        patient: own.patient.to_string(),
        own,
    };
    ctx.whole_page(status, &page)
}

/// `GET /my/readings/imports/{import}/progress`
pub async fn progress(ctx: Ctx, mut tx: Tx, Id(import): Id<ReadingImportId>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    let import = find(&ctx, &mut tx, own.patient, import).await?;
    moved(&ctx, format!("{HERE}/{}", import.id), import)
}

/// `POST /my/readings/imports/{import}/confirmation`
pub async fn confirm(ctx: Ctx, mut tx: Tx, Id(import): Id<ReadingImportId>, Form(typed): Form<Typed>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    own.agrees(typed.get("patient"))?;
    if let Err(errors) = say_yes(&ctx, &mut tx, own.patient, import, &typed).await? {
        return one(&ctx, tx, import, errors).await;
    }
    tx.commit().await?;
    Ok(ctx.redirect(&format!("{HERE}/{import}"), None))
}

/// `POST /my/readings/imports/{import}/discard`
pub async fn discard(ctx: Ctx, mut tx: Tx, Id(import): Id<ReadingImportId>, Form(typed): Form<Typed>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Readings).await?;
    own.agrees(typed.get("patient"))?;
    say_no(&ctx, tx, own.patient, import).await?;
    Ok(ctx.redirect(HERE, Some(&Flash::ok("The file is deleted. Nothing of it was taken."))))
}

/// Whose files are shown, written down.
async fn opened(ctx: &Ctx, tx: &mut Tx) -> Result<Whom> {
    let own = whom::current_for(tx, &ctx.actor, Scope::Readings).await?;
    let event = Event::new(Action::View, "reading_import")
        .about(Some(own.patient))
        .at(Some(own.facility_id))
        .with(json!({ "page": "portal imports" }));
    events::record(tx, &ctx.by(), event).await?;
    Ok(own)
}
