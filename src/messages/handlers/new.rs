//! `GET` and `POST /threads/new`: writing to a patient, or noting a call, a mail or a text.

use askama::Template;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::access::Role;
use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Action, Event};
use crate::ids::PatientId;
use crate::messages::files;
use crate::messages::forms::RawThread;
use crate::messages::model::Channel;
use crate::messages::pages::NewPage;
use crate::messages::queries::people::{self, About};
use crate::messages::queries::write;
use crate::messages::tell::{self, Talk};
use crate::phi::normalise;
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{FormErrors, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// The empty form, about a patient where the address names one.
pub async fn ask(ctx: Ctx, tx: Tx, Query(raw): Query<RawThread>) -> Page {
    page(&ctx, tx, RawThread::empty(raw.patient), FormErrors::default()).await
}

/// Begins it. Sent twice, it is begun once: the form brought the identifiers.
pub async fn create(ctx: Ctx, request: Request) -> Page {
    let mut received = files::take(&ctx, request).await?;
    let raw: RawThread = files::typed(&received)?;
    let mut tx = ctx.app.db.begin(&ctx.actor).await?;
    let mut errors = FormErrors::default();
    let about = match patient_of(&ctx, &mut tx, &raw).await? {
        Ok(about) => about,
        Err(message) => {
            errors.add("mrn", message);
            None
        }
    };
    files::judge(&received, &mut errors);
    let Some(mut new) = raw.parse(&ctx.actor, about.as_ref(), &mut errors).filter(|_| errors.is_empty()) else {
        files::unsent(&received, &mut errors);
        return page(&ctx, tx, raw, errors).await;
    };
    let (by, organization, id) = (ctx.by(), ctx.actor.organization, new.thread.id);
    let keys = ctx.app.keys(&mut tx, organization).await?;
    let content = keys.seal(organization, "message", "content", new.message.uuid(), &new.content);
    let content = content.map_err(anyhow::Error::from)?;
    if let Some(contact) = &new.contact {
        let sealed = keys.seal(organization, "thread", "contact", id.uuid(), contact);
        new.thread.contact_enc = Some(sealed.map_err(anyhow::Error::from)?);
    }
    if write::begin(&mut tx, &by, &new.thread).await? {
        write::say(&mut tx, &by, id, new.message, new.side, &content).await?;
        let event = Event::new(Action::Create, "thread").of(id).about(new.thread.patient).at(Some(new.thread.facility));
        events::record(&mut tx, &by, event.with(json!({ "channel": new.thread.channel.as_str() }))).await?;
        let belongs = files::belongs(new.message, new.thread.patient, new.thread.facility);
        if !files::add(&ctx, &mut tx, &belongs, &mut received).await? {
            drop(tx);
            let tx = ctx.app.db.begin(&ctx.actor).await?;
            files::unsent(&received, &mut errors);
            return page(&ctx, tx, raw, errors).await;
        }
        let talk = Talk { id, patient: new.thread.patient, channel: new.thread.channel, assignee: new.thread.assignee };
        tell::said(&mut tx, talk, new.side, new.message).await?;
        received.keep();
        tx.commit().await?;
    }
    let done = if new.thread.channel == Channel::Portal { "Message sent" } else { "Conversation noted" };
    Ok(ctx.redirect(&format!("/threads/{id}"), Some(&Flash::ok(done))))
}

/// The patient that the form names, by identifier or by record number; or what to say where there is none.
async fn patient_of(ctx: &Ctx, tx: &mut Tx, raw: &RawThread) -> Result<Result<Option<About>, &'static str>> {
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
    Ok(people::patient(tx, organization, id, index.as_deref()).await?.map(Some).ok_or(NONE))
}

async fn page(ctx: &Ctx, mut tx: Tx, form: RawThread, errors: FormErrors) -> Result<Response> {
    let about = match form.patient.parse::<PatientId>() {
        Ok(id) => people::patient(&mut tx, ctx.actor.organization, Some(id), None).await?,
        Err(_) => None,
    };
    if let Some(about) = &about {
        let event = Event::new(Action::View, "patient").of(about.id).about(Some(about.id)).at(Some(about.facility_id));
        events::record(&mut tx, &ctx.by(), event).await?;
    }
    let places = people::places(&mut tx, &ctx.actor).await?;
    let shell = ctx.shell(&mut tx, "New message", Area::Messages).await?;
    tx.commit().await?;
    let unread_portal = about.as_ref().is_some_and(|about| !about.has_portal) && ctx.actor.role != Role::Carer;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(html(status, NewPage { shell, form, errors, about, unread_portal, places }.render()?))
}
