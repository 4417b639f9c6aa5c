//! Who looks after a patient, and as what.

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Item, Kind, Stored, Twice, remove, settled};
use crate::db::Tx;
use crate::error::Result;
use crate::patients::dates::Span;
use crate::patients::fields::{Field, Input, Reader, Typed};
use crate::patients::form::Offers;
use crate::patients::record::Record;
use crate::web::form::FormErrors;
use crate::web::{Ctx, format};

/// The kind.
#[derive(Debug)]
pub struct CareTeam;

/// One as accepted.
#[derive(Debug)]
pub struct MemberInput {
    staff: Uuid,
    role: String,
    starts_on: NaiveDate,
    ends_on: Option<NaiveDate>,
}

/// What stands in the way of the same entry twice.
const TWICE: Twice = Twice {
    constraint: "care_team_member_once",
    field: "role",
    message: "They have this part already. Change that entry",
};

impl Kind for CareTeam {
    const TABLE: &'static str = "care_team_member";
    const SECTION: &'static str = "care-team";
    const TITLE: &'static str = "Care team";
    const ONE: &'static str = "care team member";
    const ASKS_STAFF: bool = true;
    type Input = MemberInput;

    fn fields(offers: &Offers) -> Vec<Field> {
        let staff = offers.clinicians.iter().map(|(id, name)| (id.to_string(), name.clone()));
        vec![
            Field::new("staff_id", "Who", Input::Select("Choose one")).choices(staff),
            Field::line("role", "As what").hint("For example, named nurse"),
            Field::new("starts_on", "From", Input::Date).hint("Today, where it is left empty").optional(),
            Field::new("ends_on", "Until", Input::Date).hint("Until further notice, where it is left empty").optional(),
        ]
    }

    fn parse(typed: &Typed, offers: &Offers, today: NaiveDate) -> Result<MemberInput, FormErrors> {
        let mut read = Reader::new(typed, today);
        let known = |id: &str| offers.clinicians.iter().map(|(known, _)| *known).find(|known| known.to_string() == id);
        let staff = read.choice("staff_id", known, "Choose somebody from the list");
        let starts_on = read.date("starts_on", Span::Any).unwrap_or(today);
        let input = MemberInput {
            staff: staff.unwrap_or_default(),
            role: read.required("role", "Enter what they do for this person"),
            starts_on,
            ends_on: read.end("ends_on", Some(starts_on)),
        };
        read.finish(input)
    }

    async fn list(ctx: &Ctx, tx: &mut Tx, record: &Record) -> Result<Vec<Item>> {
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT r.id, r.staff_id, s.name, r.role, r.starts_on AS "starts_on: NaiveDate", r.ends_on AS "ends_on: NaiveDate",
                      (r.ends_on IS NOT NULL AND r.ends_on < CURRENT_DATE) AS "over!", r.row_version
               FROM care_team_member AS r JOIN staff AS s ON s.organization_id = r.organization_id AND s.id = r.staff_id
               WHERE r.organization_id = $1 AND r.patient_id = $2 AND r.deleted_at IS NULL
               ORDER BY (r.ends_on IS NOT NULL AND r.ends_on < CURRENT_DATE), r.starts_on, r.id LIMIT 200"#,
            ctx.actor.organization.uuid(),
            record.id().uuid(),
        )
        .fetch_all(&mut **tx)
        .await?;
        Ok(rows.into_iter().map(Row::item).collect())
    }

    async fn insert(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, input: &MemberInput) -> Stored {
        let done = sqlx::query!(
            "INSERT INTO care_team_member (organization_id, id, patient_id, created_by_id, staff_id, role, starts_on, ends_on)
             VALUES ($1, $2, $3, $4, $5, $6, $7::date, $8::date) ON CONFLICT (organization_id, id) DO NOTHING",
            ctx.actor.organization.uuid(),
            id,
            record.id().uuid(),
            ctx.actor.user.uuid(),
            input.staff,
            input.role,
            input.starts_on as NaiveDate,
            input.ends_on as Option<NaiveDate>,
        )
        .execute(&mut **tx)
        .await;
        settled(done, &TWICE)
    }

    async fn update(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64, input: &MemberInput) -> Stored {
        let done = sqlx::query!(
            "UPDATE care_team_member SET staff_id = $5, role = $6, starts_on = $7::date, ends_on = $8::date
             WHERE organization_id = $1 AND patient_id = $2 AND id = $3 AND row_version = $4 AND deleted_at IS NULL",
            ctx.actor.organization.uuid(),
            record.id().uuid(),
            id,
            version,
            input.staff,
            input.role,
            input.starts_on as NaiveDate,
            input.ends_on as Option<NaiveDate>,
        )
        .execute(&mut **tx)
        .await;
        settled(done, &TWICE)
    }

    async fn remove(ctx: &Ctx, tx: &mut Tx, record: &Record, id: Uuid, version: i64) -> Result<bool> {
        Ok(remove!("care_team_member", ctx, tx, record, id, version))
    }
}

struct Row {
    id: Uuid,
    staff_id: Uuid,
    name: String,
    role: String,
    starts_on: NaiveDate,
    ends_on: Option<NaiveDate>,
    over: bool,
    row_version: i64,
}

impl Row {
    fn item(self) -> Item {
        let until = self.ends_on.map_or_else(String::new, |day| format!(" until {}", format::date(day)));
        Item {
            id: self.id,
            detail: format!("{}, since {}{until}", self.role, format::date(self.starts_on)),
            state: (if self.over { "Past" } else { "" }.to_owned(), ""),
            past: self.over,
            typed: Typed::default()
                .put("staff_id", self.staff_id.to_string())
                .put("role", &self.role)
                .put_date("starts_on", Some(self.starts_on))
                .put_date("ends_on", self.ends_on)
                .put("row_version", self.row_version.to_string()),
            title: self.name,
        }
    }
}
