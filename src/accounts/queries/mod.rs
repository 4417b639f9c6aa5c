//! Every statement on accounts and sessions. Nearly all run as `almoner_auth`, which may touch nothing else.

mod admin;
mod people;
mod second_factor;
mod sessions;
mod store;
mod tokens;

pub use admin::*;
pub use people::*;
pub use second_factor::*;
pub use sessions::*;
pub use store::*;
pub use tokens::*;
