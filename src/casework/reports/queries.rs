//! What the schema counts. Its functions know whose cases the actor may count.

use chrono::NaiveDate;
use sqlx::PgConnection;

use crate::clock::Timestamp;
use crate::error::Result;

/// Open cases of a state and age.
#[derive(Debug)]
pub struct Open {
    /// The state.
    pub status: String,
    /// The first week of the band of ages: 0, 1, 2, 4 or 13.
    pub week: i32,
    /// How many.
    pub cases: i64,
}

/// Open cases by state and age.
///
/// # Errors
/// Where the database does not answer.
pub async fn open(conn: &mut PgConnection) -> Result<Vec<Open>> {
    Ok(sqlx::query_as!(
        Open,
        r#"SELECT status AS "status!", week AS "week!", cases AS "cases!" FROM reports.cases_open()"#
    )
    .fetch_all(conn)
    .await?)
}

/// How long cases stayed in a stage that they left.
#[derive(Debug)]
pub struct Stage {
    /// The stage.
    pub stage: String,
    /// How often it was left.
    pub moves: i64,
    /// Half of them took no longer.
    pub median_seconds: f64,
    /// Nine in ten took no longer.
    pub p90_seconds: f64,
}

/// The time in each stage that was left in the period.
///
/// # Errors
/// Where the database does not answer.
pub async fn stages(conn: &mut PgConnection, since: Timestamp, until: Timestamp) -> Result<Vec<Stage>> {
    Ok(sqlx::query_as!(
        Stage,
        r#"SELECT stage AS "stage!", moves AS "moves!", median_seconds AS "median_seconds!", p90_seconds AS "p90_seconds!"
           FROM reports.cases_stages($1, $2)"#,
        since as Timestamp,
        until as Timestamp,
    )
    .fetch_all(conn)
    .await?)
}

/// What a caseworker has.
#[derive(Debug)]
pub struct Load {
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Cases not begun.
    pub assigned: i64,
    /// Cases in progress.
    pub in_progress: i64,
    /// Cases that wait for the chair.
    pub waiting: i64,
    /// Those of all these that are overdue.
    pub overdue: i64,
}

/// The load of each caseworker, the heaviest first.
///
/// # Errors
/// Where the database does not answer.
pub async fn load(conn: &mut PgConnection) -> Result<Vec<Load>> {
    Ok(sqlx::query_as!(
        Load,
        r#"SELECT first_name AS "first_name!", last_name AS "last_name!", assigned AS "assigned!", in_progress AS "in_progress!",
                  waiting AS "waiting!", overdue AS "overdue!"
           FROM reports.cases_load() ORDER BY assigned + in_progress + waiting DESC, lower(last_name), lower(first_name), user_id"#
    )
    .fetch_all(conn)
    .await?)
}

/// What was opened and completed in a week.
#[derive(Debug)]
pub struct Week {
    /// Its Monday.
    pub week: NaiveDate,
    /// Cases opened.
    pub opened: i64,
    /// Cases completed.
    pub completed: i64,
}

/// The weeks of the period in which something was opened or completed.
///
/// # Errors
/// Where the database does not answer.
pub async fn weeks(conn: &mut PgConnection, since: Timestamp, until: Timestamp, zone: &str) -> Result<Vec<Week>> {
    Ok(sqlx::query_as!(
        Week,
        r#"SELECT week AS "week!: NaiveDate", opened AS "opened!", completed AS "completed!" FROM reports.cases_weeks($1, $2, $3) ORDER BY week"#,
        since as Timestamp,
        until as Timestamp,
        zone,
    )
    .fetch_all(conn)
    .await?)
}
