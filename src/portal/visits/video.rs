//! The patient's side of a video visit: joining, waiting, talking.

use askama::Template;
use axum::http::{HeaderMap, StatusCode};
use chrono::TimeDelta;
use chrono_tz::Tz;

use super::handlers::{RawAnswer, found, own};
use super::pages::{EARLY, STAYS, When};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::VisitId;
use crate::visits::model::VisitStatus;
use crate::visits::queries::visits::{self, VisitRow};
use crate::visits::refusal::told;
use crate::visits::video::groups::{self, is_by_video};
use crate::visits::video::handlers::call;
use crate::visits::video::model::{Party, Seat, SessionStatus};
use crate::visits::video::moves;
use crate::visits::video::pages::{Call, minutes, with_camera};
use crate::visits::video::queries::{self, SessionRow};
use crate::visits::video::stream::{self, Eyes, RawSignal, Since};
use crate::web::flash::Flash;
use crate::web::form::{Form, Id, Query};
use crate::web::nav::Area;
use crate::web::shell::Shell;
use crate::web::whom::Whom;
use crate::web::{Ctx, Page, format};

/// What the page has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Not a visit by video.
    NoRoom,
    /// Several patients meet elsewhere, now.
    Group,
    /// It does not take place.
    Cancelled,
    /// Nobody was let in.
    Missed,
    /// It is over.
    Over,
    /// The waiting room is not open yet.
    Early,
    /// It is.
    Open,
    /// They wait, for so long.
    Waiting(String),
    /// They talk.
    Call,
}

/// Whether patients may come in: from half an hour before until the clinic has marked the visit, at most half a day after its begin.
/// Clinics run late, and so do people.
pub(super) fn is_open(row: &VisitRow, now: Timestamp) -> bool {
    now >= row.start_time - TimeDelta::minutes(EARLY) && now < row.start_time + TimeDelta::hours(STAYS)
}

fn moment(row: &VisitRow, session: Option<&SessionRow>, now: Timestamp) -> Moment {
    if row.status == VisitStatus::Cancelled {
        return Moment::Cancelled;
    }
    if is_by_video(row) {
        return match row.status {
            VisitStatus::NoShow => Moment::Missed,
            status if !status.is_open() => Moment::Over,
            _ if is_open(row, now) => Moment::Group,
            _ if now < row.start_time => Moment::Early,
            _ => Moment::Over,
        };
    }
    if !moves::has_room(row) {
        return Moment::NoRoom;
    }
    let session =
        session.filter(|session| session.patient_joined_at.is_some() || session.status == SessionStatus::Ended);
    match session.map(|session| (session.status, session.missed())) {
        _ if row.status == VisitStatus::NoShow => Moment::Missed,
        Some((SessionStatus::Ended, true)) => Moment::Missed,
        Some((SessionStatus::Ended, false)) => Moment::Over,
        _ if !row.status.is_open() => Moment::Over,
        Some((SessionStatus::Active, _)) => Moment::Call,
        Some((SessionStatus::Waiting | SessionStatus::NotStarted, _)) => {
            let since = session.and_then(|session| session.patient_joined_at).unwrap_or(now);
            Moment::Waiting(minutes((now - since).num_minutes()))
        }
        None if is_open(row, now) => Moment::Open,
        None if now < row.start_time => Moment::Early,
        None => Moment::Missed,
    }
}

#[derive(Debug, Template)]
#[template(path = "portal/visits/video.html")]
pub(super) struct VideoPage {
    pub shell: Shell,
    pub own: Whom,
    pub row: VisitRow,
    pub moment: Moment,
    pub call: Call,
    pub now: Timestamp,
    pub zone: Tz,
}

impl VideoPage {
    fn when(&self) -> When {
        let today = self.now.with_timezone(&self.zone).date_naive();
        When::new(self.row.start_time, self.row.end_time, self.zone, today)
    }

    fn opens_at(&self) -> String {
        let at = self.row.start_time - TimeDelta::minutes(EARLY);
        let day = format::date_in_words(
            at.with_timezone(&self.zone).date_naive(),
            self.now.with_timezone(&self.zone).date_naive(),
        );
        format!("{} on {day}", format::clock(at, self.zone))
    }
}

/// `GET /my/visits/{id}/video`
pub async fn show(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>) -> Page {
    let (own, row) = found(&ctx, &mut tx, id).await?;
    let organization = ctx.actor.organization;
    queries::seen(&mut tx, organization, id, Party::Patient).await.map_err(told)?;
    let session = queries::find(&mut tx, organization, id).await?;
    let now = visits::now(&mut tx).await?;
    let path = format!("/my/visits/{id}/video");
    let seat = Seat::Of(Party::Patient);
    let mut call = call(&ctx.app, &mut tx, organization, &row, session.as_ref(), seat, path).await?;
    let moment = moment(&row, session.as_ref(), now);
    if moment == Moment::Group {
        call.outside = groups::address(&ctx.app, &mut tx, organization, &row).await?;
    }
    let shell = ctx.shell(&mut tx, "Video visit", Area::MyVisits).await?;
    tx.commit().await?;
    if !matches!(moment, Moment::Waiting(_) | Moment::Call) {
        call.status = SessionStatus::NotStarted;
    }
    let page = VideoPage { shell, own, row, moment, call, now, zone: ctx.actor.zone };
    Ok(with_camera(ctx.whole_page(StatusCode::OK, &page)?))
}

/// `POST /my/visits/{id}/arrival`: into the waiting room.
pub async fn join(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawAnswer>) -> Page {
    let (own, row) = found(&ctx, &mut tx, id).await?;
    own.agrees(&raw.patient)?;
    let here = format!("/my/visits/{id}/video");
    if row.patient_id != own.patient || !moves::has_room(&row) || !row.status.is_open() {
        return Ok(ctx.redirect(&here, None));
    }
    match moves::join(&mut tx, &ctx.by(), &row, Party::Patient).await {
        Ok(_) => tx.commit().await?,
        Err(Error::Unprocessable(words) | Error::Conflict(words)) => {
            return Ok(ctx.redirect(&here, Some(&Flash::problem(words))));
        }
        Err(error) => return Err(error),
    }
    Ok(ctx.redirect(&here, None))
}

/// A visit that the patient has joined; any other has nothing to hear or say.
async fn joined(ctx: &Ctx, tx: &mut Tx, id: VisitId) -> Result<()> {
    let own = own(ctx, tx).await?;
    let row = visits::find(tx, &ctx.actor, id).await?.filter(|row| row.patient_id == own.patient);
    row.map(|_| ()).ok_or(Error::NotFound)
}

/// `GET /my/visits/{id}/video/events`
pub async fn events(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, headers: HeaderMap, Query(since): Query<Since>) -> Page {
    joined(&ctx, &mut tx, id).await?;
    drop(tx);
    let eyes = Eyes::Person(ctx.actor.clone(), Party::Patient);
    Ok(stream::events(&ctx.app, eyes, id, &headers, since.since))
}

/// `POST /my/visits/{id}/video/signals`
pub async fn send(ctx: Ctx, mut tx: Tx, Id(id): Id<VisitId>, Form(raw): Form<RawSignal>) -> Page {
    joined(&ctx, &mut tx, id).await?;
    stream::send(tx, &ctx.by(), id, Seat::Of(Party::Patient), &raw).await
}
