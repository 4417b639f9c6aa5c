//! Who a task can be given to: the people of a case, or those who work where it belongs.

use sqlx::PgConnection;

use crate::access::Role;
use crate::error::Result;
use crate::ids::{CaseId, FacilityId, OrganizationId, UserId};

/// Somebody who sees the case.
#[derive(Debug)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// What they are to the case: `caseworker`, `opened it` or `chair`.
    pub part: String,
}

/// The caseworker, who opened it, and the chairs of its facility. `task_guard` knows the same list.
///
/// # Errors
/// Where the database does not answer.
pub async fn of_case(conn: &mut PgConnection, organization: OrganizationId, case: CaseId) -> Result<Vec<Person>> {
    Ok(sqlx::query_as!(
        Person,
        r#"SELECT DISTINCT ON (p.place, u.last_name, u.first_name, u.id) u.id AS "id!: UserId", u.first_name AS "first_name!", u.last_name AS "last_name!", p.part AS "part!"
           FROM (SELECT c.assigned_to_id AS id, 'caseworker' AS part, 1 AS place FROM cases AS c WHERE c.organization_id = $1 AND c.id = $2
                 UNION ALL
                 SELECT c.created_by_id, 'opened the case', 2 FROM cases AS c WHERE c.organization_id = $1 AND c.id = $2
                        AND c.created_by_id IS DISTINCT FROM c.assigned_to_id
                 UNION ALL
                 SELECT m.user_id, 'chair', 3 FROM cases AS c
                   JOIN membership AS m ON m.organization_id = c.organization_id AND m.role = 'CHAIR' AND (m.facility_id IS NULL OR m.facility_id = c.facility_id)
                        AND m.deleted_at IS NULL AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')
                        AND m.user_id <> c.created_by_id AND m.user_id IS DISTINCT FROM c.assigned_to_id
                  WHERE c.organization_id = $1 AND c.id = $2) AS p
           JOIN app_user AS u ON u.organization_id = $1 AND u.id = p.id AND u.deleted_at IS NULL
           ORDER BY p.place, u.last_name, u.first_name, u.id LIMIT 100"#,
        organization.uuid(),
        case.uuid(),
    )
    .fetch_all(conn)
    .await?)
}

/// Everybody who has one of these roles at a facility, or anywhere where there is none, by name; the part is the role.
///
/// # Errors
/// Where the database does not answer.
pub async fn with_roles(
    conn: &mut PgConnection,
    organization: OrganizationId,
    roles: &[Role],
    facility: Option<FacilityId>,
) -> Result<Vec<Person>> {
    let roles: Vec<String> =
        roles.iter().filter(|role| **role != Role::Patient).map(|role| role.as_str().to_owned()).collect();
    let mut people = sqlx::query_as!(
        Person,
        r#"SELECT DISTINCT ON (u.last_name, u.first_name, u.id) u.id AS "id!: UserId", u.first_name AS "first_name!", u.last_name AS "last_name!", m.role AS "part!"
           FROM membership AS m JOIN app_user AS u ON u.organization_id = m.organization_id AND u.id = m.user_id
           WHERE m.organization_id = $1 AND m.role = ANY ($2) AND ($3::uuid IS NULL OR m.facility_id IS NULL OR m.facility_id = $3)
             AND m.deleted_at IS NULL AND CURRENT_DATE BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity')
             AND u.deleted_at IS NULL AND u.status = 'ACTIVE'
           ORDER BY u.last_name, u.first_name, u.id, array_position($2, m.role) LIMIT 200"#,
        organization.uuid(),
        &roles,
        facility.map(FacilityId::uuid),
    )
    .fetch_all(conn)
    .await?;
    for person in &mut people {
        if let Ok(role) = person.part.parse::<Role>() {
            person.part = role.label().to_lowercase();
        }
    }
    Ok(people)
}
