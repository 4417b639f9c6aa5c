//! What a patient is told of an access to their record, in plain words.

use crate::access::Role;
use crate::clock::Timestamp;
use crate::ids::PatientId;

/// A patient for whom the person acts.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub patient: PatientId,
    pub first_name: String,
    pub last_name: String,
    pub relationship: String,
    pub facility: String,
}

impl Own {
    /// "Marisol Reyes".
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    pub(super) fn is_self(&self) -> bool {
        self.relationship == "SELF"
    }
}

/// One access.
#[derive(Debug)]
pub(super) struct Access {
    pub seq: i64,
    pub at: Timestamp,
    pub actor_kind: String,
    pub person: Option<String>,
    pub role: Option<String>,
    pub action: String,
    pub resource: String,
    pub on_a_list: bool,
}

impl Access {
    /// "Dr Miriam Haas".
    pub(super) fn who(&self) -> &str {
        match (self.actor_kind.as_str(), self.person.as_deref()) {
            (_, Some(name)) if !name.is_empty() => name,
            ("SERVICE", _) => "A connected system",
            ("SYSTEM", _) => "The portal, by itself",
            _ => "Somebody who is no longer listed",
        }
    }

    /// "Clinician"; nothing for machines.
    pub(super) fn role_label(&self) -> &'static str {
        self.role.as_deref().and_then(|role| role.parse::<Role>().ok()).map_or("", Role::label)
    }

    /// "Opened your record".
    pub(super) fn what(&self) -> &'static str {
        match (self.action.as_str(), self.resource.as_str()) {
            ("VIEW", _) if self.on_a_list => "Saw your name in a list",
            ("VIEW", "alert") => "Looked at an alert about you",
            ("VIEW", "audit_event") => "Checked who opened your record",
            ("VIEW", _) => "Opened your record",
            ("PRINT", _) => "Printed your record",
            ("EXPORT", _) => "Took a copy of your record",
            ("CREATE", "alert") => "Reported something about you to the clinic",
            ("COMMENTED", _) => "Wrote a note on an alert about you",
            (_, "alert") => "Worked on an alert about you",
            ("CREATE", _) => "Added to your record",
            ("DELETE", _) => "Closed your record",
            ("RESTORE", _) => "Opened your record again",
            _ => "Changed your record",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn access(action: &str, resource: &str, on_a_list: bool) -> Access {
        Access {
            seq: 1,
            at: Clock::System.now(),
            actor_kind: "USER".into(),
            person: None,
            role: Some("MEDICAL_ASSISTANT".into()),
            action: action.into(),
            resource: resource.into(),
            on_a_list,
        }
    }

    #[test]
    fn accesses_are_told_in_plain_words() {
        assert_eq!(access("VIEW", "patient", false).what(), "Opened your record");
        assert_eq!(access("VIEW", "alert", true).what(), "Saw your name in a list");
        assert_eq!(access("STATUS_CHANGED", "alert", false).what(), "Worked on an alert about you");
        assert_eq!(access("UPDATE", "patient", false).what(), "Changed your record");
        assert_eq!(access("VIEW", "patient", false).who(), "Somebody who is no longer listed");
        assert_eq!(access("VIEW", "patient", false).role_label(), "Medical assistant");
    }
}
