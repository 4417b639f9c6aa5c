//! The databases that are measured, and looks into them past the portal.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Executor as _, PgConnection, Row as _};

use super::statements::Statement;

/// How large a database is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub name: &'static str,
    pub patients: u32,
    pub alerts: u32,
    pub open: u32,
    pub cases: u32,
    pub visits: u32,
    pub messages: u32,
    pub readings: u32,
}

impl Size {
    /// With one in `share` of the visits, messages and readings.
    pub fn shared(self, share: u32) -> Self {
        Self { visits: self.visits / share, messages: self.messages / share, readings: self.readings / share, ..self }
    }

    /// The arguments of `almoner seed`.
    fn numbers(self) -> [(&'static str, u32); 8] {
        [
            ("patients", self.patients),
            ("alerts", self.alerts),
            ("open", self.open),
            ("cases", self.cases),
            ("visits", self.visits),
            ("messages", self.messages),
            ("readings", self.readings),
            ("facilities", FACILITIES),
        ]
    }
}

/// How long sealing may take.
const SETTLE_SECONDS: u32 = 900;

/// The facilities of either size.
const FACILITIES: u32 = 20;

/// Makes the database where it is not there yet. It is kept for the next time.
pub fn prepare(program: &Path, root: &Path, size: Size) -> Result<PathBuf> {
    let data = root.join(size.name);
    let mark = data.join("seeded");
    let wanted = size.numbers().map(|(name, number)| format!("{number} {name}\n")).concat();
    if std::fs::read_to_string(&mark).is_ok_and(|seeded| seeded == wanted) {
        return Ok(data);
    }
    ensure!(!data.exists(), "{} holds another size, or is not complete: remove it", data.display());
    println!("Making {}: {} …", data.display(), wanted.trim().replace('\n', ", "));
    let mut command = Command::new(program);
    command.arg("seed").arg("--data-dir").arg(&data);
    for (name, number) in size.numbers() {
        command.arg(format!("--{name}")).arg(number.to_string());
    }
    ensure!(command.status().context("almoner does not start")?.success(), "almoner seed failed");
    std::fs::write(&mark, wanted)?;
    Ok(data)
}

/// Runs statements that cannot be prepared.
pub async fn run_sql(conn: &mut PgConnection, sql: &str) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "a benchmark looks past the portal")]
    conn.execute(sqlx::raw_sql(sql)).await.with_context(|| sql.chars().take(200).collect::<String>())?;
    Ok(())
}

/// Pairs of texts.
pub async fn pairs(conn: &mut PgConnection, sql: &str) -> Result<Vec<(String, String)>> {
    #[expect(clippy::disallowed_methods, reason = "a benchmark looks past the portal")]
    Ok(sqlx::query_as(sql).fetch_all(conn).await?)
}

/// Waits until the portal has sealed what the made-up records brought into the audit: that is work of the first minutes only.
pub async fn settle(conn: &mut PgConnection) -> Result<()> {
    let sql = "SELECT 1 FROM (SELECT FROM audit_event AS e LEFT JOIN audit_progress AS p ON p.organization_id = e.organization_id
                              WHERE e.xid >= coalesce(p.horizon, 0)::text::xid8 LIMIT 1001) AS unsealed HAVING count(*) > 1000";
    for second in 0..SETTLE_SECONDS {
        #[expect(clippy::disallowed_methods, reason = "a benchmark looks past the portal")]
        if (&mut *conn).fetch_optional(sqlx::raw_sql(sql)).await?.is_none() {
            return Ok(());
        }
        if second == 0 {
            println!("Waiting until the audit is sealed …");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    anyhow::bail!("the audit is not sealed after {SETTLE_SECONDS} s")
}

/// The plan of each statement of a request, as the portal's own role sees it, and as it is after some requests: for whatever values.
pub async fn explain(runtime: &PgConnectOptions, statements: &[Statement]) -> Result<String> {
    use sqlx::{ConnectOptions as _, Connection as _};
    let mut conn = runtime.connect().await?;
    run_sql(&mut conn, "SET ROLE almoner_auth; SET plan_cache_mode = force_generic_plan; SET jit = off").await?;
    let mut text = String::new();
    for (number, statement) in statements.iter().enumerate() {
        if statement.sql.starts_with("BEGIN") || statement.sql.starts_with("COMMIT") {
            run_sql(&mut conn, &statement.sql.replace("COMMIT", "ROLLBACK")).await?;
            continue;
        }
        // As the driver sends it: prepared, with values that come later.
        run_sql(&mut conn, &format!("PREPARE p{number} AS {}", statement.sql)).await?;
        let values: Vec<String> = statement
            .parameters
            .iter()
            .map(|value| value.as_ref().map_or("NULL".into(), |value| format!("'{}'", value.replace('\'', "''"))))
            .collect();
        let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
        let sql = format!("EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) EXECUTE p{number}{values}");
        #[expect(clippy::disallowed_methods, reason = "a benchmark looks past the portal")]
        let plan = (&mut conn).fetch_all(sqlx::raw_sql(&sql)).await.with_context(|| statement.sql.clone())?;
        text.push_str(&statement.sql);
        text.push('\n');
        for line in plan {
            text.push_str("    ");
            text.push_str(&line.try_get::<String, _>(0)?);
            text.push('\n');
        }
        text.push('\n');
    }
    conn.close().await?;
    Ok(text)
}
