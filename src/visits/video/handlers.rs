//! The clinician's side: coming in, letting the patient in, ending the call.

use askama::Template as _;
use axum::http::{HeaderMap, StatusCode};

use super::guests;
use super::model::{EndReason, Party, Seat, SessionStatus};
use super::moves;
use super::pages::{Call, Room, with_camera};
use super::queries::{self, SessionRow};
use super::reach;
use super::signals;
use super::stream::{self, Eyes, RawSignal, Since};
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, Event};
use crate::ids::{OrganizationId, VisitId};
use crate::visits::queries::people;
use crate::visits::queries::visits::{self, VisitRow};
use crate::web::ctx::html;
use crate::web::flash::Flash;
use crate::web::form::{Form, Id, Query};
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// A visit by video; any other has no such page.
async fn found(ctx: &Ctx, tx: &mut Tx, id: VisitId) -> Result<VisitRow> {
    let row = visits::find(tx, &ctx.actor, id).await?.ok_or(Error::NotFound)?;
    if moves::has_room(&row) { Ok(row) } else { Err(Error::NotFound) }
}

/// The same, of this person.
pub(super) async fn own(ctx: &Ctx, tx: &mut Tx, id: VisitId) -> Result<VisitRow> {
    let row = found(ctx, tx, id).await?;
    let me = people::me(tx, &ctx.actor).await?;
    if me.is_some() && me == row.staff_id { Ok(row) } else { Err(Error::Forbidden) }
}

/// What the page's script needs to know.
///
/// # Errors
/// Where the database does not answer.
pub async fn call(
    app: &App,
    tx: &mut Tx,
    organization: OrganizationId,
    row: &VisitRow,
    session: Option<&SessionRow>,
    seat: Seat,
    path: String,
) -> Result<Call> {
    let status = session.map_or(SessionStatus::NotStarted, |session| session.status);
    let last = match session {
        Some(session) if status == SessionStatus::Active => {
            signals::last_position(tx, organization, session.id).await?
        }
        _ => 0,
    };
    let reach::Reach { phone, video_url } = reach::reach(tx, organization, row.facility_id).await?;
    // Staff need not be told their own number.
    let phone = phone.filter(|_| seat != Seat::Of(Party::Provider));
    let outside = video_url.zip(session).map(|(url, session)| url.replace("{room}", &session.room_id));
    let ice = if status == SessionStatus::Active { app.ice.servers(row.id, app.clock.now()) } else { String::new() };
    let other = match seat {
        Seat::Of(Party::Patient) => row.who().to_owned(),
        Seat::Of(Party::Provider) => row.name(),
        Seat::Guest(_) => Party::Provider.label().to_owned(),
    };
    let leave = match seat {
        Seat::Of(_) => path.trim_end_matches("/video").to_owned(),
        Seat::Guest(_) => format!("{path}?left=yes"),
    };
    Ok(Call { me: seat.name(), path, status, last, ice, other, phone, outside, leave })
}

/// `GET /visits/{id}/video`; htmx asks for the guests alone, so that the call goes on.
pub async fn show(ctx: Ctx, tx: Tx, Id(id): Id<VisitId>) -> Page {
    let page = room(&ctx, tx, id).await?;
    if ctx.hx.partial {
        return ctx.fragment(&page.as_guests());
    }
    Ok(with_camera(html(StatusCode::OK, page.render()?)))
}

/// The page of the room.
pub(super) async fn room(ctx: &Ctx, mut tx: Tx, id: VisitId) -> Result<Room> {
    let row = found(ctx, &mut tx, id).await?;
    let event = Event::new(Action::View, "virtual_session").of(id).about(Some(row.patient_id));
    let proof = events::record(&mut tx, &ctx.by(), event.at(Some(row.facility_id))).await?;
    let me = people::me(&mut tx, &ctx.actor).await?;
    let own = me.is_some() && me == row.staff_id;
    let organization = ctx.actor.organization;
    if own {
        queries::seen(&mut tx, organization, id, Party::Provider).await.map_err(crate::visits::refusal::told)?;
    }
    let session = queries::find(&mut tx, organization, id).await?;
    let guests = guests::of_visit(ctx, &mut tx, &proof, id).await?;
    let path = format!("/visits/{id}/video");
    let seat = Seat::Of(Party::Provider);
    let call = call(&ctx.app, &mut tx, organization, &row, session.as_ref(), seat, path).await?;
    let shell = ctx.shell(&mut tx, "Video visit", Area::Schedule).await?;
    let now = visits::now(&mut tx).await?;
    tx.commit().await?;
    Ok(Room { shell, row, session, own, guests, call, now, zone: ctx.actor.zone })
}

/// Back to the page of the call, with what went wrong where the record has moved on.
async fn back(ctx: &Ctx, tx: Tx, id: VisitId, done: Result<()>) -> Page {
    let here = format!("/visits/{id}/video");
    match done {
        Ok(()) => {
            tx.commit().await?;
            Ok(ctx.redirect(&here, None))
        }
        Err(Error::Conflict(words) | Error::Unprocessable(words)) => {
            Ok(ctx.redirect(&here, Some(&Flash::problem(words))))
        }
        Err(error) => Err(error),
    }
}

/// `POST /visits/{id}/video`: the clinician comes in and waits.
pub async fn enter(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>) -> Page {
    let row = own(&ctx, &mut tx, id).await?;
    let done = moves::join(&mut tx, &ctx.by(), &row, Party::Provider).await.map(|_| ());
    back(&ctx, tx, id, done).await
}

/// `POST /visits/{id}/video/admission`: lets the patient in.
pub async fn admit(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>) -> Page {
    let row = own(&ctx, &mut tx, id).await?;
    let done = moves::admit(&mut tx, &ctx.by(), &row).await;
    back(&ctx, tx, id, done).await
}

/// `POST /visits/{id}/video/end`: for both. The visit itself is completed on its own page.
pub async fn end(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>) -> Page {
    let row = own(&ctx, &mut tx, id).await?;
    moves::end(&mut tx, &ctx.by(), &row, EndReason::Closed).await?;
    tx.commit().await?;
    let words = "The call is over. Complete the visit when you have written down what matters";
    Ok(ctx.redirect(&format!("/visits/{id}"), Some(&Flash::ok(words))))
}

/// `GET /visits/{id}/video/events`
pub async fn events(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, headers: HeaderMap, Query(since): Query<Since>) -> Page {
    own(&ctx, &mut tx, id).await?;
    drop(tx);
    let eyes = Eyes::Person(ctx.actor.clone(), Party::Provider);
    Ok(stream::events(&ctx.app, eyes, id, &headers, since.since))
}

/// `POST /visits/{id}/video/signals`
pub async fn send(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawSignal>) -> Page {
    own(&ctx, &mut tx, id).await?;
    stream::send(tx, &ctx.by(), id, Seat::Of(Party::Provider), &raw).await
}
