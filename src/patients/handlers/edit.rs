//! Changing a record.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::create::{demographics, offers};
use super::seal;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{FacilityId, PatientId};
use crate::patients::fields::{Difference, Field, Typed, differences, fill};
use crate::patients::form::{self, Offers, PatientInput};
use crate::patients::pages::FormPage;
use crate::patients::queries::write;
use crate::patients::record::{self, Record};
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};

/// Columns whose content the audit never holds.
const PROTECTED: [&str; 7] = ["medical_record_number", "phone", "email", "address", "city", "state", "zip_code"];

/// `GET /patients/{id}/edit`
pub async fn ask(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = editable(&ctx, &mut tx, id).await?;
    let offers = offers(&ctx, &mut tx).await?;
    let typed = form::typed(&record);
    again(&ctx, tx, &record, &offers, &typed, FormErrors::default(), Vec::new()).await
}

/// `POST /patients/{id}/edit`
pub async fn save(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Form(typed): Form<Typed>) -> Page {
    let record = editable(&ctx, &mut tx, id).await?;
    let offers = offers(&ctx, &mut tx).await?;
    let input = match form::parse(&typed, &offers, ctx.today(), Some(record.stored.status)) {
        Ok(input) => input,
        Err(errors) => return again(&ctx, tx, &record, &offers, &typed, errors, Vec::new()).await,
    };
    if typed.row_version() != record.stored.row_version {
        let differences = disagreements(&record, &offers, &typed);
        return again(&ctx, tx, &record, &offers, &typed, FormErrors::default(), differences).await;
    }
    match store(&ctx, &mut tx, &record, &offers, &input, &typed).await? {
        Ok(()) => tx.commit().await?,
        Err(errors) => {
            drop(tx);
            let mut tx = ctx.app.db.begin(&ctx.actor).await?;
            let record = editable(&ctx, &mut tx, id).await?;
            return again(&ctx, tx, &record, &offers, &typed, errors, Vec::new()).await;
        }
    }
    Ok(ctx.redirect(&record.href("details"), Some(&Flash::ok("The record is saved."))))
}

/// A record that may be changed now.
pub async fn editable(ctx: &Ctx, tx: &mut Tx, id: PatientId) -> Result<Record> {
    let record = record::open(ctx, tx, id, Action::View, "edit").await?;
    match record.stored.deleted_at {
        None => Ok(record),
        Some(_) => Err(Error::Conflict("This record is deleted. Restore it before changing it.".to_owned())),
    }
}

/// Takes what was accepted into the record, with its audit.
///
/// # Errors
/// Where somebody was quicker, or the database does not answer.
pub(crate) async fn store(
    ctx: &Ctx,
    tx: &mut Tx,
    record: &Record,
    offers: &Offers,
    input: &PatientInput,
    typed: &Typed,
) -> Result<Result<(), FormErrors>> {
    let id = record.id();
    let sealed = seal(ctx.app.keyring(), &ctx.actor, id, input)?;
    let person = demographics(input, record.demographics().clone());
    let version = record.stored.row_version;
    match write::update(tx, ctx.actor.organization, id, version, input, &sealed, &person).await? {
        Err(errors) => return Ok(Err(errors)),
        // Between reading and writing: as rare as it is, nobody's change is lost.
        Ok(false) => {
            return Err(Error::Conflict(
                "Somebody changed this record at the same moment. Go back and save again.".to_owned(),
            ));
        }
        Ok(true) => {}
    }
    let event = Event::new(Action::Update, "patient")
        .of(id)
        .about(Some(id))
        .at(Some(FacilityId::from(input.facility)))
        .changing(changes(record, offers, typed));
    events::record(tx, &ctx.by(), event).await?;
    if record.stored.facility_id.uuid() != input.facility {
        moved(ctx, tx, record, FacilityId::from(input.facility)).await?;
    }
    Ok(Ok(()))
}

/// The patient's open alerts have moved too (the database sees to it): both queues are told.
async fn moved(ctx: &Ctx, tx: &mut Tx, record: &Record, to: FacilityId) -> Result<()> {
    let from = record.stored.facility_id;
    for place in [from, to] {
        let event = Event::new(Action::Update, "alert")
            .about(Some(record.id()))
            .at(Some(place))
            .with(json!({ "moved_with_the_patient": { "from": from, "to": to } }));
        events::record(tx, &ctx.by(), event).await?;
    }
    Ok(())
}

/// What changed, for the audit: the content of protected columns never.
fn changes(record: &Record, offers: &Offers, typed: &Typed) -> Value {
    let none = FormErrors::default();
    let before = fill(form::fields(offers, false), &form::typed(record), &none);
    let after = fill(form::fields(offers, false), typed, &none);
    let changed = before.iter().zip(&after).filter(|(before, after)| before.words() != after.words());
    let value = |(before, after): (&Field, &Field)| {
        let change = if PROTECTED.contains(&before.name) {
            json!("changed")
        } else {
            json!({ "before": before.words(), "after": after.words() })
        };
        (before.name.to_owned(), change)
    };
    Value::Object(changed.map(value).collect::<Map<_, _>>())
}

fn disagreements(record: &Record, offers: &Offers, typed: &Typed) -> Vec<Difference> {
    let none = FormErrors::default();
    let now = fill(form::fields(offers, false), &form::typed(record), &none);
    let found = differences(&now, &fill(form::fields(offers, false), typed, &none));
    if found.is_empty() {
        vec![Difference { label: "Status", now: record.stored.status.to_string(), yours: "not in this form".into() }]
    } else {
        found
    }
}

/// The form, with what was typed and the version as it is now.
async fn again(
    ctx: &Ctx,
    mut tx: Tx,
    record: &Record,
    offers: &Offers,
    typed: &Typed,
    errors: FormErrors,
    differences: Vec<Difference>,
) -> Page {
    let status = match (errors.is_empty(), differences.is_empty()) {
        (true, true) => StatusCode::OK,
        (false, _) => record::REFUSED,
        (true, false) => StatusCode::CONFLICT,
    };
    // A form that is wrong keeps the version it was filled from: being wrong must not make it fresh.
    let version = if errors.is_empty() { record.stored.row_version } else { typed.row_version() };
    let shell = record.shell(ctx, &mut tx, "edit").await?;
    tx.commit().await?;
    let page = FormPage {
        shell,
        banner: Some(record.banner(ctx)),
        title: "Edit details".to_owned(),
        action: record.href("edit"),
        submit: "Save",
        cancel: record.href("details"),
        fields: fill(form::fields(offers, false), typed, &errors),
        errors,
        row_version: Some(version),
        key: None,
        differences,
        about: "",
    };
    ctx.whole_page(status, &page)
}
