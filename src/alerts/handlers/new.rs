//! `GET` and `POST /alerts/new`: raising an alert by hand, with or without a patient.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use crate::alerts::new_page::{About, NewPage, RawAlert};
use crate::alerts::queries::{one, raise as queries};
use crate::alerts::raise::raise;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::ids::{AlertId, PatientId};
use crate::phi::normalise;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// The empty form, about a patient where the address names one.
pub async fn ask(ctx: Ctx, tx: Tx, Query(raw): Query<RawAlert>) -> Page {
    let raw = RawAlert { idempotency_key: AlertId::new().to_string(), patient: raw.patient, ..RawAlert::default() };
    page(&ctx, tx, raw, FormErrors::default()).await
}

/// Raises it. Sent twice, it is raised once: the form brought the identifier.
pub async fn create(ctx: Ctx, mut tx: Tx, Form(raw): Form<RawAlert>) -> Page {
    let mut errors = FormErrors::default();
    let about = match patient_of(&ctx, &mut tx, &raw).await? {
        Ok(about) => about,
        Err(message) => {
            errors.add("mrn", message);
            None
        }
    };
    let Some(new) = raw.parse(&ctx.actor, about.as_ref(), &mut errors).filter(|_| errors.is_empty()) else {
        return page(&ctx, tx, raw, errors).await;
    };
    let known = one::find(&mut tx, ctx.actor.organization, &[new.id.uuid()]).await?;
    if known.is_empty() {
        raise(&mut tx, &ctx.by(), &new).await?;
        tx.commit().await?;
    }
    Ok(ctx.redirect(&format!("/alerts/{}", new.id), Some(&Flash::ok("Alert raised"))))
}

/// The patient that the form names, by identifier or by record number; or what to say where there is none.
async fn patient_of(ctx: &Ctx, tx: &mut Tx, raw: &RawAlert) -> Result<Result<Option<About>, &'static str>> {
    const NONE: &str = "There is no patient with this record number, or you do not have access";
    let organization = ctx.actor.organization;
    let number = normalise::record_number(&raw.mrn);
    let (id, index) = match (raw.patient.parse::<PatientId>(), number.is_empty()) {
        (Ok(id), _) => (Some(id), None),
        (Err(_), true) => return Ok(if raw.patient.is_empty() { Ok(None) } else { Err(NONE) }),
        (Err(_), false) => {
            let keys = ctx.app.keys(tx, organization).await?;
            let index = keys.blind_index(organization, "patient", "medical_record_number", &number);
            (None, Some(index.map_err(anyhow::Error::from)?))
        }
    };
    Ok(queries::patient(tx, organization, id, index.as_deref()).await?.map(Some).ok_or(NONE))
}

async fn page(ctx: &Ctx, mut tx: Tx, form: RawAlert, errors: FormErrors) -> Result<Response> {
    let about = match form.patient.parse::<PatientId>() {
        Ok(id) => queries::patient(&mut tx, ctx.actor.organization, Some(id), None).await?,
        Err(_) => None,
    };
    if let Some(about) = &about {
        let event = Event::new(Action::View, "patient").of(about.id).about(Some(about.id)).at(Some(about.facility_id));
        events::record(&mut tx, &ctx.by(), event).await?;
    }
    let places = queries::places(&mut tx, &ctx.actor).await?;
    let shell = ctx.shell(&mut tx, "Raise an alert", Area::Alerts).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(html(status, NewPage { shell, form, errors, about, places }.render()?))
}
