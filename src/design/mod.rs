//! Every component in every state, on one page: what to build a new page from, and where a change of a component is
//! looked at. Shown at `/design` in demo mode.

mod pages;

pub use pages::{DesignPage, page};
