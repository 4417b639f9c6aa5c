//! Sixteen people who want the same hundred slots.

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use sqlx::PgConnection;

use super::database::{pairs, run_sql};
use super::http::Connection;

/// What `--only` knows it by.
pub const LABEL: &str = "Race for slots";
/// Who race.
pub const WRITERS: usize = 16;
/// What they race for.
pub const SLOTS: usize = 100;

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Race {
    /// Visits booked in a second.
    pub booked: f64,
    /// Bookings tried in a second, with those that came too late.
    pub tried: f64,
    /// Visits that overlap another of the same person.
    pub overlaps: usize,
}

/// Every writer tries every slot, all in the same order; the median of the runs.
pub async fn measure(conn: &mut PgConnection, clinician: &Connection, runs: usize) -> Result<Race> {
    eprintln!("{LABEL} …");
    let mut found = Vec::new();
    for _ in 0..runs.max(1) {
        let race = once(conn, clinician).await?;
        eprintln!("  {:.0} bookings/s of {:.0} tries/s, {} overlaps", race.booked, race.tried, race.overlaps);
        ensure!(race.overlaps == 0, "{} visits overlap", race.overlaps);
        found.push(race);
    }
    found.sort_by(|a, b| a.booked.total_cmp(&b.booked));
    found.get(found.len() / 2).copied().context("no run")
}

async fn once(conn: &mut PgConnection, clinician: &Connection) -> Result<Race> {
    // The clinician's own working days, sixty days ahead: nobody is expected then.
    let sql = format!(
        "SELECT s.id::text, to_char(at AT TIME ZONE 'Europe/London' AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
           FROM staff AS s JOIN app_user AS u ON u.organization_id = s.organization_id AND u.id = s.user_id,
                generate_series((CURRENT_DATE + 60)::timestamp, (CURRENT_DATE + 70)::timestamp, INTERVAL '1 day') AS day,
                generate_series(day + INTERVAL '8 hours', day + INTERVAL '16 hours 20 minutes', INTERVAL '20 minutes') AS at
          WHERE u.email = 'bench@example.com' AND extract(ISODOW FROM day) < 6 ORDER BY at LIMIT {SLOTS}"
    );
    let slots = pairs(conn, &sql).await?;
    ensure!(slots.len() == SLOTS, "the clinician has no {SLOTS} slots");
    take_back(conn, &slots[0].0).await?;
    let sql = format!(
        "SELECT p.id::text, '' FROM patient AS p JOIN membership AS m ON m.organization_id = p.organization_id AND m.facility_id = p.facility_id
           JOIN app_user AS u ON u.organization_id = m.organization_id AND u.id = m.user_id WHERE u.email = 'bench@example.com' ORDER BY p.id LIMIT {WRITERS}"
    );
    let mut writers = Vec::new();
    for (patient, _) in pairs(conn, &sql).await? {
        writers.push((clinician.another().await?, patient));
    }
    let begun = Instant::now();
    let booked =
        try_join_all(writers.iter_mut().map(|(connection, patient)| race(connection, patient, &slots))).await?;
    let took = begun.elapsed().as_secs_f64();
    let booked: usize = booked.into_iter().sum();
    let overlaps = count(conn, &overlapping(&slots[0].0)).await?;
    let kept = count(conn, &format!("SELECT count(*)::text, '' FROM visit WHERE {}", ahead(&slots[0].0))).await?;
    take_back(conn, &slots[0].0).await?;
    ensure!(booked == SLOTS && kept == SLOTS, "{booked} bookings were confirmed and {kept} visits are there");
    #[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
    let rate = |count: usize| count as f64 / took;
    Ok(Race { booked: rate(booked), tried: rate(SLOTS * writers.len()), overlaps })
}

/// Tries each slot; how many it got.
async fn race(connection: &mut Connection, patient: &str, slots: &[(String, String)]) -> Result<usize> {
    let mut booked = 0;
    for (staff, at) in slots {
        let form = format!("at={staff}%40{}&patient={patient}&reason=Race", at.replace(':', "%3A"));
        let request = connection.post("/slots/booking", &form, "");
        let reply = connection.exchange(&request).await?;
        ensure!(
            matches!(reply.status, 303 | 409),
            "a booking was answered {}: {}",
            reply.status,
            connection.text(reply).1
        );
        booked += usize::from(reply.status == 303);
    }
    Ok(booked)
}

/// What lies where the race is.
fn ahead(staff: &str) -> String {
    format!("staff_id = '{staff}' AND start_time > now() + INTERVAL '50 days'")
}

fn overlapping(staff: &str) -> String {
    format!(
        "SELECT count(*)::text, '' FROM visit AS v JOIN visit AS w ON w.organization_id = v.organization_id AND w.staff_id = v.staff_id AND w.id > v.id
            AND w.start_time < v.end_time AND w.end_time > v.start_time AND w.start_time > now() + INTERVAL '50 days'
          WHERE v.staff_id = '{staff}' AND v.start_time > now() + INTERVAL '50 days'"
    )
}

async fn count(conn: &mut PgConnection, sql: &str) -> Result<usize> {
    Ok(pairs(conn, sql).await?.first().context("no count")?.0.parse()?)
}

/// Leaves nothing of a race but its traces in the audit.
async fn take_back(conn: &mut PgConnection, staff: &str) -> Result<()> {
    let raced = format!("SELECT id FROM visit WHERE {}", ahead(staff));
    let sql = format!(
        "DELETE FROM notification WHERE subject_id IN ({raced}); DELETE FROM visit_participant WHERE visit_id IN ({raced});
         DELETE FROM visit WHERE {0}; DELETE FROM slot WHERE {0}",
        ahead(staff)
    );
    run_sql(conn, &sql).await
}
