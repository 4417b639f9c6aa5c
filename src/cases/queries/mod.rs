//! The statements of this slice.

pub mod drafts;
pub mod list;
pub mod one;
pub mod people;
pub mod row;
pub mod write;
