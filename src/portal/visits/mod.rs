//! A patient's visits: asking for one, answering an offer, changing and cancelling, and what was.

mod answers;
mod ask;
mod guests;
mod handlers;
mod pages;
mod story;
mod video;

pub(super) use pages::{NextStep, next_step};

use crate::access::Permission::UsePortal;
use crate::web::Routes;

/// The routes of visits in the portal.
pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/my/visits", UsePortal, handlers::list)
        .get("/my/visits/request", UsePortal, ask::begin)
        .post("/my/visits/request", UsePortal, ask::send)
        .get("/my/visits/{id}", UsePortal, handlers::show)
        .get("/my/visits/{id}/invitation.ics", UsePortal, handlers::invitation)
        .post("/my/visits/{id}/arrival", UsePortal, video::join)
        .get("/my/visits/{id}/video", UsePortal, video::show)
        .get("/my/visits/{id}/video/events", UsePortal, video::events)
        .post("/my/visits/{id}/video/signals", UsePortal, video::send)
        .get("/my/visits/{id}/guests", UsePortal, guests::show)
        .post("/my/visits/{id}/guests", UsePortal, guests::invite)
        .post("/my/visits/{id}/guests/{guest}/removal", UsePortal, guests::withdraw)
        .get("/my/visits/{id}/cancellation", UsePortal, handlers::ask_cancel)
        .post("/my/visits/{id}/cancellation", UsePortal, handlers::cancel)
        .post("/my/offers/{id}/acceptance", UsePortal, answers::accept)
        .post("/my/offers/{id}/refusal", UsePortal, answers::refuse)
        .post("/my/offers/{id}/withdrawal", UsePortal, answers::withdraw)
}
