//! How often in a minute something may be asked for from outside, counted in PostgreSQL so that all replicas agree.

use sqlx::PgPool;

use crate::error::{Error, Result};

/// Counts a request before it is acted on; past `per_minute` of this key it is refused.
///
/// # Errors
/// [`Error::TooMany`], with the seconds until the minute ends.
pub async fn charge(pool: &PgPool, key: &str, per_minute: i32) -> Result<()> {
    let row = sqlx::query!(
        r#"INSERT INTO rate_limit AS counter (key, window_start, count) VALUES ($1, NOW(), 1)
               ON CONFLICT (key) DO UPDATE
              SET count = CASE WHEN counter.window_start < NOW() - INTERVAL '1 minute' THEN 1 ELSE counter.count + 1 END,
                  window_start = CASE WHEN counter.window_start < NOW() - INTERVAL '1 minute' THEN NOW() ELSE counter.window_start END
        RETURNING count, CEIL(EXTRACT(EPOCH FROM counter.window_start + INTERVAL '1 minute' - NOW()))::bigint AS "seconds_left!""#,
        key,
    )
    .fetch_one(pool)
    .await?;
    if row.count > per_minute {
        return Err(Error::TooMany { retry_after: row.seconds_left.try_into().unwrap_or(1) });
    }
    Ok(())
}
