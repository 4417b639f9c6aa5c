//! What a patient is told of an access to their record, in plain words.

use std::borrow::Borrow;

use chrono::NaiveDate;
use chrono_tz::Tz;
use uuid::Uuid;

use crate::access::Role;
use crate::clock::Timestamp;
use crate::web::format;
use crate::web::whom::{Relationship, Scope, Whom};

/// "Today", "Yesterday", "Wednesday 25 November": the day it was in that zone.
pub(super) fn day(at: &Timestamp, now: &Timestamp, zone: impl Borrow<Tz>) -> String {
    let (day, today) = (at.with_timezone(zone.borrow()).date_naive(), now.with_timezone(zone.borrow()).date_naive());
    match (today - day).num_days() {
        0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        _ => format::date_in_words(day, today),
    }
}

/// The same within a sentence: "today", "yesterday", "on Wednesday 25 November".
pub(super) fn on_day(at: &Timestamp, now: &Timestamp, zone: impl Borrow<Tz>) -> String {
    match day(at, now, zone).as_str() {
        "Today" => "today".to_owned(),
        "Yesterday" => "yesterday".to_owned(),
        day => format!("on {day}"),
    }
}

/// Somebody who may act for the patient, or could.
#[derive(Debug)]
pub(super) struct Helper {
    /// The portal account.
    pub id: Uuid,
    pub name: String,
    /// Whether it is the reader.
    pub mine: bool,
    pub relationship: Relationship,
    pub scopes: Vec<String>,
    pub status: String,
    pub starts_on: NaiveDate,
    pub ends_on: Option<NaiveDate>,
    pub over: bool,
    pub used_at: Option<Timestamp>,
    pub row_version: i64,
}

impl Helper {
    /// Whether it is the patient's own account.
    pub(super) fn is_self(&self) -> bool {
        self.relationship == Relationship::Myself
    }

    /// Whether the reader may end it: the patient everybody else's, a proxy their own.
    pub(super) fn endable(&self, reader: &Whom) -> bool {
        !self.is_self() && self.status != "REVOKED" && (reader.is_self() || self.mine)
    }

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
            ("ANONYMOUS", _) if self.resource == "visit_guest" => "A guest, by a link",
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
        let for_you = self.relationship().is_some();
        match (self.action.as_str(), self.resource.as_str()) {
            ("VIEW", _) if self.on_a_list => "Saw your name in a list",
            ("VIEW", "thread" | "message") => "Read your messages",
            ("CREATE", "message") if for_you => "Wrote to the clinic for you",
            ("CREATE", "message") => "Wrote to you",
            (_, "thread" | "message") => "Worked on your messages",
            ("VIEW", "document" | "document_version") => "Looked at documents of yours",
            ("EXPORT", "document" | "document_version") => "Saved a document of yours",
            ("CREATE", "document" | "document_version") => "Added a document to your record",
            (_, "document" | "document_version") => "Worked with documents of yours",
            ("VIEW", "visit_guest") if self.actor_kind == "ANONYMOUS" => "Opened the link to your video visit",
            ("UPDATE", "visit_guest") if self.actor_kind == "ANONYMOUS" => "Came to your video visit",
            ("VIEW", "visit" | "visit_request" | "virtual_session" | "visit_guest") => "Looked at your visits",
            (_, "visit_guest") => "Said who else may join your video visit",
            ("CREATE", "visit_request") => "Asked for a visit for you",
            ("CREATE", "visit") => "Booked a visit for you",
            (_, "visit" | "visit_request" | "visit_participant" | "virtual_session" | "slot") => {
                "Changed something about a visit of yours"
            }
            (_, "detail_change") if for_you => "Asked for a change of your details, for you",
            ("VIEW", "detail_change") => "Looked at a change of your details that was asked for",
            (_, "detail_change") => "Answered a change of your details that was asked for",
            ("VIEW", "portal_account") if !for_you => "Looked at who may use your pages",
            ("STATUS_CHANGED", "portal_account") if for_you => "Began, or stopped, to use your pages",
            (_, "portal_account" | "portal_invitation") if !for_you => "Changed who may use your pages",
            (_, "patient_contact") => "Changed the people to call for you",
            (_, "allergy") => "Changed what the record says of your allergies",
            (_, "condition") => "Changed what the record says of your health problems",
            ("VIEW", _) if for_you => "Looked at these pages for you",
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

    /// A picture of what was done, beside the words.
    pub(super) fn icon(&self) -> &'static str {
        match (self.action.as_str(), self.resource.as_str()) {
            ("VIEW", _) if self.on_a_list => "list-checks",
            (_, "thread" | "message") => "message-square",
            (_, "document" | "document_version") => "file-text",
            (_, "visit" | "visit_request" | "visit_participant" | "virtual_session" | "visit_guest" | "slot") => {
                "calendar-days"
            }
            (_, "portal_account" | "portal_invitation") => "users",
            (_, "alert") => "bell",
            ("VIEW", _) => "eye",
            ("PRINT", _) => "printer",
            ("EXPORT", _) => "download",
            _ => "pencil",
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
    fn days_are_said_as_people_say_them() {
        let now: Timestamp = "2026-11-24T23:30:00Z".parse().expect("a moment");
        let said = |hours| {
            let at = now - chrono::TimeDelta::hours(hours);
            (day(&at, &now, Tz::Europe__London), on_day(&at, &now, Tz::Europe__London))
        };
        assert_eq!(said(1).0, "Today");
        assert_eq!(said(24).1, "yesterday");
        assert_eq!(said(72), ("Saturday 21 November".to_owned(), "on Saturday 21 November".to_owned()));
        assert_eq!(day(&now, &now, Tz::Europe__Paris), "Today");
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
        assert_eq!(
            access("STATUS_CHANGED", "detail_change", false).what(),
            "Answered a change of your details that was asked for"
        );
        assert_eq!(access("VIEW", "thread", false).what(), "Read your messages");
    }
}
