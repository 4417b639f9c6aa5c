//! Readings out of files that people have: the export of Apple Health, and tables as CSV.
//!
//! 1. A file arrives and is kept encrypted ([`upload`]); nothing of it is in memory or on a disk as it came.
//! 2. A job reads all of it and says what would be taken ([`jobs::check`]): what cannot be read to its end is refused here,
//!    before a single reading is kept.
//! 3. Who sent it looks at that, and says yes ([`handlers`], [`portal`]).
//! 4. A second job takes the readings, some thousand in a transaction ([`jobs::take`]), and continues where it was cut off. Then the
//!    file is deleted. So is one that nobody says yes to for a day.
//!
//! Reading is a stream in constant memory ([`stream`]): bytes are opened, inflated and parsed as they come, and no part of a file may
//! be larger than what stands for one reading.

pub(super) mod apple;
mod guard;
pub(super) mod handlers;
pub(super) mod jobs;
mod limit;
mod pages;
pub(super) mod portal;
mod queries;
mod report;
mod stream;
mod table;
mod upload;
mod zip;

use std::borrow::Cow;

use chrono::NaiveDate;

use super::metric::Metric;
use super::model::{Source, Vendor};
use crate::clock::Timestamp;
use crate::named::named;

pub(super) use upload::REQUEST_BYTES;

named! {
    /// What a file is.
    Kind {
        /// `export.xml` of Apple Health, perhaps in `export.zip`.
        Apple = "APPLE_HEALTH", "Apple Health";
        /// A table.
        Csv = "CSV", "CSV table";
    }
}

named! {
    /// How far an import is.
    State {
        /// A job reads the file.
        Checking = "CHECKING", "Being read";
        /// What would be taken is known; somebody has to say yes.
        Ready = "READY", "Waits for your yes";
        /// A job takes the readings.
        Importing = "IMPORTING", "Being taken in";
        /// All is done.
        Done = "DONE", "Done";
        /// The file cannot be taken, and why is said.
        Refused = "REFUSED", "Refused";
        /// Somebody said no, or nobody said yes for a day.
        Discarded = "DISCARDED", "Discarded";
    }
}

impl State {
    /// Whether a job is at work on it.
    #[must_use]
    pub const fn works(self) -> bool {
        matches!(self, Self::Checking | Self::Importing)
    }
}

/// What is wrong with a file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub Cow<'static, str>);

impl Unreadable {
    pub const fn new(words: &'static str) -> Self {
        Self(Cow::Borrowed(words))
    }
}

/// Something that a file holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// A reading, not judged yet.
    Reading(Raw),
    /// Something that is not taken: why, where it stands (or what it is), and how many of it.
    Left(Cow<'static, str>, String, u64),
    /// When the person of the file was born.
    Born(NaiveDate),
}

/// A reading in the unit of its metric, as it stands in a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Raw {
    pub metric: Metric,
    pub value: (f64, Option<f64>),
    pub at: Timestamp,
    pub source: Source,
    pub vendor: Option<Vendor>,
    /// Value and unit as they were given, where that was another unit.
    pub given: Option<(f64, &'static str)>,
    /// `record 12`, `line 3`.
    pub place: String,
}

/// Takes what a parser finds. An error means that nobody listens any more.
pub(super) type Sink<'a> = dyn FnMut(Found) -> Result<(), Unreadable> + 'a;
