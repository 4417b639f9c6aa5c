//! Every statement about conversations.

pub mod list;
pub mod one;
pub mod people;
pub mod row;
pub mod story;
pub mod waiting;
pub mod write;
