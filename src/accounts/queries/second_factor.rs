//! The second factor of an account, always as `almoner_auth`.

use sqlx::PgConnection;

use crate::accounts::model::SecondFactor;
use crate::clock::Timestamp;
use crate::ids::{OrganizationId, UserId, new_uuid};

/// What is known of a person's second factor; none where they never set one up.
pub async fn second_factor(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
) -> sqlx::Result<Option<SecondFactor>> {
    sqlx::query_as!(
        SecondFactor,
        r#"SELECT secret_enc, confirmed_at AS "confirmed_at: Timestamp",
                  (SELECT COUNT(*) FROM recovery_code AS code
                    WHERE code.organization_id = $1 AND code.user_id = $2 AND code.used_at IS NULL AND code.retired_at IS NULL) AS "codes_left!"
             FROM second_factor WHERE organization_id = $1 AND user_id = $2"#,
        organization.uuid(),
        user.uuid(),
    )
    .fetch_optional(conn)
    .await
}

/// Keeps a new secret that no app has confirmed yet; false where the second factor is on.
pub async fn begin_second_factor(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    sealed: &[u8],
) -> sqlx::Result<bool> {
    let begun = sqlx::query!(
        "INSERT INTO second_factor AS factor (organization_id, user_id, secret_enc) VALUES ($1, $2, $3)
             ON CONFLICT (organization_id, user_id) DO UPDATE SET secret_enc = $3 WHERE factor.confirmed_at IS NULL",
        organization.uuid(),
        user.uuid(),
        sealed,
    )
    .execute(conn)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// Takes a time step, and all before it, once; false where it was taken already. The first one switches the factor on.
pub async fn take_step(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    step: i64,
) -> sqlx::Result<bool> {
    let taken = sqlx::query!(
        "UPDATE second_factor SET last_step = $3, confirmed_at = COALESCE(confirmed_at, NOW())
          WHERE organization_id = $1 AND user_id = $2 AND secret_enc IS NOT NULL AND last_step < $3",
        organization.uuid(),
        user.uuid(),
        step,
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Switches the second factor off and forgets its secret; false where it was off.
pub async fn end_second_factor(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        "UPDATE second_factor SET secret_enc = NULL, confirmed_at = NULL
          WHERE organization_id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL",
        organization.uuid(),
        user.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Puts new recovery codes in the place of all older ones.
pub async fn replace_codes(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    hashes: &[Vec<u8>],
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE recovery_code SET retired_at = NOW()
          WHERE organization_id = $1 AND user_id = $2 AND used_at IS NULL AND retired_at IS NULL",
        organization.uuid(),
        user.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    let ids: Vec<_> = hashes.iter().map(|_| new_uuid()).collect();
    sqlx::query!(
        "INSERT INTO recovery_code (organization_id, id, user_id, code_hash)
         SELECT $1, id, $2, code_hash FROM UNNEST($3::uuid[], $4::bytea[]) AS codes (id, code_hash)",
        organization.uuid(),
        user.uuid(),
        &ids,
        hashes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Uses a recovery code up; answers how many are left, or none where it is not one.
pub async fn take_code(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    hash: &[u8],
) -> sqlx::Result<Option<i64>> {
    let taken = sqlx::query!(
        "UPDATE recovery_code SET used_at = NOW()
          WHERE organization_id = $1 AND user_id = $2 AND code_hash = $3 AND used_at IS NULL AND retired_at IS NULL",
        organization.uuid(),
        user.uuid(),
        hash,
    )
    .execute(&mut *conn)
    .await?;
    if taken.rows_affected() == 0 {
        return Ok(None);
    }
    let left = sqlx::query_scalar!(
        r#"SELECT COUNT(*) AS "left!" FROM recovery_code
            WHERE organization_id = $1 AND user_id = $2 AND used_at IS NULL AND retired_at IS NULL"#,
        organization.uuid(),
        user.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(Some(left))
}
