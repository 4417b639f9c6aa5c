//! Tokens and the passwords that are chosen with them, as `almoner_auth`.

use sqlx::{PgConnection, PgPool};

use crate::accounts::model::Holder;
use crate::accounts::tokens::{Purpose, Token};
use crate::ids::{OrganizationId, UserId};

/// Whose token it is, where it may still be used: the newest of its kind, in time, unused, and for an account that it fits.
pub async fn token(pool: &PgPool, token: &Token, purpose: Purpose) -> sqlx::Result<Option<Holder>> {
    sqlx::query_as!(
        Holder,
        r#"SELECT person.organization_id AS "organization: OrganizationId", person.id AS "user: UserId", person.email,
                  person.first_name, person.last_name, organization.name AS organization_name,
                  EXISTS (SELECT FROM second_factor AS factor
                           WHERE factor.organization_id = person.organization_id AND factor.user_id = person.id
                             AND factor.confirmed_at IS NOT NULL) AS "second_factor!"
             FROM user_token AS token
             JOIN app_user AS person ON person.organization_id = token.organization_id AND person.id = token.user_id
             JOIN organization ON organization.id = token.organization_id
            WHERE token.token_hash = $1 AND token.purpose = $2 AND token.used_at IS NULL AND token.expires_at > NOW()
              AND NOT EXISTS (SELECT FROM user_token AS newer
                               WHERE newer.organization_id = token.organization_id AND newer.user_id = token.user_id
                                 AND newer.purpose = token.purpose AND newer.created_at > token.created_at)
              AND person.deleted_at IS NULL AND person.status = CASE token.purpose WHEN 'ACTIVATION' THEN 'INVITED' ELSE 'ACTIVE' END"#,
        token.hash(),
        purpose.as_str(),
    )
    .fetch_optional(pool)
    .await
}

/// Uses a token up; false where somebody was quicker.
pub async fn take_token(conn: &mut PgConnection, organization: OrganizationId, token: &Token) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "UPDATE user_token SET used_at = NOW()
          WHERE organization_id = $1 AND token_hash = $2 AND used_at IS NULL AND expires_at > NOW()",
        organization.uuid(),
        token.hash(),
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// The password that a person chose. An invited account becomes active by it.
pub async fn choose_password(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    hash: &str,
    short: bool,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE app_user SET password_hash = $3, password_short = $4, reset_asked_at = NULL,
                             status = CASE status WHEN 'INVITED' THEN 'ACTIVE' ELSE status END
          WHERE organization_id = $1 AND id = $2",
        organization.uuid(),
        user.uuid(),
        hash,
        short,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that somebody says they forgot the password.
pub async fn ask_reset(conn: &mut PgConnection, organization: OrganizationId, user: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE app_user SET reset_asked_at = NOW() WHERE organization_id = $1 AND id = $2 AND deleted_at IS NULL AND status <> 'SUSPENDED'",
        organization.uuid(),
        user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// E-mail address, names and organization: what a person's password must not be made of.
pub async fn about(conn: &mut PgConnection, organization: OrganizationId, user: UserId) -> sqlx::Result<[String; 4]> {
    let row = sqlx::query!(
        "SELECT person.email, person.first_name, person.last_name, organization.name
           FROM app_user AS person JOIN organization ON organization.id = person.organization_id
          WHERE person.organization_id = $1 AND person.id = $2",
        organization.uuid(),
        user.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok([row.email, row.first_name, row.last_name, row.name])
}
