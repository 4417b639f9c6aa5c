//! Who pays for the care, and under which number.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Item, Kind, Stored, open, remove, seal};
use crate::db::Tx;
use crate::error::Result;
use crate::patients::dates::Span;
use crate::patients::fields::{Field, Input, Reader, Typed};
use crate::patients::form::Offers;
use crate::patients::record::Record;
use crate::phi::normalise;
use crate::web::form::FormErrors;
use crate::web::{Ctx, format};

/// The kind.
#[derive(Debug)]
pub struct Coverages;

/// One as accepted.
#[derive(Debug)]
pub struct CoverInput {
    payer: String,
    member_id: Option<String>,
    ssn: Option<String>,
    subscriber_phone: Option<String>,
    starts_on: Option<NaiveDate>,
    ends_on: Option<NaiveDate>,
}

impl Kind for Coverages {
    const TABLE: &'static str = "coverage";
    const SECTION: &'static str = "coverage";
    const TITLE: &'static str = "Cover";
    const ONE: &'static str = "cover";
    const PROTECTED: &'static [&'static str] = &["member_id", "ssn", "subscriber_phone"];
    type Input = CoverInput;

    fn fields(_: &Offers) -> Vec<Field> {
        vec![
            Field::line("payer", "Insurer or authority"),
            Field::new("member_id", "Member number", Input::Line("w16", "")).optional(),
            Field::new("ssn", "Social security number", Input::Line("w16", "")).optional(),
            Field::new("subscriber_phone", "Phone of the subscriber", Input::Line("w16", "tel")).optional(),
            Field::new("starts_on", "From", Input::Date).optional(),
            Field::new("ends_on", "Until", Input::Date).hint("Until further notice, where it is left empty").optional(),
        ]
    }

    fn parse(typed: &Typed, _: &Offers, today: NaiveDate) -> Result<CoverInput, FormErrors> {
        let mut read = Reader::new(typed, today);
        let starts_on = read.date("starts_on", Span::Any);
        let input = CoverInput {
            payer: read.required("payer", "Enter who pays"),
            member_id: read.line("member_id"),
            ssn: read.line("ssn"),
            subscriber_phone: read.phone("subscriber_phone"),
            starts_on,
            ends_on: read.end("ends_on", starts_on),
        };
        read.finish(input)
    }

    async fn list(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Vec<Item>> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT r.id, r.payer, r.member_id_enc, r.ssn_enc, r.subscriber_phone_enc, r.starts_on AS "starts_on: NaiveDate",
                      r.ends_on AS "ends_on: NaiveDate", (r.ends_on IS NOT NULL AND r.ends_on < CURRENT_DATE) AS "over!", r.row_version
               FROM coverage AS r
               WHERE r.organization_id = $1 AND r.patient_id = $2 AND r.deleted_at IS NULL
               ORDER BY (r.ends_on IS NOT NULL AND r.ends_on < CURRENT_DATE), r.starts_on DESC NULLS LAST, r.id LIMIT 200"#,
            ctx.actor.organization.uuid(),
            record.id().uuid(),
        )
        .fetch_all(&mut **tx)
        .await?;
        rows.into_iter().map(|row| row.item(ctx, record)).collect()
    }

    async fn insert(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, input: &CoverInput) -> Stored {
        let sealed = |column, value: &Option<String>| seal(ctx, "coverage", column, id, value.as_deref());
        let index = member_index(ctx, input.member_id.as_deref())?;
        let done = sqlx::query!(
            "INSERT INTO coverage (organization_id, id, patient_id, created_by_id, payer, member_id_enc, member_id_bidx, ssn_enc, subscriber_phone_enc, starts_on, ends_on)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::date, $11::date) ON CONFLICT (organization_id, id) DO NOTHING",
            ctx.actor.organization.uuid(),
            id,
            record.id().uuid(),
            ctx.actor.user.uuid(),
            input.payer,
            sealed("member_id", &input.member_id)?,
            index,
            sealed("ssn", &input.ssn)?,
            sealed("subscriber_phone", &input.subscriber_phone)?,
            input.starts_on as Option<NaiveDate>,
            input.ends_on as Option<NaiveDate>,
        )
        .execute(&mut **tx)
        .await;
        Ok(Ok(done?.rows_affected() > 0))
    }

    async fn update(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64, input: &CoverInput) -> Stored {
        let sealed = |column, value: &Option<String>| seal(ctx, "coverage", column, id, value.as_deref());
        let index = member_index(ctx, input.member_id.as_deref())?;
        let done = sqlx::query!(
            "UPDATE coverage SET payer = $5, member_id_enc = $6, member_id_bidx = $7, ssn_enc = $8, subscriber_phone_enc = $9, starts_on = $10::date, ends_on = $11::date
             WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND row_version = $4 AND deleted_at IS NULL",
            ctx.actor.organization.uuid(),
            record.id().uuid(),
            id,
            version,
            input.payer,
            sealed("member_id", &input.member_id)?,
            index,
            sealed("ssn", &input.ssn)?,
            sealed("subscriber_phone", &input.subscriber_phone)?,
            input.starts_on as Option<NaiveDate>,
            input.ends_on as Option<NaiveDate>,
        )
        .execute(&mut **tx)
        .await;
        Ok(Ok(done?.rows_affected() > 0))
    }

    async fn remove(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64) -> Result<bool> {
        Ok(remove!("coverage", ctx, tx, record, id, version))
    }
}

struct Row {
    id: Uuid,
    payer: String,
    member_id_enc: Option<Vec<u8>>,
    ssn_enc: Option<Vec<u8>>,
    subscriber_phone_enc: Option<Vec<u8>>,
    starts_on: Option<NaiveDate>,
    ends_on: Option<NaiveDate>,
    over: bool,
    row_version: i64,
}

impl Row {
    fn item(self, ctx: &Ctx, record: &Record) -> Result<Item> {
        let clear = |column, sealed: Option<&[u8]>| open(ctx, record, "coverage", column, self.id, sealed);
        let member_id = clear("member_id", self.member_id_enc.as_deref())?;
        let ssn = clear("ssn", self.ssn_enc.as_deref())?;
        let phone = clear("subscriber_phone", self.subscriber_phone_enc.as_deref())?;
        let number =
            member_id.as_deref().map_or_else(|| "no member number".to_owned(), |number| format!("member {number}"));
        let since = self.starts_on.map_or_else(String::new, |day| format!(", since {}", format::date(day)));
        let until = self.ends_on.map_or_else(String::new, |day| format!(" until {}", format::date(day)));
        Ok(Item {
            id: self.id,
            detail: format!("{number}{since}{until}"),
            state: (if self.over { "Past" } else { "" }.to_owned(), ""),
            past: self.over,
            typed: Typed::default()
                .put("payer", &self.payer)
                .put_some("member_id", member_id.as_deref())
                .put_some("ssn", ssn.as_deref())
                .put_some("subscriber_phone", phone.as_deref())
                .put_date("starts_on", self.starts_on)
                .put_date("ends_on", self.ends_on)
                .put("row_version", self.row_version.to_string()),
            title: self.payer,
        })
    }
}

/// The blind index of a member number.
fn member_index(ctx: &Ctx, member_id: Option<&str>) -> Result<Option<Vec<u8>>> {
    let index = |number: &str| {
        ctx.app.keyring().blind_index(
            ctx.actor.organization,
            "coverage",
            "member_id",
            &normalise::record_number(number),
        )
    };
    Ok(member_id.map(index).transpose().map_err(anyhow::Error::from)?)
}
