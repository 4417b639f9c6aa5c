//! Slots derived from availability: wall clock in, moments out.
//!
//! An availability speaks of the clock on the wall of its facility. Decided once, for the days on which that clock is
//! changed:
//!
//! - A slot begins at a wall time. Where the clock jumps over that time (spring), there is no such slot.
//! - Where a wall time comes twice (autumn), the slot is at its first occurrence; the repeated hour offers nothing, so
//!   that no two slots of a day bear the same time.
//! - A slot lasts its minutes by a stopwatch, whatever the wall says at its end, and never reaches into the next one.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::model::Mode;
use crate::clock::Timestamp;
use crate::ids::{FacilityId, StaffId};

/// When somebody offers visits.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Whose time.
    pub staff: StaffId,
    /// Where.
    pub facility: FacilityId,
    /// The clock on its wall.
    pub zone: Tz,
    /// The day, for a single one.
    pub date: Option<NaiveDate>,
    /// The day of the week, 0 is Sunday, for every week.
    pub day_of_week: Option<i16>,
    /// From.
    pub start: NaiveTime,
    /// Until.
    pub end: NaiveTime,
    /// Where the patient is seen.
    pub mode: Mode,
    /// Room or place.
    pub location: Option<String>,
    /// Length of a slot.
    pub slot_minutes: i16,
    /// Pause after each.
    pub buffer_minutes: i16,
}

/// Time that can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Whose.
    pub staff: StaffId,
    /// Where.
    pub facility: FacilityId,
    /// From.
    pub start: Timestamp,
    /// Until.
    pub end: Timestamp,
    /// Where the patient is seen.
    pub mode: Mode,
    /// Room or place.
    pub location: Option<String>,
}

/// A stretch of time.
pub type Stretch = (Timestamp, Timestamp);

/// The moment of a wall time: the first of two, none where the clock jumps over it.
#[must_use]
pub fn moment(zone: Tz, day: NaiveDate, time: NaiveTime) -> Option<Timestamp> {
    match zone.from_local_datetime(&day.and_time(time)) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.with_timezone(&Utc)),
        LocalResult::None => None,
    }
}

/// The moment at which a day begins: its first, where midnight is jumped over.
#[must_use]
pub fn day_begins(zone: Tz, day: NaiveDate) -> Timestamp {
    let mut quarters = (0..96).filter_map(|quarter| NaiveTime::from_num_seconds_from_midnight_opt(quarter * 900, 0));
    let first = quarters.find_map(|time| moment(zone, day, time));
    first.unwrap_or_else(|| DateTime::from_naive_utc_and_offset(day.and_time(NaiveTime::MIN), Utc))
}

impl Rule {
    /// Whether it speaks of this day.
    #[must_use]
    pub fn covers(&self, day: NaiveDate) -> bool {
        let weekday = i16::try_from(day.weekday().num_days_from_sunday()).unwrap_or_default();
        self.date == Some(day) || self.day_of_week == Some(weekday)
    }

    /// What it offers on a day.
    #[must_use]
    pub fn offers(&self, day: NaiveDate) -> Vec<Offer> {
        if !self.covers(day) || self.slot_minutes < 1 {
            return Vec::new();
        }
        let (lasts, pause) = (minutes(self.slot_minutes), minutes(self.buffer_minutes.max(0)));
        let mut offers: Vec<Offer> = Vec::new();
        let mut wall = day.and_time(self.start);
        while wall + lasts <= day.and_time(self.end) {
            if let Some(start) = moment(self.zone, wall.date(), wall.time()) {
                let free_from = offers.last().map(|last| last.end + pause);
                if free_from.is_none_or(|free_from| free_from <= start) {
                    offers.push(self.offer(start, start + lasts));
                }
            }
            wall += lasts + pause;
        }
        offers
    }

    fn offer(&self, start: Timestamp, end: Timestamp) -> Offer {
        let (staff, facility, mode, location) = (self.staff, self.facility, self.mode, self.location.clone());
        Offer { staff, facility, start, end, mode, location }
    }
}

fn minutes(count: i16) -> TimeDelta {
    TimeDelta::minutes(count.into())
}

/// What `rules` offer on the days from `first`, `days` of them, that no stretch of `busy` touches; in order of time.
/// Where two rules of the same person overlap, the earlier offer stands; of two that begin together, the longer.
#[must_use]
pub fn free(rules: &[Rule], first: NaiveDate, days: u64, busy: &[(StaffId, Stretch)]) -> Vec<Offer> {
    let taken = Taken::new(busy);
    let mut offers: Vec<Offer> = (0..days)
        .filter_map(|day| first.checked_add_days(Days::new(day)))
        .flat_map(|day| rules.iter().flat_map(move |rule| rule.offers(day)))
        .filter(|offer| !taken.touches(offer))
        .collect();
    offers.sort_by_key(|offer| (offer.staff, offer.start, Reverse(offer.end)));
    let mut last: Option<(StaffId, Timestamp)> = None;
    offers.retain(|offer| {
        let clear = last.is_none_or(|(staff, end)| staff != offer.staff || end <= offer.start);
        if clear {
            last = Some((offer.staff, offer.end));
        }
        clear
    });
    offers.sort_by_key(|offer| (offer.start, offer.staff));
    offers
}

/// Everybody's taken time in order, what overlaps in one piece: two hundred people have fifty thousand offers in a fortnight and as
/// many stretches that are taken, too many to compare each with each.
struct Taken(HashMap<StaffId, Vec<Stretch>>);

impl Taken {
    fn new(busy: &[(StaffId, Stretch)]) -> Self {
        let mut sorted = busy.to_vec();
        sorted.sort_unstable();
        let mut taken: HashMap<StaffId, Vec<Stretch>> = HashMap::new();
        for (staff, (from, until)) in sorted {
            let theirs = taken.entry(staff).or_default();
            match theirs.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(until),
                _ => theirs.push((from, until)),
            }
        }
        Self(taken)
    }

    fn touches(&self, offer: &Offer) -> bool {
        let Some(theirs) = self.0.get(&offer.staff) else { return false };
        let next = theirs.partition_point(|(_, until)| *until <= offer.start);
        theirs.get(next).is_some_and(|(from, _)| *from < offer.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule(zone: Tz, start: u32, end: u32, slot: i16, buffer: i16) -> Rule {
        let time = |minute: u32| NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).expect("a time");
        Rule {
            staff: StaffId::NIL,
            facility: FacilityId::NIL,
            zone,
            date: None,
            day_of_week: Some(0),
            start: time(start),
            end: time(end),
            mode: Mode::InPerson,
            location: None,
            slot_minutes: slot,
            buffer_minutes: buffer,
        }
    }

    fn ymd(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a date")
    }

    fn walls(rule: &Rule, day: NaiveDate) -> Vec<String> {
        let wall = |offer: Offer| offer.start.with_timezone(&rule.zone).format("%H:%M").to_string();
        rule.offers(day).into_iter().map(wall).collect()
    }

    #[test]
    fn an_ordinary_sunday_is_cut_into_slots_with_pauses() {
        let rule = rule(Tz::Europe__London, 540, 660, 30, 10);
        assert_eq!(walls(&rule, ymd(2026, 11, 22)), ["09:00", "09:40", "10:20"]);
        assert!(rule.offers(ymd(2026, 11, 23)).is_empty(), "a Monday");
    }

    #[test]
    fn the_hour_that_is_jumped_over_offers_nothing() {
        let rule = rule(Tz::Europe__London, 0, 180, 30, 0);
        assert_eq!(walls(&rule, ymd(2026, 3, 29)), ["00:00", "00:30", "02:00", "02:30"]);
    }

    #[test]
    fn the_hour_that_comes_twice_is_offered_once() {
        let rule = rule(Tz::Europe__London, 0, 180, 30, 0);
        assert_eq!(walls(&rule, ymd(2026, 10, 25)), ["00:00", "00:30", "01:00", "01:30", "02:00", "02:30"]);
        let first = rule.offers(ymd(2026, 10, 25))[2].start;
        assert_eq!(first.to_rfc3339(), "2026-10-25T00:00:00+00:00", "01:00 of summer time");
    }

    #[test]
    fn a_long_slot_before_the_jump_does_not_reach_into_the_next() {
        let rule = rule(Tz::Europe__London, 30, 300, 90, 0);
        assert_eq!(walls(&rule, ymd(2026, 3, 29)), ["00:30", "03:30"]);
    }

    #[test]
    fn a_day_without_a_midnight_begins_later() {
        let day = ymd(2018, 11, 4);
        assert_eq!(day_begins(Tz::America__Sao_Paulo, day).to_rfc3339(), "2018-11-04T03:00:00+00:00");
    }

    #[test]
    fn what_is_taken_or_overlaps_is_not_offered() {
        let (long, short) = (rule(Tz::UTC, 540, 660, 60, 0), rule(Tz::UTC, 570, 660, 30, 0));
        let day = ymd(2026, 11, 22);
        let all = free(&[long.clone(), short], day, 1, &[]);
        assert_eq!(all.len(), 2, "the shorter ones lie within the longer: {all:?}");
        let busy = (all[0].start + TimeDelta::minutes(59), all[0].end + TimeDelta::minutes(1));
        assert!(free(&[long], day, 1, &[(StaffId::NIL, busy)]).is_empty());
    }

    proptest! {
        #[test]
        fn slots_of_any_day_in_any_zone_are_whole_apart_and_each_under_a_time_of_its_own(
            zone in 0..chrono_tz::TZ_VARIANTS.len(), day in 0..30_000i32, start in 0..1380u32, length in 5..900u32,
            slot in 5..240i16, buffer in 0..60i16,
        ) {
            let zone = chrono_tz::TZ_VARIANTS[zone];
            let day = NaiveDate::from_num_days_from_ce_opt(719_163 + day).expect("a date from 1970 on");
            let mut rule = rule(zone, start, (start + length).min(1439), slot, buffer);
            (rule.date, rule.day_of_week) = (Some(day), None);
            let offers = rule.offers(day);
            for offer in &offers {
                prop_assert_eq!(offer.end - offer.start, minutes(slot));
                let wall = offer.start.with_timezone(&zone);
                prop_assert_eq!(wall.date_naive(), day);
                let since = (wall.time() - rule.start).num_minutes();
                prop_assert_eq!(since % i64::from(slot + buffer), 0, "on the grid");
                prop_assert_eq!(moment(zone, day, wall.time()), Some(offer.start), "the first of two");
            }
            for pair in offers.windows(2) {
                prop_assert!(pair[0].end + minutes(buffer) <= pair[1].start);
                let wall = |offer: &Offer| offer.start.with_timezone(&zone).time();
                prop_assert!(wall(&pair[0]) < wall(&pair[1]));
            }
        }

        #[test]
        fn the_days_around_a_change_of_the_clock_lose_at_most_what_the_clock_loses(offset in -3..4i64, year in 2000..2037i32) {
            let sunday = (1..=7).map(|day| ymd(year, 4, day)).find(|day| day.weekday() == chrono::Weekday::Sun).expect("a Sunday");
            let day = sunday + TimeDelta::days(offset - 7);
            let mut rule = rule(Tz::Europe__Paris, 0, 1440 - 30, 30, 0);
            (rule.date, rule.day_of_week) = (Some(day), None);
            let count = rule.offers(day).len();
            prop_assert!(count == 47 || count == 45, "{day} {count}");
        }

        #[test]
        fn what_is_free_is_never_busy(from in 0..1440i64, length in 1..600i64) {
            let day = ymd(2026, 11, 22);
            let rule = rule(Tz::Europe__London, 480, 1080, 30, 0);
            let start = day_begins(Tz::Europe__London, day) + TimeDelta::minutes(from);
            let busy = (start, start + TimeDelta::minutes(length));
            for offer in free(&[rule], day, 1, &[(StaffId::NIL, busy)]) {
                prop_assert!(!(offer.start < busy.1 && busy.0 < offer.end));
            }
        }
    }
}
