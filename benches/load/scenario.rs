//! What is measured, and who asks for it.

use super::Options;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Clinicians, each of another facility.
    Clinicians,
    /// Chairs, each of another facility.
    Chairs,
    /// Patients with an account.
    Patients,
}

/// A page, or a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    Triage,
    Chart,
    HeavyChart,
    SensorChart,
    Year,
    Search,
    Acknowledgement,
    CaseList,
    CasePage,
    Week,
    Requests,
    Inbox,
    Thread,
    PortalHome,
}

impl Scenario {
    pub const ALL: [Self; 14] = [
        Self::Triage,
        Self::Chart,
        Self::HeavyChart,
        Self::SensorChart,
        Self::Year,
        Self::Search,
        Self::Acknowledgement,
        Self::CaseList,
        Self::CasePage,
        Self::Week,
        Self::Requests,
        Self::Inbox,
        Self::Thread,
        Self::PortalHome,
    ];

    pub const fn group(self) -> Group {
        match self {
            Self::CaseList | Self::CasePage => Group::Chairs,
            Self::PortalHome => Group::Patients,
            _ => Group::Clinicians,
        }
    }

    pub fn is_wanted(self, options: &Options) -> bool {
        options.wants(self.label())
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Triage => "Triage page, 50 rows",
            Self::Chart => "Chart summary",
            Self::HeavyChart => "Chart summary, 500 alerts",
            Self::SensorChart => "Chart summary, 105,000 readings",
            Self::Year => "Chart of a year, 105,000 readings",
            Self::Search => "Patient search by name",
            Self::Acknowledgement => "Acknowledgement",
            Self::CaseList => "Case list, 50 rows",
            Self::CasePage => "Case page",
            Self::Week => "Week grid",
            Self::Requests => "Visit requests, 100 rows",
            Self::Inbox => "Inbox, 25 rows",
            Self::Thread => "Thread page",
            Self::PortalHome => "Portal home",
        }
    }
}
