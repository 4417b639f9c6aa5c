//! What other slices show on the page of a case.
//!
//! A slice joins in with one function that gives its panel as HTML, for instance
//! `pub async fn panel(ctx: &Ctx, tx: &mut Tx, head: &Head, proof: &Audited) -> Result<String>`, which renders a template
//! whose root is `<section class="panel" id="…" aria-labelledby="…">`; `proof` says that the view of the case is written
//! down already. Call it below and push what it gives to the wide or the narrow column. Its forms post to its own routes
//! under `/cases/{id}/…` and come back to `/cases/{id}#…`.

use super::head::Head;
use crate::db::Tx;
use crate::documents::{self, Subject};
use crate::error::Result;
use crate::events::Audited;
use crate::ids::OrganizationId;
use crate::web::Ctx;
use crate::{casework, tasks};

/// Panels as HTML, from top to bottom.
#[derive(Debug, Default)]
pub struct Panels {
    /// Below the summary.
    pub wide: Vec<String>,
    /// Below "What you can do".
    pub narrow: Vec<String>,
}

/// The panels of a case.
///
/// # Errors
/// Where one of them cannot be made.
pub async fn of(ctx: &Ctx, tx: &mut Tx, head: &Head, proof: &Audited) -> Result<Panels> {
    let wide = casework::wide(ctx, tx, head, proof).await?;
    let mut narrow = vec![documents::panel(ctx, tx, Subject::Case(head.id), proof).await?];
    narrow.extend(casework::narrow(ctx, tx, head).await?);
    Ok(Panels { wide, narrow })
}

/// How much is still to be done in a case: with open tasks, nobody asks for completion.
///
/// # Errors
/// Where the database does not answer.
pub async fn open_tasks(tx: &mut Tx, organization: OrganizationId, head: &Head) -> Result<i64> {
    tasks::open_count(tx, organization, head.id).await
}
