//! The rows: accounts, the people who hold them, and the letters that offer them.

use chrono::NaiveDate;
use uuid::Uuid;

use super::model::{Account, Invite, Standing, Terms};
use crate::access::Actor;
use crate::accounts::tokens::Token;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, OnConstraint as _, Result};
use crate::ids::{PatientId, UserId, new_uuid};
use crate::web::whom::Relationship;

/// For how many days an invitation is good.
pub(in crate::portal) const GOOD_FOR_DAYS: i32 = 14;

/// Everybody who has, had or was offered access to the pages of a patient.
pub(in crate::portal) async fn list(
    tx: &mut Tx,
    actor: &Actor,
    patient: PatientId,
    only: Option<Uuid>,
) -> Result<Vec<Account>> {
    let rows = sqlx::query_as!(
        Account,
        r#"SELECT a.id, a.user_id AS "user: UserId", concat_ws(' ', u.title, u.first_name, u.last_name) AS "name!", u.email,
                  a.relationship AS "relationship: Relationship", a.scopes, a.status AS "status: Standing", a.status_reason,
                  a.starts_on AS "starts_on: NaiveDate", a.ends_on AS "ends_on: NaiveDate", (a.ends_on < CURRENT_DATE) IS TRUE AS "over!",
                  a.activated_at AS "activated_at: Timestamp", u.last_sign_in_at AS "last_sign_in_at: Timestamp", a.row_version,
                  (SELECT MAX(i.expires_at) FROM portal_invitation AS i
                    WHERE i.organization_id = a.organization_id AND i.account_id = a.id AND i.used_at IS NULL AND i.withdrawn_at IS NULL
                      AND i.failed_attempts < 5 AND i.expires_at > now()) AS "letter_until: Timestamp",
                  u.status <> 'INVITED' AS "has_signed_in!"
             FROM portal_account AS a
             JOIN app_user AS u ON u.organization_id = a.organization_id AND u.id = a.user_id
            WHERE a.organization_id = $1 AND a.patient_id = $2 AND ($3::uuid IS NULL OR a.id = $3)
            ORDER BY a.status = 'REVOKED', a.relationship = 'SELF' DESC, u.first_name, a.id
            LIMIT 200"#,
        actor.organization.uuid(),
        patient.uuid(),
        only,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// Somebody who has an account already.
pub(in crate::portal) struct Known {
    pub user: UserId,
    pub name: String,
    pub usable: bool,
    pub has_password: bool,
    pub is_patient: bool,
    pub has_access: bool,
}

/// The account with this address in the organization.
pub(in crate::portal) async fn known(
    tx: &mut Tx,
    actor: &Actor,
    patient: PatientId,
    email: &str,
) -> Result<Option<Known>> {
    let row = sqlx::query_as!(
        Known,
        r#"SELECT u.id AS "user: UserId", concat_ws(' ', u.title, u.first_name, u.last_name) AS "name!",
                  (u.status <> 'SUSPENDED' AND u.deleted_at IS NULL) AS "usable!", u.status <> 'INVITED' AS "has_password!",
                  EXISTS (SELECT FROM membership AS m WHERE m.organization_id = u.organization_id AND m.user_id = u.id AND m.role = 'PATIENT'
                             AND m.deleted_at IS NULL AND (m.ends_on IS NULL OR m.ends_on >= CURRENT_DATE)) AS "is_patient!",
                  EXISTS (SELECT FROM portal_account AS a WHERE a.organization_id = u.organization_id AND a.user_id = u.id AND a.patient_id = $3
                             AND a.status <> 'REVOKED') AS "has_access!"
             FROM app_user AS u
            WHERE u.organization_id = $1 AND LOWER(u.email) = $2"#,
        actor.organization.uuid(),
        email,
        patient.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}

/// A new person who may sign in once they have accepted. The address may be taken in another organization: all that can
/// be told of it.
pub(in crate::portal) async fn add_person(tx: &mut Tx, actor: &Actor, invite: &Invite) -> Result<UserId> {
    let user = UserId::new();
    sqlx::query!(
        "INSERT INTO app_user (organization_id, id, email, first_name, last_name, status, created_by_id) VALUES ($1, $2, $3, $4, $5, 'INVITED', $6)",
        actor.organization.uuid(),
        user.uuid(),
        invite.email,
        invite.first_name,
        invite.last_name,
        actor.user.uuid(),
    )
    .execute(&mut **tx)
    .await
    .on_constraint("app_user_email_unique", taken)?;
    Ok(user)
}

fn taken() -> Error {
    Error::Unprocessable(
        "This e-mail address cannot be used here. Go back and ask the person for another one.".to_owned(),
    )
}

/// Lets a person act as a patient; what they reach then is decided by their portal accounts.
pub(in crate::portal) async fn add_role(tx: &mut Tx, actor: &Actor, user: UserId) -> Result<()> {
    sqlx::query!(
        "INSERT INTO membership (organization_id, id, user_id, role, created_by_id) VALUES ($1, $2, $3, 'PATIENT', $4)",
        actor.organization.uuid(),
        new_uuid(),
        user.uuid(),
        actor.user.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The offer of access.
pub(in crate::portal) async fn add(
    tx: &mut Tx,
    actor: &Actor,
    patient: PatientId,
    user: UserId,
    invite: &Invite,
) -> Result<Uuid> {
    let id = new_uuid();
    sqlx::query!(
        "INSERT INTO portal_account (organization_id, id, patient_id, user_id, relationship, scopes, starts_on, ends_on, created_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7::date, $8::date, $9)",
        actor.organization.uuid(),
        id,
        patient.uuid(),
        user.uuid(),
        invite.relationship.as_str(),
        &invite.terms.scopes,
        invite.terms.starts_on as NaiveDate,
        invite.terms.ends_on as Option<NaiveDate>,
        actor.user.uuid(),
    )
    .execute(&mut **tx)
    .await
    .on_constraint("portal_account_one_self", || {
        Error::Conflict("This patient has an account of their own already. Go back and look at the list.".to_owned())
    })?;
    Ok(id)
}

/// A new link for an offer; older ones stop working. Answers the last day on which it works.
pub(in crate::portal) async fn add_letter(
    tx: &mut Tx,
    actor: &Actor,
    account: Uuid,
    user: UserId,
    token: &Token,
) -> Result<Timestamp> {
    withdraw_letters(tx, actor, account).await?;
    let until = sqlx::query_scalar!(
        r#"INSERT INTO portal_invitation (organization_id, id, account_id, user_id, token_hash, expires_at, created_by_id)
           VALUES ($1, $2, $3, $4, $5, now() + make_interval(days => $6), $7) RETURNING expires_at AS "until: Timestamp""#,
        actor.organization.uuid(),
        new_uuid(),
        account,
        user.uuid(),
        token.hash(),
        GOOD_FOR_DAYS,
        actor.user.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(until)
}

/// No link of this offer works any more.
pub(in crate::portal) async fn withdraw_letters(tx: &mut Tx, actor: &Actor, account: Uuid) -> Result<()> {
    sqlx::query!(
        "UPDATE portal_invitation SET withdrawn_at = now()
          WHERE organization_id = $1 AND account_id = $2 AND used_at IS NULL AND withdrawn_at IS NULL",
        actor.organization.uuid(),
        account,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Changes what a proxy may see and for how long, where the account still is at `version`.
pub(in crate::portal) async fn set_terms(
    tx: &mut Tx,
    actor: &Actor,
    account: Uuid,
    version: i64,
    terms: &Terms,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE portal_account SET scopes = $4, starts_on = $5::date, ends_on = $6::date
          WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND relationship <> 'SELF'",
        actor.organization.uuid(),
        account,
        version,
        &terms.scopes,
        terms.starts_on as NaiveDate,
        terms.ends_on as Option<NaiveDate>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Moves an account that still is at `version`.
pub(in crate::portal) async fn set_status(
    tx: &mut Tx,
    actor: &Actor,
    account: Uuid,
    version: i64,
    to: Standing,
    reason: Option<&str>,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE portal_account SET status = $4, status_reason = $5 WHERE organization_id = $1 AND id = $2 AND row_version = $3",
        actor.organization.uuid(),
        account,
        version,
        to.as_str(),
        reason,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
