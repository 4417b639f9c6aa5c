//! Which role may do what.

use super::{Permission, Role};

impl Role {
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
            P::ViewPolicies => !matches!(self, R::Patient),
            P::EditPolicies => matches!(self, R::Manager | R::Owner | R::Compliance),
            P::PublishPolicies => matches!(self, R::Owner | R::Compliance),
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
