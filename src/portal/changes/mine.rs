//! A patient's details and contacts, and asking for changes of them.

use askama::Template;
use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::queries::{self, Change, Wish};
use super::{Standing, Thing, contact_fields, fields, filled, parse, to_text};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event, StatusChange};
use crate::ids::new_uuid;
use crate::outbox;
use crate::patients::fields::{Field, Input, Typed};
use crate::patients::form::{self, Offers};
use crate::patients::record::{self, Record};
use crate::patients::small::{Contacts, Item, Kind as _};
use crate::portal::switch::agreed;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::whom::{self, Scope, Whom};
use crate::web::{Ctx, Page, format};

/// Said of what the record does not hold.
const NOT_KNOWN: &str = "We do not have it";

/// A wish, as the patient reads it.
#[derive(Debug)]
struct Told {
    id: Uuid,
    label: &'static str,
    words: String,
    status: Standing,
    reason: Option<String>,
    by: Option<String>,
    asked_at: Timestamp,
    decided_at: Timestamp,
}

#[derive(Template)]
#[template(path = "portal/details.html")]
struct DetailsPage {
    shell: Shell,
    own: Whom,
    record: Record,
    contacts: Vec<Item>,
    waiting: Vec<Told>,
    decided: Vec<Told>,
}

impl DetailsPage {
    /// What the record says, or that it says nothing.
    fn known<'a>(&self, value: Option<&'a String>) -> &'a str {
        value.map_or(NOT_KNOWN, String::as_str)
    }

    fn born(&self) -> String {
        self.record.stored.date_of_birth.map_or_else(|| NOT_KNOWN.to_owned(), format::date)
    }

    /// "2 changed, 1 not changed"
    fn counts(&self) -> String {
        let count = |standing: Standing| self.decided.iter().filter(|one| one.status == standing).count();
        let each = Standing::ALL.iter().map(|standing| (count(*standing), standing.label().to_lowercase()));
        let said = each.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        said.collect::<Vec<_>>().join(", ")
    }

    /// Name we use, phone and so on, in words.
    fn things(&self) -> Vec<(&'static str, String)> {
        let typed = form::typed(&self.record);
        let words = |thing: Thing| match thing.words(&typed) {
            nothing if nothing == "nothing" => NOT_KNOWN.to_owned(),
            words => words,
        };
        Thing::of_the_record().map(|thing| (thing.label(), words(thing))).collect()
    }
}

#[derive(Template)]
#[template(path = "portal/changes/form.html")]
struct FormPage {
    shell: Shell,
    own: Whom,
    heading: String,
    here: String,
    fields: Vec<Field>,
    errors: FormErrors,
    /// Whether the person can be taken off the list.
    removable: bool,
    /// The id of the wish that the form makes; empty where it makes one for each thing.
    key: String,
}

/// `GET /my/details`
pub async fn details(ctx: Ctx, mut tx: Tx) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Details).await?;
    let (record, contacts) = opened(&ctx, &mut tx, &own).await?;
    let changes = queries::own(&mut tx, &ctx.actor, own.patient).await?;
    outbox::seen(&mut tx, &ctx.actor, own.patient).await?;
    let shell = ctx.shell(&mut tx, "Details", Area::MyDetails).await?;
    tx.commit().await?;
    let told = |change: Change| told(&ctx, &record, change);
    let all = changes.into_iter().map(told).collect::<Result<Vec<_>>>()?;
    let (waiting, decided) = all.into_iter().partition(|one| one.status == Standing::Waiting);
    ctx.whole_page(StatusCode::OK, &DetailsPage { shell, own, record, contacts, waiting, decided })
}

/// `GET /my/details/change`
pub async fn ask(ctx: Ctx, mut tx: Tx) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Details).await?;
    let (record, _) = opened(&ctx, &mut tx, &own).await?;
    let mut typed = form::typed(&record);
    for change in queries::own(&mut tx, &ctx.actor, own.patient).await? {
        if change.status == Standing::Waiting && !change.thing.is_contact() {
            let asked = change.asked(&ctx.app, &ctx.actor, &record.audited)?;
            typed = asked.iter().fold(typed, |typed, (name, value)| typed.put(name, value));
        }
    }
    details_form(&ctx, tx, own, &typed, FormErrors::default()).await
}

/// `POST /my/details/change`
pub async fn propose(ctx: Ctx, mut tx: Tx, Form(typed): Form<Typed>) -> Page {
    let labels = labels(&fields(true));
    let own = match agreed(&ctx, &mut tx, Some(Scope::Details), &typed, "/my/details/change", &labels).await? {
        Ok(own) => own,
        Err(page) => return Ok(page),
    };
    let things = match parse(&typed, ctx.today()) {
        Ok(things) => things,
        Err(errors) => return details_form(&ctx, tx, own, &typed, errors).await,
    };
    let (record, _) = opened(&ctx, &mut tx, &own).await?;
    let now = form::typed(&record);
    let waiting = waiting(&ctx, &mut tx, &own, &record).await?;
    let mut asked = 0;
    for (thing, wanted) in things {
        let before = waiting.iter().find(|(change, _)| change.thing == thing);
        if before.is_some_and(|(_, asked)| *asked == wanted) {
            continue;
        }
        let same = wanted == thing.part_of(&now);
        if let Some((change, _)) = before {
            withdraw(&ctx, &mut tx, &own, change).await?;
            asked += usize::from(same);
        }
        if !same {
            add(&ctx, &mut tx, &own, thing, None, new_uuid(), &wanted).await?;
            asked += 1;
        }
    }
    if asked == 0 {
        let errors = FormErrors::one("preferred_name", "You have not changed anything yet");
        return details_form(&ctx, tx, own, &typed, errors).await;
    }
    sent(&ctx, tx).await
}

/// `GET /my/details/contacts/new`
pub async fn ask_contact(ctx: Ctx, mut tx: Tx) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Details).await?;
    let typed = Typed::default().put("idempotency_key", new_uuid().to_string());
    contact_form(&ctx, tx, own, None, &typed, FormErrors::default()).await
}

/// `POST /my/details/contacts/new`
pub async fn propose_contact(ctx: Ctx, mut tx: Tx, Form(typed): Form<Typed>) -> Page {
    let labels = labels(&contact_fields(true));
    let own = match agreed(&ctx, &mut tx, Some(Scope::Details), &typed, "/my/details/contacts/new", &labels).await? {
        Ok(own) => own,
        Err(page) => return Ok(page),
    };
    if let Err(errors) = Contacts::parse(&typed, &Offers::default(), ctx.today()) {
        return contact_form(&ctx, tx, own, None, &typed, errors).await;
    }
    // The form carries the id of the wish it makes: sent twice, it makes one.
    let id = typed.get("idempotency_key").parse().unwrap_or_else(|_| new_uuid());
    add(&ctx, &mut tx, &own, Thing::ContactAdd, None, id, &Thing::ContactAdd.part_of(&typed)).await?;
    sent(&ctx, tx).await
}

/// `GET /my/details/contacts/{id}`
pub async fn ask_about_contact(ctx: Ctx, mut tx: Tx, Id(id): Id<Uuid>) -> Page {
    let own = whom::current_for(&mut tx, &ctx.actor, Scope::Details).await?;
    let (record, contacts) = opened(&ctx, &mut tx, &own).await?;
    let item = contacts.into_iter().find(|item| item.id == id).ok_or(Error::NotFound)?;
    let asked = waiting(&ctx, &mut tx, &own, &record).await?.into_iter().find(|(change, _)| change.contact == Some(id));
    let typed = asked.map_or(item.typed, |(_, asked)| asked);
    contact_form(&ctx, tx, own, Some(id), &typed, FormErrors::default()).await
}

/// `POST /my/details/contacts/{id}`: other words about a person to call, or that they are not to be called any more.
pub async fn propose_about_contact(ctx: Ctx, mut tx: Tx, Id(id): Id<Uuid>, Form(typed): Form<Typed>) -> Page {
    let here = format!("/my/details/contacts/{id}");
    let labels = labels(&contact_fields(true));
    let own = match agreed(&ctx, &mut tx, Some(Scope::Details), &typed, &here, &labels).await? {
        Ok(own) => own,
        Err(page) => return Ok(page),
    };
    let (record, contacts) = opened(&ctx, &mut tx, &own).await?;
    let item = contacts.into_iter().find(|item| item.id == id).ok_or(Error::NotFound)?;
    let now = Thing::ContactChange.part_of(&item.typed);
    let (thing, wanted) = if typed.ticked("remove") {
        (Thing::ContactRemove, now.clone())
    } else {
        if let Err(errors) = Contacts::parse(&typed, &Offers::default(), ctx.today()) {
            return contact_form(&ctx, tx, own, Some(id), &typed, errors).await;
        }
        (Thing::ContactChange, Thing::ContactChange.part_of(&typed))
    };
    let before =
        waiting(&ctx, &mut tx, &own, &record).await?.into_iter().find(|(change, _)| change.contact == Some(id));
    let same = thing == Thing::ContactChange && wanted == now;
    match &before {
        Some((change, asked)) if change.thing == thing && *asked == wanted => return sent(&ctx, tx).await,
        Some((change, _)) => withdraw(&ctx, &mut tx, &own, change).await?,
        None if same => {
            let errors = FormErrors::one("name", "You have not changed anything yet");
            return contact_form(&ctx, tx, own, Some(id), &typed, errors).await;
        }
        None => {}
    }
    if !same {
        add(&ctx, &mut tx, &own, thing, Some(id), new_uuid(), &wanted).await?;
    }
    sent(&ctx, tx).await
}

/// `POST /my/details/changes/{id}`: takes a wish back.
pub async fn take_back(ctx: Ctx, mut tx: Tx, Id(id): Id<Uuid>, Form(typed): Form<Typed>) -> Page {
    let here = format!("/my/details/changes/{id}");
    let own = match agreed(&ctx, &mut tx, Some(Scope::Details), &typed, &here, &[]).await? {
        Ok(own) => own,
        Err(page) => return Ok(page),
    };
    let changes = queries::own(&mut tx, &ctx.actor, own.patient).await?;
    let change = changes.into_iter().find(|change| change.id == id).ok_or(Error::NotFound)?;
    withdraw(&ctx, &mut tx, &own, &change).await?;
    tx.commit().await?;
    Ok(ctx.redirect("/my/details", Some(&Flash::ok("Taken back. Your details stay as they are."))))
}

/// The record with its contacts; a deleted one is nobody's to look at here.
async fn opened(ctx: &Ctx, tx: &mut Tx, own: &Whom) -> Result<(Record, Vec<Item>)> {
    let record = record::open(ctx, tx, own.patient, Action::View, "portal details").await?;
    if record.stored.deleted_at.is_some() {
        return Err(Error::NotFound);
    }
    let contacts = Contacts::list(ctx, tx, &record).await?;
    Ok((record, contacts))
}

async fn waiting(ctx: &Ctx, tx: &mut Tx, own: &Whom, record: &Record) -> Result<Vec<(Change, Typed)>> {
    let changes = queries::own(tx, &ctx.actor, own.patient).await?;
    let waiting = changes.into_iter().filter(|change| change.status == Standing::Waiting);
    waiting.map(|change| change.asked(&ctx.app, &ctx.actor, &record.audited).map(|asked| (change, asked))).collect()
}

fn told(ctx: &Ctx, record: &Record, change: Change) -> Result<Told> {
    let asked = change.asked(&ctx.app, &ctx.actor, &record.audited)?;
    Ok(Told {
        id: change.id,
        label: change.thing.label(),
        words: change.thing.words(&asked),
        status: change.status,
        reason: change.reason,
        by: change.by,
        asked_at: change.asked_at,
        decided_at: change.decided_at.unwrap_or(change.asked_at),
    })
}

async fn add(
    ctx: &Ctx,
    tx: &mut Tx,
    own: &Whom,
    thing: Thing,
    contact: Option<Uuid>,
    id: Uuid,
    wanted: &Typed,
) -> Result<()> {
    ctx.app.keys(tx, ctx.actor.organization).await?;
    let wish = Wish { id, patient: own.patient, thing, contact, asked: &to_text(wanted) };
    queries::add(&ctx.app, tx, &ctx.actor, &wish).await?;
    note(ctx, tx, own, Action::Create, id, thing, None, Standing::Waiting).await
}

async fn withdraw(ctx: &Ctx, tx: &mut Tx, own: &Whom, change: &Change) -> Result<()> {
    if !queries::decide(tx, &ctx.actor, own.patient, change.id, Standing::Withdrawn, None).await? {
        return Err(Error::Conflict(
            "The clinic has just answered this. Go back to the details and look again.".to_owned(),
        ));
    }
    let from = Some(Standing::Waiting);
    note(ctx, tx, own, Action::StatusChanged, change.id, change.thing, from, Standing::Withdrawn).await
}

#[expect(clippy::too_many_arguments, reason = "one line of history has as many parts")]
async fn note(
    ctx: &Ctx,
    tx: &mut Tx,
    own: &Whom,
    action: Action,
    id: Uuid,
    thing: Thing,
    from: Option<Standing>,
    to: Standing,
) -> Result<()> {
    let event = Event::new(action, "detail_change").of(id).about(Some(own.patient)).at(Some(own.facility_id));
    let changes = json!({ "status": { "before": from, "after": to } });
    events::record(tx, &ctx.by(), event.changing(changes).with(json!({ "field": thing }))).await?;
    let change = StatusChange {
        subject: "detail_change",
        id,
        from: from.map(Standing::as_str),
        to: to.as_str(),
        reason: None,
        patient: Some(own.patient),
        facility: Some(own.facility_id),
    };
    events::status_change(tx, &ctx.by(), &change).await
}

fn labels(fields: &[Field]) -> Vec<(&'static str, &'static str)> {
    fields.iter().map(|field| (field.name, field.label)).collect()
}

async fn sent(ctx: &Ctx, tx: Tx) -> Page {
    tx.commit().await?;
    let words = "Sent to the clinic. They look at it first, and you see here what they say.";
    Ok(ctx.redirect("/my/details", Some(&Flash::ok(words))))
}

async fn details_form(ctx: &Ctx, mut tx: Tx, own: Whom, typed: &Typed, errors: FormErrors) -> Page {
    let shell = ctx.shell(&mut tx, "Change details", Area::MyDetails).await?;
    tx.commit().await?;
    let heading =
        if own.is_self() { "Change your details".to_owned() } else { format!("Change details of {}", own.name()) };
    let page = FormPage {
        shell,
        heading,
        here: "/my/details/change".to_owned(),
        fields: filled(fields(own.is_self()), typed, &errors),
        removable: false,
        key: String::new(),
        own,
        errors,
    };
    shown(ctx, &page)
}

async fn contact_form(
    ctx: &Ctx,
    mut tx: Tx,
    own: Whom,
    contact: Option<Uuid>,
    typed: &Typed,
    errors: FormErrors,
) -> Page {
    let shell = ctx.shell(&mut tx, "Person to call", Area::MyDetails).await?;
    tx.commit().await?;
    let page = FormPage {
        shell,
        heading: if contact.is_some() { "Change a person to call" } else { "Add a person to call" }.to_owned(),
        here: contact.map_or_else(|| "/my/details/contacts/new".to_owned(), |id| format!("/my/details/contacts/{id}")),
        fields: filled(contact_fields(own.is_self()), typed, &errors),
        removable: contact.is_some(),
        key: typed.get("idempotency_key").to_owned(),
        own,
        errors,
    };
    shown(ctx, &page)
}

fn shown(ctx: &Ctx, page: &FormPage) -> Page {
    let status = if page.errors.is_empty() { StatusCode::OK } else { record::REFUSED };
    ctx.whole_page(status, page)
}
