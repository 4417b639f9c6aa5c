//! `export.xml` of Apple Health: one `Record` for each measurement, of hundreds of kinds; a few of them are kept here.
//!
//! Steps come in pieces, from a telephone and a watch that count the same steps: of each day the device that counted most is taken. Sleep
//! comes in phases, likewise. A day that was not over when the file was made is left to the next file. Blood pressure is a `Correlation`
//! of two records; both stand a second time by themselves, and are not counted again.

mod days;

use std::io::BufRead;

use chrono::{DateTime, FixedOffset, TimeDelta};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use self::days::Sums;
use super::guard::{Guard, unreadable};
use super::{Found, Raw, Sink, Unreadable};
use crate::clock::is_near;
use crate::readings::metric::Metric;
use crate::readings::model::{Source, Vendor};

/// Elements lie within each other; in a real export five deep.
const DEPTH: usize = 32;

const SYSTOLIC: &str = "HKQuantityTypeIdentifierBloodPressureSystolic";
const DIASTOLIC: &str = "HKQuantityTypeIdentifierBloodPressureDiastolic";
const PRESSURE: &str = "HKCorrelationTypeIdentifierBloodPressure";
const STEPS: &str = "HKQuantityTypeIdentifierStepCount";
const SLEEP: &str = "HKCategoryTypeIdentifierSleepAnalysis";
const ASLEEP: &str = "HKCategoryValueSleepAnalysisAsleep";

const NOT_APPLE: Unreadable = Unreadable::new("This is XML, but not the export of Apple Health (export.xml).");
const CUT: Unreadable = Unreadable::new("The file ends in the middle. Export it again.");
const NOT_XML: Unreadable =
    Unreadable::new("The file is not well-formed XML: it was changed or damaged. Export it again.");
const ENTITIES: Unreadable =
    Unreadable::new("The file defines entities, which no export of Apple Health does. It is not taken.");
const DEEP: Unreadable =
    Unreadable::new("The elements of the file lie far deeper within each other than in any export. It is not taken.");

/// Reads an export to its end.
///
/// # Errors
/// Where it is none, or ends early, or tries to harm.
pub(in crate::readings) fn parse(input: impl BufRead, out: &mut Sink<'_>) -> Result<(), Unreadable> {
    let mut reader = Reader::from_reader(Guard::new(input));
    let mut export = Export { out, number: 0, pair: None, halves: [0; 2], pairs: 0, sums: Sums::default(), made: None };
    let (mut buffer, mut depth, mut begun) = (Vec::new(), 0, false);
    loop {
        buffer.clear();
        reader.get_mut().begin();
        match reader.read_event_into(&mut buffer).map_err(|error| broken(&error))? {
            Event::DocType(text) if text.windows(8).any(|part| part.eq_ignore_ascii_case(b"<!ENTITY")) => {
                return Err(ENTITIES);
            }
            // Nothing is ever looked up: not what a document type names, nor what stands for other text.
            Event::GeneralRef(_) | Event::DocType(_) => {}
            Event::Start(tag) => {
                depth += 1;
                if depth > DEPTH {
                    return Err(DEEP);
                }
                root(&mut begun, &tag)?;
                export.open(&tag)?;
            }
            Event::Empty(tag) => {
                root(&mut begun, &tag)?;
                export.open(&tag)?;
                export.close(tag.name().as_ref())?;
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                export.close(tag.name().as_ref())?;
            }
            Event::Eof if depth > 0 => return Err(CUT),
            Event::Eof if !begun => return Err(NOT_APPLE),
            Event::Eof => return export.end(),
            Event::Text(_) | Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

fn root(begun: &mut bool, tag: &BytesStart<'_>) -> Result<(), Unreadable> {
    if !*begun && tag.name().as_ref() != b"HealthData" {
        return Err(NOT_APPLE);
    }
    *begun = true;
    Ok(())
}

fn broken(error: &quick_xml::Error) -> Unreadable {
    match error {
        quick_xml::Error::Io(error) => unreadable(error),
        quick_xml::Error::Syntax(_) => CUT,
        _ => NOT_XML,
    }
}

/// What is being read.
struct Export<'a, 'b> {
    out: &'a mut Sink<'b>,
    /// Records so far.
    number: u64,
    /// The blood pressure whose halves are being read.
    pair: Option<Pair>,
    /// Halves of blood pressures that stand by themselves: systolic, diastolic.
    halves: [u64; 2],
    pairs: u64,
    sums: Sums,
    /// When the file was made, where its maker was.
    made: Option<DateTime<FixedOffset>>,
}

#[derive(Default)]
struct Pair {
    at: Option<DateTime<FixedOffset>>,
    vendor: Option<Vendor>,
    values: [Option<f64>; 2],
}

/// The attributes that matter.
#[derive(Default)]
struct Record {
    kind: String,
    unit: String,
    value: String,
    device: String,
    start: String,
    end: String,
}

impl Export<'_, '_> {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), Unreadable> {
        match tag.name().as_ref() {
            b"Record" => {
                self.number += 1;
                let record = read(tag)?;
                self.record(&record)
            }
            b"Correlation" => {
                let record = read(tag)?;
                if record.kind == PRESSURE {
                    self.pair =
                        Some(Pair { at: moment(&record.start), vendor: vendor(&record.device), values: [None; 2] });
                }
                Ok(())
            }
            b"ExportDate" => {
                self.made = moment(&read(tag)?.value);
                Ok(())
            }
            b"Me" => match attribute(tag, b"HKCharacteristicTypeIdentifierDateOfBirth")?.parse() {
                Ok(born) => (self.out)(Found::Born(born)),
                Err(_) => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn close(&mut self, name: &[u8]) -> Result<(), Unreadable> {
        let Some(pair) = self.pair.take_if(|_| name == b"Correlation") else { return Ok(()) };
        self.pairs += 1;
        match (pair.at, pair.values) {
            (Some(at), [Some(high), Some(low)]) => {
                self.reading(Metric::BloodPressure, (high, Some(low)), at, pair.vendor, None)
            }
            _ => self.left("A blood pressure without one of its values or without its time"),
        }
    }

    fn record(&mut self, record: &Record) -> Result<(), Unreadable> {
        let half = [SYSTOLIC, DIASTOLIC].iter().position(|kind| record.kind == *kind);
        if let Some(place) = half {
            let value = Metric::BloodPressure.unit_called(&record.unit).zip(number(&record.value));
            match (&mut self.pair, value) {
                (Some(pair), value) => pair.values[place] = value.map(|(unit, value)| unit.convert(value)),
                (None, _) => self.halves[place] += 1,
            }
            return Ok(());
        }
        if [STEPS, SLEEP].contains(&record.kind.as_str()) {
            return self.piece(record);
        }
        let Some(metric) = metric(&record.kind) else {
            let name = record
                .kind
                .trim_start_matches("HKQuantityTypeIdentifier")
                .trim_start_matches("HKCategoryTypeIdentifier");
            let known = !name.is_empty() && name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric());
            let name = if known { name } else { "without a name" };
            return (self.out)(Found::Left("A kind of measurement that is not kept here".into(), name.to_owned(), 1));
        };
        let Some(unit) = metric.unit_called(&record.unit) else {
            return self.left(format!("{} in a unit that is not known", metric.label()));
        };
        let Some(value) = number(&record.value) else {
            return self.left(format!("{} that is not a number", metric.label()));
        };
        let Some(at) = moment(&record.start) else { return self.left("A time that cannot be read") };
        // A share, although its unit says per cent.
        let value = if metric == Metric::Spo2 && value <= 1.0 { value * 100.0 } else { value };
        let given = (unit.name != metric.unit()).then_some((value, unit.name));
        self.reading(metric, (unit.convert(value), None), at, vendor(&record.device), given)
    }

    /// Steps or sleep between two moments.
    fn piece(&mut self, record: &Record) -> Result<(), Unreadable> {
        let (Some(start), Some(end)) = (moment(&record.start), moment(&record.end)) else {
            return self.left("A time that cannot be read");
        };
        if record.kind == SLEEP {
            if !record.value.starts_with(ASLEEP) {
                return Ok(());
            }
            let hours = (end - start).as_seconds_f64() / 3600.0;
            if !(0.0..=24.0).contains(&hours) {
                return self.left("A phase of sleep that ends before it begins, or lasts for days");
            }
            // A night belongs to the day on which one wakes: it lasts until three in the afternoon.
            let day = (start.naive_local() + TimeDelta::hours(9)).date();
            return self.sums.add(Metric::Sleep, day, &record.device, end, hours);
        }
        match number(&record.value) {
            Some(steps) if steps >= 0.0 => self.sums.add(Metric::Steps, start.date_naive(), &record.device, end, steps),
            _ => self.left("Steps that is not a number"),
        }
    }

    fn reading(
        &mut self,
        metric: Metric,
        value: (f64, Option<f64>),
        at: DateTime<FixedOffset>,
        vendor: Option<Vendor>,
        given: Option<(f64, &'static str)>,
    ) -> Result<(), Unreadable> {
        let place = format!("record {}", self.number);
        (self.out)(Found::Reading(Raw {
            metric,
            value,
            at: at.to_utc(),
            source: Source::Healthkit,
            vendor,
            given,
            place,
        }))
    }

    fn left(&mut self, why: impl Into<std::borrow::Cow<'static, str>>) -> Result<(), Unreadable> {
        (self.out)(Found::Left(why.into(), format!("record {}", self.number), 1))
    }

    /// What can be said only at the end.
    fn end(mut self) -> Result<(), Unreadable> {
        let alone = self.halves.iter().map(|half| half.saturating_sub(self.pairs)).max().unwrap_or(0);
        if alone > 0 {
            (self.out)(Found::Left(
                "One value of a blood pressure without the other".into(),
                "BloodPressure".to_owned(),
                alone,
            ))?;
        }
        for ((metric, day), sum) in self.sums.days() {
            // Steps until midnight, sleep until three in the afternoon.
            let over = day.and_hms_opt(0, 0, 0).unwrap_or_default()
                + if metric == Metric::Sleep { TimeDelta::hours(15) } else { TimeDelta::days(1) };
            if self.made.is_some_and(|made| made.naive_local() < over) {
                let why = "A day that was not over when the file was made";
                (self.out)(Found::Left(why.into(), format!("{}, {day}", metric.label()), 1))?;
                continue;
            }
            let value = (sum.total * 1e4).round() / 1e4;
            let at = sum.end.to_utc();
            let place = format!("{}, {day}", metric.label());
            let source = Source::Healthkit;
            (self.out)(Found::Reading(Raw {
                metric,
                value: (value, None),
                at,
                source,
                vendor: sum.vendor,
                given: None,
                place,
            }))?;
        }
        Ok(())
    }
}

fn read(tag: &BytesStart<'_>) -> Result<Record, Unreadable> {
    let mut record = Record::default();
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| NOT_XML)?;
        let field = match attribute.key.as_ref() {
            b"type" => &mut record.kind,
            b"unit" => &mut record.unit,
            b"value" => &mut record.value,
            b"sourceName" => &mut record.device,
            b"startDate" => &mut record.start,
            b"endDate" => &mut record.end,
            _ => continue,
        };
        *field = text(&attribute.value)?;
    }
    Ok(record)
}

fn attribute(tag: &BytesStart<'_>, name: &[u8]) -> Result<String, Unreadable> {
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|_| NOT_XML)?;
        if attribute.key.as_ref() == name {
            return text(&attribute.value);
        }
    }
    Ok(String::new())
}

/// What an attribute says. Only the five characters that XML itself names stand for others.
fn text(value: &[u8]) -> Result<String, Unreadable> {
    let text =
        std::str::from_utf8(value).map_err(|_| Unreadable::new("The file holds characters that are not UTF-8."))?;
    quick_xml::escape::unescape(text).map(std::borrow::Cow::into_owned).map_err(|_| ENTITIES)
}

/// `2026-11-01 08:30:00 +0000`. Years that nobody lives in are no moments: past the last one that can be counted, a sum of two would be none either.
fn moment(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S %z").ok().filter(|at| is_near(at.to_utc()))
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|value| value.is_finite())
}

fn metric(kind: &str) -> Option<Metric> {
    Some(match kind.strip_prefix("HKQuantityTypeIdentifier")? {
        "HeartRate" => Metric::HeartRate,
        "BodyMass" => Metric::Weight,
        "BodyMassIndex" => Metric::Bmi,
        "OxygenSaturation" => Metric::Spo2,
        "RespiratoryRate" => Metric::Respiration,
        "BodyTemperature" => Metric::Temperature,
        "BloodGlucose" => Metric::Glucose,
        "HeartRateVariabilitySDNN" => Metric::HrvSdnn,
        _ => return None,
    })
}

/// Who made a device, from the name that its owner gave it.
fn vendor(device: &str) -> Option<Vendor> {
    let device = device.to_lowercase();
    let makers = [
        ("apple", Vendor::Apple),
        ("iphone", Vendor::Apple),
        ("oura", Vendor::Oura),
        ("fitbit", Vendor::Fitbit),
        ("garmin", Vendor::Garmin),
        ("withings", Vendor::Withings),
        ("health mate", Vendor::Withings),
    ];
    makers.into_iter().find(|(name, _)| device.contains(name)).map(|(_, vendor)| vendor)
}

#[cfg(test)]
mod tests;
