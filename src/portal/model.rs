//! What a patient is told of an access to their record, in plain words.

use chrono::NaiveDate;

use crate::access::Role;
use crate::clock::Timestamp;
use crate::web::whom::{Relationship, Scope};

/// Somebody who may act for the patient, or could.
#[derive(Debug)]
pub(super) struct Helper {
    pub name: String,
    pub relationship: Relationship,
    pub scopes: Vec<String>,
    pub status: String,
    pub ends_on: Option<NaiveDate>,
    pub over: bool,
}

impl Helper {
    /// "visits, messages"
    pub(super) fn parts(&self) -> String {
        let known = Scope::ALL.iter().filter(|scope| self.scopes.iter().any(|held| held == scope.as_str()));
        known.map(|scope| scope.label().to_lowercase()).collect::<Vec<_>>().join(", ")
    }

    /// How it stands, in plain words; nothing where it simply works.
    pub(super) fn standing(&self) -> &'static str {
        match self.status.as_str() {
            "INVITED" => "Invited, has not accepted yet",
            "SUSPENDED" => "Stopped for now",
            _ if self.over => "The time is over",
            _ => "",
        }
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
    /// The relationship of a proxy who acted.
    pub acting_for: Option<String>,
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
        if let Some(relationship) = self.relationship() {
            return relationship.label();
        }
        self.role.as_deref().and_then(|role| role.parse::<Role>().ok()).map_or("", Role::label)
    }

    fn relationship(&self) -> Option<Relationship> {
        self.acting_for.as_deref().and_then(|name| name.parse().ok())
    }

    /// "Opened your record".
    pub(super) fn what(&self) -> &'static str {
        match (self.action.as_str(), self.resource.as_str()) {
            ("VIEW", _) if self.on_a_list => "Saw your name in a list",
            ("VIEW", _) if self.relationship().is_some() => "Looked at these pages for you",
            (_, "detail_change") if self.relationship().is_some() => "Asked for a change of your details, for you",
            (_, "detail_change") => "Answered a change of your details that you asked for",
            (_, "portal_account") => "Changed who may use your pages",
            ("VIEW", "alert") => "Looked at an alert about you",
            ("VIEW", "document") => "Looked at documents of yours",
            ("EXPORT", "document") => "Saved a document of yours",
            ("VIEW", "audit_event") => "Checked who opened your record",
            ("VIEW", _) => "Opened your record",
            ("PRINT", _) => "Printed your record",
            ("CREATE", "document") => "Added a document to your record",
            (_, "document") => "Worked with documents of yours",
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
            acting_for: None,
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
        let proxy = Access { acting_for: Some("PARENT".into()), ..access("VIEW", "patient", false) };
        assert_eq!((proxy.role_label(), proxy.what()), ("Parent", "Looked at these pages for you"));
    }
}
