//! What the states, the priorities and the moves of a case are called, here and in the schema.

use crate::named::named;

named! {
    /// Where the work on a case is, in its order.
    CaseStatus {
        /// With the clerk who opened it.
        New = "NEW", "New";
        /// With the chair.
        PendingReview = "PENDING_REVIEW", "Pending review";
        /// With a caseworker who has not begun.
        Assigned = "ASSIGNED", "Assigned";
        /// With a caseworker.
        InProgress = "IN_PROGRESS", "In progress";
        /// Done by the caseworker, to be looked at by the chair.
        PendingCompletion = "PENDING_COMPLETION", "Pending completion";
        /// Done.
        Completed = "COMPLETED", "Completed";
    }
}

named! {
    /// How our work is sorted. The first is the most pressing.
    Priority {
        /// Before everything else.
        Urgent = "URGENT", "Urgent";
        /// Soon.
        High = "HIGH", "High";
        /// In its turn.
        Medium = "MEDIUM", "Medium";
        /// When there is time.
        Low = "LOW", "Low";
    }
}

named! {
    /// What can be done to where a case stands.
    Kind {
        /// The clerk hands it to the chair.
        Submit = "submit", "Submit for review";
        /// The chair gives it to a caseworker.
        Assign = "assign", "Approve and assign";
        /// The chair gives it back to the clerk.
        SendBack = "send_back", "Send back to the clerk";
        /// The caseworker begins.
        Start = "start", "Start work";
        /// The caseworker, or the chair, gives it back to review.
        Decline = "decline", "Decline";
        /// The chair gives it to another caseworker.
        Reassign = "reassign", "Reassign";
        /// The caseworker is done.
        Finish = "finish", "Ask for completion";
        /// The chair agrees.
        Complete = "complete", "Mark completed";
        /// The chair does not agree.
        Return = "return", "Return to the caseworker";
        /// The chair opens it again.
        Reopen = "reopen", "Reopen";
    }
}

impl CaseStatus {
    /// Whether there is still something to do.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::New | Self::PendingReview | Self::Assigned | Self::InProgress | Self::PendingCompletion => true,
            Self::Completed => false,
        }
    }

    /// The tone of its tag.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::New | Self::Assigned | Self::InProgress => "",
            Self::PendingReview | Self::PendingCompletion => "info",
            Self::Completed => "ok",
        }
    }

    /// The icon of its tag.
    #[must_use]
    pub const fn icon(self) -> &'static str {
        match self {
            Self::New => "plus",
            Self::PendingReview | Self::PendingCompletion => "clock",
            Self::Assigned => "user",
            Self::InProgress => "activity",
            Self::Completed => "check",
        }
    }
}

impl Priority {
    /// The class of the stylesheet: shape and colour.
    #[must_use]
    pub const fn tone(self) -> &'static str {
        match self {
            Self::Urgent => "crit",
            Self::High => "high",
            Self::Medium => "warn",
            Self::Low => "info",
        }
    }
}

impl Kind {
    /// Whether a reason is asked for.
    #[must_use]
    pub const fn asks_reason(self) -> bool {
        match self {
            Self::SendBack | Self::Decline | Self::Reassign | Self::Return | Self::Reopen => true,
            Self::Submit | Self::Assign | Self::Start | Self::Finish | Self::Complete => false,
        }
    }

    /// Whether a caseworker is asked for.
    #[must_use]
    pub const fn asks_person(self) -> bool {
        matches!(self, Self::Assign | Self::Reassign)
    }

    /// What happened, to continue "CASE-2041 ".
    #[must_use]
    pub const fn past(self) -> &'static str {
        match self {
            Self::Submit => "submitted for review",
            Self::Assign => "assigned",
            Self::SendBack => "sent back to the clerk",
            Self::Start => "started",
            Self::Decline => "given back to review",
            Self::Reassign => "reassigned",
            Self::Finish => "handed to the chair for completion",
            Self::Complete => "completed",
            Self::Return => "returned to the caseworker",
            Self::Reopen => "reopened",
        }
    }
}
