//! The database: whether it answers, is new enough and in step with us.

use chrono::TimeDelta;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::{Finding, PATIENCE};
use crate::clock::{Clock, Timestamp};
use crate::config::Common;
use crate::db::{self, Source};

/// How far our clock may be from the database's: deadlines are decided by one and shown by the other.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(2);

pub(super) async fn look(common: &Common) -> Vec<Finding> {
    let fresh = !common.data_dir.join("postgres/data/PG_VERSION").exists();
    if common.database_url.is_none() && fresh {
        return vec![Finding::Note("There is no database yet: the first `almoner serve` makes it".to_owned())];
    }
    let source = match tokio::task::block_in_place(|| Source::command(common)) {
        Ok(source) => source,
        Err(error) => return vec![Finding::Wrong(format!("The database: {error:#}"))],
    };
    let findings = match tokio::time::timeout(PATIENCE, source.runtime.connect()).await {
        Ok(Ok(mut connection)) => {
            let mut findings = vec![version(&mut connection).await, clock(&mut connection).await];
            connection.close().await.ok();
            findings.push(migrations(&source.admin).await);
            findings
        }
        Ok(Err(error)) => vec![Finding::Wrong(format!("The database does not let us in: {error}"))],
        Err(_) => vec![Finding::Wrong(format!("The database did not answer within {} s", PATIENCE.as_secs()))],
    };
    tokio::task::block_in_place(|| drop(source));
    findings
}

async fn version(connection: &mut PgConnection) -> Finding {
    let asked = sqlx::query_scalar!(r#"SELECT current_setting('server_version') AS "version!""#);
    match asked.fetch_one(connection).await {
        Ok(version) => Finding::Well(format!("The database answers (PostgreSQL {version})")),
        Err(error) => Finding::Wrong(format!("The database does not answer: {error}")),
    }
}

async fn clock(connection: &mut PgConnection) -> Finding {
    let asked = sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!: Timestamp""#);
    match asked.fetch_one(connection).await {
        Ok(theirs) => compare_clocks(Clock::System.now(), theirs),
        Err(error) => Finding::Wrong(format!("The database does not tell the time: {error}")),
    }
}

fn compare_clocks(ours: Timestamp, theirs: Timestamp) -> Finding {
    let apart = (ours - theirs).abs();
    if apart > CLOCK_TOLERANCE {
        return Finding::Wrong(format!(
            "This machine's clock and the database's are {} s apart: set both by NTP",
            apart.num_seconds()
        ));
    }
    Finding::Well(format!("The clock agrees with the database's: {}", ours.format("%Y-%m-%d %H:%M:%S UTC")))
}

async fn migrations(admin: &PgConnectOptions) -> Finding {
    match db::pending_migrations(admin).await {
        Ok(0) => Finding::Well("The schema is up to date".to_owned()),
        Ok(pending) => {
            Finding::Wrong(format!("The schema is {pending} steps behind this program: run `almoner migrate`"))
        }
        Err(error) => Finding::Note(format!("Whether the schema is up to date cannot be seen: {error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_may_differ_by_two_seconds() {
        let now = Clock::System.now();
        assert!(matches!(compare_clocks(now, now + TimeDelta::seconds(1)), Finding::Well(_)));
        assert!(compare_clocks(now, now - TimeDelta::seconds(90)).to_string().contains("90 s apart"));
    }
}
