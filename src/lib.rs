//! Almoner: an open electronic health record portal.

pub mod phi;
