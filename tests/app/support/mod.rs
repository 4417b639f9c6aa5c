//! What the tests stand on: a PostgreSQL, a portal on a database of its own, and browsers without a screen.

// Each file of tests uses a part of this.
#![expect(dead_code, reason = "helpers are for all slices, and not every slice needs every helper yet")]

mod browser;
mod bucket;
mod database;
mod house;
mod portal;
mod post_office;
mod sender;
mod statements;

pub use browser::{Browser, Reply};
pub use bucket::{Bucket, Sort};
pub use database::run;
pub use house::House;
pub use portal::Portal;
pub use post_office::{Gateway, Mail, MailServer};
pub use sender::Sender;
pub use statements::{count_statements, statements};

/// The password of every demo account.
pub const PASSWORD: &str = "password123";
