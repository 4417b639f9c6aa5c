//! Tables: a reading in each line (metric, value, unit), or a column for each metric, as blood pressure monitors and scales write them.
//!
//! Nothing is guessed: columns that are not known are left, a weight or glucose needs its unit, and a day that can be read in two ways is
//! named, not taken.

mod columns;
mod times;

use std::io::BufRead;

use chrono_tz::Tz;
use csv::{ReaderBuilder, StringRecord};

use self::columns::{Layout, Place, metric_called};
use super::guard::{Guard, unreadable};
use super::{Found, Raw, Sink, Unreadable};
use crate::readings::forms::number;
use crate::readings::metric::Metric;
use crate::readings::model::Source;

const EMPTY: Unreadable = Unreadable::new("The file is empty.");
const NOT_TEXT: Unreadable = Unreadable::new("The file holds characters that are not UTF-8. Save it as CSV UTF-8.");

/// Reads a table to its end. Times without a zone are those of `zone`.
///
/// # Errors
/// Where its first line does not say what its columns are, or it cannot be read.
pub(super) fn parse(mut input: impl BufRead, zone: Tz, out: &mut Sink<'_>) -> Result<(), Unreadable> {
    let start = input.fill_buf().map_err(|error| unreadable(&error))?;
    let mark = if start.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let first = start[mark..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|delimiter| first.split(|byte| byte == delimiter).count())
        .unwrap_or(b',');
    input.consume(mark);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(Guard::new(input));
    let mut row = StringRecord::new();
    if !next(&mut reader, &mut row)? {
        return Err(EMPTY);
    }
    let layout = columns::layout(&row)?;
    while next(&mut reader, &mut row)? {
        let line = row.position().map_or(0, csv::Position::line);
        let mut table = Line { row: &row, layout: &layout, zone, place: format!("line {line}"), out };
        table.read()?;
    }
    Ok(())
}

fn next(reader: &mut csv::Reader<Guard<impl BufRead>>, row: &mut StringRecord) -> Result<bool, Unreadable> {
    reader.get_mut().begin();
    reader.read_record(row).map_err(|error| match error.kind() {
        csv::ErrorKind::Io(error) => unreadable(error),
        csv::ErrorKind::Utf8 { .. } => NOT_TEXT,
        _ => Unreadable::new("The file is not a table that can be read."),
    })
}

/// A reading in a line: metric, values, and what was given where that was another unit.
type One = (Metric, (f64, Option<f64>), Option<(f64, &'static str)>);

struct Line<'a, 'b> {
    row: &'a StringRecord,
    layout: &'a Layout,
    zone: Tz,
    place: String,
    out: &'a mut Sink<'b>,
}

impl Line<'_, '_> {
    fn cell(&self, column: Option<usize>) -> &str {
        column.and_then(|column| self.row.get(column)).unwrap_or_default()
    }

    fn read(&mut self) -> Result<(), Unreadable> {
        if self.row.iter().all(str::is_empty) {
            return Ok(());
        }
        let layout = self.layout;
        if !self.cell(layout.derived).is_empty() {
            return self.left("Worked out from another reading, and worked out again here");
        }
        if !self.cell(layout.wrong).is_empty() {
            return self.left("Marked as a mistake");
        }
        let at = match times::moment(self.cell(layout.day), self.cell(layout.time), layout.utc, self.zone) {
            Ok(at) => at,
            Err(why) => return self.left(why),
        };
        let found = match &layout.readings {
            Place::Rows { metric, value, second, unit } => {
                let Some(metric) = metric_called(self.cell(Some(*metric))) else {
                    let name: String = self
                        .cell(Some(*metric))
                        .chars()
                        .filter(|c| c.is_alphanumeric() || *c == ' ')
                        .take(40)
                        .collect();
                    return (self.out)(Found::Left("A kind of measurement that is not kept here".into(), name, 1));
                };
                let unit = self.cell(*unit);
                if unit.is_empty() && columns::needs_unit(metric) {
                    return self.left(format!("{} without its unit", metric.label()));
                }
                vec![self.one(metric, self.cell(Some(*value)), self.cell(*second), unit)]
            }
            Place::Columns(columns) => columns
                .iter()
                .map(|column| {
                    self.one(column.metric, self.cell(Some(column.first)), self.cell(column.second), &column.unit)
                })
                .collect(),
        };
        for one in found {
            match one {
                Ok(None) => {}
                Ok(Some((metric, value, given))) => {
                    let (source, place) = (Source::Import, self.place.clone());
                    (self.out)(Found::Reading(Raw { metric, value, at, source, vendor: None, given, place }))?;
                }
                Err(why) => self.left(why)?,
            }
        }
        Ok(())
    }

    fn left(&mut self, why: impl Into<std::borrow::Cow<'static, str>>) -> Result<(), Unreadable> {
        (self.out)(Found::Left(why.into(), self.place.clone(), 1))
    }

    /// One reading; none where both cells are empty.
    fn one(&self, metric: Metric, first: &str, second: &str, unit: &str) -> Result<Option<One>, String> {
        if first.is_empty() && second.is_empty() {
            return Ok(None);
        }
        let unit = metric.unit_called(unit).ok_or_else(|| format!("{} in a unit that is not known", metric.label()))?;
        let read = |text: &str| number(text).map_err(|what| format!("{}: {what}", metric.label()));
        // Our own tables write both values of a pressure into cells of their own, others into one.
        let (first, second) = match first.split_once('/') {
            Some((high, low)) if metric.second_label().is_some() && second.is_empty() => (high.trim(), low.trim()),
            Some(_) | None => (first, second),
        };
        let value = read(first)?;
        let second = if second.is_empty() { None } else { Some(read(second)?) };
        let given = (unit.name != metric.unit()).then_some((value, unit.name));
        Ok(Some((metric, (unit.convert(value), second.map(|second| unit.convert(second))), given)))
    }
}

#[cfg(test)]
mod tests;
