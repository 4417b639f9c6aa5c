//! Statements on the people of the organization, as the person who asks.

use sqlx::PgConnection;
use uuid::Uuid;

use super::forms::NewUser;
use super::model::{Line, Membership, Person};
use crate::access::{Actor, Facilities, Permission, Role};
use crate::clock::Timestamp;
use crate::ids::{FacilityId, UserId, new_uuid};

/// People on one page.
pub(super) const PAGE: i64 = 50;

/// Whom a list is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Show {
    /// Everybody who is not a patient.
    #[default]
    Staff,
    Patients,
    Invited,
    Suspended,
    /// Who asked for a new password.
    Asked,
}

impl Show {
    pub(super) const ALL: [Self; 5] = [Self::Staff, Self::Asked, Self::Invited, Self::Suspended, Self::Patients];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Staff => "staff",
            Self::Patients => "patients",
            Self::Invited => "invited",
            Self::Suspended => "suspended",
            Self::Asked => "asked",
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Staff => "Staff",
            Self::Patients => "Patients",
            Self::Invited => "Invited",
            Self::Suspended => "Suspended",
            Self::Asked => "Need a password",
        }
    }
}

/// The facilities whose people `actor` manages; none for all.
fn managed(actor: &Actor) -> Option<Vec<Uuid>> {
    match (&actor.facilities, actor.may(Permission::ManageUsers)) {
        (Facilities::Only(list), false) => Some(list.iter().map(|id| id.uuid()).collect()),
        (Facilities::All, _) | (Facilities::Only(_), true) => None,
    }
}

/// One page of people, by name, and one more where there is another page.
pub(super) async fn people(
    conn: &mut PgConnection,
    actor: &Actor,
    show: Show,
    typed: &str,
    page: i64,
) -> sqlx::Result<Vec<Line>> {
    let managed = managed(actor);
    sqlx::query_as!(
        Line,
        r#"SELECT person.id AS "id: UserId", CONCAT_WS(' ', person.title, person.first_name, person.last_name) AS "name!", person.email, person.status,
                  (SELECT COALESCE(STRING_AGG(DISTINCT membership.role || COALESCE(' ' || facility.name, ''), CHR(31)), '')
                     FROM membership LEFT JOIN facility ON facility.organization_id = $1 AND facility.id = membership.facility_id
                    WHERE membership.organization_id = $1 AND membership.user_id = person.id AND membership.deleted_at IS NULL
                      AND (membership.ends_on IS NULL OR membership.ends_on >= CURRENT_DATE)) AS "roles!",
                  person.last_sign_in_at AS "last_sign_in_at: Timestamp", person.reset_asked_at AS "reset_asked_at: Timestamp",
                  EXISTS (SELECT FROM second_factor AS factor WHERE factor.organization_id = $1 AND factor.user_id = person.id
                             AND factor.confirmed_at IS NOT NULL) AS "second_factor!"
             FROM app_user AS person
            WHERE person.organization_id = $1 AND person.deleted_at IS NULL
              AND CASE $2 WHEN 'asked' THEN person.reset_asked_at IS NOT NULL
                          WHEN 'invited' THEN person.status = 'INVITED'
                          WHEN 'suspended' THEN person.status = 'SUSPENDED'
                          ELSE ($2 = 'patients') = EXISTS (SELECT FROM membership WHERE membership.organization_id = $1 AND membership.user_id = person.id
                                                              AND membership.role = 'PATIENT' AND membership.deleted_at IS NULL) END
              AND ($3 = '' OR STARTS_WITH(LOWER(person.last_name), $3) OR STARTS_WITH(LOWER(person.first_name), $3)
                   OR STARTS_WITH(LOWER(person.email), $3) OR LOWER(person.first_name || ' ' || person.last_name) = $3)
              AND ($4::uuid[] IS NULL OR person.created_by_id = $5 OR EXISTS (SELECT FROM membership WHERE membership.organization_id = $1
                          AND membership.user_id = person.id AND membership.facility_id = ANY ($4) AND membership.deleted_at IS NULL))
            ORDER BY person.last_name, person.first_name, person.id
            LIMIT $6 OFFSET $7"#,
        actor.organization.uuid(),
        show.name(),
        typed.to_lowercase(),
        managed.as_deref(),
        actor.user.uuid(),
        PAGE + 1,
        PAGE * page,
    )
    .fetch_all(conn)
    .await
}

/// How many people asked for a new password.
pub(super) async fn asked(conn: &mut PgConnection, actor: &Actor) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT COUNT(*) AS "asked!" FROM app_user WHERE organization_id = $1 AND reset_asked_at IS NOT NULL AND deleted_at IS NULL"#,
        actor.organization.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// One person, where the actor may see them.
pub(super) async fn person(conn: &mut PgConnection, actor: &Actor, user: UserId) -> sqlx::Result<Option<Person>> {
    let managed = managed(actor);
    sqlx::query_as!(
        Person,
        r#"SELECT person.id AS "id: UserId", CONCAT_WS(' ', person.title, person.first_name, person.last_name) AS "name!", person.email,
                  person.department, person.status, person.created_at AS "created_at: Timestamp", person.created_by_id,
                  person.last_sign_in_at AS "last_sign_in_at: Timestamp", person.reset_asked_at AS "reset_asked_at: Timestamp",
                  (SELECT factor.confirmed_at FROM second_factor AS factor
                    WHERE factor.organization_id = $1 AND factor.user_id = $2) AS "second_factor_since: Timestamp",
                  (SELECT COUNT(*) FROM user_session AS session WHERE session.organization_id = $1 AND session.user_id = $2
                      AND session.ended_at IS NULL AND session.expires_at > NOW()) AS sessions
             FROM app_user AS person
            WHERE person.organization_id = $1 AND person.id = $2 AND person.deleted_at IS NULL
              AND ($3::uuid[] IS NULL OR person.created_by_id = $4 OR EXISTS (SELECT FROM membership WHERE membership.organization_id = $1
                          AND membership.user_id = person.id AND membership.facility_id = ANY ($3) AND membership.deleted_at IS NULL))"#,
        actor.organization.uuid(),
        user.uuid(),
        managed.as_deref(),
        actor.user.uuid(),
    )
    .fetch_optional(conn)
    .await
}

/// The roles of a person that have not ended.
pub(super) async fn memberships(conn: &mut PgConnection, actor: &Actor, user: UserId) -> sqlx::Result<Vec<Membership>> {
    sqlx::query_as!(
        Membership,
        r#"SELECT membership.id, membership.role, facility.name AS "facility?", membership.starts_on AS "starts_on: chrono::NaiveDate", membership.ends_on AS "ends_on: chrono::NaiveDate"
             FROM membership LEFT JOIN facility ON facility.organization_id = membership.organization_id AND facility.id = membership.facility_id
            WHERE membership.organization_id = $1 AND membership.user_id = $2 AND membership.deleted_at IS NULL
              AND (membership.ends_on IS NULL OR membership.ends_on >= CURRENT_DATE)
            ORDER BY membership.role, facility.name"#,
        actor.organization.uuid(),
        user.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// An account without a password; the constraint `app_user_email_unique` speaks where there is one already.
pub(super) async fn add(conn: &mut PgConnection, actor: &Actor, user: UserId, new: &NewUser) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO app_user (organization_id, id, email, first_name, last_name, title, department, status, created_by_id)
         VALUES ($1, $2, $3, $4, $5, NULLIF($6, ''), NULLIF($7, ''), 'INVITED', $8)",
        actor.organization.uuid(),
        user.uuid(),
        new.email,
        new.first_name,
        new.last_name,
        new.title,
        new.department,
        actor.user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn add_membership(
    conn: &mut PgConnection,
    actor: &Actor,
    user: UserId,
    role: Role,
    facility: Option<FacilityId>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO membership (organization_id, id, user_id, facility_id, role, created_by_id) VALUES ($1, $2, $3, $4, $5, $6)",
        actor.organization.uuid(),
        new_uuid(),
        user.uuid(),
        facility.map(FacilityId::uuid),
        role.as_str(),
        actor.user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a role now; answers which it was.
pub(super) async fn end_membership(
    conn: &mut PgConnection,
    actor: &Actor,
    user: UserId,
    membership: Uuid,
) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "UPDATE membership SET deleted_at = NOW(), deleted_by_id = $4
          WHERE organization_id = $1 AND user_id = $2 AND id = $3 AND deleted_at IS NULL RETURNING role",
        actor.organization.uuid(),
        user.uuid(),
        membership,
        actor.user.uuid(),
    )
    .fetch_optional(conn)
    .await
}

/// Puts an account into another state; false where it was in it, or is not there.
pub(super) async fn set_status(
    conn: &mut PgConnection,
    actor: &Actor,
    user: UserId,
    status: &str,
) -> sqlx::Result<bool> {
    let changed = sqlx::query!(
        "UPDATE app_user SET status = $3 WHERE organization_id = $1 AND id = $2 AND status <> $3 AND deleted_at IS NULL",
        actor.organization.uuid(),
        user.uuid(),
        status,
    )
    .execute(conn)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Ends every session of a person; answers how many.
pub(super) async fn end_sessions(conn: &mut PgConnection, actor: &Actor, user: UserId) -> sqlx::Result<u64> {
    let ended = sqlx::query!(
        "UPDATE user_session SET ended_at = NOW(), end_reason = 'REVOKED' WHERE organization_id = $1 AND user_id = $2 AND ended_at IS NULL",
        actor.organization.uuid(),
        user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected())
}

/// Takes the second factor away; false where there was none.
pub(super) async fn end_second_factor(conn: &mut PgConnection, actor: &Actor, user: UserId) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        "UPDATE second_factor SET secret_enc = NULL, confirmed_at = NULL
          WHERE organization_id = $1 AND user_id = $2 AND confirmed_at IS NOT NULL",
        actor.organization.uuid(),
        user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Whoever asked for another password has a link now.
pub(super) async fn answered(conn: &mut PgConnection, actor: &Actor, user: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE app_user SET reset_asked_at = NULL WHERE organization_id = $1 AND id = $2 AND reset_asked_at IS NOT NULL",
        actor.organization.uuid(),
        user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
