//! Clinical rules: what readings make of them.

mod actions;
mod editor;
mod evaluation;
mod failures;
mod upkeep;
