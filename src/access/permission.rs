//! What a route can ask for.

/// What a route asks for. Every route names exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Nothing: open to anybody, signed in or not.
    Public,
    /// A session, whatever the role.
    SignedIn,
    /// The patient's own pages.
    UsePortal,
    /// Pages of staff that hold no record (search, help, notifications).
    UseStaffPages,
    /// See alerts within one's facilities.
    ViewAlerts,
    /// Acknowledge (carers only what is assigned to them).
    AcknowledgeAlerts,
    /// Assign, take and snooze alerts, return them to the queue.
    HandleAlerts,
    /// Raise an alert by hand.
    RaiseAlerts,
    /// Resolve alerts (medical assistants only the lesser ones).
    ResolveAlerts,
    /// Dismiss alerts.
    DismissAlerts,
    /// Reopen resolved and dismissed alerts.
    ReopenAlerts,
    /// Write comments on alerts.
    CommentOnAlerts,
    /// Take alerts out as CSV.
    ExportAlerts,
    /// Find patients by name and record number.
    ListPatients,
    /// Open a patient's chart.
    ViewPatients,
    /// Create and change patient records.
    EditPatients,
    /// Take patients out as CSV.
    ExportPatients,
    /// See who is seen when: schedule, arrivals and visits.
    ViewSchedule,
    /// Block time and take leave (clinicians their own).
    BlockTime,
    /// Offer, hold and book time, and say when somebody can be seen.
    BookVisits,
    /// Check people in, and say who did not come.
    CheckInVisits,
    /// Begin and end visits.
    ConductVisits,
    /// See requests for visits.
    ViewVisitRequests,
    /// Ask for a visit for a patient.
    RequestVisits,
    /// Triage requests, offer times, cancel.
    TriageVisitRequests,
    /// Write down that a patient said yes on the telephone, or walked in.
    ConfirmVisitsByPhone,
    /// See who uses the portal for a patient.
    ViewPortalAccounts,
    /// Invite to the portal, and say what proxies may see and for how long.
    ManagePortalAccounts,
    /// See what was measured of patients.
    ViewReadings,
    /// Write down what was measured.
    RecordReadings,
    /// Mark readings as entered in error, set goals, link and revoke devices.
    CorrectReadings,
    /// Take readings out as CSV.
    ExportReadings,
    /// See what the weeks of patients were like.
    ViewWeeklySummaries,
    /// See the library of things to read, and what patients were given of it.
    ViewContent,
    /// Write in the library.
    EditContent,
    /// Give patients something to read.
    AssignContent,
    /// See clinical rules, what they did and what they would have done.
    ViewRules,
    /// Make, change and switch rules, and make exceptions from them.
    EditRules,
    /// See the tasks of what one sees, do those one has, give some to colleagues.
    WorkOnTasks,
    /// Give tasks about patients, also to the patients.
    GivePatientTasks,
    /// Take over, or refuse, changes of details that patients ask for.
    ReviewDetailChanges,
    /// See who opened a patient's record.
    ViewAccessLog,
    /// See the cases one opened, works on, chairs or audits.
    ViewCases,
    /// Take cases out as CSV.
    ExportCases,
    /// Open cases and change what they say.
    OpenCases,
    /// Write comments on cases.
    CommentOnCases,
    /// See reports on cases: numbers, and no case.
    ViewCaseReports,
    /// Move cases: submit, start, decline and so on, each as the state machine allows.
    MoveCases,
    /// Review cases and give them to caseworkers.
    AssignCases,
    /// Read and answer conversations (carers and managers those they take part in).
    UseMessages,
    /// See and take what was written to the team.
    AnswerForTeam,
    /// Open documents, as far as one may see what they belong to.
    ViewDocuments,
    /// Open the documents of a patient's chart.
    ViewChartDocuments,
    /// Add documents to what one works on, and archive them.
    AddDocuments,
    /// Read the policies and procedures that reach one.
    ViewPolicies,
    /// Add, review and archive policies and procedures.
    EditPolicies,
    /// Put a draft of a policy in force.
    PublishPolicies,
    /// Read the audit of the organization.
    ViewAudit,
    /// See who may do what.
    ViewAccessMatrix,
    /// See the people of the organization and their roles.
    ViewUsers,
    /// Invite people (managers carers for their own homes only).
    InviteUsers,
    /// Give and end roles, suspend accounts, make links, reset second factors.
    ManageUsers,
    /// Jobs and other parts of the running system.
    RunSystem,
}

impl Permission {
    /// All permissions, for the tables that show them.
    pub const ALL: [Self; 63] = [
        Self::Public,
        Self::SignedIn,
        Self::UsePortal,
        Self::UseStaffPages,
        Self::ViewAlerts,
        Self::AcknowledgeAlerts,
        Self::HandleAlerts,
        Self::RaiseAlerts,
        Self::ResolveAlerts,
        Self::DismissAlerts,
        Self::ReopenAlerts,
        Self::CommentOnAlerts,
        Self::ExportAlerts,
        Self::ListPatients,
        Self::ViewPatients,
        Self::EditPatients,
        Self::ExportPatients,
        Self::ViewSchedule,
        Self::BlockTime,
        Self::BookVisits,
        Self::CheckInVisits,
        Self::ConductVisits,
        Self::ViewVisitRequests,
        Self::RequestVisits,
        Self::TriageVisitRequests,
        Self::ConfirmVisitsByPhone,
        Self::ViewPortalAccounts,
        Self::ManagePortalAccounts,
        Self::ViewReadings,
        Self::RecordReadings,
        Self::CorrectReadings,
        Self::ExportReadings,
        Self::ViewWeeklySummaries,
        Self::ViewContent,
        Self::EditContent,
        Self::AssignContent,
        Self::ViewRules,
        Self::EditRules,
        Self::WorkOnTasks,
        Self::GivePatientTasks,
        Self::ReviewDetailChanges,
        Self::ViewAccessLog,
        Self::ViewCases,
        Self::ExportCases,
        Self::OpenCases,
        Self::CommentOnCases,
        Self::ViewCaseReports,
        Self::MoveCases,
        Self::AssignCases,
        Self::UseMessages,
        Self::AnswerForTeam,
        Self::ViewDocuments,
        Self::ViewChartDocuments,
        Self::AddDocuments,
        Self::ViewPolicies,
        Self::EditPolicies,
        Self::PublishPolicies,
        Self::ViewAudit,
        Self::ViewAccessMatrix,
        Self::ViewUsers,
        Self::InviteUsers,
        Self::ManageUsers,
        Self::RunSystem,
    ];

    /// The permission in words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Public => "Open to anybody",
            Self::SignedIn => "Any signed-in person",
            Self::UsePortal => "Use the patient portal",
            Self::UseStaffPages => "Use staff pages",
            Self::ViewAlerts => "See alerts",
            Self::AcknowledgeAlerts => "Acknowledge alerts",
            Self::HandleAlerts => "Assign and snooze alerts",
            Self::RaiseAlerts => "Raise alerts",
            Self::ResolveAlerts => "Resolve alerts",
            Self::DismissAlerts => "Dismiss alerts",
            Self::ReopenAlerts => "Reopen alerts",
            Self::CommentOnAlerts => "Comment on alerts",
            Self::ExportAlerts => "Export alerts",
            Self::ListPatients => "Find patients by name and record number",
            Self::ViewPatients => "Open patient charts",
            Self::EditPatients => "Change patient records",
            Self::ExportPatients => "Export patients",
            Self::ViewSchedule => "See the schedule and visits",
            Self::BlockTime => "Block time",
            Self::BookVisits => "Book visits and set availability",
            Self::CheckInVisits => "Check in for visits",
            Self::ConductVisits => "Begin and end visits",
            Self::ViewVisitRequests => "See visit requests",
            Self::RequestVisits => "Ask for visits for patients",
            Self::TriageVisitRequests => "Triage visit requests",
            Self::ConfirmVisitsByPhone => "Confirm visits by telephone",
            Self::ViewPortalAccounts => "See who uses the portal for a patient",
            Self::ManagePortalAccounts => "Invite to the portal, manage proxies",
            Self::ViewReadings => "See readings",
            Self::RecordReadings => "Record readings",
            Self::CorrectReadings => "Mark readings as entered in error, set goals, link devices",
            Self::ExportReadings => "Export readings",
            Self::ViewWeeklySummaries => "See weekly summaries",
            Self::ViewContent => "See things to read and who opened them",
            Self::EditContent => "Write things to read",
            Self::AssignContent => "Give patients things to read",
            Self::WorkOnTasks => "Give and do tasks",
            Self::GivePatientTasks => "Give tasks about patients",
            Self::ViewRules => "See clinical rules and what they did",
            Self::EditRules => "Make and change clinical rules and exceptions from them",
            Self::ReviewDetailChanges => "Answer changes of details that patients ask for",
            Self::ViewAccessLog => "See who opened a record",
            Self::ViewCases => "See cases",
            Self::ExportCases => "Export cases",
            Self::OpenCases => "Open and change cases",
            Self::CommentOnCases => "Comment on cases",
            Self::ViewCaseReports => "See reports on cases",
            Self::MoveCases => "Move cases",
            Self::AssignCases => "Review and assign cases",
            Self::UseMessages => "Read and answer messages",
            Self::AnswerForTeam => "Answer messages for the team",
            Self::ViewDocuments => "Open documents",
            Self::ViewChartDocuments => "Open documents of charts",
            Self::AddDocuments => "Add documents",
            Self::ViewPolicies => "Read policies",
            Self::EditPolicies => "Add, review and archive policies",
            Self::PublishPolicies => "Put policies in force",
            Self::ViewAudit => "Read the audit",
            Self::ViewAccessMatrix => "See who may do what",
            Self::ViewUsers => "See people and their roles",
            Self::InviteUsers => "Invite people",
            Self::ManageUsers => "Manage accounts and roles",
            Self::RunSystem => "Run the system",
        }
    }
}
