//! Guests whom a patient brings to a video visit: an interpreter, a relative elsewhere.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::handlers::{RawAnswer, found};
use super::pages::When;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::VisitId;
use crate::visits::queries::visits::{self, VisitRow};
use crate::visits::video::guests::{self, Guest, RawGuest, takes_guests};
use crate::web::flash::Flash;
use crate::web::form::{Form, FormErrors, Id, Ids};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::whom::Whom;
use crate::web::{Ctx, Page};

#[derive(Debug, Template)]
#[template(path = "portal/visits/guests.html")]
struct GuestsPage {
    shell: Shell,
    own: Whom,
    row: VisitRow,
    when: When,
    guests: Vec<Guest>,
    /// A link that was made just now.
    link: Option<String>,
    form: RawGuest,
    errors: FormErrors,
}

impl GuestsPage {
    fn invites(&self) -> bool {
        takes_guests(&self.row)
    }
}

/// A visit of the patient themselves; groups have no guests.
async fn of_theirs(ctx: &Ctx, tx: &mut Tx, id: VisitId) -> Result<(Whom, VisitRow)> {
    let (own, row) = found(ctx, tx, id).await?;
    if row.patient_id == own.patient { Ok((own, row)) } else { Err(Error::NotFound) }
}

async fn page(
    ctx: &Ctx,
    mut tx: Tx,
    (own, row): (Whom, VisitRow),
    link: Option<String>,
    form: RawGuest,
    errors: FormErrors,
) -> Result<Response> {
    let event = Event::new(Action::View, "visit_guest").about(Some(own.patient)).at(Some(row.facility_id));
    let proof = events::record(&mut tx, &ctx.by(), event.with(serde_json::json!({ "visit": row.id }))).await?;
    let guests = guests::of_visit(ctx, &mut tx, &proof, row.id).await?;
    let today = visits::now(&mut tx).await?.with_timezone(&ctx.actor.zone).date_naive();
    let when = When::new(row.start_time, row.end_time, ctx.actor.zone, today);
    let shell = ctx.shell(&mut tx, "Guests", Area::MyVisits).await?;
    tx.commit().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    ctx.whole_page(status, &GuestsPage { shell, own, row, when, guests, link, form, errors })
}

/// `GET /my/visits/{id}/guests`
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>) -> Page {
    let about = of_theirs(&ctx, &mut tx, id).await?;
    page(&ctx, tx, about, None, RawGuest::default(), FormErrors::default()).await
}

/// `POST /my/visits/{id}/guests`: a link, shown once.
pub async fn invite(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawGuest>) -> Page {
    let (own, row) = of_theirs(&ctx, &mut tx, id).await?;
    own.agrees(&raw.patient)?;
    match guests::read(&ctx, &mut tx, &row, &raw).await? {
        Ok((name, kind)) => {
            let link = guests::invite(&ctx, &mut tx, &row, &name, kind).await?;
            page(&ctx, tx, (own, row), Some(link), RawGuest::default(), FormErrors::default()).await
        }
        Err(errors) => page(&ctx, tx, (own, row), None, raw, errors).await,
    }
}

/// `POST /my/visits/{id}/guests/{guest}/removal`: the link works no more.
pub async fn withdraw(ctx: Ctx, mut tx: Tx, Ids(id, guest): Ids<VisitId, Uuid>, Form(raw): Form<RawAnswer>) -> Page {
    let (own, row) = of_theirs(&ctx, &mut tx, id).await?;
    own.agrees(&raw.patient)?;
    guests::withdraw(&ctx, &mut tx, &row, guest).await?;
    tx.commit().await?;
    Ok(ctx.redirect(&format!("/my/visits/{id}/guests"), Some(&Flash::ok("The link works no more"))))
}
