//! What the database refuses, in words for whoever asked.

use crate::error::Error;

/// Somebody else was quicker.
pub const TAKEN: &str = "That time has just been taken. Choose another one.";

/// The promise to keep a time has ended.
pub const LAPSED: &str = "We could not keep this time any longer, and it may be taken. Nothing else has changed.";

/// The record has moved on.
pub const MOVED_ON: &str = "Somebody was faster: this has changed since you opened the page. Look at it again.";

/// What the refusal of a rule means. Whatever is no rule of ours is passed on.
#[must_use]
pub fn told(error: sqlx::Error) -> Error {
    let rule = error.as_database_error().and_then(|error| error.constraint()).unwrap_or_default();
    match rule {
        "slot_no_overlap" | "slot_once" | "visit_no_overlap" | "visit_slot_once" | "visit_request_slot_once" => {
            Error::Conflict(TAKEN.to_owned())
        }
        "slot_hold_expired" | "visit_request_offer_held" | "visit_was_offered" => Error::Conflict(LAPSED.to_owned()),
        "slot_transition"
        | "visit_transition"
        | "visit_request_transition"
        | "slot_has_visit"
        | "visit_request_visit_once"
        | "visit_waiting_number_once" => Error::Conflict(MOVED_ON.to_owned()),
        "virtual_session_transition"
        | "virtual_session_joined_once"
        | "virtual_session_visit_over"
        | "virtual_session_both_joined"
        | "virtual_session_visit_begun"
        | "virtual_signal_in_call"
        | "virtual_signal_count" => Error::Conflict(MOVED_ON.to_owned()),
        "virtual_session_transition_role" | "virtual_session_party" => Error::Forbidden,
        "visit_guest_of_video_visit" => refused("Guests join a video visit of one patient that is still to come."),
        "visit_guest_count" => refused("A visit has three guests at most, and twenty links. Withdraw a link first."),
        "visit_guest_revoked" | "visit_guest_over" | "virtual_signal_of_guest" => Error::Conflict(MOVED_ON.to_owned()),
        "visit_guest_admission_role" | "visit_guest_party" => Error::Forbidden,
        "visit_group_by_video" => refused(super::video::groups::NO_SERVICE),
        "virtual_session_of_video_visit" => refused("This visit has no video room."),
        "virtual_signal_kind_known"
        | "virtual_signal_sender_shape"
        | "virtual_signal_recipient_shape"
        | "virtual_signal_body_length" => refused("That is no message of a call."),
        "slot_transition_role" | "visit_transition_role" | "visit_request_transition_role" => Error::Forbidden,
        "slot_in_past" | "visit_in_past" => refused("That time has passed. Choose a later one."),
        "visit_request_open_limit" => refused(super::limit::ENOUGH_OPEN),
        "visit_request_day_limit" => refused(super::limit::ENOUGH_A_DAY),
        "visit_request_window_ahead" => refused("The time you asked for has passed. Choose a later one."),
        "visit_request_window_near" => refused("That is too far ahead. Choose a time within a year."),
        "slot_plausible"
        | "visit_plausible"
        | "availability_date_plausible"
        | "staff_leave_plausible"
        | "visit_request_date_plausible" => refused("That is not a time anybody plans for. Check the year."),
        "visit_request_window_order" | "staff_leave_ends_after_start" | "availability_ends_after_start" => {
            refused("The end comes before the beginning. Check both.")
        }
        "slot_hold_length" => refused("A time can be kept for up to seven days."),
        "visit_not_begun" => refused("Nobody is missing before the visit was to begin."),
        "visit_check_in_early" => refused(
            "Nobody is checked in more than twelve hours before a visit. If they came on the wrong day, give them another time.",
        ),
        "visit_too_early" => refused("The waiting room opens half an hour before the visit."),
        "visit_cutoff_passed" => refused("It is too late to cancel here. Call the clinic."),
        "visit_participant_once" => Error::Conflict("They take part in this visit already.".to_owned()),
        _ => error.into(),
    }
}

fn refused(words: &str) -> Error {
    Error::Unprocessable(words.to_owned())
}
