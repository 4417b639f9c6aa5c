//! Readings: everything measured of a patient, by whomever and with whatever.
//!
//! Each way in makes [`model::NewReading`]s, which only possible values become, and gives them to [`record()`]: the one
//! place through which every reading comes. There what follows from a reading is computed and marked as derived, what is
//! there already is recognised, and what was done is written down. The table refuses the impossible a second time.

pub mod derive;
pub mod jobs;
pub mod metric;
pub mod model;
mod queries;
mod record;
pub mod units;

pub use record::{Recorded, mark_error, record};
