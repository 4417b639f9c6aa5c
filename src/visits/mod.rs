//! Visits: when staff can be seen, who asks to be seen, and what becomes of it.
//!
//! Staff say when they can be seen ([`queries::availability`]); free time is derived from that ([`derive`]) and gets a row
//! once somebody holds, books or blocks it. A request is triaged and answered with a time that is held; the patient
//! says yes, and it is a visit ([`moves`]). Patients do their part in `portal`.

pub mod derive;
pub mod handlers;
pub mod ics;
pub mod jobs;
pub mod limit;
pub mod model;
pub mod moves;
mod pages;
pub mod queries;
pub mod refusal;
mod secret_link;
pub mod video;

use crate::access::Permission::{
    BlockTime, BookVisits, CheckInVisits, ConductVisits, ConfirmVisitsByPhone, Public, RequestVisits, RunSystem,
    TriageVisitRequests, ViewSchedule, ViewVisitRequests,
};
use crate::web::Routes;
use handlers::{arrivals, availability, batch, calendar, new, requests, schedule, slots, visits};

/// The routes of this slice.
#[must_use]
pub fn routes() -> Routes {
    Routes::new()
        .get("/schedule", ViewSchedule, schedule::show)
        .get("/arrivals", ViewSchedule, arrivals::board)
        .get("/arrivals/screen", ViewSchedule, arrivals::screen)
        .get("/slots", BlockTime, slots::free)
        .post("/slots/hold", BookVisits, slots::hold)
        .post("/slots/block", BlockTime, slots::block)
        .post("/slots/booking", BookVisits, slots::book)
        .get("/slots/{id}", ViewSchedule, slots::taken)
        .post("/slots/{id}/release", BlockTime, slots::release)
        .get("/availability", ViewSchedule, availability::show)
        .post("/availability", BookVisits, availability::add)
        .post("/availability/{id}/pause", BookVisits, availability::pause)
        .post("/availability/{id}/removal", BookVisits, availability::remove)
        .post("/availability/leave", BlockTime, availability::add_leave)
        .post("/availability/leave/{id}/removal", BlockTime, availability::remove_leave)
        .post("/availability/calendar", ViewSchedule, calendar::begin)
        .post("/availability/calendar/removal", ViewSchedule, calendar::end)
        .get("/calendar/{token}", Public, calendar::feed)
        .get("/visit-requests", ViewVisitRequests, requests::list)
        .get("/visit-requests/new", RequestVisits, new::ask_request)
        .post("/visit-requests/new", RequestVisits, new::request)
        .get("/visit-requests/{id}", ViewVisitRequests, requests::show)
        .post("/visit-requests/{id}/triage", TriageVisitRequests, requests::triage)
        .post("/visit-requests/{id}/offer", TriageVisitRequests, requests::make_offer)
        .post("/visit-requests/{id}/confirmation", ConfirmVisitsByPhone, requests::confirm)
        .post("/visit-requests/{id}/refusal", TriageVisitRequests, requests::refuse)
        .post("/visit-requests/{id}/arrival", ConfirmVisitsByPhone, new::arrive)
        .post("/visit-requests/{id}/cancellation", TriageVisitRequests, requests::cancel)
        .get("/visits/walk-in", CheckInVisits, new::ask_walk_in)
        .post("/visits/walk-in", CheckInVisits, new::walk_in)
        .get("/visits/overbooking", BookVisits, new::ask_overbook)
        .post("/visits/overbooking", BookVisits, new::overbook)
        .post("/visits/batch", CheckInVisits, batch::batch)
        .get("/visits/{id}", ViewSchedule, visits::show)
        .get("/visits/{id}/invitation.ics", ViewSchedule, calendar::invitation)
        .post("/visits/{id}/check-in", CheckInVisits, visits::check_in)
        .post("/visits/{id}/start", ConductVisits, visits::start)
        .post("/visits/{id}/completion", ConductVisits, visits::complete)
        .post("/visits/{id}/no-show", CheckInVisits, visits::no_show)
        .get("/visits/{id}/cancellation", CheckInVisits, visits::ask_cancel)
        .post("/visits/{id}/cancellation", CheckInVisits, visits::cancel)
        .get("/visits/{id}/rescheduling", BookVisits, visits::ask_reschedule)
        .post("/visits/{id}/rescheduling", BookVisits, visits::reschedule)
        .get("/admin/video", RunSystem, video::settings::show)
        .post("/admin/video", RunSystem, video::settings::save)
        .get("/visits/{id}/video", ConductVisits, video::handlers::show)
        .post("/visits/{id}/video", ConductVisits, video::handlers::enter)
        .post("/visits/{id}/video/admission", ConductVisits, video::handlers::admit)
        .post("/visits/{id}/video/end", ConductVisits, video::handlers::end)
        .get("/visits/{id}/video/events", ConductVisits, video::handlers::events)
        .post("/visits/{id}/video/signals", ConductVisits, video::handlers::send)
        .post("/visits/{id}/guests", CheckInVisits, video::guests::handlers::invite)
        .post("/visits/{id}/guests/{guest}/removal", CheckInVisits, video::guests::handlers::withdraw)
        .post("/visits/{id}/guests/{guest}/admission", ConductVisits, video::guests::handlers::admit)
        .get("/guest/{token}", Public, video::guests::door::show)
        .post("/guest/{token}", Public, video::guests::door::join)
        .get("/guest/{token}/events", Public, video::guests::door::events_of)
        .post("/guest/{token}/signals", Public, video::guests::door::send)
        .post("/visits/{id}/participants", BookVisits, visits::join)
        .post("/visits/{id}/attendance", CheckInVisits, visits::attend)
}
