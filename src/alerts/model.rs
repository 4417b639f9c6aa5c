//! What an alert is, the states it passes through, and who may move it.
//!
//! A state carries what is known in it, and a transition consumes the alert: one that was refused is gone, and one
//! that was granted cannot be applied a second time. Nothing here knows of SQL or HTTP.

mod moves;
mod names;
mod snooze;
mod state;
#[cfg(test)]
mod tests;

pub use moves::{Alert, Mover, Refusal};
pub use names::{AlertReason, AlertStatus, AlertType, Severity};
pub use snooze::{CRITICAL_LIMIT, Snooze};
pub use state::{Closure, Reason, State};
