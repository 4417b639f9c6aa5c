//! `GET /schedule`: the week of one person, the day of everybody, the month with its load.

use chrono::{Datelike as _, Days, NaiveDate, TimeDelta};
use serde::Deserialize;
use uuid::Uuid;

use super::{chosen, day, free, places, saw};
use crate::access::Permission;
use crate::db::Tx;
use crate::visits::derive::day_begins;
use crate::visits::model::Mode;
use crate::visits::pages::schedule::{DayPage, Frame, MonthDay, MonthPage, WeekPage};
use crate::visits::pages::week::{Source, grid};
use crate::visits::queries::people;
use crate::visits::queries::{requests, schedule as queries, slots, visits};
use crate::web::form::Query;
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

/// Requests shown beside the week.
const WAITING: i64 = 6;

/// Which part of whose schedule.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawSchedule {
    /// A day of the week or month.
    pub date: String,
    /// Whose.
    pub provider: String,
    /// `VIRTUAL` or `IN_PERSON`; empty for both.
    pub mode: String,
    /// `week`, `day` or `month`.
    pub layout: String,
}

/// `GET /schedule`
pub async fn show(ctx: Ctx, mut tx: Tx, Query(raw): Query<RawSchedule>) -> Page {
    let date = day(&ctx, &raw.date)?;
    let facilities = places(&ctx, &mut tx).await?;
    let providers = people::staff(&mut tx, &ctx.actor, &facilities).await?;
    let provider = chosen(&ctx, &providers, &raw.provider);
    let mode = Mode::from_name(&raw.mode);
    let frame = Frame::new(&ctx, date, &raw.layout, mode, provider, providers);
    match raw.layout.as_str() {
        "day" => day_list(ctx, tx, frame, &facilities).await,
        "month" => month(ctx, tx, frame).await,
        _ => week(ctx, tx, frame, &facilities).await,
    }
}

async fn week(ctx: Ctx, mut tx: Tx, frame: Frame, facilities: &[Uuid]) -> Page {
    let monday = frame.date - Days::new(frame.date.weekday().num_days_from_monday().into());
    let staff: Vec<Uuid> = frame.provider.iter().map(|provider| provider.id.uuid()).collect();
    let zone = ctx.actor.zone;
    let (from, until) = (day_begins(zone, monday), day_begins(zone, monday + Days::new(7)));
    let organization = ctx.actor.organization;
    let mut seen = visits::of_staff(&mut tx, organization, &staff, from, until).await?;
    let mut taken = slots::taken(&mut tx, organization, &staff, from, until).await?;
    let leave = queries::leave(&mut tx, organization, &staff, from, until).await?;
    let mut offers = free(&ctx, &mut tx, &staff, monday, 7).await?;
    if let Some(mode) = frame.mode {
        seen.retain(|visit| visit.mode == mode);
        taken.retain(|slot| slot.mode == mode);
        offers.retain(|offer| offer.mode == mode);
    }
    let waiting = if ctx.actor.may(Permission::ViewVisitRequests) {
        Some(requests::open(&mut tx, &ctx.actor, facilities, None, WAITING).await?)
    } else {
        None
    };
    let shown = seen.iter().map(|visit| visit.patient_id);
    let asking = waiting.iter().flatten().map(|request| request.patient_id);
    saw(&ctx, &mut tx, "visit", shown.chain(asking).collect::<Vec<_>>(), "schedule").await?;
    let shell = ctx.shell(&mut tx, "Schedule", Area::Schedule).await?;
    tx.commit().await?;
    let books = ctx.actor.may(Permission::BookVisits) || ctx.actor.may(Permission::BlockTime);
    let source = Source { visits: &seen, slots: &taken, leave: &leave, offers: &offers, zone, now: ctx.now(), books };
    let (days, tally) = grid(monday, ctx.today(), &source);
    let page = WeekPage { shell, frame, monday, days, tally, waiting, zone };
    ctx.page(&page, page.as_main())
}

async fn day_list(ctx: Ctx, mut tx: Tx, frame: Frame, facilities: &[Uuid]) -> Page {
    let zone = ctx.actor.zone;
    let (from, until) = (day_begins(zone, frame.date), day_begins(zone, frame.date + Days::new(1)));
    let mut rows = visits::at_facilities(&mut tx, &ctx.actor, facilities, from, until).await?;
    if let Some(mode) = frame.mode {
        rows.retain(|visit| visit.mode == mode);
    }
    if let Some(provider) = &frame.only {
        rows.retain(|visit| visit.staff_id == Some(*provider));
    }
    saw(&ctx, &mut tx, "visit", rows.iter().map(|visit| visit.patient_id), "day").await?;
    let shell = ctx.shell(&mut tx, "Schedule", Area::Schedule).await?;
    tx.commit().await?;
    let may_change = ctx.actor.may(Permission::CheckInVisits);
    let page = DayPage { shell, frame, rows, may_change, zone };
    ctx.page(&page, page.as_main())
}

async fn month(ctx: Ctx, mut tx: Tx, frame: Frame) -> Page {
    let first = frame.date.with_day(1).unwrap_or(frame.date);
    let next = first.checked_add_months(chrono::Months::new(1)).unwrap_or(first);
    let days = u64::try_from((next - first).num_days()).unwrap_or(31);
    let staff: Vec<Uuid> = frame.provider.iter().map(|provider| provider.id.uuid()).collect();
    let zone = ctx.actor.zone;
    let (from, until) = (day_begins(zone, first), day_begins(zone, next));
    let seen = visits::of_staff(&mut tx, ctx.actor.organization, &staff, from, until).await?;
    let offers = free(&ctx, &mut tx, &staff, first, days).await?;
    let shell = ctx.shell(&mut tx, "Schedule", Area::Schedule).await?;
    tx.commit().await?;
    let of = |day: NaiveDate| {
        let on = |at: crate::clock::Timestamp| at.with_timezone(&zone).date_naive() == day;
        let counts = |visit: &&visits::VisitRow| on(visit.start_time) && visit.status.counts();
        let minutes = |from, until| TimeDelta::num_minutes(&(until - from));
        MonthDay {
            day,
            today: day == ctx.today(),
            booked: seen.iter().filter(counts).count(),
            free: offers.iter().filter(|offer| on(offer.start)).count(),
            booked_minutes: seen.iter().filter(counts).map(|visit| minutes(visit.start_time, visit.end_time)).sum(),
            free_minutes: offers
                .iter()
                .filter(|offer| on(offer.start))
                .map(|offer| minutes(offer.start, offer.end))
                .sum(),
        }
    };
    let days = (0..days).map(|offset| of(first + Days::new(offset))).collect();
    let page = MonthPage { shell, frame, first, days };
    ctx.page(&page, page.as_main())
}
