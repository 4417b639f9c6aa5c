//! Every statement on accounts and sessions. Nearly all run as `almoner_auth`, which may touch nothing else.

mod admin;
mod people;
mod sessions;
mod store;

pub use admin::*;
pub use people::*;
pub use sessions::*;
pub use store::*;
