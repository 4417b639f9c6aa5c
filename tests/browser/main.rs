//! The portal in a real browser: journeys with and without JavaScript, and accessibility on every page.
//!
//! Needs Chromium and its driver (`script/setup` installs them).

#[path = "../app/support/mod.rs"]
mod support;

mod accessibility;
mod driver;
mod journeys;
