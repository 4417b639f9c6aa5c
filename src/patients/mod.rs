//! Patients (clients, residents): finding them, keeping their records.

mod choice;
pub mod dates;
pub mod model;
pub mod names;
