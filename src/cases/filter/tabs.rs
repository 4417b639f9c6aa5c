//! The tabs and the orders of the list.

use crate::access::Role;
use crate::cases::model::CaseStatus;

/// The tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// What waits for me, in my role.
    Mine,
    /// Everything that is still to be done.
    #[default]
    Open,
    /// With the clerk.
    New,
    /// With the chair, to be assigned.
    Review,
    /// With a caseworker.
    Work,
    /// With the chair, to be completed.
    Completion,
    /// Past its due date.
    Overdue,
    /// Done.
    Completed,
}

impl View {
    /// All of them, as the tabs stand.
    pub const ALL: [Self; 8] =
        [Self::Mine, Self::Open, Self::New, Self::Review, Self::Work, Self::Completion, Self::Overdue, Self::Completed];

    /// The value in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::Open => "open",
            Self::New => "new",
            Self::Review => "review",
            Self::Work => "work",
            Self::Completion => "completion",
            Self::Overdue => "overdue",
            Self::Completed => "completed",
        }
    }

    /// The words on the tab.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Mine => "My work",
            Self::Open => "All open",
            Self::New => "New",
            Self::Review => "To review",
            Self::Work => "Being worked on",
            Self::Completion => "To complete",
            Self::Overdue => "Overdue",
            Self::Completed => "Completed",
        }
    }

    /// The states of the cases in it; none where the state does not matter as long as it is open.
    #[must_use]
    pub const fn statuses(self, role: Role) -> &'static [CaseStatus] {
        match self {
            Self::Mine => waiting_for(role),
            Self::Open | Self::Overdue => &[],
            Self::New => &[CaseStatus::New],
            Self::Review => &[CaseStatus::PendingReview],
            Self::Work => &[CaseStatus::Assigned, CaseStatus::InProgress],
            Self::Completion => &[CaseStatus::PendingCompletion],
            Self::Completed => &[CaseStatus::Completed],
        }
    }
}

/// The states in which a case waits for somebody of this role.
const fn waiting_for(role: Role) -> &'static [CaseStatus] {
    match role {
        Role::Clerk => &[CaseStatus::New],
        Role::Chair => &[CaseStatus::PendingReview, CaseStatus::PendingCompletion],
        Role::Caseworker => &[CaseStatus::Assigned, CaseStatus::InProgress],
        _ => &[],
    }
}

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The most pressing first, among equals the oldest.
    #[default]
    Priority,
    /// What is due first, first.
    Due,
    /// The newest first.
    Newest,
}

impl Sort {
    /// All of them, as the menu lists them.
    pub const ALL: [Self; 3] = [Self::Priority, Self::Due, Self::Newest];

    /// The value in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Due => "due",
            Self::Newest => "newest",
        }
    }

    /// The words in the menu.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Priority => "Priority, then oldest",
            Self::Due => "Due first",
            Self::Newest => "Newest first",
        }
    }
}
