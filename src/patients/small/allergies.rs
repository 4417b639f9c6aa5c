//! Allergies, and the record's word on them.

use uuid::Uuid;

use super::{Item, Kind, Stored, remove};
use crate::db::Tx;
use crate::error::Result;
use crate::ids::{OrganizationId, PatientId};
use crate::patients::fields::{Field, Input, Reader, Typed};
use crate::patients::form::Offers;
use crate::patients::model::{AllergyEntryStatus, AllergySeverity};
use crate::patients::record::Record;
use crate::web::Ctx;
use crate::web::form::FormErrors;

/// The kind.
#[derive(Debug)]
pub struct Allergies;

/// An allergy as accepted.
#[derive(Debug)]
pub struct AllergyInput {
    substance: String,
    reaction: Option<String>,
    severity: AllergySeverity,
    status: AllergyEntryStatus,
}

impl Kind for Allergies {
    const TABLE: &'static str = "allergy";
    const SECTION: &'static str = "allergies";
    const TITLE: &'static str = "Allergies";
    const ONE: &'static str = "allergy";
    type Input = AllergyInput;

    fn fields(_: &Offers) -> Vec<Field> {
        let severities = AllergySeverity::ALL.iter().map(|one| (one.as_str(), one.label()));
        let statuses = AllergyEntryStatus::ALL.iter().map(|one| (one.as_str(), one.label()));
        vec![
            Field::line("substance", "Substance").hint("For example, penicillin"),
            Field::line("reaction", "What it did").hint("For example, anaphylaxis or rash").optional(),
            Field::new("severity", "How bad it was", Input::Select("Choose one")).choices(severities),
            Field::new("status", "Does it count?", Input::Select("")).choices(statuses),
        ]
    }

    fn parse(typed: &Typed, _: &Offers, today: chrono::NaiveDate) -> Result<AllergyInput, FormErrors> {
        let mut read = Reader::new(typed, today);
        let input = AllergyInput {
            substance: read.required("substance", "Enter the substance"),
            reaction: read.line("reaction"),
            severity: read
                .choice("severity", AllergySeverity::from_name, "Choose one; there is one for not known")
                .unwrap_or(AllergySeverity::Unknown),
            status: read
                .choice("status", AllergyEntryStatus::from_name, "Choose one")
                .unwrap_or(AllergyEntryStatus::Active),
        };
        read.finish(input)
    }

    async fn list(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Vec<Item>> {
        let rows = sqlx::query_as!(
            AllergyRow,
            r#"SELECT id, substance, reaction, severity AS "severity: AllergySeverity", status AS "status: AllergyEntryStatus", row_version
               FROM allergy WHERE organization_id = $1 AND patient_id = $2 AND deleted_at IS NULL
               ORDER BY (status <> 'ACTIVE'), substance, id LIMIT 200"#,
            ctx.actor.organization.uuid(),
            record.id().uuid(),
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows.into_iter().map(AllergyRow::item).collect())
    }

    async fn insert(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, input: &AllergyInput) -> Stored {
        let done = sqlx::query!(
            "INSERT INTO allergy (organization_id, id, patient_id, substance, reaction, severity, status, recorded_by_id, created_by_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (organization_id, id) DO NOTHING",
            ctx.actor.organization.uuid(),
            id,
            record.id().uuid(),
            input.substance,
            input.reaction,
            input.severity.as_str(),
            input.status.as_str(),
            ctx.actor.user.uuid(),
        )
        .execute(&mut **tx)
        .await?;
        settle_word(tx, ctx.actor.organization, record.id()).await?;
        Ok(Ok(done.rows_affected() > 0))
    }

    async fn update(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64, input: &AllergyInput) -> Stored {
        let done = sqlx::query!(
            "UPDATE allergy SET substance = $5, reaction = $6, severity = $7, status = $8
             WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND row_version = $4 AND deleted_at IS NULL",
            ctx.actor.organization.uuid(),
            record.id().uuid(),
            id,
            version,
            input.substance,
            input.reaction,
            input.severity.as_str(),
            input.status.as_str(),
        )
        .execute(&mut **tx)
        .await?;
        settle_word(tx, ctx.actor.organization, record.id()).await?;
        Ok(Ok(done.rows_affected() > 0))
    }

    async fn remove(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64) -> Result<bool> {
        let removed = remove!("allergy", ctx, tx, record, id, version);
        settle_word(tx, ctx.actor.organization, record.id()).await?;
        Ok(removed)
    }
}

struct AllergyRow {
    id: Uuid,
    substance: String,
    reaction: Option<String>,
    severity: AllergySeverity,
    status: AllergyEntryStatus,
    row_version: i64,
}

impl AllergyRow {
    fn item(self) -> Item {
        let reaction = self.reaction.as_deref().unwrap_or("reaction not known");
        Item {
            id: self.id,
            detail: format!("{reaction}, {}", self.severity.label().to_lowercase()),
            state: (
                self.status.label().to_owned(),
                if self.status == AllergyEntryStatus::Active { "crit" } else { "" },
            ),
            past: self.status != AllergyEntryStatus::Active,
            typed: Typed::default()
                .put("substance", &self.substance)
                .put_some("reaction", self.reaction.as_deref())
                .put("severity", self.severity.as_str())
                .put("status", self.status.as_str())
                .put("row_version", self.row_version.to_string()),
            title: self.substance,
        }
    }
}

/// Keeps the record's word true to its list: known while one counts. When the last one goes, nobody has said yet that
/// there are none.
async fn settle_word(tx: &mut Tx, organization: OrganizationId, patient: PatientId) -> Result<()> {
    sqlx::query!(
        "UPDATE patient AS p SET allergy_status = CASE WHEN l.some THEN 'KNOWN' ELSE 'NOT_RECORDED' END
         FROM (SELECT EXISTS (SELECT FROM allergy AS a WHERE a.organization_id = $1 AND a.patient_id = $2 AND a.status = 'ACTIVE'
                                AND a.deleted_at IS NULL) AS some) AS l
         WHERE p.organization_id = $1 AND p.id = $2 AND (p.allergy_status = 'KNOWN') <> l.some",
        organization.uuid(),
        patient.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Somebody asked, and there are none. False where the record is no longer at `version`.
pub async fn none_known(tx: &mut Tx, organization: OrganizationId, patient: PatientId, version: i64) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE patient SET allergy_status = 'NONE_KNOWN' WHERE organization_id = $1 AND id = $2 AND row_version = $3 AND deleted_at IS NULL",
        organization.uuid(),
        patient.uuid(),
        version,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}
