//! The grid of a week: what goes where, by class, since a strict policy allows no inline style.

use chrono::{Days, NaiveDate, Timelike as _};
use chrono_tz::Tz;

use crate::clock::Timestamp;
use crate::visits::derive::{Offer, day_begins};
use crate::visits::model::{Mode, SlotStatus, VisitStatus};
use crate::visits::queries::schedule::LeaveRow;
use crate::visits::queries::slots::SlotRow;
use crate::visits::queries::visits::VisitRow;
use crate::web::format;

/// Quarters of an hour that one row of the grid stands for.
const QUARTER: i64 = 15;

/// The longest stretch that the grid shows whole, in quarters.
const LONGEST: i64 = 48;

/// What a week is made from.
#[derive(Debug)]
pub struct Source<'a> {
    /// Visits.
    pub visits: &'a [VisitRow],
    /// Slots held, booked or blocked.
    pub slots: &'a [SlotRow],
    /// Absences.
    pub leave: &'a [LeaveRow],
    /// What is free.
    pub offers: &'a [Offer],
    /// The clock that the times are of.
    pub zone: Tz,
    /// The moment of the request.
    pub now: Timestamp,
    /// Whether free time leads somewhere for this person.
    pub books: bool,
}

/// One stretch in the grid.
#[derive(Debug)]
pub struct Cell {
    /// `free`, `held`, `book`, `done` or `shut`.
    pub kind: &'static str,
    /// `s4 n2`: at which row, how many.
    pub place: String,
    /// Where it leads.
    pub href: Option<String>,
    /// `09:00`
    pub time: String,
    /// Of the place where the patient is seen.
    pub icon: Option<&'static str>,
    /// In capitals: the patient.
    pub who: Option<String>,
    /// The rest.
    pub words: String,
    start: Timestamp,
    end: Timestamp,
}

/// One day.
#[derive(Debug)]
pub struct Day {
    /// Which.
    pub day: NaiveDate,
    /// Whether it is today.
    pub today: bool,
    /// Slots to be had.
    pub free: usize,
    /// Visits to come.
    pub booked: usize,
    /// What it holds, in order of time.
    pub cells: Vec<Cell>,
}

/// How much of each kind, and how far the grid reaches.
#[derive(Debug, Default)]
pub struct Tally {
    /// Slots to be had.
    pub free: usize,
    /// Slots held.
    pub held: usize,
    /// Visits to come.
    pub booked: usize,
    /// The first hour of the grid.
    pub first_hour: usize,
    /// Its hours.
    pub hours: usize,
}

/// The days from `monday`, five or seven of them, and the tally.
#[must_use]
pub fn grid(monday: NaiveDate, today: NaiveDate, source: &Source<'_>) -> (Vec<Day>, Tally) {
    let days: Vec<(NaiveDate, Vec<Cell>)> = (0..7)
        .filter_map(|offset| monday.checked_add_days(Days::new(offset)))
        .map(|day| (day, cells(day, source)))
        .collect();
    let hour = |at: Timestamp| usize::try_from(at.with_timezone(&source.zone).hour()).unwrap_or(8);
    let ordinary = || days.iter().flat_map(|(_, cells)| cells).filter(|cell| cell.kind != "shut");
    let first_hour = ordinary().map(|cell| hour(cell.start)).min().unwrap_or(8).min(8);
    let last_hour = ordinary().map(|cell| hour(cell.end) + 1).max().unwrap_or(17).clamp(17, 24);
    let hours = last_hour.saturating_sub(first_hour);
    let of = |kind: &str| ordinary().filter(|cell| cell.kind == kind).count();
    let tally = Tally { free: of("free"), held: of("held"), booked: of("book"), first_hour, hours };
    let weekend = days.iter().skip(5).any(|(_, cells)| cells.iter().any(|cell| cell.kind != "shut"));
    let days = days.into_iter().take(if weekend { 7 } else { 5 });
    let days = days.map(|(day, mut cells)| {
        let rows: Vec<_> = cells.iter().map(|cell| rows(cell, day, source.zone, first_hour, hours)).collect();
        for (cell, own) in cells.iter_mut().zip(&rows) {
            // More than itself: it stands beside another.
            let beside = rows.iter().filter(|(start, end)| *start < own.1 && own.0 < *end).count() > 1;
            cell.place = format!("s{} n{}{}", own.0, own.1 - own.0, if beside { " half" } else { "" });
        }
        let of = |kind: &str| cells.iter().filter(|cell| cell.kind == kind).count();
        Day { day, today: day == today, free: of("free"), booked: of("book"), cells }
    });
    (days.collect(), tally)
}

/// At which row of the grid a stretch begins on this day, and before which it ends; what sticks out is cut.
fn rows(cell: &Cell, day: NaiveDate, zone: Tz, first_hour: usize, hours: usize) -> (i64, i64) {
    let rows = i64::try_from(hours * 4).unwrap_or(36);
    let top = i64::try_from(first_hour * 4).unwrap_or(32);
    let row = |at: Timestamp| {
        let local = at.with_timezone(&zone);
        let quarter = i64::from(local.hour()) * 4 + i64::from(local.minute()) / QUARTER;
        match local.date_naive().cmp(&day) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => (quarter - top).clamp(0, rows),
            std::cmp::Ordering::Greater => rows,
        }
    };
    let start = row(cell.start).min(rows - 1);
    let span = (row(cell.end) - start).clamp(1, LONGEST);
    (start, start + span)
}

fn cells(day: NaiveDate, source: &Source<'_>) -> Vec<Cell> {
    let (from, until) = (day_begins(source.zone, day), day_begins(source.zone, day + Days::new(1)));
    let on = |start: Timestamp, end: Timestamp| start < until && end > from;
    let visits = source.visits.iter().filter(|one| on(one.start_time, one.end_time)).map(|one| visit(one, source));
    let slots = source.slots.iter().filter(|one| on(one.start_time, one.end_time)).filter_map(|one| slot(one, source));
    let leave = source.leave.iter().filter(|one| on(one.starts_at, one.ends_at)).map(|one| away(one, from, source));
    let offers = source.offers.iter().filter(|one| on(one.start, one.end)).map(|one| offer(one, source));
    let mut cells: Vec<Cell> = visits.chain(slots).chain(leave).chain(offers).collect();
    cells.sort_by_key(|cell| (cell.start, cell.end));
    cells
}

fn cell(kind: &'static str, start: Timestamp, end: Timestamp, source: &Source<'_>) -> Cell {
    Cell {
        kind,
        place: String::new(),
        href: None,
        time: format::clock(start, source.zone),
        icon: None,
        who: None,
        words: String::new(),
        start,
        end,
    }
}

fn visit(visit: &VisitRow, source: &Source<'_>) -> Cell {
    let kind = if visit.status.is_open() { "book" } else { "done" };
    let state = match visit.status {
        VisitStatus::Planned => None,
        other => Some(other.label()),
    };
    let reason = (!visit.reason_text.is_empty()).then_some(visit.reason_text.as_str());
    let extra =
        if visit.overbook_reason.is_some() && visit.waiting_number.is_none() { Some("overbooked") } else { None };
    let words: Vec<&str> = [state, extra, reason].into_iter().flatten().collect();
    Cell {
        href: Some(format!("/visits/{}", visit.id)),
        icon: Some(visit.mode.icon()),
        who: Some(if visit.is_group { format!("Group of {}", visit.people) } else { visit.short_name() }),
        words: words.join(", "),
        ..cell(kind, visit.start_time, visit.end_time, source)
    }
}

fn slot(slot: &SlotRow, source: &Source<'_>) -> Option<Cell> {
    let (kind, words) = match slot.status {
        SlotStatus::Held if slot.lapsed => return None,
        SlotStatus::Held => {
            let until = slot.held_until.map(|until| format::short_stamp(until, source.now, source.zone));
            ("held", format!("Held to {}", until.unwrap_or_default()))
        }
        SlotStatus::Blocked => ("shut", format!("Blocked: {}", slot.note.as_deref().unwrap_or("no reason given"))),
        // The visit says it.
        SlotStatus::Booked | SlotStatus::Free => return None,
    };
    Some(Cell {
        href: Some(format!("/slots/{}", slot.id)),
        icon: (kind == "held").then(|| slot.mode.icon()),
        who: slot.offered_to.as_deref().map(str::to_uppercase),
        words,
        ..cell(kind, slot.start_time, slot.end_time, source)
    })
}

fn away(leave: &LeaveRow, from: Timestamp, source: &Source<'_>) -> Cell {
    let words = leave.note.as_deref().map_or_else(|| "Away".to_owned(), |note| format!("Away: {note}"));
    Cell { words, ..cell("shut", leave.starts_at.max(from), leave.ends_at, source) }
}

fn offer(offer: &Offer, source: &Source<'_>) -> Cell {
    let minutes = (offer.end - offer.start).num_minutes();
    let words = if minutes == 30 { "Free".to_owned() } else { format!("Free, {minutes} min") };
    let href = format!("/slots?at={}", crate::visits::handlers::offer_name(offer));
    let mode: Mode = offer.mode;
    Cell {
        href: source.books.then_some(href),
        icon: Some(mode.icon()),
        words,
        ..cell("free", offer.start, offer.end, source)
    }
}
