//! Every SQL statement of the visits.

pub mod availability;
pub mod people;
pub mod requests;
pub mod schedule;
pub mod slots;
pub mod visits;
