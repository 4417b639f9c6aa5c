//! The clinician's side of a video visit, and what both sides' pages share.

use askama::Template;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use chrono_tz::Tz;

use super::guests::Guest;
use super::model::SessionStatus;
use super::queries::SessionRow;
use crate::clock::Timestamp;
use crate::visits::model::VisitStatus;
use crate::visits::queries::visits::VisitRow;
use crate::web::shell::Shell;

/// Minutes before a video visit from which on people may come in, as the schema has it.
pub const EARLY: i64 = 30;

/// The page of a call may ask for camera and microphone; no other page may.
const CAMERA: &str = "camera=(self), geolocation=(), microphone=(self), payment=(), usb=()";

/// Lets a page ask for camera and microphone.
#[must_use]
pub fn with_camera(mut response: Response) -> Response {
    response.headers_mut().insert(HeaderName::from_static("permissions-policy"), HeaderValue::from_static(CAMERA));
    response
}

/// What the script of a call needs to know.
#[derive(Clone, Debug)]
pub struct Call {
    /// The name under which the other browsers know this one.
    pub me: String,
    /// Where it hears and sends, without `/events` and `/signals`.
    pub path: String,
    /// How the session stood when the page was made.
    pub status: SessionStatus,
    /// The place of the last message then.
    pub last: i64,
    /// The servers that help two browsers to find each other, as JSON.
    pub ice: String,
    /// The name of the other side.
    pub other: String,
    /// The number to call where video does not work.
    pub phone: Option<String>,
    /// The address of the room at an external provider, where the facility uses one.
    pub outside: Option<String>,
    /// Where whoever leaves goes; the call goes on, and they may come back.
    pub leave: String,
}

impl Call {
    /// Whether there is something to hear.
    #[must_use]
    pub const fn listens(&self) -> bool {
        self.status.is_open()
    }
}

/// The clinician's page.
#[derive(Debug, Template)]
#[template(path = "visits/video.html", blocks = ["guests"])]
pub struct Room {
    /// The frame.
    pub shell: Shell,
    /// The visit.
    pub row: VisitRow,
    /// Its session, once somebody has come.
    pub session: Option<SessionRow>,
    /// Whether this person holds the visit.
    pub own: bool,
    /// Who was invited beside the patient.
    pub guests: Vec<Guest>,
    /// What the script needs.
    pub call: Call,
    /// The moment of the request.
    pub now: Timestamp,
    /// The clock that the times are of.
    pub zone: Tz,
}

impl Room {
    fn status(&self) -> SessionStatus {
        self.session.as_ref().map_or(SessionStatus::NotStarted, |session| session.status)
    }

    fn missed(&self) -> bool {
        self.session.as_ref().is_some_and(SessionRow::missed)
    }

    /// Whether guests are let in here, or sent away.
    fn keeps_door(&self) -> bool {
        self.own && self.row.status.is_open() && self.status() != SessionStatus::Ended
    }

    /// Whether anybody beside the patient was invited whose link works.
    fn has_guests(&self) -> bool {
        self.guests.iter().any(|guest| !guest.revoked)
    }

    fn patient_here(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.patient_here)
    }

    fn is_in(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.provider_joined_at.is_some())
    }

    /// For how long the patient has been waiting.
    fn waits(&self) -> Option<String> {
        let since = self.session.as_ref()?.patient_joined_at?;
        Some(minutes((self.now - since).num_minutes()))
    }
}

/// Minutes in words.
#[must_use]
pub fn minutes(minutes: i64) -> String {
    match minutes {
        ..=0 => "less than a minute".to_owned(),
        1 => "1 minute".to_owned(),
        2..=59 => format!("{minutes} minutes"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}
