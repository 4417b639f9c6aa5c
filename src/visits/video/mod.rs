//! Video visits: the waiting room, and the call.
//!
//! A session belongs to a visit by video of one patient. The patient joins and waits, the clinician who holds the visit lets them in, and their
//! browsers talk to each other directly ([`static/js/call.js`](../../../static/js/call.js)), each with each where [`guests`] are there too. To find
//! each other they leave messages in `virtual_signal`, which [`stream`] carries to the others from any replica. Nothing that is said or seen
//! comes through the portal.

pub mod groups;
pub mod guests;
pub mod handlers;
pub mod ice;
pub mod model;
pub mod moves;
pub mod pages;
pub mod queries;
pub mod reach;
pub mod settings;
pub mod signals;
pub mod stream;
