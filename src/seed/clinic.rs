//! Who sees patients at each facility, and when: what visits are made of.

use anyhow::Context as _;
use chrono::NaiveTime;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use uuid::Uuid;

use crate::ids::new_uuid;

use super::ground::{Ground, Place};
use super::run_sql;

/// People of each facility who see patients, its clinician among them.
pub const PROVIDERS: usize = 10;
/// Slots of a working day: from eight o'clock on, twenty minutes each.
pub const SLOTS: usize = 26;
/// Length of a slot.
pub const SLOT_MINUTES: i64 = 20;
/// When the day begins, by the clock on the wall.
pub const OPENS: u32 = 8;

/// A facility at work.
pub struct Clinic {
    /// The facility, with its clinician.
    pub place: Place,
    /// Who sees patients there.
    pub staff: Vec<Uuid>,
    /// Who is in care there.
    pub patients: Vec<Uuid>,
}

/// The clinics, with their staff and hours made where they are missing.
///
/// # Errors
/// Where the database refuses.
pub async fn open(admin: &PgConnectOptions, ground: &Ground, patients: &[Uuid]) -> anyhow::Result<Vec<Clinic>> {
    let mut conn = admin.connect().await.context("cannot connect to the database to fill it")?;
    let mut tx = conn.begin().await?;
    run_sql(&mut tx, &format!("SET LOCAL ROLE almoner_owner; SET LOCAL app.ctx = '{}|||*'", ground.organization))
        .await?;
    let mut clinics = Vec::new();
    for (number, place) in ground.places.iter().enumerate() {
        let staff = staff(&mut tx, ground.organization, place, number + 1).await?;
        clinics.push(Clinic { place: *place, staff, patients: Vec::new() });
    }
    tx.commit().await?;
    conn.close().await?;
    for (number, patient) in patients.iter().enumerate() {
        let facility = ground.place_of(number).facility;
        if let Some(clinic) = clinics.iter_mut().find(|clinic| clinic.place.facility == facility) {
            clinic.patients.push(*patient);
        }
    }
    clinics.retain(|clinic| !clinic.patients.is_empty());
    Ok(clinics)
}

async fn staff(conn: &mut PgConnection, organization: Uuid, place: &Place, number: usize) -> anyhow::Result<Vec<Uuid>> {
    let mut all = vec![place.staff];
    let others = sqlx::query_scalar!(
        "SELECT id FROM staff WHERE organization_id = $1 AND facility_id = $2 AND id <> $3 ORDER BY name, id",
        organization,
        place.facility,
        place.staff,
    );
    all.extend(others.fetch_all(&mut *conn).await?);
    for one in all.len()..PROVIDERS {
        let id = new_uuid();
        sqlx::query!(
            "INSERT INTO staff (organization_id, id, facility_id, name, job_title) VALUES ($1, $2, $3, $4, 'Practice nurse')",
            organization,
            id,
            place.facility,
            format!("Nurse {number:02}.{:02}", one + 1),
        )
        .execute(&mut *conn)
        .await?;
        all.push(id);
    }
    all.truncate(PROVIDERS);
    for staff in &all {
        hours(conn, organization, place.facility, *staff).await?;
    }
    Ok(all)
}

/// Monday to Friday, unless they have hours already.
async fn hours(conn: &mut PgConnection, organization: Uuid, facility: Uuid, staff: Uuid) -> anyhow::Result<()> {
    let from = NaiveTime::from_hms_opt(OPENS, 0, 0).unwrap_or_default();
    let length = chrono::TimeDelta::minutes(SLOT_MINUTES * i64::try_from(SLOTS)?);
    let ids: Vec<Uuid> = (0..5).map(|_| new_uuid()).collect();
    sqlx::query!(
        "INSERT INTO availability (organization_id, id, facility_id, staff_id, day_of_week, start_time, end_time, visit_mode, slot_minutes)
         SELECT $1, d.id, $3, $4, d.day::smallint, $5, $6, 'IN_PERSON', $7 FROM unnest($2::uuid[]) WITH ORDINALITY AS d (id, day)
          WHERE NOT EXISTS (SELECT FROM availability AS a WHERE a.organization_id = $1 AND a.staff_id = $4)",
        organization,
        &ids,
        facility,
        staff,
        from as NaiveTime,
        (from + length) as NaiveTime,
        i16::try_from(SLOT_MINUTES)?,
    )
    .execute(conn)
    .await?;
    Ok(())
}
