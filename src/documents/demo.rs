//! The documents of the demo: small real files, encrypted like any other.

mod told;

use anyhow::Context as _;
use chrono::{Days, NaiveDate};
use sqlx::PgConnection;
use uuid::Uuid;

use self::told::{Owner, Told, all};
use super::{kind, name};
use crate::app::App;
use crate::clock::Timestamp;
use crate::ids::{OrganizationId, PatientId, UserId};

fn id(kind: u32, number: u32) -> Uuid {
    // The digits of the demo's ids are decimal, so that people can read them.
    let text = format!("01900000-0000-7000-8{kind:03}-{number:012}");
    Uuid::parse_str(&text).unwrap_or_default()
}

/// Puts the documents into the first organization of the demo, in the transaction that fills it. Their files are in the
/// store before; where the transaction fails, they are swept up. Cases that the demo does not have get none.
///
/// # Errors
/// Where the store or the database refuses them.
pub async fn fill(app: &App, conn: &mut PgConnection, organization: OrganizationId) -> anyhow::Result<()> {
    for (place, told) in (1..).zip(all()) {
        add(app, conn, organization, place, &told).await.with_context(|| format!("document {}", told.title))?;
    }
    Ok(())
}

async fn add(
    app: &App,
    conn: &mut PgConnection,
    organization: OrganizationId,
    place: u32,
    told: &Told,
) -> anyhow::Result<()> {
    let (document, version) = (id(900, told.number), id(901, place));
    let (bucket, patient, case, message, facility) = match told.owner {
        Owner::Patient(number) => ("RESIDENT_DOCS", Some(PatientId::from(id(6, number))), None, None, None),
        Owner::Case(number) => {
            let found = sqlx::query_scalar!(
                "SELECT id FROM cases WHERE organization_id = $1 AND number = $2",
                organization.uuid(),
                number,
            );
            let Some(case) = found.fetch_optional(&mut *conn).await? else { return Ok(()) };
            ("CASE_FILES", None, Some(case), None, None)
        }
        Owner::Message(number) => {
            let text = format!("01900000-0000-7000-80f2-{number:012}");
            ("MESSAGE_FILES", None, None, Some(Uuid::parse_str(&text)?), None)
        }
        Owner::Policy(number) => ("POLICY_FILES", None, None, None, number.map(|number| id(2, number))),
    };
    let ending = name::extension(told.filename);
    let kind = kind::identify(ending.as_deref(), told.content).map_err(anyhow::Error::msg)?;
    let mut incoming = app.files.begin(app.keyring(), organization.uuid(), version).await?;
    incoming.write(told.content).await?;
    let stored = incoming.finish().await?;
    let ago = |days: i64| app.clock.now() - chrono::TimeDelta::days(days);
    let person = |number: u32| UserId::from(id(3, number)).uuid();
    let today = app.clock.now().date_naive();
    let expires_on: Option<NaiveDate> = told.good_for.and_then(|days| match u64::try_from(days) {
        Ok(days) => today.checked_add_days(Days::new(days)),
        Err(_) => today.checked_sub_days(Days::new(days.unsigned_abs())),
    });
    sqlx::query!(
        "INSERT INTO document (organization_id, id, bucket, category, title, patient_id, case_id, message_id, expires_on, shared_at, shared_by_id, created_at, created_by_id, facility_id, status)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
        organization.uuid(),
        document,
        bucket,
        told.category,
        told.title,
        patient.map(PatientId::uuid),
        case,
        message,
        expires_on as Option<NaiveDate>,
        told.shared.map(|(days, _)| ago(days)) as Option<Timestamp>,
        told.shared.map(|(_, number)| person(number)),
        ago(told.added.0) as Timestamp,
        person(told.added.1),
        facility,
        if told.draft { super::model::DRAFT } else { "PUBLISHED" },
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO document_version (organization_id, id, document_id, filename, storage_key, mime_type, file_size, sha256, note, uploaded_by_id, uploaded_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        organization.uuid(),
        version,
        document,
        told.filename,
        stored.key,
        kind.mime,
        i64::try_from(stored.size).unwrap_or(i64::MAX),
        stored.sha256.as_slice(),
        told.note,
        person(told.added.1),
        ago(told.added.0) as Timestamp,
    )
    .execute(&mut *conn)
    .await?;
    if let Some(reason) = told.archived {
        sqlx::query!(
            "UPDATE document SET status = 'ARCHIVED', archive_reason = $3 WHERE organization_id = $1 AND id = $2",
            organization.uuid(),
            document,
            reason,
        )
        .execute(conn)
        .await?;
    }
    Ok(())
}
