//! How dates, times, names and numbers are written, everywhere the same.
//!
//! Staff read `24-Nov-2026 09:38` in the zone of the clinic; patients read words. A number never parts from its unit
//! (no-break spaces), and a relative time always has the absolute one beside it.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

/// Keeps two words on one line.
pub const NO_BREAK: char = '\u{a0}';

/// `14-Jul-1958`
pub fn date(day: NaiveDate) -> String {
    day.format("%d-%b-%Y").to_string()
}

/// `24-Nov`
pub fn day_month(day: NaiveDate) -> String {
    day.format("%d-%b").to_string()
}

/// `Wednesday 25 November`, with the year when it is not the reader's own.
pub fn date_in_words(day: NaiveDate, today: NaiveDate) -> String {
    let year = if day.year() == today.year() { "" } else { " %Y" };
    day.format(&format!("%A %-d %B{year}")).to_string()
}

/// `Saturday 21 November`, the day it was in that zone, for patients.
pub fn day_in_words(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    date_in_words(at.with_timezone(&zone).date_naive(), now.with_timezone(&zone).date_naive())
}

/// `Saturday 21 November, 06:22`, for patients.
pub fn stamp_in_words(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    format!("{}, {}", day_in_words(at, now, zone), clock(at, zone))
}

/// `09:38`
pub fn clock(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%H:%M").to_string()
}

/// `24-Nov-2026 09:38`
pub fn stamp(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%d-%b-%Y %H:%M").to_string()
}

/// `24-Nov-2026`, the day it was in that zone.
pub fn day(at: DateTime<Utc>, zone: Tz) -> String {
    date(at.with_timezone(&zone).date_naive())
}

/// `2026-11-24T09:38:00Z`, for the `datetime` attribute.
pub fn machine(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `4 min`, `3 h`, `2 d`; `in 3 h` for what is to come; `now` within half a minute.
///
/// The script in the browser writes the same words when it refreshes them.
pub fn relative(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let gap = now - at;
    let minutes = (gap.abs() + TimeDelta::seconds(30)).num_minutes();
    let amount = match minutes {
        0 => return "now".to_owned(),
        1..=59 => format!("{minutes}{NO_BREAK}min"),
        60..=1439 => format!("{}{NO_BREAK}h", minutes / 60),
        _ => format!("{}{NO_BREAK}d", minutes / 1440),
    };
    if gap < TimeDelta::zero() { format!("in{NO_BREAK}{amount}") } else { amount }
}

/// `4 min ago`, `now`, for the middle of a sentence.
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match relative(at, now) {
        amount if amount == "now" || at > now => amount,
        amount => format!("{amount} ago"),
    }
}

/// The absolute half of a time in a list: `09:38` within a day, `21-Nov 22:40` within a year, else `21-Nov-2025`.
pub fn short_stamp(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    let pattern = match (now - at).abs() {
        gap if gap < TimeDelta::hours(24) => "%H:%M",
        gap if gap < TimeDelta::days(300) => "%d-%b %H:%M",
        _ => "%d-%b-%Y",
    };
    local.format(pattern).to_string()
}

/// Age as clinicians say it: days up to four weeks or so, months up to two years, then years: `12d`, `23m`, `68y`.
/// Empty for a date of birth that is still to come.
pub fn age(born: NaiveDate, on: NaiveDate) -> String {
    let months = months_between(born, on);
    match (on - born).num_days() {
        ..0 => String::new(),
        days if months < 1 => format!("{days}d"),
        _ if months < 24 => format!("{months}m"),
        _ => format!("{}y", months / 12),
    }
}

/// Whole months from `born` to `on`.
fn months_between(born: NaiveDate, on: NaiveDate) -> i32 {
    let month = |day: NaiveDate| day.year() * 12 + day.month0().cast_signed();
    let months = month(on) - month(born);
    if on.day() < born.day() { months - 1 } else { months }
}

/// `OKAFOR, Adaeze (Ms)`
pub fn person(family: &str, given: &str, title: Option<&str>) -> String {
    let mut name = family.trim().to_uppercase();
    let given = given.trim();
    if !given.is_empty() {
        if !name.is_empty() {
            name.push_str(", ");
        }
        name.push_str(given);
    }
    match title.map(str::trim).filter(|title| !title.is_empty()) {
        Some(title) => format!("{name} ({title})"),
        None => name,
    }
}

/// `AO` for Adaeze OKAFOR.
pub fn initials(given: &str, family: &str) -> String {
    let first = |name: &str| name.chars().find(|letter| letter.is_alphabetic());
    first(given).into_iter().chain(first(family)).flat_map(char::to_uppercase).collect()
}

/// Groups the digits of a record number so that they can be read aloud: `104 2331`, `943 476 5919`.
/// Anything but four to twelve digits is left as it is.
pub fn grouped(number: &str) -> String {
    let digits = number.len();
    if !(5..=12).contains(&digits) || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut grouped = String::with_capacity(digits + 4);
    for (place, digit) in number.chars().enumerate() {
        let left = digits - place;
        if place > 0 && (left == 4 || (left > 4 && (left - 4).is_multiple_of(3))) {
            grouped.push(NO_BREAK);
        }
        grouped.push(digit);
    }
    grouped
}

/// A count that stops at a cap, `99+`: nobody acts on the difference between 4,012 and 4,013.
pub fn capped(count: i64, cap: i64) -> String {
    if count > cap { format!("{cap}+") } else { count.to_string() }
}

/// `12.4 mmol/L`, never parted by a line break.
pub fn quantity(value: &str, unit: &str) -> String {
    let unit = unit.replace(' ', "\u{a0}");
    if unit.is_empty() { value.to_owned() } else { format!("{value}{NO_BREAK}{unit}") }
}

/// A number without trailing zeros: `12.4`, `7`, `0.25`; at most `places` decimals.
pub fn number(value: f64, places: usize) -> String {
    let mut text = format!("{value:.places$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if text == "-0" { "0".to_owned() } else { text }
}

/// A telephone number for `tel:` links.
pub fn dialled(phone: &str) -> String {
    phone.chars().filter(|letter| letter.is_ascii_digit() || *letter == '+').collect()
}

/// `212 kB`, `1.4 MB`.
pub fn file_size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes}{NO_BREAK}B"),
        1_000..1_000_000 => format!("{}{NO_BREAK}kB", bytes.div_ceil(1_000)),
        _ => {
            let tenths = bytes.div_ceil(100_000);
            format!("{}.{}{NO_BREAK}MB", tenths / 10, tenths % 10).replace(".0", "")
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn at(hour: u32, minute: u32, second: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 24, hour, minute, second).single().expect("a time")
    }

    fn ymd(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).expect("a date")
    }

    #[test]
    fn dates_have_the_clinical_format() {
        assert_eq!(date(ymd(1958, 7, 14)), "14-Jul-1958");
        assert_eq!(day_month(ymd(2026, 11, 4)), "04-Nov");
    }

    #[test]
    fn patients_read_words() {
        assert_eq!(date_in_words(ymd(2026, 11, 25), ymd(2026, 1, 1)), "Wednesday 25 November");
        assert_eq!(date_in_words(ymd(2027, 1, 5), ymd(2026, 1, 1)), "Tuesday 5 January 2027");
    }

    #[test]
    fn times_are_shown_in_the_zone_of_the_clinic() {
        assert_eq!(clock(at(9, 38, 0), Tz::Europe__London), "09:38");
        assert_eq!(stamp(at(23, 38, 0), Tz::Europe__Madrid), "25-Nov-2026 00:38");
        assert_eq!(day(at(3, 0, 0), Tz::America__New_York), "23-Nov-2026");
        assert_eq!(machine(at(9, 38, 5)), "2026-11-24T09:38:05Z");
    }

    #[test]
    fn summer_time_is_the_zones_matter() {
        let july = Utc.with_ymd_and_hms(2026, 7, 1, 9, 0, 0).single().expect("a time");
        assert_eq!(clock(july, Tz::Europe__London), "10:00");
    }

    #[test]
    fn relative_times_are_short() {
        let now = at(12, 0, 0);
        assert_eq!(relative(at(11, 59, 40), now), "now");
        assert_eq!(relative(at(11, 56, 0), now), "4\u{a0}min");
        assert_eq!(relative(at(11, 0, 10), now), "1\u{a0}h");
        assert_eq!(relative(at(9, 1, 0), now), "2\u{a0}h");
        assert_eq!(relative(now - TimeDelta::days(3), now), "3\u{a0}d");
        assert_eq!(relative(at(15, 0, 0), now), "in\u{a0}3\u{a0}h");
        assert_eq!(ago(at(11, 59, 40), now), "now");
        assert_eq!(ago(at(11, 56, 0), now), "4\u{a0}min ago");
    }

    #[test]
    fn patients_read_days_in_words() {
        let (early, now, zone) = (at(3, 5, 0), at(12, 0, 0), Tz::UTC);
        let day = early.format("%A %-d %B").to_string();
        assert_eq!(day_in_words(early, now, zone), day);
        assert_eq!(stamp_in_words(early, now, zone), format!("{day}, 03:05"));
        let before = now - TimeDelta::days(400);
        assert_eq!(day_in_words(before, now, zone), before.format("%A %-d %B %Y").to_string());
    }

    #[test]
    fn the_absolute_half_says_as_much_as_is_needed() {
        let (now, zone) = (at(12, 0, 0), Tz::Europe__London);
        assert_eq!(short_stamp(at(9, 38, 0), now, zone), "09:38");
        assert_eq!(short_stamp(now - TimeDelta::hours(40), now, zone), "22-Nov 20:00");
        assert_eq!(short_stamp(now - TimeDelta::days(400), now, zone), "20-Oct-2025");
    }

    #[test]
    fn ages_count_days_then_months_then_years() {
        let on = ymd(2026, 11, 24);
        assert_eq!(age(ymd(2026, 11, 24), on), "0d");
        assert_eq!(age(ymd(2026, 10, 25), on), "30d");
        assert_eq!(age(ymd(2026, 10, 24), on), "1m");
        assert_eq!(age(ymd(2024, 11, 25), on), "23m");
        assert_eq!(age(ymd(2024, 11, 24), on), "2y");
        assert_eq!(age(ymd(1958, 7, 14), on), "68y");
        assert_eq!(age(ymd(1958, 12, 14), on), "67y");
        assert_eq!(age(ymd(2027, 1, 1), on), "");
    }

    #[test]
    fn somebody_born_on_a_leap_day_ages_on_the_first_of_march() {
        assert_eq!(age(ymd(2000, 2, 29), ymd(2026, 2, 28)), "25y");
        assert_eq!(age(ymd(2000, 2, 29), ymd(2026, 3, 1)), "26y");
    }

    #[test]
    fn family_names_come_first_and_in_capitals() {
        assert_eq!(person("Okafor", "Adaeze", Some("Ms")), "OKAFOR, Adaeze (Ms)");
        assert_eq!(person("szymańska", "Łucja", None), "SZYMAŃSKA, Łucja");
        assert_eq!(person("Bono", " ", Some(" ")), "BONO");
        assert_eq!(person("", "Cher", None), "Cher");
    }

    #[test]
    fn initials_cope_with_marks_and_missing_names() {
        assert_eq!(initials("Adaeze", "Okafor"), "AO");
        assert_eq!(initials("łucja", "’t Hart"), "ŁT");
        assert_eq!(initials("", "Bono"), "B");
    }

    #[test]
    fn record_numbers_are_grouped_for_reading_aloud() {
        assert_eq!(grouped("1042331"), "104\u{a0}2331");
        assert_eq!(grouped("9434765919"), "943\u{a0}476\u{a0}5919");
        assert_eq!(grouped("12345678"), "1\u{a0}234\u{a0}5678");
        assert_eq!(grouped("A-104"), "A-104");
        assert_eq!(grouped("2331"), "2331");
    }

    #[test]
    fn numbers_keep_their_unit_and_lose_idle_zeros() {
        assert_eq!(quantity("12.4", "mmol/L"), "12.4\u{a0}mmol/L");
        assert_eq!(quantity("5", "mg per day"), "5\u{a0}mg\u{a0}per\u{a0}day");
        assert_eq!(number(12.40, 2), "12.4");
        assert_eq!(number(7.0, 1), "7");
        assert_eq!(number(-0.01, 1), "0");
        assert_eq!(number(100.0, 0), "100");
    }

    #[test]
    fn counts_sizes_and_telephones() {
        assert_eq!((capped(99, 99), capped(100, 99)), ("99".into(), "99+".into()));
        assert_eq!((file_size(800), file_size(211_400)), ("800\u{a0}B".into(), "212\u{a0}kB".into()));
        assert_eq!((file_size(1_390_000), file_size(2_000_000)), ("1.4\u{a0}MB".into(), "2\u{a0}MB".into()));
        assert_eq!(dialled("+44 (0)20 7946-0472"), "+4402079460472");
    }

    proptest! {
        #[test]
        fn grouping_loses_no_digit(number in "[0-9]{0,14}") {
            prop_assert_eq!(grouped(&number).replace(NO_BREAK, ""), number);
        }

        #[test]
        fn any_two_dates_have_an_age(born in 0..80_000i32, on in 0..80_000i32) {
            let day = |days| NaiveDate::from_num_days_from_ce_opt(700_000 + days).expect("a date");
            prop_assert_eq!(age(day(born), day(on)).is_empty(), born > on);
        }

        #[test]
        fn any_name_gives_a_name(family in ".{0,20}", given in ".{0,20}", title in proptest::option::of(".{0,5}")) {
            person(&family, &given, title.as_deref());
            prop_assert!(initials(&given, &family).chars().count() <= 6);
        }
    }
}
