//! `POST /ingest/observations`: readings from device clouds and other systems.
//!
//! The body is `{"readings": […]}`, up to 10,000 of them. Fields of a reading:
//!
//! | field | | |
//! |---|---|---|
//! | `patient` or `medical_record_number` | required | whose |
//! | `metric` | required | such as `HEART_RATE`; the table `metric` has them all |
//! | `at` | required | when it was measured, as `2026-11-21T10:00:00Z` |
//! | `value` | required | a number; of a blood pressure `{"systolic": 120, "diastolic": 80}` |
//! | `unit` | | the unit of the metric where nothing is said; `lb`, `[lb_av]`, `degF`, `mg/dL`, … are converted |
//! | `source` | | `DEVICE` (so where nothing is said), `HEALTHKIT`, `IMPORT` |
//! | `vendor` | | `APPLE`, `OURA`, `FITBIT`, `GARMIN`, `WITHINGS` |
//! | `device` | | what the maker calls the device; one that was revoked or has expired is refused |
//! | `context` | | of heart rate variability: `SLEEP`, `REST`, `WORKOUT`, `UNKNOWN` |
//! | `reading` | | a UUID that joins what was measured together |
//!
//! Each reading stands for itself: what is wrong is named by its place in the list, and the others are kept. One that is there
//! already is counted as a duplicate. A message acts once: sent again, it gets the same answer.

use std::collections::{HashMap, HashSet};

use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use chrono::DateTime;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::Refusal;
use super::handlers::authenticate;
use super::queries::{self, Account};
use super::signature::Claim;
use crate::app::App;
use crate::db::Tx;
use crate::db::signals::Signal;
use crate::error::Error;
use crate::events::By;
use crate::ids::{DeviceConnectionId, PatientId};
use crate::phi::normalise;
use crate::readings::metric::Metric;
use crate::readings::model::{Context, NewReading, Source, Vendor};
use crate::readings::{self, Recorded};
use crate::web::ctx::Visitor;

/// The largest message.
const BODY_BYTES: usize = 8 * 1024 * 1024;

/// Readings of one message.
const READINGS: usize = 10_000;

/// Mistakes that are named; the rest is counted.
const NAMED: usize = 1_000;

/// The scope of accounts that may send readings.
const SCOPE: &str = "device_sync";

/// The fields of a reading.
const FIELDS: [&str; 11] = [
    "patient",
    "medical_record_number",
    "metric",
    "at",
    "value",
    "unit",
    "source",
    "vendor",
    "device",
    "context",
    "reading",
];

/// `POST /ingest/observations`.
pub(super) async fn create(State(app): State<App>, visitor: Visitor, request: Request) -> Response {
    match receive(&app, &visitor, request).await {
        Ok(data) => {
            Json(json!({ "data": data, "error": null, "meta": { "request_id": visitor.request } })).into_response()
        }
        Err(refusal) => refusal.into_response(visitor.request),
    }
}

async fn receive(app: &App, visitor: &Visitor, request: Request) -> Result<Value, Refusal> {
    let claim = Claim::read(request.headers());
    let body = to_bytes(request.into_body(), BODY_BYTES).await.map_err(|_| Error::TooLarge)?;
    let (claim, account, mut tx) = authenticate(app, claim, &body, SCOPE).await?;
    if !claim.is_fresh(app.clock.now()) {
        return Err(Refusal::Stale);
    }
    queries::charge(app, account.id).await?;
    let items = items(&body)?;
    if let Some(answered) = queries::begin_readings(&mut tx, &claim.message).await? {
        return Ok(answered);
    }
    let answer = keep(app, &mut tx, &account, visitor, items).await?;
    queries::finish_readings(&mut tx, &claim.message, &answer).await?;
    tx.signal(Signal::Change);
    tx.commit().await?;
    queries::used(app, account.id).await?;
    Ok(answer)
}

/// The list, not looked into yet.
fn items(body: &[u8]) -> Result<Vec<Value>, Refusal> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else {
        return Err(Refusal::NotJson);
    };
    let Some(Value::Array(items)) = fields.remove("readings") else {
        return Err(Refusal::field("readings", "Give a list of readings"));
    };
    if let Some(other) = fields.keys().next() {
        return Err(Refusal::field(other, "There is no such field"));
    }
    if items.is_empty() || items.len() > READINGS {
        return Err(Refusal::field("readings", "Give 1 to 10,000 readings"));
    }
    Ok(items)
}

/// What is wrong with one reading: its place, the field, and why.
type Mistake = (usize, String, String);

/// Keeps what can be kept, and says what became of each.
async fn keep(
    app: &App,
    tx: &mut Tx,
    account: &Account,
    visitor: &Visitor,
    items: Vec<Value>,
) -> Result<Value, Refusal> {
    let received = items.len();
    let mut mistakes: Vec<Mistake> = Vec::new();
    let mut wanted = Vec::new();
    for (place, item) in items.into_iter().enumerate() {
        match Item::read(item) {
            Ok(item) => wanted.push((place, item)),
            Err((field, message)) => mistakes.push((place, field, message)),
        }
    }
    let people = People::find(app, tx, account, &wanted).await?;
    let (mut places, mut kept) = (Vec::new(), Vec::new());
    for (place, item) in wanted {
        match item.reading(&people, app.clock.now()) {
            Ok(reading) => {
                places.push(place);
                kept.push(reading);
            }
            Err((field, message)) => mistakes.push((place, field, message)),
        }
    }
    let by = By::service(account.organization, account.id, visitor.request, visitor.ip);
    let Recorded { kept, duplicates, refused } = readings::record(tx, &by, kept).await?;
    let place = |index: usize| places.get(index).copied().unwrap_or_default();
    mistakes
        .extend(refused.into_iter().map(|(index, refusal)| (place(index), refusal.field.to_owned(), refusal.message)));
    mistakes.sort_by_key(|(place, _, _)| *place);
    let derived = kept.iter().filter(|reading| reading.is_derived()).count();
    let named: Vec<Value> = mistakes
        .iter()
        .take(NAMED)
        .map(|(index, field, message)| json!({ "index": index, "field": field, "message": message }))
        .collect();
    Ok(json!({
        "received": received,
        "kept": kept.len() - derived,
        "derived": derived,
        "duplicates": duplicates.len(),
        "refused": mistakes.len(),
        "errors": named,
    }))
}

/// A reading as another system describes it.
struct Item {
    patient: Option<PatientId>,
    number: Option<String>,
    metric: Metric,
    at: crate::clock::Timestamp,
    value: f64,
    second: Option<f64>,
    source: Source,
    vendor: Option<Vendor>,
    device: Option<String>,
    context: Option<Context>,
    group: Option<Uuid>,
    given: Option<Value>,
}

type Wrong = (String, String);

fn wrong(field: &str, message: impl Into<String>) -> Wrong {
    (field.to_owned(), message.into())
}

impl Item {
    fn read(item: Value) -> Result<Self, Wrong> {
        let Value::Object(fields) = item else {
            return Err(wrong("reading", "Give an object"));
        };
        if let Some(other) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
            return Err(wrong(&other.chars().take(64).collect::<String>(), "There is no such field"));
        }
        let text = |name: &str| words(&fields, name);
        let patient = match text("patient")? {
            Some(id) => Some(id.parse::<Uuid>().map_err(|_| wrong("patient", "Give a UUID"))?.into()),
            None => None,
        };
        let number = text("medical_record_number")?;
        if patient.is_some() == number.is_some() {
            return Err(wrong("patient", "Give either patient or medical_record_number"));
        }
        let metric: Metric = text("metric")?
            .and_then(|name| name.parse().ok())
            .ok_or_else(|| wrong("metric", "There is no such metric"))?;
        let at = text("at")?.and_then(|at| DateTime::parse_from_rfc3339(&at).ok());
        let at = at.ok_or_else(|| wrong("at", "Give a time with its zone, such as 2026-11-21T10:00:00Z"))?;
        let unit_text = text("unit")?.unwrap_or_default();
        let unit =
            metric.unit_called(&unit_text).ok_or_else(|| wrong("unit", "This metric is not given in that unit"))?;
        let (value, second) = values(&fields)?;
        let source = text("source")?.map_or(Some(Source::Device), |name| name.parse().ok());
        let source = source.filter(|source| matches!(source, Source::Device | Source::Healthkit | Source::Import));
        Ok(Self {
            patient,
            number,
            metric,
            at: at.to_utc(),
            value: unit.convert(value),
            second: second.map(|second| unit.convert(second)),
            source: source.ok_or_else(|| wrong("source", "Give DEVICE, HEALTHKIT or IMPORT"))?,
            vendor: known(text("vendor")?, "vendor")?,
            device: text("device")?,
            context: known(text("context")?, "context")?,
            group: match text("reading")? {
                Some(id) => Some(id.parse().map_err(|_| wrong("reading", "Give a UUID"))?),
                None => None,
            },
            given: (unit.name != metric.unit()).then(|| json!({ "given": { "value": value, "unit": unit.name } })),
        })
    }

    fn reading(self, people: &People, now: crate::clock::Timestamp) -> Result<NewReading, Wrong> {
        let subject = if self.number.is_some() { "medical_record_number" } else { "patient" };
        let patient = match (&self.patient, &self.number) {
            (Some(id), _) => people.ids.contains(id).then_some(*id),
            (None, Some(number)) => people.numbers.get(number).copied(),
            (None, None) => None,
        };
        let patient = patient.ok_or_else(|| wrong(subject, "There is no such patient"))?;
        let connection = match (&self.device, self.vendor) {
            (Some(device), Some(vendor)) => people.device(patient, vendor, device)?,
            _ => None,
        };
        let refused = |refusal: readings::model::Refusal| {
            wrong(if refusal.field == "second" { "value" } else { refusal.field }, refusal.message)
        };
        let reading =
            NewReading::new(patient, self.metric, (self.value, self.second), self.at, now).map_err(refused)?;
        Ok(reading
            .from(self.source)
            .by_device(self.vendor, connection)
            .grouped(self.group)
            .during(self.context)
            .saying(self.given))
    }
}

/// A text that is there and not null.
fn words(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Wrong> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.len() <= 255 && !text.contains('\0') => {
            Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
        }
        Some(_) => Err(wrong(name, "Give a short text")),
    }
}

fn known<T: std::str::FromStr>(name: Option<String>, field: &str) -> Result<Option<T>, Wrong> {
    match name {
        None => Ok(None),
        Some(name) => name.parse().map(Some).map_err(|_| wrong(field, format!("There is no such {field}"))),
    }
}

/// One number, or two.
fn values(fields: &Map<String, Value>) -> Result<(f64, Option<f64>), Wrong> {
    match fields.get("value") {
        Some(Value::Number(number)) => Ok((number.as_f64().unwrap_or(f64::NAN), None)),
        Some(Value::Object(pair)) if pair.len() == 2 => {
            let part = |name: &str| pair.get(name).and_then(Value::as_f64);
            part("systolic")
                .zip(part("diastolic"))
                .map(|(systolic, diastolic)| (systolic, Some(diastolic)))
                .ok_or_else(|| wrong("value", "Give systolic and diastolic as numbers"))
        }
        _ => Err(wrong("value", "Give a number")),
    }
}

/// Of whom this account may send readings, and with which devices.
struct People {
    ids: HashSet<PatientId>,
    numbers: HashMap<String, PatientId>,
    devices: HashMap<(PatientId, Vendor, String), (DeviceConnectionId, bool)>,
}

impl People {
    async fn find(app: &App, tx: &mut Tx, account: &Account, items: &[(usize, Item)]) -> Result<Self, Refusal> {
        let ids: HashSet<Uuid> = items.iter().filter_map(|(_, item)| item.patient.map(PatientId::uuid)).collect();
        let written: HashSet<&String> = items.iter().filter_map(|(_, item)| item.number.as_ref()).collect();
        let keys = app.keys(tx, account.organization).await?;
        let mut indexes: HashMap<&String, Vec<u8>> = HashMap::new();
        for number in written {
            let index = keys
                .blind_index(
                    account.organization,
                    "patient",
                    "medical_record_number",
                    &normalise::record_number(number),
                )
                .map_err(|error| Error::Internal(error.into()))?;
            indexes.insert(number, index);
        }
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let wanted: Vec<Vec<u8>> = indexes.values().cloned().collect();
        let found = queries::reading_subjects(tx, &ids, &wanted).await?;
        let mut people = Self { ids: HashSet::new(), numbers: HashMap::new(), devices: HashMap::new() };
        let mut by_index = HashMap::new();
        for (id, index) in found {
            people.ids.insert(id);
            by_index.extend(index.map(|index| (index, id)));
        }
        // Two ways of writing one number come to one index: each is looked up as it was written.
        for (number, index) in indexes {
            people.numbers.extend(by_index.get(&index).map(|id| (number.clone(), *id)));
        }
        if items.iter().any(|(_, item)| item.device.is_some()) {
            let patients: Vec<Uuid> = people.ids.iter().map(|id| id.uuid()).collect();
            for device in queries::reading_devices(tx, &patients).await? {
                let key = (device.patient, device.vendor, device.external);
                people.devices.insert(key, (device.id, device.usable));
            }
        }
        Ok(people)
    }

    /// The linked device of that name; one that nobody linked is no obstacle, one that was revoked is.
    fn device(&self, patient: PatientId, vendor: Vendor, name: &str) -> Result<Option<DeviceConnectionId>, Wrong> {
        match self.devices.get(&(patient, vendor, name.to_owned())) {
            Some((id, true)) => Ok(Some(*id)),
            Some((_, false)) => Err(wrong("device", "This device was revoked or its access has expired")),
            None => Ok(None),
        }
    }
}
