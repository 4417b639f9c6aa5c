//! Alerts come, and come back.

use sqlx::PgConnection;
use uuid::Uuid;

use super::around::Place;
use crate::access::Actor;
use crate::alerts::NewAlert;
use crate::alerts::new_page::About;
use crate::error::{Error, OnConstraint, Result};
use crate::events::By;
use crate::ids::{AlertId, FacilityId, OrganizationId, PatientId};

/// What became of an alert that was raised.
#[derive(Debug)]
pub struct Inserted {
    /// The alert: this one, or the open one that says the same.
    pub id: AlertId,
    /// Whether it is a new one.
    pub new: bool,
    /// Where it belongs.
    pub facility_id: Option<FacilityId>,
}

/// Inserts an alert, or counts up the open one with the same key. The unique index decides races.
///
/// # Errors
/// Where the patient or facility is out of reach, or the database does not answer.
pub async fn insert(conn: &mut PgConnection, by: &By, new: &NewAlert) -> Result<Inserted> {
    sqlx::query_as!(
        Inserted,
        r#"INSERT INTO alert (organization_id, id, facility_id, patient_id, type, severity, title, body, payload, dedupe_key, due_at, created_by_id, thread_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
           ON CONFLICT (organization_id, dedupe_key) WHERE is_open AND dedupe_key IS NOT NULL
           DO UPDATE SET seen_count = alert.seen_count + 1, last_seen_at = now()
           RETURNING id, id = $2 AS "new!", facility_id AS "facility_id: FacilityId""#,
        by.organization.uuid(),
        new.id.uuid(),
        new.facility.map(FacilityId::uuid),
        new.patient.map(PatientId::uuid),
        new.kind.as_str(),
        new.severity.as_str(),
        new.title,
        new.body,
        new.payload,
        new.dedupe_key,
        new.due_at as Option<crate::clock::Timestamp>,
        by.id,
        new.thread.map(crate::ids::ThreadId::uuid),
    )
    .fetch_one(conn)
    .await
    .on_constraint("alert_pkey", || Error::Conflict("This alert has been raised already.".to_owned()))
}

/// Snoozed alerts whose time has come, none that somebody is just moving.
///
/// # Errors
/// Where the database does not answer.
pub async fn due(conn: &mut PgConnection, organization: OrganizationId, limit: i64) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "SELECT id FROM alert WHERE organization_id = $1 AND is_open AND status = 'SNOOZED' AND snoozed_until <= now()
         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED",
        organization.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Acknowledged alerts whose acknowledgement has held for as long as it may.
///
/// # Errors
/// Where the database does not answer.
pub async fn unconfirmed(conn: &mut PgConnection, organization: OrganizationId, limit: i64) -> Result<Vec<Uuid>> {
    Ok(sqlx::query_scalar!(
        "SELECT id FROM alert WHERE organization_id = $1 AND is_open AND status = 'ACKNOWLEDGED' AND ack_expires_at <= now()
         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED",
        organization.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// The patient of a form, by identifier or by the blind index of a record number, where within reach.
///
/// # Errors
/// Where the database does not answer.
pub async fn patient(
    conn: &mut PgConnection,
    organization: OrganizationId,
    id: Option<PatientId>,
    number: Option<&[u8]>,
) -> Result<Option<About>> {
    Ok(sqlx::query_as!(
        About,
        r#"SELECT id, facility_id, first_name, last_name FROM patient
           WHERE organization_id = $1 AND deleted_at IS NULL AND (id = $2 OR medical_record_number_bidx = $3)"#,
        organization.uuid(),
        id.map(PatientId::uuid),
        number,
    )
    .fetch_optional(conn)
    .await?)
}

/// The facilities within reach of `actor`, by name.
///
/// # Errors
/// Where the database does not answer.
pub async fn places(conn: &mut PgConnection, actor: &Actor) -> Result<Vec<Place>> {
    let mut places = sqlx::query_as!(
        Place,
        "SELECT id, name FROM facility WHERE organization_id = $1 AND deleted_at IS NULL ORDER BY name",
        actor.organization.uuid(),
    )
    .fetch_all(conn)
    .await?;
    places.retain(|place| actor.facilities.contains(place.id));
    Ok(places)
}
