//! The SQL of the door.

use uuid::Uuid;

use super::answer::Refusal;
use super::form::Message;
use crate::app::App;
use crate::db::Tx;
use crate::error::{Error, Result};
use crate::ids::{AlertId, DeviceConnectionId, OrganizationId, PatientId, RequestId};
use crate::readings::model::Vendor;
use crate::web::ctx::Visitor;
use crate::web::rate;

/// Messages of one account in one minute. A device cloud that sends more should send what changed.
const PER_MINUTE: i32 = 600;

/// A service account.
#[derive(Debug)]
pub(super) struct Account {
    pub id: Uuid,
    pub organization: OrganizationId,
    pub secret: Vec<u8>,
    pub facility: Option<Uuid>,
}

/// The account, where it is one that may do what `scope` says now.
pub(super) async fn account(app: &App, id: Uuid, scope: &str) -> Result<Option<Account>> {
    Ok(sqlx::query_as!(
        Account,
        r#"SELECT id, organization_id AS "organization: OrganizationId", secret_enc AS secret, facility_id AS facility
             FROM service_account
            WHERE id = $1 AND $2 = ANY (scopes)
              AND revoked_at IS NULL AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > NOW())"#,
        id,
        scope,
    )
    .fetch_optional(app.db.auth())
    .await?)
}

/// Counts a message of the account, before it is acted on.
pub(super) async fn charge(app: &App, account: Uuid) -> Result<()> {
    rate::charge(app.db.auth(), &format!("ingest/{account}"), PER_MINUTE).await
}

/// Notes that the account is in use, at most once a minute.
pub(super) async fn used(app: &App, account: Uuid) -> Result<()> {
    sqlx::query!(
        "UPDATE service_account SET last_used_at = NOW()
          WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < NOW() - INTERVAL '1 minute')",
        account,
    )
    .execute(app.db.auth())
    .await?;
    Ok(())
}

/// Raises the alert or counts up the open one, with its receipt, its history and its audit; says which, and whether it
/// was new. A message that was taken before only says so again.
pub(super) async fn raise(
    tx: &mut Tx,
    visitor: &Visitor,
    id: &str,
    message: &Message,
    patient: Option<Uuid>,
    record_number: Option<&[u8]>,
) -> Result<(AlertId, bool), Refusal> {
    let raised = sqlx::query!(
        r#"SELECT alert_id AS "alert: AlertId", is_new
             FROM ingest.raise_alert($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::timestamptz, $13, $14::text::inet)"#,
        id,
        AlertId::new().uuid(),
        message.kind.as_str(),
        message.severity.as_str(),
        message.title,
        message.body,
        message.payload,
        patient,
        record_number,
        message.facility,
        message.dedupe_key,
        message.due_at as _,
        RequestId::uuid(visitor.request),
        visitor.ip.map(|ip| ip.to_string()),
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(|error| refusal(error, message))?;
    match (raised.alert, raised.is_new) {
        (Some(alert), Some(new)) => Ok((alert, new)),
        _ => Err(Refusal::Failed(Error::Internal(anyhow::anyhow!("ingest.raise_alert answered nothing")))),
    }
}

/// What the database would not have, in terms of the message. A record that this account may not touch answers like one
/// that does not exist.
fn refusal(error: sqlx::Error, message: &Message) -> Refusal {
    let about = match &message.subject {
        super::form::Subject::RecordNumber(_) => "medical_record_number",
        super::form::Subject::Patient(_) | super::form::Subject::None => "patient",
    };
    let known = error.as_database_error().map(|inner| {
        (inner.code().unwrap_or_default().into_owned(), inner.constraint().unwrap_or_default().to_owned())
    });
    match known.as_ref().map(|(code, constraint)| (code.as_str(), constraint.as_str())) {
        Some((_, "alert_patient_fk")) => Refusal::field(about, "There is no such patient"),
        Some((_, "alert_facility_fk")) => Refusal::field("facility", "There is no such facility"),
        Some((_, "alert_open_once")) => Refusal::field("dedupe_key", "An open alert about something else has this key"),
        Some(("42501", _)) if message.facility.is_none() => Refusal::field(about, "There is no such patient"),
        Some(("42501", _)) => Refusal::field("facility", "There is no such facility"),
        _ => Refusal::Failed(error.into()),
    }
}

/// Notes that a message with readings arrived; what was answered before, where it did already.
pub(super) async fn begin_readings(tx: &mut Tx, message: &str) -> Result<Option<serde_json::Value>> {
    Ok(sqlx::query_scalar!("SELECT ingest.begin_readings($1)", message).fetch_one(&mut **tx).await?)
}

/// Keeps what is answered.
pub(super) async fn finish_readings(tx: &mut Tx, message: &str, answer: &serde_json::Value) -> Result<()> {
    sqlx::query!("SELECT ingest.finish_readings($1, $2)", message, answer).execute(&mut **tx).await?;
    Ok(())
}

/// Those of the patients of whom this account may send readings, with the blind index of their record number.
pub(super) async fn reading_subjects(
    tx: &mut Tx,
    ids: &[Uuid],
    numbers: &[Vec<u8>],
) -> Result<Vec<(PatientId, Option<Vec<u8>>)>> {
    let rows =
        sqlx::query!(r#"SELECT id AS "id!: PatientId", number FROM ingest.reading_subjects($1, $2)"#, ids, numbers,)
            .fetch_all(&mut **tx)
            .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.number)).collect())
}

/// A device of a patient.
pub(super) struct Device {
    pub id: DeviceConnectionId,
    pub patient: PatientId,
    pub vendor: Vendor,
    pub external: String,
    pub usable: bool,
}

/// The devices of these patients.
pub(super) async fn reading_devices(tx: &mut Tx, patients: &[Uuid]) -> Result<Vec<Device>> {
    Ok(sqlx::query_as!(
        Device,
        r#"SELECT id AS "id!: DeviceConnectionId", patient_id AS "patient!: PatientId", vendor AS "vendor!: Vendor",
                  external_id AS "external!", usable AS "usable!" FROM ingest.reading_devices($1)"#,
        patients,
    )
    .fetch_all(&mut **tx)
    .await?)
}
