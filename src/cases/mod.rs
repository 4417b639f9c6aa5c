//! Cases: a piece of work on its way from a clerk by the chair to a caseworker and back, until it is completed.

mod head;
pub mod model;

pub use head::{Head, head, lock_head, reference};
