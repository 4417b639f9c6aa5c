//! Telling people what happened: by the list behind the bell, by e-mail, by text message, by chat.
//!
//! A slice calls [`schedule`] in the transaction in which the thing happens: no commit, no notice; and the same event
//! told twice is told once. `outbox.schedule` in the schema looks up how each person wants to be told, holds back what
//! falls into their quiet hours, and bundles what comes within two minutes. `notifications::jobs` sends it.
//!
//! ```ignore
//! outbox::schedule(tx, Notice::new(Kind::CaseAssigned, row.id, format!("/cases/{}", row.id)).tell(caseworker)).await?;
//! outbox::schedule(tx, Notice::new(Kind::VisitReminder, visit.id, "/my/visits").tell_patient(patient, Scope::Visits).at(day_before)).await?;
//! outbox::call_off(tx, Kind::VisitReminder, visit.id).await?;
//! ```
//!
//! A notice holds a kind and an address inside the portal. What it is about is read there, by who may: no notice ever
//! holds a name, a time of a visit, or a word of a message.

use uuid::Uuid;

use crate::access::{Actor, Role};
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{PatientId, UserId, new_uuid};
use crate::named::named;
use crate::web::whom::Scope;

mod courier;
mod hook;
mod mail;
mod reach;
mod way;
mod words;

pub use courier::{Courier, Target, Undelivered};
pub use hook::Hook;
pub use mail::Mailer;
pub use reach::{Range, Reach};
pub use words::{Letter, letter};

named! {
    /// A way to tell somebody.
    Channel {
        /// The list behind the bell, which has everything.
        InApp = "IN_APP", "In the portal";
        /// Mail.
        Email = "EMAIL", "E-mail";
        /// Text messages, by a webhook.
        Sms = "SMS", "Text message";
        /// A chat of the organization, by a webhook.
        Chat = "CHAT", "Chat";
    }
}

impl Channel {
    /// Those that leave the portal.
    pub const OUTSIDE: [Self; 3] = [Self::Email, Self::Sms, Self::Chat];
}

named! {
    /// What happened.
    Kind {
        /// A case was given to somebody.
        CaseAssigned = "case.assigned", "A case was given to you";
        /// A case came back.
        CaseReturned = "case.returned", "A case was returned to you";
        /// A case is in the hands of the chairs.
        CaseWaiting = "case.waiting", "A case waits for a chair";
        /// A case has moved.
        CaseMoved = "case.moved", "A case you opened, have or follow has moved";
        /// A case should have been completed.
        CaseOverdue = "case.overdue", "A case is overdue";
        /// An alert was given to somebody.
        AlertAssigned = "alert.assigned", "An alert was given to you";
        /// A conversation was given to somebody.
        MessageAssigned = "message.assigned", "A conversation was given to you";
        /// Somebody wrote.
        MessageReply = "message.reply", "You have a new message";
        /// A time for a visit waits for an answer.
        VisitOffered = "visit.offered", "We have found a time for a visit";
        /// A visit has another time.
        VisitChanged = "visit.changed", "The time of a visit has changed";
        /// A visit will not take place.
        VisitCancelled = "visit.cancelled", "A visit has been cancelled";
        /// A visit is near.
        VisitReminder = "visit.reminder", "A visit is coming up";
        /// Staff have answered a wish to change details.
        DetailsAnswered = "details.answered", "Your change of details was answered";
    }
}

impl Kind {
    /// Whether people in this role hear of it.
    #[must_use]
    pub const fn concerns(self, role: Role) -> bool {
        match self {
            Self::CaseAssigned => matches!(role, Role::Caseworker),
            Self::CaseWaiting => matches!(role, Role::Chair),
            Self::CaseReturned | Self::CaseOverdue => matches!(role, Role::Clerk | Role::Chair | Role::Caseworker),
            Self::CaseMoved => matches!(role, Role::Clerk | Role::Chair | Role::Caseworker | Role::Compliance),
            Self::AlertAssigned => {
                matches!(role, Role::Clinician | Role::MedicalAssistant | Role::Carer | Role::Manager)
            }
            Self::MessageAssigned => {
                matches!(role, Role::Clinician | Role::MedicalAssistant | Role::Carer | Role::Manager)
            }
            Self::MessageReply => {
                matches!(role, Role::Patient | Role::Clinician | Role::MedicalAssistant | Role::Carer | Role::Manager)
            }
            Self::VisitOffered
            | Self::VisitChanged
            | Self::VisitCancelled
            | Self::VisitReminder
            | Self::DetailsAnswered => {
                matches!(role, Role::Patient)
            }
        }
    }

    /// The ways besides the bell, for who has chosen none. What waits on a screen anyway stays there; patients and
    /// people who are not at the portal all day get mail.
    #[must_use]
    pub const fn usual(self) -> &'static [Channel] {
        match self {
            Self::AlertAssigned | Self::MessageAssigned | Self::CaseWaiting | Self::CaseMoved => &[],
            Self::CaseAssigned
            | Self::CaseReturned
            | Self::CaseOverdue
            | Self::MessageReply
            | Self::VisitOffered
            | Self::VisitChanged
            | Self::VisitCancelled
            | Self::VisitReminder
            | Self::DetailsAnswered => &[Channel::Email],
        }
    }

    /// The icon in the list.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::CaseAssigned | Self::CaseReturned | Self::CaseWaiting | Self::CaseMoved | Self::CaseOverdue => {
                "folder-kanban"
            }
            Self::AlertAssigned => "bell",
            Self::MessageAssigned | Self::MessageReply => "message-square",
            Self::VisitOffered | Self::VisitChanged | Self::VisitCancelled | Self::VisitReminder => "calendar-days",
            Self::DetailsAnswered => "pencil",
        }
    }
}

/// Who is told.
#[derive(Clone, Debug)]
enum To {
    Nobody,
    People(Vec<Uuid>),
    /// The patient, and who acts for them in this part of the record.
    Patient(PatientId, Scope),
}

/// Something to be told.
#[derive(Clone, Debug)]
pub struct Notice {
    kind: Kind,
    about: Uuid,
    path: String,
    to: To,
    at: Option<Timestamp>,
    key: Option<String>,
}

impl Notice {
    /// `kind` happened to the record `about`, which is seen at `path`: an address without anything about a patient.
    #[must_use]
    pub fn new(kind: Kind, about: impl Into<Uuid>, path: impl Into<String>) -> Self {
        Self { kind, about: about.into(), path: path.into(), to: To::Nobody, at: None, key: None }
    }

    /// One person is told. Whoever did it themselves is not.
    #[must_use]
    pub fn tell(mut self, person: UserId) -> Self {
        self.to = To::People(vec![person.uuid()]);
        self
    }

    /// These people are told, but for whoever did it.
    #[must_use]
    pub fn tell_all(mut self, people: Vec<Uuid>) -> Self {
        self.to = To::People(people);
        self
    }

    /// The patient is told, and everybody who acts for them in this part of the record.
    #[must_use]
    pub fn tell_patient(mut self, patient: PatientId, scope: Scope) -> Self {
        self.to = To::Patient(patient, scope);
        self
    }

    /// Not before this moment.
    #[must_use]
    pub const fn at(mut self, moment: Timestamp) -> Self {
        self.at = Some(moment);
        self
    }

    /// The name of the event, where it could be told twice: told again, nothing happens.
    #[must_use]
    pub fn once(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

/// Tells it, in the caller's transaction. Says how many rows of the outbox came of it.
///
/// # Errors
/// Where the database does not answer or refuses it.
pub async fn schedule(tx: &mut Tx, notice: Notice) -> Result<i64> {
    let key = format!("{}:{}", notice.kind, notice.key.unwrap_or_else(|| new_uuid().to_string()));
    let usual: Vec<String> = notice.kind.usual().iter().map(ToString::to_string).collect();
    let added = match notice.to {
        To::Nobody => 0,
        To::People(people) => {
            sqlx::query_scalar!(
                r#"SELECT outbox.schedule($1, $2, $3, $4, $5, $6, $7) AS "added!""#,
                &people,
                notice.kind.as_str(),
                notice.about,
                notice.path,
                notice.at as Option<Timestamp>,
                key,
                &usual,
            )
            .fetch_one(&mut **tx)
            .await?
        }
        To::Patient(patient, scope) => {
            sqlx::query_scalar!(
                r#"SELECT outbox.schedule_patient($1, $2, $3, $4, $5, $6, $7, $8) AS "added!""#,
                patient.uuid(),
                scope.as_str(),
                notice.kind.as_str(),
                notice.about,
                notice.path,
                notice.at as Option<Timestamp>,
                key,
                &usual,
            )
            .fetch_one(&mut **tx)
            .await?
        }
    };
    Ok(added)
}

/// Calls off what was to be said about a record and has not been sent, or read, yet.
///
/// # Errors
/// Where the database does not answer.
pub async fn call_off(tx: &mut Tx, kind: Kind, about: impl Into<Uuid>) -> Result<()> {
    sqlx::query_scalar!(r#"SELECT outbox.call_off($1, $2) AS "gone!""#, about.into(), kind.as_str())
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}

/// The person has seen what they were told about a record: its page is open before them.
///
/// # Errors
/// Where the database does not answer.
pub async fn seen(tx: &mut Tx, actor: &Actor, about: impl Into<Uuid>) -> Result<()> {
    sqlx::query!(
        "UPDATE notification SET read_at = now()
          WHERE organization_id = $1 AND subject_id = $2 AND recipient_id = $3 AND channel = 'IN_APP' AND read_at IS NULL AND trigger_at <= now()",
        actor.organization.uuid(),
        about.into(),
        actor.user.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_concerns_somebody_and_fits_the_table() {
        for kind in Kind::ALL {
            assert!(Role::ALL.into_iter().any(|role| kind.concerns(role)), "{kind}");
            assert!(kind.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '.') && kind.as_str().len() <= 64);
            assert!(!kind.usual().contains(&Channel::InApp), "{kind}: the bell has everything");
        }
    }
}
