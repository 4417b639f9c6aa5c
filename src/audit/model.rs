//! What the audit says, in words.

use serde_json::Value;

use crate::access::Role;
use crate::clock::Timestamp;
use crate::ids::{PatientId, UserId};

/// A sealed segment.
#[derive(Debug)]
pub(super) struct Segment {
    pub number: i64,
    pub event_count: i32,
    pub prev_hash: Vec<u8>,
    pub hash: Vec<u8>,
    pub sealed_at: Timestamp,
}

/// Somebody who can be chosen in the filter.
#[derive(Debug)]
pub(super) struct Person {
    pub id: UserId,
    pub name: String,
}

/// One event.
#[derive(Debug)]
pub(super) struct Row {
    pub seq: i64,
    pub at: Timestamp,
    pub actor_kind: String,
    pub person: Option<String>,
    pub acting_role: Option<String>,
    pub action: String,
    pub resource_type: String,
    pub resource_id: Option<uuid::Uuid>,
    pub patient_id: Option<PatientId>,
    pub shown: Option<i32>,
    pub patient: Option<String>,
    pub changes: Option<String>,
    pub details: Option<String>,
    pub address: Option<String>,
}

impl Row {
    /// "Dr Miriam Haas", or what kind of machine it was.
    pub(super) fn who(&self) -> &str {
        match (self.person.as_deref(), self.actor_kind.as_str()) {
            (Some(name), _) => name,
            (None, "SERVICE") => "A connected system",
            (None, "SYSTEM") => "Almoner",
            (None, _) => "Nobody signed in",
        }
    }

    pub(super) fn role_label(&self) -> &'static str {
        self.acting_role.as_deref().and_then(|role| role.parse::<Role>().ok()).map_or("", Role::label)
    }

    /// "Status changed".
    pub(super) fn action_words(&self) -> String {
        words(&self.action)
    }

    /// "User session".
    pub(super) fn resource_words(&self) -> String {
        words(&self.resource_type)
    }

    /// Changes and details in one line: `role: CLINICIAN → MANAGER · reason: SIGNED_OUT`.
    pub(super) fn more(&self) -> String {
        let parse = |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        let lines = [parse(&self.changes), parse(&self.details)];
        let fields = lines.iter().flatten().filter_map(Value::as_object).flatten();
        fields
            .map(|(name, value)| format!("{}: {}", name.replace('_', " "), said(value)))
            .collect::<Vec<_>>()
            .join(" · ")
    }
}

fn said(value: &Value) -> String {
    match value {
        Value::Object(change) if change.contains_key("after") => {
            let side = |name| change.get(name).map_or_else(|| "–".to_owned(), said);
            format!("{} → {}", side("before"), side("after"))
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name} {}", said(value))).collect::<Vec<_>>().join(", ")
        }
        Value::Array(items) => items.iter().map(said).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// `STATUS_CHANGED` → "Status changed".
pub(super) fn words(name: &str) -> String {
    let lower = name.replace('_', " ").to_lowercase();
    let mut letters = lower.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_as_before_and_after() {
        let value: Value = serde_json::from_str(r#"{"before": null, "after": "MANAGER"}"#).unwrap();
        assert_eq!(said(&value), "– → MANAGER");
        assert_eq!(said(&serde_json::json!({ "rows": 214, "format": "csv" })), "format csv, rows 214");
        assert_eq!(words("STATUS_CHANGED"), "Status changed");
    }
}
