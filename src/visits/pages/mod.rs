//! The pages of staff.

pub mod arrivals;
pub mod availability;
pub mod new;
pub mod requests;
pub mod schedule;
pub mod slots;
pub mod visits;
pub mod week;
