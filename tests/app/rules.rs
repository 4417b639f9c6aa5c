//! Clinical rules: what readings make of them.

mod editor;
mod evaluation;
