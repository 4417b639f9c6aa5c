//! The people around cases: whom they concern, who can work on them.

use std::collections::HashMap;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::access::{Permission, Role};
use crate::error::Result;
use crate::ids::{AlertId, CaseId, FacilityId, OrganizationId, PatientId, UserId};

/// Name and record number of a patient, as much as work on cases needs.
#[derive(Clone, Debug)]
pub struct Header {
    /// Who.
    pub id: PatientId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Record number, encrypted.
    pub mrn: Option<Vec<u8>>,
}

/// The headers of these patients, as far as `role` may know them.
///
/// # Errors
/// Where the database does not answer.
pub async fn headers(
    conn: &mut PgConnection,
    organization: OrganizationId,
    role: Role,
    ids: impl IntoIterator<Item = PatientId>,
) -> Result<HashMap<PatientId, Header>> {
    let ids: Vec<_> = ids.into_iter().map(PatientId::uuid).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = if role.may(Permission::ViewPatients) {
        sqlx::query_as!(
            Header,
            r#"SELECT id AS "id!: PatientId", first_name, last_name, medical_record_number_enc AS mrn
               FROM patient WHERE organization_id = $1 AND id = ANY ($2)"#,
            organization.uuid(),
            &ids,
        )
        .fetch_all(conn)
        .await?
    } else {
        sqlx::query_as!(
            Header,
            r#"SELECT id AS "id!: PatientId", first_name AS "first_name!", last_name AS "last_name!", medical_record_number_enc AS mrn
               FROM headers.of_patients($1)"#,
            &ids,
        )
        .fetch_all(conn)
        .await?
    };
    Ok(found.into_iter().map(|header| (header.id, header)).collect())
}

/// The patient with this record number, where a clerk or chair may know of them.
///
/// # Errors
/// Where the database does not answer.
pub async fn by_record_number(conn: &mut PgConnection, index: &[u8]) -> Result<Option<PatientId>> {
    Ok(sqlx::query_scalar!(r#"SELECT id AS "id!: PatientId" FROM headers.by_record_number($1)"#, index)
        .fetch_optional(conn)
        .await?)
}

/// The alert with this number, where a clerk or chair may name it.
///
/// # Errors
/// Where the database does not answer.
pub async fn alert_by_number(conn: &mut PgConnection, number: i64) -> Result<Option<AlertId>> {
    Ok(sqlx::query_scalar!(r#"SELECT id AS "id!: AlertId" FROM headers.alert_by_number($1)"#, number)
        .fetch_optional(conn)
        .await?)
}

/// The number of an alert that a case names.
///
/// # Errors
/// Where the database does not answer.
pub async fn alert_number(conn: &mut PgConnection, alert: AlertId) -> Result<Option<i64>> {
    Ok(sqlx::query_scalar!("SELECT headers.alert_number($1)", alert.uuid()).fetch_one(conn).await?)
}

/// Somebody who can be given a case, with what they have already.
#[derive(Clone, Debug)]
pub struct Caseworker {
    /// Who.
    pub id: UserId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Cases assigned and not begun.
    pub assigned: i64,
    /// Cases in progress.
    pub in_progress: i64,
}

impl Caseworker {
    /// Given and family name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }

    /// "Bob Caseworker (11 open)".
    #[must_use]
    pub fn label(&self) -> String {
        format!("{} ({} open)", self.name(), self.assigned + self.in_progress)
    }
}

/// The load of a caseworker, as far as the actor may see it.
#[derive(Clone, Debug)]
pub struct Load {
    /// Whose, with what they work on.
    pub person: Caseworker,
    /// Cases that wait for the chair.
    pub finished: i64,
    /// Those of all these that are overdue.
    pub overdue: i64,
}

/// Who can be given a case of `facility` today, with their load as far as the actor may see it.
///
/// # Errors
/// Where the database does not answer.
pub async fn caseworkers(
    conn: &mut PgConnection,
    organization: OrganizationId,
    facility: Option<FacilityId>,
) -> Result<Vec<Caseworker>> {
    Ok(sqlx::query_as!(
        Caseworker,
        r#"SELECT u.id AS "id!: UserId", u.first_name AS "first_name!", u.last_name AS "last_name!", w.assigned AS "assigned!",
                  w.in_progress AS "in_progress!"
           FROM app_user AS u CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE c.status = 'ASSIGNED') AS assigned, count(*) FILTER (WHERE c.status = 'IN_PROGRESS') AS in_progress
               FROM cases AS c WHERE c.organization_id = $1 AND c.assigned_to_id = u.id AND c.status IN ('ASSIGNED', 'IN_PROGRESS')) AS w
           WHERE u.organization_id = $1 AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
             AND EXISTS (SELECT FROM membership AS m WHERE m.organization_id = $1 AND m.user_id = u.id AND m.role = 'CASEWORKER' AND m.deleted_at IS NULL
                         AND (m.facility_id IS NULL OR m.facility_id = $2)
                         AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'))
           ORDER BY lower(u.last_name), lower(u.first_name), u.id LIMIT 200"#,
        organization.uuid(),
        facility.map(FacilityId::uuid),
    )
    .fetch_all(conn)
    .await?)
}

/// Whether somebody can be given a case of `facility` today.
///
/// # Errors
/// Where the database does not answer.
pub async fn works_at(
    conn: &mut PgConnection,
    organization: OrganizationId,
    person: UserId,
    facility: Option<FacilityId>,
) -> Result<bool> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM app_user AS u JOIN membership AS m ON m.organization_id = u.organization_id AND m.user_id = u.id
                          WHERE u.organization_id = $1 AND u.id = $2 AND u.status = 'ACTIVE' AND u.deleted_at IS NULL AND m.role = 'CASEWORKER'
                            AND m.deleted_at IS NULL AND (m.facility_id IS NULL OR m.facility_id = $3)
                            AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')) AS "works!""#,
        organization.uuid(),
        person.uuid(),
        facility.map(FacilityId::uuid),
    )
    .fetch_one(conn)
    .await?)
}

/// Every caseworker of the organization with their name, for the menu of the list: what they have to do costs a look at
/// all of it, and is not asked for.
///
/// # Errors
/// Where the database does not answer.
pub async fn names(conn: &mut PgConnection, organization: OrganizationId) -> Result<Vec<(UserId, String)>> {
    let people = sqlx::query!(
        r#"SELECT u.id AS "id: UserId", u.first_name, u.last_name FROM app_user AS u
           WHERE u.organization_id = $1 AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
             AND EXISTS (SELECT FROM membership AS m WHERE m.organization_id = $1 AND m.user_id = u.id AND m.role = 'CASEWORKER' AND m.deleted_at IS NULL
                         AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'))
           ORDER BY lower(u.last_name), lower(u.first_name), u.id LIMIT 200"#,
        organization.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(people.into_iter().map(|one| (one.id, format!("{} {}", one.first_name, one.last_name))).collect())
}

/// Every caseworker of the organization, with their load as far as the actor may see it.
///
/// # Errors
/// Where the database does not answer.
pub async fn workload(conn: &mut PgConnection, organization: OrganizationId) -> Result<Vec<Load>> {
    let rows = sqlx::query!(
        r#"SELECT u.id AS "id!: UserId", u.first_name AS "first_name!", u.last_name AS "last_name!", w.assigned AS "assigned!",
                  w.in_progress AS "in_progress!", w.finished AS "finished!", w.overdue AS "overdue!"
           FROM app_user AS u CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE c.status = 'ASSIGNED') AS assigned, count(*) FILTER (WHERE c.status = 'IN_PROGRESS') AS in_progress,
                      count(*) FILTER (WHERE c.status = 'PENDING_COMPLETION') AS finished, count(*) FILTER (WHERE c.due_at < now()) AS overdue
               FROM cases AS c WHERE c.organization_id = $1 AND c.assigned_to_id = u.id AND c.status IN ('ASSIGNED', 'IN_PROGRESS', 'PENDING_COMPLETION')) AS w
           WHERE u.organization_id = $1 AND u.status = 'ACTIVE' AND u.deleted_at IS NULL
             AND EXISTS (SELECT FROM membership AS m WHERE m.organization_id = $1 AND m.user_id = u.id AND m.role = 'CASEWORKER' AND m.deleted_at IS NULL
                         AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'))
           ORDER BY lower(u.last_name), lower(u.first_name), u.id LIMIT 200"#,
        organization.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Load {
            person: Caseworker {
                id: row.id,
                first_name: row.first_name,
                last_name: row.last_name,
                assigned: row.assigned,
                in_progress: row.in_progress,
            },
            finished: row.finished,
            overdue: row.overdue,
        })
        .collect())
}

/// Whom a case concerns.
#[derive(Debug)]
pub struct Concerned {
    /// The chairs of its place.
    pub chairs: Vec<Uuid>,
    /// Who opened it, has it or follows it.
    pub around: Vec<Uuid>,
}

/// Whom a case concerns, as it stands.
///
/// # Errors
/// Where the database does not answer.
pub async fn concerned(conn: &mut PgConnection, organization: OrganizationId, id: CaseId) -> Result<Concerned> {
    Ok(sqlx::query_as!(
        Concerned,
        r#"SELECT ARRAY(SELECT DISTINCT m.user_id FROM membership AS m WHERE m.organization_id = $1 AND m.role = 'CHAIR' AND m.deleted_at IS NULL
                          AND (m.facility_id IS NULL OR m.facility_id = c.facility_id) AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')
                          ORDER BY m.user_id LIMIT 20) AS "chairs!: Vec<Uuid>",
                  ARRAY(SELECT f.user_id FROM case_follower AS f WHERE f.organization_id = $1 AND f.case_id = c.id AND f.deleted_at IS NULL
                        UNION SELECT c.created_by_id UNION SELECT c.assigned_to_id WHERE c.assigned_to_id IS NOT NULL) AS "around!: Vec<Uuid>"
           FROM cases AS c WHERE c.organization_id = $1 AND c.id = $2"#,
        organization.uuid(),
        id.uuid(),
    )
    .fetch_one(conn)
    .await?)
}
