//! What the command line does, as `almoner_worker`.

use sqlx::PgConnection;

use crate::access::Role;
use crate::ids::{OrganizationId, UserId};

/// An account to add.
#[derive(Debug)]
pub struct NewUser<'a> {
    pub organization: OrganizationId,
    pub user: UserId,
    pub email: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub password_hash: &'a str,
}

/// One line of `almoner user list`.
#[derive(Debug)]
pub struct UserLine {
    pub status: String,
    pub email: String,
    pub name: String,
    pub organization: String,
    pub roles: String,
    /// Whether the person said that they forgot the password.
    pub asked: bool,
}

/// All organizations.
pub async fn organizations(conn: &mut PgConnection) -> sqlx::Result<Vec<(OrganizationId, String)>> {
    let rows = sqlx::query!(r#"SELECT id AS "id: OrganizationId", name FROM organization ORDER BY created_at"#)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

pub async fn add_organization(conn: &mut PgConnection, organization: OrganizationId, name: &str) -> sqlx::Result<()> {
    sqlx::query!("INSERT INTO organization (id, name) VALUES ($1, $2)", organization.uuid(), name)
        .execute(conn)
        .await?;
    Ok(())
}

pub async fn facility_called(
    conn: &mut PgConnection,
    organization: OrganizationId,
    name: &str,
) -> sqlx::Result<Option<uuid::Uuid>> {
    sqlx::query_scalar!(
        "SELECT id FROM facility WHERE organization_id = $1 AND LOWER(name) = LOWER($2) AND deleted_at IS NULL",
        organization.uuid(),
        name,
    )
    .fetch_optional(conn)
    .await
}

pub async fn add_user(conn: &mut PgConnection, new: &NewUser<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO app_user (organization_id, id, email, first_name, last_name, password_hash, status)
         VALUES ($1, $2, $3, $4, $5, $6, 'ACTIVE')",
        new.organization.uuid(),
        new.user.uuid(),
        new.email,
        new.first_name,
        new.last_name,
        new.password_hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn add_membership(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    role: Role,
    facility: Option<uuid::Uuid>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO membership (organization_id, id, user_id, facility_id, role) VALUES ($1, $2, $3, $4, $5)",
        organization.uuid(),
        crate::ids::new_uuid(),
        user.uuid(),
        facility,
        role.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a role now; answers how many memberships that were.
pub async fn end_membership(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    role: Role,
    facility: Option<uuid::Uuid>,
) -> sqlx::Result<u64> {
    let ended = sqlx::query!(
        "UPDATE membership SET deleted_at = NOW()
          WHERE organization_id = $1 AND user_id = $2 AND role = $3 AND facility_id IS NOT DISTINCT FROM $4 AND deleted_at IS NULL",
        organization.uuid(),
        user.uuid(),
        role.as_str(),
        facility,
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected())
}

pub async fn set_password(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    hash: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE app_user SET password_hash = $3, password_short = FALSE, reset_asked_at = NULL, status = CASE status WHEN 'INVITED' THEN 'ACTIVE' ELSE status END
          WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        user.uuid(),
        hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether an account is active, invited or suspended.
pub async fn status(conn: &mut PgConnection, organization: OrganizationId, user: UserId) -> sqlx::Result<String> {
    sqlx::query_scalar!(
        "SELECT status FROM app_user WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        user.uuid()
    )
    .fetch_one(conn)
    .await
}

/// Whoever asked for another password has a link now.
pub async fn reset_answered(conn: &mut PgConnection, organization: OrganizationId, user: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE app_user SET reset_asked_at = NULL WHERE organization_id = $1 AND id = $2 AND reset_asked_at IS NOT NULL",
        organization.uuid(),
        user.uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn set_status(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    status: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE app_user SET status = $3 WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        user.uuid(),
        status
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn end_all_sessions(conn: &mut PgConnection, organization: OrganizationId, user: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE user_session SET ended_at = NOW(), end_reason = 'REVOKED' WHERE organization_id = $1 AND user_id = $2 AND ended_at IS NULL",
        organization.uuid(),
        user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn all_users(conn: &mut PgConnection) -> sqlx::Result<Vec<UserLine>> {
    sqlx::query_as!(
        UserLine,
        r#"SELECT app_user.status, app_user.email, app_user.first_name || ' ' || app_user.last_name AS "name!",
                  organization.name AS organization, app_user.reset_asked_at IS NOT NULL AS "asked!",
                  COALESCE(STRING_AGG(membership.role || COALESCE(' at ' || facility.name, ''), ', ' ORDER BY membership.role), 'no role') AS "roles!"
             FROM app_user
             JOIN organization ON organization.id = app_user.organization_id
             LEFT JOIN membership ON membership.organization_id = app_user.organization_id AND membership.user_id = app_user.id
                                 AND membership.deleted_at IS NULL AND (membership.ends_on IS NULL OR membership.ends_on >= CURRENT_DATE)
             LEFT JOIN facility ON facility.organization_id = membership.organization_id AND facility.id = membership.facility_id
            WHERE app_user.deleted_at IS NULL
            GROUP BY app_user.organization_id, app_user.id, organization.name
            ORDER BY organization.name, app_user.email"#,
    )
    .fetch_all(conn)
    .await
}
