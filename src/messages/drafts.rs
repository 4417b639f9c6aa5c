//! What somebody was typing as an answer, kept on the server until it is sent: a session that ends, or another computer,
//! loses nothing. Never on the computer, which others may use.

use uuid::Uuid;

use crate::db::Tx;
use crate::error::{Error, Result};
use crate::events::Audited;
use crate::ids::{ThreadId, new_uuid};
use crate::web::Ctx;

/// The form, as drafts name it.
const FORM: &str = "messages.reply";

/// More than a message may hold.
const MOST: usize = 44_000;

/// What this person was typing in this conversation, for a view that is in the audit.
///
/// # Errors
/// Where the database does not answer or the draft does not open.
pub(super) async fn load(ctx: &Ctx, tx: &mut Tx, thread: ThreadId, proof: &Audited) -> Result<Option<String>> {
    let (organization, user) = (ctx.actor.organization, ctx.actor.user);
    let kept = sqlx::query!(
        r#"SELECT id, payload_enc AS "payload!" FROM form_draft
            WHERE organization_id = $1 AND user_id = $2 AND form = $3 AND subject_id = $4 AND payload_enc IS NOT NULL"#,
        organization.uuid(),
        user.uuid(),
        FORM,
        thread.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(kept) = kept else { return Ok(None) };
    let keys = ctx.app.keys(tx, organization).await?;
    let words =
        keys.open(organization, "form_draft", "payload", kept.id, &kept.payload).map_err(anyhow::Error::from)?;
    Ok(Some(words.reveal(proof).clone()))
}

/// Keeps what was typed; nothing typed is no draft.
///
/// # Errors
/// Where it is more than a message may hold, or the database does not answer.
pub(super) async fn keep(ctx: &Ctx, tx: &mut Tx, thread: ThreadId, words: &str) -> Result<()> {
    if words.len() > MOST {
        return Err(Error::TooLarge);
    }
    if words.trim().is_empty() {
        return discard(ctx, tx, thread).await;
    }
    let (organization, user) = (ctx.actor.organization, ctx.actor.user);
    let id = row(ctx, tx, thread).await?;
    let keys = ctx.app.keys(tx, organization).await?;
    let sealed = keys.seal(organization, "form_draft", "payload", id, words).map_err(anyhow::Error::from)?;
    sqlx::query!(
        "UPDATE form_draft SET payload_enc = $3 WHERE organization_id = $1 AND id = $2 AND user_id = $4",
        organization.uuid(),
        id,
        sealed,
        user.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets it: it was sent, or is not wanted.
///
/// # Errors
/// Where the database does not answer.
pub(super) async fn discard(ctx: &Ctx, tx: &mut Tx, thread: ThreadId) -> Result<()> {
    sqlx::query!(
        "UPDATE form_draft SET payload_enc = NULL
          WHERE organization_id = $1 AND user_id = $2 AND form = $3 AND subject_id = $4 AND payload_enc IS NOT NULL",
        ctx.actor.organization.uuid(),
        ctx.actor.user.uuid(),
        FORM,
        thread.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The row of the draft, for which its words are sealed; made where there is none.
async fn row(ctx: &Ctx, tx: &mut Tx, thread: ThreadId) -> Result<Uuid> {
    let (organization, user) = (ctx.actor.organization.uuid(), ctx.actor.user.uuid());
    sqlx::query!(
        "INSERT INTO form_draft (organization_id, id, user_id, form, subject_id, created_by_id) VALUES ($1, $2, $3, $4, $5, $3)
         ON CONFLICT (organization_id, user_id, form, subject_id) DO NOTHING",
        organization,
        new_uuid(),
        user,
        FORM,
        thread.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(sqlx::query_scalar!(
        "SELECT id FROM form_draft WHERE organization_id = $1 AND user_id = $2 AND form = $3 AND subject_id = $4",
        organization,
        user,
        FORM,
        thread.uuid(),
    )
    .fetch_one(&mut **tx)
    .await?)
}
