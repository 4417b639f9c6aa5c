//! What the session store asks: above all, the one statement before every page.

use std::str::FromStr as _;

use chrono_tz::Tz;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::access::{Actor, Facilities, Preferences, Role};
use crate::accounts::session_store::SignIn;
use crate::accounts::{STEP_UP, idle_limit};
use crate::clock::Timestamp;
use crate::ids::{OrganizationId, SessionId, UserId};

/// How long a session lasts at most, used or not.
const ABSOLUTE_HOURS: i32 = 12;

/// How old `last_seen_at` may get before it is written again.
pub const TOUCH_SECONDS: f64 = 30.0;

/// The session and the person behind it, in one statement, if both may still be used.
///
/// This runs before every page. `None` where the session has ended, was idle too long or is too old, the account is
/// suspended, or the person no longer has the role.
pub async fn actor(pool: &PgPool, token: &[u8], stored_id: &str) -> sqlx::Result<Option<(Actor, OffsetDateTime)>> {
    let row = sqlx::query!(
        r#"SELECT session.id AS "session: SessionId", session.user_id AS "user: UserId",
                  session.organization_id AS "organization: OrganizationId", session.role,
                  session.last_seen_at AS "last_seen_at: Timestamp",
                  CASE WHEN session.stepped_up_at > NOW() - MAKE_INTERVAL(secs => $5::float8) THEN session.stepped_up_at END AS "stepped_up_at: Timestamp",
                  stored.expiry_date AS "expiry_date: OffsetDateTime",
                  app_user.title, app_user.first_name, app_user.last_name, app_user.theme, app_user.density,
                  app_user.locale, app_user.shortcuts, app_user.timezone AS own_zone,
                  organization.name AS organization_name, organization.timezone AS organization_zone,
                  reach.roles AS "roles!", reach.everywhere AS "everywhere!", reach.facilities AS "facilities!",
                  facility.name AS "facility_name?", facility.timezone AS "facility_zone?"
             FROM auth.session AS stored
             JOIN user_session AS session ON session.token_hash = $1
             JOIN app_user ON app_user.organization_id = session.organization_id AND app_user.id = session.user_id
             JOIN organization ON organization.id = session.organization_id
            CROSS JOIN LATERAL (
                  SELECT ARRAY_AGG(DISTINCT membership.role) AS roles,
                         COALESCE(BOOL_OR(membership.facility_id IS NULL) FILTER (WHERE membership.role = session.role), FALSE) AS everywhere,
                         COALESCE(ARRAY_AGG(DISTINCT membership.facility_id)
                                  FILTER (WHERE membership.role = session.role AND membership.facility_id IS NOT NULL), '{}') AS facilities
                    FROM membership
                   WHERE membership.organization_id = session.organization_id AND membership.user_id = session.user_id
                     AND membership.deleted_at IS NULL
                     AND membership.starts_on <= CURRENT_DATE
                     AND (membership.ends_on IS NULL OR membership.ends_on >= CURRENT_DATE)) AS reach
             LEFT JOIN facility ON facility.organization_id = session.organization_id
                               AND CARDINALITY(reach.facilities) = 1 AND facility.id = reach.facilities[1]
            WHERE stored.id = $2 AND stored.expiry_date > NOW()
              AND session.ended_at IS NULL AND session.expires_at > NOW()
              AND session.last_seen_at > NOW() - MAKE_INTERVAL(secs => CASE session.role WHEN 'PATIENT' THEN $3::float8 ELSE $4::float8 END)
              AND app_user.status = 'ACTIVE' AND app_user.deleted_at IS NULL
              AND session.role = ANY (reach.roles)"#,
        token,
        stored_id,
        idle_limit(Role::Patient).as_secs_f64(),
        idle_limit(Role::Clinician).as_secs_f64(),
        STEP_UP.as_secs_f64(),
    )
    .fetch_optional(pool)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let Ok(role) = Role::from_str(&row.role) else { return Ok(None) };
    let zone = [row.own_zone, row.facility_zone, Some(row.organization_zone)];
    let zone = zone.iter().flatten().find_map(|name| Tz::from_str(name).ok()).unwrap_or(Tz::UTC);
    let facilities = if row.everywhere {
        Facilities::All
    } else {
        Facilities::Only(row.facilities.into_iter().map(Into::into).collect())
    };
    let actor = Actor {
        session: row.session,
        user: row.user,
        organization: row.organization,
        role,
        roles: Role::ALL.into_iter().filter(|role| row.roles.iter().any(|name| name == role.as_str())).collect(),
        facilities,
        name: crate::accounts::model::full_name(row.title.as_deref(), &row.first_name, &row.last_name),
        initials: crate::accounts::model::initials(&row.first_name, &row.last_name),
        family_name: row.last_name,
        place: row.facility_name.unwrap_or(row.organization_name),
        zone,
        preferences: Preferences {
            theme: row.theme,
            density: row.density,
            locale: row.locale,
            shortcuts: row.shortcuts,
        },
        last_seen_at: row.last_seen_at,
        stepped_up_at: row.stepped_up_at,
    };
    Ok(Some((actor, row.expiry_date)))
}

/// Notes that a session is in use, unless that was noted a moment ago. The database's clock decides.
pub async fn touch(pool: &PgPool, actor: &Actor) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE user_session SET last_seen_at = NOW()
          WHERE organization_id = $1 AND id = $2 AND ended_at IS NULL AND last_seen_at < NOW() - MAKE_INTERVAL(secs => $3::float8)",
        actor.organization.uuid(),
        actor.session.uuid(),
        TOUCH_SECONDS,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Whether a session and the account behind it are still good for a request.
pub async fn lives(pool: &PgPool, actor: &Actor) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM user_session AS s JOIN app_user AS u ON u.organization_id = s.organization_id AND u.id = s.user_id
                           WHERE s.organization_id = $1 AND s.id = $2 AND s.ended_at IS NULL AND s.expires_at > NOW() AND u.status = 'ACTIVE'
                             AND s.role = $3) AS "lives!""#,
        actor.organization.uuid(),
        actor.session.uuid(),
        actor.role.as_str(),
    )
    .fetch_one(pool)
    .await
}

/// The row that a new session lives by.
pub async fn begin_session(pool: &PgPool, sign_in: &SignIn, token: &[u8]) -> sqlx::Result<bool> {
    let begun = sqlx::query!(
        "INSERT INTO user_session (organization_id, id, user_id, token_hash, role, created_at, last_seen_at, expires_at,
                                   ip_address, user_agent, stepped_up_at)
         VALUES ($1, $2, $3, $4, $5, NOW(), NOW(), NOW() + MAKE_INTERVAL(hours => $6), $7::text::inet, $8, NOW())",
        sign_in.organization.uuid(),
        sign_in.session.uuid(),
        sign_in.user.uuid(),
        token,
        sign_in.role.as_str(),
        ABSOLUTE_HOURS,
        sign_in.ip,
        sign_in.agent,
    )
    .execute(pool)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// The same session under another id; false where it has ended meanwhile.
pub async fn renew_session(
    pool: &PgPool,
    organization: OrganizationId,
    session: SessionId,
    token: &[u8],
) -> sqlx::Result<bool> {
    let renewed = sqlx::query!(
        "UPDATE user_session SET token_hash = $3
          WHERE organization_id = $1 AND id = $2 AND ended_at IS NULL AND expires_at > NOW()",
        organization.uuid(),
        session.uuid(),
        token,
    )
    .execute(pool)
    .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Gives the stored session the end of the session it belongs to.
pub async fn limit_session(pool: &PgPool, token: &[u8], stored_id: &str) -> sqlx::Result<bool> {
    let limited = sqlx::query!(
        "UPDATE auth.session AS stored SET expiry_date = session.expires_at
           FROM user_session AS session
          WHERE stored.id = $2 AND session.token_hash = $1 AND session.ended_at IS NULL",
        token,
        stored_id,
    )
    .execute(pool)
    .await?;
    Ok(limited.rows_affected() == 1)
}

/// Whether a session may still be saved.
pub async fn session_lives(pool: &PgPool, token: &[u8], stored_id: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM user_session WHERE token_hash = $1 AND ended_at IS NULL AND expires_at > NOW())
              AND EXISTS (SELECT FROM auth.session WHERE id = $2) AS "lives!""#,
        token,
        stored_id,
    )
    .fetch_one(pool)
    .await
}
