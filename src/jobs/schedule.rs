//! Every timer of the application, with its reason.
//!
//! Each replica looks; the row lock on `job_schedule` lets one of them act. A timer that became due while nothing ran
//! fires once, not once per missed turn.

use std::time::Duration;

use sqlx::types::Uuid;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Handlers;
use crate::app::App;
use crate::db::Tx;
use crate::db::signals::Signal;
use crate::error::Result;
use crate::ids::new_uuid;

/// Snoozed alerts return when their time has come. Nobody watches the second hand, but a critical alert may be snoozed
/// for minutes only, so this is quick.
const ALERTS_WAKE: Duration = Duration::from_secs(15);

/// Alerts that somebody acknowledged and then left alone return to the queue. The limit itself is tens of minutes.
const ALERTS_UNCONFIRMED: Duration = Duration::from_secs(30);

/// Cases are due on a day; that one is overdue may be said minutes later.
const CASES_OVERDUE: Duration = Duration::from_mins(5);

/// Holds end by the database's clock whether or not this has run; it only tidies the pages and returns the requests.
const VISITS_HOLDS: Duration = Duration::from_secs(20);

/// Requests that nobody answers are brought to mind. The shortest limit, of the most urgent ones, is a quarter of an hour.
const VISITS_REMIND: Duration = Duration::from_mins(2);

/// Messages that nobody answers become alerts. The limit itself is hours.
const MESSAGES_UNANSWERED: Duration = Duration::from_mins(1);

/// Visits that are over and were never marked are brought to mind half a day later: an hour more or less is nothing.
const VISITS_UNMARKED: Duration = Duration::from_hours(1);

/// Calls that everybody has left are ended an hour after their visit: some minutes more are nothing.
const VISITS_CALLS: Duration = Duration::from_mins(5);

/// Patients are reminded hours before: some minutes more or less are nothing.
const VISITS_REMINDERS: Duration = Duration::from_mins(5);

/// What people are told leaves the portal. Bundling has held it back for two minutes already.
const NOTIFICATIONS_DELIVER: Duration = Duration::from_secs(10);

/// What was read or sent months ago takes up room only.
const NOTIFICATIONS_PURGE: Duration = Duration::from_hours(24);

/// What was done is sealed into the chain. Until then a superuser of the database could change it unnoticed, so this is
/// the length of that window.
const AUDIT_SEAL: Duration = Duration::from_mins(1);

/// List views become findable by patient: whoever asks "who saw my record" may wait this long for the newest lines.
const AUDIT_PATIENTS: Duration = Duration::from_secs(30);

/// Files of uploads that were cut off take up room only, and what is missing should be known within the day.
const DOCUMENTS_SWEEP: Duration = Duration::from_hours(6);

/// Sessions that nobody can use any more take up room only.
const SESSIONS_PURGE: Duration = Duration::from_hours(1);

/// The same goes for counters of attempts.
const LIMITS_PURGE: Duration = Duration::from_hours(1);

/// Timers make several jobs a minute for each organization: the queue stays small when what is done goes soon.
const JOBS_PURGE: Duration = Duration::from_mins(10);

/// A week is summed up once, on its Monday: an hour more or less is nothing. Facilities lie in several zones.
const WEEKLY_SUMMARIES: Duration = Duration::from_hours(1);

/// Partitions of readings are made half a year ahead: any day of those will do.
const READINGS_PARTITIONS: Duration = Duration::from_hours(24);

/// Rules ask for readings that have not come in days: ten minutes more are nothing.
const RULES_MISSING: Duration = Duration::from_mins(10);

/// Looks of rules that came to nothing months ago take up room only.
const RULES_PURGE: Duration = Duration::from_hours(24);

/// Files of readings that nobody confirmed hold room, and what somebody measured: not for longer than they need to.
const READINGS_IMPORTS: Duration = Duration::from_hours(1);

/// The longest wait between looks: how late a timer may be when another replica set it.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The shortest.
const SHORTEST_WAIT: Duration = Duration::from_millis(200);

/// A timer's own attempts: the next turn is another one, so there is no use in going on for hours.
const ATTEMPTS: i32 = 5;

/// For whom a timer fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// One job for each organization, which it enters.
    EachOrganization,
    /// One job, for the machinery itself.
    Installation,
}

/// Something that is done again and again. Its name is the kind of job.
#[derive(Clone, Copy, Debug)]
struct Timer {
    kind: &'static str,
    /// In words, for the page.
    label: &'static str,
    every: Duration,
    scope: Scope,
}

const TIMERS: &[Timer] = &[
    Timer {
        kind: "alerts.wake",
        label: "Return snoozed alerts to the queue",
        every: ALERTS_WAKE,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "alerts.unconfirmed",
        label: "Return alerts that were acknowledged and left",
        every: ALERTS_UNCONFIRMED,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "cases.overdue",
        label: "Mark cases that are overdue, and tell the chair",
        every: CASES_OVERDUE,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "visits.holds",
        label: "End holds of visit times",
        every: VISITS_HOLDS,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "visits.remind",
        label: "Remind of visit requests that wait",
        every: VISITS_REMIND,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "messages.unanswered",
        label: "Raise alerts for messages that nobody answers",
        every: MESSAGES_UNANSWERED,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "visits.unmarked",
        label: "Ask who came to visits that are over",
        every: VISITS_UNMARKED,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "visits.calls",
        label: "End video calls that everybody has left",
        every: VISITS_CALLS,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "visits.reminders",
        label: "Remind patients of their visits",
        every: VISITS_REMINDERS,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "notifications.deliver",
        label: "Send what people are told",
        every: NOTIFICATIONS_DELIVER,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "notifications.purge",
        label: "Delete notices that were read long ago",
        every: NOTIFICATIONS_PURGE,
        scope: Scope::EachOrganization,
    },
    Timer { kind: "audit.seal", label: "Seal the audit", every: AUDIT_SEAL, scope: Scope::EachOrganization },
    Timer {
        kind: "audit.patients",
        label: "Make list views findable by patient",
        every: AUDIT_PATIENTS,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "rules.missing",
        label: "Look for readings that have not come",
        every: RULES_MISSING,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "rules.purge",
        label: "Delete looks of rules that came to nothing",
        every: RULES_PURGE,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "documents.sweep",
        label: "Sweep up files that belong to no document",
        every: DOCUMENTS_SWEEP,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "sessions.purge",
        label: "Delete sessions that have ended",
        every: SESSIONS_PURGE,
        scope: Scope::Installation,
    },
    Timer {
        kind: "limits.purge",
        label: "Delete old counters of attempts",
        every: LIMITS_PURGE,
        scope: Scope::Installation,
    },
    Timer {
        kind: "weekly.summaries",
        label: "Sum up the weeks of patients",
        every: WEEKLY_SUMMARIES,
        scope: Scope::EachOrganization,
    },
    Timer {
        kind: "readings.partitions",
        label: "Make room for the readings of coming months",
        every: READINGS_PARTITIONS,
        scope: Scope::Installation,
    },
    Timer {
        kind: "readings.sweep_imports",
        label: "Delete files of readings that nobody needs",
        every: READINGS_IMPORTS,
        scope: Scope::EachOrganization,
    },
    Timer { kind: "jobs.purge", label: "Delete old jobs", every: JOBS_PURGE, scope: Scope::Installation },
];

/// A timer's work in words.
pub(super) fn label(kind: &str) -> Option<&'static str> {
    TIMERS.iter().find(|timer| timer.kind == kind).map(|timer| timer.label)
}

/// Fires timers until told to stop. Only what `handlers` can do is enqueued.
pub async fn run(app: App, handlers: Handlers, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let wait = tick(&app, &handlers).await.unwrap_or_else(|error| {
            warn!(%error, "Cannot look at the timers");
            LONGEST_WAIT
        });
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep(wait) => {}
        }
    }
}

/// Enqueues what is due, once across all replicas, and says how long nothing will be.
///
/// # Errors
/// Where the database does not answer.
pub async fn tick(app: &App, handlers: &Handlers) -> Result<Duration> {
    let timers: Vec<Timer> = TIMERS.iter().copied().filter(|timer| handlers.knows(timer.kind)).collect();
    let names: Vec<String> = timers.iter().map(|timer| timer.kind.to_owned()).collect();
    let mut tx = app.db.begin_system().await?;
    let due = due(&mut tx, &names).await?;
    for timer in timers.iter().filter(|timer| due.iter().any(|name| name == timer.kind)) {
        fire(&mut tx, timer).await?;
    }
    let wait = wait(&mut tx, &names).await?;
    tx.commit().await?;
    Ok(Duration::from_secs_f64(wait.max(0.0)).clamp(SHORTEST_WAIT, LONGEST_WAIT))
}

/// The timers that are due and that no other replica is firing at this moment.
async fn due(tx: &mut Tx, names: &[String]) -> Result<Vec<String>> {
    let known = sqlx::query_scalar!(r#"SELECT COUNT(*) AS "count!" FROM job_schedule WHERE name = ANY ($1)"#, names)
        .fetch_one(&mut **tx)
        .await?;
    if usize::try_from(known).unwrap_or(0) < names.len() {
        sqlx::query!(
            "INSERT INTO job_schedule (name, next_run_at) SELECT name, NOW() FROM UNNEST($1::text[]) AS timer (name) ON CONFLICT DO NOTHING",
            names,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(sqlx::query_scalar!(
        "SELECT name FROM job_schedule WHERE name = ANY ($1) AND next_run_at <= NOW() ORDER BY name FOR UPDATE SKIP LOCKED",
        names,
    )
    .fetch_all(&mut **tx)
    .await?)
}

async fn fire(tx: &mut Tx, timer: &Timer) -> Result<()> {
    let organizations: Vec<Option<Uuid>> = match timer.scope {
        Scope::Installation => vec![None],
        Scope::EachOrganization => {
            sqlx::query_scalar!(r#"SELECT id AS "id?" FROM organization"#).fetch_all(&mut **tx).await?
        }
    };
    let ids: Vec<Uuid> = organizations.iter().map(|_| new_uuid()).collect();
    // What has not been done since the last turn is not added again: the key holds while it waits.
    sqlx::query!(
        "INSERT INTO job (id, organization_id, kind, max_attempts, dedupe_key)
         SELECT id, organization_id, $1, $2, $1 || COALESCE(':' || organization_id, '') FROM UNNEST($3::uuid[], $4::uuid[]) AS new (id, organization_id)
             ON CONFLICT DO NOTHING",
        timer.kind,
        ATTEMPTS,
        &ids,
        &organizations as &[Option<Uuid>],
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "UPDATE job_schedule SET last_run_at = NOW(), next_run_at = NOW() + MAKE_INTERVAL(secs => $2) WHERE name = $1",
        timer.kind,
        timer.every.as_secs_f64(),
    )
    .execute(&mut **tx)
    .await?;
    tx.signal(Signal::Job);
    Ok(())
}

/// Seconds until the next timer.
async fn wait(tx: &mut Tx, names: &[String]) -> Result<f64> {
    let seconds = sqlx::query_scalar!(
        "SELECT EXTRACT(EPOCH FROM MIN(next_run_at) - NOW())::float8 FROM job_schedule WHERE name = ANY ($1)",
        names,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(seconds.unwrap_or(LONGEST_WAIT.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_has_a_name_that_the_table_accepts() {
        for timer in TIMERS {
            assert!(
                timer.kind.len() <= 64 && timer.kind.chars().all(|c| c.is_ascii_lowercase() || c == '.' || c == '_'),
                "{}",
                timer.kind
            );
            assert!(timer.every >= LONGEST_WAIT, "{} would be late", timer.kind);
        }
    }
}
