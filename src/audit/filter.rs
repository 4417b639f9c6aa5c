//! What a reader of the audit asks for, as the query says it.

use chrono::{Datelike as _, Days, NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::clock::Timestamp;
use crate::ids::{PatientId, UserId};

/// Days shown when nothing else is asked for. A range keeps a search from reading years.
const DAYS: u64 = 7;

/// Actions that can be chosen.
pub(super) const ACTIONS: [&str; 14] = [
    "VIEW",
    "CREATE",
    "UPDATE",
    "DELETE",
    "RESTORE",
    "STATUS_CHANGED",
    "ASSIGNED",
    "COMMENTED",
    "LOGIN",
    "LOGIN_FAILED",
    "LOGOUT",
    "EXPORT",
    "PRINT",
    "PERMISSION_CHANGE",
];

/// Kinds of record that can be chosen.
pub(super) const KINDS: [&str; 7] =
    ["patient", "alert", "user_session", "app_user", "membership", "audit_event", "job"];

/// The query as it was sent. What cannot be read is as if it were not there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    person: String,
    action: String,
    kind: String,
    patient: String,
    from: String,
    to: String,
    before: String,
}

/// The query as it is meant.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub person: Option<UserId>,
    pub action: Option<String>,
    pub kind: Option<String>,
    pub patient: Option<PatientId>,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub before: Option<i64>,
    zone: Tz,
}

impl Asked {
    pub(super) fn read(&self, today: NaiveDate, zone: Tz) -> Filter {
        let known = |name: &str, list: &[&str]| list.contains(&name).then(|| name.to_owned());
        // Years that no record has are not for the database to judge.
        let day = |text: &str| text.parse().ok().filter(|day: &NaiveDate| (1900..3000).contains(&day.year()));
        let to = day(&self.to).unwrap_or(today);
        let from = day(&self.from).unwrap_or_else(|| to.checked_sub_days(Days::new(DAYS)).unwrap_or(to));
        Filter {
            person: self.person.parse().ok(),
            action: known(&self.action, &ACTIONS),
            kind: known(&self.kind, &KINDS),
            patient: self.patient.parse().ok(),
            from: from.min(to),
            to,
            before: self.before.parse().ok(),
            zone,
        }
    }
}

impl Filter {
    /// The first moment of the range.
    pub(super) fn start(&self) -> Timestamp {
        self.midnight(self.from)
    }

    /// The first moment after the range.
    pub(super) fn end(&self) -> Timestamp {
        self.midnight(self.to.checked_add_days(Days::new(1)).unwrap_or(self.to))
    }

    fn midnight(&self, day: NaiveDate) -> Timestamp {
        let local = day.and_time(NaiveTime::MIN);
        // Where clocks go forward at midnight, the day begins an hour later; the hour before is close enough.
        self.zone.from_local_datetime(&local).earliest().map_or_else(|| local.and_utc(), |at| at.to_utc())
    }

    /// The same query at `path`, from another place on.
    pub(super) fn at(&self, path: &str, before: Option<i64>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("from", &self.from.to_string()).append_pair("to", &self.to.to_string());
        let rest = [
            ("person", self.person.map(|id| id.to_string())),
            ("action", self.action.clone()),
            ("kind", self.kind.clone()),
            ("patient", self.patient.map(|id| id.to_string())),
            ("before", before.map(|seq| seq.to_string())),
        ];
        for (name, value) in rest {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
        format!("{path}?{}", query.finish())
    }

    /// The same list about one patient, or about all.
    pub(super) fn about(&self, patient: Option<PatientId>) -> String {
        Self { patient, ..self.clone() }.at("/admin/audit", None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_is_whole_days_of_the_readers_zone() {
        let asked = Asked { from: "2026-03-28".into(), to: "2026-03-29".into(), ..Asked::default() };
        let filter = asked.read(day("2026-11-21"), Tz::Europe__London);
        assert_eq!(filter.start().to_rfc3339(), "2026-03-28T00:00:00+00:00");
        assert_eq!(filter.end().to_rfc3339(), "2026-03-29T23:00:00+00:00", "the clocks went forward that day");
    }

    #[test]
    fn nonsense_is_as_if_it_were_not_there() {
        let asked = Asked {
            person: "x".into(),
            action: "DROP".into(),
            from: "yesterday".into(),
            before: "-".into(),
            ..Asked::default()
        };
        let filter = asked.read(day("2026-11-21"), Tz::UTC);
        assert!(filter.person.is_none() && filter.action.is_none() && filter.before.is_none());
        assert_eq!(filter.at("/admin/audit", Some(9)), "/admin/audit?from=2026-11-14&to=2026-11-21&before=9");
    }
}
