//! Made-up alerts: two years of closed ones, a fortnight of open ones, and some patients with five hundred.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::clock::{Clock, Timestamp};
use crate::config::Seed;
use crate::ids::new_uuid;

use super::ground::Ground;
use super::random::Chance;
use super::words::{STORIES, Story};

/// How many alerts a patient with a long history has: slow charts of such patients are the field's oldest complaint.
pub const LONG_HISTORY: usize = 500;
/// One patient in so many has a long history, as long as that leaves half of the alerts for everybody else.
const ONE_IN: usize = 100;
/// How far back closed alerts go, and how far back open ones.
const HISTORY: TimeDelta = TimeDelta::days(730);
const QUEUE: TimeDelta = TimeDelta::days(14);

/// A batch of alerts, column by column, as it goes into the statement.
#[derive(Default)]
pub struct Alerts {
    ids: Vec<Uuid>,
    facilities: Vec<Uuid>,
    patients: Vec<Uuid>,
    clinicians: Vec<Uuid>,
    assigned: Vec<bool>,
    kinds: Vec<&'static str>,
    severities: Vec<&'static str>,
    titles: Vec<&'static str>,
    bodies: Vec<&'static str>,
    payloads: Vec<Value>,
    statuses: Vec<&'static str>,
    raised: Vec<Timestamp>,
}

/// Makes the alerts in the order in which they came in, so that those of one patient lie apart as they would in life.
pub fn make(ground: &Ground, patients: &[Uuid], wanted: &Seed, batch: usize, send: impl Fn(Alerts)) {
    if patients.is_empty() {
        return;
    }
    let mut chance = Chance::new(1 + ground.patients as u64);
    let (total, open) = (wanted.alerts as usize, wanted.open.min(wanted.alerts) as usize);
    let owners = owners(&mut chance, patients.len(), total, total - open);
    let now = Clock::System.now();
    let mut alerts = Alerts::default();
    for (at, owner) in owners.into_iter().enumerate() {
        let closed = at < total - open;
        let raised = if closed {
            now - HISTORY + (HISTORY - QUEUE) / clamp(total - open) * clamp(at)
        } else {
            now - QUEUE + QUEUE / clamp(open) * clamp(at - (total - open))
        };
        alerts.add(ground, &mut chance, (owner, patients[owner]), closed, raised);
        if alerts.ids.len() == batch {
            send(std::mem::take(&mut alerts));
        }
    }
    if !alerts.ids.is_empty() {
        send(alerts);
    }
}

/// Whose each alert is, closed ones first.
fn owners(chance: &mut Chance, patients: usize, total: usize, closed: usize) -> Vec<usize> {
    let heavy = (patients / ONE_IN).min(total / 2 / LONG_HISTORY).min(closed / LONG_HISTORY);
    let every = patients.checked_div(heavy).unwrap_or(0);
    let mut owners: Vec<usize> =
        (0..heavy).flat_map(|number| std::iter::repeat_n(number * every, LONG_HISTORY)).collect();
    while owners.len() < closed {
        owners.push(chance.below(patients));
    }
    chance.shuffle(&mut owners);
    owners.extend((closed..total).map(|_| chance.below(patients)));
    owners
}

fn clamp(number: usize) -> i32 {
    i32::try_from(number.max(1)).unwrap_or(i32::MAX)
}

impl Alerts {
    fn add(
        &mut self,
        ground: &Ground,
        chance: &mut Chance,
        (owner, patient): (usize, Uuid),
        closed: bool,
        raised: Timestamp,
    ) {
        let place = ground.place_of(owner);
        let story = &STORIES[chance.below(STORIES.len())];
        self.ids.push(new_uuid());
        self.facilities.push(place.facility);
        self.patients.push(patient);
        self.clinicians.push(place.user);
        self.assigned.push(closed || chance.percent(50));
        self.kinds.push(story.kind);
        self.severities.push(match chance.below(100) {
            0..3 => "CRITICAL",
            3..18 => "HIGH",
            18..63 => "WARNING",
            _ => "INFO",
        });
        self.titles.push(story.title);
        self.bodies.push(story.body);
        // What closed alerts say beside their text is not shown in lists.
        self.payloads.push(if closed {
            json!({ "rule": story.title, "why": story.body })
        } else {
            evidence(story, chance, raised)
        });
        self.statuses.push(match (closed, chance.below(100)) {
            (true, 0..85) => "RESOLVED",
            (true, _) => "DISMISSED",
            (false, 0..75) => "ACTIVE",
            (false, 75..92) => "ACKNOWLEDGED",
            (false, _) => "SNOOZED",
        });
        self.raised.push(raised);
    }
}

/// Fourteen readings that leave their range.
fn evidence(story: &Story, chance: &mut Chance, raised: Timestamp) -> Value {
    let (low, high) = story.range;
    let middle = f64::from(low + high) / 2.0;
    let step = f64::from(high - low) / 14.0;
    let points: Vec<Value> = (0..14)
        .map(|at| {
            let wobble = f64::from(i32::try_from(chance.below(100)).unwrap_or(0)) / 100.0;
            let value = ((middle + step * (f64::from(at) + wobble)) * 10.0).round() / 10.0;
            json!([raised - TimeDelta::days(i64::from(13 - at)), value])
        })
        .collect();
    json!({
        "rule": story.title, "why": story.body,
        "series": [{ "name": story.series.0, "unit": story.series.1, "low": low, "high": high, "points": points }],
    })
}

/// Writes a batch; how many rows it was.
///
/// # Errors
/// Where the database refuses a row.
pub async fn write(conn: &mut PgConnection, ground: &Ground, alerts: &Alerts) -> anyhow::Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO alert (organization_id, id, facility_id, patient_id, type, severity, title, body, payload, status, assignee_id, raised_at, last_seen_at, created_at,
                            acknowledged_at, acknowledged_by_id, ack_expires_at, snoozed_until, resolved_at, resolved_by_id, reason_code, status_changed_at)
         SELECT $1, id, facility_id, patient_id, type, severity, title, body, payload, status, CASE WHEN assigned THEN clinician END, raised_at, raised_at, raised_at,
                CASE WHEN status = 'ACKNOWLEDGED' THEN raised_at + INTERVAL '10 minutes' END, CASE WHEN status = 'ACKNOWLEDGED' THEN clinician END,
                -- Far enough ahead that no timer touches them while something is measured.
                CASE WHEN status = 'ACKNOWLEDGED' THEN now() + INTERVAL '300 days' END, CASE WHEN status = 'SNOOZED' THEN now() + INTERVAL '300 days' END,
                CASE WHEN status IN ('RESOLVED', 'DISMISSED') THEN raised_at + INTERVAL '3 hours' END, CASE WHEN status IN ('RESOLVED', 'DISMISSED') THEN clinician END,
                CASE status WHEN 'RESOLVED' THEN 'CONTACTED_PATIENT' WHEN 'DISMISSED' THEN 'EXPECTED' END, raised_at + INTERVAL '10 minutes'
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::boolean[], $7::text[], $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::text[], $13::timestamptz[])
              AS a (id, facility_id, patient_id, clinician, assigned, type, severity, title, body, payload, status, raised_at)",
        ground.organization,
        &alerts.ids,
        &alerts.facilities,
        &alerts.patients,
        &alerts.clinicians,
        &alerts.assigned,
        &alerts.kinds as &[&str],
        &alerts.severities as &[&str],
        &alerts.titles as &[&str],
        &alerts.bodies as &[&str],
        &alerts.payloads,
        &alerts.statuses as &[&str],
        &alerts.raised as &[Timestamp],
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_patient_in_a_hundred_has_five_hundred_alerts() {
        let owners = owners(&mut Chance::new(1), 1_000, 20_000, 19_000);
        assert_eq!(owners.len(), 20_000);
        let mut counts = vec![0; 1_000];
        owners.iter().for_each(|owner| counts[*owner] += 1);
        assert_eq!(counts.iter().filter(|count| **count >= LONG_HISTORY).count(), 10);
        assert!(counts.iter().filter(|count| **count > 0).count() > 990);
    }

    #[test]
    fn long_histories_leave_half_of_the_alerts_to_everybody_else() {
        let owners = owners(&mut Chance::new(1), 200_000, 1_000_000, 960_000);
        let mut counts = vec![0; 200_000];
        owners.iter().for_each(|owner| counts[*owner] += 1);
        assert_eq!(counts.iter().filter(|count| **count >= LONG_HISTORY).count(), 1_000);
        assert_eq!(owners.len(), 1_000_000);
    }

    #[test]
    fn chance_repeats_itself() {
        let once = owners(&mut Chance::new(7), 50, 400, 300);
        assert_eq!(once, owners(&mut Chance::new(7), 50, 400, 300));
    }
}
