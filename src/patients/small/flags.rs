//! Marks that everybody should see at once.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Item, Kind, Stored, Twice, remove, settled};
use crate::db::Tx;
use crate::error::Result;
use crate::patients::dates::Span;
use crate::patients::fields::{Field, Input, Reader, Typed};
use crate::patients::form::Offers;
use crate::patients::model::{self, FLAGS};
use crate::patients::record::Record;
use crate::web::form::FormErrors;
use crate::web::{Ctx, format};

/// The kind.
#[derive(Debug)]
pub struct Flags;

/// One as accepted.
#[derive(Debug)]
pub struct FlagInput {
    code: String,
    note: Option<String>,
    starts_on: NaiveDate,
    ends_on: Option<NaiveDate>,
}

/// What stands in the way of the same entry twice.
const TWICE: Twice =
    Twice { constraint: "patient_flag_once", field: "code", message: "This flag stands already. Change that one" };

impl Kind for Flags {
    const TABLE: &'static str = "patient_flag";
    const SECTION: &'static str = "flags";
    const TITLE: &'static str = "Flags";
    const ONE: &'static str = "flag";
    type Input = FlagInput;

    fn fields(_: &Offers) -> Vec<Field> {
        vec![
            Field::new("code", "Flag", Input::Select("Choose one"))
                .choices(FLAGS.map(|(code, _, _, word)| (code, word))),
            Field::line("note", "Why").optional(),
            Field::new("starts_on", "From", Input::Date).hint("Today, where it is left empty").optional(),
            Field::new("ends_on", "Until", Input::Date)
                .hint("The last day; until further notice, where it is left empty")
                .optional(),
        ]
    }

    fn parse(typed: &Typed, _: &Offers, today: NaiveDate) -> Result<FlagInput, FormErrors> {
        let mut read = Reader::new(typed, today);
        // A code that an import brought stays possible while its entry is changed.
        let known = |code: &str| {
            let imported = !typed.get("row_version").is_empty()
                && code.len() <= 64
                && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
            (FLAGS.iter().any(|(known, ..)| *known == code) || (imported && code.len() > 1)).then(|| code.to_owned())
        };
        let code = read.choice("code", known, "Choose a flag");
        let starts_on = read.date("starts_on", Span::Any).unwrap_or(today);
        let input = FlagInput {
            code: code.unwrap_or_default(),
            note: read.line("note"),
            starts_on,
            ends_on: read.end("ends_on", Some(starts_on)),
        };
        read.finish(input)
    }

    async fn list(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Vec<Item>> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT r.id, r.code, r.note, (r.starts_at AT TIME ZONE 'UTC')::date AS "starts_on!: NaiveDate",
                      ((r.ends_at - INTERVAL '1 day') AT TIME ZONE 'UTC')::date AS "ends_on: NaiveDate",
                      (r.ends_at IS NOT NULL AND r.ends_at <= now()) AS "over!", r.row_version
               FROM patient_flag AS r
               WHERE r.organization_id = $1 AND r.patient_id = $2 AND r.deleted_at IS NULL
               ORDER BY (r.ends_at IS NOT NULL AND r.ends_at <= now()), r.starts_at, r.id LIMIT 200"#,
            ctx.actor.organization.uuid(),
            record.id().uuid(),
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows.into_iter().map(Row::item).collect())
    }

    async fn insert(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, input: &FlagInput) -> Stored {
        let done = sqlx::query!(
            "INSERT INTO patient_flag (organization_id, id, patient_id, created_by_id, code, note, starts_at, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7::date::timestamp AT TIME ZONE 'UTC', ($8::date + 1)::timestamp AT TIME ZONE 'UTC') ON CONFLICT (organization_id, id) DO NOTHING",
            ctx.actor.organization.uuid(),
            id,
            record.id().uuid(),
            ctx.actor.user.uuid(),
            input.code,
            input.note,
            input.starts_on as NaiveDate,
            input.ends_on as Option<NaiveDate>,
        )
        .execute(&mut **tx)
        .await;
        settled(done, &TWICE)
    }

    async fn update(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64, input: &FlagInput) -> Stored {
        let done = sqlx::query!(
            "UPDATE patient_flag SET code = $5, note = $6, starts_at = $7::date::timestamp AT TIME ZONE 'UTC', ends_at = ($8::date + 1)::timestamp AT TIME ZONE 'UTC'
             WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND row_version = $4 AND deleted_at IS NULL",
            ctx.actor.organization.uuid(),
            record.id().uuid(),
            id,
            version,
            input.code,
            input.note,
            input.starts_on as NaiveDate,
            input.ends_on as Option<NaiveDate>,
        )
        .execute(&mut **tx)
        .await;
        settled(done, &TWICE)
    }

    async fn remove(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64) -> Result<bool> {
        Ok(remove!("patient_flag", ctx, tx, record, id, version))
    }
}

struct Row {
    id: Uuid,
    code: String,
    note: Option<String>,
    starts_on: NaiveDate,
    ends_on: Option<NaiveDate>,
    over: bool,
    row_version: i64,
}

impl Row {
    fn item(self) -> Item {
        let until = self.ends_on.map_or_else(String::new, |day| format!(" until {}", format::date(day)));
        let note = self.note.as_deref().map_or_else(String::new, |note| format!(": {note}"));
        let flag = model::flag(&self.code);
        Item {
            id: self.id,
            detail: format!("since {}{until}{note}", format::date(self.starts_on)),
            state: if self.over { ("Over".to_owned(), "") } else { ("Stands".to_owned(), flag.tone.class()) },
            past: self.over,
            typed: Typed::default()
                .put("code", &self.code)
                .put_some("note", self.note.as_deref())
                .put_date("starts_on", Some(self.starts_on))
                .put_date("ends_on", self.ends_on)
                .put("row_version", self.row_version.to_string()),
            title: flag.word,
        }
    }
}
