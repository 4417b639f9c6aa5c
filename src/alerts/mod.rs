//! Alerts: what asks for somebody's attention, who has taken it, and what came of it.

pub mod model;
