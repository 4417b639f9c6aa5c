//! Roles.

use serde::{Deserialize, Serialize};

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
