//! Every SQL statement of the visits.

pub mod availability;
pub mod changes;
pub mod participants;
pub mod people;
pub mod reminders;
pub mod requests;
pub mod schedule;
pub mod slots;
pub mod visits;
