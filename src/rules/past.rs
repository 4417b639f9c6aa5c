//! What changed from one version of a rule to the next, in words.

use serde_json::{Map, Value};

use super::history::Version;
use super::model::RuleAction;
use super::pages::Past;
use crate::access::Role;

/// What each version changed of the one before.
pub(super) fn words(versions: Vec<Version>) -> Vec<Past> {
    let definitions: Vec<Value> = versions.iter().map(|version| version.definition.clone()).collect();
    let words = |place: usize| {
        let (now, before) = (&definitions[place], definitions.get(place + 1));
        let (Some(now), Some(before)) = (now.as_object(), before.and_then(Value::as_object)) else {
            return vec!["Made".to_owned()];
        };
        let written = |value: Option<&Value>| match value {
            None | Some(Value::Null) => "nothing".to_owned(),
            Some(Value::String(text)) => format!("“{text}”"),
            Some(Value::Bool(true)) => "yes".to_owned(),
            Some(Value::Bool(false)) => "no".to_owned(),
            Some(Value::Object(fields)) => params(fields),
            Some(other) => other.to_string(),
        };
        let changed = now.iter().filter(|(name, value)| before.get(*name).unwrap_or(&Value::Null) != *value);
        changed
            .map(|(name, value)| match (name.as_str(), value) {
                ("enabled", Value::Bool(true)) => "Switched on".to_owned(),
                ("enabled", _) => "Switched off".to_owned(),
                ("action", _) => {
                    format!("{}: {} → {}", label("action"), action(before.get("action")), action(Some(value)))
                }
                (name, value) => format!("{}: {} → {}", label(name), written(before.get(name)), written(Some(value))),
            })
            .collect()
    };
    let words: Vec<Vec<String>> = (0..definitions.len()).map(words).collect();
    versions.into_iter().zip(words).map(|(version, words)| Past { version, words }).collect()
}

fn label(name: &str) -> &str {
    match name {
        "name" => "Name",
        "description" => "What it is for",
        "threshold" => "Limit",
        "min_count" => "Readings",
        "window_days" => "Days",
        "severity" => "Severity",
        "action" => "What follows",
        "action_params" => "What to do",
        "content" => "To read",
        "resolves" => "Ends by itself",
        "priority" => "Priority",
        other => other,
    }
}

/// Text, doer and words of an action.
fn params(fields: &Map<String, Value>) -> String {
    let doer = fields.get("role").and_then(Value::as_str).and_then(|role| role.parse::<Role>().ok());
    let texts = ["text", "word"].into_iter().filter_map(|name| fields.get(name).and_then(Value::as_str));
    let parts: Vec<String> =
        texts.map(|text| format!("“{text}”")).chain(doer.map(|role| role.label().to_owned())).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

fn action(value: Option<&Value>) -> &str {
    let name = value.and_then(Value::as_str).unwrap_or_default();
    match name.parse::<RuleAction>() {
        Ok(action) => action.label(),
        Err(_) => name,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn what_changed_is_said_in_words_and_what_was_not_kept_then_is_no_change() {
        let version = |number, definition| Version { version: number, at: Timestamp::default(), who: None, definition };
        let now = json!({ "enabled": true, "action": "ASSIGN_CONTENT", "action_params": { "word": "Please read." }, "content": { "id": "7", "text": "Swollen legs" } });
        let then = json!({ "enabled": true, "action": "ALERT", "action_params": { "role": "CARER" } });
        let first =
            json!({ "enabled": false, "action": "ALERT", "action_params": { "role": "CARER" }, "content": null });
        let told: Vec<Vec<String>> = words(vec![version(3, now), version(2, then), version(1, first)])
            .into_iter()
            .map(|one| one.words)
            .collect();
        let changes = [
            "What follows: Raise an alert → Raise an alert and give the patient something to read",
            "What to do: Carer → “Please read.”",
            "To read: nothing → “Swollen legs”",
        ];
        assert_eq!(
            told,
            [changes.map(str::to_owned).to_vec(), vec!["Switched on".to_owned()], vec!["Made".to_owned()]]
        );
    }
}
