//! Who a task of a case can be given to: the people of the case.

use sqlx::PgConnection;

use crate::error::Result;
use crate::ids::{CaseId, OrganizationId, UserId};

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
