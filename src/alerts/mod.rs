//! Alerts: what asks for somebody's attention, who has taken it, and what came of it.

pub mod evidence;
pub mod filter;
pub mod model;
mod queries;
