//! Which part of a file is asked for (RFC 9110, section 14).

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// These bytes.
    Some(Range<u64>),
    /// Nothing: the file has no such bytes.
    None,
}

/// Reads the headers `Range` and `If-Range` for a file of `size` bytes whose validator is `etag`. One range only, as
/// downloads ask when they resume; what cannot be read is ignored, as the standard wants it.
#[must_use]
pub fn wanted(headers: &HeaderMap, size: u64, etag: &str) -> Part {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let Some(range) = text(header::RANGE) else { return Part::Whole };
    if text(header::IF_RANGE).is_some_and(|validator| validator != etag) {
        return Part::Whole;
    }
    parse(range, size)
}

fn parse(range: &str, size: u64) -> Part {
    let Some((from, to)) = range.strip_prefix("bytes=").and_then(|list| list.split_once('-')) else {
        return Part::Whole;
    };
    let number =
        |text: &str| text.trim().parse::<u64>().ok().filter(|_| text.trim().bytes().all(|b| b.is_ascii_digit()));
    match (from.trim().is_empty(), to.trim().is_empty()) {
        (true, true) => Part::Whole,
        (true, false) => match number(to) {
            Some(0) => Part::None,
            Some(last) => Part::Some(size.saturating_sub(last)..size),
            None => Part::Whole,
        },
        (false, open) => match (number(from), number(to)) {
            (Some(from), _) if from >= size => Part::None,
            (Some(from), None) if open => Part::Some(from..size),
            (Some(from), Some(to)) if to >= from => Part::Some(from..to.saturating_add(1).min(size)),
            _ => Part::Whole,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_and_nonsense_is_ignored() {
        for (range, expected) in [
            ("bytes=0-", Part::Some(0..1000)),
            ("bytes=0-0", Part::Some(0..1)),
            ("bytes=10-19", Part::Some(10..20)),
            ("bytes=990-2000", Part::Some(990..1000)),
            ("bytes=-10", Part::Some(990..1000)),
            ("bytes=-2000", Part::Some(0..1000)),
            ("bytes=0-18446744073709551615", Part::Some(0..1000)),
            ("bytes=1000-", Part::None),
            ("bytes=-0", Part::None),
            ("bytes=9-1", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("bytes=99999999999999999999-", Part::Whole),
            ("chunks=0-1", Part::Whole),
        ] {
            assert_eq!(parse(range, 1000), expected, "{range}");
        }
    }

    #[test]
    fn a_part_of_another_version_is_not_sent() {
        let headers = |if_range: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, "bytes=5-".parse().unwrap());
            headers.insert(header::IF_RANGE, if_range.parse().unwrap());
            headers
        };
        assert_eq!(wanted(&headers("\"a\""), 10, "\"a\""), Part::Some(5..10));
        assert_eq!(wanted(&headers("\"b\""), 10, "\"a\""), Part::Whole);
    }
}
