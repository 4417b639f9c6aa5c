//! Every SQL statement about patients.

pub mod list;
pub mod record;
pub mod write;
