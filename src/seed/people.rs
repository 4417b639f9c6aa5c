//! Made-up patients, with a contact, a problem and a care team each, and allergies for some.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::ids::new_uuid;
use crate::patients::names;
use crate::phi::{Keyring, normalise};

use super::ground::{Ground, Place};
use super::random::Chance;
use super::words::{ALLERGIES, CONDITIONS, FAMILIES, MEN, WOMEN};

/// A batch of patients, column by column, as it goes into the statements.
#[derive(Default)]
pub struct People {
    ids: Vec<Uuid>,
    others: Vec<Uuid>,
    facilities: Vec<Uuid>,
    clinicians: Vec<Uuid>,
    firsts: Vec<String>,
    lasts: Vec<String>,
    name_keys: Vec<String>,
    given_keys: Vec<String>,
    born: Vec<NaiveDate>,
    allergy_statuses: Vec<&'static str>,
    demographics: Vec<Value>,
    numbers: Vec<Vec<u8>>,
    number_indexes: Vec<Vec<u8>>,
    phones: Vec<Vec<u8>>,
    phone_indexes: Vec<Vec<u8>>,
    contact_names: Vec<Vec<u8>>,
    contact_phones: Vec<Vec<u8>>,
    codes: Vec<&'static str>,
    problems: Vec<&'static str>,
    allergic: Vec<Uuid>,
    substances: Vec<&'static str>,
    reactions: Vec<&'static str>,
    severities: Vec<&'static str>,
}

/// Makes `count` patients and hands them out in batches; their ids, in order.
///
/// # Errors
/// Where the organization's keys are not at hand.
pub fn make(
    ground: &Ground,
    keys: &Keyring,
    count: usize,
    batch: usize,
    send: impl Fn(People),
) -> anyhow::Result<Vec<Uuid>> {
    let mut chance = Chance::new(ground.patients as u64);
    let mut ids = Vec::with_capacity(count);
    let mut people = People::default();
    for number in 0..count {
        let place = ground.place_of(number);
        people.add(ground, keys, &mut chance, ground.patients + number, place)?;
        ids.extend(people.ids.last());
        if people.ids.len() == batch {
            send(std::mem::take(&mut people));
        }
    }
    if !people.ids.is_empty() {
        send(people);
    }
    Ok(ids)
}

impl People {
    fn add(
        &mut self,
        ground: &Ground,
        keys: &Keyring,
        chance: &mut Chance,
        number: usize,
        place: Place,
    ) -> anyhow::Result<()> {
        let (id, other, organization) = (new_uuid(), new_uuid(), ground.organization);
        let woman = chance.percent(52);
        let first = chance.early_of(if woman { &WOMEN } else { &MEN });
        let last = chance.early_of(&FAMILIES);
        let record = format!("{:03} {:04}", 200 + number / 10_000, number % 10_000);
        let phone = format!("07700 9{:05}", number % 100_000);
        let seal = |table, column, row: Uuid, value: &str| keys.seal(organization, table, column, row, value);
        self.numbers.push(seal("patient", "medical_record_number", id, &record)?);
        self.number_indexes.push(keys.blind_index(
            organization,
            "patient",
            "medical_record_number",
            &normalise::record_number(&record),
        )?);
        self.phones.push(seal("patient", "phone", id, &phone)?);
        self.phone_indexes.push(keys.blind_index(
            organization,
            "patient",
            "phone",
            &normalise::phone(&phone, normalise::CALLING_CODE),
        )?);
        self.contact_names.push(seal("patient_contact", "name", other, &format!("{} {last}", chance.one_of(&WOMEN)))?);
        self.contact_phones.push(seal("patient_contact", "phone", other, &phone)?);
        self.ids.push(id);
        self.others.push(other);
        self.facilities.push(place.facility);
        self.clinicians.push(place.staff);
        self.name_keys.push(names::key(last, first));
        self.given_keys.push(names::key(first, last));
        self.firsts.push(first.to_owned());
        self.lasts.push(last.to_owned());
        self.born
            .push(NaiveDate::from_ymd_opt(1932, 1, 1).unwrap_or_default() + Days::new(chance.below(31_000) as u64));
        self.demographics.push(json!({ "sex": if woman { "FEMALE" } else { "MALE" }, "interpreter": false }));
        let (code, problem) = chance.early_of(&CONDITIONS);
        self.codes.push(code);
        self.problems.push(problem);
        let known = chance.percent(30);
        self.allergy_statuses.push(if known { "KNOWN" } else { chance.one_of(&["NONE_KNOWN", "NOT_RECORDED"]) });
        if known {
            let (substance, reaction, severity) = chance.early_of(&ALLERGIES);
            self.allergic.push(id);
            self.substances.push(substance);
            self.reactions.push(reaction);
            self.severities.push(severity);
        }
        Ok(())
    }
}

/// Writes a batch; how many rows it was.
///
/// # Errors
/// Where the database refuses a row.
pub async fn write(conn: &mut PgConnection, ground: &Ground, people: &People) -> anyhow::Result<u64> {
    let mut tx = conn.begin().await?;
    let mut rows = write_patients(&mut tx, ground, people).await?;
    rows += write_belongings(&mut tx, ground, people).await?;
    tx.commit().await?;
    Ok(rows)
}

async fn write_patients(conn: &mut PgConnection, ground: &Ground, people: &People) -> anyhow::Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO patient (organization_id, id, facility_id, assigned_clinician_id, first_name, last_name, name_key, given_key, date_of_birth, allergy_status, demographics,
                              medical_record_number_enc, medical_record_number_bidx, phone_enc, phone_bidx)
         SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::date[], $10::text[], $11::jsonb[],
                                  $12::bytea[], $13::bytea[], $14::bytea[], $15::bytea[])",
        ground.organization,
        &people.ids,
        &people.facilities,
        &people.clinicians,
        &people.firsts,
        &people.lasts,
        &people.name_keys,
        &people.given_keys,
        &people.born as &[NaiveDate],
        &people.allergy_statuses as &[&str],
        &people.demographics,
        &people.numbers,
        &people.number_indexes,
        &people.phones,
        &people.phone_indexes,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

async fn write_belongings(conn: &mut PgConnection, ground: &Ground, people: &People) -> anyhow::Result<u64> {
    let contacts = sqlx::query!(
        "INSERT INTO patient_contact (organization_id, id, patient_id, name_enc, phone_enc, relationship, is_emergency)
         SELECT $1, id, patient_id, name, phone, 'Relative', true FROM unnest($2::uuid[], $3::uuid[], $4::bytea[], $5::bytea[]) AS c (id, patient_id, name, phone)",
        ground.organization,
        &people.others,
        &people.ids,
        &people.contact_names,
        &people.contact_phones,
    );
    let mut rows = contacts.execute(&mut *conn).await?.rows_affected();
    let conditions = sqlx::query!(
        "INSERT INTO condition (organization_id, id, patient_id, code, text)
         SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[])",
        ground.organization,
        &people.others,
        &people.ids,
        &people.codes as &[&str],
        &people.problems as &[&str],
    );
    rows += conditions.execute(&mut *conn).await?.rows_affected();
    let teams = sqlx::query!(
        "INSERT INTO care_team_member (organization_id, id, patient_id, staff_id, role)
         SELECT $1, id, patient_id, staff_id, 'Responsible clinician' FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS m (id, patient_id, staff_id)",
        ground.organization,
        &people.others,
        &people.ids,
        &people.clinicians,
    );
    rows += teams.execute(&mut *conn).await?.rows_affected();
    let allergies = sqlx::query!(
        "INSERT INTO allergy (organization_id, id, patient_id, substance, reaction, severity)
         SELECT $1, patient_id, * FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS a (patient_id, substance, reaction, severity)",
        ground.organization,
        &people.allergic,
        &people.substances as &[&str],
        &people.reactions as &[&str],
        &people.severities as &[&str],
    );
    Ok(rows + allergies.execute(conn).await?.rows_affected())
}
