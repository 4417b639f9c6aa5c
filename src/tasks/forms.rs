//! What people type about a task, and the same as the rules take it.

use chrono::{NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use serde::Deserialize;

use super::model::{Kind, Subject};
use super::queries::row::Row;
use super::queries::write::Words;
use crate::access::Role;
use crate::error::{Error, Result};
use crate::ids::UserId;
use crate::tasks::Priority;
use crate::web::form::FormErrors;

/// The end of the working day: when a task is due that names a day and no time.
const END_OF_DAY: (u32, u32) = (17, 0);

/// The fields of a task.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawTask {
    /// One line.
    pub title: String,
    /// What is to be done.
    pub description: String,
    /// The id of a person or the name of a role.
    pub who: String,
    /// How pressing it is.
    pub priority: String,
    /// `2026-11-27`
    pub due_on: String,
    /// `17:00`
    pub due_time: String,
    /// The version that was looked at.
    pub row_version: String,
    /// The identifier of a new task, made with the form.
    pub idempotency_key: String,
}

impl RawTask {
    /// A task as its form shows it.
    #[must_use]
    pub fn of(row: &Row, description: String, zone: Tz) -> Self {
        let due = row.due_at.map(|at| at.with_timezone(&zone));
        Self {
            title: row.title.clone(),
            description,
            who: match (row.assignee_id, row.assignee_role) {
                (Some(person), _) => person.to_string(),
                (None, Some(role)) => role.as_str().to_owned(),
                (None, None) => String::new(),
            },
            priority: row.priority.as_str().to_owned(),
            due_on: due.map(|due| due.format("%Y-%m-%d").to_string()).unwrap_or_default(),
            due_time: due.map(|due| due.format("%H:%M").to_string()).unwrap_or_default(),
            row_version: row.row_version.to_string(),
            idempotency_key: String::new(),
        }
    }

    /// What the task will say.
    ///
    /// # Errors
    /// What is wrong, beside each field.
    pub fn parse(&self, zone: Tz, subject: Subject) -> Result<Words, FormErrors> {
        let mut errors = FormErrors::default();
        let title = errors.required("title", &self.title, "Say in a line what is to be done");
        let description = errors.text("description", &self.description);
        let priority = self.priority.parse::<Priority>().unwrap_or_else(|_| {
            errors.add("priority", "Choose a priority");
            Priority::Medium
        });
        let (assignee, role) = match (self.who.parse::<UserId>(), self.who.parse::<Role>()) {
            (Ok(person), _) => (Some(person), None),
            (Err(_), Ok(role)) if subject.roles().contains(&role) => (None, Some(role)),
            _ => {
                errors.add("who", "Choose who does it");
                (None, None)
            }
        };
        let due_at = due(&self.due_on, &self.due_time, zone).unwrap_or_else(|(field, words)| {
            errors.add(field, words);
            None
        });
        if !errors.is_empty() {
            return Err(errors);
        }
        let description = (!description.is_empty()).then_some(description);
        Ok(Words { title, description, assignee, role, priority, due_at })
    }

    /// The version that was looked at.
    ///
    /// # Errors
    /// Where the form carries none.
    pub fn version(&self) -> Result<i64> {
        self.row_version.parse().map_err(|_| Error::BadRequest("The form is missing its version. Reload the page."))
    }
}

/// A day and a time as typed, in the zone of the reader. No day means no time.
fn due(day: &str, time: &str, zone: Tz) -> Result<Option<crate::clock::Timestamp>, (&'static str, &'static str)> {
    let (day, time) = (day.trim(), time.trim());
    if day.is_empty() {
        return if time.is_empty() { Ok(None) } else { Err(("due_on", "Enter the day, too")) };
    }
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d")
        .ok()
        .filter(|day| (2000..2200).contains(&chrono::Datelike::year(day)))
        .ok_or(("due_on", "Enter the day as 2026-11-27"))?;
    let time = if time.is_empty() {
        NaiveTime::from_hms_opt(END_OF_DAY.0, END_OF_DAY.1, 0)
    } else {
        NaiveTime::parse_from_str(time, "%H:%M").ok()
    };
    let time = time.ok_or(("due_time", "Enter the time as 17:00"))?;
    // Twice a year an hour is skipped or comes twice: the first that exists is meant.
    let local = day.and_time(time);
    let at = zone.from_local_datetime(&local).earliest();
    let at = at.or_else(|| zone.from_local_datetime(&(local + chrono::TimeDelta::hours(1))).earliest());
    at.map(|at| Some(at.to_utc())).ok_or(("due_time", "There is no such time on that day"))
}

/// What a move needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RawMove {
    /// Why, or what came of it.
    pub text: String,
    /// The version that was looked at.
    pub row_version: String,
    /// The page to go back to.
    pub back: String,
}

impl RawMove {
    /// The reason or outcome; none where nothing was said and nothing had to be.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(&self, kind: Kind) -> Result<Option<String>, FormErrors> {
        let mut errors = FormErrors::default();
        let text = errors.text("text", &self.text);
        if kind.asks_reason() {
            if text.is_empty() {
                errors.add("text", "Say why");
            } else if text.chars().count() > 2000 {
                errors.add("text", "Use 2,000 characters or fewer");
            }
        }
        if errors.is_empty() { Ok((!text.is_empty()).then_some(text)) } else { Err(errors) }
    }

    /// The version that was looked at.
    ///
    /// # Errors
    /// Where the form carries none.
    pub fn version(&self) -> Result<i64> {
        self.row_version.parse().map_err(|_| Error::BadRequest("The form is missing its version. Reload the page."))
    }
}

/// Where to go after an action: to the list, a task, its case or its patient, and no other site whatever a form says.
#[must_use]
pub fn back(path: &str) -> Option<&str> {
    let own = path == "/work"
        || path == "/tasks"
        || path.starts_with("/tasks?")
        || path.starts_with("/tasks/")
        || path.starts_with("/cases/")
        || path.starts_with("/patients/");
    (own && path.bytes().all(|byte| byte.is_ascii_graphic())).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> RawTask {
        RawTask {
            title: "Ask for the third quote".to_owned(),
            who: "CASEWORKER".to_owned(),
            priority: "HIGH".to_owned(),
            ..RawTask::default()
        }
    }

    #[test]
    fn a_day_without_a_time_means_its_end() {
        let zone = Tz::Europe__London;
        let words = RawTask { due_on: "2026-07-01".to_owned(), ..form() }.parse(zone, Subject::Case).unwrap();
        assert_eq!(words.due_at.unwrap().to_rfc3339(), "2026-07-01T16:00:00+00:00");
        // An hour that does not exist: clocks go from 01:00 to 02:00.
        let skipped = RawTask { due_on: "2026-03-29".to_owned(), due_time: "01:30".to_owned(), ..form() };
        assert_eq!(
            skipped.parse(zone, Subject::Case).unwrap().due_at.unwrap().to_rfc3339(),
            "2026-03-29T01:30:00+00:00"
        );
        assert_eq!(form().parse(zone, Subject::Case).unwrap().due_at, None);
    }

    #[test]
    fn what_cannot_be_read_is_said_beside_its_field() {
        let zone = Tz::UTC;
        let wrong = |form: RawTask, field: &str| {
            let errors = form.parse(zone, Subject::Case).unwrap_err();
            assert_eq!(errors.iter().map(|(name, _)| name).collect::<Vec<_>>(), [field]);
        };
        wrong(RawTask { title: " ".to_owned(), ..form() }, "title");
        wrong(RawTask { title: "x".repeat(256), ..form() }, "title");
        wrong(RawTask { who: "PATIENT".to_owned(), ..form() }, "who");
        wrong(RawTask { who: String::new(), ..form() }, "who");
        wrong(RawTask { who: "CLINICIAN".to_owned(), ..form() }, "who");
        wrong(RawTask { priority: "ASAP".to_owned(), ..form() }, "priority");
        wrong(RawTask { due_on: "27/11/2026".to_owned(), ..form() }, "due_on");
        wrong(RawTask { due_on: "0001-01-01".to_owned(), ..form() }, "due_on");
        wrong(RawTask { due_time: "17:00".to_owned(), ..form() }, "due_on");
        wrong(RawTask { due_on: "2026-11-27".to_owned(), due_time: "25:00".to_owned(), ..form() }, "due_time");
    }

    #[test]
    fn a_reason_is_asked_for_where_the_table_says_so() {
        for kind in Kind::ALL {
            assert_eq!(RawMove::default().parse(*kind).is_err(), kind.asks_reason(), "{kind:?}");
        }
    }

    #[test]
    fn nobody_is_sent_to_another_site() {
        for path in ["https://example.com", "//example.com", "/tasksx", "/tasks/\u{e9}", "/tasks/ x", ""] {
            assert_eq!(back(path), None, "{path}");
        }
        assert_eq!(back("/tasks?view=today"), Some("/tasks?view=today"));
    }
}
