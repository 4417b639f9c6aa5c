//! Who acts for a patient, as the patient sees it; ending it, or giving it up.

use askama::Template;
use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::model::Helper;
use super::queries;
use super::switch::agreed;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event, StatusChange};
use crate::patients::fields::Typed;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::whom::{self, Whom};
use crate::web::{Ctx, Page, filters};

/// The longest remark, in characters: room for the words before it.
const REMARK_CHARS: usize = 1900;

#[derive(Template)]
#[template(path = "portal/people.html")]
struct PeoplePage {
    shell: Shell,
    own: Whom,
    /// Who may act, or could.
    people: Vec<Helper>,
    /// Who no longer does.
    past: Vec<Helper>,
    today: chrono::NaiveDate,
}

#[derive(Template)]
#[template(path = "portal/end.html")]
struct EndPage {
    shell: Shell,
    own: Whom,
    one: Helper,
    remark: String,
    errors: FormErrors,
}

/// `GET /my/people`
pub async fn list(ctx: Ctx, mut tx: Tx) -> Page {
    let own = whom::current(&mut tx, &ctx.actor).await?;
    let people = queries::people(&mut tx, &ctx.actor, own.patient).await?;
    let event = Event::new(Action::View, "portal_account").about(Some(own.patient)).at(Some(own.facility_id));
    events::record(&mut tx, &ctx.by(), event.with(json!({ "page": "portal people" }))).await?;
    let shell = ctx.shell(&mut tx, "Who acts for whom", Area::MyDetails).await?;
    tx.commit().await?;
    let (past, people) = people.into_iter().partition(|one| one.status == "REVOKED");
    ctx.whole_page(StatusCode::OK, &PeoplePage { shell, own, people, past, today: ctx.today() })
}

/// `GET /my/people/{id}`
pub async fn ask(ctx: Ctx, mut tx: Tx, Id(id): Id<Uuid>) -> Page {
    let own = whom::current(&mut tx, &ctx.actor).await?;
    let one = endable(&ctx, &mut tx, &own, id).await?;
    end_page(&ctx, tx, own, one, String::new(), FormErrors::default()).await
}

/// `POST /my/people/{id}`: from now on the person does not act for the patient any more.
pub async fn end(ctx: Ctx, mut tx: Tx, Id(id): Id<Uuid>, Form(typed): Form<Typed>) -> Page {
    let here = format!("/my/people/{id}");
    let labels = [("remark", "Anything we should know?")];
    let own = match agreed(&ctx, &mut tx, None, &typed, &here, &labels).await? {
        Ok(own) => own,
        Err(page) => return Ok(page),
    };
    let one = endable(&ctx, &mut tx, &own, id).await?;
    let mut errors = FormErrors::default();
    let remark = errors.text("remark", typed.get("remark"));
    if remark.chars().count() > REMARK_CHARS {
        errors.add("remark", format!("Use {REMARK_CHARS} characters or fewer"));
    }
    if !errors.is_empty() {
        return end_page(&ctx, tx, own, one, typed.get("remark").to_owned(), errors).await;
    }
    let who = if one.mine { "Given up in the portal" } else { "Ended by the patient in the portal" };
    let reason = if remark.is_empty() { who.to_owned() } else { format!("{who}: {remark}") };
    note(&ctx, &mut tx, &own, &one, &reason).await?;
    if !queries::revoke(&mut tx, &ctx.actor, &one, &reason).await? {
        return Err(Error::Conflict("The clinic has just changed this access. Go back and look again.".to_owned()));
    }
    tx.commit().await?;
    if one.mine {
        return Ok(ctx.redirect("/my", Some(&Flash::ok("You do not act for this person any more."))));
    }
    Ok(ctx.redirect("/my/people", Some(&Flash::ok("Ended. This person cannot open your pages any more."))))
}

/// The access, where this person may end it: the patient everybody else's, a proxy their own.
async fn endable(ctx: &Ctx, tx: &mut Tx, own: &Whom, id: Uuid) -> Result<Helper> {
    let people = queries::people(tx, &ctx.actor, own.patient).await?;
    people.into_iter().find(|one| one.id == id && one.endable(own)).ok_or(Error::NotFound)
}

/// Before the act itself: a moment later it is not theirs to write about any more.
async fn note(ctx: &Ctx, tx: &mut Tx, own: &Whom, one: &Helper, reason: &str) -> Result<()> {
    let event = Event::new(Action::StatusChanged, "portal_account")
        .of(one.id)
        .about(Some(own.patient))
        .at(Some(own.facility_id))
        .changing(json!({ "status": { "before": one.status, "after": "REVOKED" } }));
    events::record(tx, &ctx.by(), event).await?;
    let change = StatusChange {
        subject: "portal_account",
        id: one.id,
        from: Some(&one.status),
        to: "REVOKED",
        reason: Some(reason),
        patient: Some(own.patient),
        facility: Some(own.facility_id),
    };
    events::status_change(tx, &ctx.by(), &change).await
}

async fn end_page(ctx: &Ctx, mut tx: Tx, own: Whom, one: Helper, remark: String, errors: FormErrors) -> Page {
    let shell = ctx.shell(&mut tx, "End access", Area::MyDetails).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    ctx.whole_page(status, &EndPage { shell, own, one, remark, errors })
}
