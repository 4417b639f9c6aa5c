//! The web half of the platform: what every slice's handlers stand on.

pub mod assets;
pub mod badges;
pub mod ctx;
pub mod error_page;
pub mod filters;
pub mod flash;
pub mod form;
pub mod format;
pub mod forwarded;
pub mod guard;
pub mod headers;
pub mod hx;
pub mod limits;
pub mod nav;
mod observe;
pub mod places;
pub mod rate;
pub mod routes;
pub mod shell;
mod squeeze;
pub mod ui;
pub mod upload;
pub mod whom;

pub use ctx::{Ctx, Page};
pub use hx::Hx;
pub use routes::Routes;
