//! A place in a sorted list that stays the same place while rows come and go around it.

use std::fmt;
use std::str::FromStr;

use chrono::DateTime;

use crate::clock::Timestamp;
use crate::ids::AlertId;

/// On which side of the cursor the page lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The page follows the row.
    After,
    /// The page ends before the row.
    Before,
}

/// The sort key of one row. It holds no name: addresses are kept in histories and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The rank of its severity.
    pub rank: i16,
    /// When it was raised, or closed in a list of closed alerts.
    pub at: Timestamp,
    /// Which it is.
    pub id: AlertId,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.rank, self.at.timestamp_micros(), self.id)
    }
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no cursor")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let mut parts = text.splitn(3, '.');
        let mut next = || parts.next().ok_or(NoCursor);
        let rank = next()?.parse().map_err(|_| NoCursor)?;
        let micros = next()?.parse().map_err(|_| NoCursor)?;
        let id = next()?.parse().map_err(|_| NoCursor)?;
        let at = DateTime::from_timestamp_micros(micros).filter(|at| within(*at)).ok_or(NoCursor)?;
        Ok(Self { rank, at, id })
    }
}

/// PostgreSQL knows fewer years than chrono does.
fn within(at: Timestamp) -> bool {
    (DateTime::UNIX_EPOCH..Timestamp::MAX_UTC - chrono::TimeDelta::days(1)).contains(&at)
}
