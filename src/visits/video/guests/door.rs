//! What a guest sees who comes by a link: the time and the clinic, the waiting room, the call.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{Bearer, queries};
use crate::app::App;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::{self, Action, By, Event};
use crate::ids::{OrganizationId, RequestId, VisitId};
use crate::visits::model::VisitStatus;
use crate::visits::queries::people;
use crate::visits::queries::visits::{self, VisitRow};
use crate::visits::refusal::told;
use crate::visits::secret_link::{hash, parse, secret};
use crate::visits::video::handlers::call;
use crate::visits::video::model::{Seat, SessionStatus};
use crate::visits::video::moves::has_room;
use crate::visits::video::pages::{Call, EARLY, with_camera};
use crate::visits::video::queries as sessions;
use crate::visits::video::stream::{self, Eyes, RawSignal, Since};
use crate::web::ctx::{Visitor, cookie, html, redirect};
use crate::web::form::{Form, Query};
use crate::web::shell::Shell;
use crate::web::{Page, format, rate};

/// The cookie of the browser that joined, sent to the pages of this link alone.
const COOKIE: &str = "guest";

/// For how long a browser keeps it, in seconds: as long as a link can work.
const KEPT: u32 = 13 * 60 * 60;

/// Requests for pages of one link in a minute: a page that looks again by itself takes three.
const OF_LINK: i32 = 60;

/// Requests with wrong links from one address in a minute.
const OF_ADDRESS: i32 = 60;

/// What the page has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// It does not take place.
    Cancelled,
    /// It is over, or the link's time is.
    Over,
    /// The waiting room is not open yet.
    Early,
    /// It is.
    Open,
    /// They wait to be let in.
    Waiting,
    /// They are in the call.
    Call,
    /// They have left it and may come back.
    Left,
}

#[derive(Debug, Template)]
#[template(path = "visits/guest.html")]
struct GuestPage {
    shell: Shell,
    /// None where the link does not work.
    seen: Option<Seen>,
}

/// What a guest sees: of the patient nothing but that there is a visit, when, and at which clinic.
#[derive(Debug)]
struct Seen {
    clinic: String,
    start: Timestamp,
    zone: Tz,
    now: Timestamp,
    moment: Moment,
    call: Call,
}

impl Seen {
    fn at(&self, at: Timestamp) -> String {
        let today = self.now.with_timezone(&self.zone).date_naive();
        let day = format::date_in_words(at.with_timezone(&self.zone).date_naive(), today);
        format!("{day}, {}", format::clock(at, self.zone))
    }

    fn when(&self) -> String {
        self.at(self.start)
    }

    fn opens(&self) -> String {
        self.at(self.start - chrono::TimeDelta::minutes(EARLY))
    }
}

/// Whoever stands at the door: a link, and perhaps the browser that joined by it.
struct Caller {
    organization: OrganizationId,
    guest: Uuid,
    link: queries::Link,
    /// The hash of what the browser shows.
    browser: Vec<u8>,
}

impl Caller {
    /// The browser that has joined, where it is this one.
    fn bearer(&self) -> Option<Bearer> {
        let joined = self.link.browser_hash.as_ref().is_some_and(|hash| *hash == self.browser);
        joined.then(|| Bearer { organization: self.organization, id: self.guest, browser: self.browser.clone() })
    }
}

/// The link of an address; none where it is wrong or was withdrawn, which is counted against where it comes from.
async fn caller(app: &App, visitor: &Visitor, token: &str, headers: &HeaderMap) -> Result<Option<(Tx, Caller)>> {
    let found = find(app, token, headers).await?;
    if let (None, Some(ip)) = (&found, visitor.ip) {
        let key = format!("guest/address/{}", hex::encode(hash(&ip.to_string())));
        rate::charge(app.db.auth(), &key, OF_ADDRESS).await?;
    }
    Ok(found)
}

/// Counts a page of a link.
async fn charge(app: &App, caller: &Caller) -> Result<()> {
    rate::charge(app.db.auth(), &format!("guest/link/{}", caller.guest), OF_LINK).await
}

async fn find(app: &App, token: &str, headers: &HeaderMap) -> Result<Option<(Tx, Caller)>> {
    let Some((organization, guest, secret)) = parse(token) else { return Ok(None) };
    let mut tx = app.db.begin_worker(organization).await?;
    let Some(link) = queries::link(&mut tx, organization, guest, &hash(secret)).await? else { return Ok(None) };
    let browser = cookie(headers, COOKIE).map(hash).unwrap_or_default();
    Ok(Some((tx, Caller { organization, guest, link, browser })))
}

/// Nobody with an account, for the audit.
fn by(organization: OrganizationId, request: RequestId, ip: Option<IpAddr>, agent: Option<Arc<str>>) -> By {
    By { kind: "ANONYMOUS", request: Some(request), ip, agent, ..By::system(organization) }
}

async fn visit(tx: &mut Tx, caller: &Caller) -> Result<VisitRow> {
    visits::find_in(tx, caller.organization, caller.link.visit).await?.ok_or(Error::NotFound)
}

/// What a guest is told at this moment; `status` is how the call stands for this browser, none where it has not joined.
fn moment(row: &VisitRow, lapsed: bool, ended: bool, status: Option<SessionStatus>, now: Timestamp) -> Moment {
    match status {
        _ if row.status == VisitStatus::Cancelled => Moment::Cancelled,
        _ if lapsed || ended || !row.status.is_open() || !has_room(row) => Moment::Over,
        Some(SessionStatus::Active) => Moment::Call,
        Some(SessionStatus::Waiting | SessionStatus::NotStarted) => Moment::Waiting,
        _ if now < row.start_time - chrono::TimeDelta::minutes(EARLY) => Moment::Early,
        _ => Moment::Open,
    }
}

/// What a page of a link is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawDoor {
    /// Whether they have just left.
    pub left: String,
}

/// `GET /guest/{token}`
pub async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
    Query(raw): Query<RawDoor>,
) -> Page {
    let Some((mut tx, caller)) = caller(&app, &visitor, &token, &headers).await? else {
        let page = GuestPage { shell: Shell::plain("Video visit", app.clock.now()), seen: None };
        return Ok(html(StatusCode::NOT_FOUND, page.render()?));
    };
    charge(&app, &caller).await?;
    let organization = caller.organization;
    let row = visit(&mut tx, &caller).await?;
    let session = sessions::find(&mut tx, organization, row.id).await?;
    let bearer = caller.bearer();
    let status = match &bearer {
        Some(bearer) => {
            bearer.seen(&mut tx).await.map_err(told)?;
            Some(bearer.status(&mut tx, session.as_ref()).await?)
        }
        None => None,
    };
    let now = visits::now(&mut tx).await?;
    let ended = session.as_ref().is_some_and(|session| session.status == SessionStatus::Ended);
    let mut moment = moment(&row, caller.link.lapsed, ended, status, now);
    if moment == Moment::Call && !raw.left.is_empty() {
        moment = Moment::Left;
    }
    // A page that looks again by itself is no other view: that this browser joined is written down.
    if bearer.is_none() {
        let event = Event::new(Action::View, "visit_guest").of(caller.guest).about(Some(row.patient_id));
        let by = by(organization, visitor.request, visitor.ip, visitor.agent.clone());
        events::record(&mut tx, &by, event.at(Some(row.facility_id)).with(json!({ "visit": row.id }))).await?;
    }
    let zone = people::zone(&mut tx, organization, row.facility_id).await?;
    // Nothing of the call is for somebody who was not let in.
    let of_call = session.as_ref().filter(|_| moment == Moment::Call);
    let path = format!("/guest/{token}");
    let mut call = call(&app, &mut tx, organization, &row, of_call, Seat::Guest(caller.guest), path).await?;
    if moment == Moment::Waiting {
        call.status = SessionStatus::Waiting;
    }
    tx.commit().await?;
    let seen = Seen { clinic: row.facility, start: row.start_time, zone, now, moment, call };
    let page = GuestPage { shell: Shell::plain("Video visit", now), seen: Some(seen) };
    Ok(with_camera(html(StatusCode::OK, page.render()?)))
}

/// `POST /guest/{token}`: into the waiting room. Another browser than the one before waits anew.
pub async fn join(State(app): State<App>, visitor: Visitor, Path(token): Path<String>, headers: HeaderMap) -> Page {
    let here = format!("/guest/{token}");
    let back = redirect(&visitor.hx, &here, None);
    let Some((mut tx, caller)) = caller(&app, &visitor, &token, &headers).await? else { return Ok(back) };
    charge(&app, &caller).await?;
    let organization = caller.organization;
    let row = visit(&mut tx, &caller).await?;
    let session = sessions::find(&mut tx, organization, row.id).await?;
    let ended = session.is_some_and(|session| session.status == SessionStatus::Ended);
    let now = visits::now(&mut tx).await?;
    if caller.bearer().is_some() || moment(&row, caller.link.lapsed, ended, None, now) != Moment::Open {
        return Ok(back);
    }
    let secret = secret();
    queries::come_in(&mut tx, organization, caller.guest, &hash(&secret)).await.map_err(told)?;
    let event = Event::new(Action::Update, "visit_guest").of(caller.guest).about(Some(row.patient_id));
    let by = by(organization, visitor.request, visitor.ip, visitor.agent.clone());
    let details = json!({ "visit": row.id, "joined": true, "in_place_of_another": caller.link.browser_hash.is_some() });
    events::record(&mut tx, &by, event.at(Some(row.facility_id)).with(details)).await?;
    tx.commit().await?;
    Ok(with_cookie(back, &here, &secret, app.secure_cookies()))
}

fn with_cookie(mut response: Response, path: &str, secret: &str, secure: bool) -> Response {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={secret}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={KEPT}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `GET /guest/{token}/events`
pub async fn events_of(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
    Query(since): Query<Since>,
) -> Page {
    let (tx, caller) = caller(&app, &visitor, &token, &headers).await?.ok_or(Error::NotFound)?;
    drop(tx);
    let bearer = caller.bearer().ok_or(Error::NotFound)?;
    Ok(stream::events(&app, Eyes::Guest(bearer), caller.link.visit, &headers, since.since))
}

/// `POST /guest/{token}/signals`
pub async fn send(
    State(app): State<App>,
    visitor: Visitor,
    Path(token): Path<String>,
    headers: HeaderMap,
    Form(raw): Form<RawSignal>,
) -> Page {
    let (tx, caller) = caller(&app, &visitor, &token, &headers).await?.ok_or(Error::NotFound)?;
    if caller.bearer().is_none() || !caller.link.admitted {
        return Err(Error::NotFound);
    }
    let by = by(caller.organization, visitor.request, visitor.ip, visitor.agent.clone());
    let visit: VisitId = caller.link.visit;
    stream::send(tx, &by, visit, Seat::Guest(caller.guest), &raw).await
}
