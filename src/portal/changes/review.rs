//! Staff look at what patients ask to change: take it over into the record, or refuse it with a reason.

use std::collections::BTreeMap;

use askama::Template;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::queries::{self, Asking, Change};
use super::{Standing, Thing};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event, StatusChange};
use crate::ids::PatientId;
use crate::outbox::{self, Notice};
use crate::patients::fields::Typed;
use crate::patients::form::{self, Offers};
use crate::patients::handlers::create::offers;
use crate::patients::handlers::edit::{editable, store};
use crate::patients::record::{self, Record};
use crate::patients::small::{Contacts, Item, Kind as _};
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Query};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::ui::{Banner, Pager};
use crate::web::whom::Scope;
use crate::web::{Ctx, Page};

/// Patients on a page.
const PER_PAGE: i64 = 50;

/// The longest reason, in characters.
const REASON_CHARS: usize = 2000;

/// What somebody gets to read who was too late.
const QUICKER: &str = "Somebody changed this record, or answered, a moment ago. Look again; what you chose is kept.";

/// A wish with what the record says now and what was chosen for it.
#[derive(Debug)]
struct Shown {
    id: Uuid,
    thing: Thing,
    now: String,
    asked: String,
    by: String,
    as_what: &'static str,
    asked_at: Timestamp,
    accept: bool,
    refuse: bool,
    reason: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "portal/changes/list.html")]
struct ListPage {
    shell: Shell,
    rows: Vec<Asking>,
    pager: Pager,
}

impl ListPage {
    /// "Phone, Address"
    #[expect(clippy::unused_self, reason = "templates call it so")]
    fn things(&self, row: &Asking) -> String {
        let labels = row.things.iter().filter_map(|name| name.parse::<Thing>().ok()).map(Thing::label);
        labels.collect::<Vec<_>>().join(", ")
    }
}

#[derive(Template)]
#[template(path = "portal/changes/review.html")]
struct ReviewPage {
    shell: Shell,
    banner: Banner,
    here: String,
    row_version: i64,
    items: Vec<Shown>,
    /// Where the mistakes are, and what they are.
    errors: Vec<(String, String)>,
    stale: &'static str,
}

/// Where the list goes on.
#[derive(Debug, Default, Deserialize)]
pub struct After {
    #[serde(default)]
    after: Option<String>,
}

/// What was chosen for one wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Accept,
    Refuse,
}

/// A wish with what was asked for, in clear.
struct Wish {
    change: Change,
    asked: Typed,
}

/// What is wrong, wish by wish; under the nil id what belongs to none.
type Mistakes = BTreeMap<Uuid, String>;

/// `GET /detail-changes`
pub async fn list(ctx: Ctx, mut tx: Tx, Query(from): Query<After>) -> Page {
    let after = from.after.as_deref().and_then(|id| id.parse().ok());
    let mut rows = queries::asking(&mut tx, &ctx.actor, after, PER_PAGE + 1).await?;
    let size = usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let event = Event::new(Action::View, "detail_change").showing(rows.iter().map(|row| row.patient));
    events::record(&mut tx, &ctx.by(), event.with(json!({ "page": "detail changes" }))).await?;
    let shell = ctx.shell(&mut tx, "Detail changes", Area::DetailChanges).await?;
    tx.commit().await?;
    let next = rows.last().filter(|_| more).map(|row| format!("/detail-changes?after={}", row.oldest));
    let previous = after.map(|_: Uuid| "/detail-changes".to_owned());
    let pager = Pager { range: format!("{} on this page", rows.len()), previous, next };
    ctx.whole_page(StatusCode::OK, &ListPage { shell, rows, pager })
}

/// `GET /patients/{id}/detail-changes`
pub async fn ask(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>) -> Page {
    let record = editable(&ctx, &mut tx, id).await?;
    show(&ctx, tx, &record, &Typed::default(), &Mistakes::new(), "").await
}

/// `POST /patients/{id}/detail-changes`: all that was chosen, or nothing of it.
pub async fn decide(ctx: Ctx, mut tx: Tx, Id(id): Id<PatientId>, Form(typed): Form<Typed>) -> Page {
    let record = editable(&ctx, &mut tx, id).await?;
    let wishes = wishes(&ctx, &mut tx, &record).await?;
    // What was chosen for a wish that is gone is not forgotten silently.
    let known = |name: &str| wishes.iter().any(|wish| name == decision(wish.change.id));
    let lost = typed.iter().any(|(name, value)| name.starts_with("decision_") && !value.is_empty() && !known(name));
    if typed.row_version() != record.stored.row_version || lost {
        return show(&ctx, tx, &record, &typed, &Mistakes::new(), QUICKER).await;
    }
    let chosen = match choices(&wishes, &typed) {
        Ok(chosen) => chosen,
        Err(mistakes) => return show(&ctx, tx, &record, &typed, &mistakes, "").await,
    };
    match take(&ctx, &mut tx, &record, &chosen, &typed).await? {
        Ok(()) => {
            // What was decided, they read in the portal.
            let notice = Notice::new(outbox::Kind::DetailsAnswered, id, "/my/details");
            outbox::schedule(&mut tx, notice.tell_patient(id, Scope::Details)).await?;
            tx.commit().await?;
        }
        Err(mistakes) => {
            // A constraint may have ended the transaction: nothing of it is left, and what was chosen is.
            drop(tx);
            let mut tx = ctx.app.db.begin(&ctx.actor).await?;
            let record = editable(&ctx, &mut tx, id).await?;
            return show(&ctx, tx, &record, &typed, &mistakes, "").await;
        }
    }
    let count = |choice| chosen.iter().filter(|(_, chosen)| *chosen == choice).count();
    let words =
        format!("Changed: {}. Refused: {}. The patient sees both.", count(Choice::Accept), count(Choice::Refuse));
    let next = if chosen.len() < wishes.len() { record.href("detail-changes") } else { "/detail-changes".to_owned() };
    Ok(ctx.redirect(&next, Some(&Flash::ok(words))))
}

async fn wishes(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Vec<Wish>> {
    let changes = queries::waiting(tx, &ctx.actor, record.id()).await?;
    let wish = |change: Change| {
        let asked = change.asked(&ctx.app, &ctx.actor, &record.audited)?;
        Ok(Wish { change, asked })
    };
    changes.into_iter().map(wish).collect()
}

fn decision(id: Uuid) -> String {
    format!("decision_{id}")
}

fn reason(id: Uuid) -> String {
    format!("reason_{id}")
}

/// What was chosen, wish by wish.
fn choices<'a>(wishes: &'a [Wish], typed: &Typed) -> Result<Vec<(&'a Wish, Choice)>, Mistakes> {
    let mut mistakes = Mistakes::new();
    let mut chosen = Vec::new();
    for wish in wishes {
        let why = typed.get(&reason(wish.change.id)).trim();
        match typed.get(&decision(wish.change.id)) {
            "accept" => chosen.push((wish, Choice::Accept)),
            "refuse" if why.is_empty() => {
                mistakes.insert(wish.change.id, "Say why it is refused: the patient reads it".to_owned());
            }
            "refuse" => chosen.push((wish, Choice::Refuse)),
            _ => {}
        }
        if why.chars().count() > REASON_CHARS {
            mistakes.insert(wish.change.id, format!("Use {REASON_CHARS} characters or fewer for the reason"));
        }
    }
    if chosen.is_empty() && mistakes.is_empty() {
        mistakes.insert(Uuid::nil(), "Choose take over or refuse for at least one of them".to_owned());
    }
    if mistakes.is_empty() { Ok(chosen) } else { Err(mistakes) }
}

/// Takes over what was accepted and writes down what was decided.
async fn take(
    ctx: &Ctx,
    tx: &mut Tx,
    record: &Record,
    chosen: &[(&Wish, Choice)],
    typed: &Typed,
) -> Result<Result<(), Mistakes>> {
    let accepted: Vec<&Wish> =
        chosen.iter().filter(|(_, choice)| *choice == Choice::Accept).map(|(wish, _)| *wish).collect();
    let of_the_record: Vec<&Wish> = accepted.iter().copied().filter(|wish| !wish.change.thing.is_contact()).collect();
    if !of_the_record.is_empty()
        && let Err(errors) = take_over(ctx, tx, record, &of_the_record).await?
    {
        return Ok(Err(placed(&errors, &of_the_record)));
    }
    for wish in accepted.iter().copied().filter(|wish| wish.change.thing.is_contact()) {
        if let Err(words) = contact(ctx, tx, record, wish).await? {
            return Ok(Err(Mistakes::from([(wish.change.id, words)])));
        }
    }
    for (wish, choice) in chosen {
        let why = typed.get(&reason(wish.change.id)).trim();
        let (to, why) = match choice {
            Choice::Accept => (Standing::Accepted, None),
            Choice::Refuse => (Standing::Refused, Some(why)),
        };
        if !queries::decide(tx, &ctx.actor, record.id(), wish.change.id, to, why).await? {
            return Ok(Err(Mistakes::from([(Uuid::nil(), QUICKER.to_owned())])));
        }
        note(ctx, tx, record, wish, to, why).await?;
    }
    Ok(Ok(()))
}

/// The record as it is, with what was accepted, through the same form as every change of it.
async fn take_over(ctx: &Ctx, tx: &mut Tx, record: &Record, wishes: &[&Wish]) -> Result<Result<(), FormErrors>> {
    let offers = offers(ctx, tx).await?;
    let asked = wishes.iter().flat_map(|wish| wish.asked.iter());
    let typed = asked.fold(form::typed(record), |typed, (name, value)| typed.put(name, value));
    match form::parse(&typed, &offers, ctx.today(), Some(record.stored.status)) {
        Ok(input) => store(ctx, tx, record, &offers, &input, &typed).await,
        Err(errors) => Ok(Err(errors)),
    }
}

/// Mistakes of the record's form, at the wish that they come from.
fn placed(errors: &FormErrors, wishes: &[&Wish]) -> Mistakes {
    let of = |field: &str| wishes.iter().find(|wish| wish.change.thing.fields().contains(&field));
    let place = |(field, words): (&'static str, &str)| match of(field) {
        Some(wish) => (wish.change.id, words.to_owned()),
        None => (Uuid::nil(), format!("Something else in the record has to be put right first: {words}")),
    };
    errors.iter().map(place).collect()
}

/// Adds, changes or removes a person to call; or says why it cannot be.
async fn contact(ctx: &Ctx, tx: &mut Tx, record: &Record, wish: &Wish) -> Result<Result<(), String>> {
    const GONE: &str = "This person is not on the list any more, or was changed a moment ago. Look again, or refuse it";
    let input = match Contacts::parse(&wish.asked, &Offers::default(), ctx.today()) {
        Ok(input) => input,
        Err(errors) => {
            return Ok(Err(errors.iter().map(|(_, words)| words.to_owned()).collect::<Vec<_>>().join(". ")));
        }
    };
    let Some(id) = wish.change.contact else {
        // The wish gives its id to the person: taken over twice, there is still one.
        if Contacts::insert(ctx, tx, record, wish.change.id, &input).await?.is_ok_and(|done| done) {
            noted(ctx, tx, record, Action::Create, wish.change.id).await?;
        }
        return Ok(Ok(()));
    };
    let Some(item) = Contacts::list(ctx, tx, record).await?.into_iter().find(|item| item.id == id) else {
        return Ok(Err(GONE.to_owned()));
    };
    let version = item.typed.row_version();
    let (action, done) = if wish.change.thing == Thing::ContactRemove {
        (Action::Delete, Contacts::remove(ctx, tx, record, id, version).await?)
    } else {
        (Action::Update, Contacts::update(ctx, tx, record, id, version, &input).await?.is_ok_and(|done| done))
    };
    if !done {
        return Ok(Err(GONE.to_owned()));
    }
    noted(ctx, tx, record, action, id).await?;
    Ok(Ok(()))
}

async fn noted(ctx: &Ctx, tx: &mut Tx, record: &Record, action: Action, contact: Uuid) -> Result<()> {
    let event = Event::new(action, "patient_contact").of(contact).about(Some(record.id()));
    let event = event.at(Some(record.stored.facility_id)).with(json!({ "asked_by": "patient" }));
    events::record(tx, &ctx.by(), event).await?;
    Ok(())
}

async fn note(ctx: &Ctx, tx: &mut Tx, record: &Record, wish: &Wish, to: Standing, why: Option<&str>) -> Result<()> {
    let (id, facility) = (wish.change.id, record.stored.facility_id);
    let event = Event::new(Action::StatusChanged, "detail_change").of(id).about(Some(record.id())).at(Some(facility));
    let changes = json!({ "status": { "before": Standing::Waiting, "after": to } });
    events::record(tx, &ctx.by(), event.changing(changes).with(json!({ "field": wish.change.thing }))).await?;
    let change = StatusChange {
        subject: "detail_change",
        id,
        from: Some(Standing::Waiting.as_str()),
        to: to.as_str(),
        reason: why,
        patient: Some(record.id()),
        facility: Some(facility),
    };
    events::status_change(tx, &ctx.by(), &change).await
}

async fn show(ctx: &Ctx, mut tx: Tx, record: &Record, typed: &Typed, mistakes: &Mistakes, stale: &'static str) -> Page {
    let wishes = wishes(ctx, &mut tx, record).await?;
    let contacts = Contacts::list(ctx, &mut tx, record).await?;
    let shell = ctx.shell(&mut tx, "Chart – changes asked for", Area::DetailChanges).await?;
    tx.commit().await?;
    let now = form::typed(record);
    let item = |wish: &Wish| item(wish, &now, &contacts, typed, mistakes);
    let label =
        |id: &Uuid| wishes.iter().find(|wish| wish.change.id == *id).map_or("", |wish| wish.change.thing.label());
    let summed = |(id, words): (&Uuid, &String)| match label(id) {
        "" => ("asked".to_owned(), words.clone()),
        label => (decision(*id), format!("{label}: {words}")),
    };
    let status = match (mistakes.is_empty(), stale.is_empty()) {
        (false, _) => record::REFUSED,
        (true, false) => StatusCode::CONFLICT,
        (true, true) => StatusCode::OK,
    };
    let page = ReviewPage {
        shell,
        banner: record.banner(ctx),
        here: record.href("detail-changes"),
        row_version: record.stored.row_version,
        items: wishes.iter().map(item).collect(),
        errors: mistakes.iter().map(summed).collect(),
        stale,
    };
    ctx.whole_page(status, &page)
}

fn item(wish: &Wish, now: &Typed, contacts: &[Item], typed: &Typed, mistakes: &Mistakes) -> Shown {
    let (id, thing) = (wish.change.id, wish.change.thing);
    let current = wish.change.contact.and_then(|id| contacts.iter().find(|item| item.id == id));
    let now = match (thing.is_contact(), current) {
        (false, _) => thing.words(now),
        (true, Some(item)) => thing.words(&item.typed),
        (true, None) => "nobody".to_owned(),
    };
    let asked = if thing == Thing::ContactRemove {
        "take this person off the list".to_owned()
    } else {
        thing.words(&wish.asked)
    };
    Shown {
        id,
        thing,
        now,
        asked,
        by: wish.change.by.clone().unwrap_or_default(),
        as_what: wish.change.relationship.map_or("", crate::web::whom::Relationship::label),
        asked_at: wish.change.asked_at,
        accept: typed.get(&decision(id)) == "accept",
        refuse: typed.get(&decision(id)) == "refuse",
        reason: typed.get(&reason(id)).to_owned(),
        error: mistakes.get(&id).cloned(),
    }
}
