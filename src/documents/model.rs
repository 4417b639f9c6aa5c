//! What documents are: where they belong, what kind they are, and what may be done with them.

use uuid::Uuid;

use crate::access::Role;
use crate::ids::{CaseId, FacilityId, PatientId};

/// The largest file, in bytes: 100 MiB.
pub const FILE_BYTES: u64 = 104_857_600;

/// The status of a policy that is not in force yet.
pub const DRAFT: &str = "DRAFT";

/// What a document belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A case.
    Case(CaseId),
    /// A patient's chart.
    Patient(PatientId),
    /// A message. The slice of messages decides who sees and sends those, and shows them.
    Message(Uuid),
    /// The policies and procedures of a facility, or of the whole organization.
    Policies(Option<FacilityId>),
}

impl Subject {
    /// The bucket, as the schema names it: it decides who may see the document.
    #[must_use]
    pub const fn bucket(self) -> &'static str {
        match self {
            Self::Case(_) => "CASE_FILES",
            Self::Patient(_) => "RESIDENT_DOCS",
            Self::Message(_) => "MESSAGE_FILES",
            Self::Policies(_) => "POLICY_FILES",
        }
    }

    /// The address of the list; of a message's there is none.
    #[must_use]
    pub fn href(self) -> String {
        match self {
            Self::Case(id) => format!("/cases/{id}/documents"),
            Self::Patient(id) => format!("/patients/{id}/documents"),
            Self::Message(_) => String::new(),
            Self::Policies(_) => "/policies".to_owned(),
        }
    }

    /// The case, where it is one.
    #[must_use]
    pub const fn case(self) -> Option<CaseId> {
        match self {
            Self::Case(id) => Some(id),
            Self::Patient(_) | Self::Message(_) | Self::Policies(_) => None,
        }
    }

    /// The facility, where it is what the document belongs to.
    #[must_use]
    pub const fn facility(self) -> Option<FacilityId> {
        match self {
            Self::Policies(facility) => facility,
            Self::Case(_) | Self::Patient(_) | Self::Message(_) => None,
        }
    }

    /// Whether these are policies.
    #[must_use]
    pub const fn are_policies(self) -> bool {
        matches!(self, Self::Policies(_))
    }

    /// The ids of the case, patient and message: one of them, as the schema has it; of policies none.
    #[must_use]
    pub const fn ids(self) -> (Option<Uuid>, Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Case(id) => (Some(id.uuid()), None, None),
            Self::Patient(id) => (None, Some(id.uuid()), None),
            Self::Message(id) => (None, None, Some(id)),
            Self::Policies(_) => (None, None, None),
        }
    }

    /// Whether this role adds documents here by the pages of this slice; the database says the same.
    #[must_use]
    pub const fn may_add(self, role: Role) -> bool {
        match self {
            Self::Case(_) => matches!(role, Role::Clerk | Role::Chair | Role::Caseworker),
            Self::Patient(_) => matches!(role, Role::Clinician | Role::MedicalAssistant | Role::Manager),
            Self::Message(_) => false,
            Self::Policies(None) => matches!(role, Role::Owner | Role::Compliance),
            // Managers write for their homes, as drafts.
            Self::Policies(Some(_)) => matches!(role, Role::Manager | Role::Owner | Role::Compliance),
        }
    }

    /// Whether this role changes a document here that stands like this: what is in force is not a manager's to change.
    #[must_use]
    pub fn may_change(self, role: Role, status: &str) -> bool {
        self.may_add(role) && (status == DRAFT || !(self.are_policies() && role == Role::Manager))
    }

    /// How a document begins that this role adds here.
    #[must_use]
    pub const fn begins(self, role: Role) -> &'static str {
        if self.are_policies() && matches!(role, Role::Manager) { DRAFT } else { "PUBLISHED" }
    }
}

/// What kind of document it is, for who looks for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    /// A letter.
    Letter,
    /// A report.
    Report,
    /// A form, filled in.
    Form,
    /// What somebody agreed to.
    Consent,
    /// What something would cost.
    Quote,
    /// What something did cost.
    Invoice,
    /// A photograph.
    Photo,
    /// Proof of who somebody is.
    Identity,
    /// A result of a test.
    Result,
    /// A plan.
    Plan,
    /// A policy.
    Policy,
    /// Proof of training or of something else.
    Certificate,
    /// Anything else.
    Other,
}

impl Category {
    /// All, in the order in which forms offer them.
    pub const ALL: [Self; 13] = [
        Self::Letter,
        Self::Report,
        Self::Form,
        Self::Consent,
        Self::Quote,
        Self::Invoice,
        Self::Photo,
        Self::Identity,
        Self::Result,
        Self::Plan,
        Self::Policy,
        Self::Certificate,
        Self::Other,
    ];

    /// Those that a document of `subject` can be, the likeliest first.
    #[must_use]
    pub const fn of(subject: Subject) -> &'static [Self] {
        match subject {
            Subject::Policies(_) => &[Self::Policy, Self::Plan, Self::Form, Self::Other],
            Subject::Case(_) | Subject::Patient(_) | Subject::Message(_) => &Self::ALL,
        }
    }

    /// What a document of `subject` is where nobody says.
    #[must_use]
    pub const fn usual(subject: Subject) -> Self {
        match subject {
            Subject::Policies(_) => Self::Policy,
            Subject::Case(_) | Subject::Patient(_) | Subject::Message(_) => Self::Other,
        }
    }

    /// The name in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Letter => "LETTER",
            Self::Report => "REPORT",
            Self::Form => "FORM",
            Self::Consent => "CONSENT",
            Self::Quote => "QUOTE",
            Self::Invoice => "INVOICE",
            Self::Photo => "PHOTO",
            Self::Identity => "IDENTITY",
            Self::Result => "RESULT",
            Self::Plan => "PLAN",
            Self::Policy => "POLICY",
            Self::Certificate => "CERTIFICATE",
            Self::Other => "OTHER",
        }
    }

    /// The name people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Letter => "Letter",
            Self::Report => "Report",
            Self::Form => "Form",
            Self::Consent => "Consent",
            Self::Quote => "Quote",
            Self::Invoice => "Invoice",
            Self::Photo => "Photo",
            Self::Identity => "Proof of identity",
            Self::Result => "Result",
            Self::Plan => "Plan",
            Self::Policy => "Policy",
            Self::Certificate => "Certificate",
            Self::Other => "Other",
        }
    }

    /// The category of this name in the schema.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_read_back_from_its_name() {
        for category in Category::ALL {
            assert_eq!(Category::from_name(category.as_str()), Some(category));
        }
        assert_eq!(Category::from_name("letter"), None);
    }
}
