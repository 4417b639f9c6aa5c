//! The web half of the platform: what every slice's handlers stand on.

pub mod ctx;
pub mod error_page;
pub mod flash;
pub mod form;
pub mod guard;
pub mod hx;
pub mod nav;
pub mod routes;
pub mod shell;

pub use ctx::{Ctx, Page};
pub use hx::Hx;
pub use routes::Routes;
