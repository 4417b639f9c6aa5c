//! The small records that hang on a patient: allergies, problems, flags, contacts, cover, care team.
//!
//! Each kind says what it is ([`Kind`]): its fields, what it accepts, its SQL. The pages and steps are the same for
//! all, so that whoever can use one can use the others.

mod allergies;
mod care_team;
mod conditions;
mod contacts;
mod coverage;
mod flags;
mod handlers;
mod page;

use uuid::Uuid;

use super::fields::{Field, Typed};
use super::form::Offers;
use super::record::Record;
use crate::access::Permission::{EditPatients, ViewPatients};
use crate::access::Role;
use crate::db::Tx;
use crate::error::Result;
use crate::web::form::FormErrors;
use crate::web::{Ctx, Routes};

pub use allergies::Allergies;
pub use care_team::CareTeam;
pub use conditions::Conditions;
pub use contacts::Contacts;
pub use coverage::Coverages;
pub use flags::Flags;

/// One entry, as its list shows it.
#[derive(Debug)]
pub struct Item {
    /// Which.
    pub id: Uuid,
    /// `penicillin`
    pub title: String,
    /// `anaphylaxis, severe`
    pub detail: String,
    /// Where it stands, and the class of that tag; empty where there is nothing to say.
    pub state: (String, &'static str),
    /// Whether it no longer counts.
    pub past: bool,
    /// Its fields, to be changed.
    pub typed: Typed,
}

/// What an insertion or a change came to.
pub type Stored = Result<Result<bool, FormErrors>>;

/// A kind of small record.
pub trait Kind: Send + Sync + 'static {
    /// The table, for the audit.
    const TABLE: &'static str;
    /// The end of the address: `allergies`.
    const SECTION: &'static str;
    /// The heading: `Allergies`.
    const TITLE: &'static str;
    /// One of them: `allergy`.
    const ONE: &'static str;
    /// Columns whose content the audit never holds.
    const PROTECTED: &'static [&'static str] = &[];
    /// Whether the form offers members of staff.
    const ASKS_STAFF: bool = false;
    /// What is accepted from the form.
    type Input: Send + Sync;

    /// Whether a role may write this kind, beside the right to edit patients.
    #[must_use]
    fn writable(role: Role) -> bool {
        role.may(EditPatients)
    }

    /// The fields of the form.
    fn fields(offers: &Offers) -> Vec<Field>;

    /// Reads the form.
    ///
    /// # Errors
    /// What is wrong, field by field.
    fn parse(typed: &Typed, offers: &Offers, today: chrono::NaiveDate) -> Result<Self::Input, FormErrors>;

    /// All entries of a record, those that count first.
    fn list(ctx: &Ctx, tx: &mut Tx, record: &Record) -> impl Future<Output = Result<Vec<Item>>> + Send;

    /// Makes an entry with this id. False where it was made already: the same form, sent twice.
    fn insert(
        ctx: &Ctx,
        tx: &mut Tx,
        record: &Record,
        id: Uuid,
        input: &Self::Input,
    ) -> impl Future<Output = Stored> + Send;

    /// Changes an entry that still is at `version`. False where it is not.
    fn update(
        ctx: &Ctx,
        tx: &mut Tx,
        record: &Record,
        id: Uuid,
        version: i64,
        input: &Self::Input,
    ) -> impl Future<Output = Stored> + Send;

    /// Takes an entry that still is at `version` out of use. False where it is not.
    fn remove(
        ctx: &Ctx,
        tx: &mut Tx,
        record: &Record,
        id: Uuid,
        version: i64,
    ) -> impl Future<Output = Result<bool>> + Send;
}

/// Takes an entry of a table out of use; whether it still was at that version.
macro_rules! remove {
    ($table:literal, $ctx:ident, $tx:ident, $record:ident, $id:ident, $version:ident) => {
        sqlx::query!(
            "UPDATE " + $table + " SET deleted_at = now(), deleted_by_id = $5
             WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND row_version = $4 AND deleted_at IS NULL",
            $ctx.actor.organization.uuid(),
            $record.id().uuid(),
            $id,
            $version,
            $ctx.actor.user.uuid(),
        )
        .execute(&mut **$tx)
        .await?
        .rows_affected()
            > 0
    };
}
use remove;

/// A rule of the database against the same entry twice, and what to say beside which field.
struct Twice {
    constraint: &'static str,
    field: &'static str,
    message: &'static str,
}

/// What an insertion or a change came to, where the same entry is not taken twice.
fn settled(done: Result<sqlx::postgres::PgQueryResult, sqlx::Error>, twice: &Twice) -> Stored {
    match done {
        Ok(done) => Ok(Ok(done.rows_affected() > 0)),
        Err(error) if error.as_database_error().and_then(|error| error.constraint()) == Some(twice.constraint) => {
            Ok(Err(FormErrors::one(twice.field, twice.message)))
        }
        Err(error) => Err(error.into()),
    }
}

/// The routes of all kinds.
#[must_use]
pub fn routes() -> Routes {
    use handlers::{add, ask, list, remove, save, say_none};
    Routes::new()
        .get("/patients/{id}/allergies", ViewPatients, list::<Allergies>)
        .post("/patients/{id}/allergies", EditPatients, add::<Allergies>)
        .post("/patients/{id}/allergy-status", EditPatients, say_none)
        .get("/patients/{id}/allergies/{entry}", EditPatients, ask::<Allergies>)
        .post("/patients/{id}/allergies/{entry}", EditPatients, save::<Allergies>)
        .post("/patients/{id}/allergies/{entry}/removal", EditPatients, remove::<Allergies>)
        .get("/patients/{id}/conditions", ViewPatients, list::<Conditions>)
        .post("/patients/{id}/conditions", EditPatients, add::<Conditions>)
        .get("/patients/{id}/conditions/{entry}", EditPatients, ask::<Conditions>)
        .post("/patients/{id}/conditions/{entry}", EditPatients, save::<Conditions>)
        .post("/patients/{id}/conditions/{entry}/removal", EditPatients, remove::<Conditions>)
        .get("/patients/{id}/flags", ViewPatients, list::<Flags>)
        .post("/patients/{id}/flags", EditPatients, add::<Flags>)
        .get("/patients/{id}/flags/{entry}", EditPatients, ask::<Flags>)
        .post("/patients/{id}/flags/{entry}", EditPatients, save::<Flags>)
        .post("/patients/{id}/flags/{entry}/removal", EditPatients, remove::<Flags>)
        .get("/patients/{id}/contacts", ViewPatients, list::<Contacts>)
        .post("/patients/{id}/contacts", EditPatients, add::<Contacts>)
        .get("/patients/{id}/contacts/{entry}", EditPatients, ask::<Contacts>)
        .post("/patients/{id}/contacts/{entry}", EditPatients, save::<Contacts>)
        .post("/patients/{id}/contacts/{entry}/removal", EditPatients, remove::<Contacts>)
        .get("/patients/{id}/coverage", ViewPatients, list::<Coverages>)
        .post("/patients/{id}/coverage", EditPatients, add::<Coverages>)
        .get("/patients/{id}/coverage/{entry}", EditPatients, ask::<Coverages>)
        .post("/patients/{id}/coverage/{entry}", EditPatients, save::<Coverages>)
        .post("/patients/{id}/coverage/{entry}/removal", EditPatients, remove::<Coverages>)
        .get("/patients/{id}/care-team", ViewPatients, list::<CareTeam>)
        .post("/patients/{id}/care-team", EditPatients, add::<CareTeam>)
        .get("/patients/{id}/care-team/{entry}", EditPatients, ask::<CareTeam>)
        .post("/patients/{id}/care-team/{entry}", EditPatients, save::<CareTeam>)
        .post("/patients/{id}/care-team/{entry}/removal", EditPatients, remove::<CareTeam>)
}

/// A value sealed for its row.
fn seal(
    ctx: &Ctx,
    table: &'static str,
    column: &'static str,
    row: Uuid,
    value: Option<&str>,
) -> Result<Option<Vec<u8>>> {
    let seal = |value: &str| ctx.app.keyring().seal(ctx.actor.organization, table, column, row, value);
    Ok(value.map(seal).transpose().map_err(anyhow::Error::from)?)
}

/// A protected value of an entry in clear: the view of its record is in the audit.
fn open(
    ctx: &Ctx,
    record: &Record,
    table: &'static str,
    column: &'static str,
    row: Uuid,
    sealed: Option<&[u8]>,
) -> Result<Option<String>> {
    let open = |sealed: &[u8]| ctx.app.keyring().open(ctx.actor.organization, table, column, row, sealed);
    let value = sealed.map(open).transpose().map_err(anyhow::Error::from)?;
    Ok(value.map(|value| value.reveal(&record.audited).clone()))
}
