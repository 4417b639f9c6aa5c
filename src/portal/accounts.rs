//! Portal accounts as staff keep them: who may use the pages of a patient, for what and for how long.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::access::Actor;
use crate::accounts::tokens::Token;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::{Error, OnConstraint as _, Result};
use crate::ids::{PatientId, UserId, new_uuid};
use crate::named::named;
use crate::patients::fields::{Field, Input, Reader, Typed};
use crate::web::form::FormErrors;
use crate::web::whom::{Relationship, Scope};

/// For how many days an invitation is good.
pub(super) const GOOD_FOR_DAYS: i32 = 14;

named! {
    /// Where a portal account stands. The schema keeps the same rules (`kit.portal_account_guard`).
    Standing {
        /// Not accepted yet.
        Invited = "INVITED", "Invited";
        /// In use.
        Active = "ACTIVE", "Active";
        /// Stopped for now.
        Suspended = "SUSPENDED", "Suspended";
        /// Ended for good.
        Revoked = "REVOKED", "Revoked";
    }
}

impl Standing {
    /// Where staff may take it from here.
    pub(super) const fn moves(self) -> &'static [Self] {
        match self {
            Self::Invited => &[Self::Revoked],
            Self::Active => &[Self::Suspended, Self::Revoked],
            Self::Suspended => &[Self::Active, Self::Revoked],
            Self::Revoked => &[],
        }
    }

    /// Whether a move to it asks for the reason.
    pub(super) const fn asks_why(self) -> bool {
        matches!(self, Self::Suspended | Self::Revoked)
    }

    /// The button that leads to it.
    pub(super) const fn verb(self) -> &'static str {
        match self {
            Self::Invited => "Invite",
            Self::Active => "Let them in again",
            Self::Suspended => "Suspend",
            Self::Revoked => "Revoke for good",
        }
    }

    /// The class of its tag.
    pub(super) const fn tone(self) -> &'static str {
        match self {
            Self::Invited => "warn",
            Self::Active => "ok",
            Self::Suspended => "high",
            Self::Revoked => "",
        }
    }
}

/// One account, as the chart lists it.
#[derive(Debug)]
pub(super) struct Account {
    pub id: Uuid,
    pub user: UserId,
    pub name: String,
    pub email: String,
    pub relationship: Relationship,
    pub scopes: Vec<String>,
    pub status: Standing,
    pub status_reason: Option<String>,
    pub starts_on: NaiveDate,
    pub ends_on: Option<NaiveDate>,
    pub over: bool,
    pub activated_at: Option<Timestamp>,
    pub last_sign_in_at: Option<Timestamp>,
    pub row_version: i64,
    /// Until when the latest letter is good; none where there is none that works.
    pub letter_until: Option<Timestamp>,
    /// Whether they have a password.
    pub has_signed_in: bool,
}

impl Account {
    pub(super) fn is_self(&self) -> bool {
        self.relationship == Relationship::Myself
    }

    /// "Visits, messages"; "Everything" for the patient.
    pub(super) fn parts(&self) -> String {
        if self.is_self() {
            return "Everything".to_owned();
        }
        let held = Scope::ALL.iter().filter(|scope| self.scopes.iter().any(|held| held == scope.as_str()));
        held.map(|scope| scope.label()).collect::<Vec<_>>().join(", ")
    }

    /// What the form to change it shows.
    pub(super) fn typed(&self) -> Typed {
        let typed = Typed::default()
            .put_date("starts_on", Some(self.starts_on))
            .put_date("ends_on", self.ends_on)
            .put("row_version", self.row_version.to_string());
        Scope::ALL.iter().fold(typed, |typed, scope| {
            typed.put_tick(field_of(*scope), self.scopes.iter().any(|held| held == scope.as_str()))
        })
    }
}

/// Who is invited, to what.
#[derive(Debug)]
pub(super) struct Invite {
    pub relationship: Relationship,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub terms: Terms,
}

/// What a proxy may see, from when until when.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub scopes: Vec<String>,
    pub starts_on: NaiveDate,
    pub ends_on: Option<NaiveDate>,
}

const fn field_of(scope: Scope) -> &'static str {
    match scope {
        Scope::Visits => "scope_visits",
        Scope::Messages => "scope_messages",
        Scope::Readings => "scope_readings",
        Scope::Results => "scope_results",
        Scope::Documents => "scope_documents",
        Scope::Details => "scope_details",
    }
}

/// The fields of an invitation: for the patient it only asks for the address.
pub(super) fn fields(own: bool) -> Vec<Field> {
    let email = Field::new("email", "E-mail address", Input::Line("w32", "email")).hint("They sign in with it");
    if own {
        return vec![email];
    }
    let relationships = Relationship::ALL.iter().filter(|one| **one != Relationship::Myself);
    let mut fields = vec![
        Field::line("first_name", "Given name"),
        Field::line("last_name", "Family name"),
        email,
        Field::new("relationship", "What they are to the patient", Input::Select("Choose one"))
            .choices(relationships.map(|one| (one.as_str(), one.label()))),
    ];
    fields.extend(terms_fields());
    fields
}

/// The fields of what a proxy may see and for how long.
pub(super) fn terms_fields() -> Vec<Field> {
    let hint = |scope: Scope| match scope {
        Scope::Visits => "Ask for visits, change, cancel and join them",
        Scope::Messages => "Write to us and read our answers",
        Scope::Readings => "See readings and add new ones",
        Scope::Results => "Results, problems, allergies",
        Scope::Documents => "Documents shared with the patient",
        Scope::Details => "Address, contacts, cover, and who opened the record",
    };
    let mut fields: Vec<Field> = Scope::ALL
        .iter()
        .map(|scope| Field::new(field_of(*scope), scope.label(), Input::Tick).hint(hint(*scope)))
        .collect();
    fields.push(Field::new("starts_on", "First day", Input::Date).optional().hint("Empty means today"));
    fields.push(
        Field::new("ends_on", "Last day", Input::Date)
            .optional()
            .hint("For a child, the day before they may decide for themselves. Empty means until further notice"),
    );
    fields
}

/// Reads an invitation; `own` is one of the patient, whose names the record has.
pub(super) fn parse(typed: &Typed, today: NaiveDate, own: Option<(&str, &str)>) -> Result<Invite, FormErrors> {
    let mut read = Reader::new(typed, today);
    let email = read.email("email").unwrap_or_default();
    if email.is_empty() {
        read.errors.add("email", "Enter the e-mail address");
    } else if !email.is_ascii() {
        read.errors.add("email", "Enter an e-mail address with plain letters and digits");
    }
    let email = crate::phi::normalise::email(&email);
    if let Some((first, last)) = own {
        let terms = Terms { scopes: Vec::new(), starts_on: today, ends_on: None };
        let invite = Invite {
            relationship: Relationship::Myself,
            first_name: first.to_owned(),
            last_name: last.to_owned(),
            email,
            terms,
        };
        return read.finish(invite);
    }
    let known = |name: &str| name.parse().ok().filter(|one| *one != Relationship::Myself);
    let invite = Invite {
        first_name: read.required("first_name", "Enter the given name"),
        last_name: read.required("last_name", "Enter the family name"),
        email,
        relationship: read
            .choice("relationship", known, "Choose what they are to the patient")
            .unwrap_or(Relationship::Other),
        terms: terms(&mut read, typed, today),
    };
    read.finish(invite)
}

/// Reads what a proxy may see and for how long.
pub(super) fn parse_terms(typed: &Typed, today: NaiveDate) -> Result<Terms, FormErrors> {
    let mut read = Reader::new(typed, today);
    let terms = terms(&mut read, typed, today);
    read.finish(terms)
}

fn terms(read: &mut Reader<'_>, typed: &Typed, today: NaiveDate) -> Terms {
    use crate::patients::dates::Span;
    let held = Scope::ALL.iter().filter(|scope| typed.ticked(field_of(**scope)));
    let scopes: Vec<String> = held.map(|scope| scope.as_str().to_owned()).collect();
    if scopes.is_empty() {
        read.errors.add("scope_visits", "Tick at least one thing they may see");
    }
    let starts_on = read.date("starts_on", Span::Any).unwrap_or(today);
    let ends_on = read.end("ends_on", Some(starts_on));
    if ends_on.is_some_and(|end| end < today) {
        read.errors.add("ends_on", "Enter today’s date or a later one. To end the access now, revoke it");
    }
    Terms { scopes, starts_on, ends_on }
}

/// Everybody who has, had or was offered access to the pages of a patient.
pub(super) async fn list(tx: &mut Tx, actor: &Actor, patient: PatientId, only: Option<Uuid>) -> Result<Vec<Account>> {
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
pub(super) struct Known {
    pub user: UserId,
    pub name: String,
    pub usable: bool,
    pub has_password: bool,
    pub is_patient: bool,
    pub has_access: bool,
}

/// The account with this address in the organization.
pub(super) async fn known(tx: &mut Tx, actor: &Actor, patient: PatientId, email: &str) -> Result<Option<Known>> {
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
pub(super) async fn add_person(tx: &mut Tx, actor: &Actor, invite: &Invite) -> Result<UserId> {
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
pub(super) async fn add_role(tx: &mut Tx, actor: &Actor, user: UserId) -> Result<()> {
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
pub(super) async fn add(tx: &mut Tx, actor: &Actor, patient: PatientId, user: UserId, invite: &Invite) -> Result<Uuid> {
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
pub(super) async fn add_letter(
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
pub(super) async fn withdraw_letters(tx: &mut Tx, actor: &Actor, account: Uuid) -> Result<()> {
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
pub(super) async fn set_terms(tx: &mut Tx, actor: &Actor, account: Uuid, version: i64, terms: &Terms) -> Result<bool> {
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
pub(super) async fn set_status(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).expect("a date")
    }

    fn wrong(typed: &Typed) -> Vec<&'static str> {
        parse(typed, day(2026, 11, 24), None)
            .map_or_else(|errors| errors.iter().map(|(field, _)| field).collect(), |_| Vec::new())
    }

    fn father() -> Typed {
        Typed::default()
            .put("first_name", "Jonathan")
            .put("last_name", "Bell")
            .put("email", "Jonathan.Bell@Example.com")
            .put("relationship", "PARENT")
            .put_tick("scope_visits", true)
    }

    #[test]
    fn each_mistake_is_named_beside_its_field() {
        assert_eq!(wrong(&father()), Vec::<&str>::new());
        for (name, value) in [
            ("first_name", ""),
            ("last_name", " "),
            ("email", "nobody"),
            ("email", ""),
            ("relationship", "SELF"),
            ("relationship", "COUSIN"),
            ("scope_visits", ""),
        ] {
            assert_eq!(wrong(&father().put(name, value)), [name], "{name}={value}");
        }
        assert_eq!(wrong(&father().put_date("ends_on", Some(day(2026, 11, 23)))), ["ends_on"]);
        let reversed = father().put_date("starts_on", Some(day(2027, 2, 1))).put_date("ends_on", Some(day(2027, 1, 1)));
        assert_eq!(wrong(&reversed), ["ends_on"]);
    }

    #[test]
    fn the_terms_come_back_as_they_were_typed() {
        for bits in 1..64_u32 {
            let scopes = Scope::ALL.iter().enumerate().filter(|(index, _)| bits & (1 << index) != 0);
            let typed =
                scopes.clone().fold(Typed::default(), |typed, (_, scope)| typed.put_tick(field_of(*scope), true));
            let read = parse_terms(&typed, day(2026, 11, 24)).expect("terms");
            assert_eq!(read.scopes, scopes.map(|(_, scope)| scope.as_str()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn nothing_follows_on_revoked_and_every_end_asks_why() {
        assert!(Standing::Revoked.moves().is_empty());
        for from in Standing::ALL {
            assert!(!from.moves().contains(&Standing::Invited) && !from.moves().contains(from), "{from}");
            assert_eq!(from.moves().contains(&Standing::Revoked), *from != Standing::Revoked);
        }
        assert!(Standing::Suspended.asks_why() && Standing::Revoked.asks_why() && !Standing::Active.asks_why());
    }
}
