//! Made-up patients who use the portal: an account each, the password of the demo.

use anyhow::Context as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use uuid::Uuid;

use crate::ids::new_uuid;

use super::clinic::Clinic;
use super::ground::{Ground, PASSWORD_HASH};
use super::run_sql;

/// Somebody with an account.
pub struct Person {
    /// The account.
    pub user: Uuid,
    /// The patient.
    pub patient: Uuid,
    /// The clinic, by its place in the list.
    pub clinic: usize,
    /// As messages are signed.
    pub name: String,
}

/// A batch of accounts, column by column.
#[derive(Default)]
pub struct Accounts {
    users: Vec<Uuid>,
    patients: Vec<Uuid>,
    emails: Vec<String>,
}

/// Makes accounts for `count` of the patients, as many of each clinic.
pub fn make(ground: &Ground, clinics: &[Clinic], count: usize, batch: usize, send: impl Fn(Accounts)) {
    let each = count.div_ceil(clinics.len().max(1));
    let mut accounts = Accounts::default();
    let mut number = ground.patients;
    for place in 0..each {
        for clinic in clinics {
            let Some(patient) = clinic.patients.get(place) else { continue };
            number += 1;
            accounts.users.push(new_uuid());
            accounts.patients.push(*patient);
            accounts.emails.push(format!("patient.{number:06}@bench.example.com"));
            if accounts.users.len() == batch {
                send(std::mem::take(&mut accounts));
            }
        }
    }
    if !accounts.users.is_empty() {
        send(accounts);
    }
}

/// Writes a batch; how many rows it was.
///
/// # Errors
/// Where the database refuses a row.
pub async fn write(conn: &mut PgConnection, ground: &Ground, accounts: &Accounts) -> anyhow::Result<u64> {
    let mut tx = conn.begin().await?;
    let users = sqlx::query!(
        "INSERT INTO app_user (organization_id, id, email, password_hash, first_name, last_name, status)
         SELECT $1, a.id, a.email, $5, p.first_name, p.last_name, 'ACTIVE' FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS a (id, patient, email)
         JOIN patient AS p ON p.organization_id = $1 AND p.id = a.patient",
        ground.organization,
        &accounts.users,
        &accounts.patients,
        &accounts.emails,
        PASSWORD_HASH,
    );
    let mut rows = users.execute(&mut *tx).await?.rows_affected();
    let roles = sqlx::query!(
        "INSERT INTO membership (organization_id, id, user_id, role) SELECT $1, id, id, 'PATIENT' FROM unnest($2::uuid[]) AS a (id)",
        ground.organization,
        &accounts.users,
    );
    rows += roles.execute(&mut *tx).await?.rows_affected();
    let own = sqlx::query!(
        "INSERT INTO portal_account (organization_id, id, patient_id, user_id, relationship, status, activated_at)
         SELECT $1, id, patient, id, 'SELF', 'ACTIVE', now() FROM unnest($2::uuid[], $3::uuid[]) AS a (id, patient)",
        ground.organization,
        &accounts.users,
        &accounts.patients,
    );
    rows += own.execute(&mut *tx).await?.rows_affected();
    tx.commit().await?;
    Ok(rows)
}

/// Everybody who has an account, in the order in which they got it.
///
/// # Errors
/// Where the database does not answer.
pub async fn people(admin: &PgConnectOptions, ground: &Ground, clinics: &[Clinic]) -> anyhow::Result<Vec<Person>> {
    let mut conn = admin.connect().await.context("cannot connect to the database to fill it")?;
    run_sql(&mut conn, &format!("SET ROLE almoner_owner; SET app.ctx = '{}|||*'", ground.organization)).await?;
    let rows = sqlx::query!(
        r#"SELECT a.user_id, a.patient_id, p.facility_id, concat_ws(' ', p.first_name, p.last_name) AS "name!"
             FROM portal_account AS a JOIN patient AS p ON p.organization_id = a.organization_id AND p.id = a.patient_id
            WHERE a.organization_id = $1 ORDER BY a.id"#,
        ground.organization,
    )
    .fetch_all(&mut conn)
    .await?;
    conn.close().await?;
    let mut people = Vec::with_capacity(rows.len());
    for row in rows {
        let clinic = clinics.iter().position(|clinic| clinic.place.facility == row.facility_id);
        people.extend(clinic.map(|clinic| Person {
            user: row.user_id,
            patient: row.patient_id,
            clinic,
            name: row.name,
        }));
    }
    Ok(people)
}
