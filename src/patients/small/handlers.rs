//! Listing, adding, changing and removing small records of any kind.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::page::{Adding, EntryPage, SmallPage};
use super::{Allergies, Item, Kind};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::PatientId;
use crate::patients::fields::{Difference, Field, Typed, differences, fill};
use crate::patients::form::Offers;
use crate::patients::handlers::edit::editable;
use crate::patients::queries;
use crate::patients::record::{self, Record};
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Ids};

/// `GET /patients/{id}/allergies`
pub async fn list<K: Kind>(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = record::open(&ctx, &mut tx, id, Action::View, K::SECTION).await?;
    show::<K>(&ctx, tx, &record, &Typed::default(), FormErrors::default()).await
}

/// `POST /patients/{id}/allergies`
pub async fn add<K: Kind>(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Form(typed): Form<Typed>) -> Page {
    let record = writable::<K>(&ctx, &mut tx, id).await?;
    let offers = offers::<K>(&ctx, &mut tx).await?;
    let input = match K::parse(&typed, &offers, ctx.today()) {
        Ok(input) => input,
        Err(errors) => return show::<K>(&ctx, tx, &record, &typed, errors).await,
    };
    // The form carries the id of the entry it makes: sent twice, it makes one.
    let entry = typed.get("idempotency_key").parse().unwrap_or_else(|_| crate::ids::new_uuid());
    match K::insert(&ctx, &mut tx, &record, entry, &input).await? {
        Err(errors) => {
            let (tx, record) = afresh::<K>(&ctx, tx, id).await?;
            return show::<K>(&ctx, tx, &record, &typed, errors).await;
        }
        Ok(true) => note::<K>(&ctx, &mut tx, &record, entry, Action::Create, None).await?,
        Ok(false) => {}
    }
    tx.commit().await?;
    Ok(ctx.redirect(&record.href(K::SECTION), Some(&Flash::ok(format!("The {} is added.", K::ONE)))))
}

/// `GET /patients/{id}/allergies/{entry}`
pub async fn ask<K: Kind>(ctx: Ctx, mut tx: Tx, Ids(id, entry): Ids<PatientId, Uuid>) -> Page {
    let record = writable::<K>(&ctx, &mut tx, id).await?;
    let item = one::<K>(&ctx, &mut tx, &record, entry).await?;
    edit::<K>(&ctx, tx, &record, &item, None, FormErrors::default()).await
}

/// `POST /patients/{id}/allergies/{entry}`
pub async fn save<K: Kind>(
    ctx: Ctx,
    mut tx: Tx,
    Ids(id, entry): Ids<PatientId, Uuid>,
    Form(typed): Form<Typed>,
) -> Page {
    let record = writable::<K>(&ctx, &mut tx, id).await?;
    let item = one::<K>(&ctx, &mut tx, &record, entry).await?;
    let offers = offers::<K>(&ctx, &mut tx).await?;
    let input = match K::parse(&typed, &offers, ctx.today()) {
        Ok(input) => input,
        Err(errors) => return edit::<K>(&ctx, tx, &record, &item, Some(&typed), errors).await,
    };
    match K::update(&ctx, &mut tx, &record, entry, typed.row_version(), &input).await? {
        Err(errors) => {
            let (tx, record) = afresh::<K>(&ctx, tx, id).await?;
            return edit::<K>(&ctx, tx, &record, &item, Some(&typed), errors).await;
        }
        Ok(false) => return edit::<K>(&ctx, tx, &record, &item, Some(&typed), FormErrors::default()).await,
        Ok(true) => {}
    }
    let changes = changes::<K>(&offers, &item.typed, &typed);
    note::<K>(&ctx, &mut tx, &record, entry, Action::Update, Some(changes)).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&record.href(K::SECTION), Some(&Flash::ok(format!("The {} is saved.", K::ONE)))))
}

/// `POST /patients/{id}/allergies/{entry}/removal`
pub async fn remove<K: Kind>(
    ctx: Ctx,
    mut tx: Tx,
    Ids(id, entry): Ids<PatientId, Uuid>,
    Form(typed): Form<Typed>,
) -> Page {
    let record = writable::<K>(&ctx, &mut tx, id).await?;
    let item = one::<K>(&ctx, &mut tx, &record, entry).await?;
    if !K::remove(&ctx, &mut tx, &record, entry, typed.row_version()).await? {
        return edit::<K>(&ctx, tx, &record, &item, Some(&item.typed), FormErrors::default()).await;
    }
    note::<K>(&ctx, &mut tx, &record, entry, Action::Delete, None).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&record.href(K::SECTION), Some(&Flash::ok(format!("The {} is removed.", K::ONE)))))
}

/// `POST /patients/{id}/allergy-status`: somebody asked, and there are none.
pub async fn say_none(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Form(typed): Form<Typed>) -> Page {
    let record = writable::<Allergies>(&ctx, &mut tx, id).await?;
    if !record.stored.allergies.0.is_empty() {
        return Err(Error::Conflict(
            "Allergies are listed for this person. Say of each why it does not count, first.".to_owned(),
        ));
    }
    if !super::allergies::none_known(&mut tx, ctx.actor.organization, id, typed.row_version()).await? {
        return Err(Error::Conflict(
            "The record changed while you were looking at it. Open it and look again.".to_owned(),
        ));
    }
    let change =
        json!({ "allergy_status": { "before": record.stored.allergy_status.as_str(), "after": "NONE_KNOWN" } });
    let event = Event::new(Action::Update, "patient").of(id).about(Some(id)).at(Some(record.stored.facility_id));
    events::record(&mut tx, &ctx.by(), event.changing(change)).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&record.href("allergies"), Some(&Flash::ok("Recorded: no known allergies."))))
}

/// A record whose entries of this kind this person may change.
async fn writable<K: Kind>(ctx: &Ctx, tx: &mut Tx, id: PatientId) -> Result<Record> {
    let record = editable(ctx, tx, id).await?;
    if K::writable(ctx.actor.role) { Ok(record) } else { Err(Error::Forbidden) }
}

/// A constraint has ended the transaction: the page needs another.
async fn afresh<K: Kind>(ctx: &Ctx, ended: Tx, id: PatientId) -> Result<(Tx, Record)> {
    drop(ended);
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    let record = writable::<K>(ctx, &mut tx, id).await?;
    Ok((tx, record))
}

async fn offers<K: Kind>(ctx: &Ctx, tx: &mut Tx) -> Result<Offers> {
    if !K::ASKS_STAFF {
        return Ok(Offers::default());
    }
    Ok(Offers { facilities: Vec::new(), clinicians: queries::list::clinicians(tx, ctx.actor.organization).await? })
}

async fn one<K: Kind>(ctx: &Ctx, tx: &mut Tx, record: &Record, entry: Uuid) -> Result<Item> {
    K::list(ctx, tx, record).await?.into_iter().find(|item| item.id == entry).ok_or(Error::NotFound)
}

async fn note<K: Kind>(
    ctx: &Ctx,
    tx: &mut Tx,
    record: &Record,
    entry: Uuid,
    action: Action,
    changes: Option<Value>,
) -> Result<()> {
    let event = Event::new(action, K::TABLE).of(entry).about(Some(record.id())).at(Some(record.stored.facility_id));
    let event = match changes {
        Some(changes) => event.changing(changes),
        None => event,
    };
    events::record(tx, &ctx.by(), event).await?;
    Ok(())
}

fn changes<K: Kind>(offers: &Offers, before: &Typed, after: &Typed) -> Value {
    let none = FormErrors::default();
    let (before, after) = (fill(K::fields(offers), before, &none), fill(K::fields(offers), after, &none));
    let changed = before.iter().zip(&after).filter(|(before, after)| before.words() != after.words());
    let value = |(before, after): (&Field, &Field)| {
        let clear = !K::PROTECTED.contains(&before.name);
        let change = if clear { json!({ "before": before.words(), "after": after.words() }) } else { json!("changed") };
        (before.name.to_owned(), change)
    };
    Value::Object(changed.map(value).collect::<Map<_, _>>())
}

/// The list, with the form to add to it.
async fn show<K: Kind>(ctx: &Ctx, mut tx: Tx, record: &Record, typed: &Typed, errors: FormErrors) -> Page {
    let items = K::list(ctx, &mut tx, record).await?;
    let may = K::writable(ctx.actor.role) && record.stored.deleted_at.is_none();
    let offers = if may { offers::<K>(ctx, &mut tx).await? } else { Offers::default() };
    let status = if errors.is_empty() { StatusCode::OK } else { record::REFUSED };
    let key = Some(typed.get("idempotency_key")).filter(|key| !key.is_empty());
    let key = key.map_or_else(|| crate::ids::new_uuid().to_string(), str::to_owned);
    let adding = may.then(|| Adding { fields: fill(K::fields(&offers), typed, &errors), errors, key });
    let none = may && K::SECTION == Allergies::SECTION && record.stored.allergies.0.is_empty();
    let shell = record.shell(ctx, &mut tx, &K::TITLE.to_lowercase()).await?;
    tx.commit().await?;
    let page = SmallPage {
        shell,
        banner: record.banner(ctx),
        sections: record.sections(ctx, K::SECTION),
        title: K::TITLE,
        one: K::ONE,
        here: record.href(K::SECTION),
        items,
        adding,
        none_known: none.then(|| (record.href("allergy-status"), record.stored.row_version)),
    };
    ctx.whole_page(status, &page)
}

/// The form of one entry: as stored, or with what was typed and why it was not saved.
async fn edit<K: Kind>(
    ctx: &Ctx,
    mut tx: Tx,
    record: &Record,
    item: &Item,
    typed: Option<&Typed>,
    errors: FormErrors,
) -> Page {
    let offers = offers::<K>(ctx, &mut tx).await?;
    let shell = record.shell(ctx, &mut tx, K::ONE).await?;
    tx.commit().await?;
    let (status, version) = match typed {
        None => (StatusCode::OK, item.typed.row_version()),
        // A form that is wrong keeps the version it was filled from: being wrong must not make it fresh.
        Some(typed) if !errors.is_empty() => (record::REFUSED, typed.row_version()),
        Some(_) => (StatusCode::CONFLICT, item.typed.row_version()),
    };
    let fields = fill(K::fields(&offers), typed.unwrap_or(&item.typed), &errors);
    let differences =
        if status == StatusCode::CONFLICT { disagreements::<K>(&offers, item, &fields) } else { Vec::new() };
    let list = record.href(K::SECTION);
    let page = EntryPage {
        shell,
        banner: record.banner(ctx),
        title: format!("Change {}", K::ONE),
        action: format!("{list}/{}", item.id),
        cancel: list,
        fields,
        errors,
        row_version: version,
        differences,
        remove: format!("Remove {}", K::ONE),
    };
    ctx.whole_page(status, &page)
}

fn disagreements<K: Kind>(offers: &Offers, item: &Item, yours: &[Field]) -> Vec<Difference> {
    let found = differences(&fill(K::fields(offers), &item.typed, &FormErrors::default()), yours);
    if found.is_empty() {
        return vec![Difference {
            label: "Saved meanwhile",
            now: "the same as yours".into(),
            yours: "nothing to do".into(),
        }];
    }
    found
}
