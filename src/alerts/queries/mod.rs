//! Every SQL statement of the alerts.

pub mod criteria;
pub mod list;
pub mod row;
