//! Who may do what: roles, permissions, and the actor of a request.
//!
//! [`Role::may`] is the first of two locks; the second is row-level security in `migrations/`. Both are proved
//! against the same expectations by `tests/app/access_matrix.rs` and `tests/rls_matrix.rs`.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::ids::{FacilityId, OrganizationId, SessionId, UserId};

/// What a person does in an organization. The names are those of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "text", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Sees their own record and that of people they act for.
    Patient,
    /// Doctor, nurse practitioner: decides.
    Clinician,
    /// Prepares, books and records for clinicians.
    MedicalAssistant,
    /// Opens cases.
    Clerk,
    /// Reviews, assigns and completes cases.
    Chair,
    /// Works on the cases assigned to them.
    Caseworker,
    /// Cares for residents of a home.
    Carer,
    /// Runs one or more facilities.
    Manager,
    /// Answers for the organization.
    Owner,
    /// Audits.
    Compliance,
    /// Runs the system, without reading records.
    Admin,
}

impl Role {
    /// All roles, in the order in which pages list them.
    pub const ALL: [Self; 11] = [
        Self::Patient,
        Self::Clinician,
        Self::MedicalAssistant,
        Self::Clerk,
        Self::Chair,
        Self::Caseworker,
        Self::Carer,
        Self::Manager,
        Self::Owner,
        Self::Compliance,
        Self::Admin,
    ];

    /// The name in the schema and in the database context.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "PATIENT",
            Self::Clinician => "CLINICIAN",
            Self::MedicalAssistant => "MEDICAL_ASSISTANT",
            Self::Clerk => "CLERK",
            Self::Chair => "CHAIR",
            Self::Caseworker => "CASEWORKER",
            Self::Carer => "CARER",
            Self::Manager => "MANAGER",
            Self::Owner => "OWNER",
            Self::Compliance => "COMPLIANCE",
            Self::Admin => "ADMIN",
        }
    }

    /// The name people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Patient => "Patient",
            Self::Clinician => "Clinician",
            Self::MedicalAssistant => "Medical assistant",
            Self::Clerk => "Clerk",
            Self::Chair => "Chair",
            Self::Caseworker => "Caseworker",
            Self::Carer => "Carer",
            Self::Manager => "Manager",
            Self::Owner => "Owner",
            Self::Compliance => "Compliance",
            Self::Admin => "Administrator",
        }
    }

    /// Whether this role may do `permission`. The whole policy of the application on one screen.
    #[must_use]
    pub const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        use Role as R;
        match permission {
            P::Public | P::SignedIn => true,
            P::UsePortal => matches!(self, R::Patient),
            P::UseStaffPages => !matches!(self, R::Patient),
            P::ViewAlerts => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Carer | R::Manager | R::Owner | R::Compliance)
            }
            P::AcknowledgeAlerts => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Carer | R::Manager)
            }
            P::HandleAlerts => matches!(self, R::Clinician | R::MedicalAssistant | R::Manager),
            P::RaiseAlerts => matches!(self, R::Clinician | R::MedicalAssistant | R::Manager),
            P::ResolveAlerts => matches!(self, R::Clinician | R::MedicalAssistant),
            P::DismissAlerts | P::ReopenAlerts => matches!(self, R::Clinician),
            P::CommentOnAlerts => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Carer | R::Manager)
            }
            P::ExportAlerts | P::ExportPatients => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Manager | R::Owner | R::Compliance)
            }
            P::ListPatients => !matches!(self, R::Patient | R::Admin),
            P::ViewPatients => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Carer | R::Manager | R::Owner | R::Compliance)
            }
            P::EditPatients => matches!(self, R::Clinician | R::MedicalAssistant | R::Manager),
            P::ViewSchedule => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Carer | R::Manager | R::Owner | R::Compliance)
            }
            P::BlockTime => matches!(self, R::Clinician | R::MedicalAssistant | R::Manager),
            P::BookVisits | P::TriageVisitRequests | P::CheckInVisits => {
                matches!(self, R::Clinician | R::MedicalAssistant)
            }
            P::ConductVisits => matches!(self, R::Clinician),
            P::ConfirmVisitsByPhone => matches!(self, R::MedicalAssistant),
            P::ViewVisitRequests => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Carer | R::Manager | R::Owner | R::Compliance)
            }
            P::RequestVisits => matches!(self, R::Clinician | R::MedicalAssistant | R::Carer),
            P::ViewPortalAccounts => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Manager | R::Compliance)
            }
            P::ManagePortalAccounts => matches!(self, R::MedicalAssistant | R::Manager),
            P::ViewReadings => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Carer | R::Manager | R::Compliance)
            }
            P::RecordReadings => matches!(self, R::Clinician | R::MedicalAssistant | R::Carer),
            P::CorrectReadings => matches!(self, R::Clinician | R::MedicalAssistant),
            P::ExportReadings => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Manager | R::Compliance)
            }
            P::ViewWeeklySummaries | P::ViewContent => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Manager | R::Compliance)
            }
            P::EditContent | P::AssignContent => matches!(self, R::Clinician),
            P::WorkOnTasks => !matches!(self, R::Patient),
            P::GivePatientTasks => matches!(self, R::Clinician | R::MedicalAssistant | R::Carer | R::Manager),
            P::ViewRules => matches!(self, R::Clinician | R::MedicalAssistant | R::Manager),
            P::EditRules => matches!(self, R::Clinician),
            P::ReviewDetailChanges => matches!(self, R::Clinician | R::MedicalAssistant | R::Manager),
            P::ViewAccessLog => matches!(self, R::Clinician | R::Manager | R::Owner | R::Compliance),
            P::ViewCases | P::ExportCases => matches!(self, R::Clerk | R::Chair | R::Caseworker | R::Compliance),
            P::OpenCases => matches!(self, R::Clerk | R::Chair),
            P::CommentOnCases => matches!(self, R::Clerk | R::Chair | R::Caseworker),
            P::ViewCaseReports => matches!(self, R::Chair | R::Owner | R::Compliance),
            P::MoveCases => matches!(self, R::Clerk | R::Chair | R::Caseworker),
            P::AssignCases => matches!(self, R::Chair),
            P::UseMessages => matches!(self, R::Clinician | R::MedicalAssistant | R::Carer | R::Manager),
            P::AnswerForTeam => matches!(self, R::Clinician | R::MedicalAssistant),
            P::ViewDocuments => !matches!(self, R::Patient | R::Admin),
            P::ViewChartDocuments => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Carer | R::Manager | R::Compliance)
            }
            P::AddDocuments => {
                matches!(self, R::Clinician | R::MedicalAssistant | R::Clerk | R::Chair | R::Caseworker | R::Manager)
            }
            P::ViewAudit => matches!(self, R::Owner | R::Compliance),
            P::ViewAccessMatrix => matches!(self, R::Owner | R::Compliance | R::Admin),
            P::ViewUsers => matches!(self, R::Manager | R::Owner | R::Compliance | R::Admin),
            P::InviteUsers => matches!(self, R::Manager | R::Admin),
            P::ManageUsers => matches!(self, R::Admin),
            P::RunSystem => matches!(self, R::Admin),
        }
    }
}

impl std::str::FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// A text that names no role.
#[derive(Debug, thiserror::Error)]
#[error("no such role")]
pub struct UnknownRole;

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
    pub const ALL: [Self; 60] = [
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
            Self::ViewAudit => "Read the audit",
            Self::ViewAccessMatrix => "See who may do what",
            Self::ViewUsers => "See people and their roles",
            Self::InviteUsers => "Invite people",
            Self::ManageUsers => "Manage accounts and roles",
            Self::RunSystem => "Run the system",
        }
    }
}

/// The facilities whose records an actor may touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Facilities {
    /// Every facility of the organization.
    All,
    /// These only.
    Only(Vec<FacilityId>),
}

impl Facilities {
    /// Whether a record of `facility` lies within.
    #[must_use]
    pub fn contains(&self, facility: FacilityId) -> bool {
        match self {
            Self::All => true,
            Self::Only(list) => list.contains(&facility),
        }
    }
}

/// How a person likes pages to look. Kept on the server, so there is no flash and no script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// `system`, `light` or `dark`.
    pub theme: String,
    /// `compact`, `dense` or `roomy`.
    pub density: String,
    /// BCP 47, for example `en-GB`.
    pub locale: String,
    /// Whether single-key shortcuts are on (WCAG 2.1.4).
    pub shortcuts: bool,
}

/// The person behind a request, in the role they chose, with everything that a page needs to know of them.
///
/// Comes from one query per request (see `accounts::session_store`), so that a suspended account, an ended
/// membership or an ended session stops at the next click.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Actor {
    /// Their session.
    pub session: SessionId,
    /// Their account.
    pub user: UserId,
    /// Their tenant.
    pub organization: OrganizationId,
    /// The role they act in now.
    pub role: Role,
    /// All roles they could act in.
    pub roles: Vec<Role>,
    /// Where the current role reaches.
    pub facilities: Facilities,
    /// Name as shown: `Dr Miriam Haas`.
    pub name: String,
    /// Family name, as shown where space is short.
    pub family_name: String,
    /// `MH`.
    pub initials: String,
    /// The facility's name where there is one, else the organization's.
    pub place: String,
    /// The zone in which times are shown.
    pub zone: Tz,
    /// How pages should look.
    pub preferences: Preferences,
    /// When this session was last used, by the database's clock.
    pub last_seen_at: Timestamp,
    /// When the password was last asked for in this session.
    pub stepped_up_at: Option<Timestamp>,
}

impl Actor {
    /// Whether the current role may do `permission`.
    #[must_use]
    pub const fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }

    /// The facility that a page means when it says "here": the only one, where there is only one.
    #[must_use]
    pub fn home_facility(&self) -> Option<FacilityId> {
        match &self.facilities {
            Facilities::Only(list) if list.len() == 1 => list.first().copied(),
            Facilities::All | Facilities::Only(_) => None,
        }
    }

    /// The value of the setting `app.ctx` that row-level security reads: only UUIDs and enum names, so that
    /// nothing needs quoting.
    #[must_use]
    pub fn database_context(&self) -> String {
        let facilities = match &self.facilities {
            Facilities::All => "*".to_owned(),
            Facilities::Only(list) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        };
        format!("{}|{}|{}|{facilities}", self.organization, self.user, self.role.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_back_from_its_name() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse::<Role>().unwrap(), role);
        }
        assert!("USER".parse::<Role>().is_err());
    }

    #[test]
    fn an_administrator_opens_no_record() {
        for permission in
            [Permission::ViewPatients, Permission::ListPatients, Permission::ViewAlerts, Permission::ViewAudit]
        {
            assert!(!Role::Admin.may(permission), "{permission:?}");
        }
    }

    #[test]
    fn a_patient_uses_the_portal_and_no_staff_page() {
        let allowed: Vec<_> = Permission::ALL.into_iter().filter(|p| Role::Patient.may(*p)).collect();
        assert_eq!(allowed, [Permission::Public, Permission::SignedIn, Permission::UsePortal]);
    }
}
