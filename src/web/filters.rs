//! The formats of [`format`](super::format) as filters for templates.
//!
//! `use crate::web::filters;` beside the page structs, then `{{ patient.born|date }}` or
//! `{{ alert.raised_at|stamp(shell.zone) }}`. Each takes its value by any number of references.

#![expect(
    missing_docs,
    clippy::inline_always,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "askama::filter_fn turns each function into a type with undocumented methods of this kind"
)]

use std::fmt::Display;

use askama::{Result, Values};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::format;

/// A moment, however many references a template put around it.
pub trait Moment {
    /// The moment itself.
    fn moment(&self) -> DateTime<Utc>;
}

/// A calendar day, however many references a template put around it.
pub trait Day {
    /// The day itself.
    fn day(&self) -> NaiveDate;
}

/// A time zone, however many references a template put around it.
pub trait Zone {
    /// The zone itself.
    fn zone(&self) -> Tz;
}

impl Moment for DateTime<Utc> {
    fn moment(&self) -> DateTime<Utc> {
        *self
    }
}

impl Day for NaiveDate {
    fn day(&self) -> NaiveDate {
        *self
    }
}

impl Zone for Tz {
    fn zone(&self) -> Tz {
        *self
    }
}

impl<T: Moment + ?Sized> Moment for &T {
    fn moment(&self) -> DateTime<Utc> {
        (**self).moment()
    }
}

impl<T: Day + ?Sized> Day for &T {
    fn day(&self) -> NaiveDate {
        (**self).day()
    }
}

impl<T: Zone + ?Sized> Zone for &T {
    fn zone(&self) -> Tz {
        (**self).zone()
    }
}

/// `14-Jul-1958`, from a date.
#[askama::filter_fn]
pub fn date(day: impl Day, _: &dyn Values) -> Result<String> {
    Ok(format::date(day.day()))
}

/// `24-Nov`, from a date.
#[askama::filter_fn]
pub fn day_month(day: impl Day, _: &dyn Values) -> Result<String> {
    Ok(format::day_month(day.day()))
}

/// `Wednesday 25 November`, from a date and today's.
#[askama::filter_fn]
pub fn date_in_words<D: Day>(day: impl Day, _: &dyn Values, today: D) -> Result<String> {
    Ok(format::date_in_words(day.day(), today.day()))
}

/// `24-Nov-2026`, from a moment.
#[askama::filter_fn]
pub fn day<Z: Zone>(at: impl Moment, _: &dyn Values, zone: Z) -> Result<String> {
    Ok(format::day(at.moment(), zone.zone()))
}

/// `Saturday 21 November`, the day it was in that zone, for patients.
#[askama::filter_fn]
pub fn day_in_words<M: Moment, Z: Zone>(at: impl Moment, _: &dyn Values, now: M, zone: Z) -> Result<String> {
    Ok(format::day_in_words(at.moment(), now.moment(), zone.zone()))
}

/// `Saturday 21 November, 06:22`, for patients.
#[askama::filter_fn]
pub fn stamp_in_words<M: Moment, Z: Zone>(at: impl Moment, _: &dyn Values, now: M, zone: Z) -> Result<String> {
    Ok(format::stamp_in_words(at.moment(), now.moment(), zone.zone()))
}

/// `09:38`
#[askama::filter_fn]
pub fn clock<Z: Zone>(at: impl Moment, _: &dyn Values, zone: Z) -> Result<String> {
    Ok(format::clock(at.moment(), zone.zone()))
}

/// `24-Nov-2026 09:38`
#[askama::filter_fn]
pub fn stamp<Z: Zone>(at: impl Moment, _: &dyn Values, zone: Z) -> Result<String> {
    Ok(format::stamp(at.moment(), zone.zone()))
}

/// `09:38`, `21-Nov 22:40` or `21-Nov-2025`, by how long ago it was.
#[askama::filter_fn]
pub fn short_stamp<M: Moment, Z: Zone>(at: impl Moment, _: &dyn Values, now: M, zone: Z) -> Result<String> {
    Ok(format::short_stamp(at.moment(), now.moment(), zone.zone()))
}

/// `4 min`
#[askama::filter_fn]
pub fn relative<M: Moment>(at: impl Moment, _: &dyn Values, now: M) -> Result<String> {
    Ok(format::relative(at.moment(), now.moment()))
}

/// `4 min ago`, `now`
#[askama::filter_fn]
pub fn ago<M: Moment>(at: impl Moment, _: &dyn Values, now: M) -> Result<String> {
    Ok(format::ago(at.moment(), now.moment()))
}

/// `2026-11-24T09:38:00Z`
#[askama::filter_fn]
pub fn machine(at: impl Moment, _: &dyn Values) -> Result<String> {
    Ok(format::machine(at.moment()))
}

/// `68y`, from a date of birth and the day of the question.
#[askama::filter_fn]
pub fn age<D: Day>(born: impl Day, _: &dyn Values, on: D) -> Result<String> {
    Ok(format::age(born.day(), on.day()))
}

/// `104 2331`
#[askama::filter_fn]
pub fn grouped(number: impl Display, _: &dyn Values) -> Result<String> {
    Ok(format::grouped(&number.to_string()))
}

/// `99+`
#[askama::filter_fn]
pub fn capped(count: impl Display, _: &dyn Values, #[optional(99)] cap: i64) -> Result<String> {
    let count = count.to_string();
    Ok(count.parse().map_or(count, |number| format::capped(number, cap)))
}

/// `12.4 mmol/L`
#[askama::filter_fn]
pub fn quantity<D: Display>(value: impl Display, _: &dyn Values, unit: D) -> Result<String> {
    Ok(format::quantity(&value.to_string(), &unit.to_string()))
}

/// A telephone number for `tel:` links.
#[askama::filter_fn]
pub fn dialled(phone: impl Display, _: &dyn Values) -> Result<String> {
    Ok(format::dialled(&phone.to_string()))
}

/// `212 kB`
#[askama::filter_fn]
pub fn file_size(bytes: u64, _: &dyn Values) -> Result<String> {
    Ok(format::file_size(bytes))
}

#[cfg(test)]
mod tests {
    use askama::Template;
    use chrono::{DateTime, NaiveDate, Utc};
    use chrono_tz::Tz;

    use super::super::filters;

    #[derive(Template)]
    #[template(
        ext = "html",
        source = r#"{{ born|date }} {{ born|age(today) }} {{ at|stamp(zone) }} {{ at|relative(now) }} {% for time in times %}{{ time|clock(zone) }}{% endfor %} {{ mrn|grouped }} {{ count|capped }} {{ 4|quantity("mg") }}"#
    )]
    struct Page<'a> {
        born: NaiveDate,
        today: NaiveDate,
        at: DateTime<Utc>,
        now: DateTime<Utc>,
        zone: Tz,
        times: &'a [DateTime<Utc>],
        mrn: String,
        count: i64,
    }

    #[test]
    fn filters_work_on_fields_loop_variables_and_literals() {
        let at: DateTime<Utc> = "2026-11-24T09:38:00Z".parse().expect("a time");
        let page = Page {
            born: NaiveDate::from_ymd_opt(1958, 7, 14).expect("a date"),
            today: at.date_naive(),
            at,
            now: at + chrono::TimeDelta::minutes(4),
            zone: Tz::Europe__London,
            times: &[at],
            mrn: "1042331".into(),
            count: 120,
        };
        assert_eq!(
            page.render().expect("a page"),
            "14-Jul-1958 68y 24-Nov-2026 09:38 4\u{a0}min 09:38 104\u{a0}2331 99+ 4\u{a0}mg"
        );
    }
}
