//! The portal in a real browser: journeys with and without JavaScript, and accessibility on every page.
//!
//! Needs Chromium and its driver (`script/setup` installs them).

#[path = "../app/support/mod.rs"]
#[expect(unused_imports, reason = "a browser needs fewer helpers than HTTP does")]
mod support;

mod accessibility;
mod adjusted;
mod cases;
mod documents;
mod driver;
mod journeys;
mod messages;
mod portal;
mod readings;
mod rules;
mod session;
mod tasks;
mod video;
mod visits;
