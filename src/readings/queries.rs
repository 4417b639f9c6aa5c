//! The SQL of readings.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::json;
use uuid::Uuid;

use super::derive::Body;
use super::metric::Interpretation;
use super::model::NewReading;
use crate::clock::Timestamp;
use crate::db::Tx;
use crate::error::Result;
use crate::events::By;
use crate::ids::{DeviceConnectionId, ObservationId, OrganizationId, PatientId};

/// Bodies by patient.
pub(super) type Bodies = HashMap<PatientId, Body>;

/// What the formulas need of these patients. Who is not visible is missing.
pub(super) async fn bodies(
    tx: &mut Tx,
    organization: OrganizationId,
    patients: &BTreeSet<PatientId>,
) -> Result<Bodies> {
    let ids: Vec<Uuid> = patients.iter().map(|patient| patient.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT id AS "id: PatientId", height_cm::float8 AS height_cm, date_of_birth AS "born: chrono::NaiveDate"
             FROM patient WHERE organization_id = $1 AND id = ANY ($2) AND deleted_at IS NULL"#,
        organization.uuid(),
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, Body { height_cm: row.height_cm, born: row.born })).collect())
}

/// Against the range that holds at the age of the patient.
fn judged(bodies: &Bodies, one: &NewReading) -> Option<Interpretation> {
    one.interpretation(bodies.get(&one.patient).and_then(|body| body.born))
}

/// Inserts what is not there yet, in one statement, and says what that was.
pub(super) async fn insert(
    tx: &mut Tx,
    by: &By,
    readings: &[NewReading],
    bodies: &Bodies,
) -> Result<HashSet<ObservationId>> {
    if readings.is_empty() {
        return Ok(HashSet::new());
    }
    let each = |value: fn(&NewReading) -> Uuid| readings.iter().map(value).collect::<Vec<Uuid>>();
    let maybe = |value: fn(&NewReading) -> Option<Uuid>| readings.iter().map(value).collect::<Vec<Option<Uuid>>>();
    let names = |value: fn(&NewReading) -> Option<&'static str>| {
        readings.iter().map(|one| value(one).map(str::to_owned)).collect::<Vec<Option<String>>>()
    };
    let documents = |value: fn(&NewReading) -> Option<&serde_json::Value>| {
        readings.iter().map(|one| value(one).cloned()).collect::<Vec<Option<serde_json::Value>>>()
    };
    let moments: Vec<Timestamp> = readings.iter().map(NewReading::at).collect();
    let values: Vec<f64> = readings.iter().map(|one| one.value().0).collect();
    let words: Vec<Option<&'static str>> =
        readings.iter().map(|one| judged(bodies, one).map(Interpretation::as_str)).collect();
    let seconds: Vec<Option<f64>> = readings.iter().map(|one| one.value().1).collect();
    let kept = sqlx::query_scalar!(
        r#"INSERT INTO observation (organization_id, id, patient_id, code, effective_at, value_num, value2_num, value_json, unit, source,
                                    device_vendor, device_connection_id, reading_id, context, derived_from, derivation, interpretation,
                                    metadata, corrects_id, created_by_id)
           SELECT $1, r.id, r.patient_id, r.code, r.effective_at, r.value_num, r.value2_num, r.value_json, r.unit, r.source,
                  r.device_vendor, r.device_connection_id, r.reading_id, r.context,
                  CASE WHEN r.derived_from IS NULL THEN NULL ELSE ARRAY[r.derived_from] END, r.derivation, r.interpretation,
                  r.metadata, r.corrects_id, $2
             FROM UNNEST($3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::float8[], $8::float8[], $9::jsonb[], $10::text[], $11::text[],
                         $12::text[], $13::uuid[], $14::uuid[], $15::text[], $16::uuid[], $17::text[], $18::text[], $19::jsonb[], $20::uuid[])
               AS r (id, patient_id, code, effective_at, value_num, value2_num, value_json, unit, source,
                     device_vendor, device_connection_id, reading_id, context, derived_from, derivation, interpretation, metadata, corrects_id)
               ON CONFLICT DO NOTHING
        RETURNING id AS "id: ObservationId""#,
        by.organization.uuid(),
        by.id,
        &each(|one| one.id.uuid()),
        &each(|one| one.patient.uuid()),
        &names(|one| Some(one.metric.as_str())) as _,
        &moments as _,
        &values,
        &seconds as _,
        &documents(|one| one.detail.as_ref()) as _,
        &names(|one| Some(one.metric.unit())) as _,
        &names(|one| Some(one.source.as_str())) as _,
        &names(|one| one.vendor.map(super::model::Vendor::as_str)) as _,
        &maybe(|one| one.connection.map(DeviceConnectionId::uuid)) as _,
        &maybe(|one| one.group) as _,
        &names(|one| one.context.map(super::model::Context::as_str)) as _,
        &maybe(|one| one.derived.map(|(from, _)| from.uuid())) as _,
        &names(|one| one.derived.map(|(_, formula)| formula)) as _,
        &words as _,
        &documents(|one| one.metadata.as_ref()) as _,
        &maybe(|one| one.corrects.map(ObservationId::uuid)) as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(kept.into_iter().collect())
}

/// As [`bodies`], where the caller is a service account.
pub(super) async fn bodies_for_service(tx: &mut Tx, patients: &BTreeSet<PatientId>) -> Result<Bodies> {
    let ids: Vec<Uuid> = patients.iter().map(|patient| patient.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT id AS "id!: PatientId", height_cm, born AS "born: chrono::NaiveDate" FROM ingest.reading_subjects($1, '{}')"#,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, Body { height_cm: row.height_cm, born: row.born })).collect())
}

/// As [`insert`], where the caller is a service account.
pub(super) async fn insert_for_service(
    tx: &mut Tx,
    readings: &[NewReading],
    bodies: &Bodies,
) -> Result<HashSet<ObservationId>> {
    if readings.is_empty() {
        return Ok(HashSet::new());
    }
    let row = |one: &NewReading| {
        json!({
            "id": one.id, "patient_id": one.patient, "code": one.metric, "effective_at": one.at, "value_num": one.value,
            "value2_num": one.second, "value_json": one.detail, "unit": one.metric.unit(), "source": one.source,
            "device_vendor": one.vendor, "device_connection_id": one.connection, "reading_id": one.group, "context": one.context,
            "derived_from": one.derived.map(|(from, _)| from), "derivation": one.derived.map(|(_, formula)| formula),
            "interpretation": judged(bodies, one), "metadata": one.metadata,
        })
    };
    let rows = serde_json::Value::Array(readings.iter().map(row).collect());
    let kept = sqlx::query_scalar!(r#"SELECT ingest.store_readings($1) AS "id!: ObservationId""#, rows)
        .fetch_all(&mut **tx)
        .await?;
    Ok(kept.into_iter().collect())
}

/// Writes down what a service account did.
pub(super) async fn audit_for_service(
    tx: &mut Tx,
    by: &By,
    patient: PatientId,
    first: ObservationId,
    details: &serde_json::Value,
) -> Result<()> {
    sqlx::query!(
        "SELECT ingest.audit_readings($1, $2, $3, $4, $5::text::inet)",
        patient.uuid(),
        first.uuid(),
        details,
        by.request.map(crate::ids::RequestId::uuid),
        by.ip.map(|ip| ip.to_string()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Marks a reading and what was derived from it; says whether there was one.
pub(super) async fn mark_error(
    tx: &mut Tx,
    organization: OrganizationId,
    patient: PatientId,
    id: ObservationId,
    reason: &str,
) -> Result<bool> {
    let marked = sqlx::query!(
        "UPDATE observation SET status = 'ENTERED_IN_ERROR', status_reason = $4
          WHERE organization_id = $1 AND patient_id = $2 AND status = 'FINAL'
            AND effective_at = (SELECT o.effective_at FROM observation AS o WHERE o.organization_id = $1 AND o.id = $3)
            AND (id = $3 OR derived_from @> ARRAY[$3])",
        organization.uuid(),
        patient.uuid(),
        id.uuid(),
        reason,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    Ok(marked > 0)
}
