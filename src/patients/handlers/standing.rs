//! Where a record stands: its status, and whether it is in use at all.

use axum::http::StatusCode;

use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event, StatusChange};
use crate::ids::PatientId;
use crate::patients::fields::{Field, Input, Reader, Typed, fill};
use crate::patients::model::PatientStatus;
use crate::patients::pages::{FormPage, StatusPage};
use crate::patients::queries::write::{self, Move};
use crate::patients::record::{self, Record};
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::format;
use crate::web::ui::Entry;

/// `GET /patients/{id}/status`
pub async fn ask(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = super::edit::editable(&ctx, &mut tx, id).await?;
    status_page(&ctx, tx, &record, &Typed::default(), FormErrors::default(), StatusCode::OK).await
}

/// `POST /patients/{id}/status`
pub async fn change(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Form(typed): Form<Typed>) -> Page {
    let record = super::edit::editable(&ctx, &mut tx, id).await?;
    let mut read = Reader::new(&typed, ctx.today());
    let to = read.choice("status", PatientStatus::from_name, "Choose a status");
    let reason = read.required("reason", "Say why");
    let allowed = to.map(|to| record.stored.status.change(to, record.stored.date_of_birth.is_some()));
    if let Some(Err(refused)) = &allowed {
        read.errors.add("status", refused.to_string());
    }
    let Some(Ok(to)) = allowed.filter(|_| read.errors.is_empty()) else {
        return status_page(&ctx, tx, &record, &typed, read.errors, record::REFUSED).await;
    };
    if !write::set_status(&mut tx, ctx.actor.organization, id, typed.row_version(), to).await? {
        return status_page(&ctx, tx, &record, &typed, FormErrors::default(), StatusCode::CONFLICT).await;
    }
    moved(&ctx, &mut tx, &record, to.as_str(), &reason, Action::StatusChanged).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&record.href("status"), Some(&Flash::ok("The status is changed."))))
}

/// `GET /patients/{id}/deletion`: asks for the reason, of deleting or of restoring.
pub async fn ask_deletion(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, "deletion").await?;
    deletion_page(&ctx, tx, &record, &Typed::default(), FormErrors::default()).await
}

/// `POST /patients/{id}/deletion`
pub async fn delete(ctx: Ctx, tx: Tx, Id(id): Id<PatientId>, Form(typed): Form<Typed>) -> Page {
    set_deleted(&ctx, tx, id, &typed, true).await
}

/// `POST /patients/{id}/restoration`
pub async fn restore(ctx: Ctx, tx: Tx, Id(id): Id<PatientId>, Form(typed): Form<Typed>) -> Page {
    set_deleted(&ctx, tx, id, &typed, false).await
}

async fn set_deleted(ctx: &Ctx, mut tx: Tx, id: PatientId, typed: &Typed, deleted: bool) -> Page {
    let record = record::open(ctx, &mut tx, id, Action::View, "deletion").await?;
    let mut read = Reader::new(typed, ctx.today());
    let reason = read.required("reason", "Say why");
    if !read.errors.is_empty() {
        return deletion_page(ctx, tx, &record, typed, read.errors).await;
    }
    let by = ctx.actor.user.uuid();
    if !write::set_deleted(&mut tx, ctx.actor.organization, by, id, typed.row_version(), deleted).await? {
        return Err(Error::Conflict(
            "The record changed while you were looking at it. Open it and look again.".to_owned(),
        ));
    }
    let (to, action, words, next) = if deleted {
        ("DELETED", Action::Delete, "The record is deleted. It is kept and can be restored.", "/patients".to_owned())
    } else {
        ("RESTORED", Action::Restore, "The record is restored.", record.href(""))
    };
    moved(ctx, &mut tx, &record, to, &reason, action).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&next, Some(&Flash::ok(words))))
}

/// Writes a move into the history and the audit.
async fn moved(ctx: &Ctx, tx: &mut Tx, record: &Record, to: &str, reason: &str, action: Action) -> Result<()> {
    let (id, facility) = (record.id(), Some(record.stored.facility_id));
    let from = Some(record.stored.status.as_str());
    let change =
        StatusChange { subject: "patient", id: id.uuid(), from, to, reason: Some(reason), patient: Some(id), facility };
    events::status_change(tx, &ctx.by(), &change).await?;
    let event = Event::new(action, "patient")
        .of(id)
        .about(Some(id))
        .at(facility)
        .changing(serde_json::json!({ "status": { "before": from, "after": to } }))
        .with(serde_json::json!({ "reason": reason }));
    events::record(tx, &ctx.by(), event).await?;
    Ok(())
}

async fn status_page(
    ctx: &Ctx,
    mut tx: Tx,
    record: &Record,
    typed: &Typed,
    errors: FormErrors,
    status: StatusCode,
) -> Page {
    let history = write::history(&mut tx, ctx.actor.organization, record.id()).await?;
    let shell = record.shell(ctx, &mut tx, "status").await?;
    tx.commit().await?;
    let others = PatientStatus::ALL.iter().filter(|other| **other != record.stored.status);
    let fields = vec![
        Field::new("status", "New status", Input::Select("Choose one"))
            .choices(others.map(|one| (one.as_str(), one.label()))),
        Field::new("reason", "Why", Input::Text).hint("Kept in the history of the record"),
    ];
    let page = StatusPage {
        shell,
        banner: record.banner(ctx),
        action: record.href("status"),
        cancel: record.href(""),
        fields: fill(fields, typed, &errors),
        errors,
        row_version: record.stored.row_version,
        history: history.into_iter().map(entry).collect(),
        stale: status == StatusCode::CONFLICT,
    };
    ctx.whole_page(status, &page)
}

fn entry(moved: Move) -> Entry {
    let word = |name: &str| {
        PatientStatus::from_name(name).map_or_else(|| name.to_lowercase(), |status| status.label().to_owned())
    };
    let what = match moved.from.as_deref() {
        Some(from) if from != moved.to => format!("moved the record from {} to {}", word(from), word(&moved.to)),
        Some(_) | None => format!("made the record: {}", word(&moved.to)),
    };
    let who = moved.by.filter(|name| !name.is_empty()).unwrap_or_else(|| "Almoner".to_owned());
    let initials = who.split_once(' ').map(|(given, family)| format::initials(given, family));
    Entry { at: moved.at, who, initials, icon: "activity", what, said: moved.reason }
}

async fn deletion_page(ctx: &Ctx, mut tx: Tx, record: &Record, typed: &Typed, errors: FormErrors) -> Page {
    let shell = record.shell(ctx, &mut tx, "deletion").await?;
    tx.commit().await?;
    let gone = record.stored.deleted_at.is_some();
    let status = if errors.is_empty() { StatusCode::OK } else { record::REFUSED };
    let fields = vec![Field::new("reason", "Why", Input::Text).hint("Kept in the history of the record")];
    let page = FormPage {
        shell,
        banner: Some(record.banner(ctx)),
        title: if gone { "Restore this record" } else { "Delete this record" }.to_owned(),
        action: record.href(if gone { "restoration" } else { "deletion" }),
        submit: if gone { "Restore" } else { "Delete" },
        cancel: record.href(""),
        fields: fill(fields, typed, &errors),
        errors,
        row_version: Some(record.stored.row_version),
        key: None,
        differences: Vec::new(),
        about: if gone {
            "It returns to the lists as it was."
        } else {
            "It leaves the lists. It is kept, and can be restored."
        },
    };
    ctx.whole_page(status, &page)
}
