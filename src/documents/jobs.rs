//! What the sweeper does: no file without a row, and word of every row without its file.

use std::collections::HashSet;

use chrono::TimeDelta;
use futures::stream::{self, StreamExt as _};

use super::queries;
use crate::app::App;
use crate::error::Result;
use crate::files::Files;
use crate::files::codec::sealed_size;
use crate::ids::OrganizationId;
use crate::jobs::JobContext;

/// Files younger than this may belong to an upload that is still going on: one lasts two hours at most.
const GRACE: TimeDelta = TimeDelta::hours(6);

/// Names that are asked about together.
const BATCH: usize = 500;

/// Files that are looked for at a time: in a bucket each is a round trip.
const AT_ONCE: usize = 8;

/// What a sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Files without a row that were taken away.
    pub removed: u64,
    /// What uploads that were cut off had left, taken away too.
    pub unfinished: u64,
    /// Rows whose file is missing or of another size.
    pub missing: u64,
}

/// `documents.sweep`
///
/// # Errors
/// Where the database or the store does not answer.
pub async fn sweep(app: App, job: JobContext) -> Result<()> {
    let swept = sweep_older(&app, job.organization()?, GRACE).await?;
    if swept != Swept::default() {
        tracing::warn!(
            removed = swept.removed,
            unfinished = swept.unfinished,
            missing = swept.missing,
            "Swept the store of files"
        );
    }
    let tx = job.begin(&app).await?;
    job.commit(tx).await
}

/// Sweeps up what is older than `grace`.
///
/// # Errors
/// Where the database or the store does not answer.
pub async fn sweep_older(app: &App, organization: OrganizationId, grace: TimeDelta) -> Result<Swept> {
    let before = app.clock.now() - grace;
    let mut swept =
        Swept { unfinished: app.files.remove_unfinished(organization.uuid(), before).await?, ..Swept::default() };
    let mut batches = app.files.list(organization.uuid())?.chunks(BATCH);
    while let Some(batch) = batches.next().await {
        let mut old = Vec::new();
        for object in batch {
            let object = object?;
            if object.last_modified < before {
                old.push(object.location.to_string());
            }
        }
        let mut tx = app.db.begin_worker(organization).await?;
        let known: HashSet<String> = queries::known_keys(&mut tx, organization, &old).await?.into_iter().collect();
        // A store may be slow: nobody waits for it with a connection in hand.
        drop(tx);
        for key in old.iter().filter(|key| !known.contains(*key)) {
            app.files.remove(key).await?;
            swept.removed += 1;
        }
    }
    swept.missing = count_missing(app, organization).await?;
    Ok(swept)
}

/// Looks for the file of every row. One that is gone is lost: all that can be done is to say so, loudly.
async fn count_missing(app: &App, organization: OrganizationId) -> Result<u64> {
    let (mut missing, mut after) = (0, String::new());
    loop {
        let mut tx = app.db.begin_worker(organization).await?;
        let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
        let batch = queries::stored_keys(&mut tx, organization, &after, most).await?;
        drop(tx);
        let Some((last, _)) = batch.last() else { return Ok(missing) };
        after.clone_from(last);
        let looks = batch.into_iter().map(|(key, size)| lost(&app.files, key, size));
        let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        while let Some(lost) = looks.next().await {
            if let Some((key, found)) = lost? {
                tracing::error!(file = %key, ?found, "The file of a document is missing or was cut off: restore it from a backup");
                missing += 1;
            }
        }
    }
}

/// The name of a stored file, and what is there of it, where that is not what should be.
async fn lost(files: &Files, key: String, size: i64) -> Result<Option<(String, Option<u64>)>> {
    let found = files.stored_size(&key).await?;
    let expected = sealed_size(u64::try_from(size).unwrap_or(0));
    Ok((found != Some(expected)).then_some((key, found)))
}
