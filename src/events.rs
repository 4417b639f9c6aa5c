//! What happened, written down in the transaction in which it happens.
//!
//! Every change, and every view of a patient's data, is one row in `audit_event`. The row is part of the caller's
//! transaction: a change without its record, or a view without its record, cannot be committed or shown. The
//! record made before showing is the proof ([`Audited`]) that decryption asks for.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::access::Actor;
use crate::db::Tx;
use crate::db::signals::Signal;
use crate::error::Result;
use crate::ids::{AuditEventId, FacilityId, OrganizationId, PatientId, RequestId, SessionId, UserId};

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Data of a patient was shown.
    View,
    /// A record was made.
    Create,
    /// A record was changed.
    Update,
    /// A record was taken out of use.
    Delete,
    /// A record was taken into use again.
    Restore,
    /// A record moved from one state to another.
    StatusChanged,
    /// A record was given to somebody.
    Assigned,
    /// Something was said about a record.
    Commented,
    /// Somebody signed in.
    Login,
    /// Somebody tried to.
    LoginFailed,
    /// Somebody signed out.
    Logout,
    /// Data left as a file.
    Export,
    /// Data was laid out for paper.
    Print,
    /// Roles or accounts were changed.
    PermissionChange,
}

impl Action {
    /// The name in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "VIEW",
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Restore => "RESTORE",
            Self::StatusChanged => "STATUS_CHANGED",
            Self::Assigned => "ASSIGNED",
            Self::Commented => "COMMENTED",
            Self::Login => "LOGIN",
            Self::LoginFailed => "LOGIN_FAILED",
            Self::Logout => "LOGOUT",
            Self::Export => "EXPORT",
            Self::Print => "PRINT",
            Self::PermissionChange => "PERMISSION_CHANGE",
        }
    }
}

/// Who did it, and from where.
#[derive(Clone, Debug)]
pub struct By {
    /// The tenant.
    pub organization: OrganizationId,
    /// `USER`, `SERVICE`, `SYSTEM` or `ANONYMOUS`.
    pub kind: &'static str,
    /// The account or service account.
    pub id: Option<Uuid>,
    /// The role in which they acted.
    pub role: Option<&'static str>,
    /// Their session.
    pub session: Option<SessionId>,
    /// The request.
    pub request: Option<RequestId>,
    /// The address the request came from.
    pub ip: Option<IpAddr>,
    /// What the browser calls itself, at most 255 characters.
    pub agent: Option<Arc<str>>,
}

impl By {
    /// A person, in a request.
    #[must_use]
    pub fn person(actor: &Actor, request: RequestId, ip: Option<IpAddr>, agent: Option<Arc<str>>) -> Self {
        Self {
            organization: actor.organization,
            kind: "USER",
            id: Some(actor.user.uuid()),
            role: Some(actor.role.as_str()),
            session: Some(actor.session),
            request: Some(request),
            ip,
            agent,
        }
    }

    /// The program itself, in a job.
    #[must_use]
    pub const fn system(organization: OrganizationId) -> Self {
        Self { organization, kind: "SYSTEM", id: None, role: None, session: None, request: None, ip: None, agent: None }
    }

    /// Another system, in a request.
    #[must_use]
    pub const fn service(organization: OrganizationId, account: Uuid, request: RequestId, ip: Option<IpAddr>) -> Self {
        Self {
            organization,
            kind: "SERVICE",
            id: Some(account),
            role: Some("SERVICE"),
            session: None,
            request: Some(request),
            ip,
            agent: None,
        }
    }

    /// The person, where it was one.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.id.filter(|_| self.kind == "USER").map(UserId::from)
    }
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Event {
    action: Action,
    resource: &'static str,
    id: Option<Uuid>,
    patient: Option<PatientId>,
    patients: Vec<Uuid>,
    facility: Option<FacilityId>,
    changes: Option<Value>,
    details: Option<Value>,
}

impl Event {
    /// `action` on a kind of record, named in lower case as its table is: `alert`, `patient`.
    #[must_use]
    pub const fn new(action: Action, resource: &'static str) -> Self {
        Self {
            action,
            resource,
            id: None,
            patient: None,
            patients: Vec::new(),
            facility: None,
            changes: None,
            details: None,
        }
    }

    /// The record.
    #[must_use]
    pub fn of(mut self, id: impl Into<Uuid>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The patient whose data this is about.
    #[must_use]
    pub const fn about(mut self, patient: Option<PatientId>) -> Self {
        self.patient = patient;
        self
    }

    /// The patients who were shown together on one page. Each is kept once.
    #[must_use]
    pub fn showing(mut self, patients: impl IntoIterator<Item = PatientId>) -> Self {
        self.patients = patients.into_iter().map(PatientId::uuid).collect();
        self.patients.sort_unstable();
        self.patients.dedup();
        self
    }

    /// The facility where it happened.
    #[must_use]
    pub const fn at(mut self, facility: Option<FacilityId>) -> Self {
        self.facility = facility;
        self
    }

    /// What changed: `{"field": {"before": …, "after": …}}`. Never the content of encrypted fields: their names only.
    #[must_use]
    pub fn changing(mut self, changes: Value) -> Self {
        self.changes = Some(changes);
        self
    }

    /// What else is worth keeping.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }
}

/// Proof that what is about to be shown has been written down. Only [`record`] makes it.
#[derive(Debug)]
pub struct Audited(());

impl Audited {
    /// For tests of what asks for the proof.
    #[cfg(test)]
    #[must_use]
    pub const fn for_test() -> Self {
        Self(())
    }
}

/// Writes `event` down in the caller's transaction.
///
/// # Errors
/// Where the database does not answer or refuses the row.
pub async fn record(tx: &mut Tx, by: &By, event: Event) -> Result<Audited> {
    let patients = (!event.patients.is_empty()).then_some(event.patients);
    sqlx::query!(
        "INSERT INTO audit_event (organization_id, id, actor_kind, actor_id, acting_role, action, resource_type, resource_id,
                                  patient_id, patient_ids, facility_id, changes, details, ip_address, user_agent,
                                  request_id, session_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::text::inet, $15, $16, $17)",
        by.organization.uuid(),
        AuditEventId::new().uuid(),
        by.kind,
        by.id,
        by.role,
        event.action.as_str(),
        event.resource,
        event.id,
        event.patient.map(PatientId::uuid),
        patients.as_deref(),
        event.facility.map(FacilityId::uuid),
        event.changes,
        event.details,
        by.ip.map(|ip| ip.to_string()),
        by.agent.as_deref(),
        by.request.map(RequestId::uuid),
        by.session.map(SessionId::uuid),
    )
    .execute(&mut **tx)
    .await?;
    if event.action != Action::View {
        tx.signal(Signal::Change);
    }
    Ok(Audited(()))
}

/// A move from one state to another, kept beside the audit for time lines and reports.
#[derive(Clone, Debug)]
pub struct StatusChange<'a> {
    /// The kind of record, as its table is named.
    pub subject: &'static str,
    /// The record.
    pub id: Uuid,
    /// The state before; none for a new record.
    pub from: Option<&'a str>,
    /// The state after.
    pub to: &'a str,
    /// Why, where a reason is asked for.
    pub reason: Option<&'a str>,
    /// The patient, where there is one.
    pub patient: Option<PatientId>,
    /// The facility, which decides who may read the history; none for what belongs to the whole organization.
    pub facility: Option<FacilityId>,
}

/// Writes a move from one state to another into the history.
///
/// # Errors
/// Where the database does not answer or refuses the row.
pub async fn status_change(tx: &mut Tx, by: &By, change: &StatusChange<'_>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO status_change (organization_id, id, subject_kind, subject_id, from_status, to_status, changed_by_id, reason, patient_id,
                                    facility_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        by.organization.uuid(),
        crate::ids::new_uuid(),
        change.subject,
        change.id,
        change.from,
        change.to,
        by.user().map(UserId::uuid),
        change.reason,
        change.patient.map(PatientId::uuid),
        change.facility.map(FacilityId::uuid),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
