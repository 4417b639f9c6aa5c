//! Made-up requests for visits that somebody still has to do something about.

use chrono::TimeDelta;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::clock::{Clock, Timestamp};
use crate::ids::new_uuid;

use super::clinic::{Clinic, SLOT_MINUTES};
use super::ground::Ground;
use super::random::Chance;
use super::visits::Spare;
use super::words::REASONS;

/// Requests that wait at each facility, where it has enough visits.
const WAITING: usize = 100;
/// Of a hundred, so many are offered a time.
const OFFERED: usize = 25;

/// A batch of requests, column by column.
#[derive(Default)]
pub struct Requests {
    ids: Vec<Uuid>,
    facilities: Vec<Uuid>,
    users: Vec<Uuid>,
    patients: Vec<Uuid>,
    reasons: Vec<&'static str>,
    acuities: Vec<&'static str>,
    states: Vec<&'static str>,
    made: Vec<Timestamp>,
    slots: Vec<Option<Uuid>>,
    slot_staff: Vec<Option<Uuid>>,
    slot_starts: Vec<Option<Timestamp>>,
}

/// Makes the queue of each clinic; `spare` is what can be offered.
pub fn make(ground: &Ground, clinics: &[Clinic], visits: usize, spare: &[Vec<Spare>], send: impl Fn(Requests)) {
    let mut chance = Chance::new(4 + ground.patients as u64);
    let now = Clock::System.now();
    let each = WAITING.min(visits / clinics.len().max(1) / 10);
    for (clinic, spare) in clinics.iter().zip(spare) {
        let mut requests = Requests::default();
        let mut offers = spare.iter();
        for number in 0..each {
            let offer = if number * 100 < each * OFFERED { offers.next() } else { None };
            requests.ids.push(new_uuid());
            requests.facilities.push(clinic.place.facility);
            requests.users.push(clinic.place.user);
            requests.patients.push(chance.one_of(&clinic.patients));
            requests.reasons.push(chance.one_of(&REASONS));
            requests.acuities.push(chance.early_of(&["GREEN", "YELLOW", "ORANGE", "RED"]));
            requests.states.push(match (offer, number % 2) {
                (Some(_), _) => "AWAITING_PATIENT_CONFIRMATION",
                (None, 0) => "NEW",
                (None, _) => "TRIAGED",
            });
            requests.made.push(now - TimeDelta::minutes(i64::try_from(chance.below(5 * 24 * 60)).unwrap_or(0)));
            requests.slots.push(offer.map(|_| new_uuid()));
            requests.slot_staff.push(offer.map(|offer| offer.staff));
            requests.slot_starts.push(offer.map(|offer| offer.start));
        }
        if each > 0 {
            send(requests);
        }
    }
}

/// Writes a batch; how many rows it was.
///
/// # Errors
/// Where the database refuses a row.
pub async fn write(conn: &mut PgConnection, ground: &Ground, requests: &Requests) -> anyhow::Result<u64> {
    let mut tx = conn.begin().await?;
    let slots = sqlx::query!(
        // Far enough ahead that no timer touches them while something is measured.
        "INSERT INTO slot (organization_id, id, facility_id, staff_id, start_time, end_time, visit_mode, status, held_until)
         SELECT $1, id, facility, staff, start, start + make_interval(mins => $6), 'IN_PERSON', 'HELD', now() + INTERVAL '300 days'
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[]) AS s (id, facility, staff, start) WHERE id IS NOT NULL",
        ground.organization,
        &requests.slots as &[Option<Uuid>],
        &requests.facilities,
        &requests.slot_staff as &[Option<Uuid>],
        &requests.slot_starts as &[Option<Timestamp>],
        i32::try_from(SLOT_MINUTES)?,
    );
    let mut rows = slots.execute(&mut *tx).await?.rows_affected();
    let asked = sqlx::query!(
        "INSERT INTO visit_request (organization_id, id, facility_id, patient_id, visit_mode, reason_text, reason_category, acuity, status, proposed_slot_id, status_changed_at, created_at, created_by_id)
         SELECT $1, id, facility, patient, 'IN_PERSON', reason, CASE status WHEN 'NEW' THEN NULL ELSE 'FOLLOW_UP' END, acuity, status, slot, made, made, author
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::timestamptz[])
              AS r (id, facility, patient, slot, author, reason, acuity, status, made)",
        ground.organization,
        &requests.ids,
        &requests.facilities,
        &requests.patients,
        &requests.slots as &[Option<Uuid>],
        &requests.users,
        &requests.reasons as &[&str],
        &requests.acuities as &[&str],
        &requests.states as &[&str],
        &requests.made as &[Timestamp],
    );
    rows += asked.execute(&mut *tx).await?.rows_affected();
    tx.commit().await?;
    Ok(rows)
}
