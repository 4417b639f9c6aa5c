//! The body of a message, field by field.
//!
//! | field | | |
//! |---|---|---|
//! | `type` | required | one of the catalogue, such as `BP_HIGH_TREND` |
//! | `severity` | required | `INFO`, `WARNING`, `HIGH`, `CRITICAL`; or `priority` with `LOW`, `MEDIUM`, `HIGH`, `URGENT` |
//! | `title` | required | one line |
//! | `body` | | why, in words |
//! | `patient` or `medical_record_number` | | whom it is about |
//! | `facility` | | where it belongs; otherwise where the patient does |
//! | `payload` | | evidence, as the pages of alerts read it (`metadata` in older senders) |
//! | `dedupe_key` | | what recurs under this key counts up the open alert |
//! | `due_at` | | until when, as `2026-11-21T10:00:00Z` |
//!
//! Fields that are not listed are refused: a misspelt one would otherwise be lost in silence.

use chrono::{DateTime, Datelike as _};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::answer::{FieldErrors, Refusal};
use crate::alerts::model::{AlertType, Severity};
use crate::clock::Timestamp;
use crate::web::form::{LINE_CHARS, TEXT_CHARS};

/// How large a payload may be, in bytes of JSON.
const PAYLOAD_BYTES: usize = 32 * 1024;

/// How deep one may be nested.
const PAYLOAD_DEPTH: usize = 16;

/// What older senders call a severity.
const PRIORITIES: [(&str, Severity); 4] =
    [("LOW", Severity::Info), ("MEDIUM", Severity::Warning), ("HIGH", Severity::High), ("URGENT", Severity::Critical)];

/// Whom an alert is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// Nobody.
    None,
    /// The patient with this id.
    Patient(Uuid),
    /// The patient with this record number, as it was written.
    RecordNumber(String),
}

/// An alert as another system describes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub kind: AlertType,
    pub severity: Severity,
    pub title: String,
    pub body: String,
    pub subject: Subject,
    pub facility: Option<Uuid>,
    pub payload: Value,
    pub dedupe_key: Option<String>,
    pub due_at: Option<Timestamp>,
}

/// Reads the body of a message.
pub(super) fn parse(body: &[u8]) -> Result<Message, Refusal> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
        return Err(Refusal::NotJson);
    };
    let mut reader = Reader { fields, errors: FieldErrors::new() };
    let kind = reader.kind();
    let severity = reader.severity();
    let title = reader.line("title", LINE_CHARS);
    if title.is_none() {
        reader.wrong("title", "Give a title of one line");
    }
    let message = Message {
        kind: kind.unwrap_or(AlertType::MissedReading),
        severity: severity.unwrap_or(Severity::Info),
        title: title.unwrap_or_default(),
        body: reader.text("body", TEXT_CHARS).unwrap_or_default(),
        subject: reader.subject(),
        facility: reader.id("facility"),
        payload: reader.payload(),
        dedupe_key: reader.line("dedupe_key", LINE_CHARS),
        due_at: reader.moment("due_at"),
    };
    reader.finish(message)
}

/// Takes fields out one by one, and collects what is wrong with them.
struct Reader {
    fields: Map<String, Value>,
    errors: FieldErrors,
}

impl Reader {
    fn wrong(&mut self, field: &str, message: impl Into<String>) {
        self.errors.entry(field.to_owned()).or_insert_with(|| message.into());
    }

    /// A field that is there and not null.
    fn take(&mut self, field: &str) -> Option<Value> {
        self.fields.remove(field).filter(|value| !value.is_null())
    }

    fn string(&mut self, field: &str) -> Option<String> {
        if let Value::String(text) = self.take(field)? {
            return Some(text);
        }
        self.wrong(field, "Give a text");
        None
    }

    /// Text of several lines. An empty one is as good as none.
    fn text(&mut self, field: &str, chars: usize) -> Option<String> {
        let text = self.string(field)?.trim().replace("\r\n", "\n");
        if text.chars().count() > chars {
            self.wrong(field, format!("Use {chars} characters or fewer"));
        } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.wrong(field, "Leave out control characters");
        }
        Some(text).filter(|text| !text.is_empty())
    }

    fn line(&mut self, field: &str, chars: usize) -> Option<String> {
        let text = self.text(field, chars)?;
        if text.chars().any(char::is_control) {
            self.wrong(field, "Use one line");
        }
        Some(text)
    }

    fn id(&mut self, field: &str) -> Option<Uuid> {
        let id = self.string(field)?.parse().ok();
        if id.is_none() {
            self.wrong(field, "Give a UUID");
        }
        id
    }

    fn moment(&mut self, field: &str) -> Option<Timestamp> {
        let at = DateTime::parse_from_rfc3339(&self.string(field)?).ok().filter(|at| (2000..2100).contains(&at.year()));
        if at.is_none() {
            self.wrong(field, "Give a time with its zone, such as 2026-11-21T10:00:00Z");
        }
        at.map(|at| at.to_utc())
    }

    fn kind(&mut self) -> Option<AlertType> {
        let kind = self.string("type").and_then(|name| name.parse().ok());
        if kind.is_none() {
            let names: Vec<_> = AlertType::ALL.iter().map(|kind| kind.as_str()).collect();
            self.wrong("type", format!("Use one of {}", names.join(", ")));
        }
        kind
    }

    fn severity(&mut self) -> Option<Severity> {
        let severity = self.string("severity");
        let Some(priority) = self.string("priority") else {
            let severity = severity.and_then(|name| name.parse().ok());
            if severity.is_none() {
                self.wrong("severity", "Use INFO, WARNING, HIGH or CRITICAL");
            }
            return severity;
        };
        if severity.is_some() {
            self.wrong("priority", "Give severity or priority, not both");
        }
        let found = PRIORITIES.into_iter().find(|(name, _)| *name == priority).map(|(_, severity)| severity);
        if found.is_none() {
            self.wrong("priority", "Use LOW, MEDIUM, HIGH or URGENT");
        }
        found
    }

    fn subject(&mut self) -> Subject {
        let (id, number) = (self.id("patient"), self.line("medical_record_number", LINE_CHARS));
        match (id, number) {
            (Some(_), Some(_)) => {
                self.wrong("medical_record_number", "Give patient or medical_record_number, not both");
                Subject::None
            }
            (Some(id), None) => Subject::Patient(id),
            (None, Some(number)) => Subject::RecordNumber(number),
            (None, None) => Subject::None,
        }
    }

    fn payload(&mut self) -> Value {
        let (newer, older) = (self.take("payload"), self.take("metadata"));
        let field = if newer.is_none() && older.is_some() { "metadata" } else { "payload" };
        if newer.is_some() && older.is_some() {
            self.wrong("metadata", "Give payload or metadata, not both");
        }
        let Some(payload) = newer.or(older) else { return Value::Object(Map::new()) };
        if !payload.is_object() {
            self.wrong(field, "Give an object");
        } else if payload.to_string().len() > PAYLOAD_BYTES {
            self.wrong(field, format!("Use {PAYLOAD_BYTES} bytes or fewer"));
        } else if !is_storable(&payload, PAYLOAD_DEPTH) {
            self.wrong(field, format!("Leave out NUL characters, and nest {PAYLOAD_DEPTH} levels at most"));
        }
        payload
    }

    fn finish(mut self, message: Message) -> Result<Message, Refusal> {
        for field in std::mem::take(&mut self.fields).into_iter().map(|(field, _)| field) {
            // Named in the answer, so cut to a length that can be.
            self.wrong(&field.chars().take(64).collect::<String>(), "There is no such field");
        }
        if self.errors.is_empty() { Ok(message) } else { Err(Refusal::Fields(self.errors)) }
    }
}

/// Whether PostgreSQL can keep it: `jsonb` has no NUL character.
fn is_storable(value: &Value, depth: usize) -> bool {
    match value {
        _ if depth == 0 => false,
        Value::String(text) => !text.contains('\0'),
        Value::Array(items) => items.iter().all(|item| is_storable(item, depth - 1)),
        Value::Object(fields) => {
            fields.iter().all(|(name, value)| !name.contains('\0') && is_storable(value, depth - 1))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn errors(body: &Value) -> FieldErrors {
        match parse(body.to_string().as_bytes()) {
            Err(Refusal::Fields(errors)) => errors,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_whole_message_is_read() {
        let id = Uuid::from_u128(7);
        let body = json!({"type": "BP_HIGH_TREND", "severity": "CRITICAL", "title": " 182/104 ", "body": "Three in a row", "patient": id,
            "payload": {"series": [], "why": "r"}, "dedupe_key": "bp:7", "due_at": "2026-11-21T10:00:00+01:00"});
        let message = parse(body.to_string().as_bytes()).unwrap();
        assert_eq!(
            (message.severity, message.title.as_str(), message.subject),
            (Severity::Critical, "182/104", Subject::Patient(id))
        );
        assert_eq!(message.due_at.unwrap().to_rfc3339(), "2026-11-21T09:00:00+00:00");
    }

    #[test]
    fn older_names_are_understood() {
        for (name, severity) in PRIORITIES {
            let body = json!({"type": "GLUCOSE_HIGH", "priority": name, "title": "High", "metadata": {"a": 1}});
            let message = parse(body.to_string().as_bytes()).unwrap();
            assert_eq!((message.severity, message.payload), (severity, json!({"a": 1})));
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let wrong = errors(
            &json!({"type": "FIRE", "title": 5, "patient": "x", "facility": [], "due_at": "soon", "payload": [], "sev": "HIGH"}),
        );
        let names: Vec<_> = wrong.keys().map(String::as_str).collect();
        assert_eq!(names, ["due_at", "facility", "patient", "payload", "sev", "severity", "title", "type"]);
    }

    #[test]
    fn what_the_database_cannot_keep_is_refused_by_name() {
        let good = json!({"type": "GLUCOSE_HIGH", "severity": "HIGH", "title": "High"});
        let deep = (0..40).fold(json!(1), |inner, _| json!({"a": inner}));
        for (field, value) in [
            ("title", json!("a\u{0}b")),
            ("title", json!("x".repeat(256))),
            ("body", json!("x".repeat(10_001))),
            ("body", json!("\u{7}")),
            ("payload", json!({"a": {"b\u{0}": 1}})),
            ("payload", json!({"a": ["\u{0}"]})),
            ("payload", json!({"a": "x".repeat(33_000)})),
            ("payload", deep),
            ("dedupe_key", json!("x".repeat(256))),
            ("medical_record_number", json!("a\nb")),
            ("due_at", json!("9999-01-01T00:00:00Z")),
            ("metadata", json!("text")),
        ] {
            let mut body = good.clone();
            body[field] = value;
            assert_eq!(errors(&body).keys().collect::<Vec<_>>(), [field], "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_breaks_it(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse(&body).is_err());
        }
    }
}
