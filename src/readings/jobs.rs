//! What happens to readings by the clock.

use tracing::info;

pub use super::imports::jobs::{check as check_import, sweep as sweep_imports, take as take_import};

use crate::app::App;
use crate::error::Result;
use crate::jobs::JobContext;

/// Makes the partitions of the coming months. Harmless where they are there.
pub async fn make_partitions(app: App, _job: JobContext) -> Result<()> {
    let mut tx = app.db.begin_system().await?;
    let made =
        sqlx::query_scalar!(r#"SELECT kit.make_observation_partitions() AS "made!""#).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    if made > 0 {
        info!(partitions = made, "Made partitions for the readings of coming months");
    }
    Ok(())
}
