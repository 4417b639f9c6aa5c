//! What a video session may be and become. The same rules stand in `migrations/…video_visits.up.sql`.

use uuid::Uuid;

use crate::patients::choice::choices;

choices! {
    /// Where a session is.
    SessionStatus {
        /// Nobody has come.
        NotStarted = "NOT_STARTED", "Not started";
        /// Somebody waits.
        Waiting = "WAITING", "Waiting";
        /// They talk.
        Active = "ACTIVE", "Call going on";
        /// It is over.
        Ended = "ENDED", "Ended";
    }
}

choices! {
    /// Who somebody is to the state machine. Guests move nothing.
    Party {
        /// Who is seen, or somebody for them.
        Patient = "PATIENT", "Patient";
        /// Who sees them.
        Provider = "PROVIDER", "Clinician";
    }
}

choices! {
    /// Why a session is over.
    EndReason {
        /// The clinician has ended it.
        Closed = "CLOSED", "Ended by the clinician";
        /// Nobody was there any more.
        Timeout = "TIMEOUT", "Ended because nobody was there any more";
        /// The visit is over.
        VisitOver = "VISIT_OVER", "Ended with the visit";
    }
}

impl SessionStatus {
    /// Whether somebody waits or talks.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Active)
    }

    /// Whether `party` may move a session from here to `to`; nobody is the timer. `both` says whether both have come.
    #[must_use]
    pub const fn may_become(self, to: Self, party: Option<Party>, both: bool) -> bool {
        match (self, to) {
            (Self::NotStarted, Self::Waiting) => party.is_some(),
            (Self::Waiting, Self::Active) => both && matches!(party, Some(Party::Provider)),
            (Self::Waiting | Self::Active, Self::Ended) => !matches!(party, Some(Party::Patient)),
            (Self::NotStarted | Self::Waiting | Self::Active | Self::Ended, _) => false,
        }
    }
}

/// Whose browser it is in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// Of the patient or the clinician.
    Of(Party),
    /// Of a guest who was let in.
    Guest(Uuid),
}

impl Seat {
    /// The side as `virtual_signal` names it.
    #[must_use]
    pub const fn party(self) -> &'static str {
        match self {
            Self::Of(party) => party.as_str(),
            Self::Guest(_) => "GUEST",
        }
    }

    /// The guest, where it is one.
    #[must_use]
    pub const fn guest(self) -> Option<Uuid> {
        match self {
            Self::Of(_) => None,
            Self::Guest(guest) => Some(guest),
        }
    }

    /// The party whom this browser looks for first.
    #[must_use]
    pub const fn looks_for(self) -> Party {
        match self {
            Self::Of(Party::Provider) => Party::Patient,
            Self::Of(Party::Patient) | Self::Guest(_) => Party::Provider,
        }
    }

    /// The name under which the other browsers know it.
    #[must_use]
    pub fn name(self) -> String {
        self.guest().map_or_else(|| self.party().to_owned(), |guest| guest.to_string())
    }
}

impl Party {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Patient => Self::Provider,
            Self::Provider => Self::Patient,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn party() -> impl Strategy<Value = Option<Party>> {
        prop_oneof![Just(None), Just(Some(Party::Patient)), Just(Some(Party::Provider))]
    }

    proptest! {
        #[test]
        fn whatever_is_tried_in_whatever_order_a_call_has_both_in_it_and_an_end_is_an_end(
            tries in prop::collection::vec((prop::sample::select(SessionStatus::ALL), party(), any::<bool>()), 0..30)
        ) {
            let (mut now, mut waited, mut over) = (SessionStatus::NotStarted, false, false);
            for (to, party, both) in tries {
                if now.may_become(to, party, both) {
                    prop_assert!(!over, "nothing follows an end");
                    prop_assert!(to != SessionStatus::Active || (waited && both && party == Some(Party::Provider)));
                    prop_assert!(to != SessionStatus::Ended || party != Some(Party::Patient), "patients leave; they end nothing");
                    waited |= to == SessionStatus::Waiting;
                    over |= to == SessionStatus::Ended;
                    now = to;
                }
            }
        }
    }

    #[test]
    fn nobody_is_let_in_alone() {
        for party in [None, Some(Party::Patient), Some(Party::Provider)] {
            assert!(!SessionStatus::Waiting.may_become(SessionStatus::Active, party, false));
            assert!(!SessionStatus::NotStarted.may_become(SessionStatus::Active, party, true));
        }
    }
}
