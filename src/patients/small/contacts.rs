//! Relatives, friends and others to call. Everything that names them is encrypted.

use uuid::Uuid;

use super::{Item, Kind, Stored, open, remove, seal};
use crate::db::Tx;
use crate::error::Result;
use crate::patients::fields::{Field, Input, Reader, Typed};
use crate::patients::form::Offers;
use crate::patients::record::Record;
use crate::web::Ctx;
use crate::web::form::FormErrors;

/// The kind.
#[derive(Debug)]
pub struct Contacts;

/// One as accepted.
#[derive(Debug)]
pub struct ContactInput {
    name: Option<String>,
    relationship: String,
    phone: Option<String>,
    email: Option<String>,
    address: Option<String>,
    is_emergency: bool,
}

impl Kind for Contacts {
    const TABLE: &'static str = "patient_contact";
    const SECTION: &'static str = "contacts";
    const TITLE: &'static str = "Contacts";
    const ONE: &'static str = "contact";
    const PROTECTED: &'static [&'static str] = &["name", "phone", "email", "address"];
    type Input = ContactInput;

    fn fields(_: &Offers) -> Vec<Field> {
        vec![
            Field::line("name", "Name"),
            Field::line("relationship", "What they are to this person").hint("For example, daughter or neighbour"),
            Field::new("phone", "Phone", Input::Line("w16", "tel")).optional(),
            Field::new("email", "E-mail", Input::Line("w32", "email")).optional(),
            Field::new("address", "Address", Input::Text).optional(),
            Field::new("is_emergency", "Call in an emergency", Input::Tick),
        ]
    }

    fn parse(typed: &Typed, _: &Offers, today: chrono::NaiveDate) -> Result<ContactInput, FormErrors> {
        let mut read = Reader::new(typed, today);
        let input = ContactInput {
            name: Some(read.required("name", "Enter the name")),
            relationship: read.required("relationship", "Enter what they are to this person"),
            phone: read.phone("phone"),
            email: read.email("email"),
            address: read.text("address"),
            is_emergency: read.ticked("is_emergency"),
        };
        if input.is_emergency && input.phone.is_none() {
            read.errors.add("phone", "Enter a phone number: they are to be called in an emergency");
        }
        read.finish(input)
    }

    async fn list(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Vec<Item>> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT r.id, r.name_enc, r.relationship, r.phone_enc, r.email_enc, r.address_enc, r.is_emergency, r.row_version
               FROM patient_contact AS r
               WHERE r.organization_id = $1 AND r.patient_id = $2 AND r.deleted_at IS NULL
               ORDER BY r.is_emergency DESC, r.position, r.id LIMIT 200"#,
            ctx.actor.organization.uuid(),
            record.id().uuid(),
        )
        .fetch_all(&mut **tx)
        .await?;
        rows.into_iter().map(|row| row.item(ctx, record)).collect()
    }

    async fn insert(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, input: &ContactInput) -> Stored {
        let sealed = |column, value: &Option<String>| seal(ctx, "patient_contact", column, id, value.as_deref());
        let done = sqlx::query!(
            "INSERT INTO patient_contact (organization_id, id, patient_id, created_by_id, name_enc, relationship, phone_enc, email_enc, address_enc, is_emergency)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (organization_id, id) DO NOTHING",
            ctx.actor.organization.uuid(),
            id,
            record.id().uuid(),
            ctx.actor.user.uuid(),
            sealed("name", &input.name)?,
            input.relationship,
            sealed("phone", &input.phone)?,
            sealed("email", &input.email)?,
            sealed("address", &input.address)?,
            input.is_emergency,
        )
        .execute(&mut **tx)
        .await;
        Ok(Ok(done?.rows_affected() > 0))
    }

    async fn update(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64, input: &ContactInput) -> Stored {
        let sealed = |column, value: &Option<String>| seal(ctx, "patient_contact", column, id, value.as_deref());
        let done = sqlx::query!(
            "UPDATE patient_contact SET name_enc = $5, relationship = $6, phone_enc = $7, email_enc = $8, address_enc = $9, is_emergency = $10
             WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND row_version = $4 AND deleted_at IS NULL",
            ctx.actor.organization.uuid(),
            record.id().uuid(),
            id,
            version,
            sealed("name", &input.name)?,
            input.relationship,
            sealed("phone", &input.phone)?,
            sealed("email", &input.email)?,
            sealed("address", &input.address)?,
            input.is_emergency,
        )
        .execute(&mut **tx)
        .await;
        Ok(Ok(done?.rows_affected() > 0))
    }

    async fn remove(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64) -> Result<bool> {
        Ok(remove!("patient_contact", ctx, tx, record, id, version))
    }
}

struct Row {
    id: Uuid,
    name_enc: Vec<u8>,
    relationship: String,
    phone_enc: Option<Vec<u8>>,
    email_enc: Option<Vec<u8>>,
    address_enc: Option<Vec<u8>>,
    is_emergency: bool,
    row_version: i64,
}

impl Row {
    fn item(self, ctx: &Ctx, record: &Record) -> Result<Item> {
        let clear = |column, sealed: Option<&[u8]>| open(ctx, record, "patient_contact", column, self.id, sealed);
        let name = clear("name", Some(&self.name_enc))?.unwrap_or_default();
        let phone = clear("phone", self.phone_enc.as_deref())?;
        let email = clear("email", self.email_enc.as_deref())?;
        let address = clear("address", self.address_enc.as_deref())?;
        let ways: Vec<&str> = [phone.as_deref(), email.as_deref(), address.as_deref()].into_iter().flatten().collect();
        let ways = if ways.is_empty() { "no way to reach them recorded".to_owned() } else { ways.join(", ") };
        Ok(Item {
            id: self.id,
            detail: format!("{}, {ways}", self.relationship),
            state: if self.is_emergency { ("Emergency".to_owned(), "b") } else { (String::new(), "") },
            past: false,
            typed: Typed::default()
                .put("name", &name)
                .put("relationship", &self.relationship)
                .put_some("phone", phone.as_deref())
                .put_some("email", email.as_deref())
                .put_some("address", address.as_deref())
                .put_tick("is_emergency", self.is_emergency)
                .put("row_version", self.row_version.to_string()),
            title: name,
        })
    }
}
