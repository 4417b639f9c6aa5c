//! Clinical rules: what readings make of them.

mod evaluation;
