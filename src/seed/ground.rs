//! What made-up records stand on: an organization of their own with its key, facilities, and a clinician for each.

use anyhow::{Context as _, bail};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use uuid::Uuid;

use crate::ids::{OrganizationId, new_uuid};
use crate::phi::{self, Keyring, WrappedKey};

use super::run_sql;

/// The clinician of the first facility.
pub const FIRST_ACCOUNT: &str = "bench@example.com";
/// The clinician of the whole organization.
pub const EVERYWHERE_ACCOUNT: &str = "bench.all@example.com";
/// Hash of `password123`, as in `seeds/20_accounts.sql`.
pub const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YWxtb25lciBkZW1vIDAx$34JSDERkFFNNBMEbxOcL7XALNKO/WhoQvZreZyx6Enw";
/// The organization's name. A mark in its settings says that nothing in it is real.
const NAME: &str = "Benchmark Health";

/// Where the records go.
pub struct Ground {
    /// The organization.
    pub organization: Uuid,
    /// Its facilities, each with its clinician.
    pub places: Vec<Place>,
    /// How many patients it had before: record numbers go on from there.
    pub patients: usize,
}

impl Ground {
    /// Where a patient is in care. Not simply in turn: every hundredth patient has a long history, and those must not all
    /// be at the same facility.
    pub fn place_of(&self, number: usize) -> Place {
        let turns = number / self.places.len();
        self.places[(number + turns + turns / self.places.len()) % self.places.len()]
    }
}

/// A facility and who works there.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The facility.
    pub facility: Uuid,
    /// The clinician's account.
    pub user: Uuid,
    /// The clinician as a member of staff.
    pub staff: Uuid,
}

/// Makes what is missing of the ground.
///
/// # Errors
/// Where the database holds an organization that is neither the demo nor ours.
pub async fn prepare(admin: &PgConnectOptions, keys: &Keyring, facilities: u32) -> anyhow::Result<Ground> {
    let mut conn = admin.connect().await.context("cannot connect to the database to fill it")?;
    let mut tx = conn.begin().await?;
    run_sql(&mut tx, "SET LOCAL ROLE almoner_owner").await?;
    let organization = organization(&mut tx, keys).await?;
    let mut places = places(&mut tx, organization).await?;
    for number in places.len()..facilities as usize {
        places.push(open(&mut tx, organization, number).await?);
    }
    let patients =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM patient WHERE organization_id = $1"#, organization)
            .fetch_one(&mut *tx)
            .await?;
    tx.commit().await?;
    conn.close().await?;
    Ok(Ground { organization, places, patients: usize::try_from(patients)? })
}

/// Our organization with its keys, made where it is not there yet.
async fn organization(conn: &mut PgConnection, keys: &Keyring) -> anyhow::Result<Uuid> {
    let present =
        sqlx::query!(r#"SELECT id, settings ? 'demo' AS "demo!", settings ? 'benchmark' AS "ours!" FROM organization"#)
            .fetch_all(&mut *conn)
            .await?;
    if present.iter().any(|one| !one.demo && !one.ours) {
        bail!("the database holds real records: made-up ones go beside the demo or into an empty database only");
    }
    if let Some(ours) = present.iter().find(|one| one.ours) {
        enter(conn, ours.id).await?;
        let rows = sqlx::query!("SELECT key_id, wrapped FROM data_key WHERE organization_id = $1", ours.id)
            .fetch_all(conn)
            .await?;
        let wrapped: Vec<WrappedKey> = rows
            .into_iter()
            .filter_map(|row| Some(WrappedKey { key_id: u8::try_from(row.key_id).ok()?, wrapped: row.wrapped }))
            .collect();
        keys.admit(ours.id, &wrapped)?;
        return Ok(ours.id);
    }
    let id = new_uuid();
    sqlx::query!(r#"INSERT INTO organization (id, name, settings) VALUES ($1, $2, '{"benchmark": true}')"#, id, NAME)
        .execute(&mut *conn)
        .await?;
    enter(conn, id).await?;
    phi::store::create(conn, keys, OrganizationId::from(id)).await?;
    add_clinician(conn, id, EVERYWHERE_ACCOUNT, "Everywhere", None).await?;
    Ok(id)
}

async fn enter(conn: &mut PgConnection, organization: Uuid) -> anyhow::Result<()> {
    run_sql(conn, &format!("SET LOCAL app.ctx = '{organization}|||*'")).await
}

async fn places(conn: &mut PgConnection, organization: Uuid) -> anyhow::Result<Vec<Place>> {
    let rows = sqlx::query_as!(
        Place,
        r#"SELECT s.facility_id AS "facility!", s.user_id AS "user!", s.id AS staff FROM staff AS s
           WHERE s.organization_id = $1 AND s.facility_id IS NOT NULL AND s.user_id IS NOT NULL ORDER BY s.name"#,
        organization,
    );
    Ok(rows.fetch_all(conn).await?)
}

/// Opens a facility, with a clinician.
async fn open(conn: &mut PgConnection, organization: Uuid, number: usize) -> anyhow::Result<Place> {
    let facility = new_uuid();
    let (kind, term) = if number % 5 == 4 { ("CARE_HOME", "Resident") } else { ("CLINIC", "Patient") };
    sqlx::query!(
        "INSERT INTO facility (organization_id, id, name, kind, person_term) VALUES ($1, $2, $3, $4, $5)",
        organization,
        facility,
        format!("Facility {:02}", number + 1),
        kind,
        term,
    )
    .execute(&mut *conn)
    .await?;
    let email = if number == 0 { FIRST_ACCOUNT.to_owned() } else { format!("bench.{:02}@example.com", number + 1) };
    let (user, staff) =
        add_clinician(conn, organization, &email, &format!("Number {:02}", number + 1), Some(facility)).await?;
    Ok(Place { facility, user, staff })
}

/// A clinician of one facility or of all.
async fn add_clinician(
    conn: &mut PgConnection,
    organization: Uuid,
    email: &str,
    last: &str,
    facility: Option<Uuid>,
) -> anyhow::Result<(Uuid, Uuid)> {
    let (user, staff) = (new_uuid(), new_uuid());
    sqlx::query!(
        "INSERT INTO app_user (organization_id, id, email, password_hash, title, first_name, last_name, status) VALUES ($1, $2, $3, $4, 'Dr', 'Bench', $5, 'ACTIVE')",
        organization,
        user,
        email,
        PASSWORD_HASH,
        last,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO membership (organization_id, id, user_id, facility_id, role) VALUES ($1, $2, $3, $4, 'CLINICIAN')",
        organization,
        new_uuid(),
        user,
        facility,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO staff (organization_id, id, facility_id, user_id, name, job_title) VALUES ($1, $2, $3, $4, $5, 'General practitioner')",
        organization,
        staff,
        facility,
        user,
        format!("Dr B. {last}"),
    )
    .execute(conn)
    .await?;
    Ok((user, staff))
}
