//! Made-up visits: full days of every working day, back from four weeks ahead, each in a slot of its own.

use chrono::{Datelike as _, Days, NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::clock::{Clock, Timestamp};
use crate::ids::new_uuid;
use crate::visits::derive::moment;

use super::clinic::{Clinic, OPENS, SLOT_MINUTES, SLOTS};
use super::ground::Ground;
use super::random::Chance;
use super::words::REASONS;

/// Visits of a person's working day.
const A_DAY: usize = 20;
/// Working days ahead for which people are expected: four weeks.
const AHEAD: usize = 20;
/// Of a hundred visits, so many were asked for in the portal.
const ASKED: u32 = 20;
/// Free slots kept for offers, of each facility.
const SPARE: usize = 30;
/// The clock on the walls.
const ZONE: Tz = Tz::Europe__London;

/// A slot that nobody has taken.
#[derive(Clone, Copy)]
pub struct Spare {
    /// Whose.
    pub staff: Uuid,
    /// From.
    pub start: Timestamp,
}

/// A batch of visits with their slots, column by column.
#[derive(Default)]
pub struct Visits {
    ids: Vec<Uuid>,
    slots: Vec<Uuid>,
    requests: Vec<Uuid>,
    facilities: Vec<Uuid>,
    users: Vec<Uuid>,
    patients: Vec<Uuid>,
    staff: Vec<Uuid>,
    starts: Vec<Timestamp>,
    states: Vec<&'static str>,
    reasons: Vec<&'static str>,
    asked: Vec<bool>,
}

/// Makes `total` visits, day by day, those before `before` where the organization has some already. Answers what is
/// free of each clinic's next days.
pub fn make(
    ground: &Ground,
    clinics: &[Clinic],
    total: usize,
    before: Option<NaiveDate>,
    batch: usize,
    send: impl Fn(Visits),
) -> Vec<Vec<Spare>> {
    let mut spare: Vec<Vec<Spare>> = clinics.iter().map(|_| Vec::new()).collect();
    let people: usize = clinics.iter().map(|clinic| clinic.staff.len()).sum();
    if people == 0 {
        return spare;
    }
    let mut chance = Chance::new(3 + ground.patients as u64);
    let now = Clock::System.now();
    let mut left = total;
    let mut visits = Visits::default();
    for day in working_days(total.div_ceil(people * A_DAY), now.date_naive(), before) {
        for (clinic, spare) in clinics.iter().zip(&mut spare) {
            for staff in &clinic.staff {
                let mut wanted = A_DAY.min(left);
                for place in 0..SLOTS {
                    let Some(start) = slot(day, place) else { continue };
                    if chance.below(SLOTS - place) < wanted {
                        visits.add(&mut chance, clinic, *staff, start, now);
                        wanted -= 1;
                        left -= 1;
                    } else if start > now + TimeDelta::hours(24) && spare.len() < SPARE {
                        spare.push(Spare { staff: *staff, start });
                    }
                }
                if visits.ids.len() >= batch {
                    send(std::mem::take(&mut visits));
                }
            }
        }
    }
    if !visits.ids.is_empty() {
        send(visits);
    }
    spare
}

/// When a slot of a day begins.
fn slot(day: NaiveDate, place: usize) -> Option<Timestamp> {
    let from = NaiveTime::from_hms_opt(OPENS, 0, 0)? + TimeDelta::minutes(SLOT_MINUTES * i64::try_from(place).ok()?);
    moment(ZONE, day, from)
}

/// So many working days, up to four weeks of them ahead, the first first.
fn working_days(count: usize, today: NaiveDate, before: Option<NaiveDate>) -> Vec<NaiveDate> {
    let works = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let ahead = if before.is_some() { 0 } else { AHEAD.min(count / 2) };
    let last = before.unwrap_or(today + Days::new(1));
    let mut days: Vec<NaiveDate> = (1..).map(|back| last - Days::new(back)).filter(works).take(count - ahead).collect();
    days.reverse();
    days.extend((0..).map(|on| last + Days::new(on)).filter(works).take(ahead));
    days
}

impl Visits {
    fn add(&mut self, chance: &mut Chance, clinic: &Clinic, staff: Uuid, start: Timestamp, now: Timestamp) {
        self.ids.push(new_uuid());
        self.slots.push(new_uuid());
        self.requests.push(new_uuid());
        self.facilities.push(clinic.place.facility);
        self.users.push(clinic.place.user);
        self.patients.push(chance.one_of(&clinic.patients));
        self.staff.push(staff);
        self.starts.push(start);
        self.states.push(match (start < now, chance.below(100)) {
            (_, 0..8) => "CANCELLED",
            (true, 8..13) => "NO_SHOW",
            (true, _) => "COMPLETED",
            (false, _) => "PLANNED",
        });
        self.reasons.push(chance.one_of(&REASONS));
        self.asked.push(chance.percent(ASKED));
    }
}

/// The first day on which the organization has a visit.
///
/// # Errors
/// Where the database does not answer.
pub async fn first_day(conn: &mut PgConnection, ground: &Ground) -> anyhow::Result<Option<NaiveDate>> {
    Ok(sqlx::query_scalar!(
        r#"SELECT min(start_time)::date AS "day: NaiveDate" FROM visit WHERE organization_id = $1"#,
        ground.organization
    )
    .fetch_one(conn)
    .await?)
}

/// Writes a batch; how many rows it was.
///
/// # Errors
/// Where the database refuses a row.
pub async fn write(conn: &mut PgConnection, ground: &Ground, visits: &Visits) -> anyhow::Result<u64> {
    let mut tx = conn.begin().await?;
    let slots = sqlx::query!(
        "INSERT INTO slot (organization_id, id, facility_id, staff_id, start_time, end_time, visit_mode, status, created_at)
         SELECT $1, id, facility, staff, start, start + make_interval(mins => $7), 'IN_PERSON', CASE state WHEN 'CANCELLED' THEN 'FREE' ELSE 'BOOKED' END,
                least(start - INTERVAL '10 days', now())
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[]) AS s (id, facility, staff, start, state)",
        ground.organization,
        &visits.slots,
        &visits.facilities,
        &visits.staff,
        &visits.starts as &[Timestamp],
        &visits.states as &[&str],
        i32::try_from(SLOT_MINUTES)?,
    );
    let mut rows = slots.execute(&mut *tx).await?.rows_affected();
    rows += write_visits(&mut tx, ground, visits).await?;
    rows += write_requests(&mut tx, ground, visits).await?;
    tx.commit().await?;
    Ok(rows)
}

async fn write_visits(conn: &mut PgConnection, ground: &Ground, visits: &Visits) -> anyhow::Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO visit (organization_id, id, facility_id, patient_id, staff_id, slot_id, visit_type, visit_mode, reason_text, start_time, end_time, status, cancel_reason,
                            checked_in_at, started_at, ended_at, created_at, created_by_id)
         SELECT $1, id, facility, patient, staff, slot, 'SCHEDULED', 'IN_PERSON', reason, start, start + make_interval(mins => $11), state,
                CASE state WHEN 'CANCELLED' THEN 'Could not leave work.' END, CASE state WHEN 'COMPLETED' THEN start - INTERVAL '6 minutes' END,
                CASE state WHEN 'COMPLETED' THEN start + INTERVAL '2 minutes' END,
                CASE state WHEN 'PLANNED' THEN NULL WHEN 'CANCELLED' THEN least(start - INTERVAL '30 hours', now()) ELSE start + INTERVAL '18 minutes' END,
                least(start - INTERVAL '10 days', now()), author
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::timestamptz[], $9::text[], $10::text[])
              AS v (id, slot, facility, patient, staff, author, start, state, reason)",
        ground.organization,
        &visits.ids,
        &visits.slots,
        &visits.facilities,
        &visits.patients,
        &visits.staff,
        &visits.users,
        &visits.starts as &[Timestamp],
        &visits.states as &[&str],
        &visits.reasons as &[&str],
        i32::try_from(SLOT_MINUTES)?,
    );
    let rows = done.execute(&mut *conn).await?.rows_affected();
    let joined = sqlx::query!(
        "INSERT INTO visit_participant (organization_id, id, visit_id, patient_id, attendance)
         SELECT $1, id, id, patient, CASE state WHEN 'COMPLETED' THEN 'ATTENDED' WHEN 'NO_SHOW' THEN 'ABSENT' WHEN 'CANCELLED' THEN 'CANCELLED' ELSE 'EXPECTED' END
         FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS p (id, patient, state)",
        ground.organization,
        &visits.ids,
        &visits.patients,
        &visits.states as &[&str],
    );
    Ok(rows + joined.execute(conn).await?.rows_affected())
}

/// The requests that some visits came from.
async fn write_requests(conn: &mut PgConnection, ground: &Ground, visits: &Visits) -> anyhow::Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO visit_request (organization_id, id, facility_id, patient_id, visit_mode, reason_text, reason_category, acuity, status, proposed_slot_id, visit_id,
                                    status_changed_at, created_at, created_by_id)
         SELECT $1, id, facility, patient, 'IN_PERSON', reason, 'FOLLOW_UP', 'GREEN', 'CONVERTED_TO_VISIT', slot, visit,
                least(start - INTERVAL '10 days', now()), least(start - INTERVAL '11 days', now()), author
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::timestamptz[], $9::text[], $10::boolean[])
              AS r (id, facility, patient, slot, visit, author, start, reason, asked)
         WHERE asked",
        ground.organization,
        &visits.requests,
        &visits.facilities,
        &visits.patients,
        &visits.slots,
        &visits.ids,
        &visits.users,
        &visits.starts as &[Timestamp],
        &visits.reasons as &[&str],
        &visits.asked,
    );
    Ok(done.execute(conn).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_days_lead_up_to_four_weeks_ahead() {
        let saturday = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        let days = working_days(250, saturday, None);
        assert_eq!(days.len(), 250);
        assert!(days.is_sorted());
        assert_eq!(days.last().copied(), NaiveDate::from_ymd_opt(2026, 12, 18));
        assert_eq!(days.iter().filter(|day| **day > saturday).count(), AHEAD);
        let earlier = working_days(10, saturday, days.first().copied());
        assert!(earlier.len() == 10 && earlier.last() < days.first(), "a second run adds before the first");
    }

    #[test]
    fn a_day_has_slots_by_the_clock_on_the_wall() {
        let summer = NaiveDate::from_ymd_opt(2026, 7, 1).unwrap();
        assert_eq!(slot(summer, 0).unwrap().to_rfc3339(), "2026-07-01T07:00:00+00:00");
        assert_eq!(slot(summer, SLOTS - 1).unwrap().to_rfc3339(), "2026-07-01T15:20:00+00:00");
    }
}
