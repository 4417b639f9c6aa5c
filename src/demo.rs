//! The demo data: two organizations, one account per role, patients and alerts told as stories, relative to today.
//!
//! The stories are SQL files in `seeds/`. They tell what is protected as clear text in a temporary table; between two
//! files this module seals what is new there, so that the records are written with ciphertext from the start.
//! Everything happens in one transaction, as the owner of the tables, under row-level security.

use anyhow::{Context as _, bail};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use crate::app::App;
use crate::documents;
use crate::ids::OrganizationId;
use crate::patients::names;
use crate::phi::{self, Keyring, normalise};
use crate::weekly;

/// Weeks that are summed up for the demo.
const DEMO_WEEKS: u64 = 6;

/// The organizations of the demo, as `seeds/00_kit.sql` numbers them.
pub const ORGANIZATIONS: [Uuid; 2] = [
    Uuid::from_u128(0x0190_0000_0000_7000_8001_0000_0000_0001),
    Uuid::from_u128(0x0190_0000_0000_7000_8001_0000_0000_0002),
];

/// The files, in order. Names say what they tell; numbers leave room between them.
const FILES: &[(&str, &str)] = &[
    ("00_kit.sql", include_str!("../seeds/00_kit.sql")),
    ("10_organizations.sql", include_str!("../seeds/10_organizations.sql")),
    ("20_accounts.sql", include_str!("../seeds/20_accounts.sql")),
    ("30_people.sql", include_str!("../seeds/30_people.sql")),
    ("40_patients.sql", include_str!("../seeds/40_patients.sql")),
    ("41_portal.sql", include_str!("../seeds/41_portal.sql")),
    ("42_detail_changes.sql", include_str!("../seeds/42_detail_changes.sql")),
    ("50_alerts.sql", include_str!("../seeds/50_alerts.sql")),
    ("51_queue.sql", include_str!("../seeds/51_queue.sql")),
    ("60_history.sql", include_str!("../seeds/60_history.sql")),
    ("61_comments.sql", include_str!("../seeds/61_comments.sql")),
    ("70_traces.sql", include_str!("../seeds/70_traces.sql")),
    ("80_readings.sql", include_str!("../seeds/80_readings.sql")),
    ("80_cases.sql", include_str!("../seeds/80_cases.sql")),
    ("81_case_words.sql", include_str!("../seeds/81_case_words.sql")),
    ("82_case_work.sql", include_str!("../seeds/82_case_work.sql")),
    ("83_errands.sql", include_str!("../seeds/83_errands.sql")),
    ("84_errand_work.sql", include_str!("../seeds/84_errand_work.sql")),
    ("85_rules.sql", include_str!("../seeds/85_rules.sql")),
    ("85_reading.sql", include_str!("../seeds/85_reading.sql")),
    ("86_reading_given.sql", include_str!("../seeds/86_reading_given.sql")),
    ("87_rule_runs.sql", include_str!("../seeds/87_rule_runs.sql")),
    ("90_visits.sql", include_str!("../seeds/90_visits.sql")),
    ("91_visit_guests.sql", include_str!("../seeds/91_visit_guests.sql")),
    ("95_messages.sql", include_str!("../seeds/95_messages.sql")),
    ("96_conversations.sql", include_str!("../seeds/96_conversations.sql")),
    ("97_notifications.sql", include_str!("../seeds/97_notifications.sql")),
    ("99_traces.sql", include_str!("../seeds/99_traces.sql")),
];

/// The file after which the organizations exist and get their data keys.
const ORGANIZATIONS_FILE: &str = "10_organizations.sql";
/// The file after which people have names that need their search keys.
const PEOPLE_FILE: &str = "30_people.sql";

/// A protected column: table, name, and how its value is spelt for the blind index, where it has one.
type Protected = (&'static str, &'static str, Option<fn(&str) -> String>);

/// Every protected column that the stories use.
const PROTECTED: [Protected; 21] = [
    ("patient", "medical_record_number", Some(normalise::record_number)),
    ("patient", "phone", Some(phone)),
    ("patient", "email", Some(normalise::email)),
    ("patient", "address", None),
    ("patient", "city", None),
    ("patient", "state", None),
    ("patient", "zip_code", None),
    ("patient_contact", "name", None),
    ("patient_contact", "phone", None),
    ("detail_change", "asked", None),
    ("coverage", "member_id", Some(normalise::record_number)),
    ("coverage", "subscriber_phone", None),
    ("service_account", "secret", None),
    ("comment", "body", None),
    ("visit_guest", "name", None),
    ("message", "content", None),
    ("thread", "contact", None),
    ("cases", "description", None),
    ("task", "description", None),
    ("task", "outcome", None),
    ("content_assignment", "note", None),
];

/// What [`fill`] found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The database was empty and holds the demo data now.
    Filled,
    /// The demo data was there already, and is as it was left.
    WasThere,
}

/// Puts the demo data into an empty database.
///
/// `admin` is a superuser or a login that may become `almoner_owner`.
///
/// # Errors
/// Where the database holds an organization that is not of the demo, and where it refuses the data.
pub async fn fill(app: &App, admin: &PgConnectOptions) -> anyhow::Result<Outcome> {
    let mut conn = admin.connect().await.context("cannot connect to the database to fill it")?;
    let mut tx = conn.begin().await?;
    run(&mut tx, "SET LOCAL ROLE almoner_owner; SET LOCAL client_min_messages = warning").await?;
    // Two processes that start at once: one fills, the other then finds it filled.
    run(&mut tx, "LOCK TABLE organization IN SHARE ROW EXCLUSIVE MODE").await?;
    let present = sqlx::query_scalar!("SELECT id FROM organization").fetch_all(&mut *tx).await?;
    if ORGANIZATIONS.iter().all(|id| present.contains(id)) {
        return Ok(Outcome::WasThere);
    }
    if !present.is_empty() {
        bail!("the database holds an organization already: demo data goes into an empty database only");
    }
    for &(name, sql) in FILES {
        run(&mut tx, sql).await.with_context(|| format!("seeds/{name}"))?;
        if name == ORGANIZATIONS_FILE {
            make_keys(&mut tx, app.keyring()).await?;
        }
        if name == PEOPLE_FILE {
            write_search_keys(&mut tx).await?;
        }
        seal(&mut tx, app.keyring()).await.with_context(|| format!("what seeds/{name} tells cannot be sealed"))?;
    }
    run(&mut tx, &format!("SET LOCAL app.ctx = '{}|||*'", ORGANIZATIONS[0])).await?;
    weekly::jobs::fill(&mut tx, OrganizationId::from(ORGANIZATIONS[0]), app.clock.now(), DEMO_WEEKS).await?;
    documents::demo::fill(app, &mut tx, OrganizationId::from(ORGANIZATIONS[0])).await?;
    tx.commit().await?;
    conn.close().await?;
    Ok(Outcome::Filled)
}

/// Gives each organization its data key.
async fn make_keys(conn: &mut PgConnection, keys: &Keyring) -> anyhow::Result<()> {
    for organization in ORGANIZATIONS {
        run(conn, &format!("SET LOCAL app.ctx = '{organization}|||*'")).await?;
        phi::store::create(conn, keys, OrganizationId::from(organization)).await?;
    }
    Ok(())
}

/// Writes the keys by which people are found by name, as the forms do.
async fn write_search_keys(conn: &mut PgConnection) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the table is temporary: the macros cannot know it")]
    let people: Vec<(i32, String, String)> =
        sqlx::query_as("SELECT n, last, first FROM person").fetch_all(&mut *conn).await?;
    let (mut numbers, mut by_family, mut by_given) = (Vec::new(), Vec::new(), Vec::new());
    for (number, last, first) in people {
        numbers.push(number);
        by_family.push(names::key(&last, &first));
        by_given.push(names::key(&first, &last));
    }
    #[expect(clippy::disallowed_methods, reason = "the table is temporary: the macros cannot know it")]
    sqlx::query(
        "UPDATE person AS p SET name_key = k.name_key, given_key = k.given_key
         FROM unnest($1::integer[], $2::text[], $3::text[]) AS k (n, name_key, given_key) WHERE p.n = k.n",
    )
    .bind(numbers)
    .bind(by_family)
    .bind(by_given)
    .execute(conn)
    .await?;
    Ok(())
}

/// A value on its way: organization, table, column, row, clear text.
type ClearText = (Uuid, String, String, Uuid, String);

/// Seals what the last file told and nobody has sealed yet.
async fn seal(conn: &mut PgConnection, keys: &Keyring) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "the table is temporary: the macros cannot know it")]
    let told: Vec<ClearText> = sqlx::query_as(
        "SELECT organization_id, table_name, column_name, row_id, value FROM clear_text WHERE sealed IS NULL",
    )
    .fetch_all(&mut *conn)
    .await?;
    let (mut tables, mut columns, mut rows, mut sealed, mut indexes) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (organization, table, column, row, value) in told {
        let (table, column, spelling) = *PROTECTED
            .iter()
            .find(|known| (known.0, known.1) == (table.as_str(), column.as_str()))
            .with_context(|| format!("{table}.{column} is not a protected column of the demo"))?;
        sealed.push(keys.seal(organization, table, column, row, &value)?);
        indexes.push(match spelling {
            Some(spell) => Some(keys.blind_index(organization, table, column, &spell(&value))?),
            None => None,
        });
        tables.push(table);
        columns.push(column);
        rows.push(row);
    }
    #[expect(clippy::disallowed_methods, reason = "the table is temporary: the macros cannot know it")]
    sqlx::query(
        "UPDATE clear_text AS c SET sealed = s.sealed, bidx = s.bidx
         FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bytea[], $5::bytea[]) AS s (table_name, column_name, row_id, sealed, bidx)
         WHERE (c.table_name, c.column_name, c.row_id) = (s.table_name, s.column_name, s.row_id)",
    )
    .bind(tables)
    .bind(columns)
    .bind(rows)
    .bind(sealed)
    .bind(indexes)
    .execute(conn)
    .await?;
    Ok(())
}

/// Telephone numbers of the demo are British where they name no country.
fn phone(typed: &str) -> String {
    normalise::phone(typed, normalise::CALLING_CODE)
}

/// Runs statements that cannot be prepared.
async fn run(conn: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "whole files of SQL cannot be prepared")]
    conn.execute(sqlx::raw_sql(sql)).await?;
    Ok(())
}
