//! A new record, and the question whether there is one already.

use axum::http::StatusCode;

use super::seal;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event, StatusChange};
use crate::facilities;
use crate::ids::{FacilityId, PatientId};
use crate::patients::fields::{Typed, fill};
use crate::patients::form::{self, Offers, PatientInput};
use crate::patients::model::Demographics;
use crate::patients::pages::{CandidateRow, Duplicate, FormPage, PatientRow};
use crate::patients::queries::write::{self, Candidate, SealedColumns};
use crate::patients::{queries, record};
use crate::web::Ctx;
use crate::web::ctx::Page;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors};
use crate::web::nav::Area;

/// `GET /patients/new`
pub async fn ask(ctx: Ctx, mut tx: Tx) -> Page {
    let offers = offers(&ctx, &mut tx).await?;
    let typed = form::blank(&offers).put("idempotency_key", PatientId::new().to_string());
    again(&ctx, tx, &offers, &typed, FormErrors::default(), StatusCode::OK).await
}

/// `POST /patients/new`
pub async fn create(ctx: Ctx, mut tx: Tx, Form(typed): Form<Typed>) -> Page {
    let offers = offers(&ctx, &mut tx).await?;
    let input = match form::parse(&typed, &offers, ctx.today(), None) {
        _ if typed.ticked("back") => {
            return again(&ctx, tx, &offers, &typed, FormErrors::default(), StatusCode::OK).await;
        }
        Ok(input) => input,
        Err(errors) => return again(&ctx, tx, &offers, &typed, errors, record::REFUSED).await,
    };
    // The form carries the id of the record it makes: sent twice, it makes one.
    let id: PatientId = typed.get("idempotency_key").parse().unwrap_or_else(|_| PatientId::new());
    let keys = ctx.app.keys(&mut tx, ctx.actor.organization).await?;
    let sealed = seal(keys, &ctx.actor, id, &input)?;
    let alike = write::candidates(&mut tx, ctx.actor.organization, &input, &sealed).await?;
    let reason = typed.get("duplicate_reason").trim();
    if !alike.iter().any(|one| one.id == id) && !alike.is_empty() && (reason.is_empty() || blocked(&alike)) {
        return interrupt(&ctx, tx, alike, &typed).await;
    }
    match store(&ctx, &mut tx, id, &input, &sealed, reason).await? {
        Ok(()) => tx.commit().await?,
        Err(errors) => {
            // A constraint has ended the transaction: the page needs another.
            drop(tx);
            let tx = ctx.app.db.begin(&ctx.actor).await?;
            return again(&ctx, tx, &offers, &typed, errors, record::REFUSED).await;
        }
    }
    Ok(ctx.redirect(&format!("/patients/{id}"), Some(&Flash::ok("The record is made."))))
}

async fn store(
    ctx: &Ctx,
    tx: &mut Tx,
    id: PatientId,
    input: &PatientInput,
    sealed: &SealedColumns,
    reason: &str,
) -> Result<Result<(), FormErrors>> {
    let demographics = demographics(input, Demographics::default());
    let organization = ctx.actor.organization;
    match write::insert(tx, organization, ctx.actor.user.uuid(), id, input, sealed, &demographics).await? {
        Err(errors) => return Ok(Err(errors)),
        Ok(false) => return Ok(Ok(())),
        Ok(true) => {}
    }
    let facility = FacilityId::from(input.facility);
    let made = Event::new(Action::Create, "patient").of(id).about(Some(id)).at(Some(facility));
    let made = if reason.is_empty() { made } else { made.with(serde_json::json!({ "duplicate_reason": reason })) };
    events::record(tx, &ctx.by(), made).await?;
    let change = StatusChange {
        subject: "patient",
        id: id.uuid(),
        from: None,
        to: input.status.as_str(),
        reason: None,
        patient: Some(id),
        facility: Some(facility),
    };
    events::status_change(tx, &ctx.by(), &change).await?;
    Ok(Ok(()))
}

/// What the record says of the person beside its columns, keeping what other programs wrote.
pub(super) fn demographics(input: &PatientInput, stored: Demographics) -> Demographics {
    Demographics {
        title: input.title.clone(),
        preferred_name: input.preferred_name.clone(),
        sex: Some(input.sex.as_str().to_owned()),
        gender: input.gender.clone(),
        language: input.language.clone(),
        interpreter: input.interpreter,
        deceased_on: input.deceased_on,
        other: stored.other,
    }
}

/// What the form offers to choose from.
pub(crate) async fn offers(ctx: &Ctx, tx: &mut Tx) -> Result<Offers> {
    Ok(Offers {
        facilities: facilities::within_reach(tx, &ctx.actor).await?,
        clinicians: queries::list::clinicians(tx, ctx.actor.organization).await?,
    })
}

/// The form, with what was typed.
async fn again(ctx: &Ctx, mut tx: Tx, offers: &Offers, typed: &Typed, errors: FormErrors, status: StatusCode) -> Page {
    let term = facilities::person_term(&offers.facilities).to_lowercase();
    let shell = ctx.shell(&mut tx, format!("New {term}"), Area::Patients).await?;
    let key = typed.get("idempotency_key");
    let page = FormPage {
        shell,
        banner: None,
        title: format!("New {term}"),
        action: "/patients/new".to_owned(),
        submit: "Make record",
        cancel: "/patients".to_owned(),
        fields: fill(form::fields(offers, true), typed, &errors),
        errors,
        row_version: None,
        key: Some(if key.is_empty() { PatientId::new().to_string() } else { key.to_owned() }),
        differences: Vec::new(),
        about: "",
    };
    ctx.whole_page(status, &page)
}

/// Two records cannot share these: nothing to override.
fn blocked(alike: &[Candidate]) -> bool {
    alike.iter().any(|one| one.same_number || one.same_email)
}

/// Asks whether it is one of those who are here already. They are shown, so the view is recorded.
async fn interrupt(ctx: &Ctx, mut tx: Tx, alike: Vec<Candidate>, typed: &Typed) -> Page {
    let keys = ctx.app.keyring();
    let ids: Vec<PatientId> = alike.iter().map(|one| one.id).collect();
    let rows = queries::list::rows(&mut tx, ctx.actor.organization, &ids, false).await?;
    let seen = Event::new(Action::View, "patient").showing(ids).at(ctx.actor.home_facility());
    let seen = seen.with(serde_json::json!({ "page": "possible duplicates" }));
    let audited = events::record(&mut tx, &ctx.by(), seen).await?;
    let shell = ctx.shell(&mut tx, "Possible duplicate", Area::Patients).await?;
    tx.commit().await?;
    let possible = !blocked(&alike);
    let show = |(row, alike): (queries::list::Row, Candidate)| -> Result<CandidateRow> {
        Ok(CandidateRow { row: PatientRow::new(row, ctx, keys, ctx.today(), &audited)?, why: why(&alike) })
    };
    let candidates = rows.into_iter().zip(alike).map(show).collect::<Result<_>>()?;
    let kept = |name: &str| name != "duplicate_reason" && name != "back";
    let typed =
        typed.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let page = Duplicate { shell, candidates, typed, possible, error: None };
    ctx.whole_page(StatusCode::CONFLICT, &page)
}

fn why(alike: &Candidate) -> String {
    let reasons = [
        (alike.same_name, "same name and date of birth"),
        (alike.same_number, "same record number"),
        (alike.same_email, "same e-mail"),
        (alike.same_phone, "same phone"),
    ];
    reasons.into_iter().filter(|(same, _)| *same).map(|(_, words)| words).collect::<Vec<_>>().join(", ")
}
