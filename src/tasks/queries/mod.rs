//! The SQL of tasks.

pub mod mine;
pub mod one;
pub mod people;
pub mod row;
pub mod write;
