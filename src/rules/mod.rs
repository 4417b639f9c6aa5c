//! Clinical rules: what is watched in readings, and what follows.
//!
//! Readings come in, whichever way; the database notes in the same transaction whose, and adds a job. The job looks at every rule that
//! holds for them, in one statement for the whole batch, and raises, counts up or closes alerts. Nothing that writes readings knows of
//! rules, and a rule that fails keeps no reading out.

mod evaluate;
mod evidence;
pub mod jobs;
pub mod model;
mod queries;
pub mod trend;

pub use evaluate::{Cause, MOST_AN_HOUR, Tally, evaluate};
pub use queries::Touched;
