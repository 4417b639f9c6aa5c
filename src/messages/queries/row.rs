//! One conversation, as lists and pages need it.

use crate::clock::{self, Timestamp};
use crate::error::{Error, Result};
use crate::ids::{FacilityId, PatientId, ThreadId, UserId};
use crate::messages::model::{Category, Channel, Standing, Status};
use crate::messages::tell::Talk;

/// A conversation.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub id: ThreadId,
    /// For people.
    pub number: i64,
    /// Where.
    pub facility_id: FacilityId,
    /// Its name.
    pub facility: String,
    /// With whom; none for somebody without a record.
    pub patient_id: Option<PatientId>,
    /// Given name.
    pub patient_first: Option<String>,
    /// Family name.
    pub patient_last: Option<String>,
    /// What it is about, in a line.
    pub subject: Option<String>,
    /// What it is about.
    pub category: Category,
    /// The way it came.
    pub channel: Channel,
    /// Who is at the other end, encrypted.
    pub contact_enc: Option<Vec<u8>>,
    /// Whose turn it is.
    pub status: Status,
    /// Who has it.
    pub assignee_id: Option<UserId>,
    /// Their given name.
    pub assignee_first: Option<String>,
    /// Their family name.
    pub assignee_last: Option<String>,
    /// How many messages.
    pub message_count: i32,
    /// When the last one came.
    pub last_message_at: Timestamp,
    /// Since when somebody waits.
    pub waiting_since: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Messages that this person has not read.
    pub unread: i32,
    /// The version.
    pub row_version: i64,
}

impl Row {
    /// Where it stands.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        Standing {
            status: self.status,
            assignee: self.assignee_id,
            waiting_since: self.waiting_since,
            closed_at: self.closed_at,
        }
    }

    /// As far as telling people needs it.
    pub(in crate::messages) const fn talk(&self) -> Talk {
        Talk { id: self.id, patient: self.patient_id, channel: self.channel, assignee: self.assignee_id }
    }

    /// Its place in a list.
    #[must_use]
    pub fn cursor(&self, waiting: bool) -> Cursor {
        let at = if waiting { self.waiting_since.unwrap_or(self.last_message_at) } else { self.last_message_at };
        Cursor { at, id: self.id }
    }
}

/// A place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// By which the list is sorted.
    pub at: Timestamp,
    /// Which conversation.
    pub id: ThreadId,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_micros(), self.id)
    }
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        const WRONG: Error = Error::BadRequest("This page of the list cannot be found. Open the list again.");
        let (at, id) = text.split_once('.').ok_or(WRONG)?;
        let at = clock::moment(at.parse().map_err(|_| WRONG)?).ok_or(WRONG)?;
        Ok(Self { at, id: id.parse().map_err(|_| WRONG)? })
    }
}

/// All columns of a [`Row`]; how much is unread is asked conversation by conversation, or all that the person takes part in would
/// be read for it. From `$from`, which names the conversations `t`; `$1` is the organization, `$2` who asks.
macro_rules! threads {
    ([$($from:tt)+], [$($end:tt)+], $($args:tt)*) => {
        sqlx::query_as!(
            $crate::messages::queries::row::Row,
            r#"SELECT t.id AS "id!: ThreadId", t.number AS "number!", t.facility_id AS "facility_id!: FacilityId", COALESCE(f.name, '') AS "facility!",
                      t.patient_id AS "patient_id?: PatientId", p.first_name AS "patient_first?", p.last_name AS "patient_last?",
                      t.subject AS "subject?", t.category AS "category!: Category", t.channel AS "channel!: Channel", t.contact_enc AS "contact_enc?",
                      t.status AS "status!: Status", t.assignee_id AS "assignee_id?: UserId", u.first_name AS "assignee_first?", u.last_name AS "assignee_last?",
                      t.message_count AS "message_count!", t.last_message_at AS "last_message_at!: Timestamp", t.waiting_since AS "waiting_since?: Timestamp",
                      t.closed_at AS "closed_at?: Timestamp", COALESCE((SELECT me.unread_count FROM thread_participant AS me
                               WHERE me.organization_id = t.organization_id AND me.thread_id = t.id AND me.user_id = $2), 0) AS "unread!", t.row_version AS "row_version!"
               FROM "# + $($from)+ + r#"
               LEFT JOIN facility AS f ON f.organization_id = t.organization_id AND f.id = t.facility_id
               LEFT JOIN patient AS p ON p.organization_id = t.organization_id AND p.id = t.patient_id
               LEFT JOIN app_user AS u ON u.organization_id = t.organization_id AND u.id = t.assignee_id
               "# + $($end)+,
            $($args)*
        )
    };
}

pub(in crate::messages) use threads;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_list_survives_the_address() {
        let cursor =
            Cursor { at: Timestamp::from_timestamp_micros(1_700_000_000_123_456).unwrap(), id: ThreadId::new() };
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        for wrong in ["", "1", "x.y", "99999999999999999999.00000000-0000-0000-0000-000000000000"] {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }
}
