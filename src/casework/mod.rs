//! What happens around cases: their time line, what is said about them, who follows them, the bundle on paper, what each
//! role has to do, the reports, and the timer that notices what is overdue.

mod follow;
mod handlers;
pub mod jobs;
mod panels;
mod print;
mod queries;
mod reports;
mod story;
mod work;

pub use panels::{narrow, wide};
pub use reports::BANDS;

use crate::access::Permission::{CommentOnCases, MoveCases, ViewCaseReports, ViewCases};
use crate::web::Routes;

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/work", MoveCases, work::show)
        .get("/cases/{id}/timeline", ViewCases, handlers::timeline)
        .get("/cases/{id}/timeline/newer", ViewCases, handlers::newer)
        .post("/cases/{id}/comments", CommentOnCases, handlers::comment)
        .post("/cases/{id}/following", ViewCases, handlers::follow)
        .post("/cases/{id}/following/end", ViewCases, handlers::unfollow)
        .get("/cases/{id}/print", ViewCases, print::print)
        .get("/reports/cases", ViewCaseReports, reports::show)
        .get("/reports/cases.csv", ViewCaseReports, reports::csv)
        .get("/reports/cases/print", ViewCaseReports, reports::print)
}
