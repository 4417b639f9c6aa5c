//! Dates as people type them, in three fields.

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use crate::web::form::FormErrors;

/// Nobody alive was born before this year, and no record of ours is older.
const FIRST_YEAR: i32 = 1900;

/// The three fields of a date, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct DateParts {
    /// `14`
    pub day: String,
    /// `7`, `07`, `Jul` or `July`
    pub month: String,
    /// `1958`
    pub year: String,
}

/// What a date may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Today or before: births, deaths, onsets.
    Past,
    /// Any day that makes sense: the end of a flag or of an insurance.
    Any,
}

impl DateParts {
    /// Three fields.
    #[must_use]
    pub fn new(day: &str, month: &str, year: &str) -> Self {
        Self { day: day.to_owned(), month: month.to_owned(), year: year.to_owned() }
    }

    /// A stored date, as the fields show it.
    #[must_use]
    pub fn of(date: Option<NaiveDate>) -> Self {
        date.map(|date| Self::new(&date.day().to_string(), &date.month().to_string(), &date.year().to_string()))
            .unwrap_or_default()
    }

    /// Whether nothing was typed.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        [&self.day, &self.month, &self.year].iter().all(|part| part.trim().is_empty())
    }

    /// The date, none where nothing was typed, or what is wrong with it in words for beside the field.
    ///
    /// # Errors
    /// Where the fields name no day, or one outside `span`.
    pub fn parse(&self, today: NaiveDate, span: Span) -> Result<Option<NaiveDate>, &'static str> {
        if self.is_blank() {
            return Ok(None);
        }
        let part = |text: &str| text.trim().parse::<u32>().ok().filter(|_| text.trim().len() <= 4);
        let day = part(&self.day).ok_or("Enter the day as a number, like 14")?;
        let month = month_number(self.month.trim()).ok_or("Enter the month as a number, like 7, or its name")?;
        if self.year.trim().len() != 4 {
            return Err("Enter the year with four digits, like 1958");
        }
        let year = part(&self.year)
            .and_then(|year| i32::try_from(year).ok())
            .ok_or("Enter the year with four digits, like 1958")?;
        let date =
            NaiveDate::from_ymd_opt(year, month, day).ok_or("There is no such day. Check the day and the month")?;
        within(date, today, span).map(Some)
    }

    /// The same, with the message put beside `field`.
    pub fn read(
        &self,
        errors: &mut FormErrors,
        field: &'static str,
        today: NaiveDate,
        span: Span,
    ) -> Option<NaiveDate> {
        self.parse(today, span).unwrap_or_else(|message| {
            errors.add(field, message);
            None
        })
    }
}

fn within(date: NaiveDate, today: NaiveDate, span: Span) -> Result<NaiveDate, &'static str> {
    if date.year() < FIRST_YEAR {
        return Err("Enter a date in 1900 or later");
    }
    match span {
        Span::Past if date > today => Err("Enter today’s date or an earlier one"),
        Span::Any if date.year() > today.year() + 100 => Err("Enter a date less than a hundred years from now"),
        Span::Past | Span::Any => Ok(date),
    }
}

fn month_number(text: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    if let Ok(number) = text.parse::<u32>() {
        return (text.len() <= 2).then_some(number);
    }
    let name = text.trim_end_matches('.').to_lowercase();
    let found = NAMES.iter().position(|month| {
        name.len() >= 3
            && (*month == name || month.get(..3) == Some(&name) || (name == "sept" && *month == "september"))
    })?;
    u32::try_from(found + 1).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    const fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 24).unwrap()
    }

    #[test]
    fn a_date_is_read_as_people_write_it() {
        for month in ["7", "07", "Jul", "july", "JUL."] {
            let parts = DateParts::new(" 14", month, "1958 ");
            assert_eq!(parts.parse(today(), Span::Past), Ok(Some(day(1958, 7, 14))), "{month}");
        }
        assert_eq!(DateParts::new("1", "sept", "2001").parse(today(), Span::Past), Ok(Some(day(2001, 9, 1))));
        assert_eq!(DateParts::default().parse(today(), Span::Past), Ok(None));
        assert_eq!(DateParts::new("24", "11", "2026").parse(today(), Span::Past), Ok(Some(today())));
        assert_eq!(DateParts::new("29", "2", "2024").parse(today(), Span::Past), Ok(Some(day(2024, 2, 29))));
    }

    #[test]
    fn a_date_that_cannot_be_is_refused_in_words() {
        for (parts, words) in [
            (["31", "2", "1958"], "no such day"),
            (["29", "2", "2023"], "no such day"),
            (["14", "13", "1958"], "no such day"),
            (["0", "1", "1958"], "no such day"),
            (["14", "7", "58"], "four digits"),
            (["14", "7", "1899"], "1900 or later"),
            (["25", "11", "2026"], "today’s date or an earlier"),
            (["x", "7", "1958"], "day as a number"),
            (["14", "Ju", "1958"], "month as a number"),
            (["14", "", "1958"], "month as a number"),
            (["-1", "7", "1958"], "day as a number"),
            (["14", "7", "+958"], "1900 or later"),
        ] {
            let error = DateParts::new(parts[0], parts[1], parts[2]).parse(today(), Span::Past).unwrap_err();
            assert!(error.contains(words), "{parts:?}: {error}");
        }
        assert!(DateParts::new("25", "11", "2026").parse(today(), Span::Any).is_ok());
        assert!(DateParts::new("25", "11", "2226").parse(today(), Span::Any).is_err());
    }

    proptest! {
        #[test]
        fn a_stored_date_comes_back_from_its_fields(days in 0i64..46_000) {
            let date = day(1900, 1, 1) + chrono::Duration::days(days);
            prop_assume!(date <= today());
            prop_assert_eq!(DateParts::of(Some(date)).parse(today(), Span::Past), Ok(Some(date)));
        }

        #[test]
        fn nothing_typed_breaks_it(day in "\\PC{0,6}", month in "\\PC{0,12}", year in "\\PC{0,6}") {
            let _ = DateParts::new(&day, &month, &year).parse(today(), Span::Any);
        }
    }
}
