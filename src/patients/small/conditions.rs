//! Problems and diagnoses. Clinicians write them, others read.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Item, Kind, Stored, remove};
use crate::access::Role;
use crate::db::Tx;
use crate::error::Result;
use crate::patients::dates::Span;
use crate::patients::fields::{Field, Input, Reader, Typed};
use crate::patients::form::Offers;
use crate::patients::model::ConditionStatus;
use crate::patients::record::Record;
use crate::web::form::FormErrors;
use crate::web::{Ctx, format};

/// The kind.
#[derive(Debug)]
pub struct Conditions;

/// One as accepted.
#[derive(Debug)]
pub struct ConditionInput {
    text: String,
    code: Option<String>,
    onset: Option<NaiveDate>,
    status: ConditionStatus,
    weight_related: bool,
}

impl Kind for Conditions {
    const TABLE: &'static str = "condition";
    const SECTION: &'static str = "conditions";
    const TITLE: &'static str = "Problems";
    const ONE: &'static str = "problem";
    type Input = ConditionInput;

    fn writable(role: Role) -> bool {
        role == Role::Clinician
    }

    fn fields(_: &Offers) -> Vec<Field> {
        let statuses = ConditionStatus::ALL.iter().map(|one| (one.as_str(), one.label()));
        vec![
            Field::line("text", "Problem or diagnosis"),
            Field::new("code", "Code", Input::Line("w8", "")).hint("For example, ICD-10 E11.9").optional(),
            Field::new("onset", "Since", Input::Date).optional(),
            Field::new("status", "Where it stands", Input::Select("")).choices(statuses),
            Field::new("weight_related", "Related to weight", Input::Tick),
        ]
    }

    fn parse(typed: &Typed, _: &Offers, today: NaiveDate) -> Result<ConditionInput, FormErrors> {
        let mut read = Reader::new(typed, today);
        let input = ConditionInput {
            text: read.required("text", "Enter the problem in words"),
            code: read.line("code"),
            onset: read.date("onset", Span::Past),
            status: read.choice("status", ConditionStatus::from_name, "Choose one").unwrap_or(ConditionStatus::Active),
            weight_related: read.ticked("weight_related"),
        };
        if input.code.as_ref().is_some_and(|code| code.chars().count() > 64) {
            read.errors.add("code", "Use 64 characters or fewer");
        }
        read.finish(input)
    }

    async fn list(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Vec<Item>> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT r.id, r.text, r.code, r.onset AS "onset: NaiveDate", r.status AS "status: ConditionStatus", r.weight_related, r.row_version
               FROM condition AS r
               WHERE r.organization_id = $1 AND r.patient_id = $2 AND r.deleted_at IS NULL
               ORDER BY (r.status IN ('RESOLVED', 'ENTERED_IN_ERROR')), r.onset NULLS LAST, r.id LIMIT 200"#,
            ctx.actor.organization.uuid(),
            record.id().uuid(),
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows.into_iter().map(Row::item).collect())
    }

    async fn insert(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, input: &ConditionInput) -> Stored {
        let done = sqlx::query!(
            "INSERT INTO condition (organization_id, id, patient_id, created_by_id, text, code, onset, status, weight_related)
             VALUES ($1, $2, $3, $4, $5, $6, $7::date, $8, $9) ON CONFLICT (organization_id, id) DO NOTHING",
            ctx.actor.organization.uuid(),
            id,
            record.id().uuid(),
            ctx.actor.user.uuid(),
            input.text,
            input.code,
            input.onset as Option<NaiveDate>,
            input.status.as_str(),
            input.weight_related,
        )
        .execute(&mut **tx)
        .await;
        Ok(Ok(done?.rows_affected() > 0))
    }

    async fn update(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64, input: &ConditionInput) -> Stored {
        let done = sqlx::query!(
            "UPDATE condition SET text = $5, code = $6, onset = $7::date, status = $8, weight_related = $9
             WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND row_version = $4 AND deleted_at IS NULL",
            ctx.actor.organization.uuid(),
            record.id().uuid(),
            id,
            version,
            input.text,
            input.code,
            input.onset as Option<NaiveDate>,
            input.status.as_str(),
            input.weight_related,
        )
        .execute(&mut **tx)
        .await;
        Ok(Ok(done?.rows_affected() > 0))
    }

    async fn remove(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64) -> Result<bool> {
        Ok(remove!("condition", ctx, tx, record, id, version))
    }
}

struct Row {
    id: Uuid,
    text: String,
    code: Option<String>,
    onset: Option<NaiveDate>,
    status: ConditionStatus,
    weight_related: bool,
    row_version: i64,
}

impl Row {
    fn item(self) -> Item {
        let onset =
            self.onset.map_or_else(|| "onset not known".to_owned(), |day| format!("since {}", format::date(day)));
        Item {
            id: self.id,
            detail: self.code.as_ref().map_or_else(|| onset.clone(), |code| format!("{onset}, {code}")),
            state: (self.status.label().to_owned(), ""),
            past: matches!(self.status, ConditionStatus::Resolved | ConditionStatus::EnteredInError),
            typed: Typed::default()
                .put("text", &self.text)
                .put_some("code", self.code.as_deref())
                .put_date("onset", self.onset)
                .put("status", self.status.as_str())
                .put_tick("weight_related", self.weight_related)
                .put("row_version", self.row_version.to_string()),
            title: self.text,
        }
    }
}
