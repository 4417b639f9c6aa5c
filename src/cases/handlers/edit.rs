//! Opening a case and changing what it says, with drafts kept on the server while somebody types.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::{asking, mover, show, time};
use crate::access::Facilities;
use crate::cases::drafts::{self, Subject};
use crate::cases::forms::{self, CaseInput, Offers};
use crate::cases::head::reference;
use crate::cases::item::Item;
use crate::cases::model::{CaseStatus, Refusal};
use crate::cases::pages::{DraftKept, FormPage};
use crate::cases::queries::row::Row;
use crate::cases::queries::write::{self, Content};
use crate::cases::queries::{one, people};
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event, StatusChange};
use crate::facilities;
use crate::ids::CaseId;
use crate::patients::fields::{Difference, Typed, differences, fill};
use crate::phi::normalise;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::nav::Area;
use crate::web::{Ctx, Page, format};

/// `GET /cases/new`: the form, with the draft where there is one.
pub async fn ask(ctx: Ctx, mut tx: Tx) -> Page {
    let offers = offers(&ctx, &mut tx).await?;
    let (typed, kept) = match drafts::load(&ctx, &mut tx, Subject::New).await? {
        Some((typed, at)) => (typed, Some(format::stamp(at, ctx.actor.zone))),
        None => (forms::blank(&offers).put("idempotency_key", CaseId::new().to_string()), None),
    };
    new_form(&ctx, tx, &offers, &typed, FormErrors::default(), kept).await
}

/// `POST /cases/new`
pub async fn create(ctx: Ctx, mut tx: Tx, Form(typed): Form<Typed>) -> Page {
    let offers = offers(&ctx, &mut tx).await?;
    let input = match forms::parse(&typed, &offers, ctx.today(), ctx.actor.zone, true) {
        Ok(input) => input,
        Err(errors) => return new_form(&ctx, tx, &offers, &typed, errors, None).await,
    };
    // The form carries the id of the case it makes: sent twice, it makes one.
    let id: CaseId = typed.get("idempotency_key").parse().unwrap_or_else(|_| CaseId::new());
    let content = match content(&ctx, &mut tx, id, &input, None).await? {
        Ok(content) => content,
        Err(errors) => return new_form(&ctx, tx, &offers, &typed, errors, None).await,
    };
    let organization = ctx.actor.organization;
    let Some(number) = write::insert(&mut tx, organization, id, ctx.actor.user, &content).await? else {
        // Not committed: the number that the trigger gave goes back.
        return Ok(ctx.redirect(&format!("/cases/{id}"), None));
    };
    let change = StatusChange {
        subject: "case",
        id: id.uuid(),
        from: None,
        to: CaseStatus::New.as_str(),
        reason: None,
        patient: content.patient,
        facility: input.facility,
    };
    events::status_change(&mut tx, &ctx.by(), &change).await?;
    let event = Event::new(Action::Create, "case").of(id).about(content.patient).at(input.facility);
    events::record(&mut tx, &ctx.by(), event.with(json!({ "number": number }))).await?;
    drafts::discard(&ctx, &mut tx, Subject::New).await?;
    tx.commit().await?;
    let flash = Flash::ok(format!("{} is open. Submit it when it is ready for review.", reference(number)));
    Ok(ctx.redirect(&format!("/cases/{id}"), Some(&flash)))
}

/// `POST /cases/new/draft`
pub async fn draft(ctx: Ctx, tx: Tx, Form(typed): Form<Typed>) -> Page {
    keep(&ctx, tx, Subject::New, &typed).await
}

/// `GET /cases/{id}/edit`
pub async fn ask_edit(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>) -> Page {
    let (item, stored) = editable(&ctx, &mut tx, id).await?;
    let offers = offers(&ctx, &mut tx).await?;
    match drafts::load(&ctx, &mut tx, Subject::Edit(id)).await? {
        Some((typed, at)) => {
            let kept = Some(format::stamp(at, ctx.actor.zone));
            edit_form(&ctx, tx, &item, &offers, &typed, FormErrors::default(), Vec::new(), kept).await
        }
        None => edit_form(&ctx, tx, &item, &offers, &stored, FormErrors::default(), Vec::new(), None).await,
    }
}

/// `POST /cases/{id}/edit`
pub async fn save(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>, Form(typed): Form<Typed>) -> Page {
    let (item, stored) = editable(&ctx, &mut tx, id).await?;
    let offers = offers(&ctx, &mut tx).await?;
    let input = match forms::parse(&typed, &offers, ctx.today(), ctx.actor.zone, false) {
        Ok(input) => input,
        Err(errors) => return edit_form(&ctx, tx, &item, &offers, &typed, errors, Vec::new(), None).await,
    };
    if typed.row_version() != item.row.row_version {
        let none = FormErrors::default();
        let now = fill(forms::fields(&offers), &stored, &none);
        let yours = fill(forms::fields(&offers), &typed, &none);
        let differences = differences(&now, &yours);
        if differences.is_empty() {
            // Both say the same: there is nothing left to save.
            drafts::discard(&ctx, &mut tx, Subject::Edit(id)).await?;
            tx.commit().await?;
            return Ok(
                ctx.redirect(&format!("/cases/{id}"), Some(&Flash::ok(format!("{} is saved", item.reference()))))
            );
        }
        return edit_form(&ctx, tx, &item, &offers, &typed, none, differences, None).await;
    }
    let content = match content(&ctx, &mut tx, id, &input, Some(&item)).await? {
        Ok(content) => content,
        Err(errors) => return edit_form(&ctx, tx, &item, &offers, &typed, errors, Vec::new(), None).await,
    };
    if !write::update(&mut tx, ctx.actor.organization, &item.row, &content).await? {
        // Between reading and writing: as rare as it is, nobody's change is lost.
        return Err(Error::Conflict(
            "Somebody changed this case at the same moment. Go back and save again.".to_owned(),
        ));
    }
    let event = Event::new(Action::Update, "case").of(id).about(content.patient).at(input.facility).changing(changes(
        &item.row,
        &content,
        stored.get("description"),
    ));
    events::record(&mut tx, &ctx.by(), event).await?;
    drafts::discard(&ctx, &mut tx, Subject::Edit(id)).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/cases/{id}"), Some(&Flash::ok(format!("{} is saved", item.reference())))))
}

/// `POST /cases/{id}/edit/draft`
pub async fn draft_edit(ctx: Ctx, mut tx: Tx, Id(id): Id<CaseId>, Form(typed): Form<Typed>) -> Page {
    let row = show::read(&ctx, &mut tx, id).await?;
    allowed(&ctx, &row)?;
    keep(&ctx, tx, Subject::Edit(id), &typed).await
}

/// Keeps the draft, or forgets it where the form says so.
async fn keep(ctx: &Ctx, mut tx: Tx, subject: Subject, typed: &Typed) -> Page {
    if !typed.get("discard").is_empty() {
        drafts::discard(ctx, &mut tx, subject).await?;
        tx.commit().await?;
        return Ok(ctx.redirect(&subject.href(), Some(&Flash::ok("The draft is gone"))));
    }
    drafts::save(ctx, &mut tx, subject, typed).await?;
    tx.commit().await?;
    if ctx.hx.request {
        return ctx.fragment(&DraftKept { at: format::clock(ctx.now(), ctx.actor.zone) });
    }
    Ok(ctx.redirect(&subject.href(), Some(&Flash::ok("Your draft is kept. Nobody else sees it."))))
}

/// What the form offers to choose from.
async fn offers(ctx: &Ctx, tx: &mut Tx) -> Result<Offers> {
    Ok(Offers {
        facilities: facilities::within_reach(tx, &ctx.actor).await?,
        whole: ctx.actor.facilities == Facilities::All,
    })
}

/// Seals what is to be sealed and finds what is named by number.
async fn content<'a>(
    ctx: &Ctx,
    tx: &mut Tx,
    id: CaseId,
    input: &'a CaseInput,
    stored: Option<&Item>,
) -> Result<Result<Content<'a>, FormErrors>> {
    let organization = ctx.actor.organization;
    let mut errors = FormErrors::default();
    let keys = ctx.app.keys(tx, organization).await?;
    let description = match &input.description {
        Some(text) => {
            Some(keys.seal(organization, "cases", "description", id.uuid(), text).map_err(anyhow::Error::from)?)
        }
        None => None,
    };
    let before = stored.and_then(|item| item.row.patient_id);
    let patient = match &input.record_number {
        // Whoever may not know of the person concerned cannot take them out of the case either.
        None if stored.is_some_and(|item| item.patient.is_none()) => before,
        None => None,
        Some(number) => {
            let normal = normalise::record_number(number);
            let index = keys
                .blind_index(organization, "patient", "medical_record_number", &normal)
                .map_err(anyhow::Error::from)?;
            let found = people::by_record_number(tx, &index).await?;
            if found.is_none() {
                errors.add("record_number", "Nobody at your places has this record number");
            }
            found
        }
    };
    let alert = match (input.alert, stored.and_then(|item| item.row.alert_id)) {
        (None, _) => None,
        (Some(number), Some(before)) if stored.is_some_and(|item| item.alert == Some(number)) => Some(before),
        (Some(number), _) => {
            let found = people::alert_by_number(tx, number).await?;
            if found.is_none() {
                errors.add("alert", "There is no alert with this number at your places");
            }
            found
        }
    };
    // Who works on a case works at its place.
    if let Some((worker, before)) = stored.and_then(|item| Some((item.row.assignee_id?, item.row.facility_id)))
        && input.facility != before
        && !asking::is_caseworker(ctx, tx, worker, input.facility).await?
    {
        errors.add(
            "facility_id",
            "The caseworker does not work there: reassign the case or take it back to review first",
        );
    }
    Ok(if errors.is_empty() { Ok(Content { input, description, patient, alert }) } else { Err(errors) })
}

/// The case as the form shows it, where this person may change it. They see what it says: it is written down.
async fn editable(ctx: &Ctx, tx: &mut Tx, id: CaseId) -> Result<(Item, Typed)> {
    let organization = ctx.actor.organization;
    let row = show::read(ctx, tx, id).await?;
    allowed(ctx, &row)?;
    let event = Event::new(Action::View, "case").of(id).about(row.patient_id).at(row.facility_id);
    let proof = events::record(tx, &ctx.by(), event.with(json!({ "page": "edit" }))).await?;
    let headers = people::headers(tx, organization, ctx.actor.role, row.patient_id).await?;
    let sealed = one::description(tx, organization, id).await?;
    let alert = match row.alert_id {
        Some(alert) => people::alert_number(tx, alert).await?,
        None => None,
    };
    let keys = ctx.app.keys(tx, organization).await?;
    let description = match sealed {
        Some(sealed) => Some(
            keys.open(organization, "cases", "description", id.uuid(), &sealed)
                .map_err(anyhow::Error::from)?
                .reveal(&proof)
                .clone(),
        ),
        None => None,
    };
    let item = Item { alert, ..Item::reveal(row, &headers, keys, organization, &proof)? };
    let typed = forms::typed(&item, description.as_deref(), time(ctx).zone);
    Ok((item, typed))
}

fn allowed(ctx: &Ctx, row: &Row) -> Result<()> {
    row.case(0).ask_to_edit(mover(ctx)).map_err(|refusal| match refusal {
        Refusal::Person(_) => Error::Forbidden,
        other => {
            Error::Conflict(format!("This case cannot be changed as it stands: {}", crate::cases::item::words(other)))
        }
    })
}

/// What changed, without what the description says.
fn changes(row: &Row, content: &Content<'_>, description: &str) -> Value {
    let input = content.input;
    let mut changes = Map::new();
    let mut note = |name: &str, before: Value, after: Value| {
        if before != after {
            changes.insert(name.to_owned(), json!({ "before": before, "after": after }));
        }
    };
    note("title", json!(row.title), json!(input.title));
    note("priority", json!(row.priority), json!(input.priority));
    note("facility_id", json!(row.facility_id), json!(input.facility));
    note("patient_id", json!(row.patient_id), json!(content.patient));
    note("alert_id", json!(row.alert_id), json!(content.alert));
    note("due_at", json!(row.due_at), json!(input.due_at));
    if input.description.as_deref().unwrap_or_default() != description {
        changes.insert("description".to_owned(), json!("changed"));
    }
    Value::Object(changes)
}

async fn new_form(
    ctx: &Ctx,
    mut tx: Tx,
    offers: &Offers,
    typed: &Typed,
    errors: FormErrors,
    draft: Option<String>,
) -> Page {
    let shell = ctx.shell(&mut tx, "New case", Area::Cases).await?;
    tx.commit().await?;
    let key = typed.get("idempotency_key");
    let key = if key.is_empty() { CaseId::new().to_string() } else { key.to_owned() };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = FormPage {
        shell,
        title: "New case".to_owned(),
        action: "/cases/new".to_owned(),
        submit: "Open the case",
        cancel: "/cases".to_owned(),
        fields: fill(forms::fields(offers), typed, &errors),
        errors,
        row_version: None,
        key: Some(key),
        differences: Vec::new(),
        draft,
    };
    whole(ctx, status, &page)
}

#[expect(clippy::too_many_arguments, reason = "one page with everything that can go wrong on it")]
async fn edit_form(
    ctx: &Ctx,
    mut tx: Tx,
    item: &Item,
    offers: &Offers,
    typed: &Typed,
    errors: FormErrors,
    differences: Vec<Difference>,
    draft: Option<String>,
) -> Page {
    let title = format!("Change {}", item.reference());
    let shell = ctx.shell(&mut tx, title.clone(), Area::Cases).await?;
    tx.commit().await?;
    let status = match (errors.is_empty(), differences.is_empty()) {
        (true, true) => StatusCode::OK,
        (true, false) => StatusCode::CONFLICT,
        (false, _) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    // After a conflict the form carries the version that the person has now been shown.
    let version =
        if differences.is_empty() { typed.get("row_version").to_owned() } else { item.row.row_version.to_string() };
    let page = FormPage {
        shell,
        title,
        action: format!("/cases/{}/edit", item.row.id),
        submit: "Save",
        cancel: format!("/cases/{}", item.row.id),
        fields: fill(forms::fields(offers), typed, &errors),
        errors,
        row_version: Some(version),
        key: None,
        differences,
        draft,
    };
    whole(ctx, status, &page)
}

fn whole(ctx: &Ctx, status: StatusCode, page: &FormPage) -> Result<Response> {
    if status == StatusCode::OK { ctx.page(page, page) } else { ctx.whole_page(status, page) }
}
