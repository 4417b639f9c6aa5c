//! iCalendar (RFC 5545), as far as a visit needs it. Written here: what crates there are bring more types than this
//! has lines.

use std::fmt::Write as _;

use crate::clock::Timestamp;
use crate::ids::VisitId;

/// The longest line, in octets without the line break.
const LINE_OCTETS: usize = 75;

/// What a calendar is told of one visit.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which: its UID stays the same for ever.
    pub id: VisitId,
    /// Counts what calendars must be told of.
    pub sequence: i32,
    /// From.
    pub start: Timestamp,
    /// Until.
    pub end: Timestamp,
    /// Whether it does not take place.
    pub cancelled: bool,
    /// One line. For staff never a name.
    pub summary: String,
    /// Where.
    pub location: String,
    /// More words.
    pub description: String,
    /// The page of the visit.
    pub url: Option<String>,
}

/// A calendar of `entries`, made at `now`. `method`: `PUBLISH` for a feed, `REQUEST` or `CANCEL` for one visit.
#[must_use]
pub fn calendar(method: &str, entries: &[Entry], now: Timestamp) -> String {
    let mut text = String::new();
    for words in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Almoner//Visits//EN", "CALSCALE:GREGORIAN"] {
        line(&mut text, words);
    }
    line(&mut text, &format!("METHOD:{method}"));
    for entry in entries {
        event(&mut text, entry, now);
    }
    line(&mut text, "END:VCALENDAR");
    text
}

fn event(text: &mut String, entry: &Entry, now: Timestamp) {
    let at = |at: Timestamp| at.format("%Y%m%dT%H%M%SZ");
    line(text, "BEGIN:VEVENT");
    line(text, &format!("UID:{}@almoner", entry.id));
    line(text, &format!("SEQUENCE:{}", entry.sequence));
    line(text, &format!("DTSTAMP:{}", at(now)));
    line(text, &format!("DTSTART:{}", at(entry.start)));
    line(text, &format!("DTEND:{}", at(entry.end)));
    line(text, &format!("STATUS:{}", if entry.cancelled { "CANCELLED" } else { "CONFIRMED" }));
    line(text, &format!("SUMMARY:{}", escaped(&entry.summary)));
    line(text, &format!("LOCATION:{}", escaped(&entry.location)));
    if !entry.description.is_empty() {
        line(text, &format!("DESCRIPTION:{}", escaped(&entry.description)));
    }
    if let Some(url) = &entry.url {
        line(text, &format!("URL:{url}"));
    }
    line(text, "END:VEVENT");
}

/// Text in which nothing ends the value or the line.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => {
                let _ = write!(safe, "\\{letter}");
            }
            '\n' => safe.push_str("\\n"),
            control if control.is_control() => {}
            other => safe.push(other),
        }
    }
    safe
}

/// A line, folded so that none is longer than a reader must bear.
fn line(text: &mut String, words: &str) {
    let mut octets = 0;
    for letter in words.chars() {
        if octets + letter.len_utf8() > LINE_OCTETS {
            text.push_str("\r\n ");
            octets = 1;
        }
        text.push(letter);
        octets += letter.len_utf8();
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(summary: &str) -> Entry {
        let start: Timestamp = "2026-11-25T10:30:00Z".parse().expect("a time");
        Entry {
            id: VisitId::NIL,
            sequence: 2,
            start,
            end: start + chrono::TimeDelta::minutes(45),
            cancelled: true,
            summary: summary.to_owned(),
            location: "Room 1, first floor".to_owned(),
            description: String::new(),
            url: None,
        }
    }

    #[test]
    fn a_cancelled_visit_says_so_under_its_own_number() {
        let text = calendar("CANCEL", &[entry("Visit")], entry("").start);
        for expected in [
            "METHOD:CANCEL\r\n",
            "UID:00000000-0000-0000-0000-000000000000@almoner\r\n",
            "SEQUENCE:2\r\n",
            "DTSTART:20261125T103000Z\r\n",
            "DTEND:20261125T111500Z\r\n",
            "STATUS:CANCELLED\r\n",
            "LOCATION:Room 1\\, first floor\r\n",
        ] {
            assert!(text.contains(expected), "{expected} {text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_out_of_its_line(summary in ".{0,200}") {
            let text = calendar("REQUEST", &[entry(&summary)], entry("").start);
            let unfolded = text.replace("\r\n ", "");
            prop_assert_eq!(unfolded.matches("\r\n").count(), 16);
            prop_assert!(text.split("\r\n").all(|line| line.len() <= LINE_OCTETS));
        }
    }
}
