//! Every SQL statement of the alerts.

pub mod around;
pub mod criteria;
pub mod list;
pub mod one;
pub mod people;
pub mod raise;
pub mod row;
pub mod save;
pub mod story;
