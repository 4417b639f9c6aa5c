//! Typed identifiers: a patient's id cannot be passed where an alert's is expected.
//!
//! All are UUIDs of version 7, made here, so that rows created together lie together in the indexes.

use uuid::Uuid;

/// A new UUID of version 7.
#[must_use]
pub fn new_uuid() -> Uuid {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes identifiers")]
    Uuid::now_v7()
}

/// Declares an identifier type around a UUID.
macro_rules! id {
    ($($(#[$meta:meta])* $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Sorts before every other.
            pub const NIL: Self = Self(Uuid::nil());

            /// Sorts after every other.
            pub const MAX: Self = Self(Uuid::max());

            /// A new identifier.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "a default identifier would be a new one each time")]
            pub fn new() -> Self {
                Self(new_uuid())
            }

            /// The UUID inside.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(value: Uuid) -> Self {
                Self(value)
            }
        }

        impl From<$name> for Uuid {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

id! {
    /// The tenant: everything else belongs to one.
    OrganizationId;
    /// A clinic, a care home or an office of an organization.
    FacilityId;
    /// A person who can sign in.
    UserId;
    /// One signed-in browser.
    SessionId;
    /// A machine that calls the ingest interface.
    ServiceAccountId;
    /// A patient, client or resident.
    PatientId;
    /// Someone to call about a patient.
    ContactId;
    /// An insurance of a patient.
    CoverageId;
    /// A flag on a patient's chart.
    FlagId;
    /// An allergy of a patient.
    AllergyId;
    /// A member of a patient's care team.
    CareTeamMemberId;
    /// A practitioner or other member of staff.
    StaffId;
    /// An alert.
    AlertId;
    /// A case.
    CaseId;
    /// When a member of staff offers visits.
    AvailabilityId;
    /// When a member of staff is away.
    LeaveId;
    /// A stretch of somebody's time.
    SlotId;
    /// A visit.
    VisitId;
    /// Somebody's part in a visit.
    ParticipantId;
    /// A request for a visit.
    VisitRequestId;
    /// A calendar feed of a member of staff.
    FeedId;
    /// The waiting room and call of a video visit.
    VirtualSessionId;
    /// One reading of a patient.
    ObservationId;
    /// A device or an account with its maker that sends readings.
    DeviceConnectionId;
    /// A clinical rule.
    RuleId;
    /// A file of readings that somebody sent.
    ReadingImportId;
    /// A document, whatever its version.
    DocumentId;
    /// One version of a document: one file.
    DocumentVersionId;
    /// Something one person has to do.
    TaskId;
    /// A comment on an alert, a case, an incident or a referral.
    CommentId;
    /// A saved filter of a list.
    SavedViewId;
    /// A conversation.
    ThreadId;
    /// Something said in a conversation.
    MessageId;
    /// Something that somebody was told.
    NotificationId;
    /// One audit event.
    AuditEventId;
    /// One piece of deferred work.
    JobId;
    /// One HTTP request, as shown on error pages and in logs.
    RequestId;
}
