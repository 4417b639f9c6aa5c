//! What those who run the system see and do.

use sqlx::types::Uuid;

use super::pages::{Index, Lines, SHOWN};
use super::queue;
use crate::db::Tx;
use crate::db::signals::Signal;
use crate::error::{Error, OnConstraint as _, Result};
use crate::events::{self, Action, Event};
use crate::ids::JobId;
use crate::web::flash::Flash;
use crate::web::form::Id;
use crate::web::nav::Area;
use crate::web::{Ctx, Page};

const PAGE: &str = "/admin/jobs";

/// `GET /admin/jobs`.
pub async fn list(ctx: Ctx, mut tx: Tx) -> Page {
    let page = index(&ctx, &mut tx).await?;
    ctx.page(&page, page.as_jobs())
}

/// `POST /admin/jobs/{id}/retry`: from the beginning, as if it had just been enqueued.
pub async fn retry(ctx: Ctx, mut tx: Tx, Id(id): Id<JobId>) -> Page {
    let revived = queue::revive(&mut tx, id)
        .await
        .on_constraint("job_dedupe", || Error::Conflict("The same work waits already. Discard this one.".to_owned()))?;
    settled(&mut tx, id, revived).await?;
    tx.signal(Signal::Job);
    done(&ctx, tx, id, "retried", "The job will be tried again").await
}

/// `POST /admin/jobs/{id}/discard`: off the list for good.
pub async fn discard(ctx: Ctx, mut tx: Tx, Id(id): Id<JobId>) -> Page {
    let discarded = queue::discard(&mut tx, id).await?;
    settled(&mut tx, id, discarded).await?;
    done(&ctx, tx, id, "discarded", "The job was discarded").await
}

/// Whether there was a dead job to settle; else which answer fits.
async fn settled(tx: &mut Tx, id: JobId, changed: bool) -> Result<()> {
    if changed {
        return Ok(());
    }
    let exists = queue::exists(tx, id).await?;
    Err(if exists {
        Error::Conflict("The job is not among the dead any more: somebody was quicker.".to_owned())
    } else {
        Error::NotFound
    })
}

async fn done(ctx: &Ctx, mut tx: Tx, id: JobId, what: &'static str, words: &'static str) -> Page {
    let event = Event::new(Action::Update, "job").of(id).with(serde_json::json!({ "job": what }));
    events::record(&mut tx, &ctx.by(), event).await?;
    let page = index(ctx, &mut tx).await?;
    tx.commit().await?;
    ctx.fragment_or_redirect(&page.as_jobs(), PAGE, Flash::ok(words))
}

async fn index(ctx: &Ctx, tx: &mut Tx) -> Result<Index> {
    let organization: Uuid = ctx.actor.organization.uuid();
    let mut of = async |state: &str| -> Result<Lines> {
        let lines = queue::lines(tx, organization, state, SHOWN + 1).await?;
        let more = i64::try_from(lines.len()).is_ok_and(|count| count > SHOWN);
        let count = if more { format!("{SHOWN}+") } else { lines.len().to_string() };
        Ok(Lines { lines: lines.into_iter().take(usize::try_from(SHOWN).unwrap_or(0)).collect(), count })
    };
    let (dead, running, queued) = (of("DEAD").await?, of("RUNNING").await?, of("QUEUED").await?);
    let shell = ctx.shell(tx, "Jobs", Area::Jobs).await?;
    Ok(Index { shell, dead, running, queued, now: ctx.now(), zone: ctx.actor.zone })
}
