//! What other slices need to know of a case before they show, add or record anything about it.

use sqlx::PgConnection;

use super::model::{CaseStatus, Priority};
use crate::error::{Error, Result};
use crate::ids::{CaseId, FacilityId, OrganizationId, PatientId, UserId};

/// A case, without what it says.
#[derive(Clone, Debug)]
pub struct Head {
    /// Which.
    pub id: CaseId,
    /// The number people say.
    pub number: i64,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub status: CaseStatus,
    /// How pressing it is.
    pub priority: Priority,
    /// Where it belongs; none for the whole organization.
    pub facility: Option<FacilityId>,
    /// The person concerned. Goes into every audit event about the case.
    pub patient: Option<PatientId>,
    /// Who opened it.
    pub creator: UserId,
    /// The caseworker.
    pub assignee: Option<UserId>,
    /// The version that its forms carry.
    pub row_version: i64,
}

impl Head {
    /// `CASE-2041`.
    #[must_use]
    pub fn reference(&self) -> String {
        reference(self.number)
    }
}

/// `CASE-2041`.
#[must_use]
pub fn reference(number: i64) -> String {
    format!("CASE-{number}")
}

/// The case, as far as the actor of the transaction may see it: row-level security decides.
///
/// # Errors
/// `NotFound` where there is none, or none that they may see.
pub async fn head(conn: &mut PgConnection, organization: OrganizationId, id: CaseId) -> Result<Head> {
    sqlx::query_as!(
        Head,
        r#"SELECT id AS "id!: CaseId", number, title, status AS "status!: CaseStatus", priority AS "priority!: Priority",
                  facility_id AS "facility?: FacilityId", patient_id AS "patient?: PatientId", created_by_id AS "creator!: UserId",
                  assigned_to_id AS "assignee?: UserId", row_version
           FROM cases WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL"#,
        organization.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .ok_or(Error::NotFound)
}

/// The same, kept from everybody else until the end of the transaction, for what must not happen while the case moves.
///
/// # Errors
/// `NotFound` where there is none that they may see, `Forbidden` where they may see it and not change it.
pub async fn lock_head(conn: &mut PgConnection, organization: OrganizationId, id: CaseId) -> Result<Head> {
    let head = head(conn, organization, id).await?;
    let locked = sqlx::query_scalar!(
        "SELECT row_version FROM cases WHERE organization_id = $1 AND id = $2 FOR UPDATE",
        organization.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    locked.map(|row_version| Head { row_version, ..head }).ok_or(Error::Forbidden)
}

/// A case about somebody, as their chart names it.
#[derive(Debug)]
pub struct About {
    /// Which.
    pub id: CaseId,
    /// The number people say.
    pub number: i64,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub status: CaseStatus,
}

impl About {
    /// `CASE-2041`.
    #[must_use]
    pub fn reference(&self) -> String {
        reference(self.number)
    }
}

/// The cases about a patient that this person sees, the open ones first.
///
/// # Errors
/// Where the database does not answer.
pub async fn about(
    conn: &mut PgConnection,
    organization: OrganizationId,
    patient: PatientId,
    limit: i64,
) -> Result<Vec<About>> {
    Ok(sqlx::query_as!(
        About,
        r#"SELECT id AS "id: CaseId", number, title, status AS "status: CaseStatus" FROM cases
           WHERE organization_id = $1 AND patient_id = $2 AND patient_id IS NOT NULL AND deleted_at IS NULL
           ORDER BY is_open DESC, number DESC LIMIT $3"#,
        organization.uuid(),
        patient.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}
