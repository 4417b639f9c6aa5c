//! Accounts, and what people set for themselves.

use sqlx::{PgConnection, PgPool};

use crate::access::Actor;
use crate::accounts::model::{Account, DemoAccount, Settings};
use crate::ids::{OrganizationId, UserId};

/// The account with this e-mail address, suspended or not.
pub async fn account(pool: &PgPool, email: &str) -> sqlx::Result<Option<Account>> {
    let row = sqlx::query!(
        r#"SELECT app_user.id AS "user: UserId", app_user.organization_id AS "organization: OrganizationId",
                  app_user.password_hash, app_user.password_short, app_user.status, app_user.deleted_at IS NOT NULL AS "deleted!",
                  ARRAY(SELECT DISTINCT membership.role FROM membership
                         WHERE membership.organization_id = app_user.organization_id AND membership.user_id = app_user.id
                           AND membership.deleted_at IS NULL
                           AND membership.starts_on <= CURRENT_DATE
                           AND (membership.ends_on IS NULL OR membership.ends_on >= CURRENT_DATE)) AS "roles!",
                  EXISTS (SELECT FROM second_factor AS factor
                           WHERE factor.organization_id = app_user.organization_id AND factor.user_id = app_user.id
                             AND factor.confirmed_at IS NOT NULL) AS "second_factor!",
                  (SELECT session.role FROM user_session AS session
                    WHERE session.organization_id = app_user.organization_id AND session.user_id = app_user.id
                    ORDER BY session.created_at DESC LIMIT 1) AS last_role
             FROM app_user
            WHERE LOWER(app_user.email) = $1"#,
        email,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Account {
        user: row.user,
        organization: row.organization,
        active: row.status == "ACTIVE" && !row.deleted,
        password_hash: row.password_hash,
        short_password: row.password_short,
        second_factor: row.second_factor,
        roles: row.roles.iter().filter_map(|name| name.parse().ok()).collect(),
        last_role: row.last_role.and_then(|name| name.parse().ok()),
    }))
}

/// The hash of the person who is signed in, to ask for the password again.
pub async fn password_hash(pool: &PgPool, actor: &Actor) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "SELECT password_hash FROM app_user WHERE organization_id = $1 AND id = $2",
        actor.organization.uuid(),
        actor.user.uuid(),
    )
    .fetch_one(pool)
    .await
}

/// Notes the sign-in on the account.
pub async fn signed_in(conn: &mut PgConnection, organization: OrganizationId, user: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE app_user SET last_sign_in_at = NOW() WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps a stronger hash of the same password, where the old one had become weak.
pub async fn upgrade_hash(pool: &PgPool, organization: OrganizationId, user: UserId, hash: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE app_user SET password_hash = $3 WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        user.uuid(),
        hash,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// A person's own settings, changed as that person.
pub async fn save_settings(conn: &mut PgConnection, actor: &Actor, settings: &Settings) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE app_user SET theme = $3, density = $4, timezone = $5, locale = $6, shortcuts = $7
          WHERE organization_id = $1 AND id = $2",
        actor.organization.uuid(),
        actor.user.uuid(),
        settings.theme,
        settings.density,
        settings.zone.map(chrono_tz::Tz::name),
        settings.locale,
        settings.shortcuts,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The zone a person chose, if any: the [`Actor`] holds only the one in effect.
pub async fn own_zone(conn: &mut PgConnection, actor: &Actor) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "SELECT timezone FROM app_user WHERE organization_id = $1 AND id = $2",
        actor.organization.uuid(),
        actor.user.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// The accounts that a demonstration offers: e-mail address, name, roles.
pub async fn demo_accounts(pool: &PgPool) -> sqlx::Result<Vec<DemoAccount>> {
    sqlx::query_as!(
        DemoAccount,
        r#"SELECT app_user.email, app_user.title, app_user.first_name, app_user.last_name, organization.name AS organization,
                  MIN(membership.role) AS "role!"
             FROM app_user
             JOIN organization ON organization.id = app_user.organization_id
             JOIN membership ON membership.organization_id = app_user.organization_id AND membership.user_id = app_user.id
            WHERE app_user.status = 'ACTIVE' AND app_user.deleted_at IS NULL AND app_user.password_hash IS NOT NULL
            GROUP BY organization.name, organization.created_at, app_user.organization_id, app_user.id, app_user.email
            ORDER BY organization.created_at, organization.name, app_user.id
            LIMIT 40"#,
    )
    .fetch_all(pool)
    .await
}
