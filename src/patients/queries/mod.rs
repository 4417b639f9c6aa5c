//! Every SQL statement about patients.

pub mod list;
pub mod record;
