//! Files that staff send, from the chart.

use axum::extract::Request;
use axum::http::StatusCode;
use serde_json::json;

use super::jobs::{CHECK, TAKE};
use super::pages::{ImportPage, ImportsPage, Progress, Shown};
use super::queries::{self, Added, Import};
use super::{State, upload};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{PatientId, ReadingImportId};
use crate::jobs::{self, NewJob};
use crate::patients::fields::Typed;
use crate::patients::record::{self, REFUSED, Record};
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Ids};

pub(super) const OPEN: &str =
    "Another file of this person is being taken in, or waits for a yes. Finish or discard it first.";

/// What asks for a tick where the file says that its person was born on another day.
pub(super) const WHO: &str = "Check whose file it is, and tick the box";

/// `GET /patients/{id}/imports`
pub async fn list(ctx: Ctx, tx: Tx, Id(id): Id<PatientId>) -> Page {
    page(&ctx, tx, id, FormErrors::default()).await
}

async fn page(ctx: &Ctx, mut tx: Tx, id: PatientId, errors: FormErrors) -> Page {
    let record = record::open(ctx, &mut tx, id, Action::View, "imports").await?;
    let imports = queries::latest(&mut tx, ctx.actor.organization, id).await?;
    let shell = record.shell(ctx, &mut tx, "imports").await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let page = ImportsPage {
        shell,
        banner: record.banner(ctx),
        sections: record.sections(ctx, "vitals"),
        vitals: record.href("vitals"),
        here: record.href("imports"),
        patient: id.to_string(),
        imports,
        errors,
        may_send: record.stored.deleted_at.is_none(),
        zone: ctx.actor.zone,
    };
    ctx.whole_page(status, &page)
}

/// `POST /patients/{id}/imports`: the file streams in; then a job reads it.
pub async fn send(ctx: Ctx, Id(id): Id<PatientId>, request: Request) -> Page {
    // No transaction stays open while a file comes in: that may take an hour.
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    standing(&ctx, &mut tx, id).await?;
    let sent = queries::sent(&mut tx, ctx.actor.organization, id).await?;
    tx.commit().await?;
    if let Err(words) = sent.takes(1) {
        return page(&ctx, ctx.app.db.begin(&ctx.actor).await?, id, FormErrors::one("file", words)).await;
    }
    let received = upload::receive(&ctx, request).await?;
    let tx = ctx.app.db.begin(&ctx.actor).await?;
    match keep(&ctx, tx, id, received).await? {
        Ok(import) => Ok(ctx.redirect(&format!("/patients/{id}/imports/{import}"), None)),
        Err(errors) => page(&ctx, ctx.app.db.begin(&ctx.actor).await?, id, errors).await,
    }
}

/// Writes down what arrived, and has it read.
pub(super) async fn keep(
    ctx: &Ctx,
    mut tx: Tx,
    patient: PatientId,
    mut received: upload::Received,
) -> Result<Result<ReadingImportId, FormErrors>> {
    let (organization, id) = (ctx.actor.organization, received.id);
    let Some(stored) = received.stored() else { return Ok(Err(FormErrors::one("file", "Choose a file"))) };
    let who = (ctx.actor.user.uuid(), ctx.actor.role.as_str());
    match queries::add(&mut tx, (organization, id, patient), stored, ctx.actor.zone, who).await? {
        Added::Kept => {}
        Added::Open => return Ok(Err(FormErrors::one("file", OPEN))),
        Added::Enough(words) => return Ok(Err(FormErrors::one("file", words))),
    }
    let event =
        Event::new(Action::Create, "reading_import").of(id).about(Some(patient)).with(json!({ "bytes": stored.size }));
    events::record(&mut tx, &ctx.by(), event).await?;
    jobs::enqueue(&mut tx, NewJob::within(organization, CHECK).with("import", id)).await?;
    received.keep();
    tx.commit().await?;
    Ok(Ok(id))
}

/// `GET /patients/{id}/imports/{import}`
pub async fn show(ctx: Ctx, tx: Tx, Ids(id, import): Ids<PatientId, ReadingImportId>) -> Page {
    one(&ctx, tx, id, import, FormErrors::default()).await
}

async fn one(ctx: &Ctx, mut tx: Tx, id: PatientId, import: ReadingImportId, errors: FormErrors) -> Page {
    let record = record::open(ctx, &mut tx, id, Action::View, "import").await?;
    let import = find(ctx, &mut tx, id, import).await?;
    let shell = record.shell(ctx, &mut tx, "import").await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { REFUSED };
    let page = ImportPage {
        shell,
        banner: record.banner(ctx),
        sections: record.sections(ctx, "vitals"),
        back: record.href("imports"),
        readings: record.href("vitals"),
        one: Shown { here: format!("{}/{}", record.href("imports"), import.id), import, errors, zone: ctx.actor.zone },
        patient: id.to_string(),
    };
    ctx.whole_page(status, &page)
}

pub(super) async fn find(ctx: &Ctx, tx: &mut Tx, patient: PatientId, import: ReadingImportId) -> Result<Import> {
    queries::one(tx, ctx.actor.organization, patient, import).await?.ok_or(Error::NotFound)
}

/// `GET /patients/{id}/imports/{import}/progress`: a number and nothing of a patient, so that looking every other second is no view of a record.
pub async fn progress(ctx: Ctx, mut tx: Tx, Ids(id, import): Ids<PatientId, ReadingImportId>) -> Page {
    let import = find(&ctx, &mut tx, id, import).await?;
    moved(&ctx, format!("/patients/{id}/imports/{}", import.id), import)
}

pub(super) fn moved(ctx: &Ctx, here: String, import: Import) -> Page {
    if !import.state.works() {
        return Ok(ctx.redirect(&here, None));
    }
    let one = Shown { here, import, errors: FormErrors::default(), zone: ctx.actor.zone };
    ctx.fragment(&Progress { one: &one })
}

/// `POST /patients/{id}/imports/{import}/confirmation`
pub async fn confirm(
    ctx: Ctx,
    mut tx: Tx,
    Ids(id, import): Ids<PatientId, ReadingImportId>,
    Form(typed): Form<Typed>,
) -> Page {
    standing(&ctx, &mut tx, id).await?;
    if let Err(errors) = say_yes(&ctx, &mut tx, id, import, &typed).await? {
        return one(&ctx, tx, id, import, errors).await;
    }
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/patients/{id}/imports/{import}"), None))
}

/// Has the readings of a file taken, where somebody said all that has to be said.
pub(super) async fn say_yes(
    ctx: &Ctx,
    tx: &mut Tx,
    patient: PatientId,
    id: ReadingImportId,
    typed: &Typed,
) -> Result<Result<(), FormErrors>> {
    let import = find(ctx, tx, patient, id).await?;
    let other = import.preview.as_ref().is_some_and(|preview| preview.born_otherwise);
    if import.state == State::Ready && other && typed.get("same_person") != "true" {
        return Ok(Err(FormErrors::one("same_person", WHO)));
    }
    let organization = ctx.actor.organization;
    if !queries::confirm(tx, organization, patient, id, typed.get("unlikely") == "true").await? {
        return Err(Error::Conflict("This file does not wait for a yes any more. Look again.".to_owned()));
    }
    let event = Event::new(Action::StatusChanged, "reading_import")
        .of(id)
        .about(Some(patient))
        .with(json!({ "to": "IMPORTING" }));
    events::record(tx, &ctx.by(), event).await?;
    jobs::enqueue(tx, NewJob::within(organization, TAKE).with("import", id)).await?;
    Ok(Ok(()))
}

/// `POST /patients/{id}/imports/{import}/discard`
pub async fn discard(ctx: Ctx, mut tx: Tx, Ids(id, import): Ids<PatientId, ReadingImportId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "import").await?;
    say_no(&ctx, tx, id, import).await?;
    Ok(ctx.redirect(&record.href("imports"), Some(&Flash::ok("The file is deleted. Nothing of it was taken."))))
}

/// Discards a file that was not confirmed.
pub(super) async fn say_no(ctx: &Ctx, mut tx: Tx, patient: PatientId, id: ReadingImportId) -> Result<()> {
    let organization = ctx.actor.organization;
    find(ctx, &mut tx, patient, id).await?;
    if !queries::discard(&mut tx, organization, patient, id).await? {
        return Err(Error::Conflict("This file cannot be discarded any more. Look again.".to_owned()));
    }
    let event = Event::new(Action::StatusChanged, "reading_import")
        .of(id)
        .about(Some(patient))
        .with(json!({ "to": "DISCARDED" }));
    events::record(&mut tx, &ctx.by(), event).await?;
    jobs::enqueue(&mut tx, NewJob::within(organization, super::jobs::SWEEP)).await?;
    tx.commit().await
}

/// A record that is not deleted.
async fn standing(ctx: &Ctx, tx: &mut Tx, id: PatientId) -> Result<Record> {
    let record = record::open(ctx, tx, id, Action::View, "imports").await?;
    match record.stored.deleted_at {
        None => Ok(record),
        Some(_) => Err(Error::Conflict("This record is deleted. Restore it before changing it.".to_owned())),
    }
}
