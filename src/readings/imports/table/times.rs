//! Days and times as tables have them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _};
use chrono_tz::Tz;

use crate::clock::Timestamp;

const MISSING: &str = "No time";
const ODD: &str = "A time that cannot be read: write it as 2026-11-24 08:30";
const TWO_WAYS: &str = "A day that can be read in two ways, such as 03/04/2026: write it as 2026-04-03";
const GONE: &str = "A time that there was not on that day: the clocks went forward";

/// Where only the day is known: noon. Most scales write no more than the day.
const NOON: NaiveTime = NaiveTime::from_hms_opt(12, 0, 0).expect("a time of day");

/// The longest cell that is read as a time. Longer ones are tried in as many ways as they have blanks.
const CELL_BYTES: usize = 64;

/// The moment that a line names; times without a zone are those of `zone`, or of Greenwich.
pub(super) fn moment(day: &str, time: &str, utc: bool, zone: Tz) -> Result<Timestamp, &'static str> {
    if day.is_empty() {
        return Err(MISSING);
    }
    if day.len().max(time.len()) > CELL_BYTES {
        return Err(ODD);
    }
    if let Ok(exact) = DateTime::parse_from_rfc3339(day) {
        return Ok(exact.to_utc());
    }
    if let Ok(exact) = DateTime::parse_from_str(day, "%Y-%m-%d %H:%M:%S %z") {
        return Ok(exact.to_utc());
    }
    let local = if time.is_empty() { whole(day)? } else { date(day)?.and_time(time_of_day(time).ok_or(ODD)?) };
    if utc {
        return Ok(local.and_utc());
    }
    zone.from_local_datetime(&local).earliest().map(|local| local.to_utc()).ok_or(GONE)
}

/// Day and time in one cell.
fn whole(text: &str) -> Result<NaiveDateTime, &'static str> {
    if let Ok(day) = date(text) {
        return Ok(day.and_time(NOON));
    }
    // The day may hold blanks too: the time begins after the first of them behind which there is one.
    let splits = text.match_indices([' ', 'T']).map(|(at, _)| (text[..at].trim_end_matches(','), &text[at + 1..]));
    let mut why = ODD;
    for (day, time) in splits {
        match (date(day), time_of_day(time)) {
            (Ok(day), Some(time)) => return Ok(day.and_time(time)),
            (Err(reason), Some(_)) => why = reason,
            _ => {}
        }
    }
    Err(why)
}

fn date(text: &str) -> Result<NaiveDate, &'static str> {
    let text = text.trim();
    for format in ["%Y-%m-%d", "%Y/%m/%d", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%b %d %Y"] {
        if let Ok(day) = NaiveDate::parse_from_str(text, format) {
            return Ok(day);
        }
    }
    let parts: Vec<&str> = text.split(['/', '.', '-']).collect();
    let digits = |part: &&str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() == 3 && parts.iter().all(digits) { Err(TWO_WAYS) } else { Err(ODD) }
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    ["%H:%M", "%H:%M:%S", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}
