//! The pages of visits in the portal.

use askama::Template;
use chrono::NaiveDate;
use chrono_tz::Tz;

use super::ask::{REASON_CHARS, days};
use super::handlers::RawAnswer;
use super::story::Step;
use super::video::is_open;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::patients::fields::Typed;
use crate::visits::model::{Acuity, Mode, VisitStatus, before_cutoff};
use crate::visits::queries::requests::{self, RequestRow};
use crate::visits::queries::visits::{self, VisitRow};
use crate::visits::video::groups::is_by_video;
use crate::visits::video::guests::takes_guests;
use crate::visits::video::moves::has_room;
use crate::web::form::FormErrors;
use crate::web::shell::Shell;
use crate::web::ui::Choice;
use crate::web::whom::Whom;
use crate::web::{Ctx, format};

/// How many are looked at for the first page.
const FEW: i64 = 20;

/// Minutes before a video visit from which on the patient can say that they are ready, as the schema has it.
pub(super) const EARLY: i64 = 30;

/// A time in words: the day, and the hours.
#[derive(Clone, Debug)]
pub(in crate::portal) struct When {
    /// `Wednesday 25 November`
    pub day: String,
    /// `Wed`
    pub weekday: String,
    /// `25`
    pub number: String,
    /// `Nov`
    pub month: String,
    /// `10:30 to 11:15`
    pub hours: String,
}

impl When {
    pub(super) fn new(start: Timestamp, end: Timestamp, zone: Tz, today: NaiveDate) -> Self {
        let local = start.with_timezone(&zone);
        Self {
            day: format::date_in_words(local.date_naive(), today),
            weekday: local.format("%a").to_string(),
            number: local.format("%-d").to_string(),
            month: local.format("%b").to_string(),
            hours: format!("{} to {}", format::clock(start, zone), format::clock(end, zone)),
        }
    }
}

/// A moment to come, as people say it: `10:15 today`.
fn until(at: Timestamp, zone: Tz, today: NaiveDate) -> String {
    let local = at.with_timezone(&zone);
    let day = local.date_naive();
    if day == today {
        return format!("{} today", format::clock(at, zone));
    }
    format!("{} on {}", format::clock(at, zone), format::date_in_words(day, today))
}

/// An offer that stands.
#[derive(Debug)]
pub(in crate::portal) struct Offer {
    /// The request.
    pub row: RequestRow,
    /// The time.
    pub when: When,
    /// Kept until then, in words.
    pub until: String,
}

impl Offer {
    fn of(row: RequestRow, zone: Tz, today: NaiveDate) -> Option<Self> {
        let (start, end) = row.slot_start.zip(row.slot_end).filter(|_| row.offered())?;
        let until = row.held_until.map(|at| until(at, zone, today)).unwrap_or_default();
        Some(Self { when: When::new(start, end, zone, today), until, row })
    }

    /// `Video visit with Dr M. Haas`
    pub fn what(&self) -> String {
        let mode = self.row.slot_mode.unwrap_or(self.row.mode).plain();
        self.row.slot_staff.as_ref().map_or_else(|| mode.to_owned(), |staff| format!("{mode} with {staff}"))
    }
}

/// Hours for which somebody who has arrived is thought to be still there.
pub(super) const STAYS: i64 = 12;

/// Whether a visit is still to come or goes on.
fn is_coming(row: &VisitRow, now: Timestamp) -> bool {
    match row.status {
        // Clinics run late: a call may still come.
        VisitStatus::Planned if row.mode == Mode::Virtual => row.start_time > now - chrono::TimeDelta::hours(STAYS),
        VisitStatus::Planned => row.end_time > now,
        VisitStatus::CheckedIn | VisitStatus::InProgress => row.start_time > now - chrono::TimeDelta::hours(STAYS),
        VisitStatus::Completed | VisitStatus::Cancelled | VisitStatus::NoShow => false,
    }
}

/// A visit with its time in words.
#[derive(Debug)]
pub(in crate::portal) struct Item {
    /// The visit.
    pub row: VisitRow,
    /// The time.
    pub when: When,
}

impl Item {
    /// `Video visit with Dr M. Haas`
    pub fn what(&self) -> String {
        self.row
            .staff
            .as_ref()
            .map_or_else(|| self.row.mode.plain().to_owned(), |staff| format!("{} with {staff}", self.row.mode.plain()))
    }

    /// Whether it can be joined by video now.
    pub fn joins(&self, own: &Whom, now: &Timestamp) -> bool {
        self.row.patient_id == own.patient
            && has_room(&self.row)
            && self.row.status.is_open()
            && is_open(&self.row, *now)
    }

    /// How it stands, in plain words.
    pub const fn state(&self) -> &'static str {
        match self.row.status {
            VisitStatus::Planned => "Booked",
            VisitStatus::CheckedIn => "Arrived",
            VisitStatus::InProgress => "It is going on now",
            VisitStatus::Completed => "Done",
            VisitStatus::Cancelled => "Cancelled",
            VisitStatus::NoShow => "Missed",
        }
    }
}

/// What comes first on the first page.
#[derive(Debug)]
pub(in crate::portal) enum NextStep {
    /// Say whether a time suits.
    Answer(Box<Offer>),
    /// Go to a visit.
    Visit(Box<Item>),
    /// Wait in the waiting room: the visit, and how many are before them.
    Turn(Box<Item>, String),
    /// Wait for an answer.
    Wait,
    /// Nothing.
    Nothing,
}

/// What a patient should do or know first.
pub(in crate::portal) async fn next_step(ctx: &Ctx, tx: &mut Tx, own: &Whom) -> Result<NextStep> {
    let (zone, today) = (ctx.actor.zone, ctx.today());
    let requests = requests::open_of_patient(tx, &ctx.actor, own.patient, FEW).await?;
    let waits = !requests.is_empty();
    let next = visits::next_of_patient(tx, &ctx.actor, own.patient).await?;
    // Whoever is at the clinic now has nothing to answer first.
    let is_there = next.as_ref().is_some_and(|row| row.status != VisitStatus::Planned);
    if !is_there && let Some(offer) = requests.into_iter().find_map(|row| Offer::of(row, zone, today)) {
        return Ok(NextStep::Answer(Box::new(offer)));
    }
    let Some(row) = next else {
        return Ok(if waits { NextStep::Wait } else { NextStep::Nothing });
    };
    let before = match row.waiting_number {
        Some(_) if row.status == VisitStatus::CheckedIn => Some(visits::waiting_before(tx, row.id).await?),
        _ => None,
    };
    let item = Box::new(Item { when: When::new(row.start_time, row.end_time, zone, today), row });
    Ok(match before {
        Some(before) => NextStep::Turn(item, before_them(before)),
        None => NextStep::Visit(item),
    })
}

/// How many wait before somebody, in words.
pub(super) fn before_them(count: i64) -> String {
    match count {
        ..=0 => "Nobody is before you. You are next.".to_owned(),
        1 => "One person is before you.".to_owned(),
        more => format!("{more} people are before you."),
    }
}

/// Everything about visits.
#[derive(Debug, Template)]
#[template(path = "portal/visits/list.html")]
pub(super) struct ListPage {
    pub shell: Shell,
    pub own: Whom,
    /// To be answered.
    pub offers: Vec<Offer>,
    /// To come, the next first.
    pub coming: Vec<Item>,
    /// Waiting for the clinic.
    pub waiting: Vec<RequestRow>,
    /// Over, also cancelled; the latest first.
    pub past: Vec<Item>,
    /// Requests that came to nothing.
    pub closed: Vec<RequestRow>,
    pub zone: Tz,
}

impl ListPage {
    pub fn new(
        shell: Shell,
        own: Whom,
        visits: Vec<VisitRow>,
        requests: Vec<RequestRow>,
        now: Timestamp,
        zone: Tz,
    ) -> Self {
        let today = now.with_timezone(&zone).date_naive();
        let item = |row: VisitRow| Item { when: When::new(row.start_time, row.end_time, zone, today), row };
        let (mut coming, past): (Vec<Item>, Vec<Item>) =
            visits.into_iter().map(item).partition(|item| is_coming(&item.row, now));
        coming.sort_by_key(|item| item.row.start_time);
        let (open, rest): (Vec<_>, Vec<_>) = requests.into_iter().partition(|row| row.status.is_open());
        let (offered, waiting): (Vec<_>, Vec<_>) = open.into_iter().partition(RequestRow::offered);
        let offers = offered.into_iter().filter_map(|row| Offer::of(row, zone, today)).collect();
        let closed = rest.into_iter().filter(|row| row.visit_id.is_none()).collect();
        Self { shell, own, offers, coming, waiting, past, closed, zone }
    }

    fn asked(row: &RequestRow) -> &'static str {
        if row.lapsed { "The time we offered is over. We are looking for another" } else { row.status.plain() }
    }
}

/// One visit.
#[derive(Debug, Template)]
#[template(path = "portal/visits/show.html")]
pub(super) struct ShowPage {
    pub shell: Shell,
    pub own: Whom,
    pub row: VisitRow,
    pub story: Vec<Step>,
    /// How many wait before a walk-in, in words.
    pub before: Option<String>,
    pub now: Timestamp,
    /// Hours before the visit until which it can be cancelled here.
    pub hours: i64,
    pub zone: Tz,
}

impl ShowPage {
    fn item(&self) -> Item {
        let today = self.now.with_timezone(&self.zone).date_naive();
        Item { when: When::new(self.row.start_time, self.row.end_time, self.zone, today), row: self.row.clone() }
    }

    fn coming(&self) -> bool {
        is_coming(&self.row, self.now)
    }

    fn may_cancel(&self) -> bool {
        self.row.status == VisitStatus::Planned
            && !self.row.is_group
            && before_cutoff(self.row.start_time, self.now, self.hours)
    }

    /// Whether somebody can be brought to it by a link.
    fn takes_guests(&self) -> bool {
        takes_guests(&self.row) && self.row.patient_id == self.own.patient
    }

    /// Whether it is a group that meets by video about now.
    fn meets(&self) -> bool {
        is_by_video(&self.row) && self.row.status.is_open() && is_open(&self.row, self.now)
    }

    /// Whether it is time to join by video, or they have joined already.
    fn opens(&self) -> bool {
        self.item().joins(&self.own, &self.now)
    }
}

/// The question before a visit is cancelled.
#[derive(Debug, Template)]
#[template(path = "portal/visits/cancel.html")]
pub(super) struct CancelPage {
    pub shell: Shell,
    pub own: Whom,
    pub row: VisitRow,
    pub form: RawAnswer,
    pub errors: FormErrors,
    /// Whether it can be cancelled here.
    pub may: bool,
    pub hours: i64,
    pub today: NaiveDate,
    pub zone: Tz,
}

impl CancelPage {
    fn when(&self) -> When {
        When::new(self.row.start_time, self.row.end_time, self.zone, self.today)
    }
}

/// Asking for a visit.
#[derive(Debug, Template)]
#[template(path = "portal/visits/ask.html")]
pub(super) struct AskPage {
    pub shell: Shell,
    pub own: Whom,
    pub form: Typed,
    pub errors: FormErrors,
    pub today: NaiveDate,
}

/// What patients may say of how they are, with the acuity that it stands for.
const FEELINGS: [(Acuity, &str, &str); 3] = [
    (Acuity::Green, "Fine, this can wait", "Any day is good"),
    (Acuity::Yellow, "Getting worse", "In the next day or two"),
    (Acuity::Orange, "Bad", "Today if possible"),
];

impl AskPage {
    fn how(&self) -> &'static str {
        if self.own.is_self() { "How are you feeling now?" } else { "How are they feeling now?" }
    }

    fn choice(&self, name: &str, value: &str, label: &str, hint: &str) -> Choice {
        Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            hint: hint.to_owned(),
            chosen: self.form.get(name) == value,
        }
    }

    fn modes(&self) -> Vec<Choice> {
        vec![
            self.choice("mode", Mode::Virtual.as_str(), "Video call", "On your phone or computer"),
            self.choice("mode", Mode::InPerson.as_str(), "At the clinic", &self.own.facility),
        ]
    }

    fn feelings(&self) -> Vec<Choice> {
        FEELINGS.iter().map(|(acuity, label, hint)| self.choice("feeling", acuity.as_str(), label, hint)).collect()
    }

    fn days(&self) -> Vec<Choice> {
        days(self.today).iter().map(|(value, label)| self.choice("day", value, label, "")).collect()
    }

    fn parts(&self) -> Vec<Choice> {
        vec![self.choice("part", "morning", "Morning", ""), self.choice("part", "afternoon", "Afternoon", "")]
    }
}
