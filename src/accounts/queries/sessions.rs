//! A person's own sessions.

use sqlx::PgConnection;

use crate::access::{Actor, Role};
use crate::accounts::idle_limit;
use crate::accounts::model::SessionRow;
use crate::clock::Timestamp;
use crate::ids::SessionId;

/// The current sessions of a person, latest first.
pub async fn sessions(conn: &mut PgConnection, actor: &Actor) -> sqlx::Result<Vec<SessionRow>> {
    sqlx::query_as!(
        SessionRow,
        r#"SELECT id AS "id: SessionId", role, created_at AS "created_at: Timestamp", last_seen_at AS "last_seen_at: Timestamp",
                  HOST(ip_address) AS address, user_agent
             FROM user_session
            WHERE organization_id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > NOW()
              AND last_seen_at > NOW() - MAKE_INTERVAL(secs => CASE role WHEN 'PATIENT' THEN $3::float8 ELSE $4::float8 END)
            ORDER BY last_seen_at DESC"#,
        actor.organization.uuid(),
        actor.user.uuid(),
        idle_limit(Role::Patient).as_secs_f64(),
        idle_limit(Role::Clinician).as_secs_f64(),
    )
    .fetch_all(conn)
    .await
}

/// Ends one session of a person; false where there is none such.
pub async fn end_session(
    conn: &mut PgConnection,
    actor: &Actor,
    session: SessionId,
    reason: &str,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        "UPDATE user_session SET ended_at = NOW(), end_reason = $4
          WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND ended_at IS NULL",
        actor.organization.uuid(),
        actor.user.uuid(),
        session.uuid(),
        reason,
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Ends all sessions of a person but this one; answers how many.
pub async fn end_other_sessions(conn: &mut PgConnection, actor: &Actor) -> sqlx::Result<u64> {
    let ended = sqlx::query!(
        "UPDATE user_session SET ended_at = NOW(), end_reason = 'REVOKED'
          WHERE organization_id = $1 AND user_id = $2 AND id <> $3 AND ended_at IS NULL",
        actor.organization.uuid(),
        actor.user.uuid(),
        actor.session.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected())
}

/// Puts a session into another role.
pub async fn switch_role(conn: &mut PgConnection, actor: &Actor, role: Role) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE user_session SET role = $3, last_seen_at = NOW() WHERE organization_id = $1 AND id = $2 AND ended_at IS NULL",
        actor.organization.uuid(),
        actor.session.uuid(),
        role.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the password was asked for again.
pub async fn step_up(conn: &mut PgConnection, actor: &Actor) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE user_session SET stepped_up_at = NOW(), last_seen_at = NOW()
          WHERE organization_id = $1 AND id = $2 AND ended_at IS NULL",
        actor.organization.uuid(),
        actor.session.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
