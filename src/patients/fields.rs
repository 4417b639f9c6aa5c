//! Forms described as data, so that the same few templates show them, show them again with what is wrong, and show
//! both versions where somebody else was quicker.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

use super::dates::{DateParts, Span};
use crate::web::form::FormErrors;
use crate::web::ui::Choice;

/// What was typed, field by field. A date is three fields: `born_day`, `born_month`, `born_year`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Typed(BTreeMap<String, String>);

impl Typed {
    /// The field, empty where it was not sent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Puts a value where a field will show it.
    #[must_use]
    pub fn put(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Puts a value that may be absent.
    #[must_use]
    pub fn put_some(self, name: &str, value: Option<&str>) -> Self {
        self.put(name, value.unwrap_or_default())
    }

    /// Puts a date into its three fields.
    #[must_use]
    pub fn put_date(self, name: &str, date: Option<NaiveDate>) -> Self {
        let parts = DateParts::of(date);
        self.put(&format!("{name}_day"), parts.day)
            .put(&format!("{name}_month"), parts.month)
            .put(&format!("{name}_year"), parts.year)
    }

    /// Puts a tick.
    #[must_use]
    pub fn put_tick(self, name: &str, ticked: bool) -> Self {
        self.put(name, if ticked { "true" } else { "" })
    }

    /// A date as typed.
    #[must_use]
    pub fn date(&self, name: &str) -> DateParts {
        let part = |part: &str| self.get(&format!("{name}_{part}"));
        DateParts::new(part("day"), part("month"), part("year"))
    }

    /// Whether a box is ticked.
    #[must_use]
    pub fn ticked(&self, name: &str) -> bool {
        self.get(name) == "true"
    }

    /// The version of the record that the form was filled from.
    #[must_use]
    pub fn row_version(&self) -> i64 {
        self.get("row_version").parse().unwrap_or(0)
    }

    /// All fields, for a page that asks once more before it acts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// How a field is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// One line; the class of its width, and how a phone's keyboard helps.
    Line(&'static str, &'static str),
    /// Several lines.
    Text,
    /// Three small fields.
    Date,
    /// One of a list; the words of an empty first choice, or "" for none.
    Select(&'static str),
    /// A box to tick.
    Tick,
}

/// One field of a form.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name, id and key.
    pub name: &'static str,
    /// What is read.
    pub label: &'static str,
    /// A line below the label; may be empty.
    pub hint: &'static str,
    /// How it is filled in.
    pub input: Input,
    /// Whether it may stay empty.
    pub optional: bool,
    /// What it holds.
    pub value: String,
    /// What it holds, where it is a date.
    pub date: DateParts,
    /// What may be chosen.
    pub choices: Vec<Choice>,
    /// What is wrong with it.
    pub error: Option<String>,
}

impl Field {
    /// A field as the form declares it.
    #[must_use]
    pub const fn new(name: &'static str, label: &'static str, input: Input) -> Self {
        let date = DateParts { day: String::new(), month: String::new(), year: String::new() };
        Self {
            name,
            label,
            hint: "",
            input,
            optional: false,
            value: String::new(),
            date,
            choices: Vec::new(),
            error: None,
        }
    }

    /// One line of usual width.
    #[must_use]
    pub const fn line(name: &'static str, label: &'static str) -> Self {
        Self::new(name, label, Input::Line("w32", ""))
    }

    /// With a hint.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// May stay empty.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// With its choices: value and label.
    #[must_use]
    pub fn choices<V: Into<String>, L: Into<String>>(mut self, choices: impl IntoIterator<Item = (V, L)>) -> Self {
        self.choices = choices.into_iter().map(|(value, label)| Choice::new(value, label, false)).collect();
        self
    }

    /// With what was typed and what is wrong with it.
    #[must_use]
    fn filled(mut self, typed: &Typed, errors: &FormErrors) -> Self {
        typed.get(self.name).clone_into(&mut self.value);
        self.date = typed.date(self.name);
        for choice in &mut self.choices {
            choice.chosen = choice.value == self.value;
        }
        self.error = errors.get(self.name).map(str::to_owned);
        self
    }

    /// The label of a group of fields.
    #[must_use]
    pub fn legend(&self) -> String {
        if self.optional { format!("{} (optional)", self.label) } else { self.label.to_owned() }
    }

    /// The hint of a date.
    #[must_use]
    pub const fn date_hint(&self) -> &'static str {
        if self.hint.is_empty() { "For example, 14 7 1958" } else { self.hint }
    }

    /// What the field says, for reading.
    #[must_use]
    pub fn words(&self) -> String {
        match self.input {
            Input::Line(..) | Input::Text => self.value.clone(),
            Input::Date => {
                [&self.date.day, &self.date.month, &self.date.year].map(String::as_str).join(" ").trim().to_owned()
            }
            Input::Select(_) => {
                self.choices.iter().find(|choice| choice.chosen).map(|choice| choice.label.clone()).unwrap_or_default()
            }
            Input::Tick => if self.value == "true" { "yes" } else { "no" }.to_owned(),
        }
    }
}

/// A form as declared, filled with what was typed.
#[must_use]
pub fn fill(fields: Vec<Field>, typed: &Typed, errors: &FormErrors) -> Vec<Field> {
    fields.into_iter().map(|field| field.filled(typed, errors)).collect()
}

/// A field in which two people disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub label: &'static str,
    /// As it is stored now.
    pub now: String,
    /// As it was typed.
    pub yours: String,
}

/// Where a stale form differs from what is stored now.
#[must_use]
pub fn differences(now: &[Field], yours: &[Field]) -> Vec<Difference> {
    now.iter()
        .zip(yours)
        .filter(|(now, yours)| now.words() != yours.words())
        .map(|(now, yours)| Difference { label: now.label, now: now.words(), yours: yours.words() })
        .collect()
}

/// Reads typed values and collects what is wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    typed: &'a Typed,
    today: NaiveDate,
    /// What is wrong so far.
    pub errors: FormErrors,
}

impl<'a> Reader<'a> {
    /// Begins to read.
    #[must_use]
    pub fn new(typed: &'a Typed, today: NaiveDate) -> Self {
        Self { typed, today, errors: FormErrors::default() }
    }

    /// A line that must not be empty.
    pub fn required(&mut self, name: &'static str, missing: &str) -> String {
        self.errors.required(name, self.typed.get(name), missing)
    }

    /// A line; none where it is empty.
    pub fn line(&mut self, name: &'static str) -> Option<String> {
        Some(self.errors.line(name, self.typed.get(name))).filter(|line| !line.is_empty())
    }

    /// Several lines; none where there are none.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        Some(self.errors.text(name, self.typed.get(name))).filter(|text| !text.is_empty())
    }

    /// A date; none where nothing was typed.
    pub fn date(&mut self, name: &'static str, span: Span) -> Option<NaiveDate> {
        self.typed.date(name).read(&mut self.errors, name, self.today, span)
    }

    /// The end of something, not before its beginning.
    pub fn end(&mut self, name: &'static str, start: Option<NaiveDate>) -> Option<NaiveDate> {
        let end = self.date(name, Span::Any);
        if let (Some(start), Some(end)) = (start, end)
            && end < start
        {
            self.errors.add(name, "Enter a date that is not before the beginning");
        }
        end
    }

    /// One of a closed list.
    pub fn choice<T>(&mut self, name: &'static str, known: impl Fn(&str) -> Option<T>, missing: &str) -> Option<T> {
        let found = known(self.typed.get(name));
        if found.is_none() {
            self.errors.add(name, missing);
        }
        found
    }

    /// Whether a box is ticked.
    #[must_use]
    pub fn ticked(&self, name: &str) -> bool {
        self.typed.ticked(name)
    }

    /// A telephone number as typed: at least six digits somewhere in it.
    pub fn phone(&mut self, name: &'static str) -> Option<String> {
        let number = self.line(name)?;
        if !(6..=15).contains(&number.chars().filter(char::is_ascii_digit).count())
            || number.chars().any(char::is_alphabetic)
        {
            self.errors.add(name, "Enter a phone number, like 020 7946 0472 or +44 20 7946 0472");
        }
        Some(number)
    }

    /// An e-mail address as typed.
    pub fn email(&mut self, name: &'static str) -> Option<String> {
        let address = self.line(name)?;
        let parts = address.split_once('@');
        let plausible = parts.is_some_and(|(local, domain)| {
            !local.is_empty()
                && domain.contains('.')
                && !domain.contains('@')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
        });
        if !plausible || address.contains(char::is_whitespace) {
            self.errors.add(name, "Enter an e-mail address, like name@example.com");
        }
        Some(address)
    }

    /// What was read, or what is wrong with it.
    ///
    /// # Errors
    /// Where anything is wrong.
    pub fn finish<T>(self, value: T) -> Result<T, FormErrors> {
        if self.errors.is_empty() { Ok(value) } else { Err(self.errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Typed {
        pairs.iter().fold(Typed::default(), |typed, (name, value)| typed.put(name, *value))
    }

    #[test]
    fn a_stale_form_shows_where_two_people_disagree() {
        let fields =
            || vec![Field::line("a", "A"), Field::new("d", "D", Input::Date), Field::new("t", "T", Input::Tick)];
        let none = FormErrors::default();
        let now = fill(fields(), &typed(&[("a", "one"), ("d_day", "1"), ("d_month", "2"), ("d_year", "2020")]), &none);
        let yours = fill(
            fields(),
            &typed(&[("a", "two"), ("d_day", "1"), ("d_month", "2"), ("d_year", "2020"), ("t", "true")]),
            &none,
        );
        let differences = differences(&now, &yours);
        assert_eq!(differences.iter().map(|one| one.label).collect::<Vec<_>>(), ["A", "T"]);
    }

    #[test]
    fn phones_and_addresses_are_refused_in_words_only_where_they_cannot_be() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();
        for (name, value, fine) in [
            ("phone", "020 7946 0472", true),
            ("phone", "+44 (0)20 7946-0472", true),
            ("phone", "12345", false),
            ("phone", "call me 0207946", false),
            ("email", "a.b+c@example.co.uk", true),
            ("email", "a@b", false),
            ("email", "a b@example.com", false),
            ("email", "a@b@example.com", false),
            ("email", "@example.com", false),
        ] {
            let typed = typed(&[(name, value)]);
            let mut reader = Reader::new(&typed, today);
            if name == "phone" {
                reader.phone("phone")
            } else {
                reader.email("email")
            };
            assert_eq!(reader.errors.is_empty(), fine, "{value}");
        }
    }
}
